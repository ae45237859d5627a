#!/bin/sh
# Looking at saves: gsp-saves list, show, diff, verify: what they print, what damage they find, and
# that they change nothing and wait for nobody.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq rsync setpriv flock
new_home
server fresh
rm -r "$H/servers/fresh/files"

S=$H/servers/toy
F=$S/files
odd=$(printf 'a b\nc')
esc=$(printf 'x\033[31m')
rows() { jq -rs "map($1)[]" <"$T/out"; }
tree_sum() { (cd "$H" && find . -printf '%p %i %m %n %s %T@\n' && find . -type f -exec cat {} +) | sort | sha256sum; }
keep_time() { # keep_time FILE COMMAND...: change it and nobody sees it by its time
	keep_file=$1
	shift
	touch -r "$keep_file" "$T/time"
	"$@"
	touch -r "$T/time" "$keep_file"
}
flip() { # one bit of byte 0
	byte=$(od -An -tu1 -N1 "$1" | tr -d ' ')
	# shellcheck disable=SC2059
	keep_time "$1" sh -c 'printf "$1" | dd of="$2" bs=1 conv=notrunc status=none' - \
		"$(printf '\\%03o' $((byte ^ 1)))" "$1"
}

# ---- nothing there ----
gives 0 "list: no generation yet" gsp-saves list fresh
is "prints nothing" "$(cat "$T/out" "$T/err")" ""
gives 0 "verify: no generation yet" gsp-saves -q verify fresh
gives 69 "show: no such generation" gsp-saves show fresh 1
says "says what shows them" "'fresh' has no generation 1; 'gsp saves list fresh'"
ok "nothing was made by looking" test ! -e "$H/servers/fresh/history" -a ! -e "$H/servers/fresh/files" -a ! -e "$H/state/fresh"

# ---- an evening ----
mkdir -p "$F/world/deep" "$F/mods" "$F/ro"
head -c 300000 /dev/urandom >"$F/world/level"
head -c 2000000 /dev/urandom >"$F/world/big"
echo odd >"$F/$odd"
echo esc >"$F/$esc"
echo deep >"$F/world/deep/x"
echo jar >"$F/mods/a.jar"
: >"$F/empty"
ln -s readme "$F/link"
echo old >"$F/ro/file"
chmod 444 "$F/ro/file"
chmod 555 "$F/ro"
gives 0 "up" gsp-up -q toy
on sh -c "'cd /srv/toy && printf X | dd of=world/level bs=1 conv=notrunc && rm world/deep/x && chmod 600 world/big && chown -R game: .'"
gives 0 "down" gsp-down -q --actor discord:1234/somebody-with-a-long-name toy
echo edit >>"$F/readme"

before=$(tree_sum)
# somebody is at work on the server all the time
flock "$H/state/toy/lock" sleep 300 &
flock_pid=$!
until_true 10 sh -c '! flock -n "$1" true' - "$H/state/toy/lock"

# ---- list ----
gives 0 "list, while the server is locked" gsp-saves list toy
is "two rows below the head" "$(sed 1d "$T/out" | awk '{ print $1, $2, $5 }')" "2 down 1
1 import -"
prints "newest, files/; the actor cut to what is said of him" '  somebody-wit  newest, files/$'
is "80 columns but for the marks" "$(sed 1d "$T/out" | grep -v newest | awk 'length > 80')" ""
gives 0 "list --json" gsp-saves list --json toy
is "what each has of its own" "$(rows '"\(.generation) \(.own) \(.own + .shared == .bytes) \(.bytes)"')" "2 2300002 true 2300024
1 2300005 true 2300027"
is "marks" "$(rows '"\(.base) \(.newest) \(.accepted) \(.damaged)"' | tr '\n' ' ')" "true true false false false false false false "
is "session and actor" "$(rows '"\(.session) \(.actor)"' | head -n 1)" "$(gsp_field 2 .session) discord:1234/somebody-with-a-long-name"
gives 74 "a full disk is no success" sh -c 'gsp-saves list toy >/dev/full'
gives 74 "nor with --json" sh -c 'gsp-saves list --json toy >/dev/full'

# ---- show ----
gives 0 "show" gsp-saves show toy 2
prints "facts" '^parent +1$'
prints "size" '^size +2.3 MB in 9 files: 2.3 MB of its own, 22 B shared$'
prints "sums" '^checksums +of every file$'
prints "changes" '^changes +1 added, 1 removed, 2 changed against generation 1$'
is "the largest first" "$(sed '1,/^CHANGE/d' "$T/out" | awk '{ print $1, $NF }')" "mode world/big
changed world/level
removed world/deep/x
added world/count"
gives 0 "show, with zeros" gsp-saves show toy 000001
prints "not all of them" '^ +the 10 largest'
is "ten" "$(sed '1,/^CHANGE/d' "$T/out" | wc -l)" 10
gives 0 "show --all --json" gsp-saves show --all --json toy 1
is "paths survive" "$(jq -rs --arg p "$odd" 'map(select(.path == $p).to)[]' <"$T/out")" 4
is "all of them" "$(rows 'select(.path)' | jq -s length)" "$(rows 'select(.kind).added')"
gives 0 "show --all" gsp-saves show --all toy 1
is "a terminal is told nothing by a name" "$(tr -d '\n' <"$T/out" | tr -cd '\000-\037\177' | wc -c)" 0
gives 74 "show: a full disk" sh -c 'gsp-saves show toy 2 >/dev/full'
gives 64 "show: no number" gsp-saves show toy two
gives 64 "show: none" gsp-saves show toy
gives 64 "--all elsewhere" gsp-saves list --all toy

# ---- diff ----
gives 0 "diff" gsp-saves diff --json toy 1 2
is "content by checksum, mode, what came and went" "$(rows '"\(.change) \(.what) \(.from) \(.to) \(.path)"')" "changed mode 2000000 2000000 world/big
added null null 2 world/count
removed null 5 null world/deep/x
changed content 300000 300000 world/level"
gives 0 "diff of one with itself" gsp-saves diff toy 2 2
is "is nothing" "$(cat "$T/out")" ""
touch "$F/world/count"
gives 0 "diff with files/" gsp-saves diff toy 2 files
is "what was edited, not what was only touched" "$(sed 1d "$T/out")" "changed   6 B  11 B  readme"
gives 0 "the other way" gsp-saves diff toy files 2
is "reads the other way" "$(sed 1d "$T/out")" "changed  11 B  6 B  readme"
touch -r "$(gen 2)/world/count" "$F/world/count"
gives 69 "diff with none" gsp-saves diff toy 2 7
gives 64 "files with files" gsp-saves diff toy files files

# ---- verify: all is well ----
gives 0 "verify" gsp-saves verify --json toy
is "good" "$(rows '"\(.generation) \(.result) \(.files)"' | tr '\n' ' ')" "2 good 9 1 good 9 "
says "what they share was read once" "2 generations, 4.6 MB read"
gives 0 "verify one, for programs" gsp-saves verify --progress=json toy 1
is "exactly one end" "$(jq -r 'select(.step == "all").state' "$T/err")" "done"
gives 69 "verify none" gsp-saves verify toy 9
gives 64 "verify what is no number" gsp-saves verify toy -- -1
gives 74 "verify: a full disk" sh -c 'gsp-saves -q verify toy >/dev/full'
kill "$flock_pid"
is "looking changed nothing" "$(touch -r "$(gen 2)/world/count" "$F/world/count" && tree_sum | cut -c1-9)" "$(echo "$before" | cut -c1-9)"

# ---- the same for somebody who is not root ----
cp -a "$H" "$T/user"
chown -R 65534:65534 "$T/user"
as_user() { setpriv --reuid 65534 --regid 65534 --clear-groups env GSP_HOME="$T/user" HOME="$T/user" "$@"; }
gives 0 "as a user: list" as_user gsp-saves list --json toy
is "the same" "$(rows '.own' | tr '\n' ' ')" "2300002 2300005 "
gives 0 "as a user: verify" as_user gsp-saves -q verify toy
chmod 0 "$T/user/servers/toy/history/000001/ro"
gives 65 "as a user: a directory that cannot be read" as_user gsp-saves -q verify toy
is "is named, and what is below not missed" "$(awk '$1 == 1 { print $2, $3 }' "$T/out" | head -n 2)" "mode ro
unreadable ro"
says "with what to do" "1 of 2 generations of 'toy' are damaged: 1; generation 2 is newer, and good"
gives 77 "another one's home" gsp-saves -C "$T/user" list toy

# ---- damage ----
g=$(gen 2)
flip "$g/world/level"
gives 65 "verify: a flipped bit, size and time as before" gsp-saves -q verify --json toy
is "is found" "$(rows 'select(.problem) | "\(.generation) \(.problem) \(.path)"')" "2 content world/level"
says "and the way back is named" "damaged: 2; the newest good one is 1; 'gsp saves restore toy 1'"
flip "$g/world/level"
flip "$g/ro/file"
gives 65 "verify: in a file that all have" gsp-saves -q verify toy
is "both are named" "$(awk '$2 == "content" { print $1, $3 }' "$T/out")" "2 ro/file
1 ro/file"
says "and that files/ may still have it" "none is good; files/ .*'gsp saves diff toy 2 files'"
gives 0 "diff with files/" gsp-saves diff toy 2 files
is "by the list, not by the damage" "$(sed 1d "$T/out")" "changed   6 B  11 B  readme"
flip "$g/ro/file"
gives 0 "verify: well again" gsp-saves -q verify toy
chmod 755 "$g" "$g/world"
rm "$g/empty" "$g/link"
mkdir "$g/empty"
ln -s elsewhere "$g/link"
rm "$g/$odd"
echo stray >"$g/world/$odd"
keep_time "$g/world/count" sh -c 'printf "10\n" >"$1"' - "$g/world/count"
chmod 555 "$g" "$g/world"
chmod 640 "$g/ro/file"
gives 65 "verify: all kinds at once" gsp-saves -q verify --json toy 2
is "each is named" "$(jq -rs --arg p "$odd" 'map(select(.problem) | "\(.problem) \(.path | if . == $p then "ODD" elif . == "world/" + $p then "world/ODD" else . end) \(.expected) \(.found)")[]' <"$T/out")" "missing ODD file null
type empty file directory
target link readme elsewhere
mode ro/file 0444 0640
extra world/ODD null file
size world/count 2 3"
chmod 444 "$g/ro/file"

# ---- a description that is damaged ----
cp "$S/history/000002.gsp" "$T/000002.gsp"
keep_time "$S/history/000002.gsp" truncate -s 100 "$S/history/000002.gsp"
gives 74 "list: the newest has a torn description" gsp-saves list --json toy
is "all are listed" "$(rows '"\(.generation) \(.kind) \(.damaged) \(.newest)"' | tr '\n' ' ')" "2 null true false 1 import false true "
says "and it is named" "000002.gsp' is damaged: line 1 has no end"
gives 74 "list, for people" gsp-saves list toy
prints "says so" '^  2  \? .* files/, damaged$'
gives 74 "show" gsp-saves show toy 2
gives 65 "verify" gsp-saves -q verify --json toy
is "names the list" "$(rows 'select(.problem) | "\(.generation) \(.problem) \(.path)"')" "2 list 000002.gsp"
gives 0 "verify of another" gsp-saves -q verify toy 1
cp "$T/000002.gsp" "$S/history/000002.gsp"
sed -i -e '$d' "$S/history/000001.gsp"
gives 74 "show: the parent's list is damaged" gsp-saves show toy 2
prints "the rest is shown" '^size +2.3 MB in 9 files'
says "and why there is no more" "000001.gsp' is damaged: line 1 promises"
gives 74 "show it, for programs" gsp-saves show --json toy 1
is "what is unknown is null" "$(rows '"\(.kind) \(.own) \(.unproven) \(.added)"')" "import 2300009 null null" # the odd one is its own now

# ---- the parent was pruned; a home with a broken server.yaml ----
chmod -R u+w "$(gen 1)"
rm -r "$(gen 1)" "$(gen 1).gsp"
gives 0 "show without its parent" gsp-saves show toy 2
prints "says so" '^parent +1, which is not there any more$'
echo 'nonsense: [' >>"$S/server.yaml"
gives 0 "list needs no settings" gsp-saves list toy
finish
