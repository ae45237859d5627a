# The parts of an evening, tool by tool, each killed at each of its steps; see kill.sh. Sourced
# by kill_parts_I.t, which share the work.
# shellcheck shell=sh
. test/faults/kill.sh
in_sandbox "$@"
FAULT_NAME="parts of an evening" FAULT_TOOLS="provision, run, watch, sync, teardown"

evening() {
	edit one
	phase provision 'gsp-provision toy' created
	phase bootstrap 'gsp-run bootstrap toy' bootstrapped
	phase sync-up 'gsp-sync up toy' uploaded sent
	phase start 'gsp-run start toy' running plays
	phase watch 'gsp-watch --once toy' running plays
	phase stop 'gsp-run stop toy' stopped
	phase sync-down 'gsp-sync down toy' saved home_again
	phase teardown 'gsp-teardown toy' none edited
}
campaign evening on
