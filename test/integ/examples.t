#!/bin/sh
# The scripts of examples/, run as gsp runs them on a machine (an environment built from
# nothing, stdin closed, output to a file, an ordinary user) but on this computer: no cloud,
# no root needed. Minetest is the real server when it is installed; Minecraft is
# test/fake/minecraft-server, fetched by bootstrap from a mirror made here.
#
# shellcheck disable=SC2034,SC2015 # conditions are passed to ok() as text
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/gsp-examples-XXXXXX") || exit 1
name=extest$$
n=0
bad=0
runs=0
log=$work/log.0

# A user that owns nothing, as on the machine; root gives itself up for it.
as=
if [ "$(id -u)" -eq 0 ]; then
	as="setpriv --reuid nobody --regid nogroup --clear-groups"
fi

cleanup() {
	for example in minetest minecraft; do
		if read -r pid since <"/tmp/gsp-$name-$example/pid"; then
			kill -KILL "$pid"
		fi
		rm -rf "/tmp/gsp-$name-$example"
	done 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# ok WHAT COMMAND...: COMMAND succeeds.
ok() {
	what=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		bad=$((bad + 1))
		sed 's/^/# /' "$log" 2>/dev/null | tail -n 20
	fi
}

skip() {
	n=$((n + 1))
	echo "ok $n # SKIP $*"
}

# run EXAMPLE SCRIPT ARG...: as gsp-run does; output in $log, status in $status. What $extra
# holds (words) is added to the environment. A log of its own for each run, because a server
# goes on writing to that of its start.
extra=
run() {
	example=$1
	script=$2
	shift 2
	status=0
	runs=$((runs + 1))
	log=$work/log.$runs
	# shellcheck disable=SC2086 # lists of words
	(cd "$work/$example" && exec timeout 120 $as env -i HOME="$work/$example" LANG=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		GSP_SERVER="$name-$example" GSP_DIR="$work/$example" GSP_OPT="$work/opt" \
		GSP_SESSION=s1 GSP_GENERATION=1 GSP_PORTS="$ports" $extra \
		"$top/examples/$example/$script" "$@" </dev/null >>"$log" 2>&1) || status=$?
	[ "$status" -eq 0 ]
}

gives() { # gives STATUS EXAMPLE SCRIPT ARG...
	want=$1
	shift
	run "$@"
	[ "$status" -eq "$want" ]
}

printed() { # printed TEXT: in the output of the last run
	grep -qF -- "$1" "$log"
}

free_port() { # free_port tcp|udp: one that nobody uses, below those the kernel hands out
	port=$((20000 + $$ % 10000))
	while grep -qi "^ *[0-9]*: [0-9a-f]*:$(printf '%04X' "$port") " "/proc/net/$1" "/proc/net/${1}6" 2>/dev/null; do
		port=$((port + 1))
	done
	echo "$port"
}

# Ended; perhaps not yet collected by a lazy init.
ended() {
	! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"
}

pid_of() {
	cut -d ' ' -f 1 "/tmp/gsp-$name-$1/pid"
}

chmod 755 "$work"
mkdir "$work/minetest" "$work/minecraft" "$work/opt" "$work/mirror"
if [ -n "$as" ]; then
	chown nobody "$work/minetest" "$work/minecraft" "$work/opt"
fi
# Where an ordinary user may not read the tree, the scripts are tried from a copy.
# shellcheck disable=SC2086
if ! $as test -x "$top/examples/minetest/start"; then
	cp -R "$top/examples" "$work/examples"
	cp "$top/test/fake/minecraft-server" "$work/fake-server"
	chmod -R a+rX "$work/examples"
	fake=$work/fake-server
	top=$work
else
	fake=$top/test/fake/minecraft-server
fi

for example in "$top"/examples/*/; do
	[ -e "$example/server.yaml" ] || continue # after_save/ is for any server
	for script in bootstrap start stop; do
		ok "$(basename "$example")/$script is executable" test -x "$example$script"
	done
done
if command -v shellcheck >/dev/null; then
	for script in "$top"/examples/*/*; do
		[ "$(head -c 2 "$script")" = '#!' ] || continue
		ok "shellcheck ${script#"$top"/}" shellcheck "$script"
	done
else
	skip "shellcheck is not installed"
fi

# ---- minecraft ----

port=$(free_port tcp)
ports=$port/tcp
version=1.99.1
case $(uname -m) in
aarch64) arch=aarch64 ;;
*) arch=x64 ;;
esac
mirror=file://$work/mirror

# What Mojang and Adoptium answer, cut to what bootstrap reads.
echo "not really a jar" >"$work/mirror/server.jar"
mkdir -p "$work/mirror/jre/jdk-99/bin" "$work/mirror/assets/latest/99"
cp "$fake" "$work/mirror/jre/jdk-99/bin/java"
tar -czf "$work/mirror/jre.tar.gz" -C "$work/mirror/jre" jdk-99
sha() { "$1" "$2" | cut -d ' ' -f 1; }
cat >"$work/mirror/version.json" <<JSON
{"id":"$version","javaVersion":{"component":"java-runtime","majorVersion":99},
 "downloads":{"server":{"sha1":"$(sha sha1sum "$work/mirror/server.jar")","size":17,
 "url":"$mirror/server.jar"}}}
JSON
cat >"$work/mirror/manifest.json" <<JSON
{"latest":{"release":"$version"},"versions":[
 {"id":"1.99","type":"release","url":"$mirror/other.json","sha1":"0"},
 {"id":"$version","type":"release","url":"$mirror/version.json",
  "sha1":"$(sha sha1sum "$work/mirror/version.json")"}]}
JSON
api="$work/mirror/assets/latest/99/hotspot?architecture=$arch&image_type=jre&os=linux&vendor=eclipse"
cat >"$work/mirror/java.json" <<JSON
[{"release_name":"jdk-99","binary":{"package":{"name":"jre.tar.gz","link":"$mirror/jre.tar.gz",
 "checksum":"$(sha sha256sum "$work/mirror/jre.tar.gz")"}}}]
JSON
cp "$work/mirror/java.json" "${api%%\?*}" # a file: URL has no query
chmod -R a+rX "$work/mirror"
base="MC_MANIFEST_URL=$mirror/manifest.json JAVA_API_URL=$mirror"

if command -v curl >/dev/null && command -v jq >/dev/null &&
	[ -e /etc/ssl/certs/ca-certificates.crt ]; then
	extra="$base MC_VERSION=1.0.0"
	ok "bootstrap: a version that does not exist" gives 1 minecraft bootstrap
	ok "... is named" printed "there is no Minecraft version '1.0.0'"
	extra="$base MC_VERSION=latest"
	ok "bootstrap: 'latest' is refused" gives 1 minecraft bootstrap
	extra="$base MC_VERSION=../../etc"
	ok "bootstrap: a path is refused" gives 1 minecraft bootstrap
	extra=$base
	ok "bootstrap: no version is refused" gives 1 minecraft bootstrap
	ok "... with what to write" printed "set MC_VERSION"

	extra="$base MC_VERSION=$version"
	mv "$work/mirror/server.jar" "$work/mirror/server.good"
	echo "not really a jaR" >"$work/mirror/server.jar"
	ok "bootstrap: a jar with a wrong checksum is refused" gives 1 minecraft bootstrap
	ok "... and named" printed "server.jar has a wrong checksum"
	ok "... and not kept" test ! -e "$work/opt/minecraft/$version/server.jar"
	mv "$work/mirror/server.good" "$work/mirror/server.jar"

	mv "$work/mirror/jre.tar.gz" "$work/mirror/jre.good"
	head -c 100 "$work/mirror/jre.good" >"$work/mirror/jre.tar.gz"
	ok "bootstrap: half a Java is refused" gives 1 minecraft bootstrap
	ok "... and not kept" test ! -e "$work/opt/java/99"
	mv "$work/mirror/jre.good" "$work/mirror/jre.tar.gz"

	ok "bootstrap fetches jar and Java" run minecraft bootstrap
	ok "... the jar is there" cmp -s "$work/mirror/server.jar" "$work/opt/minecraft/$version/server.jar"
	ok "... Java runs" "$work/opt/minecraft/$version/java" -version 2>"$log"
	ok "... nothing half-done is left" test -z "$(find "$work/opt" -name '.bootstrap*')"
	mv "$work/mirror" "$work/mirror.gone"
	ok "bootstrap again needs no network" run minecraft bootstrap
	mv "$work/mirror.gone" "$work/mirror"
	echo broken >"$work/opt/minecraft/$version/server.jar"
	ok "bootstrap mends a broken jar" run minecraft bootstrap
	ok "... the jar is whole again" cmp -s "$work/mirror/server.jar" "$work/opt/minecraft/$version/server.jar"
else
	skip "minecraft/bootstrap needs curl, jq and ca-certificates"
	mkdir -p "$work/opt/minecraft/$version"
	cp "$work/mirror/server.jar" "$work/opt/minecraft/$version/"
	cp "$fake" "$work/opt/minecraft/$version/java"
fi

level() {
	sed -n "s/.*$1=\([0-9]*\).*/\1/p" "$work/minecraft/world/level.dat"
}

extra="MC_VERSION=$version"
ok "start: no EULA, no server" gives 1 minecraft start
ok "... with what to write" printed 'echo eula=true >servers/'
ok "... and no eula.txt" test ! -e "$work/minecraft/eula.txt"
extra="MC_VERSION=$version EULA=false"
ok "start: EULA false is no" gives 1 minecraft start
ok "health before the start" gives 1 minecraft health
ok "players before the start: cannot tell" gives 75 minecraft players
ok "say before the start" gives 1 minecraft say hello
ok "stop before the start is success" run minecraft stop

echo eula=false >"$work/minecraft/eula.txt"
ok "start: eula.txt false is no" gives 1 minecraft start
ok "... and stays false" grep -qx eula=false "$work/minecraft/eula.txt"
echo eula=true >"$work/minecraft/eula.txt"
extra="MC_VERSION=$version EULA=false FAKE_EXIT=3"
ok "start: eula.txt true is as good as EULA" gives 1 minecraft start
ok "... the server came as far as dying" printed "ended with status 3"
rm "$work/minecraft/eula.txt"

extra="MC_VERSION=$version EULA=true FAKE_EXIT=3"
ok "start: a server that dies" gives 1 minecraft start
ok "... its status is told" printed "ended with status 3"
extra="MC_VERSION=1.0.0 EULA=true"
ok "start: a version that was not fetched" gives 1 minecraft start
ok "... is told" printed "run bootstrap"

extra="MC_VERSION=$version EULA=true JAVA_OPTS=-Xmx64M"
ok "start" run minecraft start
ok "... says the port" printed "ready on tcp port $port"
ok "... the owner's yes is written" grep -qx eula=true "$work/minecraft/eula.txt"
first=$(pid_of minecraft)
ok "start again is success" run minecraft start
ok "... and no second server" test "$(pid_of minecraft)" = "$first"
ok "health" run minecraft health
ok "players" run minecraft players
ok "... prints 0" test "$(cat "$log")" = 0
echo 3 >"$work/minecraft/players"
ok "players counts" run minecraft players
ok "... prints 3" test "$(cat "$log")" = 3
ok "say" run minecraft say "five minutes left
stop"
tries=50
until grep -q 'five minutes' "$work/minecraft/logs/latest.log" || [ "$tries" -eq 0 ]; do
	sleep 0.1
	tries=$((tries - 1))
done
ok "... reaches the console as one line" \
	grep -qF '[Server] five minutes left stop' "$work/minecraft/logs/latest.log"
ok "... which is no command of its own" run minecraft health
ok "stop" run minecraft stop
ok "... the server has ended" ended "$first"
ok "... the world was written" test "$(level ticks)" -gt 0
ok "health after the stop" gives 1 minecraft health
ok "stop again is success" run minecraft stop

extra="MC_VERSION=$version EULA=true FAKE_LATE=2"
sessions=$(level runs)
ticks=$(level ticks)
ok "start on the saved world" run minecraft start
ok "... went on from it" test "$(level runs)" -eq $((sessions + 1))
ok "stop waits for a world written after the port closed" run minecraft stop
ok "... it is there" test "$(level ticks)" -gt "$ticks"

ok "start, to be killed" run minecraft start
kill -KILL "$(pid_of minecraft)"
ok "stop of a dead server does not hang" run minecraft stop
ok "say to a dead server does not hang" gives 1 minecraft say hello
ok "start after a crash" run minecraft start
rm -f "/tmp/gsp-$name-minecraft/console"
ok "stop without a console" run minecraft stop
ok "... the server has ended" printed stopped

# ---- minetest ----

port=$(free_port udp)
ports=$port/udp
extra="GAME=minetest"

game_time() {
	sed -n 's/^game_time = //p' "$work/minetest/world/env_meta.txt"
}

if [ -x /usr/lib/minetest/minetestserver ]; then
	ok "stop before the start is success" run minetest stop
	ok "health before the start" gives 1 minetest health
	ok "players before the start: cannot tell" gives 75 minetest players
	ok "say before the start" gives 1 minetest say hello
	extra="GAME=nosuchgame"
	ok "start: a game that does not exist" gives 1 minetest start
	ok "... is told" printed "nosuchgame"
	extra="GAME=minetest"
	ok "start" run minetest start
	first=$(pid_of minetest)
	ok "health" run minetest health
	ok "players" run minetest players
	ok "... prints 0" test "$(cat "$log")" = 0
	ok "say" run minetest say "five minutes left"
	ok "start again is success" run minetest start
	ok "... and no second server" test "$(pid_of minetest)" = "$first"
	sleep 2 # the world's clock counts whole seconds
	ok "stop" run minetest stop
	ok "... the server has ended" ended "$first"
	ok "... game_time was written" test "$(game_time)" -gt 0
	ok "... no heartbeat is left in the save" test ! -e "$work/minetest/world/gsp/players"
	time1=$(game_time)
	touch "$work/before"
	extra="GAME=nosuchgame"
	gives 1 minetest start
	ok "a start that fails leaves the save alone" \
		test -z "$(find "$work/minetest/world" -newer "$work/before")"
	extra="GAME=minetest"
	ok "start on the saved world" run minetest start
	sleep 2
	ok "stop" run minetest stop
	ok "... game_time grew" test "$(game_time)" -gt "$time1"
	ok "start, to be killed" run minetest start
	kill -KILL "$(pid_of minetest)"
	ok "stop of a dead server does not hang" run minetest stop
	ok "health of a dead server" gives 1 minetest health
else
	skip "minetest-server is not installed"
fi

echo "1..$n"
[ "$bad" -eq 0 ]
