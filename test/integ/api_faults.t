#!/bin/sh
# What goes wrong between us and the API: every fault the sandbox knows, lost answers, places
# without capacity, labels that are taken, tools killed at the worst moments. Afterwards there
# is one machine or none, never two, and everybody was told what happened.
. test/integ/lib.sh
SANDBOX_ARGS="--token T1 --token RO=linodes:read_only,firewall:read_only --token NB=restricted"
in_sandbox "$@"
need curl jq python3
new_home

posts() { requests POST '/linode/instances$'; }
labelled() { control GET /state | jq --arg l "gsp-$1" '[.machines[] | select(.label == $l)] | length'; }
posted() { # posted NAME: how many creates of this server's machine were asked for
	control GET /log | jq --arg l "gsp-$1" '[.requests[] | select(.method == "POST" and
		(.path | test("/linode/instances$")) and .body.label == $l)] | length'
}
create_rule() { # create_rule NAME FAULT [MORE]
	fault "{\"match\":{\"method\":\"POST\",\"path\":\"/linode/instances\",\"label\":\"gsp-$1\"},
		\"fault\":\"$2\"${3:+,$3}}"
}

# ---- the long ones begin now, and are looked at below ----

# Nothing comes of the first create, and its answer is unclear; the second's answer is lost.
server twice
create_rule twice reset
create_rule twice lost
bg twice gsp-provision twice

# Killed while the cloud has said nothing yet: the next run must wait before it buys again.
server hung
create_rule hung hang
gsp-provision hung >"$T/hung.out" 2>"$T/hung.err" </dev/null &
pid=$!
until_true 20 test "$(posted hung)" = 1 || until_true 20 sh -c "grep -q posting '$H/state/hung/session.json'"
until_true 5 grep -q posting "$H/state/hung/session.json"
kill -9 "$pid"
wait "$pid" 2>/dev/null
is "killed before the answer: the journal knows that a call was made" \
	"$(jq -r .phase "$H/state/hung/session.json")" posting
bg hung gsp-provision hung

# ---- one question, every fault: gsp-status asks for two lists ----

strike() { # strike FAULT [MORE]: once, the next list of machines
	fault "{\"match\":{\"method\":\"GET\",\"path\":\"/linode/instances\"},\"fault\":\"$1\"${2:+,$2}}"
}
# The two above are at it, too: a home of its own sees to it that only we ask for this list.
old=$H
new_home quiet
struck() { control GET /log | jq --arg f "$1" '[.requests[] | select(.fault == $f)] | length'; }
for f in 429 retry_after_negative 408 500 502 html400 html502 reset garbage truncate empty badhttp; do
	fault "{\"match\":{\"method\":\"GET\",\"path\":\"/networking/firewalls\"},\"fault\":\"$f\"}"
	gives 0 "status in spite of $f" gsp-status
	is "... which struck" "$(struck $f)" 1
done
fault '{"match":{"method":"GET","path":"/networking/firewalls"},"fault":"503","retry_after":1}'
gives 0 "status in spite of 503 with Retry-After" gsp-status
fault '{"match":{"method":"GET","path":"/networking/firewalls"},"fault":"slow","ms":400}'
gives 0 "status of a slow API" gsp-status

refused() { # refused STATUS FAULT PATTERN
	fault "{\"match\":{\"method\":\"GET\",\"path\":\"/networking/firewalls\"},\"fault\":\"$2\"}"
	gives "$1" "status: $2 is $1" gsp-status
	says "... and says why" "$3"
	is "... and was not repeated" "$(control GET /faults | jq '.faults | length')" 0
}
fault_left() { control DELETE /faults >/dev/null; }
control GET /faults >"$T/armed"
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

refused 76 huge '.'
fault '{"match":{"method":"GET","path":"/networking/firewalls"},"fault":"garbage","times":0}'
gives 76 "an answer that is never readable" gsp-status
says "... says so" "is not what it promises"
control DELETE /faults >/dev/null

# Retry-After is believed, but not for ever; a signal ends the wait at once.
fault '{"match":{"method":"GET","path":"/networking/firewalls"},"fault":"429","retry_after":86400}'
gsp-status -v >"$T/out" 2>"$T/err" </dev/null &
pid=$!
until_true 5 test "$(struck 429)" = 2
began=$(date +%s)
kill -INT "$pid" 2>/dev/null
wait "$pid"
is "a signal ends the wait for the rate limit" "$? $(($(date +%s) - began < 3))" "130 1"
