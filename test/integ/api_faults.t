#!/bin/sh
# What goes wrong between us and the API: every fault the sandbox knows, lost answers, places
# without capacity, labels that are taken, tools killed at the worst moments. Afterwards there
# is one machine or none, never two, and everybody was told what happened.
. test/integ/lib.sh
SANDBOX_ARGS="--token T1 --token RO=linodes:read_only,firewall:read_only --token NB=restricted"
in_sandbox "$@"
need curl jq python3
new_home

labelled() { # labelled NAME: how many machines this server has
	control GET /state | jq --arg l "gsp-$1" '[.machines[] | select(.label == $l)] | length'
}
walled() { # walled NAME: how many firewalls
	control GET /state | jq --arg l "gsp-$1" '[.firewalls[] | select(.label == $l)] | length'
}
posted() { # posted NAME: how often a create of its machine was asked for and logged
	control GET /log | jq --arg l "gsp-$1" '[.requests[] | select(.method == "POST" and
		(.path | test("/linode/instances$")) and .body.label == $l)] | length'
}
create_rule() { # create_rule NAME FAULT [MORE]
	fault "{\"match\":{\"method\":\"POST\",\"path\":\"/linode/instances\",\"label\":\"gsp-$1\"},
		\"fault\":\"$2\"${3:+,$3}}"
}
phase() { jq -r .phase "$H/state/$1/session.json"; }
kill_when() { # kill_when NAME SECONDS CONDITION...: kill -9 the provision of NAME as soon as it is true
	who=$1 within=$2
	shift 2
	gsp-provision "$who" >"$T/$who.out" 2>"$T/$who.err" </dev/null &
	pid=$!
	until_true "$within" "$@"
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}
is_phase() { [ "$(phase "$1")" = "$2" ]; }
is_gone() { [ "$(labelled "$1")" = 0 ]; }
is_there() { [ "$(labelled "$1")" = 1 ]; }

# ---- the long ones begin now, and are looked at below ----

# Killed while the cloud has said nothing yet: the next run must wait before it buys again.
server hung
create_rule hung hang
kill_when hung 20 is_phase hung posting
is "killed before the answer: the journal knows that a call was made" "$(phase hung)" posting
is "... and there is no machine" "$(labelled hung)" 0
gives 1 "... nothing is running" gsp-status hung
prints "... status says what goes on" 'gsp up hung'
bg hung gsp-provision hung

# Nothing comes of the first create, and its answer is unclear; the second's answer is lost.
server twice
create_rule twice reset
create_rule twice lost
bg twice gsp-provision twice

# The boot fails: the reason is told, and the next run boots it.
server noboot
fault '{"match":{"label":"gsp-noboot"},"fault":"boot-fail","reason":"The host is on fire"}'
bg noboot gsp-up noboot
bg_gives 73 "a boot that fails" noboot
says "... is told with its reason" 'The host is on fire'
says "... and what to do" "gsp up noboot"
gives 1 "... it is not running" gsp-status noboot
bg noboot gsp-up noboot

# The parent of it all is killed; its child may go on alone, and does no harm.
server orphan
create_rule orphan slow '"ms":3000'
gsp-up orphan >"$T/orphan.out" 2>"$T/orphan.err" </dev/null &
pid=$!
until_true 20 is_there orphan
kill -9 "$pid"
wait "$pid" 2>/dev/null
gsp-up orphan >"$T/out" 2>"$T/err" </dev/null
status=$?
case $status in
0 | 75) pass "gsp-up was killed: the next one goes on, or says that its child is at work" ;;
*) fail "gsp-up was killed: the next one ends with $status: $(cat "$T/err")" ;;
esac
until_up() { until_true 60 gsp-up "$1" && gsp-up "$1"; }
bg orphan until_up orphan

# The create job fails after the call was accepted.
server unmade
fault '{"match":{"label":"gsp-unmade"},"fault":"create-fail","reason":"No disk was free"}'
bg unmade gsp-provision unmade

# ---- one question, every fault; in a sandbox of its own, where nobody else asks ----

ours_url=$GSP_LINODE_URL ours_token=$LINODE_TOKEN
gsp-sandbox --json serve >"$T/second" 2>"$T/second.err" </dev/null &
second=$!
until_true 10 grep -q url "$T/second"
GSP_LINODE_URL=$(jq -r .url "$T/second") LINODE_TOKEN=$(jq -r .token "$T/second")
struck() { control GET /log | jq --arg f "$1" '[.requests[] | select(.fault == $f)] | length'; }
list_rule() { # list_rule FAULT [MORE]
	fault "{\"match\":{\"method\":\"GET\",\"path\":\"/networking/firewalls\"},\"fault\":\"$1\"${2:+,$2}}"
}
for f in 429 retry_after_negative 408 500 502 html400 html502 reset garbage truncate empty badhttp; do
	list_rule $f
	gives 0 "status in spite of $f" gsp-status
	is "... which struck" "$(struck $f)" 1
done
list_rule 503 '"retry_after":1'
gives 0 "status in spite of 503 with Retry-After" gsp-status
list_rule slow '"ms":400'
gives 0 "status of a slow API" gsp-status

refused() { # refused STATUS FAULT PATTERN: at once, because the next answer would be good
	list_rule "$2"
	gives "$1" "status: $2 is $1" gsp-status
	says "... and says why" "$3"
}
refused 77 401 'token was refused'
refused 77 403 'cloud.linode.com > API Tokens'
refused 65 400 'refused'
refused 69 maintenance 'maintenance'

# A redirect must not take the token with it: somebody listens there.
python3 - "$T/thief" <<'PY' &
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.2', 9))
s.listen(5)
open(sys.argv[1], 'w').write('')
while True:
    c, _ = s.accept()
    open(sys.argv[1], 'ab').write(c.recv(4096) or b'connected\n')
    c.close()
PY
thief=$!
until_true 5 test -f "$T/thief"
refused 76 redirect 'redirected'
is "nobody went where the redirect points" "$(cat "$T/thief")" ""
kill "$thief"

list_rule huge
gives 76 "an answer of 64 MiB is not taken" gsp-status
list_rule garbage '"times":0'
gives 76 "an answer that is never readable" gsp-status
says "... says so" "is not what it promises"
control DELETE /faults >/dev/null

# Retry-After is believed, but not for a day; a signal ends the wait at once.
list_rule 429 '"retry_after":86400'
gsp-status -vv >"$T/out" 2>"$T/err" </dev/null &
pid=$!
until_true 5 grep -q 'rate limited' "$T/err"
says "Retry-After of a day is cut to two minutes" 'again in 12[01] s'
began=$(date +%s)
kill -TERM "$pid" 2>/dev/null
wait "$pid"
is "a signal ends the wait" "$? $(($(date +%s) - began < 3))" "143 1"

# > 500 of a kind come in pages, each asked for once
jq -rn --arg u "$GSP_LINODE_URL/networking/firewalls" --arg t "Authorization: Bearer $LINODE_TOKEN" '
	range(520) | "next\nurl = \"\($u)\"\nheader = \"\($t)\"\nheader = \"Content-Type: application/json\"\n" +
	"data = \"{\\\"label\\\":\\\"gsp-many\(.)\\\",\\\"tags\\\":[\\\"gsp\\\"],\\\"rules\\\":" +
	"{\\\"inbound_policy\\\":\\\"DROP\\\",\\\"outbound_policy\\\":\\\"ACCEPT\\\"}}\"\noutput = /dev/null"' |
	sed '1d' >"$T/many"
curl -sS -K "$T/many"
control DELETE /log >/dev/null
gives 0 "status with 520 firewalls" gsp-status --json
is "... shows each" "$(jq -rs '[.[] | select(.stage == "stray") | .server] | unique | length' "$T/out")" 520
is "... with two requests" "$(requests GET '/networking/firewalls$')" 2
kill "$second"
wait "$second"
GSP_LINODE_URL=$ours_url LINODE_TOKEN=$ours_token

# ---- tokens that may not ----

server poor
LINODE_TOKEN=nonsense
gives 77 "provision with a wrong token" gsp-provision poor
LINODE_TOKEN=RO
gives 77 "provision with a token that may only read" gsp-provision poor
says "... names the scope" 'linodes:read_write'
gives 77 "up, too" gsp-up poor
says "... names the scope" 'linodes:read_write'
LINODE_TOKEN=NB
gives 77 "provision by a user who may not buy" gsp-provision poor
LINODE_TOKEN=$ours_token
is "... and nothing was bought" "$(posted poor) $(labelled poor)" "0 0"

# ---- labels ----

server taken
api POST /linode/instances '{"label":"gsp-taken","region":"us-ord","type":"g6-nanode-1","booted":false,
	"tags":[]}' >/dev/null
gives 65 "a machine that gsp did not make has the label" gsp-provision taken
says "... it is named, with what to do" "'gsp-taken' .*rename"
gives 65 "up refuses it, too" gsp-up taken
gives 0 "down does not touch it" gsp-down taken
machine_fault gsp-taken gone
api POST /linode/instances '{"label":"gsp-taken","region":"us-ord","type":"g6-nanode-1","booted":false,
	"tags":["gsp","gsp-home:zzzzzzzz","gsp-server:taken","gsp-session:zzzzzzzz"]}' >/dev/null
gives 65 "a machine of another home has the label" gsp-provision taken
says "... the home is named" "zzzzzzzz"
gives 0 "status shows it" gsp-status --json
prints "... as another home's" '"stage":"other-home"'
is "... it is still there" "$(labelled taken)" 1
machine_fault gsp-taken gone
is "... no firewall was made for it" "$(walled taken)" 0

# ---- no capacity: the ladder ----

server ladder
sed -i 's/^region: .*/region: [us-ord, us-east]/; s/^type: .*/type: [g6-nanode-1, g6-standard-1]/' \
	"$H/servers/ladder/server.yaml"
create_rule ladder nocapacity '"times":4'
gives 69 "nowhere any capacity" gsp-provision ladder
is "... each type in each region was asked for" "$(control GET /log | jq -r '[.requests[] |
	select(.method == "POST" and .body.label? == "gsp-ladder" and .body.type) |
	.body.type + "@" + .body.region] | join(" ")')" \
	"g6-nanode-1@us-ord g6-nanode-1@us-east g6-standard-1@us-ord g6-standard-1@us-east"
is "... nothing was bought" "$(labelled ladder)" 0
create_rule ladder limit
began=$(date +%s)
gives 73 "the account's limit" gsp-provision ladder
says "... and whom to ask" 'Support'
is "... a clear no needs no waiting afterwards" "$(($(date +%s) - began < 12))" 1
create_rule ladder nocapacity '"times":1'
gives 0 "no capacity in the first place" gsp-provision ladder
prints "... the second is taken" '"region":"us-east","type":"g6-nanode-1"'
says "... and said" "trying g6-nanode-1 in us-east"

# ---- provision, up, down and teardown through a bad hour ----

fault '[{"match":{"method":"GET","path":"/profile"},"fault":"429","retry_after":1},
	{"match":{"method":"GET","path":"/regions*"},"fault":"html502"},
	{"match":{"method":"GET","path":"/linode/types*"},"fault":"truncate"},
	{"match":{"method":"POST","path":"/networking/firewalls","label":"gsp-toy"},"fault":"lost"},
	{"match":{"method":"POST","path":"/linode/instances","label":"gsp-toy"},"fault":"lost"},
	{"match":{"method":"GET","path":"/linode/instances/*","nth":2},"fault":"500"}]'
gives 0 "up through a bad hour" gsp-up toy
is "... one machine was asked for, one is there" "$(posted toy) $(labelled toy)" "1 1"
is "... and one firewall" "$(control GET /log | jq '[.requests[] | select(.method == "POST" and
	(.path | test("/firewalls$")) and .body.label == "gsp-toy")] | length') $(walled toy)" "1 1"
fault '[{"match":{"method":"DELETE","path":"/linode/instances/*"},"fault":"lost"},
	{"match":{"method":"DELETE","path":"/networking/firewalls/*"},"fault":"lost"},
	{"match":{"method":"GET","path":"/networking/firewalls"},"fault":"reset"}]'
gives 0 "down although the answers to both deletes are lost" gsp-down toy
is "... the save is home" "$(cat "$H/servers/toy/files/world/count")" 1
is "... both are gone" "$(labelled toy) $(walled toy)" "0 0"

fault '[{"match":{"method":"DELETE","path":"/linode/instances/*"},"fault":"busy"},
	{"match":{"method":"DELETE","path":"/linode/instances/*"},"fault":"429","retry_after":1}]'
gives 0 "teardown of a machine that is busy" gsp-teardown ladder
is "... it is gone" "$(labelled ladder)" 0
control DELETE /faults >/dev/null

# ---- killed at the worst moments ----

server early
fault '{"match":{"method":"POST","path":"/networking/firewalls","label":"gsp-early"},"fault":"slow","ms":5000}'
kill_when early 20 test -f "$H/state/early/session.json"
is "killed before the create call" "$(phase early) $(posted early)" "intent 0"
bg early gsp-provision early
server late
create_rule late slow '"ms":5000'
kill_when late 20 is_there late
is "killed after the create call, before its answer" "$(phase late)" posting
gives 1 "... nothing is running" gsp-status late
bg late gsp-provision late
bg_gives 0 "... killed early: the next run" early
is "... has bought one" "$(posted early) $(labelled early)" "1 1"
bg_gives 0 "... killed late: the next run" late
says "... adopts the machine" .
is "... that was bought, and buys no other" "$(posted late) $(labelled late)" "1 1"
fault '{"match":{"method":"DELETE","path":"/linode/instances/*"},"fault":"slow","ms":5000}'
gsp-teardown late >"$T/out" 2>"$T/err" </dev/null &
pid=$!
until_true 20 is_gone late
is "killed while it deletes" "$(phase late)" deleting
kill -9 "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
gives 0 "... the next teardown" gsp-teardown late
is "... ends it" "$(labelled late) $(ls "$H/state/late/session.json" 2>/dev/null)" "0 "

# ---- deleted by somebody else ----

machine_fault gsp-early gone
gives 0 "a machine without a save is gone: provision" gsp-provision early
says "... says so" "is gone; nothing was lost"
is "... and makes another" "$(posted early) $(labelled early)" "2 1"
machine_fault gsp-early gone
gives 0 "teardown of a machine that is gone" gsp-teardown early
gives 0 "up" gsp-up toy
machine_fault gsp-toy gone
is "gone while the game ran: status" "$(stage toy)" lost
gives 65 "up refuses" gsp-up toy
says "... and says how to go on" "gsp up toy --from"
gives 65 "down refuses" gsp-down toy
gives 65 "teardown refuses" gsp-teardown toy
gives 0 "up --from" gsp-up --from "$(newest toy)" toy
is "... goes on from there" "$(on cat /srv/toy/world/count)" 1
GSP_LINODE_URL=http://127.0.0.1:1/v4
gives 75 "no API to be reached: down" gsp-down toy
GSP_LINODE_URL=$ours_url
is "... brings the save home before it needs one" "$(cat "$H/servers/toy/files/world/count")" 2
is "... and the machine is there still" "$(labelled toy) $(stage toy)" "1 saved"
machine_fault gsp-toy gone
gives 0 "gone after its save came home: down" gsp-down toy
is "... the save is here" "$(cat "$H/servers/toy/files/world/count")" 2

server vanish
control PUT /options '{"create_ms":4000}' >/dev/null
bg vanish gsp-provision vanish
until_true 20 is_there vanish
machine_fault gsp-vanish gone
bg_gives 69 "gone while it was made: provision" vanish
says "... says so" 'somebody deleted it'
control PUT /options '{"create_ms":200}' >/dev/null
gives 0 "... the next one makes another" gsp-provision vanish
is "... one" "$(posted vanish) $(labelled vanish)" "2 1"
machine_fault gsp-vanish suspend
gives 73 "suspended for billing: provision" gsp-provision vanish
says "... says so" 'suspended.*Billing'
gives 0 "... teardown" gsp-teardown vanish

# ---- those that took long ----

bg_gives 0 "gsp-up was killed: up goes on" orphan
is "... one machine was bought" "$(posted orphan) $(labelled orphan)" "1 1"
gives 0 "... down" gsp-down orphan

bg_gives 73 "a create job that fails" unmade
says "... is told with its reason" 'No disk was free'
gives 0 "... down clears it away" gsp-down unmade
is "... it is gone" "$(labelled unmade)" 0

bg_gives 0 "the boot failed: the next up boots it" noboot
is "... and buys no other" "$(posted noboot) $(labelled noboot)" "1 1"
machine_fault gsp-noboot lock
gives 65 "locked against deletion: down" gsp-down noboot
says "... says so, and where" 'locked against deletion.*unlock'
is "... the save is home all the same" "$(cat "$H/servers/noboot/files/world/count")" 1
machine_fault gsp-noboot unlock
gives 0 "... unlocked: down" gsp-down noboot

bg_gives 0 "one create came to nothing, the next one's answer was lost" twice
is "... one machine" "$(labelled twice)" 1
gives 0 "... teardown" gsp-teardown twice
bg_gives 0 "killed while the call hung: the next run" hung
is "... one machine" "$(labelled hung)" 1
gives 0 "... teardown" gsp-teardown hung
gives 0 "teardown of what was never made" gsp-teardown poor
is "nothing is left" "$(control GET /state | jq -r '[.machines[], .firewalls[] | .label] | join(" ")')" ""
finish
