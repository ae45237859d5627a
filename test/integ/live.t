#!/bin/sh
# Copies beside a running game: `gsp sync down --live`, its scripts freeze and thaw, what is due
# when, copies cut off at every step, and a lost machine that is gone on from one.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq rsync
new_home

S=$H/servers
sid() { jq -r .session "$H/state/$1/session.json"; }
for s in calm busy ice gone; do
	server "$s"
	head -c 50000 /dev/urandom >"$S/$s/files/world/level"
	mkdir -p "$S/$s/files/mods" && echo jar >"$S/$s/files/mods/a.jar"
done
# ice: writes without a pause, but not while it is frozen
cat >>"$S/ice/start" <<-'EOT'
	(while :; do
		until [ -e /tmp/ice.frozen ] && : >/tmp/ice.still; do
			rm -f /tmp/ice.still
			date +%N >"$GSP_DIR/world/clock"
			sleep 0.01
		done
		sleep 0.01
	done) &
	echo $! >/tmp/ice.pid
EOT
sed -i '2i kill "$(cat /tmp/ice.pid)"; echo "$(cat /tmp/ice.said)" >"$GSP_DIR/world/at-stop"' "$S/ice/stop"
cat >"$S/ice/freeze" <<-'EOT'
	#!/bin/sh
	echo freeze >>/tmp/ice.said
	[ ! -e /tmp/ice.slow ] || sleep 2
	touch /tmp/ice.frozen
	[ ! -e /tmp/ice.fails ] || exit 9
	until [ -e /tmp/ice.still ]; do sleep 0.01; done
EOT
cat >"$S/ice/thaw" <<-'EOT'
	#!/bin/sh
	echo thaw >>/tmp/ice.said
	[ ! -e /tmp/ice.stuck ] || exit 8
	rm -f /tmp/ice.frozen
EOT
chmod +x "$S/ice/freeze" "$S/ice/thaw"
for s in gone calm; do
	sed -i '$a backup: {every: 1h}' "$S/$s/server.yaml"
done
# busy: writes all the time, and makes and removes files
cat >>"$S/busy/start" <<-'EOT'
	(i=0; while :; do
		i=$((i + 1))
		echo $i >"$GSP_DIR/world/count.log"
		echo $i >"$GSP_DIR/world/tmp.$i"
		rm -f "$GSP_DIR/world/tmp.$((i - 1))"
		sleep 0.005
	done) &
	echo $! >/tmp/busy.pid
EOT
sed -i '2i kill "$(cat /tmp/busy.pid)"' "$S/busy/stop"
for s in toy calm busy ice gone; do
	bg "up.$s" gsp-up -q "$s"
done
for s in toy calm busy ice gone; do
	bg_gives 0 "up $s" "up.$s" 90
done

# ---- a game that keeps still ----
at calm sh -c "'head -c 40000 /dev/urandom >/srv/toy/world/region && chown game: /srv/toy/world/region'"
before=$(marker calm)
gives 0 "a live copy" gsp-sync down --live --actor cron calm
prints "prints the record of a server that runs" '"stage":"running"'
is "is a generation of its own kind" "$(gsp_field 2 '"\(.kind) \(.parent) \(.actor) \(.moving)"' calm)" "live 1 cron 0"
ok "with the game's files" sh -c 'test $(stat -c %s "$1/world/region") = 40000' - "$(gen 2 calm)"
is "and the push paths" "$(cat "$(gen 2 calm)/mods/a.jar")" jar
is "what did not change is one file" "$(stat -c %i "$(gen 1 calm)/world/level")" "$(stat -c %i "$(gen 2 calm)/world/level")"
is "the marker is as before" "$(marker calm)" "$before"
is "files/ as well" "$(cat "$S/calm/history/BASE") $(ls "$S/calm/files/world")" "1 level"
is "nothing is left over" "$(find "$S/calm/history" -maxdepth 1 -name '.*' | wc -l)" 0
is "the game goes on" "$(stage calm)" running

# ---- a later one, and the down after it ----
at calm sh -c "'echo two >/srv/toy/world/two && chown game: /srv/toy/world/two'"
gives 0 "another one" gsp-sync -q down --live calm
is "has the same parent" "$(gsp_field 3 '"\(.kind) \(.parent)"' calm)" "live 1"
is "and shares what the first had" "$(stat -c %i "$(gen 2 calm)/world/region")" "$(stat -c %i "$(gen 3 calm)/world/region")"
gives 65 "a live copy permits no teardown" gsp-teardown calm
set_marker calm 's/"state":"dirty"/"state":"saved"/;s/"saved":0/"saved":3/'
gives 65 "not even when the marker names it" gsp-teardown calm
says "which says why" "no save that was proven"
set_marker calm 's/"state":"saved"/"state":"dirty"/;s/"saved":3/"saved":0/'
at calm mv /srv/toy/world /srv/toy/world.away
at calm mkdir /srv/toy/world
gives 65 "an empty world is suspect here, too" gsp-sync down --live calm
says "against which generation" "against generation 1: .*'world' holds no file .before: .* in 1 file.; look"
says "and how to take it" "gsp sync down --live calm --accept"
is "nothing came of it" "$(newest calm)" 3
gives 0 "accepted" gsp-sync down --live --accept calm
is "is noted with the reasons" "$(gsp_field 4 '"\(.accepted) \(.suspect)"' calm | cut -d: -f1)" "true the save path 'world' holds no file (before"
at calm rm -r /srv/toy/world
at calm mv /srv/toy/world.away /srv/toy/world
gives 0 "one more" gsp-sync -q down --live calm
gives 0 "down" gsp-down -q calm
is "is made from what was sent up" "$(gsp_field 6 '"\(.kind) \(.parent)"' calm)" "down 1"
is "and has the true world" "$(cat "$(gen 6 calm)/world/two" "$S/calm/files/world/two" | tr '\n' ' ')" "two two "
is "sharing what the live copies had" "$(stat -c %i "$(gen 5 calm)/world/region")" "$(stat -c %i "$(gen 6 calm)/world/region")"
gives 0 "up again" gsp-up -q calm
is "goes on from the down, not from a copy" "$(jq .base "$H/state/calm/session.json")" 6

# ---- a game that never keeps still ----
gives 0 "a copy of a busy game" gsp-sync down --live busy
says "says what was moving" "went on changing while generation 2 was copied"
moving=$(gsp_field 2 .moving busy)
ok "counted in it" test "$moving" -ge 1
ok "and named" sh -c 'printf %s "$1" | grep -q world/' - "$(gsp_field 2 '.moving_paths | join(" ")' busy)"
gsp_sum() { # the checksum in the list of a generation
	sed -n "s,^f [0-9]* [0-9]* [^ ]* \([^ ]*\) $2\$,\1,p" "$(gen "$1" busy).gsp"
}
is "the list is of what is here" "$(gsp_sum 2 world/count.log)" \
	"$(rsync -n -c --checksum-choice=xxh128 --out-format='%C' "$(gen 2 busy)/world/count.log" "$T/nowhere/" | tr -d ' ')"
gives 0 "its list shows it" gsp-saves list --json busy
is "as moving" "$(jq -r 'select(.generation == 2).moving' "$T/out")" "$moving"

# ---- freeze and thaw ----
said() { at ice cat /tmp/ice.said | tr '\n' ' '; }
quiet() { at ice sh -c "': >/tmp/ice.said; rm -f /tmp/ice.fails /tmp/ice.slow /tmp/ice.stuck'"; }
thawed() { at ice sh -c "'! test -e /tmp/ice.frozen'" && test ! -e "$H/state/ice/frozen"; }
gives 0 "a frozen copy" gsp-sync down --live ice
is "nothing moved in it" "$(gsp_field 2 .moving ice)" 0
is "freeze, then thaw" "$(said)" "freeze thaw "
ok "it goes on" thawed
quiet
at ice touch /tmp/ice.fails
gives 75 "freeze fails half way" gsp-sync down --live ice
says "said" "'freeze' of 'ice' failed with status 9"
is "thaw comes all the same" "$(said)" "freeze thaw "
ok "it goes on" thawed
is "nothing was copied" "$(newest ice)" 2
quiet
at ice mv /srv/toy/world/level /srv/toy/level.away
at ice sh -c "'echo >/srv/toy/world/level'"
gives 65 "a suspect copy" gsp-sync down --live ice
is "thaw comes all the same" "$(said)" "freeze thaw "
at ice mv /srv/toy/level.away /srv/toy/world/level
quiet
at ice touch /tmp/ice.slow
bg sig gsp-sync down --live ice
until_true 20 test -e "$H/state/ice/frozen"
until_true 20 at ice grep -q freeze /tmp/ice.said
kill -TERM "$(sed -n 's/.*pid \([0-9]*\).*/\1/p' "$H/state/ice/lock")"
bg_gives 143 "a signal while freeze runs" sig
is "thaw comes after freeze has ended" "$(said)" "freeze thaw "
ok "it goes on" thawed
quiet
at ice touch /tmp/ice.slow
bg kill9 gsp-sync down --live ice
until_true 20 at ice grep -q freeze /tmp/ice.said
kill -KILL "$(sed -n 's/.*pid \([0-9]*\).*/\1/p' "$H/state/ice/lock")"
bg_gives 137 "killed while freeze runs" kill9
ok "that the game is frozen is known" test "$(cat "$H/state/ice/frozen")" = "$(sid ice)"
gives 0 "the timer's next look" gsp-sync down --live --if-due ice
ok "thaws at once" thawed
is "and makes its copy" "$(said)" "freeze thaw freeze thaw "
quiet
at ice touch /tmp/ice.stuck
n=$(newest ice)
gives 75 "thaw fails" gsp-sync down --live ice
says "says what to do" "generation $((n + 1)) is a live copy, but .* may still be frozen; run 'gsp run thaw ice'"
is "the copy is kept" "$(gsp_field $((n + 1)) .kind ice)" live
gsp-status --json ice >"$T/out" 2>/dev/null
is "status says it, too" "$(jq -r .next "$T/out")" "gsp run thaw ice"
prints "and why" "froze the game and may not have thawed it; the game answered"
quiet
gives 0 "thaw by hand" gsp-run -q thaw ice
ok "is remembered" thawed
is "status has nothing more to say" "$(gsp-status --json ice 2>/dev/null | jq -r .next)" "gsp down ice"
mv "$S/ice/thaw" "$S/ice/no-thaw"
gives 78 "freeze without thaw is a mistake" gsp-sync down --live ice
mv "$S/ice/no-thaw" "$S/ice/thaw"
quiet
at ice install -o game /dev/null /tmp/ice.frozen
gives 0 "stop thaws first, whoever froze it" gsp-down -q ice
is "before the script runs" "$(cat "$S/ice/files/world/at-stop")" thaw

# ---- what is due when ----
live_of() { gsp-saves list --json "$1" | jq -r 'select(.kind == "live").generation' | wc -l; }
back_date() { # back_date SERVER MINUTES: its newest generation
	g=$(gen "$(newest "$1")" "$1").gsp
	then=$(date -u -d "-$2 min" +%Y-%m-%dT%H:%M:%SZ)
	sed -i "1s/\"time\":\"[^\"]*\"/\"time\":\"$then\"/" "$g"
}
started() { # started SERVER MINUTES: so long ago
	jq -c ".since = \"$(date -u -d "-$2 min" +%Y-%m-%dT%H:%M:%SZ)\"" "$H/state/$1/session.json" >"$T/j" &&
		cat "$T/j" >"$H/state/$1/session.json"
}
nothing() { # nothing TEXT SERVER...: done, and not a word
	text=$1
	shift
	gives 0 "$text" gsp-sync down --live --if-due "$@"
	is "... and silent" "$(cat "$T/out" "$T/err")" ""
}
is "no copy of it yet" "$(live_of gone)" 0
nothing "not due: just started" gone
started gone 61
gives 0 "an hour after the start" gsp-sync down --live --if-due -q gone
is "there is one" "$(live_of gone) $(cat "$T/out" "$T/err")" "1 "
nothing "not due: there is a new one" gone
back_date gone 59
nothing "59 minutes" gone
back_date gone 61
( flock 9; touch "$T/held"; until [ -e "$T/let-go" ]; do sleep 0.05; done ) 9>>"$H/state/gone/lock" &
until_true 5 test -e "$T/held"
nothing "due, but somebody is at work" gone
back_date gone 121
gives 75 "overdue, and still" gsp-sync down --live --if-due gone
touch "$T/let-go"
wait $!
back_date gone 61
gives 0 "due" gsp-sync down --live --if-due -q gone
is "a second one" "$(live_of gone)" 2
nothing "no backup: in server.yaml" toy
nothing "a server that is down" ice
gives 64 "--if-due alone" gsp-sync down --if-due toy
gives 64 "--live with up" gsp-sync up --live toy
gives 65 "--live of a server that is down" gsp-sync down --live ice

# ---- cut off at every moment ----
at toy sh -c "'head -c 3000000 /dev/urandom >/srv/toy/world/big && chown game: /srv/toy/world/big'"
on rsync --version >/dev/null
for ms in 0.05 0.15 0.25 0.35 0.45 0.6; do
	on sh -c "'date +%N >/srv/toy/world/state && head -c 1000000 /dev/urandom >/srv/toy/world/more && chown game: /srv/toy/world/*'"
	gsp-sync -q down --live toy >/dev/null 2>&1 &
	pid=$!
	sleep "$ms"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	until_true 20 flock -n "$H/state/toy/lock" true
done
on sh -c "'cd /srv/toy && rm -r world/more && echo last >world/state && sha256sum world/big world/state'" >"$T/sums"
half=$(find "$S/toy/history" -maxdepth 1 -name '[0-9]*.gsp' | sed 's/\.gsp$//' | while read -r d; do [ -d "$d" ] || echo "$d"; done)
gives 0 "down after them all" gsp-down -q toy
is "no half generation" "$half" ""
is "the save is that of the stop" "$(cd "$S/toy/files" && sha256sum world/big world/state)" "$(cat "$T/sums")"
is "whole" "$(cat "$S/toy/files/world/state" "$S/toy/files/world/count" | tr '\n' ' ')$(ls "$S/toy/files/world" | tr '\n' ' ')" "last 1 big count state "
is "nothing is left of the tries" "$(find "$S/toy/history" -maxdepth 1 -name '.*' | wc -l)" 0

# ---- lost: a live copy is offered first ----
at gone sh -c "'echo played >/srv/toy/world/played && chown game: /srv/toy/world/played'"
gives 0 "a copy" gsp-sync -q down --live gone
n=$(newest gone)
machine_fault gsp-gone gone
gives 1 "status of a lost server" gsp-status --json gone
is "the copy is what goes on" "$(jq -r .next "$T/out")" "gsp up gone --from $n"
ok "with its age, and the proven one after it" jq -e '.why | test("copy made beside the game [0-9]+ s ago.*--from 1. from the newest proven save")' "$T/out"
for tool in gsp-up gsp-down gsp-teardown; do
	gives 65 "$tool" $tool gone
	says "offers the copy first" "'gsp up gone --from $n' goes on from a copy made beside the game .* ago, 'gsp up gone --from 1'"
done
echo mine >"$S/gone/files/mine"
gives 0 "up from the copy" gsp-up -q --from "$n" gone
is "the machine has it" "$(at gone cat /srv/toy/world/played)" played
is "the edit was kept, then the copy became a generation that is proven" \
	"$(gsp_field $((n + 1)) '"\(.kind) \(.parent)"' gone), $(gsp_field $((n + 2)) '"\(.kind) \(.parent)"' gone)" \
	"edit 1, restore $n"
is "files/ is made from that" "$(cat "$S/gone/history/BASE") $(cat "$S/gone/files/world/played")" "$((n + 2)) played"
gives 0 "down" gsp-down -q gone
is "goes on from there" "$(gsp_field $((n + 3)) '"\(.kind) \(.parent)"' gone) $(cat "$S/gone/files/world/played" "$S/gone/files/world/count" | tr '\n' ' ')" \
	"down $((n + 2)) played 1 "
# as if `up --from` had been killed when files/ was the copy, and no generation of it was made yet
server cut
echo a >"$S/cut/files/world/level"
gives 0 "up" gsp-up -q cut
at cut sh -c "'echo b >/srv/toy/world/level'"
gives 0 "a copy" gsp-sync -q down --live cut
machine_fault gsp-cut gone
gsp-teardown -q --discard-unsaved --yes cut >/dev/null 2>&1
echo b >"$S/cut/files/world/level" && touch -r "$(gen 2 cut)/world/level" "$S/cut/files/world/level"
echo 2 >"$S/cut/history/BASE"
gives 0 "up after an up --from that was cut off" gsp-up -q cut
is "goes on from the copy" "$(at cut cat /srv/toy/world/level) $(gsp_field 3 '"\(.kind) \(.parent)"' cut)" "b restore 2"
finish
