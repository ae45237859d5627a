#!/bin/sh
# Every tool, interrupted again and again: at its first line of progress, then at the second of
# the next run, and so on, until a run gets through. Each chain has a server and a signal of its
# own. After each signal: the process ended by it, one line "all", no process left, the lock free;
# at the end of a chain what the tool is for is true, with one machine, or none, and every save.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq python3 flock
new_home

S=$H/servers
FAULT_ROWS=${FAULT_ROWS:-}

# tally SERVER TOOL FAULT FIELD VALUE: what a chain has to report, a line each
tally() { printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$5" >>"$T/tally.$1"; }
wrong() { # wrong SERVER TEXT
	printf '%s\n' "$2" >>"$T/wrong.$1"
}
lock_free() { [ ! -e "$H/state/$1/lock" ] || flock -n "$H/state/$1/lock" true; }
no_transfer() { ! at "$1" pgrep -x rsync; }
labelled() { control GET /state | jq --arg l "gsp-$1" '[.machines[] | select(.label == $l)] | length'; }

check_hit() { # check_hit SERVER NUMBER AGAIN TEXT ANSWER
	status=$(jq .status <<-EOT
		$5
	EOT
	)
	alls=$(printf '%s' "$5" | jq -r '.alls | join(",")')
	left=$(printf '%s' "$5" | jq -r '.left | join(", ")')
	case $status:$alls in
	"$((128 + $2)):$1 fail") ;;
	"0:$1 done") ;; # it came when all was done
	"130:$1 done") [ -n "$3" ] || wrong "$1" "$4: ended by a signal that came after 'done'" ;;
	"130:") [ -n "$3" ] || wrong "$1" "$4: no line of 'all'" ;; # at once: nothing more is said
	*) wrong "$1" "$4: status $status, all: '$alls'" ;;
	esac
	[ -z "$left" ] || wrong "$1" "$4: left: $left"
	lock_free "$1" || wrong "$1" "$4: the lock is held"
}

# chain SERVER FAULT "SIGNAL_AT OPTIONS" COMMAND...: as said above; each line as often as there are
# delays in LATE (milliseconds)
chain() {
	c_server=$1 c_fault=$2 c_opts=$3
	shift 3
	number=2 again=
	case $c_opts in *'signal TERM'*) number=15 ;; *'signal HUP'*) number=1 ;; esac
	case $c_opts in *again*) again=1 ;; esac
	k=1 hits=0 lates=
	while [ $k -lt 60 ]; do
		lates=${lates:-$LATE}
		late=${lates%% *} lates=${lates#"${lates%% *}"} lates=${lates# }
		began=$(date +%s%3N)
		# shellcheck disable=SC2086
		answer=$(test/signal_at --at $k --late "$late" $c_opts -- "$@")
		if [ "$(printf '%s' "$answer" | jq .hit)" = false ]; then
			[ "$(printf '%s' "$answer" | jq .status)" = 0 ] ||
				wrong "$c_server" "$* after $hits signals: $answer"
			break
		fi
		hits=$((hits + 1))
		check_hit "$c_server" $number "$again" "$* at line $k, $c_fault" "$answer"
		case $* in
		*sync* | gsp-up* | gsp-down* | *restart*)
			[ "$(labelled "$c_server")" = 0 ] || until_true 10 no_transfer "$c_server" ||
				wrong "$c_server" "$* at line $k, $c_fault: a transfer goes on there" ;;
		esac
		[ -n "$lates" ] || k=$((k + 1))
	done
	[ $k -lt 60 ] || wrong "$c_server" "$*, $c_fault: never got through"
	tally "$c_server" "$1" "$c_fault" "$hits" $(($(date +%s%3N) - began))
}

played() { at "$1" "echo $2 >/srv/toy/world/mark && chown game: /srv/toy/world/mark"; }
# ended SERVER MARK: nothing of it costs any more, and the save is home
ended() {
	[ "$(labelled "$1")" = 0 ] || tally "$1" machine orphan orphan 1
	[ "$(cat "$S/$1/files/world/mark" "$(gen "$(newest "$1")" "$1")/world/mark" 2>&1 | tr '\n' ' ')" = "$2 $2 " ] ||
		tally "$1" save lost lost 1
}

whole() { # whole SERVER FAULT OPTIONS: gsp-up and gsp-down
	chain "$1" "$2" "$3" gsp-up "$1"
	[ "$(stage "$1")" = running ] || wrong "$1" "gsp-up: $(stage "$1")"
	[ "$(labelled "$1")" = 1 ] || wrong "$1" "gsp-up: $(labelled "$1") machines"
	played "$1" whole
	chain "$1" "$2" "$3" gsp-down "$1"
	ended "$1" whole
}

steps() { # steps SERVER FAULT OPTIONS: each tool by itself
	chain "$1" "$2" "$3" gsp-provision "$1"
	[ "$(labelled "$1")" = 1 ] || wrong "$1" "gsp-provision: $(labelled "$1") machines"
	chain "$1" "$2" "$3" gsp-run bootstrap "$1"
	chain "$1" "$2" "$3" gsp-sync up "$1"
	chain "$1" "$2" "$3" gsp-run start "$1"
	until_true 20 test "$(stage "$1")" = running || wrong "$1" "gsp-run start: $(stage "$1")"
	played "$1" steps
	echo edited >"$S/$1/files/readme"
	chain "$1" "$2" "$3" gsp-restart "$1"
	[ "$(at "$1" cat /srv/toy/readme)" = edited ] || wrong "$1" "gsp-restart: the edit was not sent"
	chain "$1" "$2" "$3" gsp-run stop "$1"
	chain "$1" "$2" "$3" gsp-sync down "$1"
	chain "$1" "$2" "$3" gsp-teardown "$1"
	ended "$1" steps
}

for s in ai at ag aq ap si st sh; do
	server $s
	head -c 20000000 /dev/urandom >"$S/$s/files/world/level"
done
begin() { # begin NAME COMMAND...
	: >"$T/wrong.$1"
	: >"$T/tally.$1"
	name=$1
	shift
	bg "$name" "$@"
}
LATE='0 70 200' begin ai whole ai 'SIGINT' '--signal INT'
LATE='40' begin si steps si 'SIGINT' '--signal INT'
bg_gives 0 "gsp-up and gsp-down, SIGINT" ai 300
LATE='20 120' begin at whole at 'SIGTERM' '--signal TERM'
bg_gives 0 "each tool by itself, SIGINT" si 300
LATE='0 90' begin st steps st 'SIGTERM' '--signal TERM'
bg_gives 0 "gsp-up and gsp-down, SIGTERM" at 300
LATE='60' begin ag whole ag '^C, as a terminal sends it' '--signal INT --to group'
bg_gives 0 "each tool by itself, SIGTERM" st 300
LATE='10' begin sh steps sh 'SIGHUP' '--signal HUP --to group'
bg_gives 0 "gsp-up and gsp-down, ^C" ag 300
LATE='0' begin aq whole aq 'SIGINT twice' '--signal INT --again 30'
bg_gives 0 "each tool by itself, SIGHUP" sh 300
LATE='30' begin ap whole ap '^C^C on a terminal' '--to pty --again 5'
bg_gives 0 "gsp-up and gsp-down, SIGINT twice" aq 300
bg_gives 0 "gsp-up and gsp-down, ^C^C on a terminal" ap 300

for s in ai at ag aq ap si st sh; do
	is "$s: each signal ended it, once, with nothing left" "$(cat "$T/wrong.$s")" ""
	is "$s: no save lost, no machine left" "$(grep -c 'orphan\|lost' "$T/tally.$s")" 0
	ok "$s: it was interrupted" awk -F'\t' '{ n += $4 } END { exit !(n > 10) }' "$T/tally.$s"
done
is "no machine, no firewall is left" "$(machines) $(firewalls)" "0 0"

# For the table: by fault and tool.
cat "$T"/tally.* | awk -F'\t' '
	$2 == "machine" { orphans[$1]++; next }
	$2 == "save" { lost[$1]++; next }
	{ k = $3 "\t" $2; n[k] += $4; if ($5 > ms[k]) ms[k] = $5; who[k] = $1 }
	END { for (k in n) print k "\t" n[k] "\t" lost[who[k]] + 0 "\t" orphans[who[k]] + 0 "\t" ms[k] }' |
	sort >"$T/rows"
[ -z "$FAULT_ROWS" ] || cat "$T/rows" >>"$FAULT_ROWS/signals"
note "$(cat "$T/rows")"
finish
