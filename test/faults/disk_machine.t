#!/bin/sh
# The machine's disk fills up: while bootstrap runs, under an upload, under the game, at its stop,
# and where gsp keeps its marker. Said so; what came home before stays; nothing is deleted; with
# room again the same command ends right.
. test/integ/lib.sh
. test/faults/faults.sh
in_sandbox "$@"
need curl jq
new_home
fill() { machine_fault "gsp-$1" fill-disk "{\"free_bytes\":${2:-0}}"; }
room() { machine_fault "gsp-$1" fill-disk '{"free_bytes":null}'; }
for s in boot play stop mark; do
	server $s
done

fault_begin "machine's disk full" "gsp-up"
sed -i '1a set -e; head -c 3000000 /dev/zero >/opt/part' "$H/servers/boot/bootstrap"
gives 0 "provision" gsp-provision boot
fill boot 1000000
gsp-up boot >"$T/out" 2>"$T/err" </dev/null
is "full in bootstrap: up fails" "$(($? > 0))" 1
told "... says why, though its log could not, and what to do" \
	"'bootstrap' .* failed.*no space left on the machine's disk: make room.*gsp up boot"
is "... one machine, shown" "$(labelled boot)" 1
fill boot 0
gsp-up boot >"$T/out" 2>"$T/err" </dev/null
st=$?
is "full before it: up fails" "$((st > 0))" 1
told "... says so, and what to do" "[Nn]o space left.*gsp up boot"
all_shown
room boot
recovers 0 "with room again: up" gsp-up boot
gives 0 "down" gsp-down boot
save_is "... the save is home" "$(count boot)" 1

head -c 9000000 /dev/urandom >"$H/servers/toy/files/world/big"
gives 0 "provision" gsp-provision toy
gives 0 "bootstrap" gsp-run bootstrap toy
fill toy 4000000
gives 74 "full under the upload: up" gsp-up toy
told "... says whose disk, and what to do" "the machine's disk is full.*No space left.*costs.*gsp up toy"
is "... home is as it was" "$(newest) $(wc -c <"$H/servers/toy/files/world/big")" "1 9000000"
all_shown
room toy
recovers 0 "with room again: up" gsp-up toy
gives 0 "down" gsp-down toy
save_is "... the save is home" "$(count) $(wc -c <"$H/servers/toy/files/world/big")" "1 9000000"
fault_end

# ---- under the game: what it could not write is the game's loss, not ours ----

fault_begin "machine's disk full" "gsp-down"
seq 1 100000 >"$H/servers/play/files/world/level"
gives 0 "up" gsp-up play
fill play
at play "cd /srv/toy/world ; head -c 5000 level >level.new 2>/dev/null; mv level.new level" # as bad games do
is "the game's file was cut" "$(($(at play stat -c %s /srv/toy/world/level) < 294000))" 1
gsp-down play >"$T/out" 2>"$T/err" </dev/null
st=$?
is "full under the game, a save cut short: down fails" "$((st > 0))" 1
told "... says why, and what to do" "([Nn]o space left|suspect).*gsp (down|ssh) play"
is "... nothing is deleted" "$(labelled play)" 1
save_is "... what was home is as it was" "$(wc -c <"$(gen 1 play)/world/level")" 588895
all_shown
room play
gsp-down play >"$T/out" 2>"$T/err" </dev/null
is "with room again, and the save as short as it is: down says suspect" $? 65
told "... and what to do" "suspect.*world.*--accept"
recovers 0 "... accepted: down" gsp-down --accept play
save_is "... both are home" "$(wc -c <"$(gen 1 play)/world/level") $(labelled play)" "588895 0"

# ---- at the stop, and the marker's ----

# the toy writes beside and renames: a full disk is an error it dies of, and the old count stays
gives 0 "up" gsp-up stop
gives 0 "up" gsp-up mark
at stop "echo 7 >/srv/toy/world/count"
fill stop
gsp-down stop >"$T/out" 2>"$T/err" </dev/null
st=$?
note "full at the stop: $st: $(tail -n 1 "$T/err")"
is "full at the stop: down fails, or brings home what is there" "$((st == 0 || st == 74 || st == 65 || st == 71))" 1
if [ $st != 0 ]; then
	told "... says so, and what to do" "[Nn]o space left.*gsp down stop"
	is "... nothing is deleted" "$(labelled stop)" 1
	all_shown
	room stop
	recovers 0 "with room again: down" gsp-down stop
fi
save_is "... the save is home, with what the game could write" "$(($(count stop) >= 7)) $(labelled stop)" "1 0"

gives 0 "stop" gsp-run stop mark
fill mark
gives 74 "full when the marker is to say that the save is home: sync down" gsp-sync down mark
told "... says so, and what to do" "no space left on the machine's disk; make room"
is "... the marker is whole" "$(marker_state mark)" stopping
gives 65 "... teardown refuses" gsp-teardown mark
told "... and says what to do" "gsp down mark"
gives 74 "... so does down" gsp-down mark
told "... says so, and what to do" "no space left on the machine's disk.*gsp down mark"
all_shown
room mark
recovers 0 "with room again: down" gsp-down mark
save_is "... the save is home, once" "$(count mark) $(newest mark) $(labelled mark)" "1 2 0"
fault_end
is "nothing is left" "$(control GET /state | jq -r '[.machines[] | .label] | join(" ")')" ""
finish
