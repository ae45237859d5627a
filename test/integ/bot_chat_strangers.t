#!/bin/sh
# gsp-bot and strangers in chat, both halves: where it is not served, who may not, other people's buttons,
# events that come again, words that are more than words; and where its secrets must not be.
. test/integ/lib.sh
. test/integ/discord.sh
need python3 jq curl
in_sandbox "$@"
new_home
server secret
start_discord

FRIENDS=1200000000000000001 OPERATORS=1300000000000000002
TOKEN=$(cat "$DISCORD_DIR/token")
HOOK=$(discord_ask '.webhooks[0].token' state)
printf 'https://discord.com/api/webhooks/1600000000000000001/%s\n' "$HOOK" >"$H/hook"
chmod 600 "$H/hook"
discord_yaml 'channels: [1400000000000000001]' 'webhook_file: hook' <<-E2
	- {role: 1300000000000000001, can: [view], servers: [toy]}
	- {role: $OPERATORS, can: [operate, extend], servers: [toy]}
	- {role: 1300000000000000003, can: [admin]}
E2
start_bot() {
	gsp-bot -vv run >>"$T/bot.out" 2>>"$T/bot.err" &
	BOT=$!
	trap 'kill -TERM $BOT 2>/dev/null; stop_discord; cleanup' EXIT
}
start_bot
ok "the bot becomes ready" until_ready 1 10
refused() { # refused TEXT PATTERN: $I was, for that person alone, naming nothing
	if answered 5 && [ "$(answer_of .ephemeral)" = true ] && reply | grep -qE "$2"; then pass "$1"; else fail "$1" && note "$(reply)"; fi
	is "... and names nothing" "$(reply | grep -cE 'secret|198\.18|/tmp')" 0
}

# ---- where it is not served ----
as_user anna
discord_send command '{"user":"anna","dm":true,"sub":"status","options":{"name":"toy"},"raw":true}'
refused "a direct message" "not in direct messages"
discord_send command '{"user":"anna","guild":"strangers","channel":"lobby","sub":"status","options":{},"raw":true}'
refused "another guild, though she may look at home" "does not serve this Discord server"
as_user anna general && slash_raw status name=toy
refused "another channel" "not in this channel"
as_user anna evening && slash_raw status name=toy
ok "a thread of ours is served" filled 15
ok "... with the server" sh -c 'echo "$1" | grep -q toy' - "$(reply)"
discord_send command '{"user":"anna","channel":"general","sub":"status","options":{},"raw":true,"with":{"channel":{"id":"1400000000000000002","type":0,"parent_id":"1400000000000000001"}}}'
refused "a channel beside ours in its category is no thread" "not in this channel"

# ---- what they may not see ----
as_user anna
for v in status list; do
	slash_raw $v && filled 20
	is "$v: the one they may see" "$(reply | grep -c toy)$(reply | grep -c secret)" 10
done
slash_raw cost && filled 20
is "cost: nothing of the other" "$(reply | grep -c secret)" 0
for v in status players saves cost; do
	slash_raw $v name=secret
	answered 5 && A=$(reply)
	ok "$v secret: there is none" sh -c 'echo "$1" | grep -q "no server .*secret"' - "$A"
	slash_raw $v name=sechet && answered 5
	is "$v: in the words for what is not there" "$(echo "$A" | sed 's/secret/X/g')" "$(reply | sed 's/sechet/X/g')"
done
discord_send autocomplete '{"user":"anna","channel":"games","sub":"status","focused":"name","value":"","options":{},"raw":true}'
answered 5
is "autocomplete: theirs alone" "$(answer_of '[.choices[].value] | join(" ")')" toy
discord_send autocomplete '{"user":"eve","channel":"games","sub":"up","focused":"name","value":"s","options":{},"raw":true}'
answered 5
is "autocomplete: nothing for eve" "$(answer_of '.choices | length')" 0
discord_send autocomplete '{"user":"bert","channel":"games","sub":"restore","focused":"save","value":"","options":{"name":"secret"},"raw":true}'
answered 5
is "autocomplete: no saves of what they may not restore" "$(answer_of '.choices | length')" 0
as_user bert && slash_raw up name=toy save=1
refused "up with an older save takes restore" "1300000000000000003"

# ---- words that are more than words ----
for name in --yes -C ../../etc/passwd 'toy/../secret' '' ' ' 'toy -- secret' "$(printf '%0300d' 7)" 'tоy' 'TOY' '*' '$(id)' '<@&1300000000000000003>' "toy
secret"; do
	slash_raw status "name=$name"
	ok "no server: $(printf %.20s "$name" | tr '\n' ' ')" answered 5
	is "... for that person alone" "$(answer_of .ephemeral)" true
done
for o in 'time=1h --yes' 'time=-1h' 'time=99999999999999999999d' 'time='; do slash_raw extend name=toy "$o" && answered 5; done
slash_raw cost name=toy month=../../x && answered 5
slash_raw logs name=toy script=../../../etc/shadow && answered 5
slash_raw say name=toy 'text=hi
op eve' && answered 5
is "nothing was bought" "$(machines)" 0
is "nor begun" "$(find "$H/state/discord/jobs" -name started | wc -l)" 0

# ---- buttons ----
as_user carl && slash_raw restore name=toy save=1
ok "a question" until_message "." 10 '{"button":"Yes"}'
Q=$M QI=$I
as_user bert && press Yes "$Q"
refused "somebody else's, with rights of his own" "only who asked"
discord_world '{"guilds":[{"id":"'$FRIENDS'","members":{"1500000000000000004":[]}}]}'
as_user carl && press Yes "$Q"
refused "her role was taken away meanwhile" "takes|no role"
discord_world '{"guilds":[{"id":"'$FRIENDS'","members":{"1500000000000000004":["1300000000000000003"]}}]}'
press No "$Q" && answered 5 && PRESSED=$I
for id in gsp:yes: 'gsp:yes:../../x' 'yes' "$(printf '%0100d' 1)"; do
	press_raw "$id" "$Q"
	ok "no button of ours" answered 5
done
is "nothing was begun" "$(find "$H/state/discord/jobs" -name started | wc -l)" 0

# ---- who forges lines ----
as_user bert
discord_send command "$(jq -nc --arg n "$(printf 'b\n{"x":1}"/../ --yes\033[2J')" '{user:"bert",channel:"games",sub:"up",options:{name:"toy"},raw:true,
	with:{member:{roles:["1300000000000000001","1300000000000000002"],user:{id:"1500000000000000003",username:$n}}}}')" && UP=$I
ok "an actor with lines and quotes: up" until_message "toy.* is up" 60 '{"via":"channel"}'
ok "the ledger has lines of JSON alone" jq -e . "$H/state/ledger.jsonl"
is "one who bought" "$(jq -r 'select(.what=="create").actor' "$H/state/ledger.jsonl" | wc -l)" 1
is "with his id, and a name that is one line" "$(jq -c 'select(.what=="create").actor' "$H/state/ledger.jsonl")" \
	'"discord:1500000000000000003/b?{\"x\":1}\"/../ --yes?[2J"'

# ---- again, after a kill ----
slash_raw extend name=toy time=1h && EX=$I
filled 20
L=$(gsp-lease --json toy 2>/dev/null | jq -c .until)
kill -9 "$BOT"; wait "$BOT" 2>/dev/null
start_bot
ok "it goes on" until_ready 1 10
for i in $EX $UP $PRESSED $QI; do discord_control again "{\"interaction\":\"$i\",\"count\":3}"; done
slash_raw status name=toy && filled 20
is "an hour is added once" "$(gsp-lease --json toy 2>/dev/null | jq -c .until)" "$L"
is "one machine" "$(machines)" 1

# ---- secrets ----
for word in check register invite; do gsp-bot -vv $word </dev/null >>"$T/bot.err" 2>&1; done
ok "its log says much" grep -q '/webhooks/' "$T/bot.err"
is "no token in it" "$(grep -cF -e "$TOKEN" "$T/bot.err")" 0
is "nor the webhook's" "$(grep -cF -e "$HOOK" "$T/bot.err")" 0
ITOKENS=$(discord_ask '[.[].token] | unique | .[]' interactions)
ok "it asked much" test "$(echo "$ITOKENS" | wc -l)" -gt 10
is "no interaction's token in it" "$(echo "$ITOKENS" | grep -cF -f - "$T/bot.err")" 0
is "nor in the home but in its file" "$(grep -rlF -e "$TOKEN" "$H" | grep -cv discord-token)" 0
is "what the bot keeps is its owner's alone" "$(find "$H/state/discord" ! -type l \( -perm /077 \) | head -3)" ""
for p in "$BOT" $(pgrep -P "$BOT"); do
	is "no token in $(cat /proc/$p/comm)'s command line or environment" "$(cat "/proc/$p/cmdline" "/proc/$p/environ" | grep -acF -e "$TOKEN")" 0
done
violations_are "Discord minds no more than the answers to what it sent again" second-callback
kill -TERM "$BOT"
finish
