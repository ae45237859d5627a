#!/bin/sh
# The jobs of telegram and matrix; sourced by common.sh.
# A command becomes a directory in $state/jobs, named after the chat's own id of the message: so a
# message that comes twice is one job. What has become of it is seen from the files in it:
#	asked    by whom, for what. Written before $state/since, which confirms the message
#	began    made just before a tool is started; what has begun is never started again
#	lock     held while the tool runs; progress, out: its stderr and stdout; status: how it ended
#	message  the chat's id of the message that is edited; shown, shown_at: what it says, since when
#	told     the chat knows the end
# A tool is nobody's child and goes on when the script is killed; the next one finds its job.
# shellcheck shell=sh disable=SC2034,SC2154 # common.sh sets and uses the rest

enqueue() { # what poll found becomes jobs
	while read -r id message at who actor verb server time; do
		case $id$at in *[!A-Za-z0-9_-]*) continue ;; esac
		case $at in '' | *[!0-9]* | ????????????*) continue ;; esac
		[ ! -e "$state/jobs/$id/asked" ] || continue
		log "$actor: $verb $server"
		if ! allowed "$who" "${verb%!}"; then
			verb=refuse
			[ "$now" -ge $((refused + 10)) ] || continue # whoever floods is not answered each time
			refused=$now
		fi
		mkdir -p "$state/jobs/$id"
		printf '%s\n' "$message $at $who $actor $verb $server $time" >"$state/jobs/$id/new"
		mv "$state/jobs/$id/new" "$state/jobs/$id/asked"
	done <"$state/in"
	printf '%s\n' "$next" >"$state/since.new"
	mv "$state/since.new" "$state/since"
}

run() { # run COMMAND...: for the job $job; an argv, never words that a shell reads again
	find "$state/jobs" -mindepth 2 -name told -mtime +2 -exec sh -c 'rm -rf "${1%/told}"' sh '{}' \; 2>/dev/null
	: >"$job/out"
	: >"$job/progress"
	: >"$job/began"
	(
		flock -n 8 || exit
		# shellcheck disable=SC2016 # $1 is for that shell
		setsid sh -c 'cd "$1" && shift && {
			"$@" >out 2>progress 8>&-
			echo $? >status.new && mv status.new status
		}' sh "$job" "$@" </dev/null >/dev/null 2>&1 9>&- &
	) 8>"$job/lock"
}

start() { # the tool that was asked for
	case $verb in
	up) run gsp-up -C "$home" --json --progress=json --actor "$actor" -- "$server" ;;
	down) run gsp-down -C "$home" --json --progress=json --actor "$actor" -- "$server" ;;
	down!) run gsp-down -C "$home" --json --progress=json --actor "$actor" --even-if-playing \
		-- "$server" ;;
	extend) run gsp-lease -C "$home" --json --actor "$actor" -- "$server" "+$time" ;;
	players) run gsp-query -C "$home" --json -- "$server" ;;
	status)
		set --
		[ "$server" = - ] || set -- -- "$server"
		run gsp-status -C "$home" --json "$@"
		;;
	esac
}

steps() { # how far the job $job is
	jq -L "$here" -Rsr --arg head "$verb $server (${actor##*[:/]})" \
		'include "words"; steps($head)' "$job/progress"
}

ending() { # what came of it
	jq -L "$here" -nr --arg verb "$verb" --arg server "$server" --arg prefix "$prefix" \
		--arg status "$(cat "$job/status" 2>/dev/null || echo lost)" \
		--rawfile out "$job/out" --rawfile err "$job/progress" \
		'include "words"; ending($verb; $server; $prefix; $status; $out; $err)'
}

say() { # say WHAT: $state/text, for the job $job; 1 if it has to be tried again
	[ "$now" -ge "$quiet" ] || [ $((quiet - now)) -gt 4000 ] || return 1 # 4000: the clock was set
	send "$1"
	case $code in
	200) tries=0 && return 0 ;;
	400 | 403 | 404 | 413) log "the chat refuses a message: $(head -c 200 "$answer")" && : >>"$job/message" && return 0 ;;
	esac
	back_off "$tries"
	log "cannot write to the chat: status $code; again in $wait s"
	tries=$((tries + 1)) quiet=$(($(date +%s) + wait + 1)) # 1: a second may be nearly over
	return 1
}

finish() { # finish WORD...: the last that the chat hears of the job $job
	printf '%s\n' "$*" >"$state/text"
	say end && : >"$job/told"
}

follow() { # the next step of the job $job
	read -r message at who actor verb server time <"$job/asked"
	if [ ! -e "$job/began" ]; then
		case $verb in
		help) finish "${prefix}up SERVER, ${prefix}down SERVER, ${prefix}status [SERVER]," \
				"${prefix}players SERVER, ${prefix}extend SERVER [1h]"; return ;;
		refuse) finish "not for you: the owner's list says who may ($who)"; return ;;
		esac
		[ $((now - at)) -lt 600 ] || { finish "that was asked too long ago; ask again"; return; }
		[ "$running" -lt 8 ] || return # the rest wait
		start
	fi
	ended=
	! flock -n "$job/lock" true || ended=1
	case $verb in
	up | down*)
		steps >"$state/text"
		if [ ! -e "$job/message" ]; then
			[ -n "$ended" ] || show first || return
		elif ! cmp -s "$state/text" "$job/shown"; then
			read -r last 2>/dev/null <"$job/shown_at" || last=0 # killed just before it was written
			# slower with age
			[ -z "$ended" ] && [ "$now" -lt $((last + pace + (now - at) / 20)) ] || show edit || return
		fi
		;;
	esac
	if [ -z "$ended" ]; then
		running=$((running + 1))
	else
		finish "$(ending || echo "$verb $server has ended, nobody knows how")"
	fi
}

show() { # show first|edit: the message that is edited
	say "$1" || return
	echo "$now" >"$job/shown_at"
	cp "$state/text" "$job/shown"
}
