# The parts of an evening, tool by tool, each killed at each of its steps; see kill.sh. Sourced
# by kill_parts_I.t, which share the work.
# shellcheck shell=sh
. test/faults/kill.sh
in_sandbox "$@"
FAULT_NAME="parts of an evening" FAULT_TOOLS="provision, run, lease, watch, sync, teardown"

# The file, the tag and the ledger say the same, and it is longer than at the start.
leased() {
	until=$(date -u -d "$(jq -r .until "$H/state/toy/lease.json")" +%s)
	[ "$(api GET /linode/instances | jq -r '.data[0].tags[] | select(startswith("gsp-lease:"))')" = "gsp-lease:$until" ] ||
		bad "the tag is not the lease's"
	[ "$until" -gt $(($(date -u -d "$(jq -r .created "$H/state/toy/session.json")" +%s) + 22000)) ] ||
		bad "the lease was not extended"
	ledger_has "$(jq -r .session "$H/state/toy/session.json")" lease
}

evening() {
	edit one
	phase provision 'gsp-provision toy' created
	phase bootstrap 'gsp-run bootstrap toy' bootstrapped
	phase sync-up 'gsp-sync up toy' uploaded sent
	phase start 'gsp-run start toy' running plays
	phase lease 'gsp-lease toy hold 7h' running leased
	phase watch 'gsp-watch --once toy' running plays
	phase stop 'gsp-run stop toy' stopped
	phase sync-down 'gsp-sync down toy' saved home_again
	phase teardown 'gsp-teardown toy' none edited
}
campaign evening on
