#!/bin/sh
# gsp and gsp-init: homes, servers from examples, words, statuses. No root, no cloud.
# GSP_BUILD names the directory of the programs, normally build/.
#
# shellcheck disable=SC2016,SC2034,SC2088 # conditions and what they use are text for ok()
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
bin=${GSP_BUILD:-$top/build}
work=$(mktemp -d "${TMPDIR:-/tmp}/gsp-init-XXXXXX") || exit 1
n=0
bad=0
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

unset GSP_HOME GSP_ACTOR GSP_LINODE_URL LINODE_TOKEN
HOME=$work/me
export HOME
mkdir -p "$HOME/.ssh"
cd "$work" || exit 1

# t STATUS WHAT COMMAND...: it ends with STATUS; out and err keep what it said.
t() {
	want=$1 what=$2
	shift 2
	"$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	n=$((n + 1))
	if [ "$got" -eq "$want" ]; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what (status $got, not $want)"
		sed 's/^/# /' "$work/out" "$work/err"
		bad=$((bad + 1))
	fi
}

# ok WHAT CONDITION
ok() {
	n=$((n + 1))
	if eval "$2"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$work/out" "$work/err"
		bad=$((bad + 1))
	fi
}

if [ ! -x "$bin/gsp-init" ] || [ ! -x "$bin/gsp" ]; then
	echo "1..0 # SKIP $bin/gsp-init is not built"
	exit 0
fi

# ---- a home ----
if command -v ssh-keygen >/dev/null; then
	ssh-keygen -q -t ed25519 -N '' -C me@home -f "$HOME/.ssh/id_ed25519"
	key='~/.ssh/id_ed25519.pub'
else
	key=
fi
echo nonsense >"$HOME/.ssh/broken.pub"
t 0 'a new home' "$bin/gsp" init ./h
ok 'it is new' 'grep -q " yes$" out'
ok 'it says that there is no token' 'grep -q "no API token yet" err'
ok 'the keys of ~/.ssh are in it' 'grep -qxF "ssh_keys: [$key]" h/gsp.yaml'
ok 'state/ is private' '[ "$(stat -c %a h/state)" = 700 ]'
ok 'secrets are ignored by git' 'grep -qx /token h/.gitignore && grep -qxF "/*-url" h/.gitignore && grep -qx /state/ h/.gitignore'
cp h/gsp.yaml before
rm -r h/servers
t 0 'the same again' "$bin/gsp" init ./h
ok 'it is not new' 'grep -q " no$" out'
ok 'what was missing is there again' '[ -d h/servers ]'
ok 'gsp.yaml is as it was' 'cmp -s before h/gsp.yaml'
t 73 'no home in a home' "$bin/gsp-init" ./h/inner/most
ok 'and nothing was made' '[ ! -e h/inner ]'
t 0 'region and plan can be chosen' "$bin/gsp-init" -q --region eu-central --type g6-nanode-1 ./h2
ok 'they are in gsp.yaml' 'grep -q "region: eu-central" h2/gsp.yaml && grep -q "type: g6-nanode-1" h2/gsp.yaml'
ok '-q says nothing for people' '[ ! -s err ]'
t 64 'a bad region is refused' "$bin/gsp-init" --region 'x y' ./h3
ok 'before anything is made' '[ ! -e h3 ]'

# ---- a server ----
t 0 'the examples are listed' "$bin/gsp-init" --examples --json
ok 'minetest is one' 'grep -q "\"example\":\"minetest\"" out'
t 0 'a server from an example' "$bin/gsp" -C h init minetest
ok 'it says where that is' 'grep -q "it is in .*/h/servers/minetest/" err'
ok 'and what to read next' 'grep -q "read .*/h/servers/minetest/README.md., .*gsp up --check minetest" err'
ok 'it is the example' 'diff -r "$top/examples/minetest" h/servers/minetest'
t 73 'not twice' "$bin/gsp" -C h init minetest
t 0 'under another name, as JSON' "$bin/gsp" -C h --json init minetest friends
ok 'the record is right' 'grep -q "\"server\":\"friends\".*\"dir\":\"/srv/friends\"" out'
ok 'only dir differs' '[ "$(diff "$top/examples/minetest/server.yaml" h/servers/friends/server.yaml | grep -c "^>")" = 1 ]'
ok 'scripts are executable' '[ -x h/servers/friends/start ]'
ok 'server.yaml is not' '[ ! -x h/servers/friends/server.yaml ]'
t 69 'an unknown example' "$bin/gsp" -C h init minetset
ok 'the known ones are named' 'grep -q minetest err'
t 64 'a name no server can have' "$bin/gsp" -C h init minetest Friends
t 64 'nor this' "$bin/gsp" -C h init minetest ../x
t 78 'no home, no server' "$bin/gsp-init" -C "$work/me" minetest
t 78 'a mistake in gsp.yaml' sh -c 'echo "regoin: x" >>h2/gsp.yaml; "$0" -C h2 minetest' "$bin/gsp-init"
ok 'is told with its place' 'grep -q "h2/gsp.yaml:[0-9]*:1: unknown key" err'
ok 'no half-made server is left' '[ -z "$(ls -A h2/servers)" ]'

# ---- words ----
t 0 'gsp alone lists the tools' "$bin/gsp"
ok 'init is there' 'grep -q "^  init  " out'
t 0 'help is help' "$bin/gsp" help init
ok 'of the tool' 'grep -q "^usage: gsp-init " out'
t 64 'an unknown word' "$bin/gsp" inti
ok 'the nearest is named' 'grep -q "did you mean .gsp init" err'
t 64 'a word is no path' "$bin/gsp" ../gsp-init
t 64 'an unknown option' "$bin/gsp-init" --exampels
ok 'the nearest is named too' 'grep -q "did you mean .--examples" err'
t 64 'options are never abbreviated' "$bin/gsp-init" --example
t 0 '--version' "$bin/gsp" --version
if [ -w /dev/full ]; then
	t 74 'stdout that cannot be written is an error' sh -c 'exec "$0" --version >/dev/full' "$bin/gsp"
	t 74 'for a table too' sh -c 'exec "$0" --examples >/dev/full' "$bin/gsp-init"
fi

echo "1..$n"
[ "$bad" -eq 0 ]
