# Sourced by the integration tests (sh, TAP). A test begins with
#
#	. test/integ/lib.sh
#	in_sandbox "$@"     # runs the rest inside `gsp-sandbox run`; skips without root
#	new_home            # a fresh home in $T/home with the toy game as server "toy"
#
# and ends with `finish`. The working directory is the top of the source tree.
# shellcheck shell=sh

TOP=$(pwd)
BUILD=${BUILD:-$TOP/build}
PATH=$BUILD:$PATH
export PATH BUILD
LC_ALL=C.UTF-8
export LC_ALL
N=0

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

need() { # need PROGRAM...: skip the whole test without them
	for program; do
		command -v "$program" >/dev/null || skip_all "needs $program"
	done
}

need_root() {
	[ "$(id -u)" = 0 ] || skip_all "needs root (network and mount namespaces)"
}

# Times are short so that the suite is; SANDBOX_ARGS adds options.
in_sandbox() {
	[ "${1:-}" != --inner ] || return 0
	need_root
	cleanup # an exec runs no traps; the inner run makes its own
	# shellcheck disable=SC2086
	exec gsp-sandbox run --create-time 200ms --boot-time 200ms --shutdown-time 200ms \
		${SANDBOX_ARGS:-} -- "$0" --inner
}

# Everything lives below $T, which goes with us, read-only directories too.
T=$(mktemp -d "${TMPDIR:-/tmp}/gsp-test.XXXXXX") || exit 71
chmod 755 "$T"
cleanup() {
	chmod -R u+w "$T" 2>/dev/null
	rm -rf "$T"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

pass() { N=$((N + 1)) && echo "ok $N - $*"; }
fail() { N=$((N + 1)) && echo "not ok $N - $*"; }
note() { printf '%s\n' "$*" | sed 's/^/# /'; }
finish() { echo "1..$N"; }

ok() { # ok TEXT COMMAND...: it succeeds
	text=$1
	shift
	if "$@" >"$T/out" 2>"$T/err"; then
		pass "$text"
	else
		fail "$text (status $?)"
		note "$(tail -n 5 "$T/out")"
		note "$(tail -n 10 "$T/err")"
	fi
}

gives() { # gives STATUS TEXT COMMAND...: it ends with just that status; output in $T/out, $T/err
	want=$1 text=$2
	shift 2
	"$@" >"$T/out" 2>"$T/err" </dev/null
	got=$?
	if [ "$got" = "$want" ]; then
		pass "$text"
	else
		fail "$text (status $got, not $want)"
		note "$(tail -n 5 "$T/out")"
		note "$(tail -n 10 "$T/err")"
	fi
}

says() { # says TEXT PATTERN: the last command's stderr matches the extended regular expression
	if grep -Eq -e "$2" "$T/err"; then
		pass "$1"
	else
		fail "$1"
		note "wanted: $2"
		note "$(tail -n 10 "$T/err")"
	fi
}

prints() { # prints TEXT PATTERN: the same for its stdout
	if grep -Eq -e "$2" "$T/out"; then
		pass "$1"
	else
		fail "$1"
		note "wanted: $2"
		note "$(tail -n 10 "$T/out")"
	fi
}

is() { # is TEXT GOT WANT
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1"
		note " got: $2"
		note "want: $3"
	fi
}

until_true() { # until_true SECONDS COMMAND...: poll, 10 times a second
	deadline=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

answer() { # answer TEXT COMMAND...: on a terminal
	python3 - "$@" <<'PY'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
out = b''
sent = False
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    out += data
    if b'[y/N]' in out and not sent:
        os.write(fd, sys.argv[1].encode() + b'\n')
        sent = True
sys.stdout.write(out.decode(errors='replace'))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
}

# ---- the sandbox's control (see gsp-sandbox(1)) ----

control() { # control METHOD PATH [JSON]
	curl -sS -X "$1" -H "Authorization: Bearer $LINODE_TOKEN" -H 'Content-Type: application/json' \
		${3:+-d "$3"} "${GSP_LINODE_URL%/v4}/_sandbox$2"
}
fault() { control POST /faults "$1" >/dev/null; }
machine_fault() { control POST "/machines/$1/$2" "${3:-}" >/dev/null; }
machines() { control GET /state | jq '.machines | length'; }
firewalls() { control GET /state | jq '.firewalls | length'; }
requests() { # requests METHOD PATH-REGEX: how many the sandbox has seen
	control GET /log | jq --arg m "$1" --arg p "$2" \
		'[(.log? // .requests? // .)[] | select(.method == $m and (.path | test($p)))] | length'
}

# ---- homes ----

stage() { gsp-status -C "$H" --json "$@" 2>/dev/null | jq -r 'select(.server=="'"${1:-toy}"'").stage'; }
newest() { # the newest generation's number, without zeros
	# shellcheck disable=SC2012
	ls "$H/servers/${1:-toy}/history" | sed -n 's/^0*\([0-9][0-9]*\)$/\1/p' | sort -n | tail -n 1
}
gen() { printf '%s/servers/%s/history/%06d' "$H" "${2:-toy}" "$1"; }
# A command on the machine, as root.
on() { gsp-ssh -C "$H" toy "$@" </dev/null; }

# The toy game listens on 7777/tcp, adds one to world/count when it is told to stop, and keeps
# a log that never travels.
toy_server() { # toy_server DIR
	mkdir -p "$1/files/world"
	cat >"$1/server.yaml" <<-'EOF'
		region: us-ord
		type: g6-nanode-1
		ports: [7777/tcp]
		user: game
		dir: /srv/toy
		sync:
		  exclude: [logs/]
		  push: [mods/]
		saves: [world/]
		timeouts: {bootstrap: 2m, start: 30s, ready: 30s, stop: 30s}
	EOF
	cat >"$1/bootstrap" <<-'EOF'
		#!/bin/sh
		mkdir -p "$GSP_OPT" && cat >"$GSP_OPT/toy.py" <<'PY'
		import os, signal, socket, sys
		d = os.environ['GSP_DIR']
		path = d + '/world/count'
		def read():
		    return int(open(path).read()) if os.path.exists(path) else 0
		def stop(*_):
		    n = read() + 1
		    with open(path + '.new', 'w') as f:
		        f.write('%d\n' % n)
		    os.rename(path + '.new', path)
		    os._exit(0)
		signal.signal(signal.SIGTERM, stop)
		s = socket.socket()
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		s.bind(('0.0.0.0', 7777))
		s.listen(5)
		os.makedirs(d + '/logs', exist_ok=True)
		open(d + '/logs/latest.log', 'a').write('up\n')
		while True:
		    c, _ = s.accept()
		    c.close()
		PY
	EOF
	cat >"$1/start" <<-'EOF'
		#!/bin/sh
		/usr/bin/python3 "$GSP_OPT/toy.py" &
		echo $! >/tmp/toy.pid
	EOF
	cat >"$1/stop" <<-'EOF'
		#!/bin/sh
		[ -f /tmp/toy.pid ] || exit 0
		pid=$(cat /tmp/toy.pid)
		kill "$pid" 2>/dev/null || exit 0
		while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
	EOF
	chmod +x "$1/bootstrap" "$1/start" "$1/stop"
	echo hello >"$1/files/readme"
}

new_home() { # new_home [NAME]: $H becomes a fresh home
	H=$T/${1:-home}
	gsp-init -q --watch nobody --type g6-nanode-1 "$H/" </dev/null >/dev/null 2>&1 || {
		echo "Bail out! gsp-init failed"
		exit 1
	}
	mkdir -p "$H/servers/toy"
	toy_server "$H/servers/toy"
	GSP_HOME=$H
	export GSP_HOME
}

server() { # server NAME: one more toy game in the home
	mkdir -p "$H/servers/$1"
	toy_server "$H/servers/$1"
}

# tells_players NAME: its script `players` prints what is in /tmp/players on the machine, 0 without
# it. For a server that has not only tcp ports: else nobody can tell.
tells_players() {
	printf '#!/bin/sh\ncat /tmp/players 2>/dev/null || echo 0\n' >"$H/servers/$1/players"
	chmod +x "$H/servers/$1/players"
}

# The API itself, as somebody else would use it.
api() { # api METHOD PATH [JSON]
	curl -sS -X "$1" -H "Authorization: Bearer $LINODE_TOKEN" -H 'Content-Type: application/json' \
		${3:+-d "$3"} "$GSP_LINODE_URL$2"
}

# What takes long runs beside the rest; its output is looked at when it is over.
bg() { # bg NAME COMMAND...
	bg_name=$1
	shift
	(
		"$@" >"$T/$bg_name.out" 2>"$T/$bg_name.err" </dev/null
		echo $? >"$T/$bg_name.rc.new"
		mv "$T/$bg_name.rc.new" "$T/$bg_name.rc"
	) &
}
bg_gives() { # bg_gives STATUS TEXT NAME [SECONDS]: it ends with just that status
	until_true "${4:-60}" test -f "$T/$3.rc" || echo "no end" >"$T/$3.rc"
	cp "$T/$3.out" "$T/out"
	cp "$T/$3.err" "$T/err"
	is "$2" "$(cat "$T/$3.rc")" "$1"
	[ "$(cat "$T/$3.rc")" = "$1" ] || note "$(tail -n 10 "$T/err")"
	rm -f "$T/$3.rc"
}

# ---- machines of other servers than toy, and what they remember ----

at() { # at SERVER WORD...: a command on its machine, as root
	at_server=$1
	shift
	gsp-ssh -C "$H" "$at_server" "$@" </dev/null
}
marker() { at "$1" cat /var/lib/gsp/session.json; }
marker_state() { marker "$1" | jq -r .state; }
# set_marker SERVER SED-EXPRESSION: as somebody would who tampers with the machine
set_marker() { at "$1" sed -i -e "'$2'" /var/lib/gsp/session.json; }
gsp_field() { # gsp_field NUMBER JQ-FILTER [SERVER]: of a generation's description
	head -n 1 "$(gen "$1" "${3:-toy}").gsp" | jq -r "$2"
}
