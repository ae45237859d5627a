#!/bin/sh
# gsp's agent: what must happen on the rented machine, run as root over ssh: `agent OP ARG...`.
#
# stdout is for the caller, as each op says; stderr is one line for people. Statuses are gsp's:
# 0 done, 1 a plain no, 64 usage, 65 refused to keep data safe, 71 system or cannot tell,
# 74 input/output, 75 try again. Never 127: that means "no agent here".
#
# Rules of this file: dash, GNU tools of Debian 12, no bashisms. The link can die at any line.
# Unknown is no: a scan that could not look is never "nothing found". Names may hold anything
# but NUL. Descriptors: 9 the machine's lock, 8 a run's "live" lock, 7 a script name's lock.

# shellcheck disable=SC2015,SC2016 # A && B || die: both may fail; and perl has variables of its own
set -u
umask 077
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
unset CDPATH ENV

ROOT=${GSP_AGENT_ROOT:-} # tests only
VAR=$ROOT/var/lib/gsp
LOG=$ROOT/var/log/gsp
RUN=$ROOT/run/gsp
MARKER=$VAR/session.json
LOG_ROTATE=8388608 # bytes; a log larger than this begins anew with the next run
LOG_BOUND=16777216 # bytes; a growing log larger than this is cut while the script runs
NL='
'

die() { # die STATUS TEXT
	printf '%s\n' "$2" >&2
	exit "$1"
}

die_write() { # die_write PATH: nearly always the disk is full, and then it must be said
	[ "$(stat -f -c '%a' -- "$VAR")" -ge 16 ] 2>/dev/null ||
		die 74 "cannot write '$1': no space left on the machine's disk; make room there and try again"
	die 74 "cannot write '$1'"
}

usage() {
	die 64 "agent: wrong arguments for '$OP'"
}

make_dirs() {
	[ -d "$VAR/run" ] && [ -d "$LOG" ] && [ -d "$RUN/run" ] && return
	(umask 022 && mkdir -p "$VAR/run" "$LOG" "$RUN/run") &&
		chmod 711 "$VAR" "$VAR/run" "$RUN" "$RUN/run" || die 71 "cannot make '$VAR', '$LOG' and '$RUN'"
}

temp_dir() { # temp_dir PARENT: T, removed at exit
	make_dirs
	T=$(mktemp -d "$1/tmp.XXXXXX") || die 71 "cannot make a temporary directory in '$1'"
	trap 'rm -rf "$T"' EXIT
	trap 'exit 71' HUP INT TERM
	trap 'exit 74' PIPE
}

is_number() {
	case $1 in '' | *[!0-9]*) return 1 ;; esac
	[ ${#1} -le 18 ]
}

check_user() { # USER_ID, GROUP_ID
	case $1 in '' | -* | *[!a-zA-Z0-9._-]*) die 64 "agent: '$1' is no user name" ;; esac
	USER_ID=$(id -u -- "$1" 2>/dev/null) && GROUP_ID=$(id -g -- "$1" 2>/dev/null) ||
		die 71 "user '$1' does not exist on the machine"
}

check_game_user() {
	check_user "$1"
	[ "$USER_ID" -ne 0 ] || die 64 "agent: the game's user must not be root"
}

# D: the directory as the kernel names it. A symbolic link on the way must not make every check
# look at nothing.
real_dir() {
	case $1 in /*) ;; *) die 64 "agent: '$1' is no absolute path" ;; esac
	D=$(cd -P -- "$1" 2>/dev/null && pwd -P) || die 65 "server directory '$1' does not exist on the machine"
	case $D in /*/*) ;; *) die 64 "agent: '$1' is no server directory" ;; esac
}

caller_lives() { # ends us if sshd's process for this link has gone: nobody waits for the answer
	[ "$PPID" -le 1 ] || [ -d "/proc/$PPID" ] || exit 74
}

uptime_cs() { # UP: hundredths of a second since boot; no clock step changes it
	read -r UP _ </proc/uptime || die 71 "cannot read /proc/uptime"
	UP=${UP%.*}${UP#*.}
}

plain_lines() { # NUL-separated names -> lines for people
	tr '\n\000' '?\n' | tr '\001-\011\013-\037\177' '?'
}

glob_quote() { # a path as find -path and -lname take it literally
	printf '%s\n' "$1" | sed 's/[][*?\\]/\\&/g'
}

read_stdin() { # read_stdin FILE BYTES: a dead link looks like the end of the input
	[ -z "$2" ] || is_number "$2" || usage
	if [ -z "$2" ]; then cat; else head -c "$2"; fi 2>/dev/null >"$1" || die_write "$1"
	[ -n "$2" ] || return 0
	read_size=$(stat -c %s "$1")
	[ "$read_size" = "$2" ] || die 74 "the input was cut short: $read_size of $2 bytes arrived"
}

# ---- the lock and the marker -------------------------------------------------------------

take_lock() { # exclusive, until exit or exec 9>&-; inside `guard` it is held already
	[ -z "${GSP_AGENT_HELD:-}" ] || return 0
	make_dirs
	command exec 9<>"$VAR/lock" || die 71 "cannot open '$VAR/lock'"
	if ! flock -w 5 9; then
		who=
		read -r who <"$VAR/lock"
		age=$(($(date +%s) - $(stat -c %Y "$VAR/lock")))
		die 75 "busy: ${who:-somebody} holds the machine's lock since $age s"
	fi
	printf '%s\n' "${GSP_WHO:-gsp} ($OP, process $$)" >"$VAR/lock"
}

read_marker() { # M: the marker's line, "" if there is none
	M=
	[ -e "$MARKER" ] || return 0
	IFS= read -r M <"$MARKER" || [ -n "$M" ] || return 0
}

show_marker() {
	read_marker
	printf 'marker %s\n' "${M:--}"
}

field() { # field KEY: F, the value in the marker; "" if it has none
	F=
	case $M in *"\"$1\":"*) ;; *) return 0 ;; esac
	F=${M#*"\"$1\":"}
	case $F in
	\"*) F=${F#\"} && F=${F%%\"*} ;;
	*) F=${F%%[,\}]*} ;;
	esac
}

check_swap() { # check_swap OLD NEWTEXT, under the lock
	case $2 in *"$NL"*) usage ;; '{"schema":"gsp.marker/'*'}') ;; *) usage ;; esac
	read_marker
	case $1 in '{'*) [ "$1" = "$M" ] && return ;; esac
	if [ -e "$MARKER" ]; then
		sha=$(printf %s "$M" | sha256sum)
		sha=${sha%% *}
	else
		sha=-
	fi
	[ "$sha" = "$1" ] && return
	show_marker
	die 65 "the machine's marker is not the one that was seen before"
}

write_marker() {
	printf '%s\n' "$1" 2>/dev/null >"$MARKER.new" && sync "$MARKER.new" && mv -f "$MARKER.new" "$MARKER" &&
		sync "$VAR" || die_write "$MARKER"
	show_marker
}

# mark OLD NEWTEXT: compare and swap. OLD: the line seen, or its SHA-256, or "-" for none.
op_mark() {
	[ $# -eq 2 ] || usage
	take_lock
	check_swap "$1" "$2"
	write_marker "$2"
}

# guard STATES SESSION -- CMD ARG...: CMD under the lock, which it keeps for its whole life, if
# the marker is of SESSION and in one of STATES; `stopping` counts only when proven, this boot.
op_guard() {
	[ $# -ge 4 ] && [ "$3" = -- ] || usage
	take_lock
	read_marker
	[ -n "$M" ] || die 65 "the machine has no session marker"
	field session
	[ "$F" = "$2" ] || die 65 "the machine belongs to session '$F', not to '$2'"
	field state
	case ,$1, in *,"$F",*) ;; *) die 65 "the machine is '$F', not '$1'" ;; esac
	if [ "$F" = stopping ]; then
		field stopped
		[ "$F" = true ] || die 65 "the game is not proven to have stopped"
		field boot_id
		read -r boot </proc/sys/kernel/random/boot_id || boot=
		[ -n "$boot" ] && [ "$F" = "$boot" ] ||
			die 65 "the machine has booted again since the game was proven to have stopped"
	fi
	shift 3
	command -v -- "$1" >/dev/null || die 71 "'$1' is not installed on the machine"
	GSP_AGENT_HELD=1
	export GSP_AGENT_HELD
	umask 022
	exec "$@"
}

# hello [DIR]: what the caller wants to know first.
op_hello() {
	read -r boot </proc/sys/kernel/random/boot_id || die 71 "cannot read the boot id"
	printf 'boot %s\nnow %s\n' "$boot" "$(date +%s)"
	show_marker
	if [ ! -e "$VAR/lock" ] || flock -n "$VAR/lock" true; then
		echo 'lock free'
	else
		echo 'lock busy'
	fi
	dir=${1:-/}
	while [ ! -d "$dir" ]; do
		dir=${dir%/*}
		[ -n "$dir" ] || dir=/
	done
	size=$(($(stat -f -c '%a*%S' -- "$dir"))) || die 71 "cannot tell the room in '$dir'"
	printf 'free %s\n' "$size"
	find_cgroup && echo 'cgroup v2' || echo 'cgroup none'
	version=$(rsync --version 2>/dev/null | sed -n '1s/^rsync  *version \([^ ]*\).*/\1/p')
	printf 'rsync %s\n' "${version:--}"
}

# prepare USER DIR: the user, its home, the server directory, our own directories.
op_prepare() {
	[ $# -eq 2 ] || usage
	case $1 in [a-z_]*) ;; *) usage ;; esac
	case $1 in *[!a-z0-9_-]*) usage ;; esac
	case $2 in /*/*) ;; *) usage ;; esac
	[ "$(id -u -- "$1" 2>/dev/null)" != 0 ] || die 64 "agent: the game's user must not be root"
	take_lock
	if ! entry=$(getent passwd "$1"); then
		getent group "$1" >/dev/null && group=--gid=$1 || group=--user-group
		useradd --system "$group" --no-create-home --home-dir "$2" --shell /bin/sh "$1" >&2 ||
			die 71 "cannot make the user '$1'"
	else
		home=${entry%:*}
		[ "${home##*:}" = "$2" ] || usermod --home "$2" "$1" >&2 ||
			die 71 "cannot make '$2' the home of the user '$1'"
	fi
	check_game_user "$1"
	[ ! -L "$2" ] || die 65 "server directory '$2' is a symbolic link"
	(umask 022 && mkdir -p "$2" "$ROOT/opt/gsp") || die 71 "cannot make '$2'"
	[ "$(stat -c %u:%g -- "$2")" = "$USER_ID:$GROUP_ID" ] || chown "$USER_ID:$GROUP_ID" -- "$2" ||
		die 71 "cannot give '$2' to the user '$1'"
}

# ---- what start left ---------------------------------------------------------------------

find_cgroup() { # CG: a cgroup2 mount that takes new groups
	while read -r _ CG cg_type _; do
		[ "$cg_type" = cgroup2 ] && [ -w "$CG/cgroup.procs" ] && return 0
	done </proc/self/mounts
	CG=
	return 1
}

start_cgroups() { # SESSION; CGS: start's groups, a line each: of the marker's session, else of any
	read_marker
	field session
	SESSION=$F
	CGS=
	while read -r _ mount cg_type _; do
		[ "$cg_type" = cgroup2 ] || continue
		for group in "$mount/gsp-"*; do
			[ -f "$group/cgroup.events" ] || continue
			[ -z "$SESSION" ] || [ "$group" = "$mount/gsp-$SESSION" ] || continue
			CGS=$CGS$group$NL
		done
	done </proc/self/mounts
}

cgroup_populated() { # exact, from the kernel
	while read -r key value; do
		[ "$key" = populated ] && [ "$value" = 0 ] && return 1
	done <"$1/cgroup.events"
	return 0
}

# Seeds for the table below. C: in start's cgroup. E: says so in its environment (what a process
# says of itself only ever adds). V: a supervisor of start, to which orphans return.
start_seeds() {
	printf %s "$CGS" | while IFS= read -r group; do
		cgroup_populated "$group" || continue
		echo P
		find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null | sed 's/^/C /'
	done
	seeds=$(grep -lszFx GSP_SCRIPT=start /proc/[0-9]*/environ)
	if [ -n "$seeds" ] && [ -n "$SESSION" ]; then
		# shellcheck disable=SC2086 # words: /proc/PID/environ
		seeds=$(grep -lszFx "GSP_SESSION=$SESSION" $seeds)
	fi
	[ -z "$seeds" ] || printf '%s\n' "$seeds" | sed 's,^/proc/\([0-9]*\)/.*,E \1,'
	for super in "$RUN/run/start."*/super; do
		[ -f "$super" ] && read -r pid began <"$super" && read -r stat <"/proc/$pid/stat" || continue
		# The start time (field 22) tells a reused number. Our supervisor's name has no space.
		# shellcheck disable=SC2086
		set -- $stat
		[ "${22:-}" = "$began" ] && echo "V $pid"
	done 2>/dev/null
}

# processes [UID]: lines `start PID UID NAME` for what start left and `user PID UID NAME` for
# other processes of UID (real, effective, saved or file system). Last line `seen` if the scan
# saw this shell, without which it proves nothing. A zombie is dead unless threads live on.
processes() {
	start_cgroups
	{
		start_seeds
		grep -sHE '^(Name|State|PPid|Uid|NSsid|Threads):' /proc/[0-9]*/status
	} | awk -v want="${1:-none}" -v self=$$ '
	$1 == "P" { populated = 1; next }
	$1 == "C" || $1 == "E" { seed[$2] = 1; next }
	$1 == "V" { super[$2] = 1; next }
	{
		split($0, part, "/")
		pid = part[3]
		text = substr($0, index($0, "/status:") + 8)
		colon = index(text, ":")
		key = substr(text, 1, colon - 1)
		value = substr(text, colon + 2)
		if (key == "Name") name[pid] = value
		else if (key == "State") state[pid] = substr(value, 1, 1)
		else if (key == "PPid") parent[pid] = value
		else if (key == "Threads") threads[pid] = value + 0
		else if (key == "NSsid") { split(value, v, "\t"); session[pid] = v[1] + 0 }
		else if (key == "Uid") {
			n = split(value, v, "\t")
			uid[pid] = v[2]
			for (i = 1; i <= n; i++)
				if (v[i] == want) user[pid] = 1
		}
	}
	END {
		for (pid in state)
			if ((state[pid] == "Z" || state[pid] == "X") && threads[pid] <= 1) delete state[pid]
		do {
			more = 0
			for (pid in state) {
				if ((pid in start) || (pid in super)) continue
				if (!(pid in seed) && !(parent[pid] in start) && !(parent[pid] in super) &&
				    !(session[pid] > 1 && (session[pid] in family))) continue
				start[pid] = more = 1
				family[session[pid]] = 1
			}
		} while (more)
		for (pid in state)
			if (pid in start) { print "start", pid, uid[pid], name[pid]; found = 1 }
			else if (pid in user) print "user", pid, uid[pid], name[pid]
		if (populated && !found) print "start 0 0 unknown"
		if (self in state) print "seen"
	}'
}

user_name() {
	id -nu -- "$1" 2>/dev/null || printf '%s\n' "$1"
}

command_of() { # command_of PID [NAME]
	text=$(tr '\000-\037\177' ' ' <"/proc/$1/cmdline" | head -c 80)
	text=${text% }
	[ -n "$text" ] || text=${2:-$(tr '\000-\037\177' ' ' <"/proc/$1/comm")}
	printf '%s' "${text:-(ended)}"
} 2>/dev/null

describe() { # describe PREFIX: lines of `processes` on stdin -> lines for people
	sort -k2,2n | while read -r kind pid uid name; do
		[ "$kind" = seen ] && continue
		printf '%s%s %s %s\n' "$1" "$pid" "$(user_name "$uid")" "$(command_of "$pid" "$name")"
	done
}

# alive: `PID USER COMMAND` for each process that start left. 0 some, 1 none.
op_alive() {
	temp_dir "$RUN"
	scan_start "$T/p"
	describe '' <"$T/p"
	[ -s "$T/p" ]
}

scan_start() { # scan_start FILE: the `start` lines; retried, since a process can end under us
	for try in 1 2 3; do
		processes >"$1.all"
		grep -q '^seen$' "$1.all" || continue
		grep '^start ' "$1.all" >"$1"
		case $? in 0 | 1) ;; *) continue ;; esac
		grep -qx 'start 0 0 unknown' "$1" && [ "$try" -lt 3 ] && continue
		return 0
	done
	die 71 "cannot tell which processes run: /proc could not be read"
}

# kill USER DIR [TERM_S]: TERM to what start left, TERM_S (30) seconds, KILL. `killed N`.
op_kill() {
	[ $# -ge 2 ] || usage
	is_number "${3:-30}" || usage
	temp_dir "$RUN"
	: >"$T/all"
	uptime_cs
	term_end=$((UP + ${3:-30} * 100))
	sent=
	while :; do
		scan_start "$T/p"
		[ -s "$T/p" ] || break
		pids=$(cut -d' ' -f2 "$T/p" | grep -vx 0)
		printf '%s\n' "$pids" >>"$T/all"
		uptime_cs
		[ "$UP" -lt $((term_end + 1000)) ] || break
		if [ "$UP" -ge "$term_end" ]; then
			printf %s "$CGS" | while IFS= read -r group; do
				echo 1 >"$group/cgroup.kill"
			done 2>/dev/null
			sent=KILL
			# shellcheck disable=SC2086
			kill -s KILL $pids 2>/dev/null
		elif [ -z "$sent" ]; then
			sent=TERM
			# shellcheck disable=SC2086
			kill -s TERM $pids 2>/dev/null
			# shellcheck disable=SC2086
			kill -s CONT $pids 2>/dev/null
		fi
		sleep 0.1
	done
	printf 'killed %s\n' "$(sort -u "$T/all" | grep -c .)"
	[ -s "$T/p" ] || return 0
	describe 'process ' <"$T/p"
	die 65 "what start left would not die"
}

# ---- run and follow ----------------------------------------------------------------------

# The supervisor: `perl -e SUPER RUNDIR LIMIT LOG KEEP BOUND CMD...`. It outlives the link, keeps the
# time, and alone can tell "exit 143" from "died of TERM". With KEEP (start) it is the reaper of
# orphans: whatever daemonises below it returns to it, and it stays until the last is gone,
# keeping the log in bounds. The locks 7 and 8 are open here until the script has ended.
SUPER='
use POSIX ();
use Config;
my ($dir, $limit, $log, $keep, $bound, @cmd) = @ARGV;
my %prctl = (x86_64 => 157, i686 => 172, aarch64 => 167, armv7l => 172, riscv64 => 167);
my $call = $prctl{(POSIX::uname())[4]};
syscall($call, 36, 1, 0, 0, 0) if $keep && $call;    # PR_SET_CHILD_SUBREAPER
sub put { open(my $f, ">", "$dir/$_[0].new") or return; print $f "$_[1]\n"; close $f;
	rename("$dir/$_[0].new", "$dir/$_[0]") }
sub stat_of { open(my $f, "<", "/proc/$_[0]/stat") or return; local $/; my $t = <$f>;
	$t =~ s/.*\) //s; return split / /, $t }
sub now { (POSIX::times())[0] / 100 }                # ticks since boot: no clock step
put("super", "$$ " . (stat_of($$))[19]);
my $set = POSIX::SigSet->new(POSIX::SIGCHLD(), POSIX::SIGALRM());
my $old = POSIX::SigSet->new;
$SIG{CHLD} = $SIG{ALRM} = sub {};
$SIG{HUP} = $SIG{PIPE} = "IGNORE";
POSIX::sigprocmask(POSIX::SIG_BLOCK(), $set, $old);
my $pid = fork;
if (!defined $pid) { put("status", "exit 126"); exit 1 }
if (!$pid) { POSIX::sigprocmask(POSIX::SIG_SETMASK(), $old); exec { $cmd[0] } @cmd; POSIX::_exit(126) }
POSIX::close(9);
sub hit { my $sig = shift;
	opendir(my $d, "/proc") or return;
	for my $p (grep { /^\d+$/ } readdir $d) { kill $sig, $p if ((stat_of($p))[3] // 0) == $pid } }
my ($stage, $next, $status, $done) = (0, now() + $limit);
my @name = split " ", $Config{sig_name};
for (;;) {
	my $kid;
	while (($kid = waitpid(-1, POSIX::WNOHANG())) > 0) { $status = $? if $kid == $pid }
	if (!$done && defined $status) {
		my $s = $status & 127;
		put("status", $stage ? "timeout" : $s ? "signal " . ($name[$s] // $s) : "exit " . ($status >> 8));
		POSIX::close(8); POSIX::close(7);
		$done = 1;
	}
	exit 0 if $done && ($kid == -1 || !$keep);
	if (!$done && now() >= $next) { hit($stage++ ? "KILL" : "TERM"); $next = now() + 10 }
	system("/bin/sh", "-c", q(tail -c 8388608 "$1" >"$1.1"; : >"$1"), "sh", $log) if (-s $log // 0) > $bound;
	my $wait = $done ? 2 : $next - now();
	alarm($wait < 2 || (-s $log // 0) > $bound / 2 ? 1 : 2);
	POSIX::sigsuspend($old);
}
'

# The same without perl: exit 143 and TERM look alike, and orphans are not gathered.
op__super() { # RUNDIR LIMIT LOG KEEP BOUND CMD...
	dir=$1 limit=$2 log=$3 keep=$4 bound=$5
	shift 5
	uptime_cs
	end=$((UP + limit * 100))
	timeout -k 10 "$limit" "$@" 7>&- 8>&- 9>&- &
	# As with perl, the machine's lock is free when the script is where it belongs.
	until [ -s "$dir/leader" ] || ! kill -0 $!; do sleep 0.02; done 2>/dev/null
	exec 9>&-
	wait $!
	rc=$?
	uptime_cs
	if [ "$rc" -ge 124 ] && [ "$UP" -ge "$end" ]; then
		status=timeout
		read -r leader <"$dir/leader" && kill -s KILL -- "-$leader"
	elif [ "$rc" -gt 128 ]; then
		status="signal $(kill -l $((rc - 128)))"
	else
		status="exit $rc"
	fi
	printf '%s\n' "$status" >"$dir/status.new" && mv "$dir/status.new" "$dir/status"
	exec 7>&- 8>&-
	[ "$keep" = 1 ] || return 0
	temp_dir "$RUN"
	while scan_start "$T/p" && [ -s "$T/p" ]; do
		if [ "$(stat -c %s "$log")" -gt "$bound" ]; then
			tail -c 8388608 "$log" >"$log.1"
			: >"$log"
		fi
		sleep 10
	done
}

# _exec RUNDIR LOG CGROUP DIR USER GROUP ARG...: becomes the script. The last thing that runs as root.
op__exec() {
	[ -z "$3" ] || echo $$ >"$3/cgroup.procs" || echo "gsp: no cgroup for this run" >>"$2"
	printf '%s\n' $$ >"$1/leader"
	command exec </dev/null >>"$2" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- || exit 126
	dir=$4 uid=$5 gid=$6
	shift 6
	umask 022
	unset GSP_WHO GSP_AGENT_HELD
	exec setsid setpriv --reuid="$uid" --regid="$gid" --init-groups \
		env -i --default-signal -C "$dir" -- "$@"
}

forget_runs() { # forget_runs NAME: all but the last three that have ended
	for old in "$RUN/run/$1."*; do
		[ "${old%.*}" = "$RUN/run/$1" ] && [ -d "$old" ] && flock -n "$old/live" true && echo "${old##*/}"
	done 2>/dev/null | sort | head -n -3 | while IFS= read -r old; do
		rm -rf "${RUN:?}/run/$old" "${VAR:?}/run/$old"
	done
}

check_start() { # under the lock: nothing starts twice, nothing starts on the way down
	read_marker
	field state
	[ "$F" = dirty ] || die 65 "the machine is '${F:-unmarked}', not 'dirty': nothing is started"
	field session
	[ "$F" = "$1" ] || die 65 "the machine belongs to session '$F', not to '$1'"
	scan_start "$T/p"
	[ -s "$T/p" ] || return 0
	die 65 "start is still alive: $(describe '' <"$T/p" | head -n 1)"
}

stamp() { # stamp FILE: what changes after we return is newer (file times move in ticks)
	uptime_cs
	printf '%s %s\n' "$(date +%s%6N)" "$UP" 2>/dev/null >"$1.$$" && mv -f "$1.$$" "$1" || die_write "$1"
	sleep 0.02
}

# stamp NAME
op_stamp() {
	[ $# -eq 1 ] || usage
	case $1 in '' | */*) usage ;; esac
	make_dirs
	stamp "$VAR/stamp-$1"
}

# run NAME[:BYTES] TIMEOUT_S USER DIR [KEY=VALUE]... -- [ARG]...: the script on stdin, detached;
# `run ID OFFSET`, then as follow. The script lies in VAR: Debian mounts /run noexec.
op_run() {
	[ $# -ge 5 ] || usage
	name=${1%%:*} bytes=${1#"${1%%:*}"} limit=$2 user=$3 dir=$4
	bytes=${bytes#:}
	case $name in '' | [!a-zA-Z0-9_]* | *[!a-zA-Z0-9._-]*) usage ;; esac
	is_number "$limit" && [ "$limit" -gt 0 ] || usage
	check_user "$user"
	[ -d "$dir" ] || die 65 "directory '$dir' does not exist on the machine"
	shift 4
	session='' variables=0
	for word in "$@"; do
		case $word in
		--) break ;;
		GSP_SESSION=*) session=${word#*=} ;;
		[a-zA-Z_]*=*) ;;
		*) usage ;;
		esac
		variables=$((variables + 1))
	done
	[ "$variables" -lt $# ] || usage
	make_dirs

	id=$name.$(date +%s%N)
	r=$RUN/run/$id
	T=$r
	script=$VAR/run/$id/$name
	mkdir "$r" || die 71 "cannot make '$r'"
	trap 'rm -rf "$r" "${script%/*}"' EXIT
	trap 'exit 71' HUP INT TERM
	trap 'exit 74' PIPE
	mkdir "${script%/*}" && command exec 8>"$r/live" && flock -n 8 || die 71 "cannot make '$r'"
	read_stdin "$script" "$bytes"
	chgrp "$GROUP_ID" "${script%/*}" "$script" && chmod 750 "${script%/*}" "$script" ||
		die 71 "cannot give '$script' to the user '$user'"
	case $(head -c 4 "$script" | tr -d '\000') in '#!'* | ?ELF) shell= ;; *) shell=/bin/sh ;; esac

	# The words of env: variables, ours, then the script and its arguments.
	left=$#
	while [ "$left" -gt 0 ]; do
		if [ "$variables" -eq 0 ]; then
			set -- "$@" "GSP_SCRIPT=$name" ${shell:+"$shell"} "$script"
		else
			set -- "$@" "$1"
		fi
		shift
		variables=$((variables - 1)) left=$((left - 1))
	done

	command exec 7>>"$RUN/$name.busy" || die 71 "cannot open '$RUN/$name.busy'"
	flock -w 5 7 || die 75 "busy: '$name' is already running on the machine"
	forget_runs "$name"
	cgroup=
	if [ "$name" = start ]; then
		take_lock
		check_start "$session"
		if find_cgroup; then
			mkdir -p "$CG/gsp-$session" 2>/dev/null && cgroup=$CG/gsp-$session
		fi
		stamp "$VAR/stamp-start"
		first=
		[ ! -e "$VAR/stamp-session-of" ] || read -r first <"$VAR/stamp-session-of"
		if [ "$first" != "$session" ] || [ ! -e "$VAR/stamp-session" ]; then
			stamp "$VAR/stamp-session"
			printf '%s\n' "$session" >"$VAR/stamp-session-of"
		fi
	fi
	log=$LOG/$name.log
	if [ -e "$log" ] && [ "$(stat -c %s "$log")" -gt $LOG_ROTATE ]; then
		mv -f "$log" "$log.1"
	fi
	# The user may reopen it: scripts write to /dev/stderr.
	: >>"$log" && chown "0:$GROUP_ID" "$log" && chmod 660 "$log" || die_write "$log"
	offset=$(stat -c '%s %i' "$log")
	printf '%s\n' "$name $offset" >"$r/meta" || die_write "$r/meta"
	keep=0
	[ "$name" = start ] && keep=1
	set -- "$r" "$limit" "$log" "$keep" "$LOG_BOUND" \
		/bin/sh "$0" _exec "$r" "$log" "$cgroup" "$dir" "$user" "$GROUP_ID" "$@"
	if [ -z "${GSP_AGENT_NO_PERL:-}" ] && command -v perl >/dev/null; then
		setsid -f perl -e "$SUPER" -- "$@" </dev/null >/dev/null 2>>"$log"
	else
		setsid -f /bin/sh "$0" _super "$@" </dev/null >/dev/null 2>>"$log"
	fi || die 71 "cannot start the supervisor of '$name'"
	trap - EXIT
	exec 7>&- 8>&- 9>&-
	printf 'run %s %s\n' "$id" "${offset% *}"
	follow "$id" "${offset% *}"
}

follow() { # follow ID OFFSET
	make_dirs
	check_run "$1"
	r=$RUN/run/$1
	read -r name _ inode <"$r/meta" || die 74 "cannot read '$r/meta'"
	log=$LOG/$name.log
	[ "$(stat -c %i "$log" 2>/dev/null)" = "$inode" ] || [ ! -e "$log.1" ] || log=$log.1
	size=$(stat -c %s "$log") || die 74 "cannot read '$log'"
	from=$2
	[ "$from" -le "$size" ] || from=0 # it was cut since
	waiter=''
	trap 'kill $waiter ${!:-} 2>/dev/null; exit 71' HUP INT TERM PIPE
	# The kernel frees the lock when the script has ended or its supervisor has died.
	flock -s "$r/live" true &
	waiter=$!
	tail -q -c "+$((from + 1))" -s 0.05 --pid="$waiter" -f -- "$log" 2>/dev/null &
	tail=$!
	wait "$tail" || { # the caller has gone
		kill "$waiter" 2>/dev/null
		exit 74
	}
	status=lost
	[ ! -f "$r/status" ] || read -r status <"$r/status"
	printf '@end %s\n' "$status" >&2
}

# follow ID OFFSET: the log's bytes from OFFSET until the run has ended; last on stderr:
# `@end exit N`, `@end signal NAME`, `@end timeout`, or `@end lost` (no supervisor any more).
op_follow() {
	[ $# -eq 2 ] && is_number "$2" || usage
	follow "$1" "$2"
}

# script ID: the text of that run, while the machine remembers it.
op_script() {
	[ $# -eq 1 ] || usage
	check_run "$1"
	cat -- "$VAR/run/$1/${1%.*}" || die 74 "the text of run '$1' is not there"
}

# end ID: TERM to all of a script that still runs, 10 seconds, KILL. Never to `start`: what that
# leaves is a game, and `kill` is for it.
op_end() {
	[ $# -eq 1 ] || usage
	check_run "$1"
	[ "${1%.*}" != start ] || die 64 "agent: 'start' is not ended like this"
	! flock -sn "$RUN/run/$1/live" true || return 0
	uptime_cs
	kill_at=$((UP + 1000)) signal=TERM leader=
	while :; do
		# a link that died may have left it without one for a moment
		[ -n "$leader" ] || read -r leader <"$RUN/run/$1/leader" || leader=
		if [ -n "$leader" ]; then
			signal_session "$leader" "$signal" || ! flock -sn "$RUN/run/$1/live" true || return 0
			[ "$signal" != TERM ] || signal=0
		fi
		uptime_cs
		[ "$UP" -lt "$kill_at" ] || signal=KILL
		[ "$UP" -lt $((kill_at + 1000)) ] || die 75 "run '$1' does not end"
		sleep 0.1
	done 2>/dev/null
}

signal_session() { # signal_session LEADER SIGNAL: 0 if any of it lives
	some=1
	for stat in /proc/[0-9]*/stat; do
		read -r line <"$stat" || continue
		pid=${stat#/proc/}
		# after the name: state, parent, group, session
		# shellcheck disable=SC2086
		set -- "$1" "$2" ${line##*) }
		[ "${6:-}" = "$1" ] && [ "${3:-}" != Z ] && kill -s "$2" "${pid%/stat}" && some=0
		set -- "$1" "$2"
	done 2>/dev/null
	return $some
}

check_run() {
	case $1 in '' | .* | */*) usage ;; esac
	[ -f "$RUN/run/$1/meta" ] ||
		die 65 "run '$1' is not known on the machine: it has booted again, or the run is too long ago"
}

# runs: `run ID NAME OFFSET running|lost|exit N|signal NAME|timeout`, oldest first.
op_runs() {
	for r in "$RUN/run/"*; do
		[ -f "$r/meta" ] && read -r name offset _ <"$r/meta" || continue
		status=lost
		if [ -f "$r/status" ]; then
			read -r status <"$r/status"
		else
			flock -sn "$r/live" true || status=running
		fi
		id=${r##*/}
		printf '%s run %s %s %s %s\n' "${id##*.}" "$id" "$name" "$offset" "$status"
	done | sort -n | cut -d' ' -f2-
}

# 69 with the names of the logs that there are.
check_log_name() {
	case $1 in
	'' | [!a-zA-Z0-9_]* | *[!a-zA-Z0-9._-]*) ;;
	*) [ ! -e "$LOG/$1.log" ] && [ "${2:-}" != later ] || return 0 ;;
	esac
	die 69 "$(op_list_logs | cut -d' ' -f1 | tr '\n' ' ')"
}

# logs NAME OFFSET|-N: from a byte on, or the last N lines.
op_logs() {
	[ $# -eq 2 ] && is_number "${2#-}" || usage
	check_log_name "$1"
	case $2 in
	-*)
		[ ! -e "$LOG/$1.log.1" ] || set -- "$1" "$2" "$LOG/$1.log.1"
		cat -- ${3:+"$3"} "$LOG/$1.log" | tail -n "${2#-}"
		;;
	*) tail -c "+$(($2 + 1))" -- "$LOG/$1.log" ;;
	esac
}

# logs-follow NAME -N: for ever.
op_logs_follow() {
	[ $# -eq 2 ] && is_number "${2#-}" || usage
	check_log_name "$1" later
	exec tail -n "${2#-}" -F -s 0.2 -- "$LOG/$1.log" 2>/dev/null
}

# list-logs: `NAME SIZE`.
op_list_logs() {
	for log in "$LOG"/*.log; do
		[ -f "$log" ] || continue
		name=${log##*/}
		printf '%s %s\n' "${name%.log}" "$(stat -c %s "$log")"
	done
}

# ---- the proof that a game has stopped ---------------------------------------------------

# open_files: `open PID PATH` for each file under D that anybody has open for writing or mapped
# shared and writable: by its path, and by its inode for what was opened through another mount
# (a container) or another name. A write-open descriptor's link in /proc/PID/fd has mode u+w.
# This shell holds T/probe open: a scan that does not see it proves nothing. Last line `seen`.
open_files() {
	tasks=$(grep -lsE '^State:[[:space:]]+Z' /proc/[0-9]*/status | sed 's/status$/task/')
	{
		# shellcheck disable=SC2086 # words; of a dead main thread the other threads are asked
		find /proc/[0-9]*/fd ${tasks:+$(find $tasks -mindepth 2 -maxdepth 2 -name fd)} \
			-maxdepth 1 -type l -perm -0200 -lname '/*' ! -lname '/dev/*' ! -lname '/proc/*' \
			-printf '%p %l\0' | tr '\n\000' '\001\n' | sed 's/^/F /'
		# shellcheck disable=SC2086
		grep -sHE '^[^ ]+ .w.s |\[stack\]$' /proc/[0-9]*/maps \
			${tasks:+$(find $tasks -mindepth 2 -maxdepth 2 -name maps)} | sed 's/^/M /'
	} 2>/dev/null >"$T/open"
	# Under D by path: done. The rest goes to T/other, as LINK PATH, to be told by inode.
	DIR=$D PROBE=$T/probe SELF=$$ OUT=$T/other awk '
	BEGIN { out = ENVIRON["OUT"]; dir = ENVIRON["DIR"] "/"; self = ENVIRON["SELF"]; printf "" >out }
	{ split($2, part, "/"); pid = part[3] }
	$1 == "F" {
		link = $2
		path = substr($0, length($2) + 4)
		if (pid == self && path == ENVIRON["PROBE"]) saw_fd = 1
	}
	$1 == "M" {
		if (pid == self) saw_map = 1
		if ($0 ~ /\[stack\]$/) next
		range = substr($2, index($2, ":") + 1)
		sub(/^0+/, "", range)
		sub(/-0+/, "-", range)
		link = "/proc/" pid "/map_files/" range
		path = $0
		sub(/^M [^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ */, "", path)
		if (path !~ /^\// || path ~ /^\/(dev|proc)\//) next
	}
	index(path, dir) == 1 { print "open", pid, path; next }
	{ print link, path >out }
	END { exit !(saw_fd && saw_map) }' "$T/open" || return
	open_by_inode || return
	echo seen
}

# A file is not under D if it has one name, is found under that name, and is there either on
# another file system or in the very mount that D is in. All others are looked for under D.
open_by_inode() {
	dev=$(stat -c %d -- "$D") || return
	# On an overlay each layer's files have a device number of their own.
	[ "$(stat -f -c %T -- "$D")" != overlayfs ] || dev=
	{
		# Of each mount its file system (major:minor) and its place; of each open file what it
		# is; of each name what is found there.
		cut -d' ' -f3,5 /proc/self/mountinfo | sed 's/\\040/ /g; s/^/M /'
		cut -d' ' -f1 "$T/other" | tr '\n' '\000' | xargs -0 -r stat -L -c 'L %n %d %i %h' --
		cut -d' ' -f2- "$T/other" | sort -u | tr '\n\001' '\000\n' |
			xargs -0 -r stat -c 'P %d %i %h %n' --
	} 2>/dev/null >"$T/stat"
	DIR=$D DEV=$dev SELF=/proc/$$/fd/6 awk '
	BEGIN { dev = ENVIRON["DEV"] }
	function rest(n, text) {
		for (text = $0; n > 0; n--) text = substr(text, index(text, " ") + 1)
		return text
	}
	function mount_of(path, m, best) { # the longest that leads there
		best = "/"
		for (m in fs)
			if (length(m) > length(best) && index(path "/", m "/") == 1) best = m
		return best
	}
	$1 == "M" { fs[rest(2)] = $2 }
	$1 != "M" && home == "" { home = mount_of(ENVIRON["DIR"]) }
	$1 == "L" && $2 == ENVIRON["SELF"] { saw = 1 }
	$1 == "L" && $5 > 0 && (dev == "" || $3 == dev) {
		split($2, part, "/")
		pid[$2] = part[3]
		inode[$2] = $3 " " $4
	}
	$1 == "P" && $4 == 1 {
		at = mount_of(rest(4))
		if (at == home || fs[at] != fs[home]) outside[$2 " " $3] = 1
	}
	END {
		for (l in inode) if (!(inode[l] in outside)) print inode[l], pid[l]
		exit !saw
	}' "$T/stat" >"$T/inodes" || return
	[ -s "$T/inodes" ] || return 0
	find "$D" -xdev -type f -printf '%D %i %p\0' >"$T/under" || return
	tr '\n\000' '?\n' <"$T/under" | awk '
	FILENAME != "-" { pids[$1 " " $2] = pids[$1 " " $2] " " $3; next }
	($1 " " $2) in pids {
		n = split(pids[$1 " " $2], pid, " ")
		for (i = 1; i <= n; i++) print "open", pid[i], substr($0, length($1 $2) + 3)
	}' "$T/inodes" -
}

# ports MODE PORTS: PORTS like 25565/tcp,2456-2458/udp. MODE used: `port P/tcp` for each that
# anything listens on or, udp, is bound to. MODE closed: each entry on which nothing listens.
# Last line `seen` if the kernel's tables could be read.
ports() {
	case $2 in '' | -) echo seen && return ;; esac
	for table in tcp tcp6 udp udp6; do
		[ ! -r "/proc/net/$table" ] || sed "s/^/$table /" "/proc/net/$table"
	done | awk -v mode="$1" -v list="$2" '
	function hex(text, i, value) {
		for (i = 1; i <= length(text); i++)
			value = value * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
		return value
	}
	{ protocol = substr($1, 1, 3) }
	$2 == "sl" { seen[protocol] = 1; next }
	protocol == "tcp" && $5 != "0A" { next }
	protocol == "udp" && $5 != "07" && mode == "closed" { next }
	{ n = split($3, part, ":"); used[hex(part[n]) "/" protocol] = 1 }
	END {
		n = split(list, entry, ",")
		for (i = 1; i <= n; i++) {
			split(entry[i], part, "/")
			last = split(part[1], range, "-")
			found = 0
			for (p = range[1] + 0; p <= range[last] + 0; p++)
				if ((p "/" part[2]) in used) {
					found = 1
					if (mode == "used") print "port " p "/" part[2]
				}
			if (mode == "closed" && !found) { printf "%s%s", comma, entry[i]; comma = "," }
		}
		if (comma) print ""
		if (seen["tcp"] && seen["udp"]) print "seen"
	}'
}

# other_net OWN: a process that lives in another network namespace than OWN with an interface of
# its own, as in a container: its connections are in none of our tables. "" if there is none. What
# the kernel puts into every namespace is no interface of anybody's.
other_net() {
	stat -L -c '%i %n' /proc/[0-9]*/ns/net 2>/dev/null | awk -v own="$1" '
	$1 == own { next }
	{
		split($2, part, "/")
		dev = "/proc/" part[3] "/net/dev"
		while ((getline line <dev) > 0)
			if (line ~ /^ *[^ :|]+:/ &&
			    line !~ /^ *(lo|(tunl|gre|gretap|erspan|ip_vti|ip6_vti|sit|ip6tnl|ip6gre)0):/) {
				print part[3]
				exit
			}
		close(dev)
	}'
}

# connections PORTS: `connections N`: how many peers, each an address and a port, have an
# established connection to one of the tcp ports among PORTS. Peers on this machine do not count. A
# peer that vanished without a word counts until the kernel notices; one that is half there, or
# leaving, does not. 75 if the kernel's tables do not tell.
op_connections() {
	[ $# -eq 1 ] || usage
	check_ports "$1"
	own=$(stat -L -c %i /proc/self/ns/net) && other=$(other_net "$own") ||
		die 71 "cannot tell whether the machine's network is one"
	[ -z "$other" ] || die 75 "a process there ($(command_of "$other")) has a network of its own, as in a container; its connections cannot be counted. Use a script 'players'"
	# Twice: a table that changes while it is read may leave one out.
	for table in tcp tcp6 tcp tcp6; do
		[ ! -r "/proc/net/$table" ] || cat "/proc/net/$table"
	done | awk -v list="$1" '
	function hex(text, i, value) {
		for (i = 1; i <= length(text); i++)
			value = value * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
		return value
	}
	# An address as the kernel prints it: words in the order of the bytes of the computer.
	function plain(a) { return a ~ /^0000000000000000FFFF0000/ ? substr(a, 25) : a }
	function here(a) { return a ~ /^......7F$/ || a == "00000000000000000000000001000000" }
	BEGIN {
		n = split(list, entry, ",")
		for (i = 1; i <= n; i++) {
			split(entry[i], part, "/")
			if (part[2] != "tcp") continue
			last = split(part[1], range, "-")
			for (p = range[1] + 0; p <= range[last] + 0; p++) wanted[p] = 1
		}
	}
	$1 == "sl" { seen = 1; next }
	{
		split($2, ours, ":")
		if (!(hex(ours[2]) in wanted)) next
		if ($4 == "0A") listens = 1
		split($3, theirs, ":")
		a = plain(theirs[1])
		if ($4 != "01" || here(a) || a == plain(ours[1])) next
		if (!((a ":" theirs[2]) in peers)) count++
		peers[a ":" theirs[2]] = 1
	}
	END {
		if (!seen) exit 2
		if (!listens && !count) exit 3
		print "connections " count + 0
	}'
	case $? in
	0) ;;
	3) die 75 "nothing listens there on $1" ;;
	*) die 75 "the table of connections could not be read there" ;;
	esac
}

check_ports() {
	case $1 in
	'' | -) return ;;
	*[!0-9a-z,/-]* | ,* | *, | *,,*) usage ;;
	esac
	printf '%s\n' "$1" | tr ',' '\n' | grep -qvxE '[0-9]{1,5}(-[0-9]{1,5})?/(tcp|udp)' && usage
	return 0
}

only_seen() { # the file says that the scan worked, and nothing else
	{ read -r line && [ "$line" = seen ] && ! read -r line; } <"$1"
}

# instant PORTS: all clear. Else T/p, T/o and T/q tell. Needs D, USER_ID, T.
instant() {
	exec 6>"$T/probe"
	open_files >"$T/o" &
	files=$!
	processes "$USER_ID" >"$T/p"
	ports used "$1" >"$T/q"
	wait "$files"
	exec 6>&-
	only_seen "$T/p" && only_seen "$T/o" && only_seen "$T/q"
}

print_found() {
	describe 'process ' <"$T/p"
	sort -u "$T/o" | while read -r kind pid path; do
		[ "$kind" = open ] || continue
		read -r _ uid _ <<-EOT
			$(grep -s '^Uid:' "/proc/$pid/status")
		EOT
		printf 'open %s %s %s %s\n' "$pid" "$(user_name "${uid:--}")" "$(command_of "$pid")" "$path"
	done | plain_text
	grep '^port ' "$T/q" | sort -u
}

plain_text() { # lines with other control characters than the newline
	tr '\001-\011\013-\037\177' '?'
}

# newer STAMPFILE: NEWER and THAN, find's words for "changed since". If the clock was set back
# since the stamp, by the clock as it is now.
newer() {
	[ -f "$1" ] || die 71 "there is no stamp '$1' on the machine"
	NEWER=-newercm THAN=$1
	began='' up=''
	read -r began up _ <"$1" || return 0
	is_number "$began" && is_number "$up" || return 0
	uptime_cs
	now=$(date +%s%6N)
	[ "$UP" -ge "$up" ] || return 0 # another boot
	now=$((now - (UP - up) * 10000))
	[ $((began - now)) -gt 100000 ] || return 0
	NEWER=-newerct THAN=@$((now / 1000000)).$(printf %06d $((now % 1000000)))
}

# changed STAMPFILE [PRUNE...]: T/c, up to 20 paths under D that changed since, PRUNE and what is
# below aside. The file times are the kernel's: nobody sets a ctime.
changed() {
	newer "$1"
	shift
	count=$#
	while [ "$count" -gt 0 ]; do
		set -- "$@" -path "$(glob_quote "$D/${1%/}")" -prune -o
		shift
		count=$((count - 1))
	done
	{ find "$D" "$@" $NEWER "$THAN" -print0 || echo failed >&8; } 8>"$T/c.rc" |
		head -z -n 20 | plain_lines >"$T/c"
	[ ! -s "$T/c" ] || return 1
	[ ! -s "$T/c.rc" ] || die 71 "cannot tell what changed under '$D'"
}

# outside: files of the user that changed since the session's first start, outside D.
outside() {
	[ -f "$VAR/stamp-session" ] || return 0
	newer "$VAR/stamp-session"
	# Local file systems that can be written, each once, whole ones only: / and more.
	sed 's/^\([^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]*\).* - \([^ ]*\) .*/\1 \2/' /proc/self/mountinfo | awk '
	$5 == "/" { next }
	$5 ~ /^\/(proc|sys|dev|run|tmp|var\/tmp)(\/|$)/ || $6 !~ /^rw/ { next }
	$7 !~ /^(ext[234]|xfs|btrfs|f2fs|zfs|bcachefs|jfs|reiserfs|overlay|tmpfs|vfat|exfat|ntfs3)$/ { next }
	$4 != "/" && $7 != "btrfs" { next }
	!seen[$3 $4]++ { print $5 }' | sed 's/\\\([0-7][0-7][0-7]\)/\\0\1/g' >"$T/mounts"
	set -- /
	while IFS= read -r mount; do
		set -- "$@" "$(printf %b "$mount")"
	done <"$T/mounts"
	nice -n 19 find "$@" -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp \
		-o -path /var/tmp -o -path "$LOG" -o -path "$(glob_quote "$D")" \) -prune -o \
		-user "$USER_ID" $NEWER "$THAN" \( -type f -o -type l \) -print0 2>/dev/null |
		head -z -n 50 | plain_lines | sed 's/^/outside /'
}

# proof USER DIR PORTS GRACE_S [QUIET_S]: waits up to GRACE_S until nothing of start, no process
# of USER, no writer under DIR and no listener is left, then wants QUIET_S (2) seconds in which
# that stays so and nothing under DIR changes. `proof ok`, `outside PATH`...; or what is in the
# way (process, open, port, changed) and 65. QUIET_S 0: the instant checks alone.
op_proof() {
	[ $# -ge 4 ] && is_number "$4" && is_number "${5:-2}" || usage
	check_game_user "$1"
	check_ports "$3"
	real_dir "$2"
	temp_dir "$RUN"
	quiet=${5:-2}
	uptime_cs
	deadline=$((UP + $4 * 100))
	: >"$T/c"
	while :; do
		if instant "$3"; then
			[ "$quiet" -gt 0 ] || { echo 'proof ok' && return; }
			quiet_seconds "$quiet" "$3" && break
		fi
		uptime_cs
		[ "$UP" -lt "$deadline" ] || not_proven
		caller_lives
		sleep 0.2
	done
	# kept for `outside`: the save is judged by another call, maybe from another computer
	# a proof that a killed tool had asked for may still be at it: a name of our own
	sort -u "$T/outside" >"$VAR/outside.$$" && mv -f "$VAR/outside.$$" "$VAR/outside" ||
		die_write "$VAR/outside"
	echo 'proof ok'
	cat "$VAR/outside"
}

# outside: what the last whole proof found changed outside DIR.
op_outside() {
	[ ! -f "$VAR/outside" ] || cat "$VAR/outside"
}

quiet_seconds() { # quiet_seconds S PORTS
	stamp "$T/quiet"
	: >"$T/c"
	outside >"$T/outside" &
	finder=$!
	uptime_cs
	end=$((UP + $1 * 100))
	while [ "$UP" -lt "$end" ]; do
		sleep 0.25
		instant "$2" || break
		uptime_cs
	done
	if [ "$UP" -ge "$end" ] && changed "$T/quiet"; then
		wait "$finder"
		return 0
	fi
	kill "$finder" 2>/dev/null
	wait "$finder"
	return 1
}

not_proven() {
	print_found
	sed 's/^/changed /' "$T/c"
	for f in p o q; do
		grep -qx seen "$T/$f" || die 71 "cannot tell whether the game has stopped: /proc could not be read"
	done
	die 65 "the game is not proven to have stopped"
}

# close OLD NEWTEXT USER DIR PORTS [EXCLUDE]...: as mark, if nothing runs and nothing under
# DIR but EXCLUDE has changed since the stamp `saved`.
op_close() {
	[ $# -ge 5 ] || usage
	old=$1 new=$2 ports=$5
	check_game_user "$3"
	check_ports "$ports"
	real_dir "$4"
	temp_dir "$RUN"
	take_lock
	check_swap "$old" "$new"
	: >"$T/c"
	shift 5
	instant "$ports" && changed "$VAR/stamp-saved" "$@" || not_proven
	write_marker "$new"
}

# changed-since DIR STAMP [PATH]...: up to 20 paths under DIR, or under the PATHs in it, that
# changed since the stamp. 0 none, 65 some.
op_changed_since() {
	[ $# -ge 2 ] || usage
	real_dir "$1"
	temp_dir "$RUN"
	case $2 in /*) file=$2 ;; *) file=$VAR/stamp-$2 ;; esac
	shift 2
	if [ $# -eq 0 ]; then
		changed "$file" && return
	else
		top=$D
		for path in "$@"; do
			case /$path/ in */../*) usage ;; esac
			D=$top/${path%/}
			[ -e "$D" ] || [ -L "$D" ] || continue
			changed "$file" || break
		done
		[ -s "$T/c" ] || return 0
	fi
	cat "$T/c"
	exit 65
}

# wait-ready TIMEOUT_S PORTS: `ready` 0; `ended` 1 when nothing of start is left; `waiting PORTS`
# 75. Without ports: ready when something of start has lived for a second.
op_wait_ready() {
	[ $# -ge 2 ] && is_number "$1" || usage
	check_ports "$2"
	temp_dir "$RUN"
	uptime_cs
	end=$((UP + $1 * 100)) look=$UP
	while :; do
		closed=
		case $2 in
		'' | -) ;;
		*)
			ports closed "$2" >"$T/q"
			closed=$(grep -vx seen "$T/q")
			grep -qx seen "$T/q" || die 71 "cannot tell which ports are open: /proc/net could not be read"
			[ -n "$closed" ] || { echo ready && return; }
			;;
		esac
		uptime_cs
		if [ "$UP" -ge "$look" ]; then
			scan_start "$T/p"
			[ -s "$T/p" ] || { echo ended && exit 1; }
			[ -n "$closed" ] || [ "$look" -eq $((end - $1 * 100)) ] || { echo ready && return; }
			look=$((UP + 100))
		fi
		[ "$UP" -lt "$end" ] || { printf 'waiting %s\n' "${closed:--}" && exit 75; }
		caller_lives
		sleep 0.1
	done
}

# ---- what an upload put there ------------------------------------------------------------

# read_list FILE BYTES: NUL-separated relative paths from stdin, sorted, without trailing
# slashes. Anything that could lead out of the directory is refused.
read_list() {
	read_stdin "$1.raw" "$2"
	[ ! -s "$1.raw" ] || [ "$(tail -c 1 "$1.raw" | od -An -tx1)" = ' 00' ] ||
		die 74 "the list of paths was cut short: its last path has no end"
	sed -z 's,/*$,,' "$1.raw" | sort -zu >"$1" || die_write "$1"
	if tr '\n\000' '\001\n' <"$1" | grep -qE '^$|^/|//|(^|/)\.\.?(/|$)'; then
		die 65 "the list of paths holds one that leads out of the server directory"
	fi
}

# remove_listed FILE: the paths of FILE that are there under D, directories only when empty. Only
# what a walk that follows no symbolic link finds is touched.
remove_listed() {
	[ -s "$1" ] || return 0
	find "$D" -mindepth 1 -type d -fprintf "$T/dirs" '%P\0' -o -fprintf "$T/files" '%P\0' ||
		die 74 "cannot read all of '$D'"
	cd -P -- "$D" || die 71 "cannot enter '$D'"
	sort -z "$T/files" | comm -z -12 - "$1" | xargs -0 -r rm -f -- &&
		sort -z "$T/dirs" | comm -z -12 - "$1" | sort -zr |
		xargs -0 -r rmdir --ignore-fail-on-non-empty -- || die 74 "cannot remove files in '$D'"
}

own_all() { # everything under D and D itself becomes the user's, without set-id bits
	find "$D" \( ! -uid "$USER_ID" -o ! -gid "$GROUP_ID" \) -exec chown -h "$USER_ID:$GROUP_ID" {} + , \
		! -type l -perm /6000 -exec chmod ug-s {} + || die 74 "cannot make all of '$D' the user's"
}

store_list() { # store_list FILE: durable
	cp "$1" "$VAR/sent.new" && sync "$VAR/sent.new" && mv -f "$VAR/sent.new" "$VAR/sent" && sync "$VAR" ||
		die_write "$VAR/sent"
}

# sent-begin [BYTES]: before an upload, its paths on stdin join the list of what uploads of this
# session put there. `same` if that was the list already.
op_sent_begin() {
	temp_dir "$VAR"
	take_lock
	read_list "$T/new" "${1:-}"
	[ -e "$VAR/sent" ] || : >"$VAR/sent"
	cmp -s "$T/new" "$VAR/sent" && echo same && return
	sort -zmu "$VAR/sent" "$T/new" >"$T/union" || die_write "$T/union"
	store_list "$T/union"
}

# sent-end USER DIR [BYTES]: after it, the paths now wanted on stdin. What an earlier upload put
# there and is no longer wanted goes; then as own.
op_sent_end() {
	[ $# -ge 2 ] || usage
	check_game_user "$1"
	real_dir "$2"
	temp_dir "$VAR"
	take_lock
	read_list "$T/new" "${3:-}"
	[ -e "$VAR/sent" ] || : >"$VAR/sent"
	if ! cmp -s "$T/new" "$VAR/sent"; then
		comm -z -23 "$VAR/sent" "$T/new" >"$T/gone" || die 74 "cannot compare the lists of paths"
		remove_listed "$T/gone"
		store_list "$T/new"
	fi
	own_all
}

# remove DIR [BYTES]: the paths on stdin, under DIR.
op_remove() {
	[ $# -ge 1 ] || usage
	real_dir "$1"
	temp_dir "$VAR"
	take_lock
	read_list "$T/gone" "${2:-}"
	remove_listed "$T/gone"
}

# own USER DIR
op_own() {
	[ $# -eq 2 ] || usage
	check_game_user "$1"
	real_dir "$2"
	take_lock
	own_all
}

OP=${1:-}
[ $# -eq 0 ] || shift
case $OP in
hello | mark | guard | prepare | alive | kill | run | follow | script | end | runs | logs | proof | \
	close | outside | stamp | remove | own | connections | _super | _exec) "op_$OP" "$@" ;;
wait-ready) op_wait_ready "$@" ;;
changed-since) op_changed_since "$@" ;;
sent-begin) op_sent_begin "$@" ;;
sent-end) op_sent_end "$@" ;;
logs-follow) op_logs_follow "$@" ;;
list-logs) op_list_logs "$@" ;;
*) die 64 "agent: no operation '$OP'" ;;
esac
