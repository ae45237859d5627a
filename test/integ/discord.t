#!/bin/sh
# discord: the stand-in for Discord, tried by a client of its own; the helpers of discord.sh.
. test/integ/lib.sh
. test/integ/discord.sh
start_discord '{"webhooks":[{"id":"1600000000000000001","token":"secret-of-the-webhook"}]}'
echo '{"webhooks":[{"id":"1600000000000000001","token":"secret-of-the-webhook"}]}' >"$DISCORD_DIR/world"

# ---- is it as strict as Discord? ----
python3 test/fake/discord_try.py "$DISCORD_DIR" >"$T/try" 2>"$T/try.err"
while read -r word rest; do
	case $word in
	ok) pass "$rest" ;;
	not) fail "${rest#ok }" ;;
	end) pass "all was tried" && all=yes ;;
	*) echo "$word $rest" ;;
	esac
done <"$T/try"
[ "${all:-}" ] || fail "all was tried"
note "$(tail -n 20 "$T/try.err")"
is "the token is for its owner only" "$(stat -c %a "$DISCORD_DIR/token")" 600
is "it says nothing" "$(cat "$DISCORD_DIR/err")" ""
stop_discord

# ---- the helpers ----
start_discord
COMMANDS='[{"name":"server","description":"d","options":[
	{"type":1,"name":"up","description":"d","options":[
		{"type":3,"name":"name","description":"d","required":true,"autocomplete":true},
		{"type":4,"name":"from","description":"d"}]},
	{"type":1,"name":"list","description":"d"}]}]'
ok "commands" discord_control register "{\"guild\":\"1200000000000000001\",\"commands\":$COMMANDS}"
is "options" "$(discord_options name=a=b n=5 y=true 't=two words' 'q="')" '{"name":"a=b","n":5,"y":true,"t":"two words","q":"\""}'
as_user bert
ok "a command" slash up name=vanilla from=41
is "... of him" "$(answer_of '.user + " " + (.data.options[0].options | map("\(.name)=\(.value)") | join(" "))')" \
	"bert name=vanilla from=41"
gives 1 "one that the client does not send" slash up
is "... and why" "$(grep -o '"refused.*' "$T/discord.err")" '"refused": "option name is required"}'
ok "which can be sent nevertheless" slash_raw up "nonsense=;id"
ok "autocomplete" autocomplete up name=va
is "... of the one that is typed" "$(answer_of '.data.options[0].options[0] | "\(.name) \(.value) \(.focused)"')" "name va true"
gives 1 "no answer within a second" answered 1
bot() { # bot METHOD PATH [JSON]
	curl -sS -X "$1" -A 'DiscordBot (https://example.org, 1)' -H 'Content-Type: application/json' \
		${3:+-d "$3"} "$DISCORD_URL$2" >/dev/null
}
token=$(answer_of .token)
bot POST "/interactions/$I/$token/callback" '{"type":8,"data":{"choices":[{"name":"vanilla, up","value":"vanilla"}]}}'
ok "it is answered" answered
is "choices" "$(answer_of '.choices[0].value')" vanilla
slash list
token=$(answer_of .token)
bot POST "/interactions/$I/$token/callback" '{"type":5}'
gives 1 "deferred is not filled" filled 1
bot PATCH "/webhooks/1100000000000000001/$token/messages/@original" '{"content":"which one?","allowed_mentions":{"parse":[]},
	"components":[{"type":1,"components":[{"type":2,"style":4,"label":"Tear down","custom_id":"x"}]}]}'
ok "filled" filled
is "its text" "$(reply)" "which one?"
ok "a message is found" until_message '^which .ne' 5 '{"channel":"games","button":"Tear"}'
is "... is the same" "$(message_says "$M")" "which one?"
ok "a press" press Tear
gives 1 "a button of nobody" press Nonsense
ok "a forged one" press_raw forged
ok "no such message" no_message 'nothing like it'
gives 1 "but such a one" no_message which
gives 1 "no bot is there" until_ready 1 1
violations_none "nothing was wrong"
bot PATCH /webhooks/9/x/messages/@original '{}'
bot PATCH /webhooks/9/x/messages/@original '{}'
violations_are "now there was" repeated-404
ok "a fault" discord_fault '{"method":"GET","path":"/gateway$","status":500}'
is "... is seen" "$(curl -s -o /dev/null -w '%{http_code}' -A 'DiscordBot (https://example.org, 1)' "$DISCORD_URL/gateway")" 500
is "... and kept" "$(discord_asked '{"path":"/gateway$","status":500}' | jq length)" 1

# ---- TLS ----
stop_discord
if command -v openssl >/dev/null; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key" -out "$T/cert" -days 2 \
		-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	DISCORD_ARGS="--tls $T/cert $T/key" DISCORD_SCHEME=https
	start_discord
	is "over TLS the gateway is wss" "$(curl -s --cacert "$T/cert" -A 'DiscordBot (https://example.org, 1)' \
		"$DISCORD_URL/gateway" | jq -r .url | cut -d: -f1)" wss
fi
finish
