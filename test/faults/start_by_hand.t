#!/bin/sh
# Somebody starts the game once more after its save came home: with gsp run start, with the
# script by hand, or writes a file; before the teardown, or while it runs. The machine is not
# deleted with a save that nobody has.
. test/integ/lib.sh
. test/faults/faults.sh
in_sandbox "$@"
need curl jq
new_home
for s in tool hand quick file late; do
	server $s
	bg $s sh -c "gsp-up -q $s && gsp-run -q stop $s && gsp-sync -q down $s"
done
for s in tool hand quick file late; do
	bg_gives 0 "$s: its save is home" $s 90
done
by_hand() { # as the game's user, as nobody should
	at "$1" "cd /srv/toy && su game -s /bin/sh -c 'GSP_OPT=/opt/gsp GSP_DIR=/srv/toy setsid /usr/bin/python3 /opt/gsp/toy.py >/dev/null 2>&1 &'"
	until_true 10 at "$1" pgrep -f toy.py
}
stop_by_hand() {
	at "$1" pkill -TERM -f toy.py
	until_true 10 not_there "$1"
}
not_there() { ! at "$1" pgrep -f toy.py; }

fault_begin "start after the save came home" "gsp-teardown"

gives 65 "gsp run start" gsp-run start tool
told "... is refused, and says what goes on" "gsp (down|teardown) tool|is going down"
recovers 0 "... teardown" gsp-teardown tool
save_is "... the save is home" "$(count tool) $(labelled tool)" "1 0"

by_hand hand
gives 65 "started by hand: teardown refuses" gsp-teardown hand
told "... says why and what to do" "used after its save came home.*toy.py.*nothing was deleted.*gsp down hand"
is "... the machine is there" "$(labelled hand)" 1
gives 65 "a game that gsp did not start and that still runs: down does not kill it" gsp-down hand
told "... says what runs" "toy.py"
is "... the machine is there" "$(labelled hand)" 1
all_shown
stop_by_hand hand
recovers 0 "... ended: down" gsp-down hand
save_is "... the second save is home" "$(count hand) $(labelled hand)" "2 0"

by_hand quick # and over before anybody looks
stop_by_hand quick
gives 65 "started and ended by hand: teardown refuses" gsp-teardown quick
told "... says why and what to do" "used after its save came home.*world.*gsp down quick"
recovers 0 "... down saves again" gsp-down quick
save_is "... the second save is home" "$(count quick) $(labelled quick)" "2 0"

at file "echo 41 >/srv/toy/world/count"
recovers 0 "a file was written: down" gsp-down file
says "... says that it saves again" "were changed after generation 2 came home"
save_is "... what was written is home" "$(count file) $(labelled file)" "41 0"

# between the teardown's question and its delete: the marker is closing already
fault '{"match":{"method":"GET","path":"/linode/instances/*"},"times":2,"fault":"slow","ms":4000}'
bg late gsp-teardown late
closing() { [ "$(marker_state late)" = closing ]; }
until_true 20 closing
gsp-run start late >"$T/out" 2>"$T/err" </dev/null
is "... gsp run start finds it busy" $? 75
bg_gives 0 "... and it is deleted" late
save_is "... the save is home" "$(count late) $(labelled late)" "1 0"
fault_end
is "nothing is left" "$(control GET /state | jq -r '[.machines[] | .label] | join(" ")')" ""
finish
