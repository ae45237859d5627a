#!/bin/sh
# Both halves of the bot, or one of them, or a job's runner, killed at any moment of an evening in
# chat, by chance: some of them more than once. See kill_bot.sh. KILL_SEED=N: another chance;
# KILL_TIMES=N: of so many evenings.
. test/faults/kill_bot.sh
in_sandbox "$@"
FAULT_NAME="an evening in chat, at random moments"
SEED=${KILL_SEED:-20261122}
TIMES=$((${KILL_TIMES:-12} / ${KILL_SAMPLE:-1}))
[ "$TIMES" -gt 0 ] || TIMES=1

# chance N: a number below N, the next of the seed's
chance() {
	SEED=$(((SEED * 1103515245 + 12345) % 2147483648))
	echo $((SEED / 65536 % $1))
}
draw() { chance "$1" >"$T/chance" && read -r DREW <"$T/chance"; }

runners() { # of this home
	for p in $(pgrep -x gsp-bot); do
		tr '\0' ' ' 2>/dev/null <"/proc/$p/cmdline" | grep -q -- "-C $H --run-job=" && echo "$p"
	done
}
# The killer: so many times, after so many milliseconds each, so much.
killer() { # killer "MS:WHAT ..."
	for shot in $1; do
		sleep "$(printf '%d.%03d' $((${shot%%:*} / 1000)) $((${shot%%:*} % 1000)))"
		monitor=$(bot_pid)
		net=
		[ -z "$monitor" ] || net=$(pgrep -P "$monitor" -x gsp-bot-net)
		case ${shot##*:} in
		monitor) at_once=$monitor ;;
		net) at_once=$net ;;
		halves) at_once="$monitor $net" ;;
		runner) at_once=$(runners) ;;
		all) at_once="$monitor $net $(runners)" ;;
		esac
		# shellcheck disable=SC2086
		[ -z "$(echo $at_once)" ] || kill -KILL $at_once 2>/dev/null
	done
}
shots() { # one to three, drawn
	draw 3
	n=$((DREW + 1)) PLAN=
	for _ in $(seq "$n"); do
		draw 3500
		ms=$DREW
		draw 5
		PLAN="$PLAN $ms:$(echo monitor net halves runner all | cut -d' ' -f$((DREW + 1)))"
	done
}
bot_evening() {
	for verb in up down; do
		shots
		case $verb in up) stage_=running probe_=plays ;; down) stage_=none probe_=home_again ;; esac
		bot_phase "$verb" "$verb" "toy.* is $verb" "$stage_" "$probe_"
		[ -z "$GIVEN_UP" ] || return 0
	done
}
random_campaign() {
	bot_begin
	while [ "$ROUND" -lt "$TIMES" ] && [ "$(date +%s)" -lt "$end" ]; do
		ROUND=$((ROUND + 1))
		GIVEN_UP=
		[ -n "$H" ] || bot_home
		bot_evening
		[ -n "$GIVEN_UP" ] || continue
		clear_away
		H=
	done
	[ -z "$ODD" ] || note "unavoidable, after a kill: $(printf '%s\n' $ODD | sort | uniq -c | tr '\n' ' ')"
	verdict
}
random_campaign
