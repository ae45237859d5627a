# Sourced by the tests that kill the bot while it serves an evening (sh, TAP): kill_bot_*.t.
#
#	. test/faults/kill_bot.sh
#	in_sandbox "$@"
#	bot_campaign
#
# An evening is asked for in chat: /server up, then /server down with its question and its "yes".
# Each of the two is served by a bot that was started for it, which whoever supervises it starts
# again whenever it ends badly, and which is told to end (SIGTERM) when all is said. In the first
# evening the bot writes down its steps (see test/faults/step.c): gsp-bot's the monitor's,
# gsp-bot-net's the network half's, gsp-bot-job's the runner's. In each later one the bot is killed
# at the next of them. Whoever is told that nothing was done, or to ask again, does so; so does
# whom nobody answers. Cases, SHARD, KILL_SAMPLE, KILL_SECONDS, KILL_ONLY, KILL_STEP, FULL: as in kill.sh.
#
# How much is killed with it, by turns: "alone"; "halves": both halves of the bot; "tree": these and
# everything that they have started. What must be true afterwards: see check and check_chat.
# shellcheck shell=sh
. test/faults/kill.sh
. test/integ/discord.sh

KILLED='gsp-bot gsp-bot-net gsp-bot-job'
FAULT_NAME="an evening in chat" FAULT_TOOLS="bot: both halves, jobs"
BERT=1500000000000000003
SUPERVISOR='' ASKED=0 ODD=''

bot_home() {
	new_home "home$ROUND"
	sed -i "s|^ssh_keys:.*|ssh_keys: [$T/owner.pub]|" "$H/gsp.yaml"
	game
	echo '- {role: 1300000000000000002, can: [operate, extend]}' |
		discord_yaml 'channels: [1400000000000000001, 1400000000000000002]'
	echo "$ROUND" >"$H/servers/toy/files/readme"
	EDIT=$ROUND
	mkdir -p "$H/servers/toy/files/mods"
	echo "$EDIT" >"$H/servers/toy/files/mods/m.jar"
}

# ---- the bot, as a service manager runs it ----

# Of the statuses that a supervisor does not start again after, see examples/systemd.
supervise() { # supervise [NAME=VALUE...]: for its first life alone
	rm -f "$T/enough"
	(
		trap - EXIT
		for life in $(seq 40); do
			[ "$life" = 1 ] || set --
			env "$@" "$BUILD/gsp-bot" run >>"$T/bot.out" 2>>"$T/bot.err" </dev/null
			rc=$?
			echo "life $life ended: $rc" >>"$T/bot.err"
			case $rc in 0 | 64 | 69 | 77 | 78) break ;; esac
			[ ! -e "$T/enough" ] || break
			sleep 0.1
		done
		exit "$rc"
	) 2>/dev/null &
	SUPERVISOR=$!
}
bot_pid() { pgrep -P "$SUPERVISOR" -x gsp-bot; }
supervised() { kill -0 "$SUPERVISOR" 2>/dev/null; }
# The bot is told to end, and again if it was killed meanwhile and started once more.
no_more_bot() {
	[ -n "$SUPERVISOR" ] || return 0
	nm_until=$(($(date +%s) + 20))
	while supervised && [ "$(date +%s)" -lt "$nm_until" ]; do
		for p in $(bot_pid); do kill -TERM "$p" 2>/dev/null; done
		until_gone
	done
	supervised && bad "SIGTERM does not end the bot" && : >"$T/enough" &&
		for p in $(bot_pid); do kill -KILL "$p" 2>/dev/null; done
	wait "$SUPERVISOR"
	bot_status=$?
	SUPERVISOR=
}
until_gone() { until_true 6 not_supervised; }
not_supervised() { ! supervised; }

# Killed at a step: the halves that stand still there are ended together (see step.c).
steps_killed() { # steps_killed LOG: it came to that
	[ -f "$1.net" ] && tr -d '\000' <"$1.net" | grep -qx killed || grep -qsx killed "$1"
}
end_the_still() { # end_the_still LOG
	[ -f "$1.net" ] && [ ! -e "$1.ended" ] && tr -d '\000' <"$1.net" | grep -qx killed || return 0
	: >"$1.ended"
	end_all_of "$1" 2>/dev/null # of whom some are gone meanwhile
}
end_all_of() {
	still=
	for p in /proc/[0-9]*; do
		case $MODE:$(cat "$p/comm" 2>/dev/null) in
		halves:gsp-bot-net) ;;
		halves:gsp-bot) ! tr '\0' ' ' <"$p/cmdline" | grep -q -e --run-job || continue ;;
		halves:*) continue ;;
		esac
		tr '\0' '\n' 2>/dev/null <"$p/environ" | grep -qxF "GSP_FAULT_LOG=$1" && still="$still ${p#/proc/}"
	done
	# shellcheck disable=SC2086
	kill -KILL $still
}

# ---- whoever asks ----

# What becomes of the interaction $1: done (its end was told well), again, or nothing yet.
fate() { # fate INTERACTION DONE-REGEX
	I=$1
	answer_of '[.callback // "", .message // "", .ephemeral] | map(tostring) | join(" ")' >"$T/fate"
	read -r fate_kind _ <"$T/fate"
	fate_text=
	[ "$fate_kind" = '""' ] || [ -z "$fate_kind" ] || fate_text=$(reply 2>/dev/null)
	echo "$fate_text" >"$T/fate.text"
	if discord_ask '[.[] | select(.via == "channel") | .text] | join("\n")' messages "{\"since\":$SINCE}" | grep -q "$2"; then
		echo "told"
	elif echo "$fate_text" | grep -qiE 'again|nothing was (started|done)|is over|asked already|not known|failed|could not|cannot'; then
		echo "again"
	elif printf '%s' "$fate_text" | grep -q 'Confirmed\|Yes'; then
		echo "waits"
	fi
}
chat_now_ms() { date +%s%3N; }

# ask_for VERB DONE-REGEX: in chat, as often as it takes; 1: in vain.
ask_for() {
	verb=$1 done_as=$2
	: >"$T/fate.text"
	for ask_turn in 1 2 3 4 5 6 7 8; do
		[ "$ask_turn" = 1 ] || until_online_again
		# what lost its runner may still be at work
		case $(cat "$T/fate.text") in *'is busy'* | *'still works'*) sleep 1.5 ;; esac
		discord_send command "{\"user\":\"bert\",\"channel\":\"games\",\"sub\":\"$verb\",\"options\":{\"name\":\"toy\"},\"raw\":true}" || {
			bad "cannot ask: $(cat "$T/discord.err")"
			return 1
		}
		ASKED=$((ASKED + 1))
		asked_i=$I pressed_i='' asked_at=$(date +%s) silent_s=5
		while :; do
			end_the_still "$log"
			now=$(date +%s)
			[ "$((now - asked_at))" -lt 45 ] || break
			case $(fate "${pressed_i:-$asked_i}" "$done_as") in
			told) return 0 ;;
			again) break ;;
			esac
			I=$asked_i
			if [ -z "$pressed_i" ] && [ "$verb" = down ] &&
				[ "$(the_message '[.buttons[]? | select(.disabled | not)] | length' 2>/dev/null)" = 2 ]; then
				press Yes "$(answer_of .message)" && pressed_i=$I && ASKED=$((ASKED + 1))
			fi
			I=${pressed_i:-$asked_i}
			# whom nobody answers reads it from Discord itself after three seconds
			[ "$(answer_of '.callback // "none"')" != none ] || [ "$((now - asked_at))" -lt "$silent_s" ] || break
			sleep 0.1
		done
	done
	bad "asked for '$verb' again and again in vain: $(cat "$T/fate.text")"
	return 1
}
until_online_again() { discord_wait '{"for":"online","timeout":15}' || bad "the bot does not come back"; }

# ---- what must be true of the chat when all is said ----

check_chat() {
	messages "{\"since\":$SINCE}" >"$T/chat"
	discord_ask "[.[] | select(.made >= $SINCE)]" interactions >"$T/asked"
	got=$(jq -r '[.[] | select(.loading and (.deleted | not))] | length' "$T/chat")
	[ "$got" = 0 ] || bad "$got messages think for ever"
	got=$(jq -r '[.[] | select((.deleted | not) and (.text | test("is coming up|is going down|Confirmed")))] | map(.text) | join("; ")' "$T/chat")
	[ -z "$got" ] || bad "a message was left as it was: $got"
	got=$(jq -r '[.[] | select((.deleted | not) and ([.buttons[]? | select(.disabled | not)] | length > 0))] | length' "$T/chat")
	[ "$got" = 0 ] || bad "$got questions are open still"
	got=$(jq -r '[.[] | select(.via == "channel" and (.text | test("toy.* is (up|down)")))] | length' "$T/chat")
	[ "$got" = 1 ] || bad "the end was told $got times"
	got=$(jq -r --arg b "$BERT" '[.[] | select(.via == "channel" and (.pings | index($b) | not))] | length' "$T/chat")
	[ "$got" = 0 ] || bad "$got ends ping nobody"
	got=$(jq -r '[.[] | select(.via == "channel") | .reply_to // empty] | group_by(.) | map(select(length > 1)) | length' "$T/chat")
	[ "$got" = 0 ] || bad "$got jobs have two ends"
	for id in $(discord_ask '[.[].kind] | unique | join(" ")' violations '{"clear":true}'); do
		case $id in
		# after a kill Discord repeats what the next bot cannot know to be answered
		second-callback) ODD="$ODD $id" ;;
		# nor can it know that its job's command was never answered
		edit-before-callback) ODD="$ODD $id" ;;
		*) bad "Discord has something against it: $id" ;;
		esac
	done
}

check_bot_state() {
	# the interactions' tokens, and the bot's own
	left=$(grep -rlF -e aW50ZXJhY3Rpb246 -e "$(cat "$H/discord-token")" "$H/state" | tr '\n' ' ')
	[ -z "$left" ] || bad "a secret is left in $left"
	for d in "$H"/state/discord/jobs/*; do
		[ -e "$d" ] || continue
		[ -e "$d/told" ] || bad "job ${d##*/} was never told: $(ls "$d" | tr '\n' ' ')"
		flock -n "$d" true || bad "job ${d##*/} is held"
	done
	got=$(grep -h '"what":"create"' "$H/state/ledger.jsonl" | jq -r .session | sort | uniq -d)
	[ -z "$got" ] || bad "session $got was created twice"
	got=$(grep -cF -e "$(cat "$H/discord-token")" -e aW50ZXJhY3Rpb246 "$T/bot.err")
	[ "$got" = 0 ] || bad "a secret is in the log"
}

creates() { control GET /log | jq '[.requests[] | select(.method == "POST" and (.path | test("/linode/instances$")) and .status == 200)] | length'; }

# ---- a phase: one command in chat ----

# MODE: alone, halves or tree -> what step.c understands
tree_of() { case $1 in halves) echo GSP_FAULT_TREE=halves ;; tree) echo GSP_FAULT_TREE=all ;; *) echo GSP_FAULT_ALONE=1 ;; esac; }

# "tool step" lines -> "mode tool step nth": by turns of the three modes
bot_choose() { # bot_choose LOG
	awk -F'\t' -v OFS='\t' -v full="${FULL:-}" -v like="${KILL_STEP:-}" -v tools=" $KILLED " \
		-v shard="${SHARD:-1/1}" -v sample="${KILL_SAMPLE:-1}" '
		BEGIN { split(shard, share, "/"); split("alone halves tree", modes, " ") }
		index($2, "bot.err") > 0 || index(tools, " " $1 " ") == 0 || (like != "" && $0 !~ like) { next }
		{ n[$0]++; if (n[$0] == 1) order[++lines] = $0 }
		function add(mode, line, nth) {
			if (cases % share[2] == share[1] - 1 && int(cases / share[2]) % sample == 0)
				print mode, line, nth
			cases++
		}
		END {
			for (i = 1; i <= lines; i++)
				for (k = 1; k <= n[order[i]]; k++) {
					if (full == "" && k != 1 && k != n[order[i]]) continue
					turn++
					for (m = 1; m <= 3; m++)
						if (full != "" || turn % 3 == m - 1) add(modes[m], order[i], k)
				}
		}' "$1"
}

# bot_phase NAME VERB DONE-REGEX STAGE PROBE
bot_phase() {
	[ -z "$GIVEN_UP" ] || return 0
	ph=$1 want_stage=$4 probe=$5
	cases=$LOGS/$ph.cases log=$T/log.$ROUND.$ph WRONG='' MODE=none
	: >"$T/bot.err"
	SINCE=$(chat_now_ms)
	bought_before=$(creates)
	if [ -n "${PLAN:-}" ]; then
		what="killed at$PLAN ms"
		[ -f "$cases" ] || PHASES="$PHASES $ph"
		touch "$cases" "$LOGS/$ph.log" "$LOGS/$ph.tried"
		supervise NOTHING=1
		killer "$PLAN" &
		killer_pid=$!
	elif [ ! -f "$cases" ]; then
		what="undisturbed"
		supervise GSP_FAULT_LOG="$log"
	elif [ -s "$cases" ]; then
		IFS='	' read -r MODE tool step nth <"$cases"
		sed -i 1d "$cases"
		what="killed ($MODE) at '$tool: $step', time $nth"
		supervise GSP_FAULT_LOG="$log" GSP_FAULT_KILL="$tool	$step	$nth" "$(tree_of "$MODE")"
	else
		what="not killed"
		supervise NOTHING=1
	fi
	began=$(now_ms)
	serve "$2" "$3"
	[ -z "${PLAN:-}" ] || wait "$killer_pid"
	took=$(($(now_ms) - began))
	[ "$took" -le "$WORST" ] || WORST=$took
	case $what in
	undisturbed)
		PHASES="$PHASES $ph"
		{ cat "$log" && tr -d '\000' <"$log.net" | sed '1s/^[^g]*//'; } |
			grep -E "^($(echo "$KILLED" | tr ' ' '|'))	" >"$LOGS/$ph.log"
		bot_choose "$LOGS/$ph.log" >"$cases"
		case ${KILL_ONLY:-$ph} in "$ph") ;; *) : >"$cases" ;; esac
		wc -l <"$cases" >"$LOGS/$ph.all"
		: >"$LOGS/$ph.tried"
		;;
	killed\ at*)
		echo "$what" >>"$LOGS/$ph.tried"
		wc -l <"$LOGS/$ph.tried" >"$LOGS/$ph.all"
		;;
	killed*)
		if steps_killed "$log"; then
			echo "$what" >>"$LOGS/$ph.tried"
		else
			echo "$what" >>"$LOGS/$ph.missed"
		fi
		;;
	esac
	check "$want_stage"
	check_chat
	check_bot_state
	$probe
	got=$(($(creates) - bought_before))
	case $want_stage:$got in none:0 | running:1) ;; *) bad "$got machines were bought" ;; esac
	[ "$bot_status" = 0 ] || bad "the bot ended with $bot_status after SIGTERM"
	rm -f "$log" "$log.net" "$log.ended"
	[ -n "$WRONG" ] || return 0
	fail "$ph: $what: $WRONG"
	note "round $ROUND; the bot: $(tail -n 12 "$T/bot.err")"
	note "$(jq -rc '.[] | [.id, .via, .reply_to, .text, .loading]' "$T/chat")"
	note "$(jq -rc '.[] | [.id, .type, .callback, .message]' "$T/asked")"
	echo "$what" >>"$LOGS/$ph.bad"
	GIVEN_UP=$ph
}

serve() { # serve VERB DONE-REGEX: until all is said and the bot has gone
	until_up
	ask_for "$1" "$2"
	until_said
	no_more_bot
	end_the_still "$log"
}
until_up() {
	for _ in $(seq 100); do
		end_the_still "$log"
		discord_wait '{"for":"online","timeout":0.2}' && return 0
	done
	bad "the bot does not come up"
}
# Every job was told, and edits have ended.
until_said() {
	until_true 15 all_said || return 0
}
all_said() {
	end_the_still "$log"
	for d in "$H"/state/discord/jobs/*; do
		[ -e "$d/told" ] || [ ! -e "$d" ] || return 1
	done
	[ "$(discord_ask '[.[] | select((.deleted | not) and (.loading or (.text | test("is coming up|is going down|Confirmed"))))] | length' \
		messages "{\"since\":$SINCE}")" = 0 ]
}

bot_evening() {
	bot_phase up up 'toy.* is up' running plays
	bot_phase down down 'toy.* is down' none home_again
}

bot_begin() {
	need curl jq ssh-keygen flock python3 pgrep
	ssh-keygen -q -t ed25519 -N '' -f "$T/owner"
	: >"$T/again.err"
	start_discord
	as_user bert
	trap 'no_more_bot; stop_discord; cleanup' EXIT
	began_s=$(date +%s)
	end=$((began_s + ${KILL_SECONDS:-1200}))
}

bot_campaign() {
	bot_begin
	while [ "$ROUND" = 0 ] || cases_left; do
		[ -n "${FULL:-}" ] || [ "$(date +%s)" -lt "$end" ] || break
		ROUND=$((ROUND + 1))
		GIVEN_UP=
		[ -n "$H" ] || bot_home
		bot_evening
		[ -n "$GIVEN_UP" ] || continue
		[ "$ROUND" -gt 1 ] || break
		clear_away
		H=
	done
	[ -z "$ODD" ] || note "unavoidable, after a kill: $(printf '%s\n' $ODD | sort | uniq -c | tr '\n' ' ')"
	verdict
}
