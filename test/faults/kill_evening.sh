# The first evening of a home, in two commands. Sourced by kill_evening_I.t, which share the work.
# shellcheck shell=sh
. test/faults/kill.sh
in_sandbox "$@"
FAULT_NAME="a first evening" FAULT_TOOLS="up, down"
OTHERS=4

evening() {
	edit one
	phase up 'gsp-up toy' running plays
	phase down 'gsp-down toy' none home_again
}
campaign evening fresh
