#!/bin/sh
# The network half of gsp-bot against the stand-in for Discord, with a scripted other half.
. test/integ/lib.sh
. test/integ/discord.sh
. test/integ/bot_net.sh
need python3 jq curl

# ---- alone ----
gives 64 "alone it is of no use" gsp-bot-net
says "and says what to do" "run 'gsp-bot run' instead"
gives 64 "nobody becomes root" gsp-bot-net --become 0:0
gives 0 "--help" gsp-bot-net --help
prints "says who starts it" "gsp-bot run starts it"
is "gsp does not list it" "$(gsp | grep -c bot-net)" 0

start_discord '{"webhooks": [{"id": "1600000000000000001"}]}'

# ---- an evening ----
start_net
ok "it becomes ready" until_ready 1 10
ok "and says so" until_true 5 heard_n ready 1
slash_raw up name=vanilla
in_time "a command is answered in time"
is "by a public deferral" "$(answer_of .ephemeral)" false
ok "a message says what goes on" until_message "vanilla.* is coming up"
is "which is that answer" "$M" "$(answer_of .message)"
step provision
do_net end
ok "a new message pings the asker" until_message "vanilla.* is up" 10 '{"via":"channel","pings":"1500000000000000002"}'
ok "and the monitor hears it" until_true 5 heard_n told 1
ok "the first one says so, too" until_message "vanilla.* is up" 10 "{\"interaction\":\"$I\"}"
slash_raw status name=vanilla
ok "a look-up is answered" filled 5
is "for the asker alone" "$(answer_of .ephemeral)" true
slash_raw up name=refused
in_time "a refusal comes in time"
is "for the asker alone" "$(answer_of .ephemeral)" true
ok "with its reason" sh -c 'echo "$1" | grep -q "you need the role"' - "$(reply)"

# ---- the other half is slow ----
slash_raw up name=silent
in_time "a monitor that says nothing: an answer all the same"
ok "that it is busy" sh -c 'echo "$1" | grep -q busy' - "$(reply)"
slash_raw up name=late
in_time "a monitor that is late: the same"
ok "and nothing is started" until_true 5 heard_n lost 1
do_net 'slow 4'
slash_raw up name=vanilla
in_time "a monitor that stands still: the same"
ok "later it hears that it was too late" until_true 10 heard_n lost 2

# ---- events that are repeated ----
slash_raw up name=vanilla
ok "a command" filled 5
asked=$(heard ask)
discord_control again "{\"interaction\":\"$I\",\"count\":3}"
slash_raw status name=vanilla
filled 5
is "repeated events act once" "$(heard ask)" $((asked + 1))
do_net end
until_true 5 heard_n told 2

# ---- questions ----
slash_raw down name=vanilla
ok "a question has buttons" until_message "Stop .*vanilla" 5 '{"button":"Yes"}'
press Yes
ok "a press is confirmed" answered 5
ok "the same message becomes the job's" until_message "vanilla.* is going down" 5
is "and has no buttons" "$(discord_ask '.buttons | length' message "{\"id\":\"$M\"}")" 0
do_net end
until_true 5 heard_n told 3
slash_raw down name=vanilla
until_message "Stop .*vanilla" 5 '{"button":"No"}'
press No
ok "no: nothing was done" until_message "Nothing was done" 5
slash_raw down name=short
ok "a short question" until_message "Stop .*short" 5 '{"button":"Yes"}'
Q=$M
ok "closes by itself" until_true 10 sh -c '. test/integ/discord.sh; DISCORD=$1 T=$2; [ "$(discord_ask ".buttons | length" message "{\"id\":\"$3\"}")" = 0 ]' - "$DISCORD" "$T" "$Q"
violations_none "Discord has nothing against any of it"

# ---- callbacks that fail ----
discord_fault '{"method":"POST","path":"/callback","status":502}'
slash_raw up name=vanilla
ok "502 on a callback: once more" filled 5
do_net end
until_true 5 heard_n told 4
discord_fault '{"method":"POST","path":"/callback","spoil":"drop","after":true}'
slash_raw up name=vanilla
ok "its answer is lost: it counts all the same" until_message "vanilla.* is coming up" 5 "{\"interaction\":\"$I\"}"
do_net end
until_true 5 heard_n told 5
lost=$(heard lost)
discord_fault '{"method":"POST","path":"/callback","count":2,"status":503}'
slash_raw up name=vanilla
ok "503 twice: nothing is started" until_true 5 heard_n lost $((lost + 1))
discord_fault '{"method":"POST","path":"/callback","count":1,"scope":"shared","retry_after":0.2}'
slash_raw up name=vanilla
ok "429 on a callback: after the wait" filled 5
do_net end
until_true 5 heard_n told 6
discord_fault '{"method":"POST","path":"/callback","spoil":"hang"}'
slash_raw up name=vanilla
in_time "no answer at all to a callback: a second one in time"
ok "and it counts" filled 5
do_net end
until_true 5 heard_n told 7
lost=$(heard lost)
discord_fault '{"method":"POST","path":"/callback","count":2,"delay_ms":4000,"late":true}'
slash_raw up name=vanilla
ok "Discord takes too long to confirm: nothing is started" until_true 5 heard_n lost $((lost + 1))
ok "and whoever asked is told so" until_message "nothing was started" 10 "{\"interaction\":\"$I\"}"
discord_control violations '{"clear":true}'

# ---- many at once, while twenty jobs make progress ----
told=$(heard told)
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	slash_raw up name=vanilla
done
filled 5
before=$(heard ask)
do_net 'stream 10'
# shellcheck disable=SC2046
set -- $(python3 test/fake/crowd.py "$DISCORD" 200 status)
is "two hundred commands at once are all answered" "$1" 200
ok "in time (median $2 ms, the last $3 ms)" test "$3" -lt 3000
is "each was asked about once" "$(heard ask)" $((before + 200))
do_net 'end all'
ok "the end of each job is told" until_true 30 heard_n told $((told + 20))
violations_none "Discord has nothing against that"

# ---- edits that Discord is slow with ----
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	slash_raw up name=vanilla
done
filled 5
discord_fault '{"method":"PATCH","path":"/messages/","spoil":"hang","count":40}'
hung=$(discord_asked '{"method":"PATCH"}' | jq '[.[] | select(.spoil == "hang")] | length')
do_net 'stream 3'
hanging() { [ "$(discord_asked '{"method":"PATCH"}' | jq '[.[] | select(.spoil == "hang")] | length')" -ge $((hung + 8)) ]; }
ok "edits hang" until_true 20 hanging
slash_raw up name=vanilla
in_time "an answer waits for none of them"
discord_control fault '{"clear":true}'

# ---- what it can, and what it costs ----
status_of() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$(cat "$D/pid")/status"; }
kb() { awk -v k="$1" '$1 ~ "^" k { n += $2 } END { print n }' "/proc/$(cat "$D/pid")/smaps_rollup"; }
is "no new privileges" "$(status_of NoNewPrivs)" 1
is "system calls are filtered" "$(status_of Seccomp)" 2
case $BUILD in
*address*) ;; # a sanitizer needs its own
*)
	ok "less than 16 MB of memory (after the crowd: $(kb Rss) kB)" test "$(kb Rss)" -lt 16384
	ok "less than 4 MB of it its own ($(kb Private_Dirty) kB)" test "$(kb Private_Dirty)" -lt 4096
	;;
esac
stop_net
if [ "$(id -u)" = 0 ]; then
	start_net
	ok "as another user it goes on" discord_wait '{"for":"resumed","n":1,"timeout":10}'
	is "it is that user for good" "$(status_of Uid | tr '\t' ' ')" "65534 65534 65534 65534"
	is "of that group alone" "$(status_of Gid | tr '\t' ' '):$(status_of Groups)" "65534 65534 65534 65534:"
	is "without any capability" "$(status_of CapPrm) $(status_of CapEff)" "0000000000000000 0000000000000000"
	is "and no core would be dumped" "$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$(cat "$D/pid")/limits")" "0 0"
	slash_raw status name=vanilla
	ok "and answers" filled 5
	stop_net
fi

# ---- the token of an interaction ends; ways that are closed ----
fresh '{"knobs":{"token_life_s":2}}'
start_net
until_ready 1 10
slash_raw up name=vanilla
until_message "vanilla.* is coming up" 5
first=$M
sleep 2.2 # the token ends
step provision
do_net end
ok "after the token's end the same message is edited" until_message "vanilla.* is up" 10 "{\"interaction\":\"$I\"}"
is "with the bot's own token" "$(discord_ask '.revisions[-1].via' message "{\"id\":\"$first\"}")" channel
ok "and the end is told" until_true 5 heard_n told 1
violations_none "a dead token is not tried again"
stop_net
fresh
start_net
until_ready 1 10
# An answer that only one person sees is no channel message: it is never edited as one.
slash_raw status name=vanilla
filled 5
is "a look-up is edited by its token alone" "$(discord_ask '[.revisions[].via] | unique | join(" ")' message "{\"id\":\"$(answer_of .message)\"}")" "@original defer"

# ---- somebody deletes the message of a job ----
slash_raw up name=vanilla
until_message "vanilla.* is coming up" 5 "{\"interaction\":\"$I\"}"
told=$(heard told)
discord_control delete "{\"message\":\"$M\"}"
step create
do_net end
ok "its message is gone: the end is told all the same" until_message "vanilla.* is up" 10 '{"via":"channel","since":0}'
ok "and counts as told" until_true 5 heard_n told $((told + 1))
ok "the dead message is let go" until_true 10 said "cannot be edited in its channel any more"
tries=$(discord_asked '{"method":"PATCH","status":404}' | jq length)
ok "after a few tries ($tries)" test "$tries" -le 2
violations_none "Discord has nothing against it"
stop_net

# ---- nothing is left but the webhook ----
start_net_with_webhook() { # the other half says it in its hello
	start_net
	printf '/webhooks/1600000000000000001/%s' "$(discord_ask '.webhooks[0].token' state)" >"$D/webhook"
	stop_net
	start_net
	discord_wait '{"for":"resumed","n":1,"timeout":10}'
}
fresh '{"webhooks": [{"id": "1600000000000000001"}], "knobs":{"token_life_s":2}}'
start_net_with_webhook
as_user anna hidden
slash_raw up name=vanilla
until_message "vanilla.* is coming up" 5
sleep 2.2 # the token ends, and the bot may not write there
step create
do_net end
ok "no token, no right to write: the webhook tells the end" until_message "vanilla.* is up" 10 '{"via":"webhook","channel":"general","pings":"1500000000000000002"}'
ok "and that counts as told" until_true 5 heard_n told 1
ok "which the log says" said "its end was told by the webhook"
violations_none "nothing was tried twice"
stop_net
as_user anna
fresh
start_net_with_webhook
as_user anna hidden
slash_raw up name=vanilla
until_message "vanilla.* is coming up" 5
do_net end
ok "where the bot may not write, a followup" until_message "vanilla.* is up" 10 '{"via":"followup"}'
ok "and that counts as told" until_true 5 heard_n told 1
violations_none "a 403 is not repeated"
stop_net

# ---- Discord is at the usual port: then no other is within reach ----
if [ "$(printf '%s\n' 6.7 "$(uname -r)" | sort -V | head -n 1)" = 6.7 ]; then # Landlock knows ports
	fresh
	start_net -vv --https-only
	ok "it cannot get at another one" until_true 10 said '< no whole answer after'
	is "and nothing came" "$(discord_asked | jq length)" 0
	stop_net
fi
finish
