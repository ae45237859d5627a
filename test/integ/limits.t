#!/bin/sh
# limits: monthly_usd: a start that would pass it buys nothing and says why; what was bought goes
# on; two at once do not spend the same dollar twice.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq
new_home

labelled() { control GET /state | jq --arg l "gsp-$1" '[.machines[] | select(.label == $l)] | length'; }
posted() { # posted NAME: how often the cloud was asked to make its machine
	control GET /log | jq --arg l "gsp-$1" '[.requests[] | select(.method == "POST" and
		(.path | test("/linode/instances$")) and .body.label == $l)] | length'
}
home_limit() { # home_limit DOLLARS; nothing: none
	sed -i '/^limits:/d' "$H/gsp.yaml"
	[ -z "${1:-}" ] || echo "limits: {monthly_usd: $1}" >>"$H/gsp.yaml"
}
server_limit() { # server_limit SERVER [DOLLARS]
	sed -i '/^limits:/d' "$H/servers/$1/server.yaml"
	[ -z "${2:-}" ] || echo "limits: {monthly_usd: $2}" >>"$H/servers/$1/server.yaml"
}
plus() { awk -v a="$spent" -v b="$1" 'BEGIN { printf "%.4f", a + b }'; } # dollars more than $spent
month=$(date -u +%Y-%m)

# a nanode is 0.0075 dollars an hour

# ---- a limit below the first hour ----

home_limit 0.0074
gives 69 "too little for an hour: --check" gsp-up --check toy
says "... says so" 'starting .toy. would pass the limit of all servers: \$0\.00 spent this month, \$0\.00 for what runs now, \$0\.0075 for the first hour of g6-nanode-1; the limit is \$0\.0074'
gives 69 "too little for an hour: up" gsp-up toy
says "... says what to do" 'raise limits: monthly_usd in gsp\.yaml, or wait until [0-9]{4}-[0-9]{2}-01 \(UTC\)'
is "... nothing was bought" "$(machines) $(posted toy) $(firewalls)" "0 0 0"
is "... and no session begun" "$(ls "$H/state/toy/session.json" 2>/dev/null)" ""
home_limit 0
gives 69 "a limit of nothing" gsp-provision toy
home_limit 0.0075
gives 0 "just the first hour" gsp-provision toy
is "... is allowed" "$(machines)" 1

# ---- what runs counts, and goes on ----

server two
gives 69 "a second server" gsp-up two
says "... counts what runs" '\$0\.00 spent this month, \$0\.0075 for what runs now, \$0\.0075 for the first hour'
gives 0 "up of what was bought" gsp-up toy
is "... is no start" "$(stage toy) $(posted toy)" "running 1"
home_limit 0.001
gives 0 "the limit is passed: up again" gsp-up toy
gives 0 "... status" gsp-status toy
is "... what runs goes on" "$(labelled toy)" 1
home_limit 0.015
gives 0 "exactly the limit" gsp-provision two
is "... is allowed" "$(labelled two)" 1

# ---- what has ended counts for its month ----

gives 0 "down" gsp-down toy two
server three
gives 69 "a third" gsp-up three
says "... what was spent is spent" '\$0\.015 spent this month, \$0\.00 for what runs now'
sed "s/\"$month-[0-9T:]*Z\"/\"2024-02-01T00:00:00Z\"/g" "$H/state/ledger.jsonl" >"$T/past"
cp "$H/state/ledger.jsonl" "$T/ledger"
cp "$T/past" "$H/state/ledger.jsonl"
gives 0 "in another month" gsp-up --check three
cp "$T/ledger" "$H/state/ledger.jsonl"

# ---- a server's own ----

home_limit 1
server_limit toy 0.0075
gives 69 "a server's own limit" gsp-up toy
says "... names its file" 'limit of this server: \$0\.0075 spent.*raise limits: monthly_usd in servers/toy/server\.yaml'
gives 0 "... holds for it alone" gsp-up --check three
home_limit
gives 69 "... and without one for all" gsp-up --check toy
server_limit toy
gives 0 "no limit" gsp-up --check toy

# ---- the price is that of the place that is bought ----

server ladder
sed -i 's/^type: .*/type: [g6-nanode-1, g6-standard-1]/' "$H/servers/ladder/server.yaml"
server_limit ladder 0.01
fault '{"match":{"method":"POST","path":"/linode/instances","label":"gsp-ladder","type":"g6-nanode-1"},"fault":"nocapacity","times":9}'
gives 0 "the first rung is within the limit" gsp-up --check ladder
gives 69 "... the second is not" gsp-up ladder
says "... with its price" '\$0\.018 for the first hour of g6-standard-1; the limit is \$0\.01'
is "... and was not asked for" "$(control GET /log | jq '[.requests[] | select(.method == "POST" and
	(.body.label? == "gsp-ladder") and .body.type? == "g6-standard-1")] | length')" 0
is "... no machine" "$(labelled ladder)" 0
control DELETE /faults >/dev/null
gives 0 "capacity again" gsp-provision ladder
is "... within the limit" "$(jq -r .type "$H/state/ladder/session.json")" g6-nanode-1
gives 0 "down" gsp-down ladder

# ---- four fifths are a warning ----

server_limit ladder 0.018
gives 0 "near the limit" gsp-provision ladder
says "... is said" 'warning: with its first hour, \$0\.015 of the \$0\.018 this server may cost this month are spent'
is "... once" "$(grep -c 'may cost this month' "$T/err")" 1
gives 0 "down" gsp-down ladder

# ---- an answer that is lost may be a machine ----

spent=$(gsp-cost --by total --json | jq .usd)
server lost
server next
fault '{"match":{"method":"POST","path":"/linode/instances","label":"gsp-lost"},"fault":"hang","commit":true}'
gsp-provision lost >/dev/null 2>&1 </dev/null &
pid=$!
until_true 20 grep -q '"posting"' "$H/state/lost/session.json"
until_true 20 test "$(labelled lost)" = 1
kill -9 "$pid"
wait "$pid" 2>/dev/null
home_limit "$(plus 0.0149)"
gives 69 "another start meanwhile" gsp-up --check next
says "... counts it as one that runs" '\$0\.0075 for what runs now'
home_limit "$(plus 0.0075)"
gives 0 "it is gone on with" gsp-provision lost
is "... one machine" "$(labelled lost) $(posted lost)" "1 1"
gives 0 "down" gsp-down lost

# ---- two at once, and money for one ----

spent=$(gsp-cost --by total --json | jq .usd)
home_limit "$(plus 0.0110)"
for s in race1 race2 race3; do
	server "$s"
	bg "$s" gsp-provision "$s"
done
for s in race1 race2 race3; do until_true 60 test -f "$T/$s.rc"; done
is "three at once, money for one" "$(cat "$T/race1.rc" "$T/race2.rc" "$T/race3.rc" | sort | tr '\n' ' ')" "0 69 69 "
is "... one machine" "$(($(labelled race1) + $(labelled race2) + $(labelled race3)))" 1
home_limit
gives 0 "down, all of them" gsp-down race1 race2 race3
is "nothing is left" "$(machines)" 0

# ---- what cannot be added up ----

home_limit 1
mv "$H/state/ledger.jsonl" "$T/kept" && mkdir "$H/state/ledger.jsonl"
gives 74 "a ledger that cannot be read" gsp-up toy
is "... nothing is bought" "$(machines)" 0
rmdir "$H/state/ledger.jsonl" && cp "$T/kept" "$H/state/ledger.jsonl"
echo garbage >>"$H/state/ledger.jsonl"
gives 0 "a line that makes no sense" gsp-up --check toy
says "... is said" 'ledger\.jsonl:[0-9]+: not JSON; the limit does not count it'
gives 78 "a limit that is no amount" sh -c "sed -i 's/^limits:.*/limits: {monthly_usd: lots}/' '$H/gsp.yaml' && gsp-up --check toy"
finish
