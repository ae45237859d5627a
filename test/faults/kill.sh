# Sourced by the crash campaign (sh, TAP), test/faults/kill_*.t. Such a test names an evening in
# phases, each a command and the stage that it leads to, and the rest follows:
#
#	. test/faults/kill.sh
#	in_sandbox "$@"
#	evening() {
#		phase up 'gsp-up toy' running
#		phase down 'gsp-down toy' none
#	}
#	campaign evening fresh
#
# The first time a phase's command runs it is left alone, and writes its steps down itself (see
# test/faults/step.c). From then on each evening kills each phase at the next of its steps, runs
# the same command again, and looks whether all is as if nothing had happened. Evenings follow
# until every step has had its turn.
#
# Every step is tried at its first and at its last occurrence in the command, by turns killed
# alone and with everything that the command had started. Settings:
#	SHARD=I/N	each Nth case from the Ith on; so that N tests share the work
#	OTHERS=N	of the steps of other tools than the phase's own each Nth alone (they have
#			their own phases elsewhere)
#	KILL_SAMPLE=N	of the cases each Nth alone
#	FULL=1		every occurrence of every step, both ways
#	KILL_SECONDS=N	no new evening after N (1200) seconds; what was left out is a skipped test.
#			FULL knows no hurry
#	KILL_ONLY=PHASE, KILL_STEP=REGEX	that phase, or steps like that, alone
#	KILL_KEEP=DIR	the lists of steps and cases are kept there
#	OR_STATUS=N	a command again may end with that, too
#	MAY_GO=1	generations may be gone afterwards
#	AGAIN=COMMAND	another command than the one that was killed
# shellcheck shell=sh

BUILD=${BUILD:-$(pwd)/build}
case $BUILD in */faults) ;; *) BUILD=$BUILD/faults ;; esac
[ -x "$BUILD/gsp-up" ] || { echo "1..0 # SKIP run 'make faults' first" && exit 0; }
SANDBOX_ARGS="--create-time 0ms --boot-time 0ms --shutdown-time 0ms"
. test/integ/lib.sh

LOGS=$T/steps
PHASES=
ROUND=0 H='' GIVEN_UP=''
TRIED=0 LOST=0 ORPHANS=0 WORST=0 MISSED=0
mkdir "$LOGS"

now_ms() { date +%s%3N; }

# ---- the cases of a phase ----

# "tool step" lines -> "mode tool step nth", one for each case, tab-separated
choose() { # choose LOG TOOL
	awk -F'\t' -v OFS='\t' -v full="${FULL:-}" -v like="${KILL_STEP:-}" -v own="$2" \
		-v others="${OTHERS:-1}" -v shard="${SHARD:-1/1}" -v sample="${KILL_SAMPLE:-1}" '
		BEGIN { split(shard, share, "/") }
		like != "" && $0 !~ like { next }
		{ n[$0]++; if (n[$0] == 1) order[++lines] = $0 }
		function add(mode, line, nth) {
			if (cases % share[2] == share[1] - 1 && int(cases / share[2]) % sample == 0)
				print mode, line, nth
			cases++
		}
		END {
			for (i = 1; i <= lines; i++) {
				split(order[i], part, "\t")
				if (full == "" && part[1] != own && other++ % others) continue
				for (k = 1; k <= n[order[i]]; k++) {
					if (full == "" && k != 1 && k != n[order[i]]) continue
					turn++
					if (full != "" || turn % 2) add("tree", order[i], k)
					if (full != "" || turn % 2 == 0) add("alone", order[i], k)
				}
			}
		}' "$1"
}

# ---- what must be true after every command, whatever was killed ----

bad() { # bad TEXT: something is wrong with the case that is under way
	WRONG=$WRONG${WRONG:+; }$*
}

# The number a lost or mixed save would show in, from "count" and both halves of the world.
saved_right() { # saved_right DIR
	[ -f "$1/world/log" ] || return 0
	stops=$(grep -c '^stop ' "$1/world/log")
	[ "$(cat "$1/world/a")" = "$stops" ] && [ "$(cat "$1/world/b")" = "$stops" ]
}

# Generations: both halves are there, none has changed since it was first seen, each is of one
# piece, and nothing half is lying about.
check_history() {
	dir=$H/servers/toy/history
	[ -d "$dir" ] || return 0
	for g in "$dir"/0*; do
		[ -e "$g" ] || continue
		g=${g%.gsp}
		name=${g##*/}
		[ -d "$g" ] && [ -f "$g.gsp" ] || bad "half of generation $name"
		sum=$(cd "$g" && find . -type f -exec sha256sum {} + | sort | sha256sum)
		if [ -f "$H/seen.$name" ]; then
			[ "$(cat "$H/seen.$name")" = "$sum" ] || bad "generation $name has changed"
		else
			printf '%s\n' "$sum" >"$H/seen.$name"
			saved_right "$g" || {
				LOST=$((LOST + 1))
				bad "generation $name is mixed: $(cat "$g/world/a" "$g/world/b" | tr '\n' ' ')"
			}
		fi
	done
	for g in "$H"/seen.*; do
		[ ! -e "$g" ] || [ -n "${MAY_GO:-}" ] || [ -d "$dir/${g##*.}" ] || {
			LOST=$((LOST + 1))
			bad "generation ${g##*.} is gone"
		}
	done
	# shellcheck disable=SC2010
	left=$(ls -A "$dir" | grep -vxE '[0-9]{6}(\.gsp)?|BASE|[a-z.]*lock' | tr '\n' ' ')
	[ -z "$left" ] || bad "left in history/: $left"
}

check_machines() { # check_machines STAGE
	case $1 in none) want=0 ;; *) want=1 ;; esac
	got=$(machines)
	[ "$got" = "$want" ] || {
		[ "$got" -le "$want" ] || ORPHANS=$((ORPHANS + got - want))
		bad "$got machines, not $want"
	}
	got=$(firewalls)
	[ "$got" = "$want" ] || bad "$got firewalls, not $want"
}

check_state() { # check_state STAGE
	state=$H/state/toy
	left=$(find "$H" -name '*.new-*' -o -name '.new*' | tr '\n' ' ')
	[ -z "$left" ] || bad "left behind: $left"
	[ ! -e "$state/lock" ] || flock -n "$state/lock" true || bad "the lock is held: $(cat "$state/lock")"
	got=$(gsp-status --json toy 2>"$T/status.err" | jq -r 'select(.server == "toy").stage')
	[ "$got" = "$1" ] || bad "status says '$got', not '$1' $(tail -n 1 "$T/status.err")"
	case $1 in
	none)
		[ -d "$state" ] || return 0
		left=$(find "$state" -name 'id_ed25519*' -o -name session.json | tr '\n' ' ')
		[ -z "$left" ] || bad "left of the session: $left"
		left=$(grep -rl 'PRIVATE KEY' "$H/state" | tr '\n' ' ')
		[ -z "$left" ] || bad "a private key is left in $left"
		;;
	*)
		# the host key's secret half is the machine's alone from the first contact on
		! grep -q host_key_private "$state/session.json" || bad "the journal still has the host key"
		;;
	esac
}

# The ledger: of every session an intent and a create, and of each that has ended a delete. (A
# torn line is no JSON; the next begins a line of its own.)
ledger_has() { # ledger_has SESSION LINE...
	session=$1
	shift
	for line in "$@"; do
		jq -cR 'fromjson?' "$H/state/ledger.jsonl" | jq -e -s --arg s "$session" --arg w "$line" \
			'map(select(.session == $s and .what == $w)) | length > 0' >/dev/null ||
			bad "the ledger has no $line of session $session"
	done
}
check_ledger() {
	[ ! -f "$H/state/toy/session.json" ] || ledger_has "$(jq -r .session "$H/state/toy/session.json")" intent create
	for s in "$H"/state/toy/ended/*.json; do
		[ -e "$s" ] || continue
		[ "$(jq -r .linode_id "$s")" != 0 ] || continue # nothing was ever bought
		s=${s##*/}
		ledger_has "${s%.json}" intent create delete
	done
}

check() { # check STAGE
	check_machines "$1"
	check_state "$1"
	check_history
	check_ledger
}

# ---- a phase ----

run_it() { # run_it NAME COMMAND: status; its words are in $T/NAME.out and .err
	run_name=$1
	shift
	timeout -k 5 120 "$@" >"$T/$run_name.out" 2>"$T/$run_name.err" </dev/null
}

# The same command again. What was not killed may still be at work then, and says so: that is
# no stale lock. Nobody waits for it for long.
again() { # again COMMAND
	began=$(now_ms)
	tries=0
	while :; do
		# shellcheck disable=SC2086
		run_it again $1
		rc=$?
		tries=$((tries + 1))
		[ $rc = 75 ] && [ "$tries" -lt 20 ] || break
		sleep 0.5
	done
	took=$(($(now_ms) - began))
	[ "$took" -le "$WORST" ] || WORST=$took
	[ $rc = 0 ] || [ "$rc" = "${OR_STATUS:-0}" ] || bad "the same command again ended with $rc"
}

# phase NAME COMMAND STAGE [PROBE]: PROBE is one more check of what the command should have done.
phase() {
	[ -z "$GIVEN_UP" ] || return 0
	ph=$1 cmd=$2 want_stage=$3 probe=${4:-true}
	cases=$LOGS/$ph.cases
	WRONG=
	log=$T/log.$ROUND.$ph
	if [ ! -f "$cases" ]; then
		# shellcheck disable=SC2086
		run_it first env GSP_FAULT_LOG="$log" $cmd || {
			bad "undisturbed it ended with $?"
			cp "$T/first.err" "$T/again.err"
		}
		PHASES="$PHASES $ph"
		mv "$log" "$LOGS/$ph.log"
		choose "$LOGS/$ph.log" "${cmd%% *}" >"$cases"
		case ${KILL_ONLY:-$ph} in "$ph") ;; *) : >"$cases" ;; esac
		wc -l <"$cases" >"$LOGS/$ph.all"
		: >"$LOGS/$ph.tried"
		what="undisturbed"
	elif [ -s "$cases" ]; then
		IFS='	' read -r mode tool step nth <"$cases"
		sed -i 1d "$cases"
		what="killed ($mode) at '$tool: $step', time $nth"
		[ "$mode" = tree ] && tree=GSP_FAULT_TREE=1 || tree=GSP_FAULT_ALONE=1
		# shellcheck disable=SC2086
		run_it first env GSP_FAULT_LOG="$log" GSP_FAULT_KILL="$tool	$step	$nth" $tree $cmd
		rc=$?
		if grep -qx killed "$log"; then
			echo "$what" >>"$LOGS/$ph.tried"
			again "${AGAIN:-$cmd}"
		else # it took another way this time: run to its end, or not a step of this evening
			echo "$what" >>"$LOGS/$ph.missed"
			[ $rc = 0 ] || {
				bad "not killed it ended with $rc"
				cp "$T/first.err" "$T/again.err"
			}
		fi
		rm -f "$log"
	else
		what="not killed"
		# shellcheck disable=SC2086
		run_it again $cmd || bad "not killed it ended with $?"
	fi
	[ -z "${AGAIN:-}" ] || [ -n "$WRONG" ] || run_it again $AGAIN || bad "'$AGAIN' ended with $?"
	check "$want_stage"
	$probe
	[ -n "$WRONG" ] || return 0
	fail "$ph: $what: $WRONG"
	note "round $ROUND; killed run: $(tail -n 3 "$T/first.err")"
	note "again: $(tail -n 4 "$T/again.err")"
	echo "$what" >>"$LOGS/$ph.bad"
	GIVEN_UP=$ph
}

# plain COMMAND [STAGE [PROBE]]: what must be done in an evening and is killed elsewhere.
plain() {
	[ -z "$GIVEN_UP" ] || return 0
	WRONG=
	# shellcheck disable=SC2086
	run_it again $1 || bad "it ended with $?"
	[ -z "${2:-}" ] || check "$2"
	[ -n "$WRONG" ] || ${3:-true}
	[ -n "$WRONG" ] || return 0
	fail "round $ROUND: '$1': $WRONG"
	note "$(tail -n 4 "$T/again.err")"
	GIVEN_UP=$1
}

# ---- evenings ----

# The game appends a line when it starts and when it stops, and writes both halves of its world
# with the number of stops: a save that is lost shows, and one that is mixed.
game() {
	cat >"$H/servers/toy/bootstrap" <<-'EOF'
		#!/bin/sh
		mkdir -p "$GSP_OPT" && cat >"$GSP_OPT/toy.sh.new" <<'SH'
		cd "$GSP_DIR/world" || exit 1
		put() { echo "$1" >"$2.new" && mv "$2.new" "$2"; }
		stop() {
			echo "stop $GSP_SESSION" >>log
			n=$(grep -c '^stop ' log)
			put "$n" a
			put "$n" b
			exit 0
		}
		trap stop TERM
		echo "start $GSP_SESSION" >>log
		while :; do sleep 0.1; done
		SH
		mv "$GSP_OPT/toy.sh.new" "$GSP_OPT/toy.sh"
	EOF
	cat >"$H/servers/toy/start" <<-'EOF'
		#!/bin/sh
		[ ! -f /tmp/toy.pid ] || ! kill -0 "$(cat /tmp/toy.pid)" 2>/dev/null || exit 0
		sh "$GSP_OPT/toy.sh" &
		echo $! >/tmp/toy.pid
	EOF
	sed -i '/^ports:/d' "$H/servers/toy/server.yaml"
	tells_players toy
	mkdir -p "$H/servers/toy/files/world"
	echo 0 >"$H/servers/toy/files/world/a"
	echo 0 >"$H/servers/toy/files/world/b"
	: >"$H/servers/toy/files/world/log"
	cp "$H/servers/toy/files/world/log" "$H/log.before"
}

kill_home() {
	new_home "home$ROUND"
	sed -i "s|^ssh_keys:.*|ssh_keys: [$T/owner.pub]|" "$H/gsp.yaml"
	game
}

edit() { # the owner writes something at home; see edited
	EDIT="edit $ROUND $1"
	echo "$EDIT" >"$H/servers/toy/files/readme"
	mkdir -p "$H/servers/toy/files/mods"
	echo "$EDIT" >"$H/servers/toy/files/mods/m.jar"
}

# probes
edited() {
	[ "$(cat "$H/servers/toy/files/readme")" = "$EDIT" ] || bad "the owner's edit is lost"
	[ "$(cat "$H/servers/toy/files/mods/m.jar")" = "$EDIT" ] || bad "the owner's mod is lost"
}
sent() { # what is edited at home is on the machine
	edited
	[ "$(on cat /srv/toy/readme /srv/toy/mods/m.jar)" = "$EDIT
$EDIT" ] || bad "the machine has not what was edited"
	[ "$(on cat /srv/toy/world/log)" = "$(cat "$H/log.before")" ] || bad "the machine's world is not the last save"
}
plays() { # the game runs once, on the last save
	# between fork and exec of its sleep it looks like two
	until_true 3 on "[ \$(pgrep -fc '^sh /opt/gsp/toy.sh') = 1 ]" ||
		bad "the game runs $(on "pgrep -fc '^sh /opt/gsp/toy.sh'") times"
}
home_again() { # the save that came home is all that was played since the last one
	new=$(tail -n "+$(($(wc -l <"$H/log.before") + 1))" "$H/servers/toy/files/world/log")
	head -n "$(wc -l <"$H/log.before")" "$H/servers/toy/files/world/log" | cmp -s - "$H/log.before" &&
		saved_right "$H/servers/toy/files" &&
		printf '%s\n' "$new" | awk '
			{ if ($1 != (NR % 2 ? "start" : "stop") || (NR > 1 && $2 != s)) exit 1; s = $2 }
			END { exit NR == 0 || NR % 2 }' || {
		LOST=$((LOST + 1))
		bad "the save is not what was played: $(printf %s "$new" | tr '\n' ',')"
	}
	cmp -s "$H/servers/toy/files/world/log" "$(gen "$(newest)")/world/log" ||
		bad "files/ is not the newest generation"
	edited
	cp "$H/servers/toy/files/world/log" "$H/log.before"
}

# A case that went wrong must not spoil the next.
clear_away() {
	api GET /linode/instances | jq -r '.data[].id' | while read -r id; do
		api DELETE "/linode/instances/$id" >/dev/null
	done
	until_true 10 test "$(machines)" = 0
	api GET /networking/firewalls | jq -r '.data[].id' | while read -r id; do
		api DELETE "/networking/firewalls/$id" >/dev/null
	done
}

cases_left() { cat "$LOGS"/*.cases 2>/dev/null | grep -q .; }

# campaign FUNCTION fresh|on: every evening begins with a new home, or goes on with the old one.
campaign() {
	need curl jq ssh-keygen flock
	ssh-keygen -q -t ed25519 -N '' -f "$T/owner"
	: >"$T/again.err"
	began_s=$(date +%s)
	end=$((began_s + ${KILL_SECONDS:-1200}))
	while [ "$ROUND" = 0 ] || cases_left; do
		[ -n "${FULL:-}" ] || [ "$(date +%s)" -lt "$end" ] || break
		ROUND=$((ROUND + 1))
		GIVEN_UP=
		if [ "$2" = fresh ] || [ -z "$H" ]; then
			kill_home
		fi
		"$1"
		if [ -n "$GIVEN_UP" ]; then
			[ "$ROUND" -gt 1 ] || break
			clear_away
			H=
		elif [ "$2" = fresh ]; then
			rm -rf "$H"
		fi
	done
	verdict
}

verdict() {
	for ph in $PHASES; do
		all=$(cat "$LOGS/$ph.all")
		steps=$(wc -l <"$LOGS/$ph.log")
		tried=$(wc -l <"$LOGS/$ph.tried")
		missed=$(cat "$LOGS/$ph.missed" 2>/dev/null | wc -l)
		wrong=$(cat "$LOGS/$ph.bad" 2>/dev/null | wc -l)
		TRIED=$((TRIED + tried))
		MISSED=$((MISSED + missed))
		text="$ph: $steps steps, killed at $tried; $missed did not come up again"
		# how often a machine is asked for its status is no fixed number, and some directories are
		# made in the first evening alone: two may be missed, and a tenth
		[ -z "${KILL_ONLY:-}${KILL_STEP:-}" ] || all=0 missed=0 tried=1
		if [ "$tried" -gt 0 ] && [ "$wrong" = 0 ] && [ $((missed * 10)) -le $((all + 20)) ]; then
			pass "$text"
		else
			fail "$text; $wrong went wrong"
			note "$(cat "$LOGS/$ph.missed" 2>/dev/null)"
		fi
	done
	left=$(cat "$LOGS"/*.cases | wc -l)
	[ "$left" = 0 ] || pass "$left cases were not tried # SKIP out of time after $((end - began_s)) s"
	note "$TRIED cases in $ROUND evenings, slowest recovery $WORST ms"
	case ${SHARD:-1/1} in
	1/*) all=$(cat "$LOGS"/*.log | wc -l) ;;
	*) all=0 ;; # the first one has told
	esac
	[ -z "${FAULT_ROWS:-}" ] || printf 'killed: %s\t%s\t%d\t%d\t%d\t%d\t%d\n' "$FAULT_NAME" "$FAULT_TOOLS" \
		"$TRIED" "$LOST" "$ORPHANS" "$WORST" "$all" >"$FAULT_ROWS/$(basename "$0" .t)"
	[ -z "${KILL_KEEP:-}" ] || cp -r "$LOGS" "$KILL_KEEP"
	finish
}
