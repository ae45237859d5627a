# Sourced by the fault scenarios (test/faults/*.t) after test/integ/lib.sh. Each scenario tests
# as any other does, and counts for the table of `make check-faults`:
#
#	fault_begin "this computer's disk is full" "gsp-up"
#	recovers 0 "with room again: up" gsp-up toy	# a case; its time is the recovery's
#	save_is "the save is home" "$(count)" 1		# if not: a save was lost
#	all_shown					# a machine that status does not show: an orphan
#	fault_end
#
# A row: fault, tool, cases, saves lost, machines orphaned, worst recovery in ms.
# shellcheck shell=sh

FAULT_NAME=$(basename "$0" .t)
F_WHAT='' F_TOOL='' F_CASES=0 F_LOST=0 F_ORPHANS=0 F_WORST=0

now_ms() { date +%s%3N; }

fault_begin() { # fault_begin FAULT TOOL
	F_WHAT=$1 F_TOOL=$2 F_CASES=0 F_LOST=0 F_ORPHANS=0 F_WORST=0
}

fault_end() {
	[ -z "${FAULT_ROWS:-}" ] || printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$F_WHAT" "$F_TOOL" "$F_CASES" \
		"$F_LOST" "$F_ORPHANS" "$F_WORST" >>"$FAULT_ROWS/$FAULT_NAME"
	note "$F_WHAT ($F_TOOL): $F_CASES cases, $F_LOST saves lost, $F_ORPHANS orphans, $F_WORST ms"
}

case_took() { # case_took MS: one more case, and how long its recovery took
	F_CASES=$((F_CASES + 1))
	[ "$1" -le "$F_WORST" ] || F_WORST=$1
}

recovers() { # recovers STATUS TEXT COMMAND...: as gives; the command that recovers
	r_began=$(now_ms)
	gives "$@"
	case_took $(($(now_ms) - r_began))
}

# The same beside the rest: rbg NAME COMMAND..., then rbg_gives STATUS TEXT NAME [SECONDS].
rbg() {
	rbg_name=$1
	shift
	bg "$rbg_name" timed "$T/$rbg_name.ms" "$@"
}
timed() { # timed FILE COMMAND...
	timed_file=$1 timed_began=$(now_ms)
	shift
	"$@"
	timed_rc=$?
	echo $(($(now_ms) - timed_began)) >"$timed_file"
	return $timed_rc
}
rbg_gives() {
	bg_gives "$@"
	case_took "$(cat "$T/$3.ms" 2>/dev/null || echo 0)"
}

save_is() { # save_is TEXT GOT WANT: what a save must be
	is "$@"
	[ "$2" = "$3" ] || F_LOST=$((F_LOST + 1))
}

# all_shown [HOME...]: every machine of the account is in some home's status, with its id. One
# that comes or goes meanwhile, of another test, does not count.
all_shown() {
	[ $# -gt 0 ] || set -- "$H"
	control GET /state >"$T/before"
	for shown_home in "$@"; do
		gsp-status -C "$shown_home" --json 2>/dev/null
	done >"$T/shown"
	unseen=$(control GET /state | jq -r --slurpfile rows "$T/shown" --slurpfile before "$T/before" '
		[.machines[].id as $id | $before[0].machines[] | select(.id == $id) |
		select(all($rows[]; .linode_id != $id)).label] | join(" ")')
	is "... no machine that status does not show" "$unseen" ""
	[ -z "$unseen" ] || F_ORPHANS=$((F_ORPHANS + $(printf '%s\n' "$unseen" | wc -w)))
}

# told TEXT PATTERN: the last command's own error: one line, and it says this.
told() {
	grep -E '^gsp(-[a-z]+)?: ' "$T/err" >"$T/told"
	if [ "$(grep -c . "$T/told")" = 1 ] && grep -Eq -e "$2" "$T/told"; then
		pass "$1"
	else
		fail "$1"
		note "wanted, in one line: $2"
		note "$(cat "$T/told")"
	fi
}

labelled() { # labelled NAME: how many machines this server has
	control GET /state | jq --arg l "gsp-$1" '[.machines[] | select(.label == $l)] | length'
}
# How often a create of its machine was carried out: a second one is a second bill.
bought() {
	control GET /log | jq --arg l "gsp-$1" '[.requests[] | select(.method == "POST" and
		(.path | test("/linode/instances$")) and .body.label == $l and .status == 200)] | length'
}
count() { cat "$H/servers/${1:-toy}/files/world/count" 2>/dev/null || echo none; }
