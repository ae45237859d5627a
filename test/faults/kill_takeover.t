#!/bin/sh
# A computer that has lost its memory learns of its machine again, and is killed meanwhile.
. test/faults/kill.sh
in_sandbox "$@"
FAULT_NAME="a take-over, status" FAULT_TOOLS="status"

evening() {
	plain 'gsp-up toy'
	edit one
	for _ in 1 2 3 4 5 6 7 8; do
		rm -rf "$H/state/toy" # the ledger was kept
		phase take-over 'gsp-status --yes --take-over toy' running plays
		phase status 'gsp-status toy' running
	done
	plain 'gsp-down toy' none home_again
}
campaign evening on
