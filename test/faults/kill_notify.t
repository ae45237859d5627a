#!/bin/sh
# Notices: given and sent. One that was given is sent; sent twice at most once for each kill.
. test/faults/kill.sh
in_sandbox "$@"
FAULT_NAME="a notice" FAULT_TOOLS="notify"

waiting() { find "$H/state/notify" -name '0*.json' 2>/dev/null | wc -l; }
queued() {
	GIVEN=$(waiting)
	[ "$GIVEN" -ge 1 ] || bad "the notice is lost"
}
sent() {
	[ "$(waiting)" = 0 ] || bad "$(waiting) notices were not sent"
	n=$(grep -c '"text":"hello"' "$H/told.json")
	[ "$n" -ge "$GIVEN" ] || bad "only $n of $GIVEN notices arrived"
	[ "$n" -le $((GIVEN + 1)) ] || bad "$GIVEN notices arrived $n times"
	: >"$H/told.json"
}

evening() {
	if [ ! -e "$H/told" ]; then
		printf '#!/bin/sh\ncat >>"$GSP_HOME/told.json"\n' >"$H/told"
		chmod +x "$H/told"
		echo 'notify: [{command: [./told]}]' >>"$H/gsp.yaml"
		ID=$(gsp-notify --test --json | jq -r .id)
		: >"$H/told.json"
	fi
	# as if one were at work: no sender of its own is started, which would be killed by chance
	exec 8>>"$H/state/notify/$ID/lock"
	flock 8
	phase give 'gsp-notify toy failed hello' none queued
	exec 8>&-
	phase send "gsp-notify --send $ID" none sent
}
campaign evening on
