#!/bin/sh
# A name that stays, part two: killed between the calls, the script dns and its example for DuckDNS,
# and two homes.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq python3 ssh-keygen
new_home
. test/integ/dns.sh

D=$(api POST /domains '{"domain":"example.org","type":"master","soa_email":"a@example.org"}' | jq -r .id)
dns toy '{domain: example.org, name: mc}'

# ---- killed between the calls: nothing doubled, nothing left ----

for at in 'POST /domains/*/records 1' 'POST /domains/*/records 2' 'GET /domains 2' 'GET /domains/*/records 2'; do
	# shellcheck disable=SC2086
	set -- $at
	fault "{\"match\":{\"method\":\"$1\",\"path\":\"$2\",\"nth\":$3},\"fault\":\"hang\",\"ms\":60000,\"commit\":true}"
	bg up gsp-up -q toy
	until_true 60 sh -c 'test "$(curl -sS -H "Authorization: Bearer $LINODE_TOKEN" "${GSP_LINODE_URL%/v4}/_sandbox/log" |
		jq "[.requests[] | select(.fault == \"hang\")] | length")" -gt 0' -
	kill -KILL "$(sed -n 's/.*pid \([0-9]*\).*/\1/p' "$H/state/toy/lock")"
	nofaults
	bg_gives 71 "killed at $at" up
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
calls() { cat "$H/calls" 2>/dev/null | tr '\n' ';'; }
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
rm "$H/calls"
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
prints "the address is the number" "\"address\":\"$(ip4):7777\""
ok "what it started is gone" until_true 10 sh -c '! kill -0 "$1" 2>/dev/null' - "$(cat "$H/pid")"
is "no record was made for a script's name" "$(records crew)" ""
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
is "DuckDNS was asked for it" "$(sed 's/%3[Aa]/:/g' "$T/duck.log")" \
	"/update?domains=crew&token=5e7-0K&ip=$(ip4)&ipv6=$(ip6)"
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
first=$H H=$T/other
gives 0 "another home takes it over" gsp-status -C "$H" --take-over toy --yes
gives 0 "and points the name itself" gsp-provision -C "$H" toy
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
