#!/bin/sh
# How saves come home and what must be true before a machine goes: generations, suspect saves,
# crashes at every seam of `down`, tampered markers, machines that reboot or vanish.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq rsync
new_home

S=$H/servers
HOME_ID=$(sed -n 's/^home: *\([a-z0-9]*\).*/\1/p' "$H/gsp.yaml")
sid() { jq -r .session "$H/state/$1/session.json"; }
deletes() { requests DELETE '/linode/instances/[0-9]+$'; }
# as in a .gsp file: "0644 SIZE SUM" of one path
entry() { sed -n "s,^f \([0-9]*\) \([0-9]*\) [^ ]* \([^ ]*\) $2\$,\1 \2 \3,p" "$(gen "$1" "${3:-toy}").gsp"; }
sum_of() { # as rsync itself counts it
	rsync -n -c --checksum-choice=xxh128 --out-format='%C' "$1" "$T/nowhere/" | tr -d ' '
}
# As if the tool had died just after the generation was renamed: the marker was not written yet.
unmark() { set_marker "$1" 's/"state":"saved"/"state":"stopping"/;s/"saved":[0-9]*/"saved":0/'; }

for s in sus kil cr rb go un nev; do
	server "$s"
	echo old >"$S/$s/files/world/level"
done

# what the evening below is about
mkdir -p "$S/toy/files/mods" "$S/toy/files/sub/empty" "$S/toy/files/tools"
head -c 20000 /dev/urandom >"$S/toy/files/world/level"
echo same >"$S/toy/files/sub/same"
echo 1 | tee "$S/toy/files/cfg.game" "$S/toy/files/cfg.home" "$S/toy/files/cfg.both" \
	"$S/toy/files/gone.home" "$S/toy/files/gone.game" >"$S/toy/files/mods/a.jar"
printf '#!/bin/sh\n' >"$S/toy/files/tools/x"
chmod 755 "$S/toy/files/tools/x"
chmod 444 "$S/toy/files/sub/same"

# sus: a world that can lose much
head -c 100000 /dev/urandom >"$S/sus/files/world/level"
for i in 0 1 2 3 4 5 6 7 8 9; do
	echo "region $i" >"$S/sus/files/world/r$i"
done

# kil: never stops, and keeps a save where nobody looks
cat >>"$S/kil/bootstrap" <<-'EOT'
	mkdir -p /var/lib/hidden && chown game: /var/lib/hidden
EOT
cat >>"$S/kil/start" <<-'EOT'
	echo mine >/var/lib/hidden/the-save
EOT
printf '#!/bin/sh\nexit 0\n' >"$S/kil/stop"

bg provision gsp-provision -q nev
for s in toy sus kil cr rb go un; do
	bg "up.$s" gsp-up -q "$s"
done
for s in toy sus kil cr rb go un; do
	bg_gives 0 "up $s" "up.$s" 90
done
bg_gives 0 "a machine that never gets a game" provision

# ---- out of reach: nobody knows what the machine has ----
machine_fault gsp-un cut
machine_fault gsp-nev cut
bg un gsp-teardown un
bg nev gsp-teardown nev
# kil takes its time, too
bg kil gsp-down --kill kil

# ---- an evening, with edits at home meanwhile ----
machine_fault gsp-go gone
on sh -c "'cd /srv/toy && echo 2 >cfg.game && echo 2 >cfg.both && rm gone.game && mkdir -p world/n &&
	head -c 30000 /dev/urandom >world/level && echo new >world/n/new && chmod 640 world/n/new &&
	chown -R game: . && echo noise >logs/noise && touch -d 2001-02-03T04:05:06.123456789Z world/n/new'"
echo 3 >"$S/toy/files/cfg.home"
echo 3 >"$S/toy/files/cfg.both"
echo 3 >"$S/toy/files/new.home"
rm "$S/toy/files/gone.home"
mkdir "$S/toy/files/logs" && echo home >"$S/toy/files/logs/home"
echo b >"$S/toy/files/mods/b.jar"
gives 65 "an edit while it runs is not sent" gsp-sync up toy
gives 65 "no save from a running game" gsp-sync down toy
gives 65 "teardown of a dirty machine" gsp-teardown toy
says "says what to do" "gsp down toy"
gives 0 "down" env GSP_ACTOR=tester gsp-down --actor chat:7/ann toy
says "what changed on both sides is named" "'cfg.both' changed on both sides.*generation 2"
cp "$T/err" "$T/down.err"
is "and nothing else is" "$(grep -c 'on both sides' "$T/down.err")" 1

is "generation 1 is what was sent, 2 the edits, 3 the save" \
	"$(gsp_field 1 .kind) $(gsp_field 2 .kind) $(gsp_field 3 .kind)" "import edit down"
is "the edits and the save have the same parent" "$(gsp_field 2 .parent) $(gsp_field 3 .parent)" "1 1"
is "actor" "$(gsp_field 3 .actor)" chat:7/ann
is "session" "$(gsp_field 3 .session)" "$(find "$H/state/toy/ended" -name '*.json' -exec basename {} .json \;)"
is "home, server" "$(gsp_field 3 '"\(.home) \(.server)"')" "$HOME_ID toy"
ok "time is about now" test $(($(date +%s) - $(date -d "$(gsp_field 3 .time)" +%s))) -lt 60
is "nothing had to be accepted" "$(gsp_field 3 .accepted)" false
g1=$(gen 1) g2=$(gen 2) g3=$(gen 3)
is "the save has the game's files" "$(cat "$g3/cfg.game" "$g3/cfg.both" "$g3/cfg.home" "$g3/gone.home" | tr '\n' ' ')" "2 2 1 1 "
ok "and not what it deleted" test ! -e "$g3/gone.game"
ok "excluded paths are in no generation" sh -c 'test ! -e "$1/logs" && test ! -e "$2/logs"' - "$g2" "$g3"
is "push paths as they were sent up" "$(ls "$g3/mods")" a.jar
is "the edit is whole in its own" "$(cat "$g2/cfg.home" "$g2/cfg.both" "$g2/cfg.game" "$g2/new.home" "$g2/mods/b.jar" | tr '\n' ' ')" "3 3 1 3 b "
is "checksums: rsync agrees" "$(entry 3 world/level)" "0644 30000 $(sum_of "$g3/world/level")"
is "modes are in the list" "$(entry 3 world/n/new | cut -d' ' -f1)" 0640
is "time to the nanosecond" "$(stat -c %.9Y "$g3/world/n/new")" 981173106.123456789
is "modes of files stay" "$(stat -c %a "$g3/world/n/new" "$g3/sub/same" "$g3/tools/x" | tr '\n' ' ')" "640 444 755 "
is "every directory of it is read-only" "$(find "$g3" -type d -perm /222 | wc -l)" 0
is "an empty directory is there" "$(ls -d "$g3/sub/empty")" "$g3/sub/empty"
inode() { stat -c %i "$1"; }
is "what did not change is one file in all generations" \
	"$(inode "$g1/sub/same") $(inode "$g2/sub/same")" "$(inode "$g3/sub/same") $(inode "$g3/sub/same")"
is "push paths as well" "$(inode "$g1/mods/a.jar")" "$(inode "$g3/mods/a.jar")"
find "$S/toy/files" -type f -printf '%i\n' | sort >"$T/i.files"
find "$S/toy/history" -type f -printf '%i\n' | sort -u >"$T/i.history"
is "files/ shares no file with them" "$(comm -12 "$T/i.files" "$T/i.history")" ""
f=$S/toy/files
is "files/: the game's, and what only the owner edited" \
	"$(cat "$f/cfg.game" "$f/cfg.both" "$f/cfg.home" "$f/new.home" | tr '\n' ' ')" "2 2 3 3 "
ok "what only one side deleted is gone" sh -c 'test ! -e "$1/gone.home" && test ! -e "$1/gone.game"' - "$f"
is "excluded and push paths stay as they are" "$(cat "$f/logs/home" "$f/mods/b.jar" | tr '\n' ' ')" "home b "
is "directories of files/ can be written" "$(find "$f" -type d ! -perm -200 | wc -l)" 0
is "modes in files/" "$(stat -c %a "$f/world/n/new" "$f/sub/same" "$f/tools/x" | tr '\n' ' ')" "640 444 755 "
is "files/ is made from the save" "$(cat "$S/toy/history/BASE")" 3
ok "and is whole" test ! -e "$S/toy/history/NEXT"

# ---- suspect saves ----
gives 0 "sus: stop" gsp-run -q stop sus
world() { at sus sh -c "'cd /srv/toy && rm -rf world && cp -a world.full world && $1'"; }
at sus mv /srv/toy/world /srv/toy/world.full
gives 65 "no save path" gsp-sync down sus
says "said" "'world' is not there"
at sus mkdir /srv/toy/world
gives 65 "an empty one" gsp-sync down sus
says "said" "'world' holds no file"
world 'for f in world/*; do : >$f; done'
gives 65 "nothing in its files" gsp-sync down sus
says "said" "'world' holds only empty files"
world 'truncate -s 40000 world/level'
gives 65 "more than half of the bytes lost" gsp-sync down sus
says "said" "shrank by more than half"
world 'rm world/r[0-7]'
gives 65 "more than half of the files lost" gsp-sync down sus
says "said" "shrank by more than half"
is "there is no generation of it" "$(newest sus)" 1
is "the marker says stopping" "$(marker_state sus)" stopping
gives 65 "no teardown either" gsp-teardown sus
gives 65 "nor by the whole" gsp-down sus
says "which says how to accept it" "gsp down sus --accept"
gives 0 "accepted" gsp-down --accept sus
says "with a warning" "accepted although suspect.*shrank"
is "and logged" "$(gsp_field 2 .accepted sus)" true
is "as it is" "$(ls "$(gen 2 sus)/world" | tr '\n' ' ')" "count level r8 r9 "

# ---- a save outside, and a game that is killed ----
bg_gives 65 "kil: a save outside dir is suspect" kil
says "the game was ended by force" "by force"
says "and the file is named" "/var/lib/hidden/the-save"
is "nothing came" "$(newest kil)" 1
gives 0 "accepted" gsp-down --accept kil
is "of a killed game" "$(gsp_field 2 '"\(.kind) \(.accepted)"' kil)" "killed true"
is "it wrote its world on TERM" "$(cat "$S/kil/files/world/count")" 1

# ---- crashes of `down`, seam by seam ----
at cr sh -c "'cd /srv/toy && head -c 300000 /dev/urandom >world/big && echo 5 >world/five && chown game: world/*
	chmod 600 readme && touch -d 2011-11-11 readme'"
gives 0 "cr: stop" gsp-run -q stop cr
is "going down" "$(marker_state cr)" stopping
gives 65 "no start from stopping on" gsp-run start cr
gives 65 "no upload either" gsp-sync up cr
gives 65 "teardown is refused" gsp-teardown cr
cp -a "$S/cr/files" "$T/cr.files"
# a try that broke off: one whole file, and a hard link into generation 1 of one that differs now
in=$S/cr/history/.incoming-$(sid cr)
mkdir -p "$in/world"
at cr cat /srv/toy/world/big >"$in/world/big"
touch -d "@$(at cr stat -c %.9Y /srv/toy/world/big)" "$in/world/big"
chmod "$(at cr stat -c %a /srv/toy/world/big)" "$in/world/big"
ln "$(gen 1 cr)/readme" "$in/readme"
big=$(inode "$in/world/big")
was=$(stat -c '%a %y' "$(gen 1 cr)/readme")
gives 0 "down after a try that broke off" gsp-sync -q down cr
is "what it had is not sent again" "$(inode "$(gen 2 cr)/world/big")" "$big"
is "no old generation changed with it" "$(stat -c '%a %y' "$(gen 1 cr)/readme")" "$was"
is "the new one has the game's mode and time" "$(stat -c '%a %y' "$(gen 2 cr)/readme")" "$(at cr stat -c "'%a %y'" /srv/toy/readme)"
is "nothing of the broken try is left" "$(find "$S/cr/history" -maxdepth 1 -name '.*' | wc -l)" 0
is "the marker says so" "$(marker cr | jq -r '"\(.state) \(.saved)"')" "saved 2"
gives 65 "no start from saved on" gsp-run start cr
gives 0 "down again is success" gsp-sync -q down cr
is "and no second generation" "$(newest cr)" 2

unmark cr
gives 0 "down, cut off before the marker" gsp-sync -q down cr
is "finds its generation" "$(newest cr) $(marker cr | jq -r '"\(.state) \(.saved)"')" "2 saved 2"

old_files() { # files/ as it was before the save came
	rm -rf "$S/cr/files"
	cp -a "$T/cr.files" "$S/cr/files"
	echo 1 >"$S/cr/history/BASE"
}
old_files
gives 0 "down, cut off before files/ was renewed" gsp-sync -q down cr
is "renews it" "$(cat "$S/cr/files/world/five") $(cat "$S/cr/history/BASE")" "5 2"
old_files
cp -p "$(gen 2 cr)/world/five" "$S/cr/files/world/"
echo '{"generation":2}' >"$S/cr/history/NEXT"
gives 0 "down, cut off while files/ was renewed" gsp-sync -q down cr
ok "goes on" cmp "$S/cr/files/world/big" "$(gen 2 cr)/world/big"
ok "NEXT is gone" test ! -e "$S/cr/history/NEXT"
old_files
echo '{"generation":2}' >"$S/cr/history/NEXT"
echo mine >"$S/cr/files/world/level"
gives 0 "edited between the crash and the next run" gsp-sync down cr
rescued=$(find "$S/cr/history" -maxdepth 1 -name '.rescued-*')
is "the edit is kept aside" "$(cat "$rescued/world/level")" mine
says "and the owner is told where" "\.rescued-"
chmod -R u+w "$rescued" && rm -rf "$rescued"
is "files/ is the save" "$(cat "$S/cr/files/world/level")" old
old_files
echo mine >"$S/cr/files/cfg.home"
echo mine >"$S/cr/files/readme"
gives 0 "edited before NEXT was there" gsp-sync down cr
is "an edit stays, the save is there" "$(cat "$S/cr/files/cfg.home" "$S/cr/files/world/five" | tr '\n' ' ')" "mine 5 "
is "and is in a generation" "$(cat "$S/cr/history"/0*/cfg.home | sort -u)" mine
last=$(newest cr)
is "the newest has both" "$(cat "$(gen "$last" cr)/cfg.home" "$(gen "$last" cr)/world/five" | tr '\n' ' ')" "mine 5 "

# ---- markers that lie ----
set_marker cr 's/"saved":2/"saved":99/'
gives 65 "saved 99, which is not here: down" gsp-sync down cr
gives 65 "teardown" gsp-teardown cr
set_marker cr 's/"saved":99/"saved":1/'
gives 65 "saved 1, which is of another session" gsp-teardown cr
set_marker cr 's/"saved":1,/"saved":2,/;s/"session":"[a-z0-9]*"/"session":"aaaaaaaa"/'
gives 65 "another session: teardown" gsp-teardown cr
gives 65 "down" gsp-sync down cr
set_marker cr "s/\"session\":\"aaaaaaaa\"/\"session\":\"$(sid cr)\"/;s/\"home\":\"[a-z0-9]*\"/\"home\":\"aaaaaaaa\"/"
gives 65 "another home: teardown" gsp-teardown cr
set_marker cr "s/\"home\":\"aaaaaaaa\"/\"home\":\"$HOME_ID\"/"
at cr mv /var/lib/gsp/session.json /tmp/marker
gives 65 "no marker at all: teardown" gsp-teardown cr
at cr cp -p /tmp/marker /var/lib/gsp/session.json

# ---- between the save and the end ----
at cr sh -c "'echo late >/srv/toy/world/late'"
gives 65 "something was written after the save" gsp-teardown cr
says "it is named" "world/late"
before=$(newest cr)
gives 0 "saved once more" gsp-sync -q down cr
is "is one more generation" "$(newest cr) $(cat "$(gen "$(newest cr)" cr)/world/late")" "$((before + 1)) late"
is "files/ has it, and the edit of before" "$(cat "$S/cr/files/world/late" "$S/cr/files/cfg.home" | tr '\n' ' ')" "late mine "
was=$(deletes)
at cr sh -c "'sed -i.true \"s/mv -f .*MARKER.new.*MARKER.*&&/true \\&\\&/\" /var/lib/gsp/agent-*'"
gives 65 "the marker is read back before the machine goes" gsp-teardown cr
is "nothing was deleted" "$(($(deletes) - was))" 0
at cr sh -c "'for f in /var/lib/gsp/agent-*.true; do mv \$f \${f%.true}; done'"
is "the marker is as before" "$(marker_state cr)" saved
fault '{"match":{"method":"DELETE","path":"/linode/instances/*"},"fault":"400","times":0}'
ok "the API refuses the delete" sh -c '! gsp-teardown cr'
is "by then the machine knows that it is closing" "$(marker_state cr)" closing
gives 65 "and starts nothing" gsp-run start cr
control DELETE /faults >/dev/null
gives 0 "teardown again" gsp-teardown cr

# ---- a machine that booted again under us ----
at rb sh -c "'cd /srv/toy && echo played >world/played && rm readme && chown game: world/played'"
machine_fault gsp-rb reboot
until_true 20 test "$(stage rb)" = crashed
is "rb: rebooted is crashed" "$(stage rb)" crashed
gives 0 "up runs start" gsp-up -q rb
is "running again" "$(stage rb)" running
is "the game's data is as it was" "$(at rb cat /srv/toy/world/played)" played
gives 1 "nothing was sent" at rb test -e /srv/toy/readme
gives 0 "stop" gsp-run -q stop rb
boot=$(at rb cat /proc/sys/kernel/random/boot_id)
machine_fault gsp-rb reboot
until_true 30 sh -c 'new=$(gsp-ssh -q rb cat /proc/sys/kernel/random/boot_id </dev/null) && [ "$new" != "$0" ]' "$boot"
gives 65 "a stop of another boot proves nothing" gsp-sync down rb
says "and says what does" "gsp down rb"
gives 0 "down stops again and saves" gsp-down -q rb
is "the world is home" "$(cat "$S/rb/files/world/played")" played

# ---- a machine that is gone ----
is "go: gone is lost" "$(stage go)" lost
gives 65 "up refuses" gsp-up -q go
says "and says how to go on" "gsp up go --from"
gives 65 "down refuses, too" gsp-down -q go
gives 0 "up --from" gsp-up -q --from 1 go
gives 0 "down" gsp-down -q go
is "a new save, its parent is what was gone on from" "$(gsp_field "$(newest go)" .parent go)" 1

bg_gives 65 "un: out of reach is not saved" un
says "it says that nothing was deleted" "nothing was deleted"
bg_gives 0 "nev: out of reach, but nothing was ever started" nev
machine_fault gsp-un mend
# as large as before, and its time set back: sizes and times prove nothing
at un sh -c "'cd /srv/toy/world && touch -r level /tmp/ref && echo new >level && touch -r /tmp/ref level'"
old=$(stat -c '%a %y' "$(gen 1 un)/world/level")
gives 0 "un: when it is back, down" gsp-down un
says "what differs by checksum alone is sent once more" "some files differ"
is "its world is home" "$(cat "$S/un/files/world/count" "$S/un/files/world/level" "$(gen 2 un)/world/level" | tr '\n' ' ')" "1 new new "
is "the old one is as it was" "$(cat "$(gen 1 un)/world/level") $(stat -c '%a %y' "$(gen 1 un)/world/level")" "old $old"
is "no machine, no firewall is left" "$(machines) $(firewalls)" "0 0"
finish
