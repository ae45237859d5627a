#!/bin/sh
# What a reviewer asked and nobody had answered: signals to a parent alone, records that never
# end, a mistyped generation, machines without tags, another API, half a key pair, a wrong clock.
# shellcheck disable=SC2016 # scripts of the machine have variables of their own
. test/integ/lib.sh
in_sandbox "$@"
need curl jq
new_home

labelled() { # labelled NAME: how many machines this server has
	control GET /state | jq --arg l "gsp-$1" '[.machines[] | select(.label == $l)] | length'
}
id_of() { jq -r .linode_id "$H/state/$1/session.json"; }
journal() { # journal NAME JQ-FILTER: change it, as a clock or a crash might have
	jq -c "$2" "$H/state/$1/session.json" >"$T/journal" &&
		cat "$T/journal" >"$H/state/$1/session.json"
}
last_line() { grep . "$H/state/ledger.jsonl" | jq -c --arg s "$1" 'select(.server == $s)' | tail -n 1; }
within() { # within SECONDS TEXT: since $began
	took=$(($(date +%s) - began))
	if [ "$took" -le "$1" ]; then pass "$2"; else fail "$2 (took $took s)"; fi
}

# ---- the long ones begin now, and are looked at below ----

# A create call may have been made, and the clock was set back since: 40 s, not for ever.
server clock
fault '{"match":{"method":"POST","path":"/linode/instances","label":"gsp-clock"},"fault":"hang"}'
gsp-provision clock >/dev/null 2>&1 </dev/null &
pid=$!
until_true 20 grep -q '"posting"' "$H/state/clock/session.json"
kill -9 "$pid"
wait "$pid" 2>/dev/null
journal clock '.since = "2099-01-01T00:00:00Z"'
bg clock gsp-down clock

# The link goes for good while stop runs, with --kill: an error, and the machine goes on.
server link
sed -i '1a sleep 300' "$H/servers/link/stop"
sed -i 's/stop: 30s/stop: 10m/' "$H/servers/link/server.yaml"
gives 0 "up" gsp-up link
bg link gsp-run stop --kill link
until_true 20 gsp-ssh link pgrep -fx "'sleep 300'"
sleep 1
machine_fault gsp-link cut

# The link breaks while stop runs, and that is only a pause: the end is a plain success.
server pause
sed -i '1a sleep 5' "$H/servers/pause/stop"
gives 0 "up" gsp-up pause
bg pause gsp-run stop pause
until_true 20 gsp-ssh pause pgrep -fx "'sleep 5'"
sleep 1
machine_fault gsp-pause reset-ssh

# A machine that does not answer changes homes while we ask it: it is not ours to delete any more.
server moved
gives 0 "provision" gsp-provision moved
machine_fault gsp-moved cut
bg moved gsp-down moved
sleep 2
tags=$(api GET "/linode/instances/$(id_of moved)" |
	jq -c '[.tags[] | if startswith("gsp-home:") then "gsp-home:zzzzzzzz" else . end]')
api PUT "/linode/instances/$(id_of moved)" "{\"tags\":$tags}" >/dev/null

# ---- a signal for the parent alone stops its step ----

sed -i '1a sleep 60' "$H/servers/toy/bootstrap"
gsp-up toy >"$T/out" 2>"$T/err" </dev/null &
pid=$!
until_true 30 grep -q '"step":"bootstrap"' "$H/state/toy/progress.jsonl"
began=$(date +%s)
kill -TERM "$pid"
wait "$pid" 2>/dev/null
is "up stopped by SIGTERM in a step" $? 143
within 10 "... stops the step, too"
says "... and says what goes on" "goes on, and costs"
sed -i '/^sleep 60$/d' "$H/servers/toy/bootstrap"
gives 0 "the lock is free: down" gsp-down toy

# ---- records ----

gives 64 "names and '-' do not mix" gsp-up toy -
is "... and nothing was begun" "$(labelled toy)" 0
head -c 300000 /dev/zero | tr '\0' x >"$T/long"
printf '\n{"schema":"gsp.record/1","server":"toy"}\n' >>"$T/long"
gsp-teardown - <"$T/long" >"$T/out" 2>"$T/err"
is "a record without end is refused" $? 65
says "... with its line" 'line 1 of stdin is too long'
prints "... and the next one gets its turn" '"server":"toy","stage":"none"'
mkfifo "$T/fifo"
sleep 60 >"$T/fifo" &
holder=$!
gsp-run start - <"$T/fifo" >"$T/out" 2>"$T/err" &
pid=$!
sleep 1
kill -TERM "$pid"
wait "$pid" 2>/dev/null
is "stopped while it waits for records" $? 143
says "... is no empty pipe" 'stopped by SIGTERM'
kill "$holder"

# ---- half of a key pair is left: no machine that nobody can enter ----

gives 0 "provision" gsp-provision toy
gives 0 "teardown" gsp-teardown toy
fault '{"match":{"method":"POST","path":"/linode/instances","label":"gsp-toy"},"fault":"nocapacity"}'
gives 69 "no capacity" gsp-provision toy
rm "$H/state/toy/id_ed25519"
gives 0 "a login key is made anew" gsp-up toy

# ---- a machine whose tags somebody removed ----

gives 0 "status" gsp-status toy
tags=$(api GET "/linode/instances/$(id_of toy)" | jq -c .tags)
api PUT "/linode/instances/$(id_of toy)" '{"tags":[]}' >/dev/null
gives 0 "without tags it still runs" gsp-status --json toy
prints "... and costs" '"stage":"running".*"linode_id":'"$(id_of toy)"
gsp-status --json >"$T/out" 2>"$T/err"
is "... and is told of once" "$(jq -r .linode_id "$T/out" | grep -c "$(id_of toy)")" 1

gives 65 "... but is not taken for ours" gsp-provision toy
says "... and that is said" 'somebody changed its tags'
api PUT "/linode/instances/$(id_of toy)" "{\"tags\":$tags}" >/dev/null

# ---- paths ----

gives 64 "a mistyped path is no success" gsp-sync up toy -- redame
says "... and says so" "'redame' is not in files/"
gives 0 "one that is there and is the same" gsp-sync up toy -- readme

# ---- a message is not lost behind another one ----

printf '#!/bin/sh\necho "$1" >>/tmp/said\nsleep 12\n' >"$H/servers/toy/say"
chmod +x "$H/servers/toy/say"
bg say gsp-run say toy -- one
until_true 10 on test -s /tmp/said
gives 75 "a second message while the first is said" gsp-run say toy -- two
says "... is told to wait" "busy: 'say' is already running"
bg_gives 0 "... the first is said" say
is "... alone" "$(on cat /tmp/said)" one

# ---- the metadata service must be hidden ----

on mv /usr/sbin/nft /usr/sbin/nft.away
gives 73 "without nftables the metadata service is open: refused" gsp-provision toy
says "... and says why" 'cannot hide the metadata service'
on mv /usr/sbin/nft.away /usr/sbin/nft
on nft delete table inet gsp_metadata
gives 0 "with it the rule is put back" gsp-provision toy
ok "... it is there" on nft list table inet gsp_metadata

# ---- another API knows nothing of this machine, and that proves nothing ----

ours_url=$GSP_LINODE_URL ours_token=$LINODE_TOKEN
gsp-sandbox --json serve >"$T/second" 2>"$T/second.err" </dev/null &
second=$!
until_true 10 grep -q url "$T/second"
GSP_LINODE_URL=$(jq -r .url "$T/second") LINODE_TOKEN=$(jq -r .token "$T/second")
gives 0 "the save comes home from anywhere" gsp-run stop toy
gives 0 "... sync down" gsp-sync down toy
gives 65 "another API: teardown" gsp-teardown toy
says "... names the one that knows the machine" "made at '$ours_url'"
gives 65 "another API: up" gsp-up toy
gives 65 "another API: up --from" gsp-up --from 1 toy
gives 1 "another API: status" gsp-status --json toy
prints "... says so, too" "made at '$ours_url'"
GSP_LINODE_URL=$ours_url LINODE_TOKEN=$ours_token
kill "$second"
wait "$second" 2>/dev/null
is "the machine is still there" "$(labelled toy)" 1
gives 0 "down" gsp-down toy
is "and now it is not" "$(labelled toy)" 0

# ---- a mistyped generation does not open the way for a plain up ----

gives 0 "up" gsp-up toy
machine_fault gsp-toy gone
gives 65 "the machine is lost" gsp-up toy
gives 69 "up --from a generation that is not there" gsp-up --from 99 toy
gives 65 "... changes nothing: still lost" gsp-up toy
gives 0 "up --from one that is there" gsp-up --from 1 toy
is "runs" "$(stage toy)" running
gives 0 "down" gsp-down toy

# ---- a delete that was cut off costs no more than until then ----

gives 0 "provision" gsp-provision toy
machine_fault gsp-toy gone
then=$(date -u -d '-6 hours' +%Y-%m-%dT%H:%M:%SZ)
end=$(date -u -d '-270 minutes' +%Y-%m-%dT%H:%M:%SZ)
# the cloud's events know better when it went; without them the journal does
fault '{"match":{"method":"GET","path":"/account/events"},"fault":"403","times":1}'
journal toy ".phase = \"deleting\" | .created = \"$then\" | .since = \"$end\""
gives 0 "teardown goes on hours later" gsp-teardown toy
is "... and the hours since are not counted" "$(last_line toy | jq -r '"\(.what) \(.hours)"')" "delete 2"

# ---- the long ones ----

bg_gives 0 "the link was reset: stop" pause 60
says "... was followed to its end" 'goes on there, connecting again'
bg_gives 65 "moved while we asked: down" moved 90
says "... another home has it" "belongs to home 'zzzzzzzz'"
is "... it was not deleted" "$(labelled moved)" 1
bg_gives 0 "a clock in the future: down ends" clock 90
is "... and no machine is there" "$(labelled clock)" 0
bg_gives 75 "the link is gone for good: stop --kill" link 300
says "... says that it may go on" "'stop' may still run there"
is "... and nothing was deleted" "$(labelled link)" 1
finish
