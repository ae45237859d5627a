#!/bin/sh
# examples/bots/telegram: see bots_chat.sh.
. test/integ/lib.sh
in_sandbox "$@"
. test/integ/bots_chat.sh
API=telegram STRANGER=666 VIEWER=333
ACTOR=telegram:111/kim
settings 111 4242:telegram-SECRET_token "api $URL" "chat -100200300" "allow 111 # kim" "allow 333 status players"
refuses
begin_bot
hostile / '{chat: 111}'
say "/up toy" '{more: {sender_chat: {id: -100200300}}}'
say "/up@other_bot toy"
say "/up toy" '{more: {forward_origin: {type: "user"}}}'
say "/players@our_gsp_bot toy"
ok "a command with our name" until_true 15 heard "^'toy' has no machine"
is "nobody knows who stands behind the rest" "$(stage)" none
evening / '{what: "sendMessage", status: 429, body: "{\"ok\":false,\"parameters\":{\"retry_after\":1}}", times: 1}' \
	'{what: "", status: 502, body: "<html>", times: 2}' .reply
lost
finish
