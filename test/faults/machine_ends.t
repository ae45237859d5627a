#!/bin/sh
# The machine is off (crashed), boots again, or is gone (deleted elsewhere), at each stage of an
# evening; then `up`, or `down`. A save on its disk comes home; one that is gone with it is never
# passed over in silence: up wants a generation to be named.
. test/integ/lib.sh
. test/faults/faults.sh
in_sandbox "$@"
need curl jq
new_home

reach() { # reach SERVER STAGE
	gsp-provision -q "$1" || return
	[ "$2" = created ] && return
	gsp-run -q bootstrap "$1" || return
	[ "$2" = bootstrapped ] && return
	gsp-sync -q up "$1" || return
	[ "$2" = uploaded ] && return
	gsp-up -q "$1" || return
	[ "$2" = running ] && return
	gsp-run -q stop "$1" || return
	[ "$2" = stopped ] && return
	gsp-sync -q down "$1"
}
boot_id() { gsp-ssh "$1" cat /proc/sys/kernel/random/boot_id </dev/null; }
# What the cloud says of it, and what it is: nobody boots what is not down yet.
is_off() { [ "$(control GET /state | jq --arg l "gsp-$1" '.machines[] | select(.label == $l) |
	(.alive | not) and (.busy | not)')" = true ]; }
booted_since() { now=$(boot_id "$1") && [ "$now" != "$2" ]; }

told() { gsp-status --json "$1" 2>/dev/null >"$T/$1.st" && jq -e .next "$T/$1.st"; }

# end SERVER STAGE EVENT TOOL: leaves SERVER.st, .end and .er of TOOL, .ms
end() {
	reach "$1" "$2" >"$T/$1.er" 2>&1 || return
	was=$(boot_id "$1")
	machine_fault "gsp-$1" "$3"
	[ "$3" != crash ] || until_true 60 is_off "$1"
	[ "$3" != reboot ] || until_true 60 booted_since "$1" "$was"
	# another server's status may be writing this one's line of the ledger at the moment
	until_true 10 told "$1"
	timed "$T/$1.ms" "gsp-$4" "$1" >/dev/null 2>"$T/$1.er" </dev/null
	echo $? >"$T/$1.end"
}
stages='created bootstrapped uploaded running stopped saved'
all() { # all EVENT TOOL: a server for each stage
	for stage in $stages; do
		server "$stage-$1-$2"
		echo 0 >"$H/servers/$stage-$1-$2/files/world/count"
		sed -i 's/^ports: .*/ports: []/' "$H/servers/$stage-$1-$2/server.yaml"
		tells_players "$stage-$1-$2"
		bg "$stage-$1-$2" end "$stage-$1-$2" "$stage" "$1" "$2"
	done
}
ended() { # ended STATUS STAGE EVENT TOOL: it did, with that status; what is there then?
	s=$2-$3-$4
	bg_gives 0 "$2, then $3: $4" "$s" 120
	cp "$T/$s.er" "$T/err"
	is "... status $1" "$(cat "$T/$s.end")" "$1"
	[ "$(cat "$T/$s.end")" = "$1" ] || note "$(tail -n 3 "$T/err")"
	case_took "$(cat "$T/$s.ms")"
}
runs() {
	is "... it runs, and one machine is there" "$(stage "$s") $(labelled "$s")" "running 1"
	gives 0 "... down" gsp-down "$s"
}
home() { # home COUNT
	save_is "... the save is home" "$(count "$s")" "$1"
	is "... nothing is left" "$(labelled "$s")" 0
}
shown() { # shown STAGE NEXT: what status said before
	is "... status said so, and what goes on" "$(jq -r '"\(.stage) -> \(.next)"' "$T/$s.st")" "$1 -> $2"
}

fault_begin "machine crashed, at each stage" "gsp-up"
all crash up
all crash down
for stage in created bootstrapped uploaded; do
	ended 0 $stage crash up
	shown offline "gsp up $s"
	runs
	home 1
done
ended 0 running crash up
shown offline "gsp up $s"
runs
home 1
for stage in stopped saved; do # it goes down: up does not turn that round
	ended 65 $stage crash up
	told "... and says what goes on" "is going down .*gsp down $s"
	gives 0 "... so it does" gsp-down "$s"
	home 1
done
all_shown
fault_end
fault_begin "machine crashed, at each stage" "gsp-down"
for stage in created bootstrapped uploaded; do
	ended 0 $stage crash down
	home 0
done
ended 0 running crash down # the game died before it wrote what it writes at its end
home 0
for stage in stopped saved; do
	ended 0 $stage crash down
	shown offline "gsp down $s"
	home 1
done
fault_end

fault_begin "machine rebooted, at each stage" "gsp-up"
all reboot up
all reboot down
for stage in created bootstrapped uploaded; do
	ended 0 $stage reboot up
	runs
	home 1
done
ended 0 running reboot up
shown crashed "gsp up $s"
runs
home 2
for stage in stopped saved; do
	ended 65 $stage reboot up
	told "... and says what goes on" "is going down .*gsp down $s"
	gives 0 "... so it does" gsp-down "$s"
	home 1
done
all_shown
fault_end
fault_begin "machine rebooted, at each stage" "gsp-down"
for stage in created bootstrapped uploaded; do
	ended 0 $stage reboot down
	home 0
done
for stage in running stopped saved; do
	ended 0 $stage reboot down
	home 1
done
fault_end

fault_begin "machine deleted elsewhere" "gsp-up"
all gone up
all gone down
for stage in created bootstrapped uploaded; do
	ended 0 $stage gone up
	shown none "gsp down $s"
	runs
	home 1
done
for stage in running stopped; do
	ended 65 $stage gone up
	shown lost "gsp up $s --from 1"
	told "... and says what goes on" "is gone, and its last game was not saved; 'gsp up $s --from [0-9]+'"
	is "... nothing is bought" "$(labelled "$s")" 0
	gives 65 "... nor the next time" gsp-up "$s"
	recovers 0 "... up --from" gsp-up "$s" --from 1
	runs
	home 1
done
ended 0 saved gone up # nothing was lost with it
runs
home 2
all_shown
fault_end
fault_begin "machine deleted elsewhere" "gsp-down"
for stage in created bootstrapped uploaded; do
	ended 0 $stage gone down
	home 0
done
for stage in running stopped; do
	ended 65 $stage gone down
	told "... and says what goes on" "is gone, and its last game was not saved; 'gsp up $s --from [0-9]+'"
	is "... its session is not forgotten" "$(stage "$s")" lost
done
ended 0 saved gone down
home 1
fault_end
is "nothing is left" "$(control GET /state | jq -r '[.machines[] | .label] | join(" ")')" ""
finish
