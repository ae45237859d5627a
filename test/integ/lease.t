#!/bin/sh
# gsp-lease: how long a session may run; the file at home, and the tag that follows it.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq flock ssh-keygen
TZ=UTC
export TZ

mkdir "$T/keys" && chmod 700 "$T/keys"
ssh-keygen -q -t ed25519 -N '' -C owner -f "$T/keys/owner"
keys() { sed -i "s|^ssh_keys:.*|ssh_keys: [$T/keys/owner.pub]|" "$H/gsp.yaml"; }
use() { H=$T/$1 GSP_HOME=$H && export GSP_HOME; }
id_of() { sed -n 's/^home: *\([a-z0-9]*\).*/\1/p' "$T/$1/gsp.yaml"; }
linode() { api GET /linode/instances | jq -r ".data[0]$1"; }
set_tags() { api PUT "/linode/instances/$(linode .id)" "{\"tags\":$1}" >/dev/null; }
tag() { linode '.tags[]' | sed -n 's/^gsp-lease://p' | tr '\n' ' ' | sed 's/ $//'; }
file() { jq -r ".$1" "$H/state/toy/lease.json"; }
secs() { date -u -d "$1" +%s; }                         # of a time as text
text() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }        # and back
until_s() { secs "$(gsp-lease --json toy 2>/dev/null | jq -r .until)"; }
session() { jq -r ".$1" "$H/state/toy/session.json"; }
lines() { grep -c '"what":"lease"' "$H/state/ledger.jsonl"; }
lease_line() { grep '"what":"lease"' "$H/state/ledger.jsonl" | tail -n 1 | jq -r ".$1"; }
puts() { requests PUT '^/v4/linode/instances/[0-9]*$'; }
struck() { control GET /log | jq -e '[(.log? // .requests? // .)[] | select(.fault != null and .fault != "")] | length > 0'; }

new_home b && keys
new_home a && keys && A=$(id_of a)

# ---- no machine ----

gives 1 "no machine, no lease" gsp-lease toy
says "... says what makes one" "gsp up toy"
gives 65 "... and nothing to extend" gsp-lease toy +1h
gives 69 "no such server" gsp-lease nosuch
gives 64 "no server" gsp-lease
gives 64 "a record" gsp-lease -
gives 64 "the wish before the server" gsp-lease +1h toy
says "says which is first" "the server comes first: 'gsp lease toy \+1h'"
for words in 'until' 'until 25:00' 'until 2020-01-01T00:00' '+5' '+1x' 'hold' 'hold 2' '1h' 'release now' '+1h +1h' \
	'until 23:30 please' 'forever'; do
	# shellcheck disable=SC2086
	gives 64 "bad words: $words" gsp-lease toy $words
done

# ---- at the start ----

gives 0 "a machine" gsp-provision toy
RECORD=$(cat "$T/out")
CREATED=$(secs "$(session created)")
is "its tag and its file say the same" "$(tag)" "$(secs "$(file until)")"
FIRST=$(tag)
is "six hours from its creation" "$((FIRST - CREATED > 21600 - 60 && FIRST - CREATED < 21600 + 60))" 1
is "its record says so" "$(printf %s "$RECORD" | jq -r .lease)" "$(text "$FIRST")"
is "nothing was put twice for it" "$(puts)" 0
gives 0 "it is shown" gsp-lease --json toy
is "... with all there is" "$(jq -c 'keys' "$T/out")" \
	'["budget","hold","latest","left_s","schema","server","session","until","usd"]'
is "... what it will have cost" "$(jq .usd "$T/out")" "$(if [ $((FIRST - CREATED)) -gt 21600 ]; then echo 0.0525; else echo 0.045; fi)"
is "... and as far as it may go" "$(jq -r .latest "$T/out")" "$(text $((CREATED + 43200)))"
gives 0 "for people" gsp-lease toy
prints "... by the clocks here" '^toy +([0-9-]+ )?[0-9:]+ UTC +(5 h 59|6 h 00) min +- '
is "looking changed nothing" "$(lines) $(puts)" "0 0"

# ---- extended ----

set_tags "$(linode .tags | jq -c '["party"] + . + ["other:tag"]')"
gives 0 "an hour more" gsp-lease --actor discord:1/anna toy +1h
says "... says until when" 'toy: runs until .* UTC$'
is "... from its end" "$(until_s)" $((FIRST + 3600))
is "... the tag follows" "$(tag)" $((FIRST + 3600))
is "... the others stay" "$(linode '.tags | map(select(startswith("gsp-lease") | not)) | join(" ")')" \
	"party gsp gsp-home:$A gsp-server:toy gsp-session:$(session session) $(linode '.tags[]' | grep gsp-hk) other:tag"
is "... who did it is in the ledger" "$(lines) $(lease_line actor) $(lease_line until) $(lease_line hold)" \
	"1 discord:1/anna $(text $((FIRST + 3600))) null"
is "... and on file" "$(file by)" discord:1/anna
is "... which costs nothing by itself" "$(gsp-cost --json --by total | jq -c '[.sessions,.running,.hours]')" "[1,1,1]"
gives 0 "sooner" gsp-lease toy until "$(date -u -d "@$((CREATED + 10800))" +%Y-%m-%dT%H:%M:%SZ)"
says "... says so" 'sooner than before: '
is "... is so" "$(until_s) $(tag)" "$((CREATED + 10800)) $((CREATED + 10800))"
gives 0 "the same again" gsp-lease toy until "$(text $((CREATED + 10800)))"
says "... is so already" 'that is so already'
is "... and no line" "$(lines)" 2
LATER=$(date -u -d "@$((CREATED + 14400))" +%H:%M)
gives 0 "until a time of the day" gsp-lease toy until "$LATER"
is "... here" "$(date -u -d "@$(until_s)" +%H:%M:%S)" "$LATER:00"
gives 0 "far too long" gsp-lease toy +20h
says "... is granted as far as it goes" 'that is less than was asked for: a session of .toy. lasts until .* at most'
is "... that is" "$(until_s) $(tag)" "$((CREATED + 43200)) $((CREATED + 43200))"
gives 69 "and not a minute more" gsp-lease toy +1m
says "... says what to do" "nothing was granted: .* at most.*'gsp down toy', then 'gsp up toy'"
is "... nothing is written" "$(until_s) $(lines)" "$((CREATED + 43200)) 4"

# ---- held ----

gives 0 "sooner again" gsp-lease toy until "$(text $((CREATED + 3600)))"
gives 0 "held for longer than it lasts" gsp-lease toy hold 2h
says "... it lasts as long" 'runs until .*'
says "... says so" 'no idle stop until'
is "... both" "$(file until)" "$(file hold)"
gives 0 "held for less" gsp-lease toy hold 5m
says "... is so already" 'so already'
gives 0 "released" gsp-lease toy release
is "... the lease stays" "$(file hold) $(($(until_s) > CREATED + 7000))" "null 1"
gives 0 "released again" gsp-lease toy release

# ---- the server's lock is not its business, unless it is being brought down ----

hold_lock() { # hold_lock NOTE: somebody works there
	(flock 9 && echo "$1" >"$H/state/toy/lock" && touch "$T/held" && exec sleep 60) 9<>"$H/state/toy/lock" &
	holder=$!
	until_true 10 test -f "$T/held"
	rm -f "$T/held"
}
let_go() { kill "$holder" && wait "$holder" 2>/dev/null; until_true 5 flock -n "$H/state/toy/lock" true; }
hold_lock "anna: down (pid 1): sync down --live (pid 77)"
gives 0 "while a backup holds the lock" gsp-lease toy +1m
let_go
for what in down stop 'sync down' teardown; do
	hold_lock "anna: $what (pid 77)"
	gives 75 "while it goes down ($what)" gsp-lease toy +1m
	says "... says so" "going down right now \\(anna: $what"
	let_go
done
gives 0 "looking is always possible" gsp-lease toy

# ---- two at once ----

BEFORE=$(until_s) L=$(lines)
for i in 1 2 3 4; do bg "p$i" gsp-lease toy +10m; done
for i in 1 2 3 4; do bg_gives 0 "one of four at once ($i)" "p$i"; done
is "all of them count" "$(until_s) $(($(lines) - L))" "$((BEFORE + 2400)) 4"
is "and the tag is the last" "$(tag)" $((BEFORE + 2400))

# ---- the API is down ----

BEFORE=$(tag)
fault '{"match":{"method":"PUT","path":"/linode/instances/*"},"fault":"reset","times":0}'
gives 0 "an hour more while the API is down" gsp-lease toy +1m
says "... says that the tag does not follow yet" 'the lease counts, but the machine.s tag does not say so yet'
is "... it counts" "$(until_s) $(tag)" "$((BEFORE + 60)) $BEFORE"
control DELETE /faults >/dev/null
gives 0 "any other change" gsp-lease toy release
is "... puts it" "$(tag)" $((BEFORE + 60))
fault '{"match":{"method":"PUT","path":"/linode/instances/*"},"fault":"lost","times":1}'
gives 0 "a lost answer" gsp-lease toy +1m
is "... is looked after" "$(tag)" $((BEFORE + 120))
control DELETE /log >/dev/null
gives 0 "nothing to do" gsp-lease toy release
is "... nothing is put" "$(puts)" 0

# ---- killed between the file and the tag ----

control DELETE /log >/dev/null
fault '{"match":{"method":"PUT","path":"/linode/instances/*"},"fault":"hang","times":1}'
gsp-lease toy +1m >/dev/null 2>&1 </dev/null &
victim=$!
if until_true 20 struck; then pass "its tag hangs"; else fail "its tag hangs"; fi
gives 0 "whoever looks meanwhile does not wait" gsp-lease toy
kill -9 $victim
wait $victim 2>/dev/null
control DELETE /faults >/dev/null
is "killed: it counts" "$(until_s) $(tag)" "$((BEFORE + 180)) $((BEFORE + 120))"
gives 0 "the next" gsp-lease toy hold 1m
is "... puts it" "$(tag)" $((BEFORE + 180))
gives 0 "release" gsp-lease toy release

# ---- tags: others', doubled, and a home of before ----

set_tags "$(linode .tags | jq -c '. + ["gsp-lease:5", "gsp-lease:garbage", "gsp-leases:1"]')"
gives 0 "garbage and doubles" gsp-lease toy +1m
is "... one is left" "$(tag) $(linode '.tags[]' | grep -c '^gsp-leases:1$')" "$((BEFORE + 240)) 1"
set_tags "$(linode .tags | jq -c 'map(select(startswith("gsp-lease") | not))')"
rm "$H/state/toy/lease.json"
is "a session of before has what its settings give" "$(until_s)" $((CREATED + 21600))
gives 0 "and can be extended" gsp-lease toy +1h
is "... gets its tag" "$(tag)" $((CREATED + 25200))
jq -c '.session = "other123" | .until = "2030-01-01T00:00:00Z"' "$H/state/toy/lease.json" >"$T/other"
cp "$H/state/toy/lease.json" "$T/mine"
cp "$T/other" "$H/state/toy/lease.json"
is "the file of another session is nothing" "$(until_s)" $((CREATED + 21600))
echo '{"schema":"gsp.lease-file/1","session":"'"$(session session)"'","until":"soon"}' >"$H/state/toy/lease.json"
gives 74 "a file that says nothing" gsp-lease toy
says "... is named, with what to do" "lease '.*lease.json': 'until' is no time; move that file away"
gives 74 "... is not written over" gsp-lease toy +1h
gives 0 "... and is no reason not to come up" gsp-provision toy
cp "$T/mine" "$H/state/toy/lease.json"

jq -c 'del(.settings.lease)' "$H/state/toy/session.json" >"$T/journal"
cp "$H/state/toy/session.json" "$T/now" && rm "$H/state/toy/lease.json" && cp "$T/journal" "$H/state/toy/session.json"
is "a session of before there were leases has no end" "$(gsp-lease --json toy | jq -c '[.until, .latest]')" "[null,null]"
cp "$T/now" "$H/state/toy/session.json" && cp "$T/mine" "$H/state/toy/lease.json"

# ---- another home takes it over ----

set_tags "$(linode .tags | jq -c 'map(if startswith("gsp-home:") then "gsp-home:zzzzzzzz" else . end)')"
BEFORE=$(tag)
gives 65 "another home has it" gsp-lease toy +1m
says "... says so" "belongs to home 'zzzzzzzz' now"
is "... its tags stay" "$(tag) $(linode '.tags[]' | grep gsp-home)" "$BEFORE gsp-home:zzzzzzzz"
set_tags "$(linode .tags | jq -c "map(if startswith(\"gsp-home:\") then \"gsp-home:$A\" else . end)")"
# it happens between the look and the change: the first try is lost, the second looks again
control DELETE /log >/dev/null
ID=$(linode .id)
THEIRS=$(linode .tags | jq -c 'map(if startswith("gsp-home:") then "gsp-home:zzzzzzzz" else . end)')
fault '{"match":{"method":"PUT","path":"/linode/instances/*"},"fault":"hang","ms":9000,"times":1}'
bg meanwhile gsp-lease toy +1m
until_true 20 struck
api PUT "/linode/instances/$ID" "{\"tags\":$THEIRS}" >/dev/null
bg_gives 65 "taken over meanwhile" meanwhile 90
is "... is not undone" "$(linode '.tags[]' | grep gsp-home)" gsp-home:zzzzzzzz
set_tags "$(linode .tags | jq -c "map(if startswith(\"gsp-home:\") then \"gsp-home:$A\" else . end)")"
gives 0 "and is ours again" gsp-lease toy until "$(text $((CREATED + 30000)))"

# ---- state/ is lost, and a real take-over ----

rm -rf "$H/state/toy"
gives 0 "known again" gsp-status --rebuild
is "... with its lease" "$(until_s)" $((CREATED + 30000))
use b
gives 0 "home b takes it over" gsp-status --take-over toy --yes
is "... with its lease" "$(until_s) $(tag)" "$((CREATED + 30000)) $((CREATED + 30000))"
gives 0 "b extends it" gsp-lease toy +1h
use a
gives 65 "a does not any more" gsp-lease toy +1m
is "... b's lease stays" "$(tag)" $((CREATED + 33600))
gives 0 "a takes it back" gsp-status --take-over toy --yes
is "... with b's lease, not its own of before" "$(until_s)" $((CREATED + 33600))
set_tags "$(linode .tags | jq -c 'map(if startswith("gsp-lease:") then "gsp-lease:99999999999" else . end)')"
rm -rf "$H/state/toy"
gives 0 "a tag from beyond" gsp-status --take-over toy --yes
is "... is not past its latest" "$(until_s)" $((CREATED + 43200))
set_tags "$(linode .tags | jq -c 'map(if startswith("gsp-lease:") then "gsp-lease:7" else . end)')"
rm -rf "$H/state/toy"
gives 0 "one that a wrong clock put" gsp-status --take-over toy --yes
is "... ends nothing at once" "$(until_s)" $((CREATED + 21600))

# ---- it goes down ----

gives 0 "up" gsp-up toy
says "its last line says until when" "toy is ready at .*until 'gsp down toy'; its lease ends at .* UTC, in 5 h .*'gsp lease toy \\+1h'"
gives 0 "stop" gsp-run stop toy
gives 65 "a stopped one has no use for more" gsp-lease toy +1h
says "... says what has" "going down \\(stopped\\).*'gsp up toy' begins anew"
gives 0 "down" gsp-down toy
gives 1 "it is gone" gsp-lease toy

# ---- another evening, on a budget ----

sed -i '/^timeouts/i lease: {first: 2h, max: 10h}' "$H/servers/toy/server.yaml"
gives 0 "another machine" gsp-provision toy
CREATED=$(secs "$(session created)")
is "the lease is of this session" "$(($(until_s) - CREATED <= 7260 && $(until_s) - CREATED >= 7140))" 1
spent=$(gsp-cost --by total --json | jq .usd)
limit() { # limit HOURS more than the one that is running
	sed -i '/^limits:/d' "$H/gsp.yaml"
	awk -v a="$spent" -v n="$1" 'BEGIN { printf "limits: {monthly_usd: %.4f}\n", a + n * 0.0075 }' >>"$H/gsp.yaml"
}
budget() { gsp-lease --json toy 2>/dev/null | jq -r .budget; }
# an hour that begins in a new month would be paid from that month's money
if [ "$(date -u -d '+5 hours' +%m)" = "$(date -u +%m)" ]; then
	limit 3
	is "the hour that would pass the limit" "$(budget)" "$(text $((CREATED + 4 * 3600)))"
	gives 0 "within the budget" gsp-lease toy +1h
	gives 0 "beyond it" gsp-lease toy +5h
	says "... as far as it goes" 'less than was asked for: the hour that begins at .* would pass limits: monthly_usd'
	is "... that is" "$(until_s)" $((CREATED + 4 * 3600))
	gives 69 "nothing more" gsp-lease toy +1h
	says "... says what to do" "nothing was granted: the hour that begins.*raise the limit, or wait"
	limit 1
	is "a limit that was lowered" "$(budget)" "$(text $((CREATED + 2 * 3600)))"
	gives 0 "is shown with what is left" gsp-lease --json toy
	is "... until the sooner" "$(($(jq .left_s "$T/out") <= 7200))" 1
	server two
	gives 0 "another server" gsp-provision two
	is "... takes its hours from the same money" "$(budget)" "$(text $((CREATED + 3600)))"
	gives 0 "and gives them back" gsp-down two
else
	note "the month ends: no budget today"
fi
sed -i '/^limits:/d' "$H/gsp.yaml"
is "no limit" "$(budget)" null
gives 0 "down" gsp-down toy

sed -i 's/^lease:.*/lease: {first: never, max: never}/' "$H/servers/toy/server.yaml"
gives 0 "no lease at all" gsp-provision toy
is "... no tag" "$(tag)" ""
gives 0 "... nothing to extend" gsp-lease toy +1h
says "... says so" 'has no end'
is "... its record has none" "$(gsp-provision toy 2>/dev/null | jq 'has("lease")')" false
gives 0 "... but it can be given an end" gsp-lease toy until "$(date -u -d '+2 hours' +%Y-%m-%dT%H:%MZ)"
says "... says so" 'its lease had no end'
is "... and a tag" "$(tag)" "$(until_s)"
gives 0 "down" gsp-down toy
is "nothing is left" "$(machines) $(firewalls)" "0 0"
finish
