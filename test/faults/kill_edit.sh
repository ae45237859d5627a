# Edits at home are sent to a machine that has played: gsp-restart, and its parts. Sourced by
# kill_edit_I.t, which share the work.
# shellcheck shell=sh
. test/faults/kill.sh
in_sandbox "$@"
FAULT_NAME="edits sent to a running server" FAULT_TOOLS="restart, run, sync"

# what was edited at home is there; the world is the machine's
there() {
	edited
	[ "$(on cat /srv/toy/readme /srv/toy/mods/m.jar)" = "$EDIT
$EDIT" ] || bad "the machine has not what was edited"
}
restarted() { there && plays; }

evening() {
	OTHERS=4
	plain 'gsp-up toy'
	for i in 1 2 3; do
		! gsp-sync --help | grep -q -e --live || phase live 'gsp-sync down --live toy' running plays
		edit "for restart $i"
		phase restart 'gsp-restart toy' running restarted
		phase stop-resume 'gsp-run stop --resume toy' stopped
		edit "after stop $i"
		phase sync-edits 'gsp-sync up toy' stopped there
		phase start-again 'gsp-run start toy' running plays
	done
	OTHERS=20
	phase down-edited 'gsp-down toy' none home_again
}
campaign evening on
