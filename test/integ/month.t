#!/bin/sh
# A month of evenings: real tools against the sandbox, a clock that is injected, players who come
# and go by a script. Nobody is thrown out by an idle stop, every idle stop deletes its machine
# within the paid hour that it aimed at, nothing runs beyond lease or budget unannounced.
#
# Between what happens the clock leaps; a watch comes by every five minutes as from cron, on some
# evenings every minute as well when something is about to end, as a loop does. MONTH_SEED varies when players come and go. `make check` shows the table.
# shellcheck disable=SC2034
SANDBOX_ARGS="--create-time 0ms --boot-time 0ms --shutdown-time 0ms"
. test/integ/lib.sh
in_sandbox "$@"
need curl jq faketime python3
new_home

S=$H/servers
SEED=${MONTH_SEED:-1}
EVERY=300 NEAR=60 NEAR_FOR=900

# ---- the clock ----

FAKE=$(faketime -f +0d sh -c 'echo $LD_PRELOAD')
AHEAD=0
# As in test/faults/clock.t: the day's clock alone, and no file's times.
NO_FAKE_STAT=1 FAKE_UTIME=0 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
export NO_FAKE_STAT FAKE_UTIME FAKETIME_DONT_FAKE_MONOTONIC DONT_FAKE_MONOTONIC
sim() { LD_PRELOAD=$FAKE FAKETIME=+$AHEAD "$@"; } # sim COMMAND...: at the simulated time
now() { echo $(($(date +%s) + AHEAD)); }
clock() { # clock TIME: it is then, or later: it never goes back
	clock_ahead=$(($1 - $(date +%s)))
	[ "$clock_ahead" -gt "$AHEAD" ] || return 0
	AHEAD=$clock_ahead
	control PUT /options "{\"clock_ahead_s\":$AHEAD}" >/dev/null
}
show() { date -u -d "@$1" +%d.%H:%M:%S; }
BEGIN=$(date -u -d "$(date -u +%Y-%m-01) +1 month" +%s)
MONTH=$(date -u -d "@$BEGIN" +%Y-%m)
DAYS=$((($(date -u -d "$MONTH-01 +1 month" +%s) - BEGIN) / 86400))
[ "$(AHEAD=86400 sim date +%d)" != "$(date +%d)" ] || skip_all "faketime does nothing here"

# ---- the servers ----

sed -i 's/^  type: .*/  type: g6-standard-4/' "$H/gsp.yaml"
for s in vanilla modded party; do
	server $s
	sed -i 's/^type: .*/type: g6-standard-4/' "$S/$s/server.yaml"
	cat >"$S/$s/players" <<-'EOT'
		#!/bin/sh
		[ ! -e /tmp/blind ] || exit 75
		cat /tmp/players 2>/dev/null || echo 0
	EOT
	cat >"$S/$s/say" <<-'EOT'
		#!/bin/sh
		printf '%s %s\n' "$GSP_SESSION" "$*" >>"$GSP_DIR/said"
	EOT
	sed -i '2i [ ! -s /tmp/stop-fails ] || { sed -i 1d /tmp/stop-fails; exit 5; }' "$S/$s/stop"
	chmod +x "$S/$s/players" "$S/$s/say"
	: >"$S/$s/files/said"
	echo none >"$T/truth.$s"
done
printf '#!/bin/sh\n[ ! -e /tmp/unwell ]\n' >"$S/vanilla/health"
chmod +x "$S/vanilla/health"
rm -r "$S/toy"
echo 'lease: {first: 1h, max: 3h}' >>"$S/party/server.yaml"

# ---- what happens when ----

# plan TIME WHAT...: what happens then; the file is kept in order
plan() {
	echo "$*" >>"$T/todo"
	sort -n -s -k 1,1 -o "$T/todo" "$T/todo"
}
# "DAY HH:MM WHAT...", and a few minutes later for what people do, as the seed has it
schedule() {
	awk -v begin="$BEGIN" -v seed="$SEED" 'BEGIN { srand(seed) }
		/^#/ || NF == 0 { next }
		{
			split($2, hm, ":")
			t = begin + ($1 - 1) * 86400 + hm[1] * 3600 + hm[2] * 60
			if ($3 == "players") t += int(rand() * 120)
			$1 = ""; $2 = ""; sub(/^ +/, ""); print t, $0
		}' | sort -n -s -k 1,1 >"$T/todo"
}
schedule <<'EOT'
# Passes as cron has them. One server as it should be, one that nobody joins, one of which nobody can
# tell for an hour while somebody plays.
3 19:00 up vanilla modded party
3 19:03 players vanilla 2
3 19:03 players modded 1
3 19:10 blind modded
3 19:12 players vanilla 3
3 19:20 players vanilla 0
3 20:08 players modded 1
3 20:14 players modded 0

# Passes as a loop has them. Somebody who comes back at the last warning but one; a stop that fails;
# a lease that is extended twice.
9 18:00 every-minute yes
9 18:00 up vanilla modded party
9 18:01 players vanilla 1
9 18:01 players modded 4
9 18:02 players party 5
9 18:06 stop-fails modded 1
9 18:12 players vanilla 0
9 18:12 players modded 0
9 18:12 comes-back vanilla 20
9 18:12 extends party 2

# A computer that sleeps, with players on and not.
16 19:00 every-minute no
16 19:00 up vanilla modded
16 19:02 players vanilla 2
16 19:02 players modded 2
16 19:10 sleep 3h
16 21:00 players vanilla 0
16 22:12 players modded 0

# A game that hangs with players on; two short evenings.
22 20:00 every-minute yes
22 20:00 up vanilla modded party
22 20:01 players vanilla 4
22 20:01 players party 2
22 20:01 players modded 1
22 20:07 hangs vanilla
22 20:08 players party 0
22 20:10 players modded 0
22 20:45 recovers vanilla 4
22 20:52 players vanilla 0

# A budget that has two hours left; and one more as it should be.
28 19:00 every-minute no
28 19:00 budget modded 2
28 19:00 up vanilla modded
28 19:02 players modded 2
28 19:02 players vanilla 1
28 19:12 players vanilla 0
EOT

# ---- what is done then ----

AWAKE=0 MINUTES=no CAME_BACK='' BACK_FOR=0 EXTENDS='' EXTENSIONS=0
is_up() { [ -e "$H/state/$1/session.json" ]; }
any_up() { is_up vanilla || is_up modded || is_up party; }
up() {
	sim gsp-watch --once --json >/dev/null 2>&1 # as cron does: somebody watches
	for up_s; do
		bg "up.$up_s" sim gsp-up -q "$up_s"
	done
	for up_s; do
		bg_gives 0 "$(show "$(now)") $up_s comes up" "up.$up_s" 120
		echo 0 >"$T/truth.$up_s"
		SESSIONS=$((SESSIONS + 1))
	done
		NEXT_ALL=$(($(now) + EVERY))
}
players() { # players SERVER NUMBER: if there is a server to play on
	is_up "$1" || return 0
	at "$1" "rm -f /tmp/blind /tmp/unwell; echo $2 >/tmp/players" || fail "$1: no player could join"
	echo "$2" >"$T/truth.$1"
}
blind() { at "$1" touch /tmp/blind && echo "unknown" >"$T/truth.$1"; }
hangs() { at "$1" touch /tmp/blind /tmp/unwell && echo "unknown" >"$T/truth.$1"; }
recovers() { players "$1" "$2"; }
stop_fails() { at "$1" "seq $2 >/tmp/stop-fails; chown game: /tmp/stop-fails"; }
sleeps() { AWAKE=$(($(now) + $1 * 3600)); }
budget() { # budget SERVER HOURS: what this month has cost so far, and as many hours more
	spent=$(sim gsp-cost --month "$MONTH" --server "$1" --by total --json | jq '.usd // 0')
	echo "limits: {monthly_usd: $(jq -n "($spent + $2 * 0.072) * 1000 | round / 1000")}" >>"$S/$1/server.yaml"
}
happen() { # happen WHAT...
	case $1 in
	up) shift && up "$@" ;;
	players) players "$2" "$3" ;;
	blind) blind "$2" ;;
	hangs) hangs "$2" ;;
	recovers) recovers "$2" "$3" ;;
	stop-fails) stop_fails "$2" "$3" ;;
	sleep) sleeps "${2%h}" ;;
	budget) budget "$2" "$3" ;;
	every-minute) MINUTES=$2 ;;
	comes-back) CAME_BACK=$2 BACK_FOR=$3 ;;
	extends) EXTENDS=$2 EXTENSIONS=$3 ;;
	*) fail "what is '$1'?" ;;
	esac
}

# ---- a pass of the watch ----

remembers() { # remembers SERVER MEMBER
	jq -r ".decide.$2 // 0" "$H/state/$1/watch.json" 2>/dev/null || echo 0
}
down_is_over() { # down_is_over SERVER: it is gone, or the last line of its job says that it failed
	! is_up "$1" || { [ -n "$(find "$H/state/$1/progress.jsonl" -newer "$T/pass")" ] &&
		tail -n 1 "$H/state/$1/progress.jsonl" | grep -q '"step":"all"' &&
		flock -n "$H/state/$1/lock" true; }
}
# What came of a pass for one server that it decided to bring down.
goes_down() { # goes_down SERVER SESSION TIME WHY
	hour=$(remembers "$1" idle_hour)
	case $(remembers "$1" down)$(remembers "$1" end_budget) in # enum gsp_decide_down
	1*) kind=idle ;;
	2true) kind=budget ;;
	*) kind=lease ;;
	esac
	until_true 60 down_is_over "$1" || fail "$1: its down has no end"
	jq -nc --arg server "$1" --argjson t "$3" --arg why "$4" --arg truth "$(cat "$T/truth.$1")" \
		--argjson hour "$hour" --arg session "$2" --arg kind $kind --argjson gone "$(is_up "$1" && echo false || echo true)" \
		'{$server, $t, $kind, $why, $truth, $hour, $session, $gone}' >>"$T/downs"
	is_up "$1" || echo none >"$T/truth.$1"
}
react() { # what people do who read what is announced
	if [ -n "$CAME_BACK" ] && [ "$(remembers "$CAME_BACK" idle_left)" = 5 ]; then
		players "$CAME_BACK" 1
		plan $(($(now) + BACK_FOR * 60)) players "$CAME_BACK" 0
		CAME_BACK=
	fi
	if [ "$EXTENSIONS" -gt 0 ] && [ "$(remembers "$EXTENDS" end_left)" -le 10 ] &&
		[ "$(remembers "$EXTENDS" end_left)" -gt 0 ]; then
		gives 0 "$(show "$(now)") $EXTENDS is extended" sim gsp-lease "$EXTENDS" +30m
		EXTENSIONS=$((EXTENSIONS - 1))
	fi
}
come_by() { # come_by [SERVER...]: one pass
	: >"$T/pass"
	PASSES=$((PASSES + 1))
	t=$(now)
	sim gsp-watch --once --json "$@" >"$T/rows" 2>"$T/watch.err" </dev/null ||
		fail "$(show "$t") a pass failed: $(head -n 3 "$T/watch.err")"
	jq -c --argjson t "$t" '. + {$t}' "$T/rows" >>"$T/passes"
	jq -r 'select(.decided != null and (.decided | test("goes down: "))) | "\(.server) \(.session) \(.decided)"' \
		"$T/rows" >"$T/going"
	while read -r going sid why; do
		goes_down "$going" "$sid" "$t" "$why"
	done <"$T/going"
	react
	[ $# -gt 0 ] || NEXT_ALL=$((t + EVERY))
	[ "$NEXT_ALL" -ge "$AWAKE" ] || NEXT_ALL=$AWAKE
	near "$t"
}
# Those that are to end soon; a loop comes to them before cron does.
near() { # near TIME
	NEAR_ONES='' NEXT_NEAR=$((NEXT_ALL + 1))
	[ "$MINUTES" = yes ] || return 0
	for near_s in vanilla modded party; do
		is_up "$near_s" && NEAR_ONES="$NEAR_ONES$(jq -sr --arg s "$near_s" --argjson t "$1" \
			--argjson within $NEAR_FOR 'map(select(.server == $s)) | last // {} | [.stops, .lease] |
			map(select(. != null) | fromdate - $t) | if any(. < $within) then " \($s)" else "" end' \
			<<-EOT
			$(tail -n 8 "$T/passes")
			EOT
		)"
	done
	[ -z "$NEAR_ONES" ] || NEXT_NEAR=$(($1 + NEAR))
}

# ---- the month ----

SESSIONS=0 PASSES=0 NEXT_ALL=0 NEXT_NEAR=1 NEAR_ONES=''
: >"$T/downs"
: >"$T/passes"
began=$(date +%s)
while [ -s "$T/todo" ] || any_up; do
	when='' what=''
	[ ! -s "$T/todo" ] || read -r when what <"$T/todo"
	next=$NEXT_ALL
	[ "$NEXT_NEAR" -gt "$next" ] || next=$NEXT_NEAR
	if [ -n "$when" ] && { ! any_up || [ "$when" -le "$next" ]; }; then
		sed -i 1d "$T/todo"
		clock "$when"
		# shellcheck disable=SC2086
		happen $what
	elif [ "$next" -lt "$NEXT_ALL" ]; then
		clock "$next"
		# shellcheck disable=SC2086
		come_by $NEAR_ONES
	else
		clock "$next"
		come_by
	fi
	[ "$(date +%s)" -lt $((began + ${MONTH_SECONDS:-800})) ] || {
		fail "the month takes too long: it is $(show "$(now)")"
		break
	}
done
took=$(($(date +%s) - began))

# ---- what came of it ----

deletes=$T/deletes
jq -cR 'fromjson? | select(.what == "delete")' "$H/state/ledger.jsonl" |
	jq -sc 'group_by(.session) | map(last) | .[]' >"$deletes"
count_of() { jq -s "$1" "$T/downs"; }
idle_downs='map(select(.kind == "idle"))'
is "everything that came up went down" "$(grep -c . "$deletes")" "$SESSIONS"
is "nothing is left" "$(machines)" 0
thrown=$(count_of "$idle_downs | map(select(.truth != \"0\" and .gone)) | length")
is "no idle stop while a player was on, or nobody could tell" "$thrown" 0
begun=$(count_of "$idle_downs | map(select(.truth != \"0\")) | length")
is "... none was even begun" "$begun" 0
# of the idle downs: those that the ledger has as deleted in the hour that was aimed at
jq -sc --slurpfile d "$deletes" "$idle_downs"' | map(select(.gone)) | map(. as $down |
	($d[] | select(.session == $down.session)) as $l | ($l.ended // $l.time | fromdate) as $ended |
	. + {ended: $ended, created: ($l.created | fromdate), hours: $l.hours,
	aimed: ((.hour - ($l.created | fromdate)) / 3600), hit: ($ended > .hour - 3600 and $ended <= .hour)})' \
	"$T/downs" >"$T/idle"
idle=$(jq length "$T/idle")
hit=$(jq 'map(select(.hit)) | length' "$T/idle")
ok "there were idle stops ($idle)" test "$idle" -ge 8
is "every idle stop deleted within the hour that it aimed at" "$hit" "$idle"
is "... and is billed for no hour more" "$(jq 'map(select(.hours == .aimed)) | length' "$T/idle")" "$idle"
[ "$hit" = "$idle" ] || note "$(jq -c '.[] | select(.hit | not)' "$T/idle")"
# the ends by lease and budget: told a minute before at least, and carried out
jq -sc 'map(select(.kind != "idle"))' "$T/downs" >"$T/ends"
ends=$(jq length "$T/ends")
told=0
for e in $(jq -r '.[].session' "$T/ends"); do
	first=$(jq -s --arg s "$e" '[.[] | select(.session == $s and .decided != null and
		(.decided | test("lease|budget")) and (.decided | test("goes down") | not)).t] | min // 0' "$T/passes")
	down=$(jq --arg s "$e" '[.[] | select(.session == $s).t] | min' "$T/ends")
	said=$(grep -c "^$e .*" "$S"/*/files/said | awk -F: '{ n += $2 } END { print n }')
	[ "$first" -gt 0 ] && [ $((down - first)) -ge 60 ] && [ "$said" -gt 0 ] && told=$((told + 1))
done
is "every end by lease or budget was announced" "$told" "$ends"
is "... both there were" "$(jq -r '[.[].kind] | unique | join(" ")' "$T/ends")" "budget lease"
late=$(jq -s --slurpfile d "$deletes" '[group_by(.session)[] | last | select(.lease != null) | . as $p |
	($d[] | select(.session == $p.session)) as $l | select(($l.ended // $l.time | fromdate) > ($p.lease | fromdate) + 300)] | length' "$T/passes")
is "nothing ran on beyond its lease" "$late" 0

limit=$(sed -n 's/^limits: {monthly_usd: \(.*\)}/\1/p' "$S/modded/server.yaml")
is "nothing cost more than its budget" \
	"$(sim gsp-cost --month "$MONTH" --server modded --by total --json | jq ".usd <= $limit + 0.000001")" true
note "seed $SEED, $PASSES passes in $took s"
tell() { printf '#| %s\n' "$*"; }
tell "A month of evenings, simulated ($MONTH, seed $SEED; $PASSES passes of the watch in $took s):"
sim gsp-cost --month "$MONTH" --by total --json >"$T/cost" 2>"$T/err"
cost() { jq -r "$1" "$T/cost"; }
tell "  evenings, of three servers                 $SESSIONS"
tell "  idle stops                                 $idle"
tell "  ... begun while a player was on, or might  $begun"
tell "  ... deleted within the hour aimed at       $hit of $idle"
tell "  ends by lease or budget, announced         $told of $ends"
tell "  machines beyond their lease                $late"
tell "  hours billed, of always on                 $(cost '.hours') of $((3 * 24 * DAYS))"
tell "  dollars, of always on                      $(cost '.usd * 100 | round / 100') of $(cost '.always_on_usd * 100 | round / 100')"
finish
