#!/bin/sh
# examples/bots/matrix: see bots_chat.sh.
. test/integ/lib.sh
in_sandbox "$@"
. test/integ/bots_chat.sh
API=matrix STRANGER='"@eve:example.org"' VIEWER='"@vic:example.org"'
ACTOR=matrix:@kim:example.org
settings '"@kim:example.org"' syt_matrix-SECRET.token "homeserver $URL" "room !room:example.org" \
	"allow @kim:example.org" "allow @vic:example.org status players"
say "!server up toy" # before anybody listened: the past
refuses
begin_bot
for more in '{content: "no object"}' '{content: {msgtype: "m.text", body: 7}}' \
	'{content: {msgtype: "m.text"}}' '{sender: "@kim:example.org up toy"}' '{origin_server_ts: 1e300}' \
	'{origin_server_ts: "soon"}' '{content: {msgtype: "m.notice", body: "!server up toy"}}' \
	'{content: {msgtype: "m.text", body: "* !server up toy", "m.new_content": {msgtype: "m.text",
	  body: "!server up toy"}, "m.relates_to": {rel_type: "m.replace", event_id: "$x"}}}' \
	'{content: {msgtype: "m.text", body: "!server up toy", "m.relates_to": 3}}'; do
	say "!server up toy" "{more: $more}"
done
say "!server up" '{more: {event_id: "../../pwned"}}'
hostile '!server ' '{more: {type: "m.room.encrypted"}}'
evening '!server ' '{what: "/send/", status: 429, body: "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":900}", times: 1}' \
	'{what: "", status: 502, body: "<html>", times: 2}' '"\(.reply) \(.to[0]) \(.kind)"'
lost
finish
