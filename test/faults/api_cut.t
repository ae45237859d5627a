#!/bin/sh
# The API does not answer: for 30 s or for good, while a machine is created, waited for and
# deleted. One machine is bought, each that exists is shown, and the same command ends what the
# one before could not.
. test/integ/lib.sh
. test/faults/faults.sh
in_sandbox "$@"
need curl jq nft
new_home
port=${GSP_LINODE_URL##*:}
port=${port%%/*}
table=gsp_test_$$

clean_up() {
	nft delete table inet "$table" 2>/dev/null
	cleanup
}
trap clean_up EXIT

# Our way to the API: `drop` swallows what goes there, `reject` refuses it.
cut_api() {
	nft -f - <<-EOT
		table inet $table {
			chain output {
				type filter hook output priority 0; policy accept;
				ip daddr 127.0.0.1 tcp dport $port $1
			}
		}
	EOT
}
mend_api() { nft delete table inet "$table"; }
slow() { # slow METHOD PATH LABEL: the next such call takes its time
	fault "{\"match\":{\"method\":\"$1\",\"path\":\"$2\"${3:+,\"label\":\"$3\"}},\"fault\":\"slow\",\"ms\":6000}"
}
phase() { jq -r .phase "$H/state/$1/session.json" 2>/dev/null; }
is_phase() { [ "$(phase "$1")" = "$2" ]; }
id_of() { jq -r .linode_id "$H/state/$1/session.json"; }
going() { [ "$(control GET /state | jq -r --arg l "gsp-$1" '.machines[] | select(.label == $l).status')" = deleting ]; }

# a and f are being created, b and g waited for, c and h deleted, d and i seen to be gone.
for s in a b c d f g h i; do
	server $s$s
	sed -i 's/^ports: .*/ports: []/' "$H/servers/$s$s/server.yaml"
	tells_players $s$s
done
saved() { # a machine whose save is home
	gsp-up -q "$1" && gsp-run -q stop "$1" && gsp-sync -q down "$1"
}
for s in cc dd hh ii; do
	bg $s saved $s
done
for s in cc dd hh ii; do
	bg_gives 0 "$s: its save is home" $s 90
done
# The create call alone never gets an answer.
server ee
sed -i 's/stop: 30s/stop: 30s, create: 5s/' "$H/servers/ee/server.yaml" "$H/servers/gg/server.yaml"
fault '{"match":{"method":"POST","path":"/linode/instances","label":"gsp-ee"},"times":0,"fault":"reset"}'
rbg ee gsp-up ee

all_cut() { # all_cut HOW CREATED WAITED DELETED GOING
	control PUT /options '{"create_ms":12000}' >/dev/null
	rbg "$3" gsp-provision "$3"
	until_true 20 is_phase "$3" creating
	control PUT /options '{"create_ms":200,"delete_ms":15000}' >/dev/null
	slow POST /linode/instances "gsp-$2"
	slow DELETE "/linode/instances/$(id_of "$4")"
	rbg "$5" gsp-teardown "$5"
	until_true 20 going "$5"
	rbg "$2" gsp-provision "$2"
	rbg "$4" gsp-teardown "$4"
	until_true 20 is_phase "$2" posting
	until_true 20 is_phase "$4" deleting
	sleep 1 # the calls are under way
	cut_api "$1"
	cut_since=$(date +%s)
}

# ---- for 30 s ----

all_cut drop aa bb cc dd
sleep 1
GSP_HOME=$H gsp-status --cached --json >"$T/out" 2>"$T/err"
is "no API: what was known is told all the same" "$(jq -r .server "$T/out" | grep -cx '[abcd][abcd]')" 4
while [ $(($(date +%s) - cut_since)) -lt 30 ]; do sleep 0.5; done
mend_api
control PUT /options '{"delete_ms":0}' >/dev/null
again() { # again SERVER TOOL TEXT: what was cut off has ended well, or does so now
	until_true 90 test -f "$T/$1.rc" || echo none >"$T/$1.rc"
	cp "$T/$1.err" "$T/err"
	again_rc=$(cat "$T/$1.rc")
	case $again_rc in
	0)
		pass "$3: it went on by itself"
		case_took "$(cat "$T/$1.ms")"
		;;
	75)
		pass "$3: try again, it said"
		told "... with what to do" "gsp (up|down|teardown|provision) $1"
		recovers 0 "... so it was" "$2" "$1"
		;;
	*) fail "$3: status $again_rc: $(cat "$T/err")" ;;
	esac
	rm -f "$T/$1.rc"
}
fault_begin "API unreachable 30 s" "gsp-up"
again aa gsp-provision "30 s without API at the create call"
again bb gsp-provision "30 s without API while the machine is made"
is "... each was bought once" "$(bought aa) $(bought bb) $(labelled aa) $(labelled bb)" "1 1 1 1"
all_shown
fault_end
fault_begin "API unreachable 30 s" "gsp-down"
again cc gsp-teardown "30 s without API at the delete call"
again dd gsp-teardown "30 s without API while the delete is waited for"
is "... both are deleted" "$(labelled cc) $(labelled dd)" "0 0"
save_is "... their saves are home" "$(count cc) $(count dd)" "1 1"
all_shown
fault_end

# ---- for good ----

fault_begin "API unreachable for good" "gsp-up"
rbg_gives 75 "the create call is never answered: up gives up" ee 90
told "... says so, and what to do" "does not answer the create call.*gsp up ee"
control DELETE /faults >/dev/null

all_cut reject ff gg hh ii
gives 75 "no API: status cannot tell" gsp-status
told "... and says why" "cannot connect to '127.0.0.1'"
rbg_gives 75 "gone for good while the machine is made: provision gives up" gg
told "... says so, that it costs, and what to do" "when last seen: .*(cannot connect|did not answer).*exists and costs.*gsp up gg"
for s in ff hh ii; do
	until_true 20 grep -q 'Connection refused\|did not answer' "$T/$s.err"
	# the tool itself: its parents are of this test
	kill -TERM "$(sed -n 's/.*(pid \([0-9]*\)).*/\1/p' "$H/state/$s/lock")"
	rbg_gives 143 "$s: somebody has enough of waiting" $s
	told "... and is told what goes on" "goes on, and costs.*gsp (up|down) $s"
done
gives 75 "up while there is no API" gsp-up ff
told "... says why" "cannot connect to '127.0.0.1'.*gsp up ff"
gives 75 "down while there is no API" gsp-down hh
told "... says why, that it may cost, and what to do" "cannot connect to '127.0.0.1'.*may still cost.*gsp down hh"
mend_api
control PUT /options '{"delete_ms":0}' >/dev/null
all_shown
recovers 0 "it is back: up" gsp-up ee
recovers 0 "up" gsp-up ff
recovers 0 "up" gsp-up gg
is "... each was bought once" "$(bought ee) $(bought ff) $(bought gg)" "1 1 1"
fault_end
fault_begin "API unreachable for good" "gsp-down"
recovers 0 "down" gsp-down hh
recovers 0 "down" gsp-down ii
is "... both are deleted" "$(labelled hh) $(labelled ii)" "0 0"
save_is "... their saves are home" "$(count hh) $(count ii)" "1 1"
all_shown
fault_end

for s in aa bb ee ff gg; do
	bg $s gsp-down $s
done
for s in aa bb ee ff gg; do
	bg_gives 0 "$s: down" $s
done
is "nothing is left" "$(control GET /state | jq -r '[.machines[], .firewalls[] | .label] | join(" ")')" ""
finish
