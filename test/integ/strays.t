#!/bin/sh
# What the account has and no session here accounts for: gsp status lists it, gsp teardown --stray
# deletes it with the proof of any teardown.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq ssh-keygen

mkdir "$T/keys" && chmod 700 "$T/keys"
ssh-keygen -q -t ed25519 -N '' -C owner -f "$T/keys/owner"
keys() { sed -i "s|^ssh_keys:.*|ssh_keys: [$1]|" "$H/gsp.yaml"; }
use() { H=$T/$1 GSP_HOME=$H && export GSP_HOME; }
id_of() { sed -n 's/^home: *\([a-z0-9]*\).*/\1/p' "$T/$1/gsp.yaml"; }
linode() { api GET /linode/instances | jq -r --arg l "$1" ".data[] | select(.label == \$l) | $2"; }
there_id() { api GET /linode/instances | jq -r ".data[] | select(.id == $1) | .id"; }
fw_id() { api GET /networking/firewalls | jq -r --arg l "$1" '.data[] | select(.label == $l) | .id'; }
label() { api PUT "/linode/instances/$1" "{\"label\":\"$2\"}" >/dev/null; }
row() { # row ID FILTER: its row in the table
	gsp-status --json 2>/dev/null | jq -r "select(.linode_id == $1) | $2"
}
bare() { # bare LABEL TAGS: a machine that is only there; prints its id
	api POST /linode/instances "{\"region\":\"us-ord\",\"type\":\"g6-nanode-1\",\"label\":\"$1\",\"tags\":$2}" | jq .id
}
ledger() { jq -r "select(.linode_id == $1) | .what" "$H/state/ledger.jsonl" | tr '\n' ' '; }
stray() { gsp-teardown --stray "$@"; }

new_home a && keys "$T/keys/owner.pub" && A=$(id_of a)
new_home b && keys "$T/keys/owner.pub" && B=$(id_of b)
rm -rf "$H/servers/toy" # b has no server of that name, for now

# ---- what is listed ----
use a
gives 0 "a plays" gsp-up toy
TOY=$(linode gsp-toy .id)
ONLY=$(bare only '["gsp"]')
NOBODY=$(bare gsp-nobody '["games"]')
THEIRS=$(bare gsp-theirs '["gsp","gsp-home:zzzzzzzz","gsp-server:theirs","gsp-session:othersid","gsp-hk:0123456789012345678901234567890123456789"]')
HALF=$(bare half "[\"gsp\",\"gsp-home:$A\",\"gsp-server:toy\"]")
api POST /networking/firewalls "{\"label\":\"gsp-left\",\"tags\":[\"gsp\",\"gsp-home:$A\"],\"rules\":{\"inbound\":[],\"outbound\":[],\"inbound_policy\":\"DROP\",\"outbound_policy\":\"ACCEPT\"}}" >/dev/null
LEFT=$(fw_id gsp-left)
api POST /networking/firewalls '{"label":"gsp-other","tags":["gsp","gsp-home:zzzzzzzz"],"rules":{"inbound":[],"outbound":[],"inbound_policy":"DROP","outbound_policy":"ACCEPT"}}' >/dev/null
OTHER=$(fw_id gsp-other)
gives 0 "the table" gsp-status
prints "only the tag gsp" "^only +stray .*gsp teardown --stray $ONLY "
prints "half of the tags" "^half +stray .*gsp teardown --stray $HALF "
prints "another home's" "^gsp-theirs +other-home .*gsp teardown --stray $THEIRS --take-over "
prints "a firewall of ours" "^gsp-left +stray .*gsp teardown --stray firewall:$LEFT "
prints "a firewall of another home" "^gsp-other +other-home .*gsp teardown --stray firewall:$OTHER --take-over "
is "not what is no gsp's" "$(grep -c nobody "$T/out")" 0
is "our own once" "$(grep -c "^toy \|gsp-toy" "$T/out")" 1
is "with price, cost and age" "$(row "$ONLY" '"\(.hourly_usd) \(.so_far_usd) \(.hours) \(.since != null)"')" "0.0075 0.0075 1 true"
is "and its kind" "$(gsp-status --json | jq -r "select(.firewall_id == $LEFT) | .kind")" firewall

# ---- what is refused ----
gives 65 "our own session is no stray" stray "$TOY" --discard-unsaved --yes
says "says so" "is no stray.*gsp teardown toy"
gives 65 "what has no tag of gsp is never touched" stray "$NOBODY" --discard-unsaved --take-over --yes
says "says so" "never touches it"
gives 65 "only the tag" stray "$ONLY"
says "says what to do" "gsp teardown --stray $ONLY --discard-unsaved"
gives 65 "another home's" stray "$THEIRS"
says "names the home" "of home 'zzzzzzzz'.*--take-over"
gives 65 "not by discarding either" stray "$THEIRS" --discard-unsaved --yes
gives 65 "taken over, but its server is unknown here" stray "$THEIRS" --take-over --yes
says "says so" "servers/theirs/ is not in this home"
gives 65 "discarding asks" stray "$ONLY" --discard-unsaved
says "wants --yes" "give --yes"
gives 64 "no number" stray gsp-toy
gives 64 "an operand too many" stray "$ONLY" toy
gives 64 "--take-over alone" gsp-teardown --take-over toy
gives 64 "nothing named" gsp-teardown
gives 65 "a firewall that protects something" stray "firewall:$(fw_id gsp-toy)"
gives 65 "a firewall of another home" stray "firewall:$OTHER"
is "all is there" "$(machines) $(firewalls)" "5 3"
is "nothing is in the ledger" "$(ledger "$ONLY")$(ledger "$THEIRS")" ""

# ---- what goes ----
gives 0 "given up" stray "$ONLY" --discard-unsaved --yes
is "loudly in the ledger" "$(ledger "$ONLY")" "create discard-unsaved discard "
gives 0 "run twice" stray "$ONLY"
says "it is gone already" "gone already"
gives 0 "another home's, given up" stray "$THEIRS" --take-over --discard-unsaved --yes
is "in the ledger as taken" "$(ledger "$THEIRS")" "take-over discard-unsaved discard "
gives 0 "a firewall" stray "firewall:$LEFT"
gives 0 "run twice" stray "firewall:$LEFT"
gives 0 "another home's firewall" stray "firewall:$OTHER" --take-over
fault '{"match":{"method":"DELETE","path":"/linode/instances/*"},"times":1,"fault":"lost","commit":true}'
gives 0 "the answer is lost" stray "$HALF" --discard-unsaved --yes
is "it is gone" "$(there_id "$HALF") $(machines) $(firewalls)" " 2 1"

# ---- the proof: another home's machine ----
use b
gives 65 "b does not know the server" stray "$TOY" --take-over --yes
toy_server "$H/servers/toy"
gives 65 "not without --take-over" stray "$TOY"
says "says whose it is" "of home '$A'"
gives 65 "taken over, it is dirty" stray "$TOY" --take-over --yes
says "and says what to do" "gsp down toy"
is "it is b's session now" "$(stage toy) $(linode gsp-toy '.tags[]' | sed -n 's/^gsp-home://p')" "running $B"
gives 0 "b brings it down" gsp-down toy
is "with its save" "$(cat "$H/servers/toy/files/world/count") $(there_id "$TOY")" "1 "

# ---- the proof: a machine of ours without a journal ----
gives 0 "b plays" gsp-up toy
TOY=$(linode gsp-toy .id)
cp -R "$H/state" "$T/state"
rm -rf "$H/state"
gives 65 "dirty" stray "$TOY"
says "says what to do" "was started.*gsp status --take-over toy.*gsp teardown --stray $TOY --discard-unsaved"
keys ""
gives 65 "no key" stray "$TOY"
says "says so" "ssh_keys in gsp.yaml is empty"
mkdir -p "$H/state/toy" && cp "$T/state/toy/id_ed25519" "$H/state/toy/"
gives 65 "a login key still in state/ opens it" stray "$TOY"
says "so the marker speaks" "the game was started and its save is not home"
rm -rf "$H/state" && cp -R "$T/state" "$H/state" && keys "$T/keys/owner.pub"
gives 0 "stop" gsp-run stop toy
gives 0 "sync down" gsp-sync down toy
rm -rf "$H/state"
mv "$H/servers/toy/history" "$T/history"
gives 65 "saved, but not in this history" stray "$TOY"
says "says so" "history/ does not have it"
rm -rf "$H/servers/toy/history" && mv "$T/history" "$H/servers/toy/history"
on_toy() { ssh -n -i "$T/keys/owner" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "root@$(linode gsp-toy '.ipv4[0]')" "$@"; }
on_toy "echo more >>/srv/toy/world/count"
gives 65 "used after its save" stray "$TOY"
says "says so" "was used after its save came home"
on_toy "printf '2\n' >/srv/toy/world/count" # its time tells, too
on_toy "rm /srv/toy/world/count"
api POST "/linode/instances/$TOY/shutdown" '{}' >/dev/null
off() { [ "$(linode gsp-toy .status)" = offline ]; }
until_true 20 off
gives 65 "off: nobody can be asked" stray "$TOY"
says "says so" "it is offline"
gives 0 "given up" stray "$TOY" --discard-unsaved --yes
is "with its firewall" "$(machines) $(firewalls)" "1 0"

# ---- saved: deleted, whatever is cut off ----
gives 0 "b plays" gsp-up toy
gives 0 "stop" gsp-run stop toy
gives 0 "sync down" gsp-sync down toy
TOY=$(linode gsp-toy .id)
rm -rf "$H/state"
struck() { control GET /log | jq -e '[(.log? // .requests? // .)[] | select(.fault != null and .fault != "")] | length > 0'; }
control DELETE /log >/dev/null
fault '{"match":{"method":"DELETE","path":"/linode/instances/*"},"times":1,"fault":"hang"}'
gsp-teardown --stray "$TOY" >"$T/out" 2>"$T/err" </dev/null &
VICTIM=$!
ok "killed at the delete" until_true 20 struck
gives 75 "a second one meanwhile" stray "$TOY"
says "is told who is at it" "busy"
kill -9 $VICTIM
wait $VICTIM 2>/dev/null
control DELETE /faults >/dev/null
is "the marker says closing" "$(on_toy cat /var/lib/gsp/session.json | jq -r .state)" closing
gives 0 "the same again" stray "$TOY"
is "it is gone, and its firewall" "$(machines) $(firewalls)" "1 0"
is "the ledger has its end once" "$(ledger "$TOY")" "create create delete "

# ---- two machines for one server; a session that ended too early ----
gives 0 "bare" gsp-provision toy
ONE=$(linode gsp-toy .id)
label "$ONE" gsp-old
cp "$H/state/toy/session.json" "$T/one.json"
rm "$H/state/toy/session.json" "$H"/state/toy/id_*
gives 0 "another" gsp-provision toy
TWO=$(linode gsp-toy .id)
is "one is a stray" "$(row "$ONE" '"\(.server) \(.stage) \(.next)"') $(row "$TWO" .stage)" "gsp-old stray gsp teardown --stray $ONE created"
gives 0 "nothing was ever started on it" stray "$ONE"
is "the other stays, with the firewall" "$(there_id "$ONE") $(there_id "$TWO") $(firewalls)" " $TWO 1"
mkdir -p "$H/state/toy/ended"
SESSION=$(jq -r .session "$H/state/toy/session.json")
jq '.ended = "never created"' "$H/state/toy/session.json" >"$H/state/toy/ended/$SESSION.json"
rm "$H/state/toy/session.json" "$H"/state/toy/id_*
on_toy "cp -p /var/lib/gsp/session.json /root/marker; sed -i 's/\"session\":\"[a-z0-9]*\"/\"session\":\"zzzzzzzz\"/' /var/lib/gsp/session.json"
gives 65 "its ended session started nothing, but its marker is of another" stray "$TWO"
says "says so" "session zzzzzzzz; its tags say"
is "it is there" "$(there_id "$TWO")" "$TWO"
on_toy "cp -p /root/marker /var/lib/gsp/session.json"
machine_fault gsp-toy cut # for good
gives 0 "unreachable, but its ended session started nothing" stray "$TWO"
says "says so" "nothing was ever started in it"
is "it is gone" "$(machines) $(firewalls)" "1 0"
is "what is no gsp's is there" "$(there_id "$NOBODY")" "$NOBODY"
finish
