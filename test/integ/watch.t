#!/bin/sh
# gsp-watch: passes by an injected clock: what is idle stops and nothing else does, leases end, what
# hangs or is dead delays no other, two at once are one, and who dies in the middle forgets nothing.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq faketime
new_home

# Only the clock of the day is injected; deadlines are the kernel's.
NO_FAKE_STAT=1 FAKE_UTIME=0 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
export NO_FAKE_STAT FAKE_UTIME FAKETIME_DONT_FAKE_MONOTONIC DONT_FAKE_MONOTONIC
then_() { # then_ SECONDS COMMAND...: so much later
	offset=$1
	shift
	faketime -f "+${offset}s" "$@"
}
[ "$(then_ 86400 date +%d)" != "$(date +%d)" ] || skip_all "faketime does nothing here"

# Who plays is a number in a file of the machine; what the players are told is kept in another.
playing() { # playing SERVER
	server "$1"
	printf '#!/bin/sh\n[ ! -e /tmp/slow ] || sleep 2\n[ ! -e /tmp/hang ] || sleep 300\n%s\n' \
		'cat /tmp/players 2>/dev/null || echo 0' >"$H/servers/$1/players"
	printf '#!/bin/sh\nprintf "%%s\\n" "$1" >>/tmp/said\n[ ! -e /tmp/saysleep ] || sleep 60\n' >"$H/servers/$1/say"
	chmod +x "$H/servers/$1/players" "$H/servers/$1/say"
	printf 'idle: {empty: 2m, never_joined: 3m, unknown_alert: 5m}\nlease: {first: 2h, max: 3h}\n' \
		>>"$H/servers/$1/server.yaml"
}
players() { at "$1" sh -c "'echo $2 >/tmp/players'"; }
said() { at "$1" cat /tmp/said 2>/dev/null; }
# look SECONDS [OPTION...] SERVER: one pass so much later; its row is in $T/row
look() {
	look_at=$1
	shift
	then_ "$look_at" gsp-watch --once --json "$@" >"$T/row" 2>"$T/err" </dev/null
}
row() { jq -r "$1" "$T/row"; }
gone() { [ "$(control GET /state | jq --arg l "gsp-$1" '[.machines[] | select(.label == $l)] | length')" = 0 ]; }
mem() { jq -r "$2" "$H/state/$1/watch.json"; }

for s in idle joins lease fails dead hangs twice killed; do
	playing "$s"
	bg "up.$s" gsp-up -q "$s"
done
for s in idle joins lease fails dead hangs twice killed; do
	bg_gives 0 "up $s" "up.$s" 120
done

# ---- nothing to watch ----
gives 0 "a server without a machine" gsp-watch --once toy
is "has no row" "$(cat "$T/out" "$T/err")" ""
gives 69 "an unknown one" gsp-watch --once nosuch
gives 64 "too seldom" gsp-watch --every 10m
gives 0 "a dry run is one pass" timeout 60 gsp-watch --dry-run
gives 64 "two ways at once" gsp-watch --once --session toy

# ---- idle: the clock has to be full, and measured ----
look 0 idle
is "a first look" "$(row '"\(.server) \(.stage) \(.players) \(.idle) \(.stops) \(.decided)"')" "idle running 0 null null null"
look 100 idle
is "a second: the clock goes on" "$(row .idle)" "nobody for 1 of 3 min"
before=$(cat "$H/state/idle/watch.json")
gives 0 "a look that changes nothing" then_ 250 gsp-watch --once --dry-run idle
prints "says when it would stop" "stops in [0-9]+ min .* unless somebody joins"
is "and remembers nothing" "$(cat "$H/state/idle/watch.json")" "$before"
look 200 idle
ok "idle: it is announced for late in the paid hour" sh -c \
	'[ $(($1 - $2)) -gt 1500 ] && [ $(($1 - $2)) -lt 3300 ]' - "$(row '.stops | fromdate')" "$(mem idle .passed)"
is "and nothing stops yet" "$(stage idle)" running
is "'status' knows" "$(then_ 210 gsp-status --json idle | jq -r '[.players, (.stops != null), (.sentence | test("it stops in .* unless somebody joins"))] | map(tostring) | join(" ")')" "0 true true"
look 260 --now idle
look 340 --now idle
ok "--now does not wait for that" grep -q 'goes down' "$T/row"
ok "and it went down" until_true 60 gone idle
ok "by a process of its own" grep -q 'gsp-down .*--actor=watch --if-empty idle' "$H/state/idle/watch.log"
is "its save is home" "$(gsp_field "$(newest idle)" '"\(.kind) \(.actor)"' idle)" "down watch"
look 400 idle
is "then there is nothing to watch" "$(cat "$T/row")" ""

# ---- a join cancels ----
look 0 joins
look 100 joins
look 200 --now joins
ok "announced" test "$(row .stops)" != null
ok "the players were told" sh -c 'printf %s "$1" | grep -q .' - "$(said joins)"
players joins 2
look 270 --now joins
is "somebody joined: cancelled" "$(row '"\(.players) \(.stops)"')" "2 null"
is "it runs" "$(stage joins)" running
at joins sh -c "'echo nonsense >/tmp/players'"
look 400 --now joins
look 1200 --now joins
is "cannot tell is not zero" "$(row .players)" null
ok "and is said" test "$(row .why)" != null
is "for longer than unknown_alert it is told" "$(row '.decided | test("tell")')" true
is "it runs all the same" "$(stage joins)" running
players joins 0
look 1260 --now joins
look 1330 --now joins
look 1400 --now joins
look 1470 --now joins
ok "empty again: it goes down" until_true 60 gone joins

# ---- two at once ----
at twice touch /tmp/slow
look 0 twice
look 100 twice
bg one then_ 200 gsp-watch --once --json --now twice
bg two then_ 200 gsp-watch --once --json --now -v twice
bg_gives 0 "two at once: one" one
n=$(grep -c . "$T/out")
bg_gives 0 "the other" two
is "one of them has looked" "$((n + $(grep -c . "$T/out")))" 1
is "the players were told once" "$(said twice | grep -c .)" 1

# ---- killed between what is remembered and what is done ----
at killed touch /tmp/saysleep
look 0 killed
look 100 killed
bg killed then_ 200 gsp-watch --once --now killed
saying() { [ -n "$(said killed)" ]; }
ok "it tells the players" until_true 20 saying
kill_pass() { # the pass over that server of this home, and what it has started
	for kp in $(pgrep -f "^[^ ]*gsp-watch .*killed" && pgrep -f "^[^ ]*gsp-run .* say killed"); do
		grep -qz "^GSP_HOME=$H\$" "/proc/$kp/environ" 2>/dev/null && kill -9 "$kp"
	done
}
kill_pass
until_true 20 test -e "$T/killed.rc"
at killed rm /tmp/saysleep
look 210 --now killed
is "nothing is said twice" "$(said killed | grep -c .)" 1
is "nor forgotten" "$(row '.stops != null')" true
look 290 --now killed
ok "it goes down" until_true 60 gone killed

# ---- a lease ends, announced, whoever plays ----
players lease 3
look 0 lease
is "the lease's end is shown" "$(row '.lease != null')" true
look 7300 lease
is "one that nobody has announced is not enforced" "$(row .decided | grep -c 'goes down')" 0
ok "but announced" sh -c 'printf %s "$1" | grep -q "gsp lease lease"' - "$(row .decided) $(said lease)"
is "it runs" "$(stage lease)" running
look 7380 lease
ok "a minute later it goes down, with players on" until_true 60 gone lease
ok "as a lease does" grep -qE 'gsp-down .*--even-if-playing --unless-extended=[0-9]+ lease' "$H/state/lease/watch.log"

# ---- somebody's work that never ends keeps it from going down: that is told ----
mem_held() { mem fails '"\(.trouble) \(.decide.down_tries)"'; }
jq -c '.until = "2026-01-01T00:00:00Z"' "$H/state/fails/lease.json" >"$T/lease.json"
cp -p "$H/state/fails/lease.json" "$T/lease.was"
cat "$T/lease.json" >"$H/state/fails/lease.json"
bg hung flock "$H/state/fails/lock" sh -c "echo 'anna: sync up (pid 1)' >'$H/state/fails/lock'; exec sleep 90"
taken() { ! flock -n "$H/state/fails/lock" true; }
until_true 10 taken
for t in 0 70 140 1200; do look "$t" fails; done
is "its time is over, and it is busy" "$(row .decided | grep -c 'would go down, and is busy') $(mem_held)" "1  0"
look 2000 fails
is "for half an hour: somebody is told" "$(mem_held)" "held 0"
is "the stage is what it was" "$(row .stage)" running
pkill -P "$(pgrep -f "flock $H/state/fails/lock" | head -1)" 2>/dev/null
until_true 100 flock -n "$H/state/fails/lock" true
cat "$T/lease.was" >"$H/state/fails/lease.json"
rm -f "$H/state/fails/watch.json"

# ---- a down that fails is begun again ----
cp "$H/servers/fails/stop" "$T/stop"
printf '#!/bin/sh\nexit 3\n' >"$H/servers/fails/stop"
for t in 0 100 200 270; do look "$t" --now fails; done
failed() { grep -q '"step":"all","state":"fail"' "$H/state/fails/progress.jsonl"; }
ok "a down fails" until_true 60 failed
free() { flock -n "$H/state/fails/lock" true; }
until_true 20 free
ok "what it said is kept" grep -q "failed with status 3" "$H/state/fails/watch.log"
is "the machine is there" "$(control GET /state | jq '[.machines[] | select(.label == "gsp-fails")] | length')" 1
cp "$T/stop" "$H/servers/fails/stop"
look 280 --now fails
is "it is not tried at once" "$(mem fails .decide.down_tries)" 1
look 340 --now fails
is "but after a minute" "$(mem fails .decide.down_tries)" 2
ok "and succeeds" until_true 60 gone fails

# ---- one that is dead, one that hangs ----
machine_fault gsp-dead cut
at hangs touch /tmp/hang
server well && gives 0 "one that is well" gsp-up -q well
gsp-watch --once --json >"$T/all" 2>"$T/err" &
all=$!
seen() { jq -e 'select(.server == "well" and .players != null)' "$T/all"; }
ok "is measured while others are not" until_true 20 seen
seen_dead() { jq -e 'select(.server == "dead" and .players == null and .why != null)' "$T/all"; }
ok "one that is dead is said to be" until_true 40 seen_dead
is "in silence on stderr" "$(cat "$T/err")" ""
at hangs pkill sleep # long before its time is over
wait $all
is "the pass succeeds" $? 0
is "the home was seen to be watched" "$(jq '(.pid > 1) and .every_s == 0' "$H/state/watch.json")" true
machine_fault gsp-dead mend

# ---- troubles ----
at hangs rm -f /tmp/hang
machine_fault gsp-hangs gone
look 400 hangs
is "a machine that is gone is lost" "$(row '"\(.stage) \(.decided | test("(^|; )lost$"))"')" "lost true"
look 460 hangs
is "and that is said once" "$(row .decided)" null
at well kill -9 "$(at well cat /tmp/toy.pid)"
look 400 well
is "a game that ended is crashed" "$(row '"\(.stage) \(.decided)"')" "crashed crashed"
playing stalls
gives 0 "a machine, and then nobody" gsp-provision stalls
look 60 stalls
is "is fine for a while" "$(row '"\(.stage) \(.decided)"')" "created null"
look 1900 stalls
is "then it costs in silence" "$(row .decided)" "stalled created"
look 1960 stalls
is "which is said once" "$(row .decided)" null
look 7200 stalls
look 7300 stalls
ok "and ends with its lease" until_true 60 gone stalls

# ---- strays ----
BARE=$(api POST /linode/instances '{"region":"us-ord","type":"g6-nanode-1","label":"nobodys","tags":["gsp"]}' | jq .id)
strays() { jq -r --argjson id "$BARE" '.strays[] | select(.id == $id).told' "$H/state/watch-cloud.json"; }
then_ 1000 gsp-watch --once >/dev/null 2>&1
is "a stray that is seen" "$(strays)" false
then_ 1100 gsp-watch --once >/dev/null 2>&1
is "and seen again is told" "$(strays)" true
LINODE_TOKEN=wrong then_ 2000 gsp-watch --once >/dev/null 2>"$T/err"
is "a token that is refused is no end of a pass" "$?" 0
is "but people are told" "$(jq .failing_told "$H/state/watch-cloud.json")" true

# ---- a live backup ----
playing backs
echo 7 >"$H/servers/backs/files/world/count"
echo 'backup: {every: 10m}' >>"$H/servers/backs/server.yaml"
gives 0 "up" gsp-up -q backs
players backs 1
look 60 backs
is "none is due" "$(row .decided)" null
look 1260 backs
is "one is" "$(row .decided)" "a live copy begins"
live() { [ "$(gsp_field 2 .kind backs 2>/dev/null)" = live ]; }
ok "and is made" until_true 30 live
live || note "$(tail -n 5 "$H/state/backs/watch.log")"

# ---- loops ----
bg loop timeout -s TERM 8 gsp-watch --every 5s backs
bg_gives 124 "a loop ends when it is told to" loop
is "and says what changed alone" "$(grep -c 'backs: running, 1 player$' "$T/out")" 1
finish
