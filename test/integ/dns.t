#!/bin/sh
# A name that stays: records in Linode's DNS follow the machine, nobody else's are touched, nothing
# leads to a machine that is gone; and the script dns with its example for DuckDNS.
SANDBOX_ARGS='--token=all --token=narrow=linodes:read_write,firewall:read_write,events:read_only'
. test/integ/lib.sh
in_sandbox "$@"
need curl jq python3
new_home

. test/integ/dns.sh

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
fault '{"match":{"path":"/domains*"},"fault":"500","times":0}'
gives 0 "an API in trouble is no reason not to play" gsp-up --check toy
says "and is a warning" 'HTTP 500'
nofaults
dns toy '{domain: example.org, name: mc, tll: 300}'
gives 78 "a key that nobody knows" gsp-up toy
says "with its place" "server.yaml:[0-9]*:[0-9]*: unknown key 'tll' in dns.*ttl"
dns toy '{domain: example.org, name: mc, ttl: 300}'

# ---- an evening ----

record '{"type":"A","name":"www","target":"203.0.113.1","ttl_sec":300}' >/dev/null
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
changes() { echo "$(requests POST '/domains/') $(requests PUT '/domains/') $(requests DELETE '/domains/')"; }
before=$(changes)
gives 0 "up again" gsp-up -q toy
is "changes nothing" "$(changes)" "$before"
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
record "{\"type\":\"AAAA\",\"name\":\"mc\",\"target\":\"$(ip6)\",\"ttl_sec\":300}" >/dev/null
gives 0 "one was deleted, one doubled: up" gsp-up -q toy
is "mends both" "$(records | wc -l) $(records | sed 's/ [0-9]*$//')" "2 $(ours | sed 's/ [0-9]*$//')"

# ---- a machine that goes away by itself: the next one gets the name ----

gone toy
gives 0 "the save is given up" gsp-teardown --discard-unsaved --yes toy
is "nothing leads to it" "$(records)" ""
gives 0 "up" gsp-up -q toy
old=$(ip4)
fault '{"match":{"path":"/domains*"},"fault":"500","times":0}'
gives 0 "down while the DNS part of the API is in trouble" gsp-down toy
says "warns" "'mc.example.org' still leads to $old.*'gsp down toy' tries it again"
is "but no machine is left" "$(machines)" 0
ok "status says so" sh -c 'printf %s "$1" | grep -q "mc.example.org still leads to a machine that is gone .*gsp down toy"' - "$(gsp-status --json --cached toy 2>/dev/null | jq -r .dns)"
nofaults
is "the records are" "$(records | wc -l)" 2
gives 1 "status asks again" gsp-status toy
is "and removes them" "$(records) $(places)" " none"
is "then there is nothing to say" "$(shown)" nothing

gives 0 "up" gsp-up -q toy
fault '{"match":{"method":"DELETE","path":"/domains*"},"fault":"500","times":0}'
gives 0 "the same again: down" gsp-down -q toy
nofaults
fresh=$(records | wc -l)
gives 0 "up takes what was left" gsp-up -q toy
is "as its own" "$fresh: $(records | sed 's/ [0-9]*$//')" "2: $(ours | sed 's/ [0-9]*$//')"
fault '{"match":{"method":"DELETE","path":"/domains*"},"fault":"500","times":0}'
gives 0 "down" gsp-down -q toy
nofaults
gives 0 "down again" gsp-down -q toy
is "removes what was left" "$(records) $(places)" " none"

# ---- another name meanwhile; the API does not answer when it is to be set ----

gives 0 "up" gsp-up -q toy
fault '{"match":{"method":"DELETE","path":"/domains*"},"fault":"500","times":0}'
gives 0 "down" gsp-down -q toy
nofaults
dns toy '{domain: example.org, name: play}'
fault '{"match":{"method":"POST","path":"/domains*"},"fault":"400","times":0,"reason":"No more records"}'
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
fault '{"match":{"method":"DELETE","path":"/domains*"},"fault":"500","times":0}'
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

finish
