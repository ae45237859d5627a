#!/bin/sh
# Single moments of a signal: what is held off and for how long, what becomes of the script on the
# machine, of a terminal's ^C. Transfers: signals_sync.t. Each tool at each of its lines: test/faults/signals.t.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq python3
new_home

S=$H/servers
field() { jq -r "$1" "$T/answer"; }
# sent OPTIONS... -- COMMAND...: see test/signal_at; the answer in $T/answer
sent() { test/signal_at "$@" >"$T/answer"; }
gave() { # gave TEXT STATUS ALLS: with nothing left
	is "$1" "$(field '"\(.status) \(.alls | join(",")) \(.left | join(","))"')" "$2 $3 "
}
session() { jq -r ".$2" "$H/state/$1/session.json"; }
progress() { jq -r "$2" "$H/state/$1/progress.jsonl"; } # progress SERVER JQ-FILTER
on_machine() { at "$1" pgrep -xf "'$2'"; }              # on_machine SERVER REGEX-OF-A-COMMAND

for s in hung slow boot ready token; do
	server $s
done

# ---- an API that never answers holds ^C off for ten seconds and no more ----

create_rule() { # create_rule NAME FAULT [MORE]
	fault "{\"match\":{\"method\":\"POST\",\"path\":\"/linode/instances\",\"label\":\"gsp-$1\"},
		\"fault\":\"$2\"${3:+,$3}}"
}
create_rule hung hang
bg hung test/signal_at --on g6-nanode --late 300 -- gsp-provision hung

# ---- the create call: its answer is waited for, and kept ----

create_rule slow slow '"ms":1500'
sent --on g6-nanode --late 300 -- gsp-up slow
gave "a signal while the machine is bought" 130 'slow fail'
ok "... it was waited for" test "$(field .ms)" -gt 500
is "... and its id is on disk" "$(session slow 'linode_id > 0')" true
is "... the last line says that it costs" \
	"$(progress slow 'select(.step == "all" and .state == "fail") | .message' | grep -c 'goes on, and costs')" 1
gives 0 "... the same command again" gsp-up -q slow
is "... buys no second one" "$(requests POST '/linode/instances$')" 2 # and the hung one

# ---- the delete call ----

fault '{"match":{"method":"DELETE","path":"/linode/instances/*"},"fault":"slow","ms":1500}'
sent --on 'deleting gsp-slow' --late 300 --signal TERM -- gsp-down slow
gave "a signal while it is deleted" 143 'slow fail'
is "... it was heard out" "$(requests DELETE '/linode/instances/[0-9]+$')" 1
gives 0 "... the same command again" gsp-down -q slow
is "... the world is home" "$(cat "$S/slow/files/world/count")" 1

# ---- a script goes on there; the same one is followed, another takes its place ----

sed -i '1a echo first >>/tmp/ran; sleep 41' "$S/boot/bootstrap"
gives 0 "provision" gsp-provision -q boot
sent --on '"bootstrap","state":"start"' --late 700 --to group -- gsp-run bootstrap boot
gave "a signal while bootstrap runs" 130 'boot fail'
ok "... it goes on there" on_machine boot 'sleep 41'
is "... which is said" "$(progress boot 'select(.level == "warn").message' | grep -c "'bootstrap' goes on there")" 1
sent --on 'following it' --late 200 -- gsp-up boot
gave "... the next run follows it" 130 'boot fail'
sed -i 's/first/second/; s/sleep 41/sleep 1/' "$S/boot/bootstrap"
gives 0 "a bootstrap that was mended" gsp-up -q boot
ok "... the old one was ended" sh -c '! gsp-ssh boot pgrep -xf "sleep.41"'
is "... and the new one ran" "$(at boot cat /tmp/ran | tr '\n' ' ')" "first second "

sed -i '1a sleep 7' "$S/boot/stop" # longer than anybody waits for a busy script
sent --on '"stop","state":"start"' --late 700 --signal HUP -- gsp-down boot
gave "a signal while stop runs" 129 'boot fail'
gives 0 "... the same command again" gsp-down boot
says "... follows it" "'stop' is already running there"
is "... the game was stopped once" "$(cat "$S/boot/files/world/count")" 1

# ---- nothing is left waiting on the machine ----

sed -i 's,^/usr/bin/python3.*,sleep 1000 \&,' "$S/ready/start"
sent --on '"ready","state":"start"' --late 500 -- gsp-up ready
gave "a signal while the game is waited for" 130 'ready fail'
ok "... the wait there ends, too" until_true 5 sh -c '! gsp-ssh ready "pgrep -f [w]ait-ready" </dev/null'
is "... the game goes on" "$(stage ready)" running
sent --on '"ready","state":"start"' --late 200 --to pty -- gsp-up ready
gave "^C on a terminal" 130 'ready fail'

# ---- a token command that waits for ever; a pipe; a question ----

cp "$H/gsp.yaml" "$T/gsp.yaml"
printf '#!/bin/sh\nexec sleep 1000\n' >"$T/ask" && chmod 755 "$T/ask"
sed -i "s,^ *token_file:.*,  token_command: [$T/ask]," "$H/gsp.yaml"
asking() { LINODE_TOKEN='' test/signal_at --at 0 --late 700 --limit 20 --signal TERM -- gsp-provision token; }
asking >"$T/answer"
gave "a token command that never ends" 143 'token fail'
cp "$T/gsp.yaml" "$H/gsp.yaml"
sent --at 0 --late 500 --signal TERM --stdin open -- gsp-sync up -
gave "a record that never comes" 143 ''
sent --at 0 --late 700 --to pty -- gsp-teardown --discard-unsaved ready
gave "^C instead of an answer" 130 'ready fail'
is "... the machine is still there" "$(stage ready)" running

bg_gives 0 "an API that never answers" hung
cp "$T/out" "$T/answer"
gave "... the signal ended it" 130 'hung fail'
ok "... after ten seconds" test "$(field .ms)" -ge 9000 -a "$(field .ms)" -lt 15000
is "... and the next run will look first" "$(session hung phase)" posting

at ready 'echo played >/srv/toy/world/played'
gives 0 "down" gsp-down -q --even-if-playing ready
is "nothing is left" "$(machines) $(firewalls)" "0 1" # the hung one has a firewall
finish
