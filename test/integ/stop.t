#!/bin/sh
# Scripts and the proof that a game has stopped: what a script gets and what becomes of its end,
# and everything that must keep gsp from believing that nobody writes any more.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq
new_home

S=$H/servers
script() { # script SERVER NAME: text on stdin
	cat >"$S/$1/$2"
	chmod +x "$S/$1/$2"
}
plant() { gsp-ssh -q "$1" >/dev/null 2>&1; } # plant SERVER: commands on stdin, as root

for s in dmn hard late odd; do
	server "$s"
done
cat >>"$S/toy/server.yaml" <<-'EOT'
	env: {TWO: "two words", QUOTES: "it's \"x\"", DOLLAR: "$HOME `id` \\ *", UTF: "žluťoučký kůň", N: "3"}
EOT
script toy bootstrap <<-'EOT'
	#!/bin/sh
	id -un >/tmp/bootstrap.user
	env >/tmp/bootstrap.env
	mkdir -p "$GSP_OPT"
EOT
script toy start <<-'EOT'
	#!/bin/sh
	echo "output of start"
	echo played >world/played
	sleep 1000 &
EOT
printf '#!/bin/sh\nexit 0\n' | script toy health
script toy stop <<-'EOT'
	#!/bin/sh
	pkill -x sleep
	exit 0
EOT
sed -i -e 's/stop: 30s/stop: 3s/' "$S/odd/server.yaml"

# dmn, hard: start leaves something that hides: another user, another session, no environment
for s in dmn hard; do
	script $s bootstrap <<-'EOT'
		#!/bin/sh
		mkdir -p "$GSP_OPT"
		cp /usr/bin/setpriv "$GSP_OPT/become" && chmod 4755 "$GSP_OPT/become"
		cat >"$GSP_OPT/hide" <<'SH'
		#!/bin/sh
		trap '' TERM
		while :; do sleep 0.2; done
		SH
		chmod 755 "$GSP_OPT/hide"
	EOT
	script $s start <<-'EOT'
		#!/bin/sh
		"$GSP_OPT/become" --reuid=65534 --regid=65534 --clear-groups \
			env -i setsid -f "$GSP_OPT/hide" </dev/null >/dev/null 2>&1
		echo played >world/played
		until user=$(ps -o user= -C hide); do sleep 0.05; done
		echo "$user"
	EOT
	printf '#!/bin/sh\nexit 0\n' | script $s stop
	printf '#!/bin/sh\nexit 0\n' | script $s health
	sed -i 's/^ports:.*/ports: []/' "$S/$s/server.yaml"
done

# late: closes its port when told to stop, and writes its world six seconds later
script late bootstrap <<-'EOT'
	#!/bin/sh
	mkdir -p "$GSP_OPT" && cat >"$GSP_OPT/late.py" <<'PY'
	import os, signal, socket, time
	s = socket.socket()
	s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	s.bind(('0.0.0.0', 7777))
	s.listen(5)
	def stop(*_):
	    s.close()
	    time.sleep(6)
	    open('/srv/toy/world/count', 'w').write('late\n')
	    os._exit(0)
	signal.signal(signal.SIGTERM, stop)
	while True:
	    time.sleep(100)
	PY
EOT
script late start <<-'EOT'
	#!/bin/sh
	/usr/bin/python3 "$GSP_OPT/late.py" &
EOT
printf '#!/bin/sh\npkill -TERM -f late.py\nexit 0\n' | script late stop

for s in toy dmn hard late odd; do
	bg "up.$s" gsp-up -q "$s"
done
bg_gives 0 "up hard" up.hard 90
bg hard gsp-down --kill --even-if-playing hard
bg_gives 0 "up dmn" up.dmn 90
is "what start left has another user" "$(gsp-logs dmn start | tail -n 1)" nobody
bg dmn gsp-down --even-if-playing dmn
bg_gives 0 "up late" up.late 90
bg late gsp-down late
bg_gives 0 "up toy" up.toy 90
bg_gives 0 "up odd" up.odd 90

# ---- what a script gets ----
is "bootstrap runs as root" "$(on cat /tmp/bootstrap.user)" root
is "with HOME = dir, too" "$(on sed -n s/^HOME=//p /tmp/bootstrap.env)" /srv/toy
script toy probe <<-'EOT'
	#!/bin/sh
	tr '\0' '\n' </proc/$$/environ | sort >/tmp/probe.env
	printf '%s|' "$@" >/tmp/probe.args
	{
		pwd
		id -un
		[ "$(awk '{ print $6 }' /proc/$$/stat)" = $$ ] && echo leader
		umask
	} >/tmp/probe.rest
	echo hello from probe
EOT
secret=$LINODE_TOKEN
export INHERITED=yes GSP_FOO=bar
gives 0 "any executable of the directory" gsp-run probe toy -- 'a b' "it's" '"$HOME"' '' '*' '-x' 'ů;id'
unset INHERITED GSP_FOO
says "its output is seen" "hello from probe"
is "arguments arrive as they are" "$(on cat /tmp/probe.args)" "a b|it's|\"\$HOME\"||*|-x|ů;id|"
sid=$(jq -r .session "$H/state/toy/session.json")
cat >"$T/want.env" <<-EOT
	DOLLAR=\$HOME \`id\` \\ *
	GSP_DIR=/srv/toy
	GSP_GENERATION=1
	GSP_OPT=/opt/gsp
	GSP_PORTS=7777/tcp
	GSP_SERVER=toy
	GSP_SESSION=$sid
	HOME=/srv/toy
	LANG=C.UTF-8
	N=3
	QUOTES=it's "x"
	TWO=two words
	UTF=žluťoučký kůň
EOT
is "the environment is what is documented, and nothing else" \
	"$(on cat /tmp/probe.env | grep -v -e ^PATH= -e ^GSP_SCRIPT=)" "$(cat "$T/want.env")"
is "PATH has the usual" "$(on grep -c '^PATH=.*/usr/bin:/sbin:/bin$' /tmp/probe.env)" 1
gives 1 "the token is nowhere on the machine" at toy grep -rqF "$secret" /tmp /var/lib/gsp /var/log /run/gsp /root /srv /opt
is "cwd, user, a session of its own" "$(on cat /tmp/probe.rest)" "/srv/toy
game
leader
0022"
is "gsp logs has it" "$(gsp-logs toy probe)" "hello from probe"
is "and start's" "$(gsp-logs toy start)" "output of start"

script toy probe <<-'EOT'
	#!/usr/bin/env python3
	import os
	for fd in sorted(map(int, os.listdir('/proc/self/fd'))):
	    try:
	        print('fd', fd, os.readlink('/proc/self/fd/%d' % fd))
	    except OSError:
	        pass
EOT
gives 0 "descriptors" gsp-run probe toy
is "stdin is /dev/null, stdout and stderr are a log file, nothing else is open" "$(grep ^fd "$T/err")" "fd 0 /dev/null
fd 1 /var/log/gsp/probe.log
fd 2 /var/log/gsp/probe.log"
script toy probe <<-'EOT'
	#!/usr/bin/perl
	print "perl $ARGV[0]\n";
EOT
gives 0 "the local version is the truth; perl" gsp-run probe toy -- x
says "perl" "^perl x"
script toy probe <<-'EOT'
	#!/usr/bin/awk -f
	BEGIN { print "awk " ENVIRON["GSP_SERVER"] }
EOT
gives 0 "awk" gsp-run probe toy
says "awk" "^awk toy"
script toy probe <<-'EOT'
	#!/usr/bin/env python3
	import sys
	print("python", sys.argv[1:])
EOT
gives 0 "python" gsp-run probe toy -- "x y"
says "python" "^python \['x y'\]"
chmod -x "$S/toy/probe"
gives 78 "one that is not executable" gsp-run probe toy

# ---- how it ends ----
script toy end <<-'EOT'
	#!/bin/sh
	case $1 in
	kill) kill -KILL $$ ;;
	term) kill -TERM $$ ;;
	child) sleep 500 & echo "the child lives" ;;
	*) exit "$1" ;;
	esac
EOT
for n in 1 2 63 75; do
	gives $n "status $n is passed" gsp-run end toy -- $n
done
for n in 64 65 74 100 255; do
	gives 65 "status $n is 65" gsp-run end toy -- $n
done
gives 65 "ended by KILL" gsp-run end toy -- kill
says "named" "KILL"
gives 65 "ended by TERM" gsp-run end toy -- term
says "named" "TERM"
began=$(date +%s)
gives 0 "a child that keeps the output open" timeout 20 gsp-run end toy -- child
ok "is not waited for" test $(($(date +%s) - began)) -lt 10
gives 0 "and lives on" on pgrep -f "'sleep 500'"
on pkill -f "'sleep 500'"

# ---- the link breaks, the script does not ----
script toy long <<-'EOT'
	#!/bin/sh
	echo begun
	until [ -e /tmp/go ]; do sleep 0.05; done
	echo "and done"
	exit 7
EOT
bg long gsp-run long toy
ok "output is followed while it runs" until_true 20 grep -q begun "$T/long.err"
machine_fault gsp-toy reset-ssh
on touch /tmp/go
bg_gives 7 "the link was cut: its status arrives" long
is "every line once" "$(grep -c -e '^begun' -e '^and done' "$T/err")" 2

# ---- stop scripts that fail ----
script odd stop <<-'EOT'
	#!/bin/sh
	echo "cannot stop today"
	exit 3
EOT
gives 3 "stop says no: its status" gsp-run stop odd
says "and its words" "cannot stop today"
is "the machine is on its way down, unproven" "$(marker odd | jq -r '"\(.state) \(.stopped)"')" "stopping false"
ok "gsp down fails as well" sh -c '! gsp-down -q odd'
gives 65 "nothing is synced" gsp-sync down odd
gives 65 "nothing is deleted" gsp-teardown odd
script odd stop <<-'EOT'
	#!/bin/sh
	kill -KILL $$
EOT
gives 65 "stop that is killed" gsp-down odd
says "by name" "KILL"
script odd stop <<-'EOT'
	#!/bin/sh
	sleep 345
EOT
gives 75 "stop that does not end in time" gsp-down odd
gives 1 "is ended there, too" at odd pgrep -f "'sleep 345'"
is "there is no new generation" "$(newest odd)" 1
printf '#!/bin/sh\nkill "$(cat /tmp/toy.pid)"\n' | script odd stop
gives 0 "when it works again, down" gsp-down odd
is "with the save" "$(cat "$S/odd/files/world/count")" 1

# ---- what may not be there after a stop ----
gives 0 "toy: stop" gsp-run -q stop toy
refused() { # refused WHAT PATTERN
	gives 65 "$1: nothing is synced" gsp-sync down toy
	says "$1: named" "$2"
}
plant toy <<-'EOT'
	setsid setpriv --reuid=game --regid=game --clear-groups sleep 400 </dev/null >/dev/null 2>&1 &
EOT
refused "a process of the game's user" "still running: .*sleep 400"
on pkill -f "'sleep 400'"
plant toy <<-'EOT'
	setsid sh -c 'exec 3>>/srv/toy/readme; exec sleep 401' </dev/null >/dev/null 2>&1 &
EOT
refused "a file that root has open for writing" "open for writing: .*/srv/toy/readme"
on pkill -f "'sleep 401'"
plant toy <<-'EOT'
	printf 'import mmap,os,time\nf = os.open("/srv/toy/readme", os.O_RDWR)\nm = mmap.mmap(f, 6)\nos.close(f)\ntime.sleep(402)\n' >/root/map.py
	setsid python3 /root/map.py </dev/null >/dev/null 2>&1 &
EOT
ok "..." until_true 10 at toy sh -c "'grep -q /srv/toy/readme /proc/\$(pgrep -f [m]ap.py)/maps'"
refused "a file that is mapped for writing" "open for writing: .*/srv/toy/readme"
on pkill -f map.py
plant toy <<-'EOT'
	printf 'import socket,time\ns = socket.socket()\ns.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\ns.bind(("0.0.0.0", 7777))\ns.listen(5)\ntime.sleep(403)\n' >/root/port.py
	setsid python3 /root/port.py </dev/null >/dev/null 2>&1 &
EOT
until_true 10 at toy sh -c "'grep -q :1E61 /proc/net/tcp'"
refused "a port that is open" "still listening: 7777/tcp"
on pkill -f port.py
plant toy <<-'EOT'
	setsid sh -c 'exec 3</srv/toy/readme; exec sleep 404' </dev/null >/dev/null 2>&1 &
EOT
gives 0 "who only reads is in nobody's way" gsp-sync -q down toy
gives 0 "down" gsp-down -q toy

bg_gives 0 "late: down" late 60
is "what was written six seconds after the port had closed is home" "$(cat "$S/late/files/world/count")" late
bg_gives 65 "dmn: what hides is found" dmn 60
says "and named" "still running: .*nobody.*hide"
says "and what ends it" "gsp down dmn --kill"
is "nothing came home" "$(newest dmn)" 1
gives 65 "and nothing is deleted" gsp-teardown dmn
is "the machine is there" "$(control GET /state | jq '[.machines[] | select(.label == "gsp-dmn")] | length')" 1
bg_gives 0 "hard: down --kill, of what ignores TERM" hard 60
is "kind killed" "$(gsp_field "$(newest hard)" .kind hard)" killed
is "with the save" "$(cat "$S/hard/files/world/played")" played
at dmn pkill -KILL -f /opt/gsp/hide
gives 0 "dmn: gone by hand, down" gsp-down -q dmn
is "of kind down" "$(gsp_field "$(newest dmn)" .kind dmn)" down
is "nothing is left" "$(machines) $(firewalls)" "0 0"
finish
