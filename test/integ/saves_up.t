#!/bin/sh
# What goes up, from which generation, and what never does: the first upload, edits, a base that
# is behind, a machine that was started, and starts that fail.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq
new_home

S=$H/servers
F=$S/toy/files
for s in eula eul2 tch pld; do
	server "$s"
	echo old >"$S/$s/files/world/level"
done
script() { cat >"$S/$1/$2" && chmod +x "$S/$1/$2"; }
on_machine() { on sh -c "'cd /srv/toy && $1'"; }
base_of() { marker "$1" | jq -r .base; }

# ---- servers whose start fails on its first try ----
for s in eula eul2; do
	script $s start <<-'EOT'
		#!/bin/sh
		mkdir -p logs && echo "trying" >>logs/latest.log
		grep -qs true eula.txt || { echo eula=false >eula.txt; echo "agree to the EULA" >&2; exit 1; }
		/usr/bin/python3 "$GSP_OPT/toy.py" &
		echo $! >/tmp/toy.pid
	EOT
done
script tch start <<-'EOT'
	#!/bin/sh
	echo new >world/new
	exit 2
EOT
for s in eula eul2 tch pld; do
	bg "up.$s" gsp-up -q "$s"
done

# ---- a machine that has not started ----
mkdir -p "$F/mods/sub" "$F/logs" "$F/d/e" "$F/kept/in"
echo a >"$F/mods/a.jar"
echo s >"$F/mods/sub/s.jar"
echo never >"$F/logs/x"
echo 1 | tee "$F/gone" "$F/d/e/f" "$F/kept/in/f" >"$F/cfg"
echo level >"$F/world/level"
gives 0 "provision" gsp-provision -q toy
gives 0 "the first sync up" gsp-sync -q up toy
is "makes generation 1" "$(newest) $(gsp_field 1 '"\(.kind) \(.parent)"')" "1 import 0"
is "the marker knows it" "$(marker toy | jq -r '"\(.state) \(.base)"')" "uploaded 1"
is "everything is there" "$(on_machine 'cat cfg d/e/f mods/sub/s.jar world/level' | tr '\n' ' ')" "1 1 s level "
ok "but what is excluded" sh -c '! gsp-ssh toy test -e /srv/toy/logs/x </dev/null'
ok "which is in no generation" test ! -e "$(gen 1)/logs"
is "all is the user's, dir too" "$(on find /srv/toy '!' -user game -o '!' -group game)" ""
gives 0 "again" gsp-sync -q up toy
is "makes no generation" "$(newest)" 1

on_machine 'mkdir -p byhand logs && echo h | tee byhand/x kept/in/hand kept/hand logs/mine >mods/hand.jar'
rm -r "$F/gone" "$F/d" "$F/kept" "$F/mods/sub"
echo 2 >"$F/cfg"
echo new >"$F/new"
gives 0 "after edits" gsp-sync -q up toy
is "there is an edit generation" "$(newest) $(gsp_field 2 '"\(.kind) \(.parent)"') $(base_of toy)" "2 edit 1 2"
is "its files" "$(cat "$(gen 2)/cfg" "$(gen 2)/new" | tr '\n' ' ')" "2 new "
is "generation 1 is as it was" "$(cat "$(gen 1)/cfg" "$(gen 1)/gone" | tr '\n' ' ')" "1 1 "
is "they are there" "$(on_machine 'cat cfg new' | tr '\n' ' ')" "2 new "
ok "what went from files/ is gone" sh -c '! gsp-ssh toy ls -d /srv/toy/gone </dev/null && ! gsp-ssh toy ls -d /srv/toy/d </dev/null'
is "what was put there by hand stays" "$(on_machine 'cat byhand/x kept/in/hand kept/hand logs/mine' | tr '\n' ' ')" "h h h h "
ok "what gsp had put beside it goes" sh -c '! gsp-ssh toy ls -d /srv/toy/kept/in/f </dev/null'
is "push paths are mirrored" "$(on_machine 'find mods | sort' | tr '\n' ' ')" "mods mods/a.jar "

# ---- a base that is behind ----
echo 3 >"$F/cfg"
echo three >"$F/three"
gives 0 "one more" gsp-sync -q up toy
is "generation 3" "$(newest)" 3
behind() { # files/ as it was when generation 2 was the newest
	rm -rf "$F"
	cp -a "$(gen 2)" "$F"
	chmod -R u+w "$F"
	mkdir "$F/logs" && echo never >"$F/logs/x"
	echo 2 >"$S/toy/history/BASE"
}
behind
gives 0 "base older, unedited" gsp-sync -q up toy
is "is brought forward" "$(cat "$F/cfg" "$F/three" "$S/toy/history/BASE" | tr '\n' ' ')" "3 three 3 "
is "without a new generation" "$(newest)" 3
is "excluded paths stay" "$(cat "$F/logs/x")" never
behind
echo mine >"$F/cfg"
gives 65 "base older, edited" gsp-sync up toy
says "both are named, and what was edited" "generation 2 .*'cfg'.*generation 3"
says "and the command" "--from 3"
is "nothing was made of it" "$(newest) $(cat "$F/cfg")" "3 mine"
gives 65 "gsp up says the same" gsp-up -q toy
gives 69 "--from a generation that is not there" gsp-sync up --from 99 toy
gives 0 "--from 3" gsp-sync up --from 3 toy
is "the edit is kept" "$(gsp_field 4 '"\(.kind) \(.parent)"') $(cat "$(gen 4)/cfg")" "edit 2 mine"
is "and 3 is gone on from" "$(newest) $(gsp_field 5 '"\(.kind) \(.parent)"') $(cat "$F/cfg") $(base_of toy)" "5 restore 3 3 5"
is "on the machine, too" "$(on_machine 'cat cfg')" 3

# ---- a machine that was started ----
gives 0 "start" gsp-run -q start toy
is "dirty" "$(marker_state toy)" dirty
on_machine 'echo game >cfg && rm new && echo played >world/level && chown game: cfg world/level'
gives 0 "sync up to a dirty one, unedited" gsp-sync -q up toy
is "sends nothing" "$(on_machine 'cat cfg world/level; ls -d new' 2>/dev/null | tr '\n' ' ')" "game played "
gives 65 "--from is for a server that is down" gsp-sync up --from 1 toy
for p in readme a b; do echo home >"$F/$p"; done
gives 65 "edited" gsp-sync up toy
says "names the way" "gsp restart toy"
is "sends nothing, either" "$(on cat /srv/toy/readme)" hello
echo mine >"$F/world/level"
gives 65 "nor a path of the saves, named" gsp-sync up toy -- world/level
cp -p "$(gen 5)/world/level" "$F/world/level"
gives 0 "another one can be sent by name" gsp-sync -q up toy -- readme
is "just that" "$(on_machine 'cat readme; ls a b' 2>/dev/null | tr '\n' ' ')" "home "
gives 0 "a stop to go on" gsp-run -q stop --resume toy
is "is still dirty, and proven" "$(marker toy | jq -r '"\(.state) \(.stopped)"')" "dirty true"
gives 0 "just one path once more" gsp-sync -q up toy -- readme
is "it is there, the others are not" "$(on_machine 'cat readme; ls a b' 2>/dev/null | tr '\n' ' ')" "home "
is "the base stays" "$(base_of toy)" 5
on_machine 'echo game | tee a >/dev/null; chown game: a'
echo home >"$F/cfg"
gives 65 "changed and added on both sides" gsp-sync up toy
says "named" "'cfg', 'a'|'a', 'cfg'"
gives 1 "nothing was sent" at toy test -e /srv/toy/b
gives 65 "restart says the same" gsp-restart toy
rm "$F/cfg"
on_machine 'cp readme a'
gives 65 "deleted at home, changed by the game" gsp-sync up toy
says "named; what is the same on both sides is not" "game of 'toy': 'cfg';"
cp -p "$(gen 5)/cfg" "$F/cfg"
rm "$F/new" "$F/three"
gives 0 "one side each" gsp-sync -q up toy
is "what was edited is there, what the game changed as well" \
	"$(on_machine 'cat a b cfg; ls three new' 2>/dev/null | tr '\n' ' ')" "home home game "
is "the machine's base is the edit" "$(gsp_field "$(newest)" '"\(.kind) \(.parent)"') $(base_of toy)" "edit 5 $(newest)"
is "all the user's" "$(on find /srv/toy '!' -user game)" ""
n=$(newest)
set_marker toy "s/\"base\":$n/\"base\":5/"
gives 0 "cut off before the marker: the same again" gsp-sync -q up toy
is "is no conflict with itself" "$(base_of toy)" "$n"
gives 0 "start again" gsp-run -q start toy
gives 0 "stop for good" gsp-run -q stop toy
gives 65 "nothing is sent on the way down" gsp-sync up toy
gives 0 "down" gsp-down -q toy
is "both are home" "$(cat "$F/cfg" "$F/world/level" "$F/a" | tr '\n' ' ')" "game played home "
gives 65 "sync up without a machine" gsp-sync up toy

# ---- starts that fail ----
bg_gives 1 "eula: start fails, its status" up.eula 60
says "its words" "agree to the EULA"
says "and what to do" "run 'gsp up eula' again"
is "uploaded again" "$(marker_state eula) $(jq -r '"\(.phase) \(.start_intent)"' "$H/state/eula/session.json")" "uploaded uploaded false"
echo eula=true >"$S/eula/files/eula.txt"
gives 0 "one more up" gsp-up -q eula
is "runs" "$(stage eula)" running
gives 0 "down" gsp-down -q eula
is "saved" "$(cat "$S/eula/files/world/count")" 1
bg_gives 1 "eul2: the same" up.eul2 60
gives 0 "down needs no save" gsp-down eul2
is "and makes none" "$(newest eul2)" 1

bg_gives 2 "tch: start fails after it wrote into the saves" up.tch 60
is "stays dirty" "$(marker_state tch) $(jq -r .start_intent "$H/state/tch/session.json")" "dirty true"
gives 65 "teardown is refused" gsp-teardown tch
gives 0 "down saves it" gsp-down -q tch
is "all of it" "$(cat "$S/tch/files/world/new")" new

bg_gives 0 "pld: an evening begins" up.pld 60
at pld sh -c "'echo played >/srv/toy/world/played && chown game: /srv/toy/world/played && pkill -KILL -f toy.py'"
printf '#!/bin/sh\nexit 3\n' >"$S/pld/start"
until_true 10 test "$(stage pld)" = crashed
is "the game has crashed" "$(stage pld)" crashed
gives 3 "and does not start again" gsp-up -q pld
is "what was played before is not forgotten" "$(marker_state pld)" dirty
gives 65 "teardown is refused" gsp-teardown pld
gives 0 "down" gsp-down -q pld
is "it is home" "$(cat "$S/pld/files/world/played")" played
is "nothing is left" "$(machines) $(firewalls)" "0 0"
finish
