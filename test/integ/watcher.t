#!/bin/sh
# Somebody watches: gsp-up leaves a watch of its session behind unless one of the home is there, says
# who it is, and it ends with the session; service and nobody; the question of gsp-init.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq script setsid

new_home
by() { sed -i "s/^watch:.*/watch: {by: $1}/" "$H/gsp.yaml"; }
watcher() { sed -n 's/.*(pid \([0-9]*\)).*/\1/p' "$H/state/$1/watcher"; }
alive() { kill -0 "$(watcher "$1")" 2>/dev/null && ! flock -n "$H/state/$1/watcher" true; }
dead() { flock -n "$H/state/$1/watcher" true; }
watched() { gsp-status --json "${1:-toy}" 2>/dev/null | jq -r .watched_by; }

# ---- a session's own ----
by session
gives 0 "up" setsid sh -c 'echo $$ >"$1"; exec gsp-up toy' - "$T/sid"
says "says who watches, and what a day costs" "^toy: watched by gsp-watch of this session \(pid [0-9]+\); if this computer sleeps nobody stops it, and a day costs \\\$0\.18"
ok "it outlives gsp-up" alive toy
pid=$(watcher toy)
ok "in a session of its own" test "$(ps -o sid= -p "$pid" | tr -d ' ')" != "$(cat "$T/sid")"
ok "which it does not lead: no terminal becomes its own" test "$(ps -o sid= -p "$pid" | tr -d ' ')" != "$pid"
is "with no place of ours" "$(readlink "/proc/$pid/cwd")" /
ls -l "/proc/$pid/fd" >"$T/fds"
is "and no lock of gsp-up's" "$(grep -c '/toy/lock$' "$T/fds")" 0
is "its words go to a file" "$(readlink "/proc/$pid/fd/2")" "$H/state/toy/watch.log"
ok "status knows it" sh -c 'printf %s "$1" | grep -q "of this session (pid $2)"' - "$(watched)" "$pid"
ok "it looks" until_true 20 test -s "$H/state/toy/watch.json"
gives 0 "up again" gsp-up -q toy
is "leaves it alone" "$(watcher toy)" "$pid"
gives 0 "a second one" timeout 30 gsp-watch --session toy
is "leaves it to the first" "$(watcher toy)" "$pid"
kill -9 "$pid"
until_true 5 dead toy
is "it is killed: nobody watches" "$(watched)" null
script -qec "stty cols 80; gsp-status" /dev/null </dev/null | tr -d '\r' >"$T/out"
prints "which 'status' warns of" "^toy: nobody watches it: it runs, and costs"
is "within 80 columns" "$(awk '{ if (length($0) > 80) n++ } END { print n + 0 }' "$T/out")" 0
gives 0 "up again" gsp-up -q toy
ok "begins another" until_true 10 alive toy
gives 0 "down" gsp-down -q --even-if-playing toy
ok "it ends with the session" until_true 15 dead toy
gives 0 "one for no session" gsp-watch --session toy
gives 69 "or no server" gsp-watch --session nosuch
gives 0 "up, down, up at once" gsp-up -q toy
old=$(watcher toy)
gives 0 "..." gsp-down -q --even-if-playing toy
gives 0 "..." gsp-up toy
says "the new session has its own" "watched by gsp-watch of this session \(pid [0-9]+\)"
ok "another one" test "$(watcher toy)" != "$old"
kill -TERM "$(watcher toy)"
ok "TERM ends it" until_true 10 dead toy

# ---- one of the home ----
gsp-watch --every 5s >"$T/loop.out" 2>&1 &
loop=$!
ok "a watch of the home" until_true 20 test -s "$H/state/watch.json"
server two
gives 0 "up" gsp-up two
says "is who watches" "^two: watched by gsp-watch on '.*', [0-9]+ s ago"
ok "and no other is begun" test ! -e "$H/state/two/watcher"
kill -TERM $loop
wait $loop
is "TERM ends a loop well" $? 0
is "then it watches no more, however short ago it was there" "$(watched two)" null
gives 0 "a pass" gsp-watch --once
ok "that may come from a timer is one" sh -c "[ '$(watched two)' != null ]"
jq -c '.seen -= 400' "$H/state/watch.json" >"$T/j" && cat "$T/j" >"$H/state/watch.json"
is "seen more than five minutes ago, it watches no more" "$(watched two)" null

# ---- a service that is not there; nobody ----
by service
gives 0 "up" gsp-up two
says "a service that was not seen is warned of" "warning: nobody watches it: no 'gsp watch' was seen here in the last 5 minutes.*; until then a day costs \\\$0\.18"
ok "and nothing is begun" test ! -e "$H/state/two/watcher"
by nobody
gives 0 "up" gsp-up two
is "nobody: as the owner wants it" "$(grep -c watch "$T/err")" 0
by somebody
gives 78 "somebody" gsp-status two
says "is no answer" "gsp.yaml:[0-9]+:[0-9]+: .*'somebody': not one of session, service, nobody"
by session

# ---- what it is for has vanished ----
gives 0 "up" gsp-up -q two
ok "a watch" until_true 10 alive two
pid=$(watcher two)
gives 0 "down" gsp-down -q --even-if-playing toy two
gives 0 "up" gsp-up -q two
ok "a watch" until_true 20 alive two
pid=$(watcher two)
mv "$H/gsp.yaml" "$H/gsp.yaml~"
sleep 2.5 # longer than it takes to look again
ok "gsp.yaml is away for a moment, as some editors save it: it goes on" kill -0 "$pid"
mv "$H/gsp.yaml~" "$H/gsp.yaml"
mv "$H" "$T/away"
ended() { ! kill -0 "$pid" 2>/dev/null; }
ok "a home that is gone ends it" until_true 15 ended
mv "$T/away" "$H"

# ---- an up that fails leaves a machine behind ----
server burnt
fault '{"match":{"label":"gsp-burnt"},"fault":"boot-fail","reason":"The host is on fire"}'
if gsp-up -q burnt >"$T/out" 2>"$T/err"; then fail "an up on a host on fire"; else pass "an up on a host on fire"; fi
is "its machine is there, and costs" "$(control GET /state | jq '[.machines[] | select(.label == "gsp-burnt")] | length')" 1
ok "somebody watches it all the same" until_true 10 alive burnt
gives 0 "down" gsp-down -q burnt
ok "until it is gone" until_true 20 dead burnt

# ---- gsp-init asks ----
on_terminal() { # on_terminal ANSWER DIR
	{ sleep 1; printf '%s\n' "$1"; sleep 1; } | LINODE_TOKEN=x script -qec "gsp-init $2" /dev/null | tr -d '\r' >"$T/out"
}
on_terminal y "$T/always/"
prints "it explains the choices" "While the computer sleeps or is off"
prints "and asks" "Is this computer always on"
is "yes: a service" "$(sed -n 's/^watch: //p' "$T/always/gsp.yaml")" "{by: service}"
prints "which it wants to be set up" "gsp-watch\(1\)"
on_terminal n "$T/notebook/"
is "no: the session's own" "$(sed -n 's/^watch: //p' "$T/notebook/gsp.yaml")" "{by: session}"
gives 0 "elsewhere it does not ask" gsp-init "$T/quiet/"
is "and says so in the file" "$(sed -n 's/^watch: //p' "$T/quiet/gsp.yaml")" "{by: session}"
gives 64 "--watch checks" gsp-init --watch me "$T/none/"

# ---- the units ----
if command -v systemd-analyze >/dev/null; then
	mkdir "$T/units"
	for u in "$TOP"/examples/systemd/gsp-watch*.[st]*; do
		sed "s,/usr/local/bin/gsp-watch,$BUILD/gsp-watch,;/^Documentation/d" "$u" >"$T/units/${u##*/}"
	done
	for u in "$T"/units/*; do
		systemd-analyze verify "$u" >"$T/verify" 2>&1
		is "${u##*/} is a good unit" "$? $(grep -F "${u##*/}" "$T/verify")" "0 "
	done
fi
for u in gsp-watch.service gsp-watch-once.service; do
	ok "$u ends no down" grep -qx 'KillMode=process' "$TOP/examples/systemd/$u"
done
finish
