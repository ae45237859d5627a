#!/bin/sh
# A machine changes homes: gsp status --take-over. Two homes, one account.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq ssh-keygen

mkdir "$T/keys" && chmod 700 "$T/keys"
for k in owner stranger; do ssh-keygen -q -t ed25519 -N '' -C $k -f "$T/keys/$k"; done
ssh-keygen -q -t ed25519 -N secret -C locked -f "$T/keys/locked"

keys() { sed -i "s|^ssh_keys:.*|ssh_keys: [$1]|" "$H/gsp.yaml"; }
use() { H=$T/$1 GSP_HOME=$H && export GSP_HOME; }
id_of() { sed -n 's/^home: *\([a-z0-9]*\).*/\1/p' "$T/$1/gsp.yaml"; }
take() { gsp-status --take-over toy --yes "$@"; }
journal() { jq -r "$1" "$H/state/toy/session.json"; }
linode() { api GET /linode/instances | jq -r ".data[0]$1"; }
home_tag() { linode '.tags[]' | sed -n 's/^gsp-home://p'; }
fw_tag() { api GET /networking/firewalls | jq -r '.data[0].tags[]' | sed -n 's/^gsp-home://p'; }
set_tags() { api PUT "/linode/instances/$(linode .id)" "{\"tags\":$1}" >/dev/null; }
# the machine's own word, over an owner's key: whatever the homes think of it
there() {
	ssh -n -i "$T/keys/owner" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o LogLevel=ERROR "root@$(linode '.ipv4[0]')" "$@"
}
mark() { there cat /var/lib/gsp/session.json | jq -r "$1"; }
pid() { there cat /tmp/toy.pid; }
lines() { grep -c "\"what\":\"$1\"" "$H/state/ledger.jsonl"; }

new_home a && keys "$T/keys/owner.pub" && A=$(id_of a)
echo 5 >"$H/servers/toy/files/world/count"
new_home b && keys "$T/keys/owner.pub" && B=$(id_of b)
# what B has of that server is old
echo 99 >"$H/servers/toy/files/world/count"
echo old >"$H/servers/toy/files/world/stale"

use a
gives 0 "home a brings it up" gsp-up toy
set_tags "$(linode .tags | jq -c '. + ["party"]')"
PID=$(pid)

# ---- before: home b may look ----
use b
gives 69 "an unknown server" gsp-status --take-over nosuch --yes
gives 64 "an operand too many" gsp-status --take-over toy toy --yes
gives 1 "home b sees a machine of another home" gsp-status toy
prints "as such, with the command" 'other-home.*gsp status --take-over toy'
is "listed once" "$(gsp-status --json 2>/dev/null | grep -c other-home)" 1
gives 65 "it does not bring it up" gsp-up toy
says "and names what would" "belongs to another home, '$A'.*gsp status --take-over toy"
gives 65 "its down says whose the machine is" gsp-down toy
gives 65 "its teardown, too" gsp-teardown --discard-unsaved --yes toy
is "the machine is there" "$(machines) $(pid)" "1 $PID"

gives 65 "no take-over off a terminal without --yes" gsp-status --take-over toy
says "says so" 'give --yes'
is "and nothing changed" "$(mark .home) $(home_tag) $(test -e "$H/state/toy/session.json" || echo none)" \
	"$A $A none"

keys "$T/keys/gone.pub, $T/keys/locked.pub, $T/keys/stranger.pub"
gives 77 "no key that opens it" take
says "one is not there" "keys/gone' is not there"
says "one has a passphrase" "keys/locked' has a passphrase"
says "one is refused" "keys/stranger' the machine refused it"
keys ""
gives 77 "no key at all" take
says "says so" 'ssh_keys in gsp.yaml is empty'
keys "$T/keys/locked.pub, $T/keys/owner.pub"

TAGS=$(linode .tags | jq -c .)
set_tags "$(printf %s "$TAGS" | jq -c 'map(if startswith("gsp-hk:") then "gsp-hk:0123456789012345678901234567890123456789" else . end)')"
gives 77 "a host key with another hash" take
says "is refused before the login" 'WRONG HOST KEY'
set_tags "$(printf %s "$TAGS" | jq -c 'map(select(startswith("gsp-hk:") | not))')"
gives 65 "a machine without the hash of its key" take
says "names the tag" "does not carry the tag 'gsp-hk:HASH'"
set_tags "$(printf %s "$TAGS" | jq -c 'map(if startswith("gsp-session:") then "gsp-session:othersid" else . end)')"
gives 65 "a marker of another session than the tags'" take
says "names both" 'says that it is of server .*othersid'
set_tags "$TAGS"
sed -i 's|^dir: .*|dir: /srv/other|' "$H/servers/toy/server.yaml"
gives 65 "another dir in server.yaml" take
says "names it" "files are in '/srv/other'.*no such directory"
sed -i 's|^dir: .*|dir: /srv/toy|' "$H/servers/toy/server.yaml"
is "nothing changed by all that" "$(mark .home) $(home_tag) $(fw_tag)" "$A $A $A"

# ---- cut off: home a is locked out only once home b holds a journal ----
cut_off() { # cut_off TEXT FAULT [COMMAND...]: kill -9 when this request of a take-over hangs
	control DELETE /log >/dev/null
	cut_text=$1
	fault "$2"
	shift 2
	[ $# -gt 0 ] || set -- gsp-status --take-over toy --yes
	"$@" >"$T/out" 2>"$T/err" </dev/null &
	victim=$!
	if until_true 20 struck; then pass "$cut_text"; else fail "$cut_text"; fi
	kill -9 $victim
	wait $victim 2>/dev/null
	control DELETE /faults >/dev/null
}
struck() { control GET /log | jq -e '[(.log? // .requests? // .)[] | select(.fault != null and .fault != "")] | length > 0'; }
ours() { # ours TEXT: home a still has it
	use a
	gives 0 "$1: home a goes on" gsp-sync diff toy
	is "$1: and sees it running" "$(stage toy)" running
	use b
}
theirs() { # theirs TEXT: neither home touches it
	use a
	gives 65 "$1: home a refuses" gsp-run stop toy
	says "$1: and says who has it" "home '$B'"
	use b
	gives 65 "$1: home b goes on only with the take-over" gsp-down toy
	says "$1: and says so" 'take-over of .toy. .*is not finished; run .gsp status --take-over toy'
	gives 65 "$1: nor is it deleted" gsp-teardown toy
	is "$1: status, too" "$(stage toy)" other-home
}

cut_off "killed before the journal" \
	'{"match":{"method":"GET","path":"/linode/types/*"},"times":1,"fault":"hang"}'
is "no journal" "$(test -e "$H/state/toy/session.json" || echo none)" none
ours "before the journal"

# the lock on the machine: as if home a were moving files this very moment
there "nohup flock /var/lib/gsp/lock sleep 7 >/dev/null 2>&1 &"
gives 75 "home a is at work on it" take
is "a journal, not more" "$(journal .taking_from) $(mark .home) $(home_tag)" "$A $A $A"
ours "before the marker"
gives 65 "before the marker: home b refuses" gsp-run stop toy
says "before the marker: and says so" 'is not finished'
cp -R "$H/state" "$T/state.b"
gives 0 "before the marker: it can be given up" gsp-teardown --discard-unsaved --yes toy
says "before the marker: and nothing is deleted" 'nothing was deleted'
is "before the marker: it runs on" "$(machines) $(pid)" "1 $PID"
rm -rf "$H/state" && mv "$T/state.b" "$H/state"

cut_off "killed before the tag" \
	'{"match":{"method":"PUT","path":"/linode/instances/*"},"times":1,"fault":"hang"}'
is "the marker says b" "$(mark .home) $(home_tag)" "$B $A"
theirs "before the tag"
cut_off "killed when the tag is written" \
	'{"match":{"method":"PUT","path":"/linode/instances/*"},"times":1,"fault":"hang","commit":true}'
is "the tag says b" "$(mark .home) $(home_tag) $(fw_tag)" "$B $B $A"
theirs "after the tag"
cut_off "killed at the firewall's tag" \
	'{"match":{"method":"PUT","path":"/networking/firewalls/*"},"times":1,"fault":"hang"}'
theirs "before the firewall's tag"

# ---- over to b, while the game runs ----
gives 0 "the same command again finishes it" take
prints "and shows it" 'toy +running'
says "and says who is locked out" "home '$A' refuses to touch it"
is "all say b" "$(mark .home) $(home_tag) $(fw_tag) $(journal '.taking_from // "none"')" "$B $B $B none"
is "other tags stay" "$(linode '.tags | sort | join(" ")' | sed 's/gsp-[a-z]*:[a-z0-9]*/-/g')" "gsp - - - - - party"
is "the game never noticed" "$(pid)" "$PID"
is "a's 1 is not b's 1" "$(mark .base) $(journal .base)" "0 0"
is "the price is known" "$(journal '.hourly_usd > 0')" true
is "it is in the ledger" "$(test "$(lines take-over)" -ge 1 && echo yes)" yes
is "one line of ours on the machine" "$(there grep -c -F "'$(cut -d' ' -f2 "$H/state/toy/id_ed25519.pub")'" /root/.ssh/authorized_keys)" 1
gives 0 "running for b" gsp-status toy
gives 0 "once more is success" take
says "it is ours already" "is this home's already"
gives 0 "up is success" gsp-up toy
says "and sends nothing" 'nothing is sent'

# ---- what home a may still do ----
use a
gives 1 "home a sees that it moved" gsp-status toy
prints "and how to go on" "other-home.*gsp down toy.*home $B"
is "known without a probe" "$(gsp-status --json | jq -r 'select(.server=="toy").home')" "$B"
for what in "gsp-up toy" "gsp-provision toy" "gsp-restart toy" "gsp-run start toy" \
	"gsp-run stop toy" "gsp-sync up toy" "gsp-sync down toy"; do
	# shellcheck disable=SC2086
	gives 65 "home a: $what" $what
	says "home a: $what says who has it" "home '?$B"
done
is "nothing was touched" "$(machines) $(pid) $(mark .home) $(mark .state)" "1 $PID $B dirty"
cp -R "$H/state" "$T/state.a"
gives 0 "home a: teardown --discard-unsaved only forgets" gsp-teardown --discard-unsaved --yes toy
says "and says so" "nothing was deleted, this home only forgot it"
is "the machine runs on" "$(machines) $(firewalls) $(pid)" "1 1 $PID"
is "its session is ended" "$(jq -r .ended "$H"/state/toy/ended/*.json)" "moved to home $B"
rm -rf "$H/state" && cp -R "$T/state.a" "$H/state"
gives 0 "home a: down only forgets, too" gsp-down toy
is "the machine runs on" "$(machines) $(firewalls) $(pid)" "1 1 $PID"
is "the ledger knows" "$(lines moved)" 1
gives 65 "home a: up is refused" gsp-up toy
gives 65 "home a: down again says whose it is" gsp-down toy

# ---- home b brings it down ----
use b
gives 0 "restart" gsp-restart toy
echo older >"$H/servers/toy/files/world/stale2"
gives 65 "nothing can be compared" gsp-sync up toy -- readme
gives 0 "b: down" gsp-down toy
is "the save is home in b" "$(cat "$H/servers/toy/files/world/count")" 7
is "as the game left it" "$(ls "$H/servers/toy/files/world")" count
is "what b had is in generations" "$(cat "$(gen 1)/world/stale" "$(gen 2)/world/stale2" | tr '\n' ' ')$(gsp_field 2 .kind)" \
	"old older edit"
is "the save has no parent here" "$(gsp_field 3 '"\(.kind) \(.parent)"')" "down 0"
is "nothing is left" "$(machines) $(firewalls)" "0 0"
use a # if it had not been asked while the machine was there
cp -R "$H/state" "$T/state.new" && rm -rf "$H/state" && cp -R "$T/state.a" "$H/state"
is "for home a it is lost" "$(stage toy)" lost
gives 65 "it does not go on from what is old by itself" gsp-up toy
rm -rf "$H/state" && mv "$T/state.new" "$H/state"
use b

# ---- state/ lost, and found again ----
gives 0 "b: up" gsp-up toy
is "with b's own base" "$(mark .base)" 3
echo edit >"$H/servers/toy/files/readme"
rm -rf "$H/state"
is "the machine of nobody" "$(stage toy)" stray
gives 65 "up without state/" gsp-up toy
says "names what helps" 'was state/ lost.*gsp status --take-over toy'
gives 0 "taken back" take
says "it is known again" 'is known again'
is "with its base" "$(mark .base) $(journal .base)" "3 3"
is "running" "$(stage toy)" running
gives 65 "edits are found" gsp-up toy
gives 0 "and sent" gsp-restart toy
is "there" "$(there cat /srv/toy/readme)" edit

# ---- a save that is in b alone, and a delete that b was about to do ----
gives 0 "b: stop" gsp-run stop toy
gives 0 "b: sync down" gsp-sync down toy
rm -rf "$H/state"
gives 0 "b: state/ lost after that" take
is "the save is known to be home" "$(mark .state) $(journal '"\(.phase) \(.saved)"')" "saved saved $(newest)"
cut_off "b: killed when it deletes" \
	'{"match":{"method":"DELETE","path":"/linode/instances/*"},"times":1,"fault":"hang"}' gsp-teardown toy
is "it was permitted" "$(mark .state) $(journal .phase) $(machines)" "closing deleting 1"
use a
gives 0 "a takes it over all the same" take
is "the save has to come home here" "$(mark .state) $(journal .phase)" "stopping stopped"
use b
is "b sees it" "$(stage toy)" other-home
gives 0 "b does not go on deleting" gsp-teardown toy
says "it forgets" 'nothing was deleted'
is "it is there" "$(machines)" 1
use a
gives 0 "a: down" gsp-down toy
is "the save is home in a" "$(cat "$H/servers/toy/files/world/count") $(cat "$H/servers/toy/files/readme")" "9 edit"
is "nothing is left" "$(machines) $(firewalls)" "0 0"

# ---- fresh, off, there and back ----
use a
gives 0 "a: a machine and nothing else" gsp-provision toy
use b
gives 0 "b takes it over" take
is "created" "$(journal .phase) $(journal .start_intent)" "created false"
use a
gives 0 "a takes it back with its own journal" take
gives 0 "a: up goes on from there" gsp-up toy
machine_fault gsp-toy poweroff
off() { [ "$(linode .status)" = offline ]; }
until_true 20 off
use b
gives 0 "b boots a machine that is off" take
is "whose game has crashed" "$(stage toy)" crashed
gives 0 "b: up starts it" gsp-up toy

# killed at any moment, and run again
who=a
for t in 0.1 0.15 0.2 0.25 0.3 0.35 0.4 0.5 0.6 0.9; do
	use $who
	timeout -s KILL $t gsp-status --take-over toy --yes >/dev/null 2>&1 </dev/null
	note "killed after $t s: journal $(test -e "$H/state/toy/session.json" && journal '.taking_from // "whole"'), marker $(mark .home), tag $(home_tag)"
	ok "killed after $t s, again" take
	is "killed after $t s: all say so" "$(mark .home) $(home_tag) $(fw_tag)" "$(id_of $who) $(id_of $who) $(id_of $who)"
	[ $who = a ] && who=b || who=a
done
[ $who = a ] && who=b || who=a
use $who
gives 0 "the last one has it" gsp-status toy
COUNT=$(there cat /srv/toy/world/count)
gives 0 "and brings it down" gsp-down toy
is "with its save" "$(cat "$H/servers/toy/files/world/count")" $((COUNT + 1))
is "nothing is left" "$(machines) $(firewalls)" "0 0"
finish
