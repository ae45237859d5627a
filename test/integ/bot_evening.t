#!/bin/sh
# An evening of friends wholly through chat, with a real game: Minetest, as examples/ has it. The whole
# chat is printed at the end, for people to read.
. test/integ/lib.sh
. test/integ/discord.sh
need python3 jq curl ssh-keygen
[ -x /usr/lib/minetest/minetestserver ] || skip_all "needs minetest-server"
SANDBOX_ARGS="--create-time 3s --boot-time 2s"
in_sandbox "$@"

H=$T/home
export GSP_HOME="$H"
gsp init -q --watch nobody --type g6-standard-1 "$H/" </dev/null >/dev/null 2>&1
(cd "$H" && gsp init -q minetest </dev/null >/dev/null 2>&1)
# An end that extend can move; and a key of the owner, so that nothing warns of its want.
sed -i 's/^type:.*/&\nlease: {first: 4h, max: 9h}/' "$H/servers/minetest/server.yaml"
ssh-keygen -q -t ed25519 -N '' -C owner -f "$T/owner"
sed -i "s|^ssh_keys:.*|ssh_keys: [$T/owner.pub]|" "$H/gsp.yaml"
start_discord
BERT=1500000000000000003
OPERATORS=1300000000000000002
discord_yaml 'channels: [1400000000000000001]' <<-YAML
	- {role: 1300000000000000001, can: [view]}
	- {role: $OPERATORS, can: [operate, extend]}
	- {role: 1300000000000000003, can: [admin]}
YAML
BOT='' FRIEND=''
all_end() {
	for one in $BOT $FRIEND; do
		kill -TERM "$one" 2>/dev/null
	done
	stop_discord
	cleanup
}
trap all_end EXIT

world=$H/servers/minetest/files/world
game_time() { sed -n 's/^game_time *= *//p' "$1/env_meta.txt"; }
left() { # what exists in the cloud
	echo "$(machines) machines, $(firewalls) firewalls"
}
has() { # has TEXT WORDS...: the newest answer has each of them
	what=$1
	shift
	words=$(reply)
	for word; do
		case $words in *"$word"*) ;; *)
			fail "$what: no '$word'"
			note "$words"
			return
			;;
		esac
	done
	pass "$what"
}
look() { # look TEXT VERB ARG...: a look-up, answered
	what=$1
	shift
	slash "$@" || note "$(cat "$T/discord.err")"
	ok "$what" filled 20
}
seen_by() { # seen_by all|one TEXT
	want=true
	[ "$1" = one ] || want=false
	is "$2" "$(answer_of .ephemeral)" "$want"
}
until_told() { # until_told REGEX [USER]: the ping for bert or USER; its words are $TOLD
	if until_message "$1" 45 "{\"via\":\"channel\",\"pings\":\"${2:-$BERT}\",\"since\":${MARK:-0}}"; then
		pass "$1: the end pings who asked"
	else # nothing of what follows could be true
		fail "$1: the end pings who asked"
		note "$(chat)"
		note "$(cat "$T/bot.err")"
		finish
		exit 1
	fi
	TOLD=$(message_says "$M")
}
told() { # told TEXT REGEX
	if printf '%s\n' "$TOLD" | grep -Eq -e "$2"; then pass "$1"; else fail "$1" && note "$TOLD"; fi
}
# civil MESSAGE: the least time between its edits; the deferral is none, and the last word may come at once.
civil() {
	discord_ask '[.revisions[].t] as $t | [range(2; ($t | length) - 1) | $t[.] - $t[. - 1]] | min // 9999' message "{\"id\":\"$1\"}"
}
mark() { MARK=$(date +%s%3N); }
# The chat as it was, a line for each message: who asked what, who saw the answer, what it says at last.
chat() {
	discord_control state || return
	jq -r '
		def asked: if .type == 3 then "presses [\(.custom_id_label // .data.custom_id)]"
			else "\(if .type == 4 then "types " else "" end)/\(.data.name) " + ([.data.options[]? |
				.name, (.options[]? | "\(.name):\(.value)")] | join(" ")) end +
			if .choices then "  -> offered: \([.choices[].name] | join(" | "))" else "" end;
		def said: "bot" + (if .ephemeral then " (only \(.only_for) sees it)" else "" end) +
			(if (.pings | length) > 0 then " (pings)" else "" end) +
			(if (.revisions | length) > 1 then " (edited \((.revisions | length) - 1) times in \(
				(.revisions[-1].t - .revisions[0].t) / 1000 | floor) s)" else "" end) +
			(if (.buttons | length) > 0 then " [\([.buttons[].label] | join("] ["))]" else "" end) + ": \(.text)";
		[(.interactions[] | {t: ((.id | tonumber) / 4194304 + 1420070400000), line: "\(.user): \(asked)"}),
			(.messages[] | {t: .created, line: said})] | sort_by(.t) | .[0].t as $t0 | .[] |
		"[\((.t - $t0) / 1000 | floor) s] \(.line)"' "$T/discord.out"
}

# ---- before the friends come ----
gives 0 "the commands are written" gsp-bot register
gives 0 "gsp-bot check has nothing against it" gsp-bot check
note "$(cat "$T/out" "$T/err")"
gsp-bot run >>"$T/bot.out" 2>>"$T/bot.err" &
BOT=$!
ok "the bot becomes ready" until_ready 1 10
as_user bert
look "/server list" list
look "/server status of what is down" status name=minetest
look "/server saves of nothing" saves name=minetest
look "/server players of what is down" players name=minetest
look "/server cost of nothing" cost

# ---- up ----
autocomplete up name=mi
ok "the name is offered" answered 5
is "with its state" "$(answer_of '.choices[0].name')" "minetest: off"
note "autocomplete was answered after $(answer_of .answered_after_ms) ms"
mark
slash up name=minetest
ok "/server up is answered" answered 3
seen_by all "for all to see"
ok "the message says what goes on" until_message "minetest.* is coming up" 10
UP=$M
slash up name=minetest
ok "asked once more" answered 5
seen_by one "... only he hears"
has "... that it is coming up already" "minetest is coming up already, as bert asked" "<#1400000000000000001>"
until_told 'minetest\*\* is up'
ADDRESS=$(printf '%s\n' "$TOLD" | sed -n 's/.*`\([0-9.]*:[0-9]*\)`.*/\1/p')
told "with the address" '`[0-9.]+:30000`'
told "the price" '\$[0-9.]+ an hour'
told "and the time it took" 'took [0-9]+ s'
ok "the one message grew step by step" test "$(discord_ask '.revisions | length' message "{\"id\":\"$UP\"}")" -ge 3
ok "at a civil pace ($(civil "$UP") ms)" test "$(civil "$UP")" -ge 2900
is "the machine runs" "$(stage minetest)" running

# ---- they play ----
python3 test/fake/minetest_friend.py "$ADDRESS" anna >"$T/anna" 2>&1 &
FRIEND=$!
ok "anna joins the game at that address" until_true 30 grep -qx joined "$T/anna"
as_user anna
counted() { # asked until it is so; only that it came to be so is a test
	was=$N
	look "." players name=minetest >/dev/null
	N=$was
	case $(reply) in *"**1**"*) ;; *) return 1 ;; esac
}
ok "/server players: one" until_true 30 counted
seen_by one "for whoever asked"
look "/server status" status name=minetest
has "has the address and the price" "$ADDRESS" '$'
slash say name=minetest 'text=dinner'
ok "say is not for who may only look" answered 5
seen_by one "which only anna sees"
has "and she learns who may" "<@&$OPERATORS>"
as_user bert
slash say name=minetest 'text=Pizza is here, "five" minutes; $(reboot)'
ok "/server say" filled 20
ok "anna reads it in the game" until_true 10 grep -qF 'Pizza is here, "five" minutes; $(reboot)' "$T/anna"
look "/server extend" extend name=minetest time=2h
look "/server hold" hold name=minetest time=1h
look "/server hold: release" hold name=minetest time=release
look "/server logs" logs name=minetest
has "has the game's words" "anna"
look "/server saves" saves name=minetest
look "/server cost" cost
look "/server status of all" status
autocomplete down name=
ok "names for down" answered 5
note "$(answer_of '.choices[0].name')"

# ---- a stranger ----
strange() {
	slash "$@" || return 1
	answered 5 && [ "$(answer_of .ephemeral)" = true ] && [ "$(answer_of .callback)" = 4 ]
}
as_user eve
for words in "up name=minetest" "down name=minetest" "restart name=minetest" "status name=minetest" list \
	"extend name=minetest" "hold name=minetest" "players name=minetest" "saves name=minetest" \
	"restore name=minetest save=1" cost "say name=minetest text=boo" "logs name=minetest"; do
	# shellcheck disable=SC2086
	ok "a stranger may not: $words" strange $words
done
autocomplete up name=
ok "and is offered" answered 5
is "... nothing" "$(answer_of '.choices | length')" 0
as_user bert general
slash status name=minetest
ok "in another channel nobody may" answered 5
seen_by one "... which only he sees"
has "... and where to ask instead" "ask in <#1400000000000000001>"
as_user bert

# ---- restart: anna plays ----
mark
slash restart name=minetest
ok "/server restart asks while somebody plays" until_message "Restart .*minetest" 20 '{"button":"Yes"}'
note "$(message_says "$M")"
press No
ok "no: nothing was done" until_message "Nothing was done" 10
slash restart name=minetest
ok "asked again" until_message "Restart .*minetest" 20 '{"button":"Yes"}'
press Yes
until_told 'minetest\*\* is up again'
ok "anna was thrown out" until_true 30 grep -Eq '^(left|refused)' "$T/anna"
wait "$FRIEND"
FRIEND=
# ---- down, with somebody on ----
python3 test/fake/minetest_friend.py "$ADDRESS" carl >"$T/carl" 2>&1 &
FRIEND=$!
ok "carl joins after the restart" until_true 30 grep -qx joined "$T/carl"
as_user carl
ok "... and is counted" until_true 30 counted
as_user bert
mark
slash down name=minetest
ok "/server down asks" until_message "Stop .*minetest" 20 '{"button":"Yes"}'
Q=$M
ok "and says how many play" sh -c 'printf "%s" "$1" | grep -q "\*\*1\*\* plays"' - "$(message_says "$Q")"
as_user carl
press Yes "$Q"
ok "the wrong one presses" answered 5
seen_by one "... which only he sees"
is "... and the machine runs" "$(machines)" 1
as_user bert
press Yes "$Q"
ok "the right one does" until_message "is going down" 10
until_told 'minetest\*\* is down'
told "the save is home, with its number" 'home as save \*\*[0-9]+\*\*'
told "the price" '\$[0-9.]+'
told "the time" 'took [0-9]+ s'
is "nothing is left" "$(left)" "0 machines, 0 firewalls"
first=$(game_time "$world")
ok "the world is home; its clock says $first s" test "${first:-0}" -gt 0
FIRST=$(newest minetest)
kill "$FRIEND" 2>/dev/null
wait "$FRIEND"
FRIEND=
told_all() {
	for job in "$H"/state/discord/jobs/*/; do
		[ ! -e "${job}job.json" ] || [ -e "${job}told" ] || return 1
	done
}
ok "of each job the end was told" until_true 10 told_all

# ---- a second evening ----
mark
slash up name=minetest
until_told 'minetest\*\* is up'
sleep 3 # the world lives
slash down name=minetest
ok "nobody plays: it asks all the same" until_message "Nobody plays" 20 '{"button":"Yes"}'
mark
press Yes "$M"
until_told 'minetest\*\* is down'
second=$(game_time "$world")
ok "the world went on: $second s" test "$second" -gt "$first"

# ---- back to the first ----
slash saves name=minetest
filled 20
as_user carl
autocomplete restore save= name=minetest
ok "the saves are offered" answered 5
is "... with how they came to be" "$(answer_of '.choices[0].name' | sed 's/:.*,/:/')" "3: after playing"
slash restore name=minetest "save=$FIRST"
ok "/server restore asks" until_message "back to save" 20 '{"button":"Yes"}'
press Yes "$M"
ok "it went back" until_message "went back" 60 '{"via":"channel"}'
is "to that very world" "$(game_time "$world")" "$first"
slash up name=minetest "save=$FIRST"
ok "/server up with a save" until_message "minetest.* is up" 120 '{"via":"channel","pings":"1500000000000000004"}'
slash down name=minetest
until_message "Stop .*minetest" 20 '{"button":"Yes"}'
press Yes "$M"
ok "and down" until_message "minetest.* is down" 120 '{"via":"channel","pings":"1500000000000000004"}'
third=$(game_time "$world")
ok "it went on from there: $third s" test "$third" -ge "$first"
look "/server saves of all that" saves name=minetest
look "/server cost of all that" cost

# ---- what is left ----
is "nothing is left" "$(left)" "0 machines, 0 firewalls"
is "the ledger's actors" "$(jq -rs '[.[].actor // empty] | unique | join(" ")' "$H/state/ledger.jsonl")" \
	"discord:$BERT/bert discord:1500000000000000004/carl"
violations_none "Discord has nothing against any of it"
ok "the bot's log says who did what" grep -qxF "gsp-bot: discord:$BERT/bert: extend minetest 2h" "$T/bot.err"
is "no secret in the log" "$(grep -cF -e "$(cat "$H/discord-token")" -e "$LINODE_TOKEN" "$T/bot.err")" 0
kill -TERM "$BOT"
wait "$BOT"
is "the bot leaves" $? 0
BOT=
note "---- the bot's own log ----"
note "$(cat "$T/bot.err")"
note "---- the chat ----"
note "$(chat)"
finish
