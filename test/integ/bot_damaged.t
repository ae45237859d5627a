#!/bin/sh
# Jobs of earlier runs of gsp-bot whose job.json nobody can read: as after a power cut, or on a disk that
# fails. They are said in the log, they are never begun, and they do not stay for ever.
. test/integ/lib.sh
in_sandbox "$@"
need jq python3 flock
new_home
. test/integ/bot_half.sh
rules <<-EOF
	- {role: "31", can: operate}
EOF
JOBS=$H/state/discord/jobs

lost() { # lost ID TEXT: a job of an earlier run, with that as its job.json
	mkdir -p "$(job "$1")"
	printf '%s' "$2" >"$(job "$1")/job.json"
}
days_ago() { touch -d "$1 days ago" "$(job "$2")" "$(job "$2")"/*; }
restart() { kill -TERM "$BOT"; wait "$BOT"; start_bot; say '{"kind":"ready","app":"5","user":"6"}'; }
logged() { grep "job $1: " "$T/bot.err" | grep -qF "cannot be told"; }

lost 101 ''
lost 102 '{"kind":"beg'
lost 103 '{"kind":"begin","interaction":"102"}'
lost 104 ''
: >"$(job 104)/started"
(flock 8 && exec sleep 600) 8>"$(job 104)/lock" & # its runner lives
RUNNER=$!
trap 'kill -9 $RUNNER $BOT 2>/dev/null; exec 9>&-; cleanup' EXIT
until_true 10 sh -c '! flock -n "$1" true' - "$(job 104)/lock"
for id in 101 102 103 104; do days_ago 9 $id; done
start_bot
say '{"kind":"ready","app":"5","user":"6"}'
for id in 101 102 103 104; do
	ok "$id: the log says that nobody is told" until_true 10 logged $id
done
is "an end for each that nobody runs" "$(cd "$JOBS" && ls -d ./*/end.json | tr -d '\n')" \
	./101/end.json./102/end.json./103/end.json
is "which says that nothing was begun" "$(jq -r .why "$(job 101)/end.json" | grep -c 'nothing was started')" 1
ID_=102 SAME=1
ask up toy && refused "the same event again starts nothing" "asked already"
SAME=
days_ago 2 101
restart
is "a day after its end it goes; the others stay" "$(cd "$JOBS" && echo *)" "102 103 104"
ok "what somebody runs has no end" [ ! -e "$(job 104)/end.json" ]
kill "$RUNNER"; wait "$RUNNER" 2>/dev/null
until_true 10 flock -n "$(job 104)/lock" true
restart
is "its runner was killed" "$(jq -r .why "$(job 104)/end.json" | grep -c 'was killed')" 1
for id in 102 103 104; do days_ago 2 $id; done
restart
is "in the end nothing is left" "$(cd "$JOBS" && echo *)" "*"
is "no machine" "$(machines)" 0
finish
