# Sourced by bots_telegram.t and bots_matrix.t after lib.sh: examples/bots, an evening from a chat, by
# the script there, against a stand-in: who may, what hostile words do, messages that come twice,
# faults of the chat, the script killed in the middle, and that its token is nowhere to be seen.
# shellcheck shell=sh
need jq curl python3 flock setsid
new_home
tells_players toy
# So that there is a middle: bootstrap waits for /tmp/go.
sed -i 's,^mkdir,until [ -e /tmp/go ]; do sleep 0.1; done; mkdir,' "$H/servers/toy/bootstrap"
python3 test/fake/chats.py "$T" &
FAKE=$!
BOT=
trap 'kill -9 $BOT $FAKE 2>/dev/null; cleanup' EXIT
until_true 20 test -s "$T/port" || { echo "Bail out! the stand-in does not start"; exit 1; }
URL=http://127.0.0.1:$(cat "$T/port")

do_() { # do_ WHAT JQ-OBJECT [JQ-ARG...]
	do_what=$1 do_more=$2
	shift 2
	jq -nc --arg what "$do_what" --arg api "$API" "$@" "{do: \$what, api: \$api} + $do_more" |
		curl -sS --data-binary @- "$URL/control"
}
say() { # say TEXT [JQ-OBJECT]: the friend, or $FROM
	do_ say "{from: (\$f | fromjson), text: \$t, name: \"kim\"} + ${2:-{\}}" \
		--arg f "${FROM:-$FRIEND}" --arg t "$1" >"$T/said"
}
chat_fault() { do_ fault "$1" >/dev/null; }
shown() { do_ shown '{}' | jq -r ".[] | $1"; }
polls() { do_ polls '{}'; }
# heard PATTERN [N]: N messages of the bot hold it
heard() { [ "$(shown .text | grep -Ec -e "$1")" -ge "${2:-1}" ]; }
began() { find "$D/state/jobs" -name began | wc -l; }
all_told() { [ "$(find "$D/state/jobs" -name asked | wc -l)" = "$(find "$D/state/jobs" -name told | wc -l)" ]; }
begin_bot() {
	wanted=$(($(polls) + 1))
	[ "$API" = telegram ] || wanted=$((wanted + 1)) # the first sync only learns where the present is
	setsid "examples/bots/$API" "$D" >>"$T/$API.log" 2>&1 &
	BOT=$!
	ok "it begins" until_true 10 polled "$wanted"
	ok "it runs" alive
}
# seen: in $T/seen is what others can see of every process, while a curl of the bot is there.
seen() {
	cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' >"$T/seen"
	pgrep -P "$BOT" -x curl >"$T/curl" && grep -qx curl "$T/seen" && grep -qx -- --config "$T/seen"
}
polled() { [ "$(polls)" -ge "$1" ]; }
alive() { kill -0 "$BOT"; }
gone() { ! alive; }
in_bootstrap() { grep -qs '"step":"bootstrap"' "$(newest_job)/progress"; }
jobs_ended() { [ "$(began)" = "$(find "$D/state/jobs" -name status | wc -l)" ]; }
newest_job() { find "$D/state/jobs" -mindepth 1 -maxdepth 1 -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2; }

settings() { # settings FRIEND TOKEN LINE...
	D=$T/$API-bot
	FRIEND=$1
	mkdir "$D"
	(umask 077 && printf '%s\n' "$2" >"$D/token")
	SECRET=$2
	shift 2
	printf '%s\n' "home $H   # the home" "$@" >"$D/config"
}

refuses() {
	chmod 644 "$D/token"
	gives 77 "a token that others can read" "examples/bots/$API" "$D"
	says "is said" "nobody else can read"
	chmod 600 "$D/token"
	mv "$D/config" "$D/config.good"
	sed '/^home/d' "$D/config.good" >"$D/config"
	gives 78 "no home" "examples/bots/$API" "$D"
	(cat "$D/config.good" && echo "alow @eve:example.org") >"$D/config"
	gives 78 "a key that is none" "examples/bots/$API" "$D"
	says "is named" "what is 'alow'"
	mv "$D/config.good" "$D/config"
	echo "1234:not_the_token" >"$D/token"
	gives 77 "a token that is refused" timeout 20 "examples/bots/$API" "$D"
	says "is said without it" "token in '.*' is refused"
	is "really" "$(grep -c not_the_token "$T/err")" 0
	printf '%s\n' "$SECRET" >"$D/token"
}

hostile() { # nothing of this begins anything
	P=$1
	before=$(began)
	for text in "${P}up toy; touch $T/pwned" "${P}up --discard-unsaved toy" "${P}up \$(touch $T/pwned)" \
		"${P}up toy
${P}down toy" "${P}up \`touch $T/pwned\`" "${P}up *" "${P}up ../toy" "${P}extend toy +99999999d" \
		"${P}up toy toy" "up toy" "${P}uptown toy" "${P}up -- toy" "${P}up toy\\n" "${P}status \"" '${P}' \
		"$(printf '\001\033[2J%sup toy' "$P")" "${P}up $(head -c 4000 /dev/zero | tr '\0' x)"; do
		say "$text"
	done
	FROM=$STRANGER say "${P}up toy"
	FROM=$STRANGER say "${P}down! toy"
	FROM=$VIEWER say "${P}up toy"
	FROM=$VIEWER say "${P}help"
	say "${P}up toy" "$2"
	say "${P}up toy" '{age: 3600}'
	ok "what is asked badly is answered with how" until_true 20 heard 'up SERVER, .*down SERVER, .*status'
	ok "what was asked long ago is not done" until_true 20 heard 'too long ago'
	ok "a stranger is refused" until_true 5 heard 'not for you'
	ok "all is answered" until_true 10 all_told
	is "nothing was begun" "$(began)" "$before"
	FROM=$VIEWER say "${P}status toy"
	ok "who may look may look" until_true 15 heard '^toy has no machine: '
	ok "nobody's words were run" test ! -e "$T/pwned"
	is "there is no machine" "$(stage)" none
	ok "the bot is well" alive
}

evening() {
	P=$1
	# ---- up, the script killed in the middle, a chat that is not well ----
	chat_fault "$2"
	say "${P}up toy"
	ok "up has begun" until_true 10 in_bootstrap
	ok "curl waits for the chat" until_true 10 seen
	is "its token is in no command line and no environment" "$(grep -cF "${SECRET#*:}" "$T/seen")" 0
	ok "the steps are shown" until_true 10 heard '… bootstrap: running bootstrap'
	until_true 5 test -s "$(newest_job)/shown" # else the next one does not know that message
	kill -s KILL -- "-$BOT" # and what is of its group, as when a terminal goes away
	ok "it is gone" until_true 5 gone
	do_ repeat '{}' >/dev/null
	on touch /tmp/go
	ok "killed, the up goes on" until_true 20 jobs_ended
	begin_bot
	gives 75 "a second one on the same directory" "examples/bots/$API" "$D"
	ok "the next one tells the end" until_true 20 heard '^toy is up: 198\.18\.[0-9.]+:7777, \$0\.0075 an hour, until .*down toy" ends it'
	ok "nothing is left to tell" until_true 10 all_told
	is "one message was edited" "$(shown 'select(.edits > 0) | .text' | head -n 1 | cut -c1-6)" "up toy"
	is "to the last step" "$(shown 'select(.edits > 0) | .text' | grep -c '✓ ready: .*, [0-9]* s')" 1
	is "by whom is in the ledger" "$(gsp-status --json toy | jq -r .actor)" "$ACTOR"
	before=$(began)
	do_ repeat '{}' >/dev/null
	say "${P}status"
	ok "status" until_true 15 heard '^toy is running since'
	is "a message that comes twice is one" "$(began)" $((before + 1))

	# ---- the rest of the evening ----
	on 'echo 2 >/tmp/players'
	say "${P}Players Toy" # as a phone writes it
	ok "players" until_true 15 heard '^toy: 2 play$'
	say "${P}extend toy 30M"
	ok "extend" until_true 15 heard '^toy may run until .*Z, 6 h'
	say "${P}up nope"
	ok "no such server" until_true 15 heard "^no such server 'nope'"
	say "${P}down toy"
	ok "down asks back if somebody plays" until_true 15 heard "^2 play on 'toy'; nothing was stopped"
	ok "with the words that do it" heard "^here: \"${P}down! toy\""
	is "toy runs on" "$(stage)" running
	chat_fault "$3"
	say "${P}down! toy"
	pinged=$(jq -r . "$T/said")
	[ "$API" = telegram ] || pinged="$pinged $(echo "$FRIEND" | jq -r .) m.text"
	ok "down! does it, though the chat fails" until_true 30 heard '^toy is down: gsp-toy is deleted.*\$0\.0075'
	is "nothing is left" "$(machines)" 0
	is "the save is home" "$(cat "$H/servers/toy/files/world/count")" 1
	is "who asked is pinged" "$(shown "select(.text | startswith(\"toy is down\")) | $4")" "$pinged"
	ok "all is told" until_true 10 all_told
	# after an answer that says "not now", a second or more before the same is asked again
	is "no request follows a failure at once" "$(jq -s --arg api "$API" 'map(select(.api == $api))
		| . as $all | map(select(.status >= 429)) as $failed
		| [$failed[] as $f | ([$all[] | select(.path == $f.path and .t > $f.t)][0].t - $f.t) | select(. < 0.95)]
		| "\($failed | length > 2) \(length)"' "$T/requests")" '"true 0"'
	is "the token is in its file alone" "$(grep -rlF "${SECRET#*:}" "$D" "$H" | grep -vc '/token$')" 0
	is "once" "$(shown .text | grep -c '^toy is down')$(shown .text | grep -c '^toy is up')" 11
}

lost() { # the computer went down with bot and job
	say "${P}up toy"
	ok "up has begun" until_true 10 in_bootstrap
	kill -9 "$BOT"
	ok "it is gone" until_true 5 gone
	rm -f "$(newest_job)"/shown* # as if it was killed a moment earlier
	# the session of the job: its shell, gsp-up, and what that has begun
	ps -e -o pid= -o sid= | awk -v sid="$(pgrep -f "gsp-up -C $H .*$API:" | xargs -n 1 ps -o sid= -p | sort -u | head -n 1)" \
		'$2 == sid + 0 { print $1 }' | xargs kill -9
	begin_bot
	ok "a job that died is said to have" until_true 20 heard 'nobody knows how that ended; .*status toy'
	gives 0 "the machine goes" gsp-down -q toy
}
