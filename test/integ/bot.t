#!/bin/sh
# An evening through chat: both halves of gsp-bot, the tools, the sandbox, a real game, and the
# stand-in for Discord.
. test/integ/lib.sh
. test/integ/discord.sh
need python3 jq curl
in_sandbox "$@"
new_home
start_discord

BERT=1500000000000000003
discord_yaml 'channels: [1400000000000000001, 1400000000000000002]' <<-E2
	- {role: 1300000000000000001, can: [view]}
	- {role: 1300000000000000002, can: [operate, extend]}
	- {role: 1300000000000000003, can: [admin]}
E2
start_bot() {
	BOT_T0=$(date +%s%N)
	gsp-bot run >>"$T/bot.out" 2>>"$T/bot.err" &
	BOT=$!
	trap 'stop_bot; stop_discord; cleanup' EXIT
}
stop_bot() {
	[ -z "${BOT:-}" ] || kill -TERM "$BOT" 2>/dev/null
	BOT=
}
bot_ends() { # bot_ends: its status, once it is gone
	wait "$BOT"
	bot_status=$?
	BOT=
}
net_pid() { # the network half's, of the bot that runs now
	pgrep -P "$BOT" -x gsp-bot-net
}

start_bot
ok "the bot becomes ready" until_ready 1 10
note "start to READY: $(( ($(date +%s%N) - BOT_T0) / 1000000 )) ms, as seen by a poll"

# ---- who may ----
as_user eve
slash_raw status name=toy
ok "a stranger is answered" answered 5
is "for her eyes only" "$(answer_of .ephemeral)" true
note "$(reply)"
ok "and refused" sh -c 'echo "$1" | grep -q "1300000000000000001"' - "$(reply)"
as_user anna
slash_raw up name=toy
ok "who may only look is refused, too" answered 5
ok "and learns which role would help" sh -c 'echo "$1" | grep -q "1300000000000000002"' - "$(reply)"
is "nothing was bought" "$(machines)" 0
slash_raw status name=toy
ok "but may look" filled 10
ok "and sees the server" sh -c 'echo "$1" | grep -q toy' - "$(reply)"

# ---- up ----
as_user bert
slash_raw up name=toy
UP=$I
ok "up is answered" answered 3
is "for all to see" "$(answer_of .ephemeral)" false
ok "a message says what goes on" until_message "toy.* is coming up" 10
ok "at the end it pings whoever asked" until_message "toy.* is up" 60 '{"via":"channel","pings":"'"$BERT"'"}'
is "the machine runs" "$(stage)" running
is "the ledger says who" "$(gsp-cost --json 2>/dev/null | jq -rs '[.[].actor? // empty] | unique | join(" ")' | grep -c "discord:$BERT/bert")" 1
discord_control again "{\"interaction\":\"$UP\"}"
slash_raw status name=toy
ok "status is answered" filled 10
ok "with the address" sh -c 'echo "$1" | grep -q ":7777"' - "$(reply)"
is "a repeated event starts nothing" "$(machines)" 1
slash_raw players name=toy
ok "players is answered" filled 20

# ---- down ----
slash_raw down name=toy
ok "down asks first" until_message "Stop .*toy" 20 '{"button":"Yes"}'
Q=$M
as_user eve
press Yes "$Q"
ok "another one's press" answered 5
is "is refused, for her eyes only" "$(answer_of .ephemeral)" true
is "the machine runs still" "$(machines)" 1
as_user bert
press No "$Q"
ok "no: nothing is done" until_message "Nothing was done" 10
slash_raw down name=toy
ok "asked again" until_message "Stop .*toy" 20 '{"button":"Yes"}'
press Yes "$M"
ok "yes: it goes down" until_message "toy.* is down" 60 '{"via":"channel","pings":"'"$BERT"'"}'
is "the machine is gone" "$(machines)" 0
is "the save is home" "$(cat "$H/servers/toy/files/world/count")" 1

# ---- the bot is stopped, killed; the evening goes on ----
slash_raw up name=toy
until_message "toy.* is coming up" 10 "{\"interaction\":\"$I\"}"
kill -TERM "$BOT"
bot_ends
is "SIGTERM: the bot ends" "$bot_status" 0
start_bot
ok "the next one resumes" discord_wait '{"for":"resumed","n":1,"timeout":10}'
ok "and tells the end" until_message "toy.* is up" 60 '{"via":"channel","pings":"'"$BERT"'","n":2}'
slash_raw down name=toy
until_message "Stop .*toy" 20 '{"button":"Yes"}'
press Yes "$M"
until_message "toy.* is going down" 10
kill -KILL "$BOT"
bot_ends
start_bot
ok "killed in a job: the next one tells its end" until_message "toy.* is down" 60 '{"via":"channel","n":2}'
kill -KILL "$(net_pid)"
bot_ends
is "its network half killed: it ends, to be started again" "$bot_status" 75
start_bot
ok "and resumes" discord_wait '{"for":"resumed","n":3,"timeout":10}'
slash_raw status name=toy
ok "and answers" filled 20
is "one save more" "$(cat "$H/servers/toy/files/world/count")" 2
# The press came again to the one after the kill, which cannot know that it was answered.
is "Discord has nothing against any of it" "$(discord_ask '[.[].kind | select(. != "second-callback")] | unique | join(" ")' violations)" ""

# ---- what it costs ----
case $BUILD in
*address*) ;;
*)
	kb() { cat "/proc/$BOT/smaps_rollup" "/proc/$(net_pid)/smaps_rollup" | awk -v k="$1" '$1 ~ "^" k { n += $2 } END { print n }'; }
	note "idle: resident $(kb Rss) kB, its own $(kb Private_) kB, of both halves"
	ok "both halves in less than 24 MB" test "$(kb Rss)" -lt 24000
	;;
esac
NET=$(net_pid)
is "the network half is another user" "$(sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$NET/status")" "$(id -u nobody)"
is "no secret in the log" "$(grep -cF -e "$(cat "$H/discord-token")" -e aW50ZXJhY3Rpb246 -e "$LINODE_TOKEN" "$T/bot.err")" 0
discord_world '{"token": "another"}'
discord_gateway '{"do":"close","code":4004}'
bot_ends
is "a refused token: a status that a supervisor knows" "$bot_status" 77
finish
