#!/bin/sh
# Who plays counts before a game is stopped: gsp-down and gsp-restart ask on a terminal, refuse
# elsewhere, and never take "cannot tell" for nobody. How long a whole down took is kept.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq python3
new_home

# `players` prints what is in /tmp/players; in /tmp/hang there is something to wait for.
S=$H/servers
server two
for s in toy two; do
	cat >"$S/$s/players" <<-'EOT'
		#!/bin/sh
		while [ -e /tmp/hang ]; do sleep 0.1; done
		cat /tmp/players 2>/dev/null || exit 75
	EOT
	chmod +x "$S/$s/players"
done
playing() { at "${2:-toy}" "echo $1 >/tmp/players"; } # playing NUMBER [SERVER]
nobody_can_tell() { at toy rm -f /tmp/players; }
untouched() { # untouched: the game runs, nothing was begun
	is "... nothing was begun" "$(marker_state toy) $(machines)" "dirty $1"
	ok "... the game lives" at toy 'kill -0 "$(cat /tmp/toy.pid)"'
}

bg two gsp-up -q two
gives 0 "up" gsp-up toy
says "ready says what answered, and where" 'ready: done in .*: the game listens on 7777/tcp, at [0-9.]+:7777'
bg_gives 0 "two as well" two

# ---- off a terminal ----

playing 3
gives 65 "three play: not stopped" gsp-down toy
says "... says who, and the option" \
	"^gsp-down: 3 play on 'toy'; nothing was stopped: 'gsp down toy --even-if-playing' stops it all the same"
untouched 2
gives 65 "... nor by a record" sh -c 'gsp-status --json toy | gsp-down -'
gives 65 "... nor to be started again" gsp-restart toy
says "... says it in its own name" "'gsp restart toy --even-if-playing'"
gives 65 "... --yes says no such thing" gsp-down --yes toy
gives 65 "... nor when it must be empty" gsp-down --if-empty toy
says "... says why" "^gsp-down: 3 play on 'toy'; nothing was stopped"
is "... the watch will know that somebody plays" \
	"$(jq -r '"\(.session) \(now - .met < 60)"' "$H/state/toy/met.json")" "$(jq -r .session "$H/state/toy/session.json") true"
rm "$H/state/toy/met.json"
nobody_can_tell
gives 65 "nobody can tell: not stopped" gsp-down toy
says "... says why, and the option" "gsp-down: cannot tell how many play on 'toy': .*players.*; nothing was stopped: .*--even-if-playing"
gives 75 "... it may be another time" gsp-down --if-empty toy
says "... says why" "cannot tell how many play on .toy.: .*; nothing was stopped \\(--if-empty\\)"
ok "... which is nobody's playing, either" test ! -e "$H/state/toy/met.json"
at toy touch /tmp/hang
began=$(date +%s)
gives 65 "a game that hangs cannot tell" gsp-down toy
took=$(($(date +%s) - began))
ok "... and is not waited for ($took s)" test "$took" -le 12
at toy rm -f /tmp/hang
was=$(gsp-lease --json toy | jq '.until | fromdate')
gives 0 "somebody extends its lease" gsp-lease -q toy +1h
gives 65 "a down that was for the former end" gsp-down --even-if-playing --unless-extended="$was" toy
says "... leaves it alone" "^gsp-down: the lease of 'toy' was extended meanwhile, .*; nothing was stopped"
gives 64 "both options" gsp-down --if-empty --even-if-playing toy
untouched 2
gives 0 "one server is taken down, whatever is said of the other" sh -c \
	'gsp-ssh two "echo 0 >/tmp/players" </dev/null; gsp-down toy two; test $? = 65'
is "... one machine is left" "$(machines)" 1
is "... how long it took is kept" "$(jq -r '"\(.schema) \(.seconds > 0 and .seconds < 60)"' "$H/state/two/down.json")" \
	"gsp.down/1 true"

# ---- on a terminal ----

playing 1
answer n gsp-down toy >"$T/out" 2>&1
is "no is a plain no" $? 1
prints "... one is one" "1 plays on 'toy': stop it\? \[y/N\]"
untouched 1
answer y gsp-restart toy >"$T/out" 2>&1
is "yes is yes: restart" $? 0
is "... it runs" "$(stage toy)" running
answer no gsp-down --even-if-playing toy >"$T/out" 2>&1
is "the option asks nothing: down" $? 0
is "... nothing is left" "$(machines) $(cat "$S/toy/files/world/count")" "0 2"
gives 0 "down again: there is nobody to ask for" gsp-down toy

# ---- what is no question ----

gives 0 "up" gsp-up -q toy
playing 2
sed -i '2i [ -e /tmp/may-stop ] || exit 7' "$S/toy/stop"
rm -f "$H/state/toy/down.json"
gives 7 "stop fails" gsp-down --even-if-playing toy
at toy touch /tmp/may-stop
gives 0 "a down that has begun goes on without a question" gsp-down --if-empty toy
ok "... and its time is not the whole" test ! -e "$H/state/toy/down.json"
sed -i 2d "$S/toy/stop"
bg two gsp-up -q two
gives 0 "up" gsp-up -q toy
bg_gives 0 "up" two
playing 2
at toy 'pkill -KILL -f toy.py'
until_true 10 at toy '! pgrep -f toy.py'
gives 0 "a game that has died: nobody plays" gsp-down -q toy
ok "... its time is none, either" test ! -e "$H/state/toy/down.json"
playing 2 two
gives 0 "the steps of a pipe ask nothing" sh -c 'gsp-run stop two | gsp-sync down - | gsp-teardown -'
is "nothing is left" "$(machines)" 0
finish
