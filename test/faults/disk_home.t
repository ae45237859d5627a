#!/bin/sh
# This computer's disk fills up, at any moment of an evening and at each place that gsp writes:
# an error that says so and what to do, nothing deleted, and with room again the same command
# ends right.
. test/integ/lib.sh
. test/faults/faults.sh
in_sandbox "$@"
need curl jq
new_home
mounted=''

clean_up() {
	for at in $mounted; do
		umount -l "$at" 2>/dev/null
	done
	cleanup
}
trap clean_up EXIT

# full_at DIR PAGES: its file system has this many pages of 4 KiB left
full_at() {
	rm -f "$1/filler"
	pages=$(($(stat -f -c '%a*%S/4096' "$1") - $2))
	[ "$pages" -le 0 ] || fallocate -l $((pages * 4096)) "$1/filler"
}
room_at() { rm -f "$1/filler"; }

small_disk() { # small_disk DIR MIB
	mkdir -p "$1"
	mount -t tmpfs -o size="$2m" small "$1" || skip_all "no tmpfs can be mounted here"
	mounted="$1 $mounted"
}

# ---- any moment: so many pages of room, and not one more ----

# A home on a disk of its own; its state/ on another, since up wants 64 MB for a generation.
home_on() { # home_on DIR SERVER
	small_disk "$1" 100
	H=$1/h
	gsp-init -q --type g6-nanode-1 "$H/" </dev/null >/dev/null 2>&1
	small_disk "$H/state" 2
	mkdir -p "$H/servers/$2"
	toy_server "$H/servers/$2"
	GSP_HOME=$H
}

# One evening: up with so many pages of room in state/, then with enough; down with so many on
# DISK (the home's, or state/), then with enough. What is wrong goes to $T/SERVER.bad.
wrong() { echo "$*: $(tail -n 1 "$T/$srv.err")" >>"$T/$srv.bad"; }
attempt() { # attempt TOOL DISK PAGES: with no more room than that; then again with enough
	full_at "$2" "$3"
	"$1" "$srv" >"$T/$srv.out" 2>"$T/$srv.err" </dev/null
	st=$?
	case $st in
	0) ;;
	73 | 74) grep -q 'No space left on device.*make room' "$T/$srv.err" || wrong "$* does not say what to do" ;;
	*) wrong "$*: status $st" ;;
	esac
	[ $st = 0 ] || tail -n 1 "$T/$srv.err" >>"$T/$srv.told"
	[ "$(labelled "$srv")" = 0 ] || gsp-status --json 2>/dev/null | grep -q '"linode_id":[1-9]' ||
		echo "$*: a machine that status does not show: $(gsp-status --json 2>&1)" >>"$T/$srv.orphan"
	room_at "$2"
	began=$(now_ms)
	"$1" "$srv" >"$T/$srv.out" 2>"$T/$srv.err" </dev/null || wrong "$*, again"
	[ $st = 0 ] || echo $(($(now_ms) - began)) >>"$T/$srv.$1.ms"
}
evenings() { # evenings DISK SERVER UP/DOWN...: pages; DOWNs is of the state/ disk
	disk=$1 srv=$2 want=0
	shift 2
	for n in "$@"; do
		attempt gsp-up "$H/state" "${n%/*}"
		case $n in
		*s) n=${n%s} && attempt gsp-down "$H/state" "${n#*/}" ;;
		*) attempt gsp-down "$disk" "${n#*/}" ;;
		esac
		want=$((want + 1))
		[ "$(count "$srv")" = $want ] || echo "$n: count is $(count "$srv"), not $want" >>"$T/$srv.lost"
		want=$(count "$srv")
		[ "$(labelled "$srv")" = 0 ] || wrong "$n: a machine is left"
	done
	[ "$(bought "$srv")" = $# ] || wrong "bought $(bought "$srv") machines for $# evenings"
}

home_on "$T/a" aa
bg aa evenings "$T/a" aa 0/0 1/1 2/2 4/3
home_on "$T/b" bb
bg bb evenings "$T/b" bb 3/4 5/5 6/6 7/0s
home_on "$T/c" cc
bg cc evenings "$T/c" cc 0/7 2/9 1/1s 3/2s

# ---- at each place by name ----

new_home
small_disk "$T/full" 1
small_disk "$H/servers" 100
mkdir -p "$H/servers/toy"
toy_server "$H/servers/toy"
# The next bytes of this file find its disk full, after the first so many.
starve() { # starve FILE BYTES
	cp "$1" "$T/full/f" 2>/dev/null || : >"$T/full/f"
	short=$(((4096 - $(stat -c %s "$T/full/f") % 4096) - $2))
	[ $short -le 0 ] || head -c $short /dev/zero | tr '\0' '\n' >>"$T/full/f"
	: >>"$1" && mount --bind "$T/full/f" "$1" && full_at "$T/full" 0
}
feed() { # feed FILE: its disk has room again
	umount "$1" && cp "$T/full/f" "$1" && rm -f "$T/full/f" && room_at "$T/full"
}
mkdir -p "$H/state/toy"
ledger() { # ledger SERVER: what its whole lines say
	jq -rR 'fromjson? | select(.server == "'"$1"'").what' "$H/state/ledger.jsonl" | tr '\n' ' ' | sed 's/ $//'
}

fault_begin "computer's disk full: ledger" gsp-up
starve "$H/state/ledger.jsonl" 100
gives 74 "no room for the ledger's line: up" gsp-up toy
told "... says so, and what to do" "ledger.jsonl.*No space left on device.*make room"
is "... nothing was bought" "$(bought toy)" 0
feed "$H/state/ledger.jsonl"
recovers 0 "with room again: up" gsp-up toy
is "... a torn line swallows no other" "$(ledger toy)" "intent create"
all_shown

# the machine is bought, and then there is no room for that line
gives 0 "down" gsp-down toy
save_is "... the save is home" "$(count)" 1
starve "$H/state/ledger.jsonl" 330
gives 74 "no room for the line of the create: up" gsp-up toy
told "... says so, and what to do" "ledger.jsonl.*No space left on device.*make room.*exists and costs"
is "... a machine was bought" "$(labelled toy)" 1
all_shown
feed "$H/state/ledger.jsonl"
recovers 0 "with room again: up" gsp-up toy
is "... it was bought once" "$(bought toy)" 2
is "... and has its line" "$(ledger toy)" "intent create delete intent create"
fault_end

fault_begin "computer's disk full: ledger" gsp-down
starve "$H/state/ledger.jsonl" 100
gives 74 "no room for the ledger's last line: down" gsp-down toy
told "... says so" "ledger.jsonl.*No space left on device.*make room"
gives 1 "... so does status" gsp-status --json toy
prints "... with what goes on" 'gsp down toy'
all_shown
feed "$H/state/ledger.jsonl"
recovers 0 "with room again: down" gsp-down toy
is "... it has its line" "$(ledger toy)" "intent create delete intent create delete"
save_is "... the save is home" "$(count)" 2
is "... nothing is left" "$(labelled toy)" 0
fault_end

fault_begin "computer's disk full: progress log" "gsp-up, down"
starve "$H/state/toy/progress.jsonl" 4096
recovers 0 "no room for the log of progress: up all the same" gsp-up toy
recovers 0 "... and down" gsp-down toy
save_is "... the save is home" "$(count)" 3
umount "$H/state/toy/progress.jsonl"
fault_end

fault_begin "computer's disk full: history" gsp-down
cat >"$H/servers/toy/start" <<'START'
#!/bin/sh
head -c 6000000 /dev/urandom >world/big
/usr/bin/python3 "$GSP_OPT/toy.py" &
echo $! >/tmp/toy.pid
START
gives 0 "up of a game that writes 6 MB" gsp-up toy
full_at "$H/servers" 500
gives 74 "no room for the save: down" gsp-down toy
told "... says so, where, and what to do" "No space left on device.*make room.*gsp down toy"
is "... the machine stays" "$(labelled toy)" 1
is "... no half generation is seen" "$(newest)" 4
is "... what was home is as it was" "$(count) $(cat "$(gen 4)/world/count")" "3 3"
all_shown

# room for one copy of it and not for the other
room_at "$H/servers"
full_at "$H/servers" 2000
gives 74 "room for the generation, none for files/: down" gsp-down toy
told "... says so, that the save is home, and what to do" \
	"No space left on device.*make room.*generation 5 is home.*gsp down toy"
save_is "... it is" "$(cat "$(gen 5)/world/count") $(wc -c <"$(gen 5)/world/big")" "4 6000000"
is "... the machine stays" "$(labelled toy) $(stage)" "1 saved"
all_shown
room_at "$H/servers"
recovers 0 "with room again: down" gsp-down toy
save_is "... files/ is the save" "$(count) $(wc -c <"$H/servers/toy/files/world/big") $(newest)" "4 6000000 5"
is "... nothing is left" "$(labelled toy)" 0
fault_end

# ---- the evenings ----

for s in aa bb cc; do
	until_true 120 test -f "$T/$s.rc"
	note "$(sort -u "$T/$s.told")"
done
is "$(cat "$T"/??.told | wc -l) times no room at some moment: each said so, and went on" "$(cat "$T"/??.bad 2>/dev/null)" ""
for tool in gsp-up gsp-down; do
	fault_begin "computer's disk full: any moment" $tool
	for ms in $(cat "$T"/??.$tool.ms); do
		case_took "$ms"
	done
	ok "... $tool met it" test "$F_CASES" -gt 3
	save_is "... and lost nothing" "$(cat "$T"/??.lost 2>/dev/null)" ""
	is "... each machine was shown" "$(cat "$T"/??.orphan 2>/dev/null)" ""
	fault_end
done
finish
