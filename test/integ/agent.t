#!/bin/sh
# lib/gsp/agent.sh, every op, against real processes. Each group of tests below has a throwaway
# machine of its own: private mount, PID and network namespaces over an overlay of this
# computer's root; the groups run side by side, because most of their time is waiting.
#
# `test/integ/agent.t GROUP` runs one group and shows its diagnostics.

GROUPS_ALL='marker prepare run ends link busy end bounds cgroup plain perlless proof quiet windows lists close ready logs'

if [ "$(id -u)" -ne 0 ]; then
	echo '1..0 # SKIP needs root'
	exit 0
fi
if ! unshare -mpf --mount-proc -n true 2>/dev/null; then
	echo '1..0 # SKIP needs namespaces'
	exit 0
fi
unset GSP_WHO GSP_AGENT_HELD GSP_AGENT_NO_PERL GSP_AGENT_ROOT GSP_SCRIPT GSP_SESSION

# ---- the outer half: machines, and the numbers of the tests ------------------------------

machine() { # machine DIR: becomes the machine; runs in fresh namespaces
	set -e
	mount --make-rprivate /
	mount -t tmpfs -o mode=755 machine "$1/machine"
	cd "$1/machine"
	mkdir upper work root
	mount -t overlay machine -o lowerdir=/,upperdir=upper,workdir=work root
	mount --rbind /proc root/proc
	mount --rbind /dev root/dev
	mount --rbind /sys root/sys
	for fs in run tmp root home; do
		mount -t tmpfs -o mode=1777 machine "root/$fs"
	done
	# Read-only, so that looking for files outside takes no time on a large computer.
	mount --bind root/usr root/usr
	mount -o remount,bind,ro root/usr
	case $GROUP in cgroup | quiet) ;; *) hide_cgroups ;; esac
	ip link set lo up
	mkdir -p root/var/lib/gsp root/tmp/t
	rm -rf root/srv/vanilla root/opt/gsp root/var/log/gsp root/var/lib/gsp/*
	cp "$1/agent" root/var/lib/gsp/agent-test
	cp "$1/agent.t" "$1/hold" root/tmp/t
	chmod -R 755 root/tmp/t root/var/lib/gsp/agent-test
	exec env -i PATH="$PATH" AGENT_T_GROUP="$GROUP" chroot root /bin/sh /tmp/t/agent.t
}

hide_cgroups() {
	for where in $(awk '$3 == "cgroup2" && $2 ~ /\/machine\/root\// { print $2 }' /proc/self/mounts); do
		mount -t tmpfs none "$where"
	done
}

outer() {
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/gsp-agent-t.XXXXXX") || exit 1
	trap 'rm -rf "$scratch"' EXIT
	trap 'kill ${machines:-} 2>/dev/null; exit 1' HUP INT TERM
	if ! unshare -m sh -c 'mount --make-rprivate / && mount -t tmpfs t "$0" && cd "$0" &&
		mkdir u w r && mount -t overlay o -o lowerdir=/,upperdir=u,workdir=w r' "$scratch" 2>/dev/null; then
		echo '1..0 # SKIP needs overlay mounts'
		exit 0
	fi
	cp lib/gsp/agent.sh "$scratch/agent" && cp test/integ/agent.t "$scratch/agent.t" || exit 1
	hold_c >"$scratch/hold.c"
	${CC:-cc} -D_GNU_SOURCE -o "$scratch/hold" "$scratch/hold.c" -lpthread || exit 1
	for GROUP in ${1:-$GROUPS_ALL}; do
		mkdir -p "$scratch/$GROUP/machine"
		cp "$scratch/agent" "$scratch/agent.t" "$scratch/hold" "$scratch/$GROUP"
		AGENT_T_MACHINE=$scratch/$GROUP
		export AGENT_T_MACHINE GROUP
		unshare -mpf --kill-child --mount-proc -n /bin/sh "$scratch/agent.t" \
			>"$scratch/$GROUP.out" 2>"$scratch/$GROUP.err" </dev/null &
		machines="${machines:-} $!"
	done
	wait
	for cg in $(awk '$3 == "cgroup2" { print $2 }' /proc/self/mounts); do
		rmdir "$cg"/gsp-agentt* 2>/dev/null
	done
	n=0 bad=0
	for GROUP in ${1:-$GROUPS_ALL}; do
		last=
		while IFS= read -r line; do
			case $line in
			'ok - '*) n=$((n + 1)) && printf 'ok %d - %s: %s\n' "$n" "$GROUP" "${line#ok - }" ;;
			'not ok - '*) n=$((n + 1)) bad=1 && printf 'not ok %d - %s: %s\n' "$n" "$GROUP" "${line#not ok - }" ;;
			'# '*) printf '%s\n' "$line" ;;
			end) last=end ;;
			esac
		done <"$scratch/$GROUP.out"
		if [ "$last" != end ]; then
			n=$((n + 1)) bad=1
			printf 'not ok %d - %s: ran to its end\n' "$n" "$GROUP"
			sed 's/^/# /' "$scratch/$GROUP.err"
		elif [ -n "${1:-}" ]; then
			sed 's/^/# /' "$scratch/$GROUP.err"
		fi
	done
	echo "1..$n"
	exit $bad
}

# ---- the inner half: helpers -------------------------------------------------------------

A=/var/lib/gsp/agent-test
DIR=/srv/vanilla
SESSION=agentt$$x$(date +%N)
NL='
'

ok() { # ok STATUS TEXT
	if [ "$1" -eq 0 ]; then
		printf 'ok - %s\n' "$2"
	else
		printf 'not ok - %s\n' "$2"
	fi
}

is() { # is GOT WANT TEXT
	if [ "$1" = "$2" ]; then
		printf 'ok - %s\n' "$3"
	else
		printf 'not ok - %s\n' "$3"
		printf '%s\n' "got: $1" "want: $2" | sed 's/^/# /'
	fi
}

like() { # like GOT PATTERN TEXT: a shell pattern
	# shellcheck disable=SC2254
	case $1 in
	$2) printf 'ok - %s\n' "$3" ;;
	*) is "$1" "like $2" "$3" ;;
	esac
}

agent() { # OUT, ERR, RC
	"$A" "$@" >/tmp/out 2>/tmp/err </dev/null
	RC=$?
	OUT=$(cat /tmp/out) ERR=$(cat /tmp/err)
}

boot_id() {
	cat /proc/sys/kernel/random/boot_id
}

mark_text() { # mark_text STATE [STOPPED [SESSION [BOOT]]]
	printf '{"schema":"gsp.marker/1","home":"h4f8k2m9","server":"vanilla","session":"%s","state":"%s","base":41,"saved":0,"stopped":%s,"killed":false,"boot_id":"%s","time":"2026-11-22T19:00:00Z"}' \
		"${3:-$SESSION}" "$1" "${2:-false}" "${4:-$(boot_id)}"
}

set_mark() { # set_mark STATE [STOPPED [SESSION [BOOT]]]: whatever was there
	old=-
	[ ! -e /var/lib/gsp/session.json ] || old=$(cat /var/lib/gsp/session.json)
	"$A" mark "$old" "$(mark_text "$@")" >/dev/null || echo "# set_mark failed"
}

sha() {
	printf %s "$1" | sha256sum | cut -d' ' -f1
}

run() { # run NAME TIMEOUT [ARG]...: the script on stdin, as the game's user
	cat >/tmp/script.in
	name=$1 limit=$2
	shift 2
	"$A" run "$name:$(stat -c %s /tmp/script.in)" "$limit" game "$DIR" HOME="$DIR" \
		PATH=/usr/local/bin:/usr/bin:/bin GSP_SESSION="$SESSION" -- "$@" \
		</tmp/script.in >/tmp/out 2>/tmp/err
	RC=$?
	OUT=$(tail -n +2 /tmp/out) ERR=$(cat /tmp/err) HEAD=$(head -n 1 /tmp/out)
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

within() { # within SECONDS CMD...: until it succeeds
	tries=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

started() { # a machine with a game user, marked dirty, ready for start
	"$A" prepare game "$DIR"
	useradd --system --no-create-home --home-dir /nonexistent other
	set_mark dirty
}

# ---- the groups --------------------------------------------------------------------------

group_marker() {
	agent hello /srv/nowhere/deep
	is "$RC" 0 'hello'
	is "$(printf '%s\n' "$OUT" | cut -d' ' -f1 | tr '\n' ' ')" 'boot now marker lock free cgroup rsync ' 'hello says everything'
	like "$OUT" "boot $(boot_id)$NL*${NL}marker -${NL}lock free${NL}free [1-9]*" 'hello on a new machine'
	like "$OUT" "*${NL}rsync [1-9].[0-9]*" "hello knows rsync's version"
	begin=$(now_ms) && "$A" hello >/dev/null
	took=$(($(now_ms) - begin))
	echo "# hello took $took ms"
	[ $took -lt 1000 ]
	ok $? 'hello is quick'

	first=$(mark_text fresh)
	agent mark "$(sha nothing)" "$first"
	is "$RC/$OUT" '65/marker -' 'mark: not where something else was seen'
	agent mark - "$first"
	is "$RC/$OUT" "0/marker $first" 'mark: the first'
	is "$(cat /var/lib/gsp/session.json)" "$first" 'mark: as given, one line'
	is "$(stat -c %a /var/lib/gsp/session.json)" 600 'mark: nobody else reads it'
	agent mark - "$first"
	is "$RC/$OUT" "65/marker $first" 'mark: "-" means that there is none'
	second=$(mark_text uploaded)
	agent mark "$(sha "$first")" "$second"
	is "$RC/$OUT" "0/marker $second" 'mark: by checksum'
	agent mark "$second" "$first"
	is "$RC/$OUT" "0/marker $first" 'mark: by text'
	agent mark "$second" "$first"
	is "$RC" 65 'mark: by a text that is not there'
	agent mark "$first" 'nonsense'
	is "$RC" 64 'mark: nonsense is no marker'
	agent mark "$first" "$first$NL$first"
	is "$RC" 64 'mark: one line'
	agent hello
	like "$OUT" "*${NL}marker $first$NL*" 'hello shows it'

	for i in 1 2 3 4 5 6 7 8; do
		"$A" mark "$first" "$(mark_text uploaded false "race$i")" >"/tmp/race.$i" 2>/dev/null && echo "$i" >>/tmp/won &
		racers="${racers:-} $!"
	done
	# shellcheck disable=SC2086
	wait $racers
	is "$(wc -l </tmp/won)" 1 'mark: of eight at once one wins'
	is "$(grep -o 'race[0-9]' /var/lib/gsp/session.json)" "race$(cat /tmp/won)" 'mark: and it is the one that is told so'
	cp /var/lib/gsp/session.json /tmp/before
	: >/var/lib/gsp/session.json
	agent mark - "$first"
	is "$RC" 65 'mark: an empty marker is not none'
	rm /var/lib/gsp/session.json

	agent guard fresh,uploaded "$SESSION" -- echo yes
	is "$RC/$OUT" 65/ 'guard: no marker'
	set_mark uploaded
	agent guard fresh,uploaded "$SESSION" -- echo yes
	is "$RC/$OUT" 0/yes 'guard: lets through'
	agent guard fresh "$SESSION" -- echo yes
	is "$RC/$OUT/$ERR" "65//the machine is 'uploaded', not 'fresh'" 'guard: another state'
	agent guard fresh,uploaded,upl "$SESSION"x -- echo yes
	is "$RC" 65 'guard: another session'
	agent guard load,upload "$SESSION" -- echo yes
	is "$RC" 65 'guard: no part of a state'
	agent guard uploaded "$SESSION" -- no-such-program
	is "$RC/$ERR" "71/'no-such-program' is not installed on the machine" 'guard: a missing program is not a missing agent'
	set_mark stopping
	agent guard stopping "$SESSION" -- echo yes
	is "$RC" 65 'guard: stopping, but not proven'
	set_mark stopping true
	agent guard stopping "$SESSION" -- echo yes
	is "$RC/$OUT" 0/yes 'guard: stopping and proven'
	agent guard stopping "$SESSION" -- "$A" own root /srv
	is "$RC" 64 'guard: a status comes through'
	echo 0f0f0f0f-0000-4000-8000-000000000000 >/tmp/boot_id
	mount --bind /tmp/boot_id /proc/sys/kernel/random/boot_id
	agent guard stopping "$SESSION" -- echo yes
	is "$RC/$OUT" 65/ 'guard: proven in another boot is not proven'
	agent hello
	like "$OUT" 'boot 0f0f0f0f-*' 'hello shows the new boot'
	umount /proc/sys/kernel/random/boot_id

	# Two at once: the lock is the guarded command's for its whole life.
	set_mark uploaded
	GSP_WHO='discord:1/ann sync-up' "$A" guard uploaded "$SESSION" -- sh -c 'sleep 4.5 & exec sleep 2' &
	holder=$!
	within 3 sh -c "$A hello | grep -qx 'lock busy'"
	ok $? 'lock: hello says busy'
	begin=$(now_ms)
	agent mark "$(mark_text uploaded)" "$(mark_text dirty)"
	took=$(($(now_ms) - begin))
	is "$RC" 0 'lock: a busy lock is waited for'
	[ $took -gt 3000 ]
	ok $? 'lock: it is free when the last child of the holder has gone'
	wait $holder
	"$A" guard dirty "$SESSION" -- sleep 30 &
	holder=$!
	within 3 sh -c "$A hello | grep -qx 'lock busy'"
	agent mark "$(mark_text dirty)" "$(mark_text fresh)"
	is "$RC" 75 'lock: too long is 75'
	like "$ERR" 'busy: gsp (guard, process *) holds *since [5-9]* s' 'lock: who and how long'
	kill -9 $holder
	within 3 sh -c "$A hello | grep -qx 'lock free'"
	ok $? 'lock: dies with its holder'

	agent guard dirty "$SESSION" -- "$A" stamp x
	is "$RC" 0 'guard: around an op of the agent'
	agent guard dirty "$SESSION" -- "$A" mark "$(mark_text dirty)" "$(mark_text fresh)"
	is "$RC" 0 'guard: which finds the lock held'

	# rsync's own way: --rsync-path.
	mkdir -p /tmp/up/sub /srv/vanilla
	printf 'x' >"/tmp/up/sub/a b"
	cat >/tmp/rsh <<-'END'
		#!/bin/sh
		shift
		exec sh -c "$*"
	END
	chmod 755 /tmp/rsh
	rsync -rlptS -e /tmp/rsh --rsync-path="$A guard fresh $SESSION -- rsync" /tmp/up/ host:/srv/vanilla/ 2>/tmp/err
	is "$?/$(cat '/srv/vanilla/sub/a b')" 0/x 'guard: rsync goes through'
	rsync -rlptS -e /tmp/rsh --rsync-path="$A guard uploaded $SESSION -- rsync" /tmp/up/ host:/srv/vanilla/ 2>/tmp/err
	[ $? -ne 0 ] && grep -q "the machine is 'fresh', not 'uploaded'" /tmp/err
	ok $? 'guard: rsync is refused, and says why'

	agent frobnicate
	is "$RC" 64 'an unknown op'
	agent
	is "$RC" 64 'no op'
}

group_prepare() {
	agent prepare game "$DIR"
	is "$RC/$OUT$ERR" 0/ 'prepare'
	is "$(getent passwd game | cut -d: -f6,7)" "$DIR:/bin/sh" 'the user, its home and shell'
	[ "$(id -u game)" -lt 1000 ] && [ "$(id -gn game)" = game ]
	ok $? 'a system user with its own group'
	like "$(getent shadow game)" 'game:!*' 'no password'
	is "$(stat -c '%U:%G %a' $DIR)" 'game:game 755' 'the directory is the user'"'"'s'
	is "$(stat -c %U:%a /srv /opt/gsp /var/log/gsp | tr '\n' ' ')" 'root:755 root:755 root:755 ' 'the rest is root'"'"'s'
	for where in /var/lib/gsp/session.json /var/lib/gsp/lock; do
		[ ! -e $where ] || setpriv --reuid=game --regid=game --clear-groups cat $where 2>/dev/null
	done
	[ $? -ne 0 ]
	ok $? 'the user cannot open the lock'
	begin=$(now_ms)
	agent prepare game "$DIR"
	is "$RC" 0 'prepare again'
	echo "# prepare again took $(($(now_ms) - begin)) ms"
	agent prepare game /srv/deep/er/two
	is "$RC/$(getent passwd game | cut -d: -f6)" 0//srv/deep/er/two 'another home'
	is "$(stat -c %U /srv/deep /srv/deep/er /srv/deep/er/two | tr '\n' ' ')" 'root root game ' 'its parents are root'"'"'s'
	chown root: $DIR
	agent prepare game "$DIR"
	is "$(stat -c %U:%G $DIR)" game:game 'an owner that changed is put right'
	groupadd lonely && agent prepare lonely /srv/lonely
	is "$RC/$(id -gn lonely)" 0/lonely 'a group of that name was there already'
	ln -s /etc /srv/link
	agent prepare game /srv/link
	is "$RC" 65 'a symbolic link is no server directory'
	is "$(stat -c %U /etc)" root 'and what it points at stays root'"'"'s'
	for bad in root -x 'a b' '' '../x'; do
		agent prepare "$bad" /srv/x
		is "$RC" 64 "the user must not be '$bad'"
	done
	agent prepare game srv
	is "$RC" 64 'no relative directory'

	mkdir -p $DIR/w $DIR/-dash /srv/out
	echo x >"$DIR/w/new${NL}line" && echo x >$DIR/w/suid && echo x >/srv/out/f
	ln -s /srv/out $DIR/w/dirlink && ln -s /srv/out/f $DIR/w/link && ln -s nowhere $DIR/w/dangling
	chown -R root: $DIR
	chmod 6755 $DIR/w/suid && chmod 2755 $DIR/w
	agent own game "$DIR"
	is "$RC" 0 'own'
	is "$(find $DIR ! -user game -o ! -group game | wc -l)" 0 'own: everything, links too'
	is "$(stat -c %U /srv/out /srv/out/f | sort -u)" root 'own: nothing behind a link'
	is "$(find $DIR -perm /6000 ! -type l | wc -l)" 0 'own: no set-id bits'
	chown game: $DIR/w/suid && chmod 4755 $DIR/w/suid
	agent own game "$DIR"
	is "$(stat -c %a $DIR/w/suid)" 755 'own: no set-id bits on what is owned already'
	agent own nobodyhere "$DIR"
	is "$RC" 71 'own: no such user'
	agent own root "$DIR"
	is "$RC" 64 'own: never root'
}

group_run() {
	started
	run health 10 <<-'END'
		#!/bin/sh
		echo out; echo err >&2
	END
	is "$RC/$OUT/$ERR" "0/out${NL}err/@end exit 0" 'both streams, then the end'
	like "$HEAD" 'run health.[0-9]* 0' 'the first line'
	run health 10 <<-'END'
		#!/bin/sh
		exit 7
	END
	is "$RC/$OUT/$ERR" '0//@end exit 7' 'a status'
	like "$HEAD" 'run health.[0-9]* 8' 'from where this run begins in the log'

	run players 10 'one two' '' "three${NL}four" -x '$HOME' <<-'END'
		#!/bin/sh
		env | sort | grep -v '^_=' | grep -v ^OLDPWD=
		pwd; id -un; id -Gn; umask
		readlink /proc/self/fd/0
		for fd in 3 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$fd ] || echo "open: $fd"; done
		awk '{ print ($1 == $5) ($1 == $6) }' /proc/$$/stat
		grep -c . /proc/self/environ >/dev/null
		awk '/^Sig(Ign|Blk)/ { print substr($2, 10) }' /proc/self/status # 1 to 28; libc has 32 and 33
		for a; do printf '[%s]' "$a"; done
	END
	is "$OUT" "GSP_SCRIPT=players
GSP_SESSION=$SESSION
HOME=$DIR
PATH=/usr/local/bin:/usr/bin:/bin
PWD=$DIR
$DIR
game
game
0022
/dev/null
11
0000000
0000000
[one two][][three${NL}four][-x][\$HOME]" 'environment, directory, user, descriptors, session, arguments'

	printf 'echo "no first line: $0"' >/tmp/s
	run say 10 </tmp/s
	like "$OUT" 'no first line: */say' 'a script without #! is for sh'
	run say 10 </bin/true
	is "$OUT/$ERR" '/@end exit 0' 'a program that is no script'
	printf '#!/bin/sh\nprintf "no newline"' >/tmp/s
	run say 10 </tmp/s
	is "$OUT/$ERR" 'no newline/@end exit 0' 'a last line without an end'
	printf '#!/usr/bin/perl\nprint "perl $ARGV[0]\\n"' >/tmp/s
	run say 10 x </tmp/s
	is "$OUT" 'perl x' 'another language'
	printf '#!/no/such/interpreter\n' >/tmp/s
	run say 10 </tmp/s
	like "$ERR" '@end exit 12[67]' 'an interpreter that is not there'
	printf '' >/tmp/s
	run say 10 </tmp/s
	is "$RC/$ERR" '0/@end exit 0' 'an empty script'
	run stop 10 <<-'END'
		#!/bin/sh
		echo a >/dev/stderr; echo b | tee -a /dev/stderr >/dev/null
		stat -c %A "$0" "${0%/*}"
		[ -w "$0" ] || [ -w "${0%/*}" ] || echo 'not writable'
	END
	like "$OUT" "*b${NL}-rwxr-x---${NL}drwxr-x---${NL}not writable" 'a script may reopen its output, not write itself'

	echo 'echo as $(id -un) in $(pwd)' >/tmp/s
	"$A" run bootstrap 10 root / PATH=/usr/bin:/bin -- </tmp/s >/tmp/out 2>/tmp/err
	is "$(tail -n 1 /tmp/out)" 'as root in /' 'bootstrap is root'

	printf 'echo whole\nrm -rf /srv/vanilla' >/tmp/s
	"$A" run bootstrap:40 10 root / PATH=/usr/bin:/bin -- </tmp/s >/tmp/out 2>/tmp/err
	is "$?/$(cat /tmp/out)/$(cat /tmp/err)" '74//the input was cut short: 30 of 40 bytes arrived' 'a script that was cut short'
	[ -d $DIR ]
	ok $? 'is not run'
	for bad in '../x' '' '.x' 'a/b' '-x'; do
		agent run "$bad" 10 game $DIR --
		is "$RC" 64 "no script's name: '$bad'"
	done
	agent run say 0 game $DIR --
	is "$RC" 64 'no time'
	agent run say 10 game $DIR --split-string=x --
	is "$RC" 64 'an option is no variable'
	agent run say 10 game /srv/none --
	is "$RC" 65 'no directory'
	agent run say 10 ghost $DIR --
	is "$RC" 71 'no user'

	# start: on a dirty machine of this session only, and once.
	set_mark stopping
	run start 10 </tmp/s
	is "$RC/$HEAD" 65/ 'start: not while stopping'
	set_mark uploaded
	run start 10 </tmp/s
	is "$RC/$HEAD" 65/ 'start: not before it is marked dirty'
	set_mark dirty false other
	run start 10 </tmp/s
	is "$RC/$HEAD" 65/ 'start: not in another session'
	set_mark dirty
	echo 'sleep 600 & echo up' >/tmp/s
	run start 10 </tmp/s
	is "$RC/$OUT/$ERR" '0/up/@end exit 0' 'start'
	echo 'echo twice' >/tmp/s
	run start 10 </tmp/s
	is "$RC/$HEAD" 65/ 'start: not while it is alive'
	like "$ERR" 'start is still alive: [0-9]* game sleep 600' 'start: says what is'
	agent kill game $DIR 5
	is "$RC/$OUT" '0/killed 1' 'kill'
	echo 'echo again' >/tmp/s
	run start 10 </tmp/s
	is "$OUT/$ERR" 'again/@end exit 0' 'start: again when it is gone'

	agent runs
	is "$(printf '%s\n' "$OUT" | grep -c ' start [0-9]* exit 0$')" 2 'runs'
	is "$(printf '%s\n' "$OUT" | grep -c ' say ')" 4 'runs: old ones are forgotten'
	is "$(find /run/gsp -name 'tmp.*' | wc -l)" 0 'nothing temporary is left'
	is "$(find /run/gsp/run /var/lib/gsp/run -mindepth 1 -maxdepth 1 | wc -l)" "$((2 * $(printf '%s\n' "$OUT" | wc -l)))" 'nor is what was refused'
}

group_ends() {
	started
	# Each in its own name, side by side: none of them is quick.
	echo 'sleep 0.2; kill -TERM $$; sleep 5' >/tmp/s.term
	echo 'exit 143' >/tmp/s.143
	echo 'kill -KILL $$' >/tmp/s.kill
	printf '#!/usr/bin/perl\nkill "SEGV", $$; sleep 5' >/tmp/s.segv
	echo 'sleep 60' >/tmp/s.slow
	echo 'trap "" TERM; sleep 60 & while :; do sleep 1; done' >/tmp/s.stubborn
	echo 'trap "echo bye; exit 0" TERM; while :; do sleep 0.1; done' >/tmp/s.polite
	echo 'sleep 30 & echo started' >/tmp/s.child
	echo 'set -m; sleep 60 & wait' >/tmp/s.jobs
	for s in term 143 kill segv slow stubborn polite child jobs; do
		(
			begin=$(now_ms)
			"$A" run "$s" 2 game $DIR PATH=/usr/bin:/bin -- <"/tmp/s.$s" >"/tmp/o.$s" 2>"/tmp/e.$s"
			echo $(($(now_ms) - begin)) >"/tmp/t.$s"
		) &
		pids="${pids:-} $!"
	done
	# shellcheck disable=SC2086
	wait $pids
	is "$(cat /tmp/e.143)" '@end exit 143' 'exit 143'
	is "$(cat /tmp/e.term)" '@end signal TERM' 'is not death by TERM'
	is "$(cat /tmp/e.kill)" '@end signal KILL' 'death by KILL'
	is "$(cat /tmp/e.segv)" '@end signal SEGV' 'death by SEGV'
	is "$(cat /tmp/e.slow)" '@end timeout' 'timeout'
	[ "$(cat /tmp/t.slow)" -ge 1900 ] && [ "$(cat /tmp/t.slow)" -lt 6000 ]
	ok $? 'timeout: in time'
	is "$(cat /tmp/e.polite)$(tail -n 1 /tmp/o.polite)" '@end timeoutbye' 'timeout: by TERM'
	is "$(cat /tmp/e.stubborn)" '@end timeout' 'timeout: then by KILL'
	[ "$(cat /tmp/t.stubborn)" -ge 11500 ]
	ok $? 'timeout: after ten seconds'
	is "$(cat /tmp/e.jobs)" '@end timeout' 'timeout: of a script with process groups'
	within 2 sh -c '! grep -lzx "sleep" /proc/[0-9]*/cmdline | xargs -r grep -lzx 60'
	ok $? 'timeout: its whole session'
	is "$(cat /tmp/e.child)" '@end exit 0' 'a child holds the output open'
	[ "$(cat /tmp/t.child)" -lt 10000 ]
	ok $? 'and the script has ended all the same'
}

group_link() {
	started
	cat >/tmp/s <<-'END'
		for i in 1 2 3 4 5 6 7 8 9 10; do echo "line $i"; sleep 0.3; done
	END
	mkfifo /tmp/pipe
	"$A" run say:"$(stat -c %s /tmp/s)" 20 game $DIR PATH=/usr/bin:/bin -- </tmp/s >/tmp/pipe 2>/tmp/err &
	runner=$!
	# The link: read a little, then it is gone.
	(
		exec </tmp/pipe
		read -r head
		read -r one
		printf '%s\n%s\n' "$head" "$one" >/tmp/part
	)
	within 3 sh -c "! kill -0 $runner"
	wait $runner
	id=$(awk 'NR == 1 { print $2 }' /tmp/part) offset=$(awk 'NR == 1 { print $3 }' /tmp/part)
	within 2 sh -c '! grep -l "^tail" /proc/[0-9]*/comm'
	ok $? 'the caller goes away: no tail is left'
	agent runs
	is "$OUT" "run $id say 0 running" 'runs: it goes on'
	agent follow "$id" $((offset + 7))
	is "$RC/$OUT/$ERR" "0/$(seq -f 'line %g' 2 10)/@end exit 0" 'follow: goes on where it was, to the end'
	agent follow "$id" 0
	is "$OUT/$ERR" "$(seq -f 'line %g' 1 10)/@end exit 0" 'follow: an ended run'
	agent follow "$id" 99999
	is "$RC/$ERR" '0/@end exit 0' 'follow: from behind the end'
	agent follow say.12345 0
	is "$RC" 65 'follow: an unknown run'
	agent follow ../say 0
	is "$RC" 64 'follow: no path'

	# A silent script, and the caller is killed outright.
	echo 'sleep 3; echo done' >/tmp/s
	"$A" run stop 20 game $DIR PATH=/usr/bin:/bin -- </tmp/s >/tmp/pipe 2>/tmp/err &
	runner=$!
	read -r head </tmp/pipe
	kill -9 $runner
	wait $runner
	# shellcheck disable=SC2086
	set -- $head
	"$A" follow "$2" "$3" >/tmp/a.out 2>/tmp/a.err &
	one=$!
	"$A" follow "$2" "$3" >/tmp/b.out 2>/tmp/b.err &
	wait $one $!
	is "$(cat /tmp/a.out /tmp/a.err)" "done$NL@end exit 0" 'run was killed: the script goes on'
	is "$(cat /tmp/b.out /tmp/b.err)" "done$NL@end exit 0" 'two may follow'

	rm -f /tmp/out
	# A caller that hangs up (TERM) takes its tail with it; the script does not care.
	"$A" run stop 20 game $DIR PATH=/usr/bin:/bin -- </tmp/s >/tmp/out 2>/tmp/err &
	runner=$!
	within 3 grep -q ^run /tmp/out
	kill $runner
	wait $runner
	within 1 sh -c '! grep -l "^tail" /proc/[0-9]*/comm'
	ok $? 'a caller that is ended takes its tail along'
	id=$(awk '{ print $2 }' /tmp/out)
	agent follow "$id" 0
	like "$OUT/$ERR" "*done/@end exit 0" 'and the script goes on'

	# The supervisor dies.
	echo 'sleep 20' >/tmp/s
	rm -f /tmp/out
	"$A" run stop 30 game $DIR PATH=/usr/bin:/bin -- </tmp/s >/tmp/out 2>/tmp/err &
	runner=$!
	within 3 grep -q ^run /tmp/out
	id=$(awk '{ print $2 }' /tmp/out)
	within 3 test -s "/run/gsp/run/$id/super"
	read -r super _ <"/run/gsp/run/$id/super"
	kill -9 "$super"
	wait $runner
	is "$(cat /tmp/err)" '@end lost' 'the supervisor died'
	agent runs
	like "$OUT" "*run $id stop * lost" 'runs: lost'

	# Latency: a line is seen at once, and so is the end.
	echo 'sleep 0.5; date +%s%N; sleep 0.5; date +%s%N >/tmp/ended' >/tmp/s
	chmod 666 /tmp/s && touch /tmp/ended && chmod 666 /tmp/ended
	"$A" run health 20 game $DIR PATH=/usr/bin:/bin -- </tmp/s 2>/tmp/err | while read -r line; do
		date +%s%N
		echo "$line"
	done >/tmp/seen
	end=$(date +%s%N)
	line=$((($(sed -n 3p /tmp/seen) - $(sed -n 4p /tmp/seen)) / 1000000))
	end=$(((end - $(cat /tmp/ended)) / 1000000))
	echo "# a line took $line ms, the end $end ms"
	[ $line -lt 1000 ] && [ $end -lt 1000 ]
	ok $? 'a line and the end come at once'
}

group_busy() {
	started
	echo 'sleep 8' >/tmp/slow
	"$A" run players 20 game $DIR PATH=/usr/bin:/bin -- </tmp/slow >/tmp/out1 2>/tmp/err1 &
	first=$!
	within 3 grep -q ^run /tmp/out1
	"$A" run health 20 game $DIR PATH=/usr/bin:/bin -- </dev/null >/tmp/out2 2>/tmp/err2
	is "$(cat /tmp/err2)" '@end exit 0' 'another script is not held up'
	echo 'echo 5' >/tmp/s
	"$A" run players 20 game $DIR PATH=/usr/bin:/bin -- </tmp/s >/tmp/out2 2>/tmp/err2
	is "$?/$(cat /tmp/out2)" 75/ 'the same one at once: busy'
	like "$(cat /tmp/err2)" "busy: 'players' is already running*" 'and says so'
	"$A" run players 20 game $DIR PATH=/usr/bin:/bin -- </tmp/s >/tmp/out2 2>/tmp/err2
	is "$?/$(tail -n 1 /tmp/out2)/$(cat /tmp/err2)" '0/5/@end exit 0' 'a short while is waited for'
	wait $first
	is "$(cat /tmp/err1)" '@end exit 0' 'the first is not disturbed'
}

group_end() {
	started
	echo 'sleep 60 & echo on; sleep 61' >/tmp/s.meek
	echo 'trap "" TERM; echo on; while :; do sleep 1; done' >/tmp/s.hard
	cp /tmp/s.meek /tmp/s.plain
	echo 'echo on; sleep 60' >/tmp/s.start
	for s in meek hard plain start; do
		[ $s != plain ] || export GSP_AGENT_NO_PERL=1
		"$A" run $s 50 game $DIR PATH=/usr/bin:/bin GSP_SESSION="$SESSION" -- <"/tmp/s.$s" >"/tmp/o.$s" 2>"/tmp/e.$s" &
		unset GSP_AGENT_NO_PERL
	done
	for s in meek hard plain start; do
		within 10 grep -q on "/tmp/o.$s"
	done
	id() { awk 'NR == 1 { print $2 }' "/tmp/o.$1"; }
	"$A" script "$(id meek)" | cmp -s - /tmp/s.meek
	ok $? 'script: the text of a run'
	agent script meek.1
	is "$RC" 65 'script: an unknown run'
	agent end meek.1
	is "$RC" 65 'end: an unknown run'
	agent end ../run/meek
	is "$RC" 64 'end: no path'
	agent end "$(id start)"
	is "$RC" 64 'end: never start'
	"$A" end "$(id hard)" &
	hard=$! began=$(now_ms)
	agent end "$(id meek)"
	is "$RC/$OUT$ERR" 0/ 'end: by TERM'
	within 3 grep -q @end /tmp/e.meek
	is "$(cat /tmp/e.meek)" '@end signal TERM' 'end: the follower sees it'
	agent end "$(id meek)"
	is "$RC" 0 'end: of what has ended'
	agent end "$(id plain)"
	within 3 grep -q @end /tmp/e.plain
	is "$RC/$(cat /tmp/e.plain)" '0/@end signal TERM' 'end: without perl'
	! grep -lzx sleep /proc/[0-9]*/cmdline | xargs -r grep -lzx -e 61 | grep -q .
	ok $? 'end: nothing of it is left'
	wait $hard
	[ $(($(now_ms) - began)) -ge 9500 ]
	ok $? 'end: ten seconds later'
	within 3 grep -q @end /tmp/e.hard
	is "$(cat /tmp/e.hard)" '@end signal KILL' 'end: by KILL'
	agent alive
	is "$RC" 0 'what start left is still there'
}

group_bounds() {
	started
	truncate -s 9000000 /var/log/gsp/say.log
	echo 'echo fresh' >/tmp/s
	run say 10 </tmp/s
	like "$HEAD" 'run * 0' 'a large log begins anew'
	is "$OUT/$(stat -c %s /var/log/gsp/say.log.1)" fresh/9000000 'the old one stays beside it'
	echo 'sleep 0.1; (while :; do head -c 1000000 /dev/zero | tr "\0" x; sleep 0.02; done) & exit 0' >/tmp/s
	run start 10 </tmp/s
	is "$ERR" '@end exit 0' 'start leaves a chatterbox'
	most=0
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		sleep 0.5
		size=$(stat -c %s /var/log/gsp/start.log)
		[ "$size" -le $most ] || most=$size
	done
	echo "# largest: $most"
	[ -s /var/log/gsp/start.log.1 ]
	ok $? 'a log that grows is cut'
	[ "$(stat -c %s /var/log/gsp/start.log.1)" -le 8388608 ]
	ok $? 'its end is kept'
	[ $most -lt 150000000 ]
	ok $? 'and it stays small'
	agent kill game $DIR 5
	is "$RC" 0 'kill'
	within 5 sh -c '! grep -l "^perl" /proc/[0-9]*/comm'
	ok $? 'the supervisor goes when all is gone'
}

# What start can leave behind. Each is recognised by the time it sleeps.
daemons() {
	cat <<-'END'
		#!/bin/sh
		sleep 1001 &
		setsid sleep 1002 &
		(setsid sh -c 'sleep 1003 & exit' &)
		env -i /usr/bin/sleep 1004 &
		(env -i /usr/bin/setsid /bin/sh -c '(/usr/bin/env -i /usr/bin/sleep 1005 &) & exit' &)
		sudo_to_other env -i /usr/bin/setsid /bin/sh -c '(/usr/bin/sleep 1006 &) & exit'
		sh -c 'trap "" TERM HUP; exec sleep 1007' >/dev/null 2>&1 &
		nohup sh -c 'sleep 1008; true' >/dev/null 2>&1 &
		exit 0
	END
}

# A set-id program is the honest way to another user; `hold as` is one.
leave_daemons() {
	cp /tmp/t/hold /srv/hold-other
	chown other /srv/hold-other && chmod 4755 /srv/hold-other
	daemons | sed 's,sudo_to_other,/srv/hold-other as,' >/tmp/s
	run start 10 </tmp/s
	within 2 sh -c "$A alive | grep -q 'sleep 1008'"
}

sleepers() { # of the alive lines
	printf '%s\n' "$OUT" | grep -o 'sleep 10[0-9]*$' | cut -d' ' -f2 | sort -u | tr '\n' ' '
}

really_left() { # sleepers that exist
	cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -c '^10[0-9][0-9]$'
}

check_daemons() {
	leave_daemons
	is "$RC/$ERR" '0/@end exit 0' 'start'
	agent alive
	is "$RC/$(sleepers)" '0/1001 1002 1003 1004 1005 1006 1007 1008 ' 'alive knows every process, however it hid'
	is "$(printf '%s\n' "$OUT" | grep 'sleep 1006$' | cut -d' ' -f2)" other 'and whose it is'
	like "$OUT" '*[0-9] game sh -c *sleep 1008*' 'and what it is called'
	agent proof game $DIR '' 0 0
	is "$RC/$(printf '%s\n' "$OUT" | grep -c '^process ')" "65/$("$A" alive | wc -l)" 'the proof names each'
	begin=$(now_ms)
	agent kill game $DIR 2
	took=$(($(now_ms) - begin))
	is "$RC/$OUT" '0/killed 9' 'kill ends them all'
	[ $took -ge 1900 ] && [ $took -lt 9000 ]
	ok $? 'after the time to obey'
	is "$(really_left)" 0 'truly'
	agent alive
	is "$RC/$OUT" 1/ 'nothing is alive'
	agent kill game $DIR 2
	is "$RC/$OUT" '0/killed 0' 'nothing to kill'
	agent proof game $DIR '' 2 0
	is "$RC/$OUT" '0/proof ok' 'proven'
}

group_cgroup() {
	if ! "$A" hello | grep -qx 'cgroup v2'; then
		echo '# no cgroup2 here'
		return
	fi
	started
	check_daemons
	# The group alone is enough: no environment, no parent, no supervisor.
	echo 'env -i /usr/bin/setsid /usr/bin/sleep 1009 & exit 0' >/tmp/s
	run start 10 </tmp/s
	pids=$(cat /run/gsp/run/start.*/super | cut -d' ' -f1)
	# shellcheck disable=SC2086
	kill -9 $pids 2>/dev/null
	agent alive
	is "$RC/$(sleepers)" '0/1009 ' 'alive by the group alone'
	agent kill game $DIR 2
	is "$RC/$OUT" '0/killed 1' 'kill by the group alone'
	# Another session's group is not ours.
	set_mark dirty false "${SESSION}b"
	agent alive
	is "$RC" 1 'another session'
	for cg in $(awk '$3 == "cgroup2" { print $2 }' /proc/self/mounts); do
		rmdir "$cg/gsp-$SESSION" 2>/dev/null
	done
}

group_plain() {
	"$A" hello | grep -qx 'cgroup none'
	ok $? 'no cgroup2 here'
	started
	check_daemons
	# The environment alone: the supervisor has died.
	echo 'setsid sleep 1009 & env -i /usr/bin/setsid /usr/bin/sleep 1010 & exit 0' >/tmp/s
	run start 10 </tmp/s
	pids=$(cat /run/gsp/run/start.*/super | cut -d' ' -f1)
	# shellcheck disable=SC2086
	kill -9 $pids 2>/dev/null
	within 2 sh -c "! cat /proc/$(echo $pids | sed 's/.* //')/stat"
	agent alive
	like "$RC/$(sleepers)" '0/1009 *' 'alive by the environment alone'
	agent proof game $DIR '' 0 0
	like "$OUT" '*process * game /usr/bin/sleep 1010*' 'and what has none is still the user'"'"'s'
	# A stale supervisor file whose number somebody else has now.
	mkdir -p /run/gsp/run/start.1 && echo "$$ 1" >/run/gsp/run/start.1/super
	agent alive
	is "$(printf '%s\n' "$OUT" | wc -l)" 1 'a reused process number is not believed'
	# Somebody else's environment: another session.
	GSP_SCRIPT=start GSP_SESSION=elsewhere sleep 1011 &
	agent alive
	is "$(sleepers)" '1009 ' 'another session'"'"'s start is not ours'
}

group_perlless() {
	export GSP_AGENT_NO_PERL=1
	started
	echo 'echo hi; exit 5' >/tmp/s
	run say 10 </tmp/s
	is "$OUT/$ERR" 'hi/@end exit 5' 'without perl: a status'
	echo 'kill -KILL $$' >/tmp/s
	run say 10 </tmp/s
	is "$ERR" '@end signal KILL' 'without perl: a signal'
	echo 'sleep 60' >/tmp/s
	run say 1 </tmp/s
	is "$ERR" '@end timeout' 'without perl: timeout'
	echo 'sleep 1001 & setsid sleep 1002 & exit 0' >/tmp/s
	run start 10 </tmp/s
	is "$ERR" '@end exit 0' 'without perl: start'
	agent alive
	is "$(sleepers)" '1001 1002 ' 'without perl: alive'
	agent kill game $DIR 5
	is "$RC/$OUT" '0/killed 2' 'without perl: kill'
	echo 'sleep 3' >/tmp/s
	"$A" run start 20 game $DIR PATH=/usr/bin:/bin GSP_SESSION="$SESSION" -- </tmp/s >/tmp/out1 2>/tmp/err1 &
	runner=$!
	within 3 grep -q ^run /tmp/out1
	within 1 sh -c "$A hello | grep -qx 'lock free'"
	ok $? 'without perl: the lock is free while start works'
	agent alive
	is "$RC" 0 'without perl: start itself is alive'
	wait $runner
	"$A" run stop 20 game $DIR PATH=/usr/bin:/bin -- <<-END >/tmp/out2 2>/tmp/err2 &
		sleep 2; echo done
	END
	runner=$!
	within 3 grep -q ^run /tmp/out2
	kill -9 $runner
	agent follow "$(awk 'NR == 1 { print $2 }' /tmp/out2)" 0
	is "$OUT/$ERR" 'done/@end exit 0' 'without perl: it survives the link'
}

hold() { # hold WHAT ARG...: a process that holds something; HELD
	rm -f /tmp/held
	/tmp/t/hold "$@" >/tmp/held 2>/tmp/held.err &
	HELD=$!
	within 3 grep -q ready /tmp/held || echo "# hold $* is not ready: $(cat /tmp/held.err)"
}

clause() { # clause PATTERN TEXT: the proof must say so; then the holder goes
	agent proof game $DIR 25565/tcp,2456-2458/udp 0 0
	# shellcheck disable=SC2254
	case $RC/$OUT in
	65/$1) printf 'ok - %s\n' "$2" ;;
	*) is "$RC/$OUT" "65/$1" "$2" ;;
	esac
	kill -9 $HELD
	wait $HELD
}

innocent() { # innocent TEXT: the proof must not mind
	agent proof game $DIR 25565/tcp,2456-2458/udp 0 0
	is "$RC/$OUT" '0/proof ok' "$1"
	kill -9 $HELD
	wait $HELD
}

group_proof() {
	started
	echo 'exit 0' >/tmp/s
	run start 10 </tmp/s
	echo x >$DIR/level.dat && echo x >/srv/vanillasoda && echo x >"$DIR/new${NL}line" && echo x >"$DIR/x (deleted)"
	chown -R game: $DIR
	agent proof game $DIR 25565/tcp,2456-2458/udp 0 0
	is "$RC/$OUT" '0/proof ok' 'all clear'

	uid=$(id -u game) ; no=$(id -u other)
	hold uids "$uid" "$uid" "$uid"
	clause 'process * game /tmp/t/hold*' 'a process of the user'
	hold uids "$uid" 0 0
	clause 'process * root /tmp/t/hold*' 'by its real uid'
	hold uids 0 "$uid" 0
	clause 'process * game /tmp/t/hold*' 'by its effective uid'
	hold uids "$no" "$no" "$uid"
	clause 'process * other /tmp/t/hold*' 'by its saved uid'
	hold uids "$no" "$no" "$no"
	innocent 'another user is'
	printf '#!/bin/sh\nread -r x <>/tmp/never\n' >"/srv/a${NL}Uid:	0	0	0	0" && chmod 755 "/srv/a${NL}Uid:	0	0	0	0"
	mkfifo -m 666 /tmp/never
	setpriv --reuid=game --regid=game --clear-groups "/srv/a${NL}Uid:	0	0	0	0" &
	HELD=$!
	sleep 0.2
	clause "process $HELD game*" 'a name that tries to be clever'

	hold write $DIR/level.dat
	clause "open $HELD root /tmp/t/hold write * $DIR/level.dat" 'open for writing by anybody'
	hold append "$DIR/new${NL}line"
	clause "open $HELD root * $DIR/new[?]line" 'a name with a newline'
	hold write "$DIR/x (deleted)"
	clause "open $HELD root * $DIR/x (deleted)" 'a name that looks deleted'
	cp $DIR/level.dat $DIR/gone && hold gone $DIR/gone
	clause "open $HELD root * $DIR/gone (deleted)" 'a file that was deleted'
	hold read $DIR/level.dat
	innocent 'open for reading is'
	hold path $DIR/level.dat
	innocent 'a mere handle is'
	hold write /srv/vanillasoda
	innocent 'a neighbour with a longer name is'
	hold map $DIR/level.dat
	clause "open $HELD root * $DIR/level.dat" 'mapped shared and writable, descriptor closed'
	hold private $DIR/level.dat
	innocent 'mapped privately is'
	hold leaderless $DIR/level.dat
	clause "open $HELD * $DIR/level.dat" 'a thread whose main thread has ended'
	hold leaderless-map $DIR/level.dat
	clause "open $HELD * $DIR/level.dat" 'its maps, too'
	hold zombie "$uid"
	innocent 'a zombie is'

	mkdir -p /mnt/other && mount --bind $DIR /mnt/other
	hold write /mnt/other/level.dat
	clause "open $HELD root * /srv/vanilla/level.dat" 'opened through another mount'
	hold map /mnt/other/level.dat
	clause "open $HELD root * /srv/vanilla/level.dat" 'mapped through another mount'
	umount /mnt/other
	ln $DIR/level.dat /srv/second-name
	hold write /srv/second-name
	clause "open $HELD root * $DIR/level.dat" 'opened by another name'
	rm /srv/second-name
	rm -f /tmp/held
	unshare -m sh -c 'mkdir -p /mnt/data && mount --bind /srv/vanilla /mnt/data && exec /tmp/t/hold write /mnt/data/level.dat' >/tmp/held &
	HELD=$!
	within 3 grep -q ready /tmp/held
	clause "open $HELD root * *level.dat" 'opened in a container'
	ln -s $DIR /srv/alias
	hold write $DIR/level.dat
	agent proof game /srv/alias - 0 0
	is "$RC" 65 'a server directory behind a link is looked at all the same'
	kill -9 $HELD
	agent proof game /srv/none - 0 0
	is "$RC" 65 'a missing directory proves nothing'

	hold tcp 25565
	clause 'port 25565/tcp' 'a listener'
	hold tcp6 25565
	clause 'port 25565/tcp' 'a listener on IPv6'
	hold udp 2457
	clause 'port 2457/udp' 'a socket in a range'
	hold udp6 2458
	clause 'port 2458/udp' 'on IPv6'
	hold tcp 2457
	innocent 'the same number of the other protocol is'
	hold bound 25565
	innocent 'a port that nobody listens on is'

	# Nothing is proven when nothing can be seen.
	mkdir /tmp/bin
	for tool in grep find awk sed stat; do
		printf '#!/bin/sh\nexit 0\n' >/tmp/bin/$tool
		chmod 755 /tmp/bin/$tool
		sed "s,^PATH=,PATH=/tmp/bin:," $A >/tmp/broken && chmod 755 /tmp/broken
		/tmp/broken proof game $DIR - 0 0 >/tmp/out 2>&1
		rc=$?
		[ $rc -ne 0 ] && ! grep -q 'proof ok' /tmp/out
		ok $? "unknown is no ($tool fails: $rc)"
		rm /tmp/bin/$tool
	done
	mount -t tmpfs -o size=4k none /run/gsp && mkdir /run/gsp/run && head -c 4096 /dev/zero >/run/gsp/full 2>/dev/null
	agent proof game $DIR - 0 0
	[ "$RC" -ne 0 ]
	ok $? "unknown is no (no room: $RC)"
	umount /run/gsp

	agent proof game $DIR '25565/tcp;x' 0 0
	is "$RC" 64 'no such port'
	agent proof root $DIR - 0 0
	is "$RC" 64 'never root'

	# Two hundred processes, some with many files and maps.
	i=0
	while [ $i -lt 200 ]; do
		sleep 300 &
		i=$((i + 1))
	done
	best=99999
	for i in 1 2 3; do
		begin=$(now_ms)
		agent proof game $DIR 25565/tcp 0 0
		took=$(($(now_ms) - begin))
		[ $took -ge $best ] || best=$took
	done
	echo "# the instant checks took $best ms among 200 processes"
	[ $best -lt 1000 ]
	ok $? 'the instant checks are quick'
}

group_quiet() {
	started
	mkdir $DIR/world && echo x >$DIR/world/level.dat && chown -R game: $DIR
	mkdir -p /opt/mine /home/game /var/games && chown game: /opt/mine /home/game /var/games
	su_game='setpriv --reuid=game --regid=game --clear-groups'
	$su_game sh -c 'echo before >/opt/mine/before'
	cat >/tmp/s <<-'END'
		echo s >/opt/mine/save; echo s >/home/game/save; echo s >"/var/games/new
		line"; echo t >/tmp/scratch; echo t >/var/tmp/scratch; echo t >/run/scratch 2>/dev/null
		echo in >world/in
		ln -s x /opt/mine/link
		touch -d 2001-01-01 /opt/mine/save
	END
	run start 10 </tmp/s
	is "$ERR" '@end exit 0' 'start writes here and there'
	begin=$(now_ms)
	agent proof game $DIR - 5
	took=$(($(now_ms) - begin))
	is "$RC/$OUT" '0/proof ok
outside /home/game/save
outside /opt/mine/link
outside /opt/mine/save
outside /var/games/new?line' 'proven, and what is outside is named'
	[ $took -ge 2000 ]
	ok $? "after two quiet seconds ($took ms)"
	agent proof game $DIR - 5 0
	is "$OUT" 'proof ok' 'no quiet seconds: no looking outside'
	# A second start does not hide what the first wrote.
	echo 'true' >/tmp/s
	run start 10 </tmp/s
	agent proof game $DIR - 5 1
	is "$(printf '%s\n' "$OUT" | grep -c '^outside')" 4 'what the first start wrote is still outside'

	# The port closes at once; the world is written six seconds later.
	cp /tmp/t/hold $DIR/hold && chown game: $DIR/hold
	echo './hold late 25565 world/late 6000 >/dev/null & sleep 0.3' >/tmp/s
	run start 10 </tmp/s
	agent proof game $DIR 25565/tcp 2
	is "$RC" 65 'a port that closed proves nothing'
	agent proof game $DIR 25565/tcp 15
	is "$RC/$(printf '%s\n' "$OUT" | head -n 1)/$(cat $DIR/world/late)" '0/proof ok/late' 'proven only when it has written'
	rm -f $DIR/world/late

	# Things that happen in the quiet seconds.
	(sleep 1 && echo changed >>$DIR/world/level.dat) &
	agent proof game $DIR - 0
	like "$RC/$OUT" "65/*$DIR/world/level.dat" 'a change in the quiet seconds'
	(sleep 1 && rm $DIR/world/level.dat) &
	agent proof game $DIR - 0
	is "$RC/$OUT" "65/changed $DIR/world" 'a deletion in the quiet seconds'
	(sleep 0.7 && exec $su_game sleep 1.5) &
	agent proof game $DIR - 0
	like "$RC/$OUT" '65/process * game sleep 1.5' 'a process in the quiet seconds'
	(for i in 1 2 3; do sleep 0.8; echo x >>$DIR/world/more; done) &
	agent proof game $DIR - 20
	is "$RC/$(printf '%s\n' "$OUT" | head -n 1)" '0/proof ok' 'is waited out when there is time'
}

group_windows() {
	# A start that outlives its limit, one that is in the middle, a proof beside it.
	started
	echo 'echo working; sleep 15' >/tmp/s
	"$A" run start 20 game $DIR PATH=/usr/bin:/bin GSP_SESSION="$SESSION" -- </tmp/s >/tmp/out1 2>/tmp/err1 &
	runner=$!
	within 3 grep -q working /tmp/out1
	agent alive
	is "$RC" 0 'start itself is alive'
	agent mark "$(mark_text dirty)" "$(mark_text dirty true)"
	is "$RC" 0 'the machine is not locked while it works'
	agent proof game $DIR - 0 0
	is "$RC" 65 'nothing is proven while it works'
	run start 20 </tmp/s
	is "$RC" 75 'another start is held off'
	wait $runner
	is "$(cat /tmp/err1)" '@end exit 0' 'start ends'
	# Two starts in the same moment.
	echo 'sleep 600 & exit 0' >/tmp/s
	for i in 1 2; do
		"$A" run start 20 game $DIR PATH=/usr/bin:/bin GSP_SESSION="$SESSION" -- </tmp/s >/tmp/out$i 2>/tmp/err$i &
		pids="${pids:-} $!"
	done
	# shellcheck disable=SC2086
	wait $pids
	is "$(cat /tmp/err1 /tmp/err2 | grep -c '@end exit 0')" 1 'of two starts at once one starts'
	is "$("$A" alive | wc -l)" 1 'one game'
	agent kill game $DIR 5
	is "$RC/$OUT" '0/killed 1' 'kill'
}

list() { # list PATH...: NUL-separated
	[ $# -eq 0 ] || printf '%s\0' "$@"
}

with_list() { # with_list OP ARG... -- PATH...: OUT, ERR, RC
	op=
	while [ "$1" != -- ]; do
		op="$op $1"
		shift
	done
	shift
	list "$@" >/tmp/list
	# shellcheck disable=SC2086
	"$A" $op "$(stat -c %s /tmp/list)" </tmp/list >/tmp/out 2>/tmp/err
	RC=$?
	OUT=$(cat /tmp/out) ERR=$(cat /tmp/err)
}

group_lists() {
	started
	odd="new${NL}line"
	with_list sent-begin -- a "b c" -rf "$odd" "ü/ö" mods mods/x
	is "$RC/$OUT" 0/ 'sent-begin'
	with_list sent-begin -- mods/ mods/x "ü/ö" a "b c" -rf "$odd"
	is "$RC/$OUT" 0/same 'the same, in another order'
	with_list sent-begin -- new
	is "$RC/$OUT" 0/ 'another joins'
	is "$(tr '\0' '|' </var/lib/gsp/sent)" "-rf|a|b c|mods|mods/x|new|$odd|ü/ö|" 'the union is kept'
	mkdir -p $DIR/mods $DIR/ü $DIR/keep && cd $DIR || return
	echo x | tee a "b c" ./-rf "$odd" ü/ö mods/x mods/ours new keep/f >/dev/null
	with_list sent-end game $DIR -- a mods/x
	is "$RC/$ERR" 0/ 'sent-end'
	is "$(find . -mindepth 1 | sort | tr '\n' ' ')" './a ./keep ./keep/f ./mods ./mods/ours ./mods/x ./ü ' 'what an upload put there and is not wanted goes, nothing else'
	is "$(find . ! -user game | wc -l)" 0 'and everything is owned'
	with_list sent-end game $DIR --
	is "$(find . -mindepth 1 | sort | tr '\n' ' ')" './keep ./keep/f ./mods ./mods/ours ./ü ' 'nothing wanted: the rest goes, directories not sent stay'
	with_list sent-begin -- d/e/f d/e d full full/sent
	mkdir -p d/e full && touch d/e/f full/sent full/games
	with_list sent-end game $DIR --
	is "$RC/$(find d full 2>/dev/null | sort | tr '\n' ' ')" '0/full full/games ' 'directories go deepest first, and only when empty'

	# Links are never followed.
	mkdir -p /srv/victim && touch /srv/victim/x /srv/victim/y
	with_list sent-begin -- l l/x m/y gone/z
	mkdir -p m && touch m/y && ln -s /srv/victim l
	rm -r m && ln -s /srv/victim m
	with_list sent-end game $DIR --
	is "$RC/$(find /srv/victim -type f | wc -l)" 0/2 'nothing behind a link goes'
	[ ! -L l ] && [ -L m ]
	ok $? 'a link that was sent goes itself'
	is "$(stat -c %U /srv/victim/y)" root 'nothing behind a link is owned'
	for bad in /etc/passwd ../x a/../../x . a/./b .. "a//b" ""; do
		with_list sent-begin -- ok "$bad"
		is "$RC" 65 "refused: '$bad'"
	done
	for fine in "a${NL}/b" "...x/..y" "x${NL}" "${NL}x" "a..${NL}..b"; do
		with_list sent-begin -- "$fine"
		is "$RC" 0 "not refused: $(printf %s "$fine" | tr '\n' '~')"
	done
	before=$(cksum </var/lib/gsp/sent)
	printf 'a\0b' | "$A" sent-begin 2>/dev/null
	is "$?" 74 'a path without an end'
	printf 'a\0b\0' | "$A" sent-begin 10 2>/dev/null
	is "$?" 74 'a list that was cut short'
	printf 'a\0b\0' | "$A" sent-end game $DIR 10 2>/dev/null
	is "$?" 74 'also after the upload'
	is "$(cksum </var/lib/gsp/sent)" "$before" 'changes nothing'

	mkdir -p r/s && touch r/s/t "r/$odd" r/stay
	ln -s /srv/victim r/v
	with_list remove $DIR -- r/s/t r/s "r/$odd" r/v/x r/none
	is "$RC/$(find r | sort | tr '\n' ' ')/$(find /srv/victim -type f | wc -l)" '0/r r/stay r/v /2' 'remove'
	with_list remove $DIR -- ../victim/x
	is "$RC" 65 'remove: not outside'

	# A hundred thousand.
	rm -rf "${DIR:?}"/* /var/lib/gsp/sent
	perl -e 'for (1..100000) { printf "dir%d/sub/file number %d\0", $_ % 100, $_ }' >/tmp/many
	perl -e 'for (1..50000) { printf "dir%d/sub/file number %d\0", $_ % 100, $_ }' >/tmp/half
	begin=$(now_ms)
	"$A" sent-begin "$(stat -c %s /tmp/many)" </tmp/many
	echo "# sent-begin of 100,000 paths took $(($(now_ms) - begin)) ms"
	perl -e '$/ = "\0"; while (<STDIN>) { chomp; ($d) = m,(.*)/,; unless ($m{$d}++) { mkdir $1 if $d =~ m,(.*?)/,; mkdir $d } open F, ">", $_; }' </tmp/many
	begin=$(now_ms)
	"$A" sent-end game $DIR "$(stat -c %s /tmp/half)" </tmp/half
	rc=$?
	took=$(($(now_ms) - begin))
	echo "# sent-end took $took ms"
	is "$rc/$(find . -type f | wc -l)/$(find . ! -user game | wc -l)" 0/50000/0 'a hundred thousand paths'
	[ $took -lt 15000 ]
	ok $? 'are no work'
	begin=$(now_ms)
	"$A" sent-end game $DIR "$(stat -c %s /tmp/half)" </tmp/half
	echo "# sent-end, nothing to do, took $(($(now_ms) - begin)) ms"
	begin=$(now_ms)
	"$A" proof game $DIR - 0 0 >/dev/null
	echo "# the instant checks with 50,000 files took $(($(now_ms) - begin)) ms"
}

group_close() {
	started
	mkdir -p $DIR/world $DIR/logs && touch $DIR/world/a $DIR/logs/l && chown -R game: $DIR
	agent changed-since $DIR saved
	is "$RC" 71 'no stamp: cannot tell'
	agent stamp saved
	is "$RC" 0 'stamp'
	agent changed-since $DIR saved
	is "$RC/$OUT" 0/ 'nothing changed'
	echo x >$DIR/logs/l
	agent changed-since $DIR saved
	is "$RC/$OUT" "65/$DIR/logs/l" 'at once after the stamp'
	agent changed-since $DIR saved world/ none
	is "$RC/$OUT" 0/ 'not in these paths'
	agent changed-since $DIR saved none logs world
	is "$RC/$OUT" "65/$DIR/logs/l" 'in one of these'
	agent changed-since $DIR saved ../x
	is "$RC" 64 'not outside'
	agent changed-since $DIR /var/lib/gsp/stamp-saved
	is "$RC" 65 'a stamp by its path'
	seq 1 30 | (cd $DIR/world && xargs touch)
	agent changed-since $DIR saved
	is "$(printf '%s\n' "$OUT" | wc -l)" 20 'twenty are enough'
	touch -d '2001-01-01' $DIR/world/a
	agent stamp saved
	touch -d '2001-01-01' $DIR/world/a
	agent changed-since $DIR saved
	is "$OUT" "$DIR/world/a" 'an old date does not hide a change'
	agent stamp ../x
	is "$RC" 64 'no stamp elsewhere'

	# A clock that was set back: as if the stamp had been an hour ahead.
	agent stamp saved
	touch -d '+1 hour' /var/lib/gsp/stamp-saved
	perl -pi -e 's/^(\d+)/$1 + 3600000000000/e' /var/lib/gsp/stamp-saved
	touch -d '+1 hour' /var/lib/gsp/stamp-saved
	sleep 0.2
	agent changed-since $DIR saved
	is "$RC/$OUT" 0/ 'the clock was set back: nothing changed'
	echo x >$DIR/world/a
	agent changed-since $DIR saved
	is "$RC/$OUT" "65/$DIR/world/a" 'the clock was set back: a change is seen'

	set_mark saved true
	was=$(mark_text saved true) && next=$(mark_text closing true)
	agent stamp saved
	agent close "$(sha nonsense)" "$next" game $DIR -
	is "$RC/$OUT" "65/marker $was" 'close: another marker'
	hold write $DIR/world/a
	agent close "$was" "$next" game $DIR 25565/tcp
	like "$RC/$OUT" "65/open $HELD root * $DIR/world/a" 'close: a writer'
	kill -9 $HELD
	echo x >>$DIR/world/a
	agent close "$was" "$next" game $DIR 25565/tcp logs/
	is "$RC/$OUT" "65/changed $DIR/world/a" 'close: changed since it was saved'
	is "$(cat /var/lib/gsp/session.json)" "$was" 'close: the marker stays'
	agent stamp saved
	echo x >>$DIR/logs/l && mkdir -p $DIR/logs/new && echo x >$DIR/logs/new/l
	agent close "$was" "$next" game $DIR 25565/tcp
	is "$RC" 65 'close: everything counts'
	agent close "$was" "$next" game $DIR 25565/tcp cache logs/
	is "$RC/$OUT" "0/marker $next" 'close: but what is excluded'
	is "$(cat /var/lib/gsp/session.json)" "$next" 'close: on disk'
	agent close "$was" "$next" game $DIR 25565/tcp cache logs/
	is "$RC/$OUT" "65/marker $next" 'close: again shows what is there'
	rm /var/lib/gsp/stamp-saved
	agent close "$next" "$was" game $DIR - logs
	is "$RC" 71 'close: no stamp, cannot tell'
}

group_ready() {
	started
	agent wait-ready 3 25565/tcp game
	is "$RC/$OUT" 1/ended 'nothing was started'
	cp /tmp/t/hold /srv/hold && chmod 755 /srv/hold
	echo '(sleep 1.5; exec /srv/hold tcp 25565) & (sleep 0.5; exec /srv/hold udp 2457) & exit 0' >/tmp/s
	run start 10 </tmp/s
	begin=$(now_ms)
	agent wait-ready 1 25565/tcp,2456-2458/udp,9999/udp game
	is "$RC/$OUT" '75/waiting 25565/tcp,9999/udp' 'not yet: what is closed is named'
	agent wait-ready 20 25565/tcp,2456-2458/udp game
	is "$RC/$OUT" 0/ready 'ready when each has a listener, a range one'
	took=$(($(now_ms) - begin))
	[ $took -lt 8000 ]
	ok $? "at once ($took ms)"
	agent wait-ready 5 - game
	is "$RC/$OUT" 0/ready 'no ports: ready when it lives'
	agent kill game $DIR 5
	echo 'sleep 0.4 & exit 0' >/tmp/s
	run start 10 </tmp/s
	agent wait-ready 5 '' game
	is "$RC/$OUT" 1/ended 'no ports: it died at once'
	echo 'sleep 1.2 & exit 0' >/tmp/s
	run start 10 </tmp/s
	begin=$(now_ms)
	agent wait-ready 30 25565/tcp game
	is "$RC/$OUT" 1/ended 'it died while we waited'
	[ $(($(now_ms) - begin)) -lt 10000 ]
	ok $? 'and we noticed'
	agent wait-ready 1 25565 game
	is "$RC" 64 'no such port'
}

group_logs() {
	started
	printf 'seq 1 5' >/tmp/s
	run say 10 </tmp/s
	agent logs say 0
	is "$OUT" "$(seq 1 5)" 'from the beginning'
	agent logs say 4
	is "$OUT" "$(seq 3 5)" 'from a byte on'
	agent logs say -2
	is "$OUT" "$(seq 4 5)" 'the last lines'
	mv /var/log/gsp/say.log /var/log/gsp/say.log.1 && echo six >/var/log/gsp/say.log
	agent logs say -3
	is "$OUT" "4${NL}5${NL}six" 'the last lines, over a rotation'
	agent logs none 0
	is "$RC" 69 'no such log'
	agent logs ../say 0
	is "$RC" 69 'not elsewhere'
	printf 'echo x' >/tmp/s
	run health 10 </tmp/s
	agent list-logs
	is "$OUT" "health 2${NL}say 4" 'list-logs'
	mkfifo /tmp/pipe
	"$A" logs-follow say -1 >/tmp/pipe 2>/tmp/err &
	follower=$!
	(
		exec </tmp/pipe
		read -r one
		echo seven >>/var/log/gsp/say.log
		read -r two
		mv /var/log/gsp/say.log /var/log/gsp/say.log.1 && echo eight >/var/log/gsp/say.log
		read -r three
		echo "$one $two $three" >/tmp/read
	)
	is "$(cat /tmp/read)" 'six seven eight' 'logs-follow, over a rotation'
	within 3 sh -c "! kill -0 $follower"
	ok $? 'and it ends when the caller has gone'
}

# ---- a process that holds something -------------------------------------------------------

hold_c() {
	cat <<'END'
/* hold.c: a process that holds something. Prints "ready", then waits. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *path;
static int want_map;

static void
must(int good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

static void
ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void
map(const char *file, int flags)
{
	int fd = open(file, O_RDWR);

	must(fd != -1, file);
	must(mmap(NULL, 1, PROT_READ | PROT_WRITE, flags, fd, 0) != MAP_FAILED, "mmap");
	close(fd);
}

static void *
thread(void *arg)
{
	usleep(200000); /* the main thread has ended by now */
	if (want_map)
		map(path, MAP_SHARED);
	else
		must(open(path, O_WRONLY) != -1, path);
	ready();
	sleep(600);
	return arg;
}

static int
sock(int family, int type, int port, int listening)
{
	struct sockaddr_in six_less = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port)};
	int fd = socket(family, type, 0), one = 1;

	must(fd != -1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(bind(fd, family == AF_INET ? (void *)&six_less : (void *)&six,
	         family == AF_INET ? sizeof(six_less) : sizeof(six)) == 0, "bind");
	if (listening)
		must(listen(fd, 5) == 0, "listen");
	return fd;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	pthread_t t;

	if (argc < 3)
		return 64;
	path = argv[2];
	if (strcmp(what, "as") == 0) { /* set-id: become the owner altogether */
		must(setresuid(geteuid(), geteuid(), geteuid()) == 0, "setresuid");
		execvp(argv[2], argv + 2);
		must(0, argv[2]);
	} else if (strcmp(what, "uids") == 0)
		must(setresuid((uid_t)atoi(argv[2]), (uid_t)atoi(argv[3]), (uid_t)atoi(argv[4])) == 0, "uids");
	else if (strcmp(what, "write") == 0)
		must(open(path, O_WRONLY) != -1, path);
	else if (strcmp(what, "append") == 0)
		must(open(path, O_RDWR | O_APPEND) != -1, path);
	else if (strcmp(what, "gone") == 0)
		must(open(path, O_RDWR) != -1 && unlink(path) == 0, path);
	else if (strcmp(what, "read") == 0)
		must(open(path, O_RDONLY) != -1, path);
	else if (strcmp(what, "path") == 0)
		must(open(path, O_PATH) != -1, path);
	else if (strcmp(what, "map") == 0)
		map(path, MAP_SHARED);
	else if (strcmp(what, "private") == 0)
		map(path, MAP_PRIVATE);
	else if (strncmp(what, "leaderless", 10) == 0) {
		want_map = what[10] != '\0';
		must(pthread_create(&t, NULL, thread, NULL) == 0, "thread");
		pthread_exit(NULL);
	} else if (strcmp(what, "zombie") == 0) {
		if (fork() == 0) {
			must(setresuid((uid_t)atoi(argv[2]), (uid_t)atoi(argv[2]), (uid_t)atoi(argv[2])) == 0, "uids");
			_exit(0);
		}
		usleep(200000);
	} else if (strcmp(what, "tcp") == 0)
		sock(AF_INET, SOCK_STREAM, atoi(argv[2]), 1);
	else if (strcmp(what, "tcp6") == 0)
		sock(AF_INET6, SOCK_STREAM, atoi(argv[2]), 1);
	else if (strcmp(what, "bound") == 0)
		sock(AF_INET, SOCK_STREAM, atoi(argv[2]), 0);
	else if (strcmp(what, "udp") == 0)
		sock(AF_INET, SOCK_DGRAM, atoi(argv[2]), 0);
	else if (strcmp(what, "udp6") == 0)
		sock(AF_INET6, SOCK_DGRAM, atoi(argv[2]), 0);
	else if (strcmp(what, "late") == 0) { /* PORT FILE MS: close the port, write later */
		int fd = sock(AF_INET, SOCK_STREAM, atoi(argv[2]), 1);

		must(daemon(1, 1) == 0, "daemon");
		usleep(500000);
		close(fd);
		usleep((useconds_t)atoi(argv[4]) * 1000);
		fd = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0644);
		must(fd != -1 && write(fd, "late\n", 5) == 5, argv[3]);
		return 0;
	}
	ready();
	sleep(600);
	return 0;
}
END
}

if [ -n "${AGENT_T_GROUP:-}" ]; then
	cd /
	"group_$AGENT_T_GROUP"
	echo end
	exit 0
elif [ -n "${AGENT_T_MACHINE:-}" ]; then
	machine "$AGENT_T_MACHINE"
else
	outer "$@"
fi
