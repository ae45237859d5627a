#!/bin/sh
# Two at once: two ups, an up and a down, from two terminals; and from two homes: another home
# with a server of the same name, and the same home on two computers (one id, a state/ each).
# One goes on; the other is told who, at what and since when, or whose machine it is. Never two
# machines, never a delete of what somebody plays on.
. test/integ/lib.sh
. test/faults/faults.sh
in_sandbox "$@"
need curl jq
new_home
sed -i '1a sleep 4' "$H/servers/toy/bootstrap"

code() { cat "$T/$1.rc"; }
both() { # both A B: until both have ended
	until_true 60 test -f "$T/$1.rc"
	until_true 60 test -f "$T/$2.rc"
}
busy='is busy: .*locked: [^:]*: [a-z]+ \(pid [0-9]+\), for [0-9]+ .*gsp status'

# ---- two terminals ----

fault_begin "two at once, two terminals" "gsp-up, up"
bg one gsp-up --actor ann toy
bg two gsp-up --actor bob toy
both one two
is "two ups: one goes on, one is turned away" "$( (code one && code two) | sort -n | tr '\n' ' ')" "0 75 "
loser=two
[ "$(code one)" = 0 ] || loser=one
cp "$T/$loser.err" "$T/err"
told "... told who is at what, since when, and where to look" "$busy toy"
rm -f "$T"/one.rc "$T"/two.rc
is "... one machine" "$(bought toy) $(labelled toy)" "1 1"
recovers 0 "the one that was turned away, again" gsp-up toy
all_shown
fault_end

fault_begin "two at once, two terminals" "gsp-up, down"
gives 0 "down" gsp-down toy
bg one gsp-up --actor ann toy
until_true 20 grep -q '"step":"bootstrap"' "$H/state/toy/progress.jsonl"
gives 75 "down while up is at work" gsp-down toy
told "... is told who is at what" "locked: ann: (up|run|bootstrap) .*for [0-9]+ .*gsp status toy"
for tool in gsp-teardown "gsp-run start" "gsp-sync up" gsp-restart gsp-provision; do
	# shellcheck disable=SC2086
	gives 75 "$tool while up is at work" $tool toy
done
gives 1 "status meanwhile" gsp-status toy
prints "... says who is at work" 'at work now: ann: '
bg_gives 0 "... and up ends well" one
bg two gsp-down --actor bob toy
until_true 20 grep -q '"step":"stop"' "$H/state/toy/progress.jsonl"
gives 75 "up while down is at work" gsp-up toy
told "... is told who is at what" "locked: bob: (down|run|stop|sync|teardown) .*for [0-9]+"
bg_gives 0 "... and down ends well" two
save_is "... the save is home" "$(count)" 2
is "... nothing is left" "$(labelled toy)" 0
recovers 0 "up" gsp-up toy
recovers 0 "down" gsp-down toy
save_is "... the save is home" "$(count)" 3

# at the same instant, some times over
for n in 1 2 3; do
	bg one gsp-up --actor ann toy
	bg two gsp-down --actor bob toy
	both one two
	case "$(code one) $(code two)" in
	'0 75' | '75 0' | '0 0') pass "up and down at the same instant ($n): $(code one), $(code two)" ;;
	*) fail "up and down at the same instant ($n): $(code one), $(code two): $(cat "$T/one.err" "$T/two.err")" ;;
	esac
	is "... one machine or none" "$(($(labelled toy) <= 1))" 1
	rm -f "$T"/one.rc "$T"/two.rc
	all_shown
	recovers 0 "... up" gsp-up toy
	sed -i '/^sleep 4$/d' "$H/servers/toy/bootstrap"
	was=$(on cat /srv/toy/world/count)
	recovers 0 "... down" gsp-down toy
	save_is "... the save is home" "$(count)" $((was + 1))
done
fault_end

# ---- two homes: another one, with a server of the same name ----

A=$H
new_home other
B=$H
echo theirs >"$B/servers/toy/files/readme"
use() { H=$1 && GSP_HOME=$1; }
fault_begin "two at once, two homes" "gsp-up, up"
before=$(bought toy)
bg one gsp-up -C "$A" toy
bg two gsp-up -C "$B" toy
both one two
is "two homes: one goes on, one is refused" "$( (code one && code two) | sort -n | tr '\n' ' ')" "0 65 "
mine=$A theirs=$B loser=two
[ "$(code one)" = 0 ] || mine=$B theirs=$A loser=one
cp "$T/$loser.err" "$T/err"
told "... and told whose it is and what to do" "belongs to another home, '[a-z0-9]*'; bring it down.*take-over"
rm -f "$T"/one.rc "$T"/two.rc
is "... one machine" "$(($(bought toy) - before)) $(labelled toy)" "1 1"
all_shown "$mine"
all_shown "$theirs"
use "$theirs"
gives 65 "the other home: down" gsp-down toy
told "... refuses, and says whose it is" "belongs to another home"
is "... the machine is there" "$(labelled toy)" 1
use "$mine"
is "... and plays" "$(stage)" running
was=$(on cat /srv/toy/world/count || echo 0)
recovers 0 "... its own home: down" gsp-down toy
save_is "... the save is home" "$(count)" $((${was:-0} + 1))
use "$theirs"
recovers 0 "... then the other's up" gsp-up toy
is "... with its own files" "$(on cat /srv/toy/readme)" "$(cat "$theirs/servers/toy/files/readme")"
was=$(on cat /srv/toy/world/count || echo 0)
recovers 0 "... and down" gsp-down toy
save_is "... its save is home" "$(count)" $((${was:-0} + 1))
fault_end

# ---- the same home on two computers: one id, a state/ each ----

use "$A"
cp -a "$A" "$T/clone"
rm -rf "$T/clone/state"
C=$T/clone
fault_begin "two at once, one home on two computers" "gsp-up, up"
before=$(bought toy)
bg one gsp-up -C "$A" toy
bg two gsp-up -C "$C" toy
both one two
is "two computers: one goes on, one is refused" "$( (code one && code two) | sort -n | tr '\n' ' ')" "0 65 "
mine=$A theirs=$C loser=two
[ "$(code one)" = 0 ] || mine=$C theirs=$A loser=one
cp "$T/$loser.err" "$T/err"
told "... and told what to do" "this home's, of a session this computer does not know.*gsp status --take-over toy"
note "$(cat "$T/told")"
rm -f "$T"/one.rc "$T"/two.rc
is "... one machine" "$(($(bought toy) - before)) $(labelled toy)" "1 1"
all_shown "$mine"
all_shown "$theirs"
use "$theirs"
for tool in gsp-down gsp-teardown "gsp-teardown --discard-unsaved --yes"; do
	# shellcheck disable=SC2086
	gives 65 "the other computer: $tool" $tool toy
	told "... names the machine and what to do" "'gsp-toy' .* this home's, of a session .*take-over toy"
	is "... $tool there does not delete it" "$(labelled toy)" 1
done
use "$mine"
is "... it plays" "$(stage)" running
was=$(on cat /srv/toy/world/count)
recovers 0 "... the computer that made it: down" gsp-down toy
save_is "... the save is home" "$(count)" $((was + 1))
is "nothing is left" "$(control GET /state | jq -r '[.machines[], .firewalls[] | .label] | join(" ")')" ""
fault_end
finish
