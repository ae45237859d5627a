#!/bin/sh
# A name that stays: records in Linode's DNS follow the machine, nobody else's are touched, nothing
# leads to a machine that is gone; and the script dns with its example for DuckDNS.
SANDBOX_ARGS='--token=all --token=narrow=linodes:read_write,firewall:read_write,events:read_only'
. test/integ/lib.sh
in_sandbox "$@"
need curl jq python3
new_home

S=$H/servers
dns() { # dns SERVER MAP: its setting
	sed -i '/^dns:/d' "$S/$1/server.yaml"
	[ -z "$2" ] || echo "dns: $2" >>"$S/$1/server.yaml"
}
records() { # records [NAME]: "TYPE TARGET TTL", sorted
	api GET "/domains/$D/records" | jq -r --arg n "${1:-mc}" \
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

# ---- before anything is bought ----

dns toy '{domain: example.org, name: mc, ttl: 300}'
gives 78 "a domain that the account does not have" gsp-up toy
says "what to do" "no domain 'example.org'; create it in Linode's DNS Manager"
is "nothing was bought" "$(machines)" 0
gives 78 "--check says the same" gsp-up --check toy
D=$(api POST /domains '{"domain":"example.org","type":"master","soa_email":"a@example.org"}' | jq -r .id)
gives 0 "with the domain" gsp-up --check toy
gives 77 "a token that may not" env LINODE_TOKEN=narrow gsp-up --check toy
says "says which scope" "lacks the scope 'domains:read_write'.*with scopes .*domains:read_write"
dns toy ''
gives 0 "it is not asked for without dns:" env LINODE_TOKEN=narrow gsp-up --check toy
dns toy '{domain: example.org, name: mc, ttl: 300}'
api PUT "/domains/$D" '{"status":"disabled"}' >/dev/null
gives 78 "a domain that is switched off" gsp-up --check toy
says "says so" "'example.org' is disabled"
api PUT "/domains/$D" '{"status":"active"}' >/dev/null
fault '{"match":{"path":"/domains*"},"fault":500,"times":0}'
gives 0 "an API in trouble is no reason not to play" gsp-up --check toy
says "and is a warning" 'HTTP 500'
nofaults
api GET '/_nothing' >/dev/null
dns toy '{domain: example.org, name: mc, tll: 300}'
gives 78 "a key that nobody knows" gsp-up toy
says "with its place" "server.yaml:[0-9]*:[0-9]*: unknown key 'tll' in dns.*ttl"
dns toy '{domain: example.org, name: mc, ttl: 300}'

# ---- an evening ----

other=$(record '{"type":"A","name":"www","target":"203.0.113.1","ttl_sec":300}')
sed -i 's|^stop_|&|' "$S/toy/server.yaml"
gives 0 "up" gsp-up toy
is "A and AAAA lead to the machine" "$(records)" "$(ours)"
prints "the record has the name" '"address":"mc.example.org:7777"'
prints "and the address" "\"ipv4\":\"$(ip4)\""
says "the ready line, too" 'ready at mc.example.org:7777'
is "status, too" "$(address)" "mc.example.org:7777"
control GET /log >"$T/log"
is "the records were there before the game was started" "$(jq -r '[.requests[] |
	select(.method == "POST" and (.path | test("/records$")) and .status == 200)] | length' "$T/log")" 3
is "nothing to be said" "$(shown)" nothing
before=$(requests POST '/domains/' && requests PUT '/domains/' && requests DELETE '/domains/')
gives 0 "up again" gsp-up -q toy
is "changes nothing" "$(requests POST '/domains/' && requests PUT '/domains/' && requests DELETE '/domains/')" "$before"
gives 0 "down" gsp-down toy
is "they are gone" "$(records)" ""
is "what is not ours is there" "$(records www)" "A 203.0.113.1 300"
is "nothing is remembered" "$(places)" none
is "they were gone before the machine was" "$(control GET /log | jq -r '[.requests[] | select(.method == "DELETE") |
	.path | if test("/records/") then "record" elif test("/instances/") then "machine" else empty end] | join(" ")')" \
	"record record machine"

# ---- a time to live that Linode rounds; its records mended when somebody changed them ----

dns toy '{domain: Example.org., name: MC, ttl: 20m}'
gives 0 "up with a ttl of 20 minutes" gsp-up -q toy
is "is one that Linode has" "$(records)" "$(ours toy 3600)"
before=$(requests PUT '/domains/')
gives 0 "up again" gsp-up -q toy
is "does not try to set it for ever" "$(requests PUT '/domains/')" "$before"
drop "$(api GET "/domains/$D/records" | jq -r '.data[] | select(.type == "A" and .name == "mc").id')"
twice=$(record "{\"type\":\"AAAA\",\"name\":\"mc\",\"target\":\"$(ip6)\",\"ttl_sec\":300}")
gives 0 "one was deleted, one doubled: up" gsp-up -q toy
is "mends both" "$(records | wc -l) $(records | sed 's/ [0-9]*$//')" "2 $(ours | sed 's/ [0-9]*$//')"

# ---- a machine that goes away by itself: the next one gets the name ----

old=$(ip4)
gone toy
gives 0 "the save is given up" gsp-teardown --discard-unsaved --yes toy
is "nothing leads to it" "$(records)" ""
gives 0 "up" gsp-up -q toy
old=$(ip4)
fault '{"match":{"path":"/domains*"},"fault":500,"times":0}'
gives 0 "down while the DNS part of the API is in trouble" gsp-down toy
says "warns" "'mc.example.org' still leads to $old.*'gsp down toy' tries it again"
is "but no machine is left" "$(machines)" 0
is "the records are" "$(records | wc -l)" 2
ok "status says so" sh -c 'printf %s "$1" | grep -q "mc.example.org still leads to a machine that is gone .*gsp down toy"' - "$(gsp-status --json --cached toy 2>/dev/null | jq -r .dns)"
nofaults
gives 1 "status asks again" gsp-status toy
is "and removes them" "$(records) $(places)" " none"
is "then there is nothing to say" "$(shown)" nothing

gives 0 "up" gsp-up -q toy
fault '{"match":{"method":"DELETE","path":"/domains*"},"fault":500,"times":0}'
gives 0 "the same again: down" gsp-down -q toy
nofaults
fresh=$(records | wc -l)
gives 0 "up takes what was left" gsp-up -q toy
is "as its own" "$fresh: $(records | sed 's/ [0-9]*$//')" "2: $(ours | sed 's/ [0-9]*$//')"
fault '{"match":{"method":"DELETE","path":"/domains*"},"fault":500,"times":0}'
gives 0 "down" gsp-down -q toy
nofaults
gives 0 "down again" gsp-down -q toy
is "removes what was left" "$(records) $(places)" " none"

# ---- another name meanwhile; the API does not answer when it is to be set ----

gives 0 "up" gsp-up -q toy
fault '{"match":{"method":"DELETE","path":"/domains*"},"fault":500,"times":0}'
gives 0 "down" gsp-down -q toy
nofaults
dns toy '{domain: example.org, name: play}'
fault '{"match":{"method":"POST","path":"/domains*"},"fault":400,"times":0,"reason":"No more records"}'
gives 0 "up with another name that cannot be set" gsp-up toy
says "warns" 'cannot make the A record of .play.example.org.*No more records.*the address works'
is "the old name is cleared" "$(records)" ""
says "friends get the address" "ready at $(ip4):7777"
ok "status says so" sh -c 'printf %s "$1" | grep -q "play.example.org may not lead"' - "$(shown)"
nofaults
gives 0 "up again" gsp-up toy
prints "sets it" '"address":"play.example.org:7777"'
is "sets it" "$(records play)" "$(ours)"
gives 0 "down" gsp-down -q toy

# ---- the domain itself; the server's own name; lost answers ----

dns toy '{domain: example.org, name: "@"}'
fault '{"match":{"method":"POST","path":"/domains*"},"fault":"lost","times":2,"commit":true}'
gives 0 "the domain itself, and answers are lost" gsp-up toy
prints "is the address" '"address":"example.org:7777"'
is "one record of each" "$(records '')" "$(ours)"
gives 0 "down" gsp-down -q toy
is "gone" "$(records '')" ""
dns toy '{domain: example.org}'
gives 0 "without a name it is the server's: up" gsp-up -q toy
is "toy.example.org" "$(records toy)" "$(ours)"
gives 0 "down" gsp-down -q toy
dns toy '{domain: example.org, name: mc}'

# ---- what somebody made by hand ----

site=$(record '{"type":"A","name":"mc","target":"203.0.113.80","ttl_sec":3600}')
gives 0 "the name leads to somebody's site: up" gsp-up toy
says "is not taken" "'mc.example.org' leads elsewhere already \(A 203.0.113.80\)"
is "stays as it is" "$(records)" "A 203.0.113.80 3600"
prints "the address is the number" "\"address\":\"$(ip4):7777\""
gives 0 "down" gsp-down -q toy
is "nor is it deleted" "$(records)" "A 203.0.113.80 3600"
drop "$site"
site=$(record '{"type":"CNAME","name":"mc","target":"www.example.org","ttl_sec":3600}')
gives 0 "an alias" gsp-up --check toy
says "is in the way, too" "leads elsewhere already \(CNAME www.example.org\)"
drop "$site"
gives 0 "up" gsp-up -q toy
api PUT "/domains/$D/records/$(api GET "/domains/$D/records" | jq -r '.data[] | select(.type == "A" and .name == "mc").id')" \
	'{"target":"203.0.113.81"}' >/dev/null
gives 0 "ours, turned elsewhere by hand: down" gsp-down -q toy
is "is not ours any more" "$(records)" "A 203.0.113.81 300"
drop "$(api GET "/domains/$D/records" | jq -r '.data[] | select(.name == "mc").id')"
# as people do without gsp: by hand to the machine of last time
was=$(jq -r .ipv4 "$(find "$H/state/toy/ended" -name '*.json' | head -n 1)")
record "{\"type\":\"A\",\"name\":\"mc\",\"target\":\"$was\",\"ttl_sec\":300}" >/dev/null
gives 0 "one to a former machine of ours: up" gsp-up -q toy
is "is taken" "$(records)" "$(ours)"
gives 0 "down" gsp-down -q toy

# ---- two servers, one name ----

server two
dns two '{domain: example.org, name: mc}'
gives 0 "up toy" gsp-up -q toy
gives 65 "another server with the same name" gsp-up two
says "is refused before it costs" "'mc.example.org' leads to the machine of 'toy' now; 'gsp down toy' first"
is "nothing was bought" "$(machines)" 1
is "nor is the name stolen" "$(records)" "$(ours)"
fault '{"match":{"method":"DELETE","path":"/domains*"},"fault":500,"times":0}'
gives 0 "down toy, and its records are left" gsp-down -q toy
nofaults
gives 0 "then it may have it" gsp-up -q two
is "from what was left" "$(records | sed 's/ [0-9]*$//')" "$(ours two | sed 's/ [0-9]*$//')"
gives 1 "status of the first" gsp-status toy
is "leaves the second's" "$(records | sed 's/ [0-9]*$//')" "$(ours two | sed 's/ [0-9]*$//')"
is "and forgets its own" "$(places)" none
gives 0 "down two" gsp-down -q two
bg both1 gsp-up -q toy
bg both2 gsp-up -q two
until_true 90 sh -c 'test -f "$1/both1.rc" && test -f "$1/both2.rc"' - "$T"
is "both at once: one name, one server" "$(records | wc -l)" 2
gives 0 "down both" gsp-down -q toy two
is "nothing is left" "$(records) $(machines)" " 0"
dns two ''

# ---- killed between the calls: nothing doubled, nothing left ----

for at in 'POST /domains/*/records 1' 'POST /domains/*/records 2' 'GET /domains 2' 'GET /domains/*/records 2'; do
	# shellcheck disable=SC2086
	set -- $at
	fault "{\"match\":{\"method\":\"$1\",\"path\":\"$2\",\"nth\":$3},\"fault\":\"hang\",\"ms\":60000,\"commit\":true}"
	bg up gsp-up -q toy
	until_true 60 sh -c 'test "$(curl -sS -H "Authorization: Bearer $LINODE_TOKEN" "${GSP_LINODE_URL%/v4}/_sandbox/log" |
		jq "[.requests[] | select(.fault == \"hang\")] | length")" -gt 0' -
	pid=$(pgrep -f "^[^ ]*gsp-provision .*toy" | head -n 1)
	[ -n "$pid" ] && kill -KILL "$pid"
	bg_gives 137 "killed at $at" up || true
	nofaults
	gives 0 "... up again" gsp-up -q toy
	is "... no record is doubled" "$(records)" "$(ours)"
	gives 0 "... down" gsp-down -q toy
	is "... none is left" "$(records) $(places)" " none"
	control DELETE /log >/dev/null 2>&1
done

# ---- the script ----

script() { # script SERVER: its dns is stdin
	cat >"$S/$1/dns"
	chmod +x "$S/$1/dns"
}
calls() { tr '\n' ';' <"$H/calls" 2>/dev/null; }
dns toy ''
script toy <<'EOT'
#!/bin/sh
echo "$1 $#" >>"$GSP_HOME/calls"
env | sort >"$GSP_HOME/env.$1"
if read -r _; then echo input; fi
EOT
gives 0 "a script alone: up" gsp-up toy
prints "the address stays a number" "\"address\":\"$(ip4):7777\""
is "its environment, all of it" "$(grep -v -e '^_=' -e '^PWD=' -e '^SHLVL=' -e '^OLDPWD=' "$H/env.up" | tr '\n' ' ')" \
	"GSP_ADDRESS=$(ip4):7777 GSP_DNS_NAME= GSP_HOME=$H GSP_IPV4=$(ip4) GSP_IPV6=$(ip6) GSP_SERVER=toy HOME=$HOME LANG=${LANG:-C.UTF-8} PATH=$PATH "
v4=$(ip4)
gives 0 "down" gsp-down -q toy
is "it was told of both" "$(calls)" "up 1;down 1;"
ok "with the same address" grep -qx "GSP_IPV4=$v4" "$H/env.down"
rm "$H/calls"
gives 0 "down again" gsp-down -q toy
is "tells it nothing" "$(calls)" ""

dns toy '{domain: example.org, name: mc}'
gives 0 "both: up" gsp-up -q toy
is "the records are there" "$(records)" "$(ours)"
ok "and the script knows the name" grep -qx GSP_DNS_NAME=mc.example.org "$H/env.up"
script toy <<'EOT'
#!/bin/sh
echo "the provider says no" >&2
exit 4
EOT
gives 0 "it fails: down" gsp-down toy
says "warns" 'dns down failed with status 4; state/toy/dns/log has its words'
is "no machine is left, nor a record" "$(machines) $(records)" "0 "
is "its words are kept" "$(tail -n 1 "$H/state/toy/dns/log")" "the provider says no"
ok "status says so" sh -c 'printf %s "$1" | grep -q "script dns failed .*gsp down toy"' - "$(shown)"
script toy <<'EOT'
#!/bin/sh
echo "$1 $#" >>"$GSP_HOME/calls"
EOT
gives 0 "mended: down" gsp-down -q toy
is "is told now" "$(calls) $(shown)" "down 1; nothing"
rm "$H/calls"

sed -i 's/timeouts: {/timeouts: {dns: 1s, /' "$S/toy/server.yaml"
dns toy '{domain: duckdns.org, name: crew, provider: script}'
script toy <<'EOT'
#!/bin/sh
sleep 100 &
echo $! >"$GSP_HOME/pid"
wait
EOT
gives 0 "it hangs: up" gsp-up toy
says "warns" 'dns up did not end within 1 s'
ok "what it started is gone" sh -c '! kill -0 "$1" 2>/dev/null' - "$(cat "$H/pid")"
prints "the address is the number" "\"address\":\"$(ip4):7777\""
is "no record was made for a script's name" "$(requests POST '/domains/' | head -n 1)" "$(requests POST '/domains/')"
rm "$S/toy/dns"
gives 0 "the script is gone: up" gsp-up toy
says "says so" "'provider: script' wants the script"
gives 0 "down" gsp-down -q toy
is "is owed nothing" "$(shown) $(places)" "nothing none"
gives 78 "a check before the next" gsp-up --check toy
printf '#!/bin/sh\n' >"$S/toy/dns"
gives 78 "one that is not executable" gsp-up --check toy
says "what to do" 'chmod \+x'
sed -i 's/dns: 1s, //' "$S/toy/server.yaml"

# ---- DuckDNS ----

cat >"$T/duck.py" <<'EOT'
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        open(sys.argv[1] + '/duck.log', 'a').write(self.path + '\n')
        body = b'OK' if 'token=5e7-0K' in self.path else b'KO'
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a):
        pass
s = http.server.HTTPServer(('127.0.0.1', 0), H)
open(sys.argv[1] + '/duck.port', 'w').write(str(s.server_port))
s.serve_forever()
EOT
python3 "$T/duck.py" "$T" &
duck=$!
trap 'kill $duck; cleanup' EXIT
until_true 20 test -s "$T/duck.port"
mkdir "$S/toy/duck"
cp "$TOP/examples/dns-duckdns/dns" "$S/toy/duck/dns"
script toy <<EOT
#!/bin/sh
ps -ef >"\$GSP_HOME/ps" &
DUCKDNS_URL=http://127.0.0.1:$(cat "$T/duck.port") exec "\$GSP_HOME/servers/toy/duck/dns" "\$@"
EOT
gives 0 "no token: up" gsp-up toy
says "warns" 'dns up failed with status 1'
ok "and the log says why" grep -q "no token in" "$H/state/toy/dns/log"
echo 5e7-0K >"$S/toy/duck/token"
chmod 644 "$S/toy/duck/token"
gives 0 "a token that others can read: up" gsp-up -q toy
ok "is refused" grep -q "others can read" "$H/state/toy/dns/log"
chmod 600 "$S/toy/duck/token"
gives 0 "up" gsp-up toy
prints "friends get the name" '"address":"crew.duckdns.org:7777"'
is "DuckDNS was asked for it" "$(cat "$T/duck.log")" \
	"/update?domains=crew&token=5e7-0K&ip=$(ip4)&ipv6=$(ip6 | sed 's/:/%3A/g')"
ok "the token is in no log" sh -c '! grep -rq 5e7-0K "$1"' - "$H/state"
gives 0 "down" gsp-down -q toy
is "and cleared" "$(tail -n 1 "$T/duck.log")" "/update?domains=crew&token=5e7-0K&clear=true"
echo 0ther >"$S/toy/duck/token"
gives 0 "another's token: up" gsp-up -q toy
ok "says what DuckDNS said" grep -q "answered 'KO'" "$H/state/toy/dns/log"
gives 0 "down" gsp-down -q toy
rm -rf "$S/toy/dns" "$S/toy/duck"

# ---- another home ----

dns toy '{domain: example.org, name: mc}'
ssh-keygen -q -t ed25519 -N '' -f "$T/owner"
sed -i "s|^ssh_keys:.*|ssh_keys: [$T/owner.pub]|" "$H/gsp.yaml"
gives 0 "up" gsp-up -q toy
cp -r "$H" "$T/other" && rm -rf "$T/other/state"
sed -i 's/^home: .*/home: b2b2b2b2/' "$T/other/gsp.yaml"
mkdir -p "$T/keys" && cp "$T/owner" "$T/keys/id_ed25519" 
first=$H H=$T/other
gives 0 "another home takes it over" gsp-status -C "$H" --take-over toy --yes
gives 0 "and points the name itself" gsp-up -C "$H" toy
is "it leads there" "$(records)" "$(ours)"
gives 0 "the first one forgets it" gsp-down -C "$first" -q toy
is "and leaves the name" "$(records)" "$(ours)"
gives 0 "as does its status" sh -c 'gsp-status -C "$1" >/dev/null' - "$first"
is "it leads there still" "$(records)" "$(ours)"
gives 0 "down in the other home" gsp-down -C "$H" -q toy
is "nothing is left" "$(records) $(machines)" " 0"
gsp-status -C "$first" >/dev/null 2>&1
H=$first
is "and the first remembers nothing" "$(places)" none
finish
