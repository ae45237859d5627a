#!/bin/sh
# A name that follows the machine, killed at each step that has to do with it: no record is doubled,
# none is left, and the script hears of both.
KILL_STEP='domains|dns'
. test/faults/kill.sh
in_sandbox "$@"
FAULT_NAME="a name" FAULT_TOOLS="provision, teardown"

DOMAIN=$(api POST /domains '{"domain":"example.org","type":"master","soa_email":"a@example.org"}' | jq -r .id)
records() { # "TYPE TARGET" of the name, sorted
	api GET "/domains/$DOMAIN/records" | jq -r '.data[] | "\(.type) \(.target)"' | sort | tr '\n' ' '
}
enough() { # enough PHASE: it has steps that were looked for
	[ "$ROUND" != 1 ] || [ "$(cat "$LOGS/$1.all")" -ge $((12 / ${KILL_SAMPLE:-1})) ] || bad "no steps in $1"
}
named() {
	enough provision
	want="A $(jq -r .ipv4 "$H/state/toy/session.json") AAAA $(jq -r .ipv6 "$H/state/toy/session.json") "
	[ "$(records)" = "$want" ] || bad "the records are '$(records)'"
	[ "$(jq -r .name "$H/state/toy/session.json")" = mc.example.org ] || bad "the journal has no name"
	[ "$(tail -n 1 "$H/calls")" = up ] || bad "the script was not told"
}
nameless() {
	enough teardown
	[ -z "$(records)" ] || bad "left in DNS: $(records)"
	[ ! -e "$H/state/toy/dns.json" ] || bad "left: $(cat "$H/state/toy/dns.json")"
	[ "$(tail -n 1 "$H/calls")" = down ] || bad "the script was not told"
}
evening() {
	echo 'dns: {domain: example.org, name: mc}' >>"$H/servers/toy/server.yaml"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\necho "$1" >>"$GSP_HOME/calls"\n' >"$H/servers/toy/dns"
	chmod +x "$H/servers/toy/dns"
	phase provision 'gsp-provision toy' created named
	phase teardown 'gsp-teardown toy' none nameless
	# a case that went wrong must not spoil the next
	api GET "/domains/$DOMAIN/records" | jq -r '.data[].id' | while read -r id; do
		api DELETE "/domains/$DOMAIN/records/$id" >/dev/null
	done
}
campaign evening fresh
