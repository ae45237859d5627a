#!/bin/sh
# The metadata service: what a session's user data holds is read by root of the machine and by
# nobody else in there, also after a reboot.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq
new_home home

# Run as a user of the machine; the words are its shell's.
as() { # as USER SCRIPT
	on setpriv --reuid "$1" --regid "$1" --clear-groups sh -c "'$2'"
}
V4=169.254.169.254
V6='[fd00:a9fe:a9fe::1]'
# A user's whole way to the user data at address $2; the timeout is far above what an answer takes.
user_data() { # user_data USER ADDRESS
	as "$1" "t=\$(curl -sf -m 3 -X PUT -H \"Metadata-Token-Expiry-Seconds: 60\" http://$2/v1/token) &&
		curl -sf -m 3 -H \"Metadata-Token: \$t\" http://$2/v1/user-data | base64 -d"
}
reads() { user_data "$1" "$2" | grep -q ed25519_private; }
hidden() { # hidden USER ADDRESS: not an answer of any kind: the packets go nowhere
	as "$1" "curl -s -o /dev/null -m 2 -X PUT http://$2/v1/token"
	[ "$?" = 28 ]
}

gives 0 "up" gsp-up toy
ok "root reads the user data" reads root "$V4"
user_data root "$V4" >"$T/read"
is "which are those of this session" "$(sed -n 's/.*ed25519_public: "\(.*\)"/\1/p' "$T/read" | cut -d' ' -f1,2)" \
	"$(gsp-up toy 2>/dev/null | jq -r .ssh.host_key | cut -d' ' -f1,2)"
ok "the game's user does not" hidden game "$V4"
ok "nor does another" hidden 65534 "$V4"
v6=$(control GET /state | jq -r '.machines[0].ipv6')
if [ -n "$v6" ]; then
	ok "root reads them by IPv6" reads root "$V6"
	ok "the game's user does not" hidden game "$V6"
fi

# The service itself
api_of() { on "curl -s -m 3 -o /tmp/answer -w %{http_code} $*"; }
is "without a token: 401" "$(api_of "http://$V4/v1/user-data")" 401
is "with a made-up token: 401" "$(api_of "-H 'Metadata-Token: 0123' http://$V4/v1/instance")" 401
is "a token wants a time: 400" "$(api_of "-X PUT http://$V4/v1/token")" 400
is "a token is PUT: 405" "$(api_of "http://$V4/v1/token")" 405
t=$(on curl -s -X PUT -H "'Metadata-Token-Expiry-Seconds: 60'" "http://$V4/v1/token")
is "another page: 404" "$(api_of "-H 'Metadata-Token: $t' http://$V4/v1/nothing")" 404
on curl -s -H "'Metadata-Token: $t'" -H "'Accept: application/json'" "http://$V4/v1/instance" >"$T/instance"
is "who we are" "$(jq -r '"\(.label) \(.type) \(.region) \(.specs.vcpus)"' "$T/instance")" \
	"gsp-toy g6-nanode-1 us-ord 1"

# It is the rule that hides it.
on nft delete table inet gsp_metadata
ok "without the rule anybody could read it" reads game "$V4"

# A reboot typed inside brings the rule back, before anybody can log in.
boot_id() { on cat /proc/sys/kernel/random/boot_id; }
before=$(boot_id)
on reboot >/dev/null 2>&1
other_boot() { now=$(boot_id) && [ "$now" != "$before" ]; }
ok "the machine boots again" until_true 30 other_boot
ok "the game's user reads nothing after it" hidden game "$V4"
ok "root does" reads root "$V4"
is "it was no business of the watchdog's" \
	"$(api GET /account/events | jq '[.data[] | select(.action == "lassie_reboot")] | length')" 0
is "the server is crashed: its game did not come back" "$(stage toy)" crashed
gives 0 "up starts it" gsp-up toy
ok "hidden from the new game, too" hidden game "$V4"
gives 0 "down" gsp-down toy
is "nothing is left" "$(machines) $(firewalls)" "0 0"
finish
