#!/bin/sh
# gsp status says in one sentence what state a server is in, why, since when, what it costs, and the
# exact command that goes on: in every stage and after every failure.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq script

new_home
sentence() { gsp-status --json "${1:-toy}" 2>/dev/null | jq -r .sentence; }
like() { # like TEXT PATTERN [SERVER]: its sentence matches
	said=$(sentence "${3:-toy}")
	if printf '%s\n' "$said" | grep -Eq -e "$2"; then
		pass "$1"
	else
		fail "$1"
		note "wanted: $2"
		note "   got: $said"
	fi
}
journal() { # journal JQ: change the journal
	jq -c "$1" "$H/state/toy/session.json" >"$T/j" && cat "$T/j" >"$H/state/toy/session.json"
}
on_terminal() { # on_terminal COLUMNS COMMAND: as a terminal of that width shows it
	script -qec "stty cols $1; $2" /dev/null </dev/null | tr -d '\r'
}
widest() { awk '{ if (length($0) > n) n = length($0) } END { print n + 0 }'; }
MONEY='it costs \$0\.0075 an hour, \$0\.0075 so far(; its lease ends at [^;]*)?'
SINCE='since 20[0-9-]+T[0-9:]+Z \([0-9]+ s\)'

like "nothing" "^toy has no machine: there is no machine; it costs nothing; go on with 'gsp up toy'$"

# ---- making it ----
fault '{"match":{"method":"POST","path":"/linode/instances"},"times":0,"fault":"hang"}'
gsp-provision toy >/dev/null 2>&1 </dev/null &
VICTIM=$!
posting() { [ "$(jq -r .phase "$H/state/toy/session.json")" = posting ]; }
until_true 20 posting
like "at work" "^toy is creating $SINCE: at work now: .*wait for it$"
kill -9 $VICTIM
wait $VICTIM 2>/dev/null
control DELETE /faults >/dev/null
like "killed at the create call" "^toy is creating $SINCE: the create call was made, its answer was lost; no machine is there; the last try was cut off during 'create'; it costs nothing; go on with 'gsp up toy'$"
journal '.since = "2026-11-01T00:00:00Z"' # or the next run looks for it half a minute
fault '{"match":{"method":"POST","path":"/linode/instances"},"times":1,"fault":"hang","commit":true}'
gsp-provision toy >/dev/null 2>&1 </dev/null &
VICTIM=$!
bought() { [ "$(machines)" = 1 ]; }
until_true 60 bought
kill -9 $VICTIM
wait $VICTIM 2>/dev/null
control DELETE /faults >/dev/null
like "bought, and the answer lost" "^toy is creating $SINCE: the create call was made, its answer was lost, and the machine is there; .*($MONEY); go on with 'gsp up toy'$"
cp "$H/servers/toy/bootstrap" "$T/bootstrap"
printf '#!/bin/sh\necho no room >&2\nexit 3\n' >"$H/servers/toy/bootstrap"
gives 3 "bootstrap fails" gsp-up toy
like "and that is said" "^toy is created $SINCE: the machine answers, and bootstrap has not succeeded yet; the last try failed: .*bootstrap.*; ($MONEY); go on with 'gsp up toy'$"
cp "$T/bootstrap" "$H/servers/toy/bootstrap"
gives 0 "provision and bootstrap" gsp-run bootstrap toy
like "bootstrapped" "^toy is bootstrapped $SINCE: bootstrap is done; the files are not there yet; .*go on with 'gsp up toy'$"
gives 0 "sync up" gsp-sync up toy
like "uploaded" "^toy is uploaded $SINCE: the files are there; the game was not started yet; .*'gsp up toy'$"

# ---- playing, and what happens to it ----
gives 0 "up" gsp-up toy
like "running" "^toy is running $SINCE: the game answered; ($MONEY); go on with 'gsp down toy'$"
cp -R "$H/state" "$T/state"
journal '.taking_from = "zzzzzzzz"'
like "a take-over that was cut off" "^toy is another home's .*the take-over from home zzzzzzzz was cut off; .*'gsp status --take-over toy'$"
journal ".taking_from = \"$(sed -n 's/^home: *\([a-z0-9]*\).*/\1/p' "$H/gsp.yaml")\""
like "a rebuild that was cut off" "^toy is a stray .*knowing its machine again was cut off; .*'gsp status --take-over toy'$"
rm -rf "$H/state/toy/session.json"
like "state/ lost" "^toy is a stray .*this home's, and state/ does not know it .*($MONEY); go on with 'gsp status --take-over toy'$"
rm -rf "$H/state" && mv "$T/state" "$H/state"
ID=$(jq .linode_id "$H/state/toy/session.json")
TAGS=$(api GET "/linode/instances/$ID" | jq -c .tags)
api PUT "/linode/instances/$ID" "{\"tags\":$(printf %s "$TAGS" | jq -c 'map(if startswith("gsp-home:") then "gsp-home:zzzzzzzz" else . end)')}" >/dev/null
like "moved" "^toy is another home's $SINCE: home zzzzzzzz has taken the machine over.*go on with 'gsp down toy'$"
api PUT "/linode/instances/$ID" "{\"tags\":$TAGS}" >/dev/null
cp "$H/servers/toy/stop" "$T/stop"
printf '#!/bin/sh\nexit 0\n' >"$H/servers/toy/stop"
sed -i 's/stop: 30s/stop: 3s/' "$H/servers/toy/server.yaml"
journal '.settings.timeouts.stop = 3'
gives 65 "it does not stop" gsp-down toy
like "and that is said" "^toy is running $SINCE: it was told to stop and still runs; the last try failed: .*($MONEY); go on with 'gsp down toy'$"
cp "$T/stop" "$H/servers/toy/stop"
machine_fault gsp-toy cut
like "unreachable" "it does not answer now .*from memory; .*($MONEY); go on with 'gsp status toy'$"
machine_fault gsp-toy mend
gives 0 "stop" gsp-run stop toy
like "stopped" "^toy is stopped $SINCE: the game has stopped; its save is not home yet; ($MONEY); go on with 'gsp down toy'$"
on rm -rf /srv/toy/world
on mkdir /srv/toy/world
on chown game /srv/toy/world
gives 65 "a suspect save" gsp-sync down toy
like "and that is said" "^toy is stopped $SINCE: .*the last try failed: the save of 'toy' is suspect.*gsp down toy --accept"
gives 0 "accepted" gsp-sync down --accept toy
like "saved" "^toy is saved $SINCE: generation 2 is home; the machine still costs; ($MONEY); go on with 'gsp down toy'$"
fault '{"match":{"method":"DELETE","path":"/linode/instances/*"},"times":0,"fault":"hang"}'
gsp-teardown toy >/dev/null 2>&1 </dev/null &
VICTIM=$!
deleting() { [ "$(jq -r .phase "$H/state/toy/session.json")" = deleting ]; }
until_true 20 deleting
kill -9 $VICTIM
wait $VICTIM 2>/dev/null
control DELETE /faults >/dev/null
like "a delete that was cut off" "^toy is deleting $SINCE: the machine is being deleted; the last try was cut off during 'teardown'; ($MONEY); go on with 'gsp teardown toy'$"
gives 0 "teardown" gsp-teardown toy

gives 0 "up" gsp-up toy
on kill -9 "$(on cat /tmp/toy.pid)"
like "crashed" "^toy is crashed $SINCE: the game has ended by itself; its save is not home; ($MONEY); go on with 'gsp up toy'$"
api POST "/linode/instances/$(jq .linode_id "$H/state/toy/session.json")/shutdown" '{}' >/dev/null
off() { [ "$(api GET "/linode/instances/$(jq .linode_id "$H/state/toy/session.json")" | jq -r .status)" = offline ]; }
until_true 20 off
like "off" "^toy is offline $SINCE: the machine is off, and costs all the same; ($MONEY); go on with 'gsp up toy'$"
control PUT /options '{"boot_ms":600000}' >/dev/null
api POST "/linode/instances/$(jq .linode_id "$H/state/toy/session.json")/boot" '{}' >/dev/null
like "booting" "^toy is running $SINCE: Linode says that the machine is 'booting'; 'running' is from memory; ($MONEY); go on with 'gsp status toy'$"
control PUT /options '{"boot_ms":200}' >/dev/null
machine_fault gsp-toy gone
like "lost" "^toy is lost $SINCE: the machine is gone and its last game was not saved; 'gsp up toy --from 2' goes on from the newest proven save, of [0-9]+ s ago; it costs nothing any more; go on with 'gsp up toy --from 2'$"

# ---- as people see it ----
server a-server-with-a-long-name-28
for i in 1 2 3; do server "plain$i"; done
BARE=$(api POST /linode/instances '{"region":"us-ord","type":"g6-nanode-1","label":"a-stray-with-a-label-of-its-own","tags":["gsp"]}' | jq .id)
gives 0 "up" gsp-up plain1
on_terminal 80 "gsp-status" >"$T/out"
is "the table fits 80 columns" "$(widest <"$T/out" | awk '{ print ($1 <= 80) }')" 1
prints "it has the columns that matter" "^SERVER +STAGE +FOR"
prints "what is lost is told in full" "^toy is lost since"
prints "so is a stray" "^a-stray-with-a-label-of-its-own is a stray since"
is "with its command" "$(tr '\n' ' ' <"$T/out" | tr -s ' ' | grep -c "gsp teardown --stray $BARE'")" 1
is "what is well is not" "$(grep -c '^plain1 is\|^plain2 is\|^plain2 has' "$T/out")" 0
on_terminal 40 "gsp-status" >"$T/out"
prints "a narrow one keeps server and stage" "^SERVER +STAGE"
on_terminal 200 "gsp-status" >"$T/out"
prints "a wide one shows addresses, too" "^SERVER +STAGE +FOR +ADDRESS +PRICE +SO FAR +NEXT"
on_terminal 80 "gsp-status plain1" >"$T/out"
prints "one server: a sentence" "^plain1 is running since"
prints "its address" "^  address  [0-9.]+:7777$"
prints "its machine" "^  machine  [0-9]+, g6-nanode-1 in us-ord, by "
prints "its command" "^  next     gsp down plain1$"
is "within 80 columns" "$(widest <"$T/out" | awk '{ print ($1 <= 80) }')" 1
gives 0 "elsewhere the same table as ever" gsp-status plain1
prints "with all its columns" "^SERVER +STAGE +FOR +ADDRESS +PRICE +SO FAR +NEXT +WHY"
gives 0 "down" gsp-down plain1
finish
