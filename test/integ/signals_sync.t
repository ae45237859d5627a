#!/bin/sh
# Signals, one or two, while files move: no process of ours is left, no transfer on the machine, no
# half generation; the same command again ends right.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq python3 tc
new_home

S=$H/servers
field() { jq -r "$1" "$T/answer"; }
# sent OPTIONS... -- COMMAND...: see test/signal_at; the answer in $T/answer
sent() { test/signal_at "$@" >"$T/answer"; }
gave() { # gave TEXT STATUS ALLS: with nothing left
	is "$1" "$(field '"\(.status) \(.alls | join(",")) \(.left | join(","))"')" "$2 $3 "
}
session() { jq -r ".$2" "$H/state/$1/session.json"; }
on_machine() { at "$1" pgrep -xf "'$2'"; } # on_machine SERVER REGEX-OF-A-COMMAND

server big
head -c 60000000 /dev/urandom >"$S/big/files/world/big"
up_to() { gsp-provision -q "$1" && gsp-run -q bootstrap "$1"; }
gives 0 "a machine for a large world" up_to big
slow_link() { # both ways 25 MB a second
	route=$(ip route get "$(session big ipv4)")
	tc qdisc add dev "$(echo "$route" | sed -n 's/.* dev \([^ ]*\).*/\1/p')" root tbf rate 200mbit \
		burst 100kb latency 100ms &&
		at big tc qdisc add dev eth0 root tbf rate 200mbit burst 100kb latency 100ms
}
ok "... and a slow link" slow_link
no_rsync() { ! on_machine big '[^ ]*rsync .*'; }
sent --on '"pct":[1-9]' -- gsp-sync up big
gave "a signal while files go up" 130 'big fail'
ok "... no transfer is left there" until_true 5 no_rsync
sent --on '"pct":[1-9]' --again 20 -- gsp-sync up big
gave "two signals" 130 ''
sent --on '"pct":[1-9]' --again 20 --to group -- gsp-up big
gave "two signals, to all of them" 130 ''
gives 0 "the same command again" gsp-up -q big
ok "... all of it is there" test "$(at big stat -c %s /srv/toy/world/big)" = 60000000
at big 'echo new >/srv/toy/world/new && head -c 60000000 /dev/urandom >/srv/toy/world/newbig &&
	chown game: /srv/toy/world/new*'
gives 0 "stop" gsp-run -q stop big
sent --on '"pct":[1-9]' --signal TERM -- gsp-sync down big
gave "a signal while files come down" 143 'big fail'
is "... there is no generation of it" "$(newest big)" 1
ok "... no transfer is left there" until_true 5 no_rsync
sent --on '"pct":[1-9]' --again 20 -- gsp-down big
gave "two signals" 130 ''
is "... there is no generation of it" "$(newest big)" 1
sent --on 'comparing checksums' --late 100 --to group -- gsp-down big
gave "a signal while checksums are compared" 130 'big fail'
gives 0 "the same command again" gsp-down -q big
is "... the save is home" "$(cat "$S/big/files/world/new") $(gsp_field "$(newest big)" .kind big)" "new down"
is "nothing is left" "$(machines) $(firewalls)" "0 0"
finish
