#!/bin/sh
# Whoever sees an `up` die may have had enough: the next command is `down`, at every step.
. test/faults/kill.sh
in_sandbox "$@"
FAULT_NAME="an up that died, then a down" FAULT_TOOLS="provision, down"

evening() {
	edit one
	AGAIN='gsp-down toy'
	phase give-up 'gsp-provision toy' none edited
	AGAIN=
}
campaign evening fresh
