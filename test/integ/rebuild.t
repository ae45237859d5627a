#!/bin/sh
# state/ lost with the computer: gsp status --rebuild on another one, from the home's checkout, the
# token and an owner's key.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq ssh-keygen ssh-agent

mkdir "$T/keys" && chmod 700 "$T/keys"
for k in owner stranger; do ssh-keygen -q -t ed25519 -N '' -C $k -f "$T/keys/$k"; done
keys() { sed -i "s|^ssh_keys:.*|ssh_keys: [$1]|" "$H/gsp.yaml"; }
journal() { jq -r "$2" "$H/state/$1/session.json"; }
linode() { api GET /linode/instances | jq -r --arg l "gsp-$1" ".data[] | select(.label == \$l) | $2"; }
set_tags() { api PUT "/linode/instances/$(linode "$1" .id)" "{\"tags\":$2}" >/dev/null; }
tag() { # tag SERVER PREFIX NEW: one tag of its machine becomes another; "" takes it away
	set_tags "$1" "$(linode "$1" .tags | jq -c --arg p "$2" --arg n "$3" \
		'[.[] | if startswith($p) then $n else . end | select(. != "")]')"
}
# What git has of a home: neither state/ nor history/ nor files/.
checkout() { # checkout FROM TO
	rm -rf "${T:?}/$2" && mkdir -p "$T/$2/servers"
	cp "$T/$1/gsp.yaml" "$T/$2/"
	for checkout_dir in "$T/$1"/servers/*/; do
		checkout_to=$T/$2/servers/$(basename "$checkout_dir")
		mkdir -p "$checkout_to"
		find "$checkout_dir" -maxdepth 1 -type f -exec cp -p {} "$checkout_to/" \;
	done
	H=$T/$2 GSP_HOME=$H && export GSP_HOME
}
hidden() { # what the API and the machines are, for comparing: no times
	api GET /linode/instances | jq -c '[.data[] | [.id, .label, .tags]]'
}

new_home first && keys "$T/keys/owner.pub"
echo 5 >"$H/servers/toy/files/world/count"
server fresh
server dirty
server idle
for s in toy dirty; do bg "$s" gsp-up $s; done
bg fresh gsp-provision fresh
bg_gives 0 "toy plays" toy
bg_gives 0 "dirty plays" dirty
bg_gives 0 "fresh is bare" fresh
gives 0 "toy is stopped" gsp-run stop toy
gives 0 "and its save home, there" gsp-sync down toy
PID=$(at dirty cat /tmp/toy.pid)
CREATED=$(linode dirty .created)

# ---- the other computer ----
checkout first second
is "the machines are strays" "$(stage toy) $(stage dirty) $(stage fresh)" "stray stray stray"
keys "$T/keys/stranger.pub"
BEFORE=$(hidden)
gives 77 "a key that opens nothing" gsp-status --rebuild
says "is named" "keys/stranger' the machine refused it"
is "nothing was changed by that" "$(hidden)" "$BEFORE"
keys "$T/keys/owner.pub"
HK=$(linode dirty '.tags[] | select(startswith("gsp-hk:"))')
tag dirty gsp-hk: gsp-hk:0123456789012345678901234567890123456789
gives 77 "a host key with another hash is refused" gsp-status --rebuild
says "before the login" "WRONG HOST KEY"
prints "the others are known all the same" "toy +saved|toy +stopped"
is "it has no journal" "$(test -e "$H/state/dirty/session.json" && echo yes)" ""
tag dirty gsp-hk: "$HK"
tag dirty gsp-home: gsp-home:zzzzzzzz
gives 0 "a machine of another home is left alone" gsp-status --rebuild
is "as before" "$(linode dirty '.tags[] | select(startswith("gsp-home:"))') $(test -e "$H/state/dirty/session.json" && echo yes)" "gsp-home:zzzzzzzz "
tag dirty gsp-home: "gsp-home:$(sed -n 's/^home: *\([a-z0-9]*\).*/\1/p' "$H/gsp.yaml")"
api PUT "/linode/instances/$(linode dirty .id)" '{"label":"party"}' >/dev/null
there() { # on the machine, over the owner's key
	ssh -n -i "$T/keys/owner" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o LogLevel=ERROR "root@$DIRTY" "$@"
}
DIRTY=$(api GET /linode/instances | jq -r '.data[] | select(.label == "party") | .ipv4[0]')
there cp -p /var/lib/gsp/session.json /root/marker
there "sed -i 's/\"home\":\"[a-z0-9]*\"/\"home\":\"zzzzzzzz\"/' /var/lib/gsp/session.json"
gives 65 "a marker of another home" gsp-status --rebuild
says "is named" "says that it is of home 'zzzzzzzz'"
there rm /var/lib/gsp/session.json
gives 65 "no marker" gsp-status --rebuild dirty
says "with what to do" "has no marker.*gsp teardown --stray"
is "none of that left a journal" "$(test -e "$H/state/dirty/session.json" && echo yes)" ""
there cp -p /root/marker /var/lib/gsp/session.json
mv "$H/servers/dirty/server.yaml" "$T/yaml"
gives 65 "without its server.yaml" gsp-status --rebuild
says "it says what is missing" "servers/dirty/server.yaml is not here"
mv "$T/yaml" "$H/servers/dirty/server.yaml"
gives 0 "the last one, whatever its label is" gsp-status --rebuild
is "stages" "$(stage toy) $(stage dirty) $(stage fresh) $(stage idle)" "stopped running created none"
is "the game never noticed" "$(at dirty cat /tmp/toy.pid)" "$PID"
is "created when the cloud says" "$(journal dirty .created)" "${CREATED}Z"
is "with a price" "$(journal dirty '.hourly_usd > 0')" true
is "the ledger has each machine" "$(jq -r 'select(.what=="create") | .server' "$H/state/ledger.jsonl" | sort -u | tr '\n' ' ')" "dirty fresh toy "
is "and counts each once" "$(gsp-cost --json --by session | jq -r .server | sort | tr '\n' ' ')" "dirty fresh toy "
cp -R "$H/state" "$T/state.a"
: >"$H/state/ledger.jsonl"
gives 0 "once more is success" gsp-status --rebuild
is "and changes nothing but a ledger that lacks them" "$(jq -r '"\(.what) \(.server)"' "$H/state/ledger.jsonl" | sort | tr '\n' ' '; diff -r -x ledger.jsonl -x lock -x '*.jsonl' "$H/state" "$T/state.a")" "create dirty create fresh create toy "
# shellcheck disable=SC2031
gives 0 "a login" gsp-ssh dirty true
is "nothing was deleted" "$(machines) $(firewalls)" "3 3"

# ---- one journal is damaged: it hides no other, and its machine is shown as the cloud knows it ----
cp "$H/state/dirty/session.json" "$T/good"
api PUT "/linode/instances/$(jq -r .linode_id "$T/good")" '{"label":"gsp-dirty"}' >/dev/null
printf '{"server":' >"$H/state/dirty/session.json"
gives 74 "a damaged journal" gsp-status --json
is "hides no server" "$(jq -r '"\(.server) \(.stage)"' "$T/out" | tr '\n' ' ')" "dirty damaged fresh created idle none toy stopped "
is "its machine is there with its price" "$(jq -r 'select(.server=="dirty") | "\(.linode_id) \(.hourly_usd > 0)"' "$T/out")" "$(linode dirty .id) true"
says "... and how many" "1 of the journals cannot be read"
gives 74 "the same from memory" gsp-status --cached
prints "named, with what to do" "state/dirty/session.json.*--rebuild|damaged"
gives 74 "of that one alone" gsp-status dirty
gives 1 "the others are as ever" gsp-status toy fresh --cached
mv "$H/state/dirty/session.json" "$T/bad"
gives 0 "moved away" gsp-status --rebuild
is "it is known again" "$(stage dirty) $(at dirty cat /tmp/toy.pid)" "running $PID"

# ---- the saves come home into an empty history ----
bg down gsp-down toy dirty fresh
bg_gives 0 "down" down
is "toy's save" "$(cat "$H/servers/toy/files/world/count") $(gsp_field 1 '"\(.kind) \(.parent)"')" "6 down 0"
is "dirty's save" "$(cat "$H/servers/dirty/files/world/count")" 1
is "nothing is left" "$(machines) $(firewalls)" "0 0"
gives 0 "nothing to rebuild" gsp-status --rebuild

# ---- cut off at every request, an agent instead of a file, two at once ----
gives 0 "up again" gsp-up toy
rm -rf "$H/state"
mv "$T/keys/owner" "$T/keys/away"
eval "$(ssh-agent -s)" >/dev/null
ssh-add -q "$T/keys/away"
for t in 0.05 0.1 0.2 0.3 0.4 0.5; do timeout -s KILL $t gsp-status --rebuild >/dev/null 2>&1; done
bg one gsp-status --rebuild
bg two gsp-status --rebuild
until_true 60 test -f "$T/one.rc" && until_true 60 test -f "$T/two.rc"
is "two at once: one does it, the other may be told to wait" \
	"$(sort -n "$T/one.rc" "$T/two.rc" | tr '\n' ' ' | sed 's/75/0/')" "0 0 "
gives 0 "after all that, over the agent" gsp-status --rebuild
kill "$SSH_AGENT_PID"
unset SSH_AUTH_SOCK SSH_AGENT_PID
is "it is known, once" "$(stage toy) $(jq -r 'select(.what=="create") | .session' "$H/state/ledger.jsonl" | sort -u | wc -l)" "running 1"
gives 0 "down" gsp-down toy
is "nothing is left" "$(machines) $(firewalls) $(cat "$H/servers/toy/files/world/count")" "0 0 7"
finish
