# Sourced by dns*.t after new_home (sh): the domain example.org is number $D.
# shellcheck shell=sh

S=$H/servers
dns() { # dns SERVER MAP: its setting
	sed -i '/^dns:/d' "$S/$1/server.yaml"
	[ -z "$2" ] || echo "dns: $2" >>"$S/$1/server.yaml"
}
records() { # records [NAME]: "TYPE TARGET TTL", sorted
	api GET "/domains/$D/records" | jq -r --arg n "${1-mc}" \
		'.data[] | select(.name == $n) | "\(.type) \(.target) \(.ttl_sec)"' | sort
}
record() { # record JSON: as a person makes one; its id
	api POST "/domains/$D/records" "$1" | jq -r .id
}
drop() { api DELETE "/domains/$D/records/$1" >/dev/null; }
ip4() { jq -r .ipv4 "$H/state/${1:-toy}/session.json"; }
ip6() { jq -r .ipv6 "$H/state/${1:-toy}/session.json"; }
ours() { # the two lines that point at its machine
	printf 'A %s %s\nAAAA %s %s\n' "$(ip4 "${1:-toy}")" "${2:-300}" "$(ip6 "${1:-toy}")" "${2:-300}"
}
shown() { gsp-status --json "${1:-toy}" 2>/dev/null | jq -r '.dns // "nothing"'; }
address() { gsp-status --json --cached "${1:-toy}" 2>/dev/null | jq -r .address; }
places() { jq '.places | length' "$H/state/${1:-toy}/dns.json" 2>/dev/null || echo none; }
nofaults() { control DELETE /faults >/dev/null; }
gone() { # gone SERVER: its machine is deleted behind our back
	machine_fault "gsp-$1" gone
}

