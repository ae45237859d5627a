#!/bin/sh
# The delete call fails in every way, before or after it was carried out, and its tool dies of
# it: status shows the machine and its price as long as it is there, and the next down ends it.
. test/integ/lib.sh
. test/faults/faults.sh
in_sandbox "$@"
need curl jq
new_home
id_of() { jq -r .linode_id "$H/state/$1/session.json"; }
failures='500 reset hang lost'
saved() { # a machine whose save is home
	gsp-up -q "$1" && gsp-run -q stop "$1" && gsp-sync -q down "$1"
}
for f in $failures; do
	for s in n-$f y-$f; do
		server "$s"
		bg "$s" saved "$s"
	done
done

fault_begin "API fails at delete" "gsp-down"
struck() { [ "$(control GET /log | jq --arg p "/linode/instances/$1\$" '[.requests[] |
	select(.method == "DELETE" and (.path | test($p)))] | length')" -gt 0 ]; }
for f in $failures; do
	for s in n-$f y-$f; do
		bg_gives 0 "$s: its save is home" "$s" 90
		commit=false
		[ "$s" = "n-$f" ] || commit=true
		kind=$f
		[ "$f" != lost ] || [ $commit = true ] || kind=503
		id=$(id_of "$s")
		fault "{\"match\":{\"method\":\"DELETE\",\"path\":\"/linode/instances/$id\"},\"times\":0,
			\"fault\":\"$kind\",\"commit\":$commit}"
		gsp-teardown "$s" >"$T/out" 2>"$T/err" </dev/null &
		pid=$!
		until_true 20 struck "$id"
		sleep 0.3
		kill -9 $pid 2>/dev/null
		wait $pid 2>/dev/null
		if [ $commit = false ]; then
			is "$kind at the delete: the machine is there" "$(labelled "$s")" 1
			gsp-status --json "$s" >"$T/out" 2>"$T/err" </dev/null
			is "... status shows it, its price and what goes on" "$(jq -r '"\(.stage) \(.linode_id) " +
				"\(.hourly_usd > 0) \(.next)"' "$T/out")" "deleting $id true gsp teardown $s"
		fi
		gives 65 "... nothing starts on it" gsp-run start "$s"
		control DELETE /faults >/dev/null
		recovers 0 "$kind at the delete, carried out: $commit: down ends it" gsp-down "$s"
		is "... nothing is left" "$(labelled "$s")" 0
		save_is "... the save is home" "$(count "$s")" 1
		is "... its hours are in the ledger once" "$(grep -c '"what":"delete","server":"'"$s"'"' "$H/state/ledger.jsonl")" 1
	done
done
all_shown
fault_end
is "nothing is left" "$(control GET /state | jq -r '[.machines[], .firewalls[] | .label] | join(" ")')" ""
finish
