#!/bin/sh
# What telegram and matrix share: sourced by them, never run by itself. Each of the two brings
#	configure      its own settings; $token is there
#	poll SECONDS   wait that long for messages: in $state/in a line for each command, of the words
#	               ID MESSAGE WHEN WHO ACTOR VERB SERVER TIME, and in $next where to go on after them
#	send WHAT      for the job $job say what is in $state/text: as its `first` message, as an `edit`
#	               of that, or as the `end`, a new message that reaches who asked
# and both set $code, the status of HTTP.
# shellcheck shell=sh disable=SC2034,SC2154 # the parts set and use each other's names
set -u
here=$(dirname "$0")
# shellcheck source=/dev/null
. "$here/jobs.sh"

log() { printf '%s\n' "$name: $*" >&2; }
die() { # die STATUS WORD...
	why=$1
	shift
	log "$*"
	exit "$why"
}

# ---- settings: DIR/config, lines of a key and its value; DIR/token, readable by you alone ----

setting() { # setting KEY: the value of its first line
	while read -r key value; do
		[ "$key" = "$1" ] && printf '%s\n' "$value" && return
	done <<-EOF
		$config
	EOF
	return 1
}

allowed() { # allowed WHO VERB: a line `allow WHO` says so, or one with the VERB behind it; for
	# help any line will do
	while read -r key value verbs; do
		[ "$key $value" = "allow $1" ] || continue
		case " ${verbs:-$2} help " in *" $2 "*) return 0 ;; esac
	done <<-EOF
		$config
	EOF
	return 1
}

begin() { # begin KEYS DIR: the settings that there may be besides home and allow
	keys=" home allow $1 "
	shift
	[ $# = 1 ] || die 64 "usage: $name DIR, with the files config and token in it; see README.md"
	dir=$(cd -- "$1" 2>/dev/null && pwd) || die 78 "no directory '$1'; see README.md"
	config=$(sed 's/#.*//; s/[[:space:]]*$//' "$dir/config" 2>/dev/null) || die 78 "no settings in '$dir/config'"
	while read -r key value; do
		case $keys in *" $key "*) ;; *) [ -z "$key" ] || die 78 "'$dir/config': what is '$key'?" ;; esac
	done <<-EOF
		$config
	EOF
	home=$(setting home) || die 78 "'$dir/config' has no line 'home DIRECTORY'"
	[ -f "$home/gsp.yaml" ] || die 78 "'$home' is no home of gsp: no gsp.yaml in it"
	[ -n "$(find "$dir/token" -prune -type f -user "$(id -u)" \( -perm 600 -o -perm 400 \) 2>/dev/null)" ] ||
		die 77 "'$dir/token' must be a file of yours that nobody else can read; chmod 600 it"
	token=$(tr -d ' \t\r\n' <"$dir/token")
	case $token in '' | *[!A-Za-z0-9._~:=/+-]*) die 77 "'$dir/token' holds no token" ;; esac
	state=$dir/state
	mkdir -p "$state/jobs" || die 73 "cannot make '$state'"
	chmod 700 "$state"
	exec 9>"$state/lock"
	flock -n 9 || die 75 "another one runs on '$dir'"
	rm -f "$state"/answer.*
	answer=$state/answer.$$ # a curl that outlived us has the old one
	configure
}

# ---- the wire. The request, and with it the token, goes to curl through a pipe: what stands on
# a command line or in an environment can be seen by others ----

http() { # http SECONDS <CURL-CONFIG: $code is the status, 000 without an answer
	: >"$answer"
	code=$(ulimit -f 20000 && exec curl --disable --config - --silent --proto =https,http \
		--max-time "$1" --connect-timeout 10 --output "$answer" --write-out '%{http_code}' 9>&-)
	code=${code:-000}
	[ "$code" != 401 ] || die 77 "the token in '$dir/token' is refused"
}

back_off() { # back_off TRIES: $wait: what the server asks for, else 1, 2, 4 ... 64 s
	wait=$(jq -r '.parameters.retry_after // (.retry_after_ms / 1000) | ceil' "$answer" 2>/dev/null)
	case $wait in
	[1-9] | [1-9]? | [1-9]?? | [1-3]???) ;;
	*) wait=$((1 << ($1 < 6 ? $1 : 6))) ;;
	esac
}

# ---- the loop ----

serve() {
	fails=0 tries=0 quiet=0 refused=0
	while :; do
		now=$(date +%s) long=50 running=0
		for job in "$state"/jobs/*; do
			if [ -e "$job/asked" ] && [ ! -e "$job/told" ]; then
				follow
				[ "$long" != 50 ] || long=2
				[ $((now - at)) -gt 15 ] || long=1 # a look-up is over soon
			fi
		done
		next=
		poll "$long"
		if [ "$code" = 200 ] && [ -n "$next" ]; then
			fails=0
			enqueue
			[ -s "$state/in" ] || [ "$(date +%s)" -gt "$now" ] || sleep 1 9>&-
		else
			back_off "$fails"
			log "cannot read the chat: status $code; again in $wait s"
			fails=$((fails + 1))
			sleep "$wait" 9>&-
		fi
	done
}
