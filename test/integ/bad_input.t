#!/bin/sh
# What people and broken pipes hand us: files with mistakes, wrong names, wrong options, bad
# records, full outputs. Each has its exit status and a message that says what to do.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq python3
new_home
yaml=$H/servers/toy/server.yaml
cp "$yaml" "$T/good.yaml"
cp "$H/gsp.yaml" "$T/good.gsp.yaml"

# ---- configuration: file:line:column: why, and 78 ----

wrong() { # wrong TEXT PATTERN: of what stands in server.yaml now
	gives 78 "server.yaml: $1" gsp-up --check toy
	says "... where and why" "server\.yaml:[0-9]+:[0-9]+: .*$2"
	cp "$T/good.yaml" "$yaml"
}
change() { # change SED-EXPRESSION
	sed "$1" "$T/good.yaml" >"$yaml"
}
change 's/^type: .*/type: [g6-nanode-1/'
wrong "a bracket that is not closed" .
change 's/^region:/regoin:/'
wrong "an unknown key, with the nearest known one" "regoin.*region"
change 's/^ports: .*/ports: {7777: tcp}/'
wrong "a map where a list belongs" list
change 's/^ports: .*/ports: [7777]/'
wrong "a port without a protocol" 7777
change 's/^ports: .*/ports: [99999\/tcp]/'
wrong "a port that does not exist" 99999
change 's,^dir: .*,dir: /etc,'
wrong "a system directory" /etc
change 's,^dir: .*,dir: /srv/../etc/toy,'
wrong "a path with .." '\.\.'
change 's,^saves: .*,saves: [logs/],'
wrong "an exclude that overlaps a save" logs
change 's/bootstrap: 2m/bootstrap: soon/'
wrong "a time that is none" soon
change 's/^user: .*/user: root/'
wrong "root as the game's user" root
change 's/^user: .*/user: a b/'
wrong "a user's name with a blank" user
printf '%s\n' 'region: us-ord' 'region: us-east' 'type: g6-nanode-1' >"$yaml"
wrong "a key that is there twice" region
printf '&a [*a, *a]\n' >"$yaml"
wrong "an alias" .
printf 'region: "\0us"\n' >"$yaml"
wrong "a NUL byte" .
head -c 3000000 /dev/zero | tr '\0' '#' >"$yaml"
gives 78 "server.yaml: three megabytes" gsp-up --check toy
cp "$T/good.yaml" "$yaml"
mkdir "$H/servers/-bad" "$H/servers/Up"
gives 0 "directories with other names are no servers" gsp-status
rmdir "$H/servers/-bad" "$H/servers/Up"

echo 'linod: {}' >>"$H/gsp.yaml"
gives 78 "gsp.yaml: an unknown key" gsp-status
says "... where, and the nearest" "gsp\.yaml:[0-9]+:[0-9]+: .*linod.*linode"
cp "$T/good.gsp.yaml" "$H/gsp.yaml"
sed -i '/^home:/d' "$H/gsp.yaml"
gives 78 "gsp.yaml: without its id" gsp-status
cp "$T/good.gsp.yaml" "$H/gsp.yaml"

# ---- scripts ----

chmod -x "$H/servers/toy/stop"
gives 78 "a script that is not executable" gsp-up --check toy
says "... is named, with what helps" "stop.*chmod \+x"
chmod +x "$H/servers/toy/stop"
mv "$H/servers/toy/start" "$T/start"
gives 78 "a script that is missing" gsp-up toy
says "... is named" "'[^']*servers/toy/start'"
mv "$T/start" "$H/servers/toy/start"
for name in bootstrap stop health; do
	cp -p "$H/servers/toy/$name" "$T/whole" 2>/dev/null || rm -f "$T/whole"
	printf '#!/bin/sh\r\nexit 0\r\n' >"$H/servers/toy/$name"
	chmod +x "$H/servers/toy/$name"
	gives 78 "'$name' with Windows line ends" gsp-up --check toy
	says "... is named, with what mends it" "/toy/$name': line 1 ends in a carriage return .*sed -i '"
	eval "$(sed -n 's/.*run: \(sed .*\)/\1/p' "$T/err")"
	gives 0 "... and that does" gsp-up --check toy
	rm "$H/servers/toy/$name"
	[ ! -f "$T/whole" ] || mv "$T/whole" "$H/servers/toy/$name"
done
sed -i 's|^ssh_keys:.*|ssh_keys: [nosuch.pub]|' "$H/gsp.yaml"
grep -q '^ssh_keys:' "$H/gsp.yaml" || echo 'ssh_keys: [nosuch.pub]' >>"$H/gsp.yaml"
gives 78 "a key file that is not there: --check says so" gsp-up --check toy
says "... names it" "nosuch\.pub.*No such file"
gives 78 "... so does provision" gsp-provision toy
is "... before there is a journal" "$(ls "$H/state/toy/session"* 2>/dev/null)" ""
cp "$T/good.gsp.yaml" "$H/gsp.yaml"
is "nothing was bought for any of this" "$(requests POST '/linode/instances$')" 0

# ---- homes ----

(
	cd / && unset GSP_HOME && HOME=$T gives 78 "no home" gsp-status
	says "... says how to make one" 'gsp.init'
	echo "N=$N" >"$T/n"
)
. "$T/n"
mkdir "$T/empty"
gives 78 "-C to where no home is" gsp-status -C "$T/empty"
gives 78 "-C to nowhere" gsp-status -C "$T/nowhere"
gives 69 "no such server" gsp-provision nosuch
says "... it is named" "nosuch"
for tool in gsp-up gsp-down gsp-teardown gsp-restart gsp-status gsp-logs 'gsp-run start' 'gsp-sync up'; do
	# shellcheck disable=SC2086
	gives 69 "$tool of no such server" $tool nosuch
done
is "none of them made anything" "$(ls -d "$H/servers/nosuch" "$H/state/nosuch" 2>/dev/null)" ""

# ---- tokens ----

token=$LINODE_TOKEN
unset LINODE_TOKEN
rm -f "$H/token"
gives 77 "no token" gsp-status
says "... says where it belongs" 'LINODE_TOKEN'
(umask 022 && echo "$token" >"$H/token")
gives 77 "a token that everybody can read" gsp-status
says "... says what to do" "chmod 600 '.*token'"
chmod 600 "$H/token"
gives 0 "a token as it should be" gsp-status
printf 'a b\n' >"$H/token"
gives 77 "a token with a blank" gsp-status
: >"$H/token"
gives 77 "an empty token" gsp-status
rm "$H/token"
if grep -q token_file "$H/gsp.yaml"; then
	with_command() { sed "s|token_file: [^ ]*|token_command: [$1]|" "$T/good.gsp.yaml" >"$H/gsp.yaml"; }
	with_command 'sh, -c, "exit 3"'
	gives 77 "token_command that fails" gsp-status
	says "... with its status" 'token_command .*status 3'
	with_command '/no/such/program'
	gsp-status >"$T/out" 2>"$T/err" </dev/null
	says "token_command that is not there is named" '/no/such/program'
	echo "$token" >"$T/secret"
	with_command "cat, $T/secret"
	gives 0 "token_command" gsp-status
	cp "$T/good.gsp.yaml" "$H/gsp.yaml"
fi
LINODE_TOKEN=$token
export LINODE_TOKEN

# ---- options of every tool ----

mkdir "$T/elsewhere" # gsp-init works where it stands
for path in "$BUILD"/gsp "$BUILD"/gsp-*; do
	tool=$(basename "$path")
	name=${tool%-setup} # what gsp-bot becomes to ask Discord is gsp-bot to everybody
	gives 0 "$tool --help" "$tool" --help
	prints "... on stdout" "$name"
	gives 0 "$tool --version" "$tool" --version
	prints "... on stdout" '^'"$name"'( \(gsp\))? [0-9]+\.[0-9]+'
	"$tool" --help >/dev/full 2>"$T/err"
	is "$tool --help to a full disk" $? 74
	(cd "$T/elsewhere" && "$tool" --no-such-option) >"$T/out" 2>"$T/err" </dev/null
	is "$tool --no-such-option" $? 64
	says "... is named" 'no-such-option'
	case $tool in
	gsp | gsp-status | gsp-init | gsp-saves | gsp-cost | gsp-watch) ;;
	*) gives 64 "$tool without an operand" "$tool" ;;
	esac
done
gives 0 "help of a tool" gsp help up
is "... is one blank line at a time" "$(cat -s "$T/out")" "$(cat "$T/out")"
is "gsp's own version" "$(gsp --version | sed 's/[0-9.]*$//')" "gsp "
if [ "$BUILD" = "$TOP/build" ] && command -v make >/dev/null; then
	installed() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s DESTDIR="$T/root" PREFIX=/usr "$1"; }
	ok "make install" installed install
	ok "... installs the examples" test -x "$T/root/usr/share/gsp/examples/minecraft/start"
	echo mine >"$T/root/usr/share/gsp/examples/mine"
	ok "make uninstall" installed uninstall
	is "... removes what was installed, and nothing else" "$(cd "$T/root" && find . ! -type d)" \
		./usr/share/gsp/examples/mine
fi
gsp-status >/dev/full 2>"$T/err"
is "gsp-status to a full disk" $? 74
gives 64 "an option's value is missing" gsp-up --from
gives 64 "an option's value is no number" gsp-up --from x toy
gives 64 "an actor with a line break" gsp-status --actor "a
b"
gives 64 "an actor with an escape sequence" gsp-status --actor "$(printf 'a\033[2Jb')"
gives 64 "gsp with an unknown word" gsp upp
says "... suggests the nearest" "up"
gives 69 "gsp passes its words on" gsp provision nosuch

# ---- records ----

bad_record() { # bad_record TEXT: stdin is $T/in
	timeout 20 gsp-run start - <"$T/in" >"$T/out" 2>"$T/err"
	is "records: $1" $? 65
	is "... and nothing on stdout" "$(cat "$T/out")" ""
}
: >"$T/in" && bad_record "none"
printf '\n\n \n' >"$T/in" && bad_record "blank lines"
echo 'not JSON' >"$T/in" && bad_record "no JSON"
echo '[1,2]' >"$T/in" && bad_record "a list"
echo '{"schema":"gsp.record/2","server":"toy"}' >"$T/in" && bad_record "another schema"
echo '{"schema":"gsp.record/1"}' >"$T/in" && bad_record "no server"
echo '{"schema":"gsp.record/1","server":["toy"]}' >"$T/in" && bad_record "a server that is a list"
echo '{"schema":"gsp.record/1","server":"toy","session":"zzzzzzzz"}' >"$T/in" && bad_record "another session"
printf '{"schema":"gsp.record/1","server":"toy","ses' >"$T/in" && bad_record "half a record"
head -c 5000000 /dev/zero | tr '\0' 'a' >"$T/in" && bad_record "a line of five megabytes"
says "... says so" 'too long'
head -c 100000 /dev/urandom >"$T/in" && bad_record "noise"
printf '{"schema":"gsp.record/1","server":"toy"}{"schema":"gsp.record/1","server":"toy"}\n' >"$T/in"
bad_record "two on one line"
gives 64 "'-' stands alone" gsp-run start - toy
gives 64 "gsp-provision takes names" gsp-provision -

# stdin is never read unless "-" asks for it
printf 'rest' >"$T/in"
left=$({ gsp-status >/dev/null 2>&1; cat; } <"$T/in")
is "stdin is left alone" "$left" rest
left=$({ gsp-provision nosuch >/dev/null 2>&1; cat; } <"$T/in")
is "... by a tool that reads records, too" "$left" rest

# ---- a server to try the rest with ----

gsp-up --progress=json toy >"$T/out" 2>"$T/progress" </dev/null
is "up --progress=json" $? 0
is "stdout has one record and nothing else" "$(jq -rs 'map(.schema) | join(" ")' "$T/out")" gsp.record/1
is "every line on stderr is a JSON object" "$(jq -R 'try (fromjson | type) catch "no JSON"' "$T/progress" | sort -u)" '"object"'
is "with what belongs into it" "$(jq -c 'select((.t | type) != "number" or .server != "toy" or
	(.step | type) != "string" or (.state | IN("start", "progress", "done", "fail") | not))' "$T/progress")" ""
is "it ends in the one end of 'all'" "$(jq -rs '[.[] | select(.step == "all" and (.state == "done" or
	.state == "fail"))] | length, (.[-1].step == "all")' "$T/progress" | tr '\n' ' ')" "1 true "
is "no step speaks more than four times a second" "$(jq -s '[.[] | select(.state == "progress" and
	.level? == null) | "\(.step) \(.t / 1000 | floor)"] | group_by(.) | map(length) | max // 0 | . <= 4' "$T/progress")" true
is "state/ has the same lines" "$(tail -n 1 "$H/state/toy/progress.jsonl" | jq -r '"\(.step) \(.state)"')" "all done"
gsp-provision --progress=json nosuch >"$T/out" 2>"$T/progress" </dev/null
is "a failure ends in one 'all', too" "$(jq -Rrs 'split("\n") | map(try fromjson catch empty) |
	map(select(.step? == "all") | .state) | join(" ")' "$T/progress")" fail
gives 0 "up -q" gsp-up -q toy
is "... is quiet" "$(grep -v warning: "$T/err")" ""
gives 0 "provision and its record" gsp-provision toy
cp "$T/out" "$T/record"
is "... fields" "$(jq -r '[.schema, .server, .label, .ssh.user, .ssh.port] | join(" ")' "$T/record")" \
	"gsp.record/1 toy gsp-toy root 22"
cat "$T/record" "$T/record" | gsp-run start - >"$T/out" 2>"$T/err"
is "two records: both are worked on" "$? $(wc -l <"$T/out")" "0 2"
{ echo nonsense && cat "$T/record"; } | gsp-run start - >"$T/out" 2>"$T/err"
is "a bad and a good one: the good one is done, and 65 said" "$? $(wc -l <"$T/out")" "65 1"
gsp-run start - <"$T/record" >/dev/full 2>"$T/err"
is "a record that cannot be written is 74" $? 74
gives 0 "two servers, one unknown: the other is done" sh -c 'gsp-status toy'
gsp-provision nosuch toy >"$T/out" 2>"$T/err" </dev/null
is "names: one bad, one good" "$? $(jq -r .server "$T/out")" "69 toy"

# ---- scripts' own statuses ----

script() { # script NAME TEXT
	printf '#!/bin/sh\n%s\n' "$2" >"$H/servers/toy/$1"
	chmod +x "$H/servers/toy/$1"
}
for status in 1 3 63 75; do
	script check "exit $status"
	gives $status "gsp-run passes $status through" gsp-run check toy
done
script check 'exit 64'
gives 65 "64 and more are ours" gsp-run check toy
script check 'kill -KILL $$'
gives 65 "a script killed" gsp-run check toy
says "... by which signal" 'KILL'
script check 'echo "$@"; cat; id -un; pwd'
gives 0 "arguments" gsp-run check toy -- 'a b' '$(id)' "it's" -x
says "... arrive as they are, stdin is empty, as the game's user, in its directory" "^a b \\\$\(id\) it's -x"
says "..." '^game$'
says "..." '^/srv/toy$'

# ---- logs ----

gives 69 "the log of a script that never ran" gsp-logs toy nosuch
is "... names those that there are" "$(cat "$T/err")" "gsp-logs: there is no log of 'nosuch' on \
the machine of 'toy'; there are: bootstrap check start"
gives 69 "a log's name that is a path" gsp-logs toy ../x
script crlf "$(printf 'true\r')"
sed -i '1s/$/\r/' "$H/servers/toy/crlf"
gives 78 "gsp-run with Windows line ends" gsp-run crlf toy
says "... says what they are" "/toy/crlf': line 1 ends in a carriage return"

# ---- locks ----

script slow 'sleep 4'
sed -i '1a sleep 4' "$H/servers/toy/bootstrap"
bg boot gsp-run --actor discord:1/tester bootstrap toy
until_true 10 grep -q bootstrap "$H/state/toy/lock"
gives 75 "a server that is busy" gsp-down toy
says "... by whom, with what, since when" 'discord:1/tester.*bootstrap.* [0-9]+ ?(s|min|ms)|discord:1/tester.*bootstrap.*for'
gives 0 "status works meanwhile" gsp-status toy
bg_gives 0 "... it was not disturbed" boot

# ---- yes ----

gives 65 "what destroys wants --yes where nobody can be asked" gsp-teardown --discard-unsaved toy
says "... says so" '\-\-yes'
answer n gsp-teardown --discard-unsaved toy >"$T/out" 2>&1
is "no is no" $? 65
prints "... it was asked for by name" "Delete the machine of 'toy' WITHOUT its save"
is "... the machine is there" "$(machines)" 1
answer y gsp-status toy >"$T/out" 2>&1
prints "a terminal gets a sentence for the one that was named" '^toy is running since '
cp "$H/servers/toy/stop" "$T/stop"
sed -i '1a printf "saving \\033[2Jchunks\\n"; sleep 3' "$H/servers/toy/stop"
TERM=xterm # whatever runs the tests may have none
export TERM
unset NO_COLOR
answer y gsp-restart toy >"$T/out" 2>&1
is "restart on a terminal" $? 0
is "... the clock of a step that says nothing goes on" "$(grep -ao 'toy: stop  [123] s' "$T/out" |
	sort -u | wc -l)" 3
prints "... with the script's last words, made harmless" 'toy: stop  [123] s  saving .x1b\[2Jchunks'
mv "$T/stop" "$H/servers/toy/stop"
answer y gsp-teardown --discard-unsaved toy >"$T/out" 2>&1
is "yes is yes" $? 0
is "... it is gone" "$(machines)" 0
finish
