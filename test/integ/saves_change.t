#!/bin/sh
# gsp-saves restore, import, export, prune: nothing is ever lost, history never rewound, damage
# never passed on; by an ordinary user, on a full disk, two at once.
# What a kill at each step leaves is test/unit/test_saves_kill.c's.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq rsync zstd gzip tar flock setpriv python3
new_home

S=$H/servers
# "kind parent" of a generation
kind() { gsp_field "$1" '"\(.kind) \(.parent)"' "${2:-toy}"; }
base() { cat "$S/$1/history/BASE"; }
# every path of a tree with type, mode, time and content, modes of directories aside
tree() { (cd "$1" && find . -type f -printf '%P f %m %T@ ' -exec md5sum {} ';' -o -type l -printf '%P l %l\n' \
	-o -type d -printf '%P d\n' | sed 's/  \.\/.*//' | sort); }
unlock_gen() { chmod u+w "$(gen "$1" "$2")" "$(gen "$1" "$2")/world"; }

# ---- what needs no machine, beside an evening that does ----
mkdir -p "$S/toy/files/mods"
echo one >"$S/toy/files/world/level"
echo mod1 >"$S/toy/files/mods/m"
bg evening gsp-up -q toy

# ---- import: a newcomer with a world of his own ----
server new
rm -rf "$S/new/files" "$T/old"
mkdir -p "$T/old/world/deep" "$T/old/mods" "$T/old/logs" "$T/old/locked"
echo level >"$T/old/world/level"
head -c 70000 /dev/urandom >"$T/old/world/deep/region"
echo mod >"$T/old/mods/m"
echo log >"$T/old/logs/l"
echo k >"$T/old/locked/k"
ln -s level "$T/old/world/link"
chmod 555 "$T/old/locked"
chmod 640 "$T/old/world/level"
touch -d '2001-02-03 04:05:06.123456789' "$T/old/world/level"
mkfifo "$T/old/fifo"
chmod 4755 "$T/old/locked/k"
tree "$T/old" >"$T/old.was"
gives 0 "import into an empty home" gsp-saves import new "$T/old"
says "a FIFO is named" "'fifo' is a fifo and is not taken"
says "a setuid bit" "setuid bit, which is not taken"
says "and what is excluded" "'logs' is excluded"
prints "the generation is printed" '^ *1 +import .* 0 +4 '
is "it is the first" "$(kind 1 new) $(base new)" "import 0 1"
is "files/ has it, push paths too" "$(cat "$S/new/files/world/level" "$S/new/files/mods/m" | tr '\n' ' ')" "level mod "
is "without what is excluded" "$(find "$S/new/files/logs" "$S/new/files/fifo" 2>/dev/null)" ""
is "modes and times" "$(stat -c '%a %.9Y' "$S/new/files/world/level")" "640 981173106.123456789"
is "a closed directory can be edited" "$(stat -c %a "$S/new/files/locked") $(stat -c %a "$S/new/files/locked/k")" "755 755"
is "a symlink is one" "$(readlink "$S/new/files/world/link")" level
is "what was imported was only read" "$(tree "$T/old")" "$(cat "$T/old.was")"
gives 0 "the same again is success" gsp-saves import --json new "$T/old"
says "and says so" "already, as generation 1"
is "with no second generation" "$(newest new) $(jq .generation <"$T/out")" "1 1"
gives 0 "verify finds nothing to say against it" diff -r --no-dereference "$(gen 1 new)" "$S/new/files"

echo edited >"$S/new/files/world/level"
echo mine >"$S/new/files/world/mine"
echo level2 >"$T/old/world/level"
gives 0 "import over edits" gsp-saves import new "$T/old"
says "the edits are kept" "kept as generation 2"
is "in a generation of their own" "$(kind 2 new) $(cat "$(gen 2 new)/world/mine")" "edit 1 mine"
is "which the import follows" "$(kind 3 new) $(base new)" "import 2 3"
is "files/ is what was imported" "$(cat "$S/new/files/world/level") $(find "$S/new/files/world/mine" 2>/dev/null)" "level2 "

server first
echo "his own" >"$S/first/files/world/his"
gives 0 "what a first import finds in files/ is kept, too" gsp-saves import -q first "$T/old"
is "as the beginning" "$(kind 1 first) $(cat "$(gen 1 first)/world/his"), $(kind 2 first)" "import 0 his own, import 1"

mkdir -p "$T/empty" "$T/onlylogs/logs" "$T/-x/world"
echo l >"$T/onlylogs/logs/l"
echo x >"$T/-x/world/x"
ln -s "$S/new/history/000001" "$T/sneaky"
gives 65 "an empty directory" gsp-saves import new "$T/empty"
says "said" "there is no file in"
gives 65 "one with nothing that travels" gsp-saves import new "$T/onlylogs"
gives 64 "one that is not there" gsp-saves import new "$T/nothing"
gives 64 "a file" gsp-saves import new "$T/old/world/level"
says "said" "no directory; unpack an archive first"
gives 65 "the world instead of the server's directory" gsp-saves import new "$T/old/world"
says "said" "has no 'world', where 'new' keeps its saves"
gives 0 "which can be wanted" gsp-saves import -q --accept first "$T/old/world"
is "and is noted" "$(gsp_field 3 '"\(.kind) \(.accepted)"' first)" "import true"
gives 65 "a generation" gsp-saves import new "$(gen 1 new)"
says "restore is for that" "is in this home's history; 'gsp saves restore"
gives 65 "also behind a symlink" gsp-saves import new "$T/sneaky"
gives 65 "the home itself" gsp-saves import new "$H"
gives 65 "its own files/" gsp-saves import new "$S/new/files"
gives 65 "a part of them" gsp-saves import new "$S/new/files/mods"
gives 65 "the state" gsp-saves import new "$H/state"
gives 0 "files/ of another server" gsp-saves import -q --accept first "$S/new/files"
cp -R "$T/-x" "$T/plain-x"
gives 0 "a name with a dash" sh -c 'cd "$1" && gsp-saves import -q first -- -x' - "$T"
is "is that directory" "$(cat "$S/first/files/world/x")" x
gives 64 "no directory named" gsp-saves import new
gives 69 "no such server" gsp-saves import nosuch "$T/old"

# ---- restore ----
before=$(tree "$(gen 1 new)")
gives 0 "restore" gsp-saves restore --json new 1
is "makes a new generation of the old one" "$(jq -r '"\(.generation) \(.kind) \(.parent)"' <"$T/out")" "4 restore 1"
is "files/ is made from that" "$(base new)" 4
is "and is it" "$(tree "$S/new/files" | grep -v mods)" "$(tree "$(gen 1 new)" | grep -v mods)"
is "the old one did not change" "$(tree "$(gen 1 new)")" "$before"
is "nothing is twice on disk" "$(stat -c %i "$(gen 4 new)/world/deep/region")" "$(stat -c %i "$(gen 1 new)/world/deep/region")"
is "its directories are read-only" "$(find "$(gen 4 new)" -type d -perm /222 | wc -l)" 0
find "$S/new/files" -type f -printf '%i\n' | sort >"$T/i.files"
find "$S/new/history" -type f -printf '%i\n' | sort -u >"$T/i.history"
is "files/ shares no file with them" "$(comm -12 "$T/i.files" "$T/i.history")" ""
gives 0 "restore again" gsp-saves restore new 1
says "says that it is so" "files/ is generation 1 already, as generation 4"
is "and makes nothing" "$(newest new)" 4
gives 0 "restore what is there already" gsp-saves restore new 4
is "makes nothing either" "$(newest new)" 4
echo typed >"$S/new/files/world/typed"
rm "$S/new/files/world/deep/region"
echo pushed >"$S/new/files/mods/m"
mkdir -p "$S/new/files/logs"
echo here >"$S/new/files/logs/l"
gives 0 "restore over edits" gsp-saves restore new 3
says "keeps them" "3 paths edited.* kept as generation 5"
says "and names push paths that are others now" "'mods' is a push path and stays.*history/000003/mods"
is "as a generation" "$(kind 5 new) $(cat "$(gen 5 new)/world/typed")" "edit 4 typed"
is "push and excluded paths stay" "$(cat "$S/new/files/mods/m" "$S/new/files/logs/l" | tr '\n' ' ')" "pushed here "
is "the rest is as it was" "$(cat "$S/new/files/world/level") $(find "$S/new/files/world/typed" 2>/dev/null)" "level2 "
is "with them in the new generation" "$(kind 6 new) $(cat "$(gen 6 new)/mods/m")" "restore 3 pushed"
gives 69 "no such generation" gsp-saves restore new 99
says "said how to find one" "gsp saves list new"
gives 64 "no number" gsp-saves restore new yesterday
gives 64 "no generation named" gsp-saves restore new
gives 64 "what is for prune" gsp-saves restore --dry-run new 1

# ---- damage ----
server dam
echo good >"$S/dam/files/world/a"
echo good >"$S/dam/files/world/b"
gives 0 "dam: one" gsp-saves import -q dam "$T/old"
rm -r "$S/dam/files/world/deep"
gives 0 "dam: the beginning again" gsp-saves restore -q dam 1
unlock_gen 1 dam
was=$(stat -c %.9Y "$(gen 1 dam)/world/a")
rm "$(gen 1 dam)/world/a"
printf 'gooD\n' >"$(gen 1 dam)/world/a"
touch -d "@$was" "$(gen 1 dam)/world/a"
n=$(newest dam)
gives 65 "a byte is another, size and time are not" gsp-saves restore dam 1
says "named" "generation 1 of 'dam' is damaged: 'world/a' has changed"
rm "$(gen 1 dam)/world/b"
echo x >"$(gen 1 dam)/world/c"
gives 65 "a file is missing, another was not there" gsp-saves restore dam 1
says "named" "'world/b' is missing, 'world/c' was not there"
is "nothing was made" "$(newest dam)" "$n"
gives 65 "it is not exported either" gsp-saves export dam 1 "$T/dam.tar"
is "not a byte" "$(find "$T" -maxdepth 1 -name '*dam.tar*')" ""
gives 0 "restored all the same" gsp-saves restore --accept dam 1
says "with a warning" "not what it was when it was made.*accepted as it is now"
is "and a note" "$(gsp_field "$(newest dam)" '"\(.kind) \(.parent) \(.accepted)"' dam)" "restore 1 true"
is "as it is now" "$(cat "$S/dam/files/world/a" "$S/dam/files/world/c" | tr '\n' ' ')" "gooD x "
gives 0 "the new one is whole" gsp-saves export -q dam "$T/dam.tar"
gives 64 "--accept is not for export" gsp-saves export --accept dam "$T/dam2.tar"

# ---- export ----
mkdir -p "$T/ex"
cd "$T/ex" || exit 1
long=$(printf 'l%.0s' $(seq 120))
mkdir -p "$S/new/files/$long/closed" "$S/new/files/world/sub"
echo dash >"$S/new/files/$long/-rf"
echo o >"$S/new/files/world/$(printf 'a\377b')"
echo u >"$S/new/files/world/ü 	tab"
chmod 700 "$S/new/files/world/sub"
chmod 555 "$S/new/files/$long/closed"
ln -s "$long/-rf" "$S/new/files/lnk"
touch -d '1965-01-01 00:00:00.25' "$S/new/files/world/old"
truncate -s 3000000 "$S/new/files/world/holes"
gives 0 "a generation of odd names" gsp-saves restore -q new 1
odd=$(($(newest new) - 1))
for e in tar tar.gz tgz tar.zst; do
	gives 0 "export to .$e" gsp-saves export new "$odd" "w.$e"
	says "is read back" "in 'w.$e', .* read back and the same"
	mkdir "x.$e"
	ok ".$e: tar reads it" tar -C "x.$e" -xpf "w.$e"
	is ".$e: all of it" "$(tree "x.$e/new-$(printf %06d "$odd")")" "$(tree "$(gen "$odd" new)")"
done
x=x.tar/new-$(printf %06d "$odd")
is "directories have their true modes" "$(stat -c %a "$x/world/sub" "$x/$long/closed" "$x/world" | tr '\n' ' ')" "700 555 755 "
is "nobody owns it" "$(tar --numeric-owner -tvf w.tar | awk '{print $2}' | sort -u)" 0/0
is "the python in the house reads it, too" "$(python3 -c 'import tarfile; print(len(tarfile.open("w.tar.gz").getnames()))')" \
	"$(tar -tf w.tar | wc -l)"
is "they hold the same" "$(zstd -dc w.tar.zst | md5sum)$(gzip -dc w.tgz | md5sum)" "$(md5sum <w.tar)$(md5sum <w.tar)"
is "nothing else is left there" "$(find . -maxdepth 1 -type f | sort | tr '\n' ' ')" "./w.tar ./w.tar.gz ./w.tar.zst ./w.tgz "
echo precious >there.tar
gives 65 "an existing file" gsp-saves export new there.tar
is "stays" "$(cat there.tar)" precious
gives 0 "unless that is wanted" gsp-saves export -q --yes new 1 there.tar
ok "then it is the archive" tar -tf there.tar
gives 65 "a directory is not replaced" gsp-saves export --yes new 1 x.tar
gives 64 "another ending" gsp-saves export new w.zip
says "said" "must end in .tar, .tar.gz or .tar.zst, or be '-'"
gives 73 "no such directory" gsp-saves export new nowhere/w.tar
gives 69 "no such generation" gsp-saves export new 99 v.tar
gives 0 "without a number it is the newest" gsp-saves export --json new v.tar
is "which is said" "$(jq .generation <"$T/out")" "$(newest new)"
gives 0 "a name with a dash" gsp-saves export -q new -- -v.tar.gz
ok "is that file" test -f ./-v.tar.gz
gives 0 "to a pipe" sh -c 'gsp-saves export -q new 1 - | tar -tf - >/dev/null'
gives 74 "to a pipe that is full" sh -c 'gsp-saves export -q new 1 - >/dev/full'
cat >"$T/zstd" <<'SH'
#!/bin/sh
case $* in
*d*) /usr/bin/zstd "$@" | sed 's/level/Level/' ;;
*) exec /usr/bin/zstd "$@" ;;
esac
SH
chmod +x "$T/zstd"
gives 74 "an archive that reads back as something else" env PATH="$T:$PATH" gsp-saves export new 1 bad.tar.zst
says "said" "reads back as something else"
ok "has no name" test ! -e bad.tar.zst
mkdir "$T/bin"
for p in rsync gsp-saves; do ln -s "$(command -v $p)" "$T/bin/$p"; done
gives 71 "no zstd" env PATH="$T/bin" gsp-saves export new 1 bad.tar.zst
says "said" "is zstd installed"
gives 0 "which .tar does not need" env PATH="$T/bin" gsp-saves export -q new 1 none.tar
# a slow compressor: time to kill, to prune, and to make the file
cat >"$T/zstd" <<SH
#!/bin/sh
[ -e $T/go ] || { touch $T/slow; while [ ! -e $T/go ]; do sleep 0.05; done; }
exec /usr/bin/zstd "\$@"
SH
PATH=$T:$PATH gsp-saves export -q new 1 killed.tar.zst 2>/dev/null &
pid=$!
ok "export is at work" until_true 10 test -e "$T/slow"
kill -9 $pid
wait $pid 2>/dev/null
is "killed, it leaves nothing" "$(find . -name '*killed*' -o -name '.gsp*')" ""
rm "$T/slow"
bg late env PATH="$T:$PATH" gsp-saves export new 1 late.tar.zst
until_true 10 test -e "$T/slow"
echo mine >late.tar.zst
touch "$T/go"
bg_gives 65 "a file that came meanwhile" late
is "is not replaced" "$(cat late.tar.zst)" mine
rm "$T/slow" "$T/go"
head -c 3000000 /dev/urandom >"$S/new/files/world/zz"
gives 0 "a large one" gsp-saves restore -q new 1
big=$(($(newest new) - 1))
bg pruned env PATH="$T:$PATH" gsp-saves export new "$big" pruned.tar.zst
until_true 10 test -e "$T/slow"
mv "$(gen "$big" new)" "$S/new/history/.removing-000000" # as prune does it
chmod u+w "$S/new/history/.removing-000000/world"
rm "$S/new/history/.removing-000000/world/zz"
touch "$T/go"
bg_gives 69 "a generation that is removed meanwhile" pruned
says "said" "was removed meanwhile"
ok "half of it has no name" test ! -e pruned.tar.zst
cd "$TOP" || exit 1
mkdir "$T/back"
tar -C "$T/back" -xf "$T/ex/w.tar.zst"
gives 0 "what was exported can be imported" gsp-saves import -q new "$T/back/new-$(printf %06d "$odd")"
is "and is the same" "$(tree "$(gen "$(newest new)" new)")" "$(tree "$(gen "$odd" new)")"

# ---- prune ----
server pr
gives 0 "pr: a first generation" gsp-saves import -q pr "$T/old"
for i in 2 3 4 5; do # an edit and a restore each
	echo "$i" >"$S/pr/files/world/n"
	head -c 100000 /dev/urandom >"$S/pr/files/world/big"
	gsp-saves restore -q pr 1 >/dev/null 2>&1 || fail "pr: restore $i"
done
all=$(newest pr)
gives 0 "ten are kept unless said otherwise" gsp-saves prune --yes pr
is "all of them" "$(find "$S/pr/history" -name "*.gsp" | wc -l) $all" "10 10"
echo 'keep: {last: 3}' >>"$S/pr/server.yaml"
tree "$S/pr/history" >"$T/pr.was"
gives 0 "prune --dry-run" gsp-saves prune --dry-run --json pr
is "names what would go" "$(jq -c .generation <"$T/out" | tr '\n' ' ')" "$(seq 1 $((all - 3)) | tr '\n' ' ')"
freed=$(jq -s 'map(.frees) | add' <"$T/out")
is "and does nothing" "$(tree "$S/pr/history")" "$(cat "$T/pr.was")"
gives 65 "it wants a yes" gsp-saves prune pr
says "said" "give --yes"
is "and did nothing" "$(tree "$S/pr/history")" "$(cat "$T/pr.was")"
used() { du -s --block-size=1 "$S/pr/history" | cut -f1; }
had=$(used)
gives 0 "prune" gsp-saves prune --yes pr
says "says what it freed" "generations are gone, .* freed, 3 stay"
is "three are left" "$(ls "$S/pr/history" | tr '\n' ' ')" \
	"$(for i in 2 1 0; do printf '%06d %06d.gsp ' $((all - i)) $((all - i)); done)BASE "
now=$(used)
ok "it freed what it said, and directories" test $((had - now)) -ge "$freed"
gives 0 "those that stay are whole" gsp-saves export -q pr "$T/pr.tar"
gives 0 "again: nothing to do" gsp-saves prune --yes pr
says "said" "nothing to remove"
gives 0 "restore goes on" gsp-saves restore -q pr $((all - 1))
is "numbers are never given twice" "$(newest pr)" $((all + 1))
# cut off after the rename: no generation any more, and the next run clears it away
mv "$(gen $((all - 2)) pr)" "$S/pr/history/.removing-$(printf %06d $((all - 2)))"
gives 0 "a removal that was cut off" gsp-saves prune --yes pr
is "is finished" "$(find "$S/pr/history" -maxdepth 1 -name '.removing*' -o -maxdepth 1 -name "*$((all - 2)).gsp")" ""
sed -i 's/^keep:.*/keep: {last: 0}/' "$S/pr/server.yaml"
unlock_gen "$(newest pr)" pr
mv "$(gen "$(newest pr)" pr)/world/n" "$T/n.was"
gives 65 "nothing goes while the newest is damaged" gsp-saves prune --yes pr
says "named" "the newest, is damaged \('world/n'"
mv "$T/n.was" "$(gen "$(newest pr)" pr)/world/n"
gives 0 "keep nothing" gsp-saves prune --yes pr
is "keeps the newest" "$(find "$S/pr/history" -name "*.gsp" | wc -l) $(base pr)" "1 $(newest pr)"

# ---- two at once ----
flock "$H/state/pr/lock" sh -c 'touch "$1"; while [ -e "$1" ]; do sleep 0.05; done' - "$T/held" &
until_true 5 test -e "$T/held"
echo busy >"$S/pr/files/world/busy"
gives 75 "restore while another tool is at work" gsp-saves restore pr "$(newest pr)"
gives 75 "import" gsp-saves import pr "$T/old"
gives 75 "prune" gsp-saves prune --yes pr
gives 0 "what only looks is not kept out" gsp-saves prune --dry-run pr
gives 0 "nor is export" gsp-saves export -q pr "$T/locked.tar"
rm "$T/held"
wait $! 2>/dev/null
n=$(newest pr)
for i in 1 2 3; do bg "r$i" gsp-saves restore -q pr "$n"; done
for i in 1 2 3; do
	until_true 30 test -f "$T/r$i.rc"
	case $(cat "$T/r$i.rc") in 0 | 75) ;; *) fail "restore at once ends well"; note "$(cat "$T/r$i.err")" ;; esac
done
is "three restores at once make one generation" \
	"$(for f in "$S/pr/history"/*.gsp; do head -n 1 "$f" | jq -r .kind; done | sort | uniq -c | tr -s ' ' | tr '\n' ';')" \
	" 1 edit; 2 restore;"

# ---- a full disk ----
server full
mkdir "$T/full" "$T/big"
mount -t tmpfs -o size=6m full "$T/full"
mv "$S/full/files" "$S/full/server.yaml" "$S/full/bootstrap" "$S/full/start" "$S/full/stop" "$T/full/"
rmdir "$S/full/files" 2>/dev/null
mount --bind "$T/full" "$S/full"
mkdir -p "$S/full/files/world"
echo mine >"$S/full/files/world/mine"
mkdir "$T/big/world"
head -c 2500000 /dev/urandom >"$T/big/world/region"
gives 0 "full: a world" gsp-saves import -q full "$T/big"
head -c 1000 /dev/urandom >"$S/full/files/world/small"
rm "$S/full/files/world/region"
gives 0 "full: an edit, and back to the beginning" gsp-saves restore -q full 1
head -c 5000000 /dev/zero >"$S/full/ballast" 2>/dev/null
edit=$(cat "$S/full/files/world/mine")
gives 74 "restore on a full disk" gsp-saves restore full 2
says "says what it is" "disk is full|No space left"
says "and that nothing is lost" "nothing was lost; the same command again goes on"
is "what was there is there, here or in a generation" "$edit $(cat "$(gen 1 full)/world/mine")" "mine mine"
is "every generation is whole" "$(for d in "$S/full/history"/0*[0-9]; do [ -f "$d.gsp" ] || echo "$d"; done)" ""
gives 74 "import on a full disk" gsp-saves import full "$T/big"
gives 74 "export to a full disk" gsp-saves export full 1 "$T/full/e.tar.zst"
says "says what it is" "disk is full|No space left"
gives 74 "and a plain tar" gsp-saves export full 2 "$T/full/e.tar"
is "nothing half is left of them" "$(find "$T/full" -maxdepth 1 -name '*e.tar*' -o -maxdepth 1 -name '.gsp*')" ""
rm "$S/full/ballast"
gives 0 "with room the same again goes on" gsp-saves restore -q full 2
is "and ends right" "$(md5sum <"$S/full/files/world/region") $(base full)" "$(md5sum <"$T/big/world/region") $(newest full)"
is "with one new generation" "$(gsp_field "$(newest full)" '"\(.kind) \(.parent)"' full)" "restore 2"

# ---- an ordinary user ----
mkdir "$T/u"
cp -R "$H" "$T/u/home" # what matters: nothing in it needs root
rm -rf "$T/u/home/servers" "$T/u/home/state"
mkdir -p "$T/u/home/servers/toy"
toy_server "$T/u/home/servers/toy"
echo 'keep: {last: 1}' >>"$T/u/home/servers/toy/server.yaml"
cp -R "$T/old" "$T/u/old" 2>/dev/null
rm -f "$T/u/old/fifo"
chown -R 65534:65534 "$T/u"
as_user() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$T/u" GSP_HOME="$T/u/home" "$@"; }
U=$T/u/home/servers/toy
gives 0 "a user imports" as_user gsp-saves import -q toy "$T/u/old"
as_user sh -c 'echo edit >"$1/files/world/level"' - "$U"
gives 0 "restores" as_user gsp-saves restore -q toy 2
is "with the edits kept" "$(cat "$U/history/000003/world/level")" edit
gives 0 "exports" as_user gsp-saves export -q toy "$T/u/w.tar.gz"
gives 73 "not where he may not" as_user gsp-saves export -q toy "$T/w.tar.gz"
gives 0 "prunes" as_user gsp-saves prune -q --yes toy
is "read-only directories, too" "$(ls -A "$U/history" | tr '\n' ' ')" "000004 000004.gsp BASE "
gives 0 "and goes on" as_user gsp-saves import -q toy "$T/u/old"

# ---- with a machine ----
bg_gives 0 "the server is up" evening 90
gives 65 "restore while it is up" gsp-saves restore toy 1
says "names the command" "'toy' is not down .* 'gsp down toy' brings its save home first"
gives 65 "import while it is up" gsp-saves import toy "$T/old"
says "names the command" "'gsp down toy'"
is "nothing happened" "$(newest toy) $(base toy)" "1 1"
gives 0 "export while it is up" gsp-saves export -q toy "$T/up.tar.zst"
echo 'keep: {last: 0}' >>"$S/toy/server.yaml"
gives 0 "prune while it is up" gsp-saves prune --yes toy
is "takes nothing that it needs" "$(newest toy)" 1
gives 0 "down" gsp-down -q toy
is "it was played" "$(cat "$S/toy/files/world/count")" 1
gives 0 "an evening later: back to the beginning" gsp-saves restore -q toy 1
is "files/ is that" "$(find "$S/toy/files/world/count" 2>/dev/null)" ""
gives 0 "up goes on from there" gsp-up -q toy
is "the machine has it" "$(on sh -c "'ls /srv/toy/world'" | tr '\n' ' ')" "level "
gives 0 "down again" gsp-down -q toy
is "its parent is the restored one" "$(kind 4) $(cat "$S/toy/files/world/count")" "down 3 1"
is "history was never rewound" "$(for i in 1 2 3 4; do kind $i; done | tr '\n' ';')" "import 0;down 1;restore 1;down 3;"

umount "$S/full" "$T/full"
finish
