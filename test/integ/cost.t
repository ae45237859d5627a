#!/bin/sh
# gsp-cost: sums of a ledger that is known to the cent, in every form; months, caps, torn and
# foreign lines; without a network, a token, or a word with anybody.
. test/integ/lib.sh
need jq python3
new_home
GSP_LINODE_URL=http://127.0.0.1:1/v4 # nobody is there
LINODE_TOKEN=
export GSP_LINODE_URL LINODE_TOKEN
L=$H/state/ledger.jsonl

# add WHAT SESSION SERVER ACTOR CREATED ENDED [HOURLY MONTHLY TYPE]; ENDED '-' for none
add() {
	jq -cn --arg what "$1" --arg s "$2" --arg server "$3" --arg actor "$4" --arg created "$5" \
		--arg ended "$6" --argjson h "${7:-0.072}" --argjson m "${8:-48}" --arg type "${9:-g6-standard-4}" \
		'{schema: "gsp.ledger/1", time: $created, what: $what, server: $server, session: $s,
		actor: $actor, linode_id: 7, region: "us-ord", type: $type, created: $created,
		hourly_usd: $h, monthly_usd: $m} + if $ended == "-" then {} else {ended: $ended} end' >>"$L"
}
session() { # session SESSION SERVER ACTOR CREATED ENDED [HOURLY MONTHLY TYPE]
	add create "$1" "$2" "$3" "$4" - "${6:-0.072}" "${7:-48}" "${8:-g6-standard-4}"
	add delete "$1" "$2" someone-else "$4" "$5" "${6:-0.072}" "${7:-48}" "${8:-g6-standard-4}"
}
field() { jq -r "$1" "$T/out"; }

# ---- nothing was ever spent ----

mkdir -p "$H/state"
gives 0 "no ledger" gsp-cost
prints "... is nothing spent" '\(UTC\): 0 sessions, 0 started hours, \$0\.00$'
gives 0 "... as JSON" gsp-cost --json
is "... no row" "$(cat "$T/out")" ""
gives 0 "... as CSV" gsp-cost --csv
is "... a header alone" "$(tr -d '\r' <"$T/out")" \
	month,session,server,actor,type,region,linode_id,created,ended,end,estimated,running,hours,hourly_usd,monthly_usd,usd
gives 0 "... in total" gsp-cost --by total --json
is "... zero" "$(field '"\(.sessions) \(.hours) \(.usd)"')" "0 0 0"

# ---- a month ----

session aaaaaaaa toy ann 2024-02-10T19:00:00Z 2024-02-10T22:00:00Z            # 3 h
session bbbbbbbb toy 'discord:1/=2+3' 2024-02-11T19:00:00Z 2024-02-11T19:00:01Z # 1 h
session cccccccc zoo 'say "hi", you' 2024-02-29T23:30:00Z 2024-03-01T02:10:00Z 0.0075 5 g6-nanode-1 # 1 + 2 h
session dddddddd zoo ann 2024-03-01T00:00:00Z 2024-05-01T00:00:00Z 0.0075 5 g6-nanode-1 # 5 + 5
gives 0 "February" gsp-cost --month 2024-02
prints "... all of it" '^2024-02 \(UTC\): 3 sessions, 5 started hours, \$0\.2955; always on: \$53\.00$'
prints "... toy" '^toy +2 +0 +4 +\$0\.288 +\$48\.00$'
prints "... zoo: the hour that began in February" '^zoo +1 +0 +1 +\$0\.0075 +\$5\.00$'
prints "... by actor: who started it" '^ann +1 +0 +3 +\$0\.216$'
is "... nobody pays for deleting" "$(grep -c someone "$T/out")" 0
is "... no chart where there is no terminal" "$(grep -c '##\|\.\.\.' "$T/out")" 0
gives 0 "March" gsp-cost --month 2024-03 --by session --json
is "... the rest of that session, and the cap" "$(field '"\(.session) \(.hours) \(.usd) \(.month)"')" "cccccccc 2 0.015 2024-03
dddddddd 744 5 2024-03"
gives 0 "April" gsp-cost --month 2024-04 --by server --json
is "... the cap is of each month" "$(field '"\(.row) \(.server) \(.sessions) \(.hours) \(.usd) \(.always_on_usd)"')" \
	"server zoo 1 720 5 5"
gives 0 "May: it ended as the month began" gsp-cost --month 2024-05 --by server --json
is "... nothing" "$(cat "$T/out")" ""
gives 0 "all months" gsp-cost --month all --by month --json
is "... from the first on" "$(field '"\(.month) \(.hours) \(.usd)"')" "2024-02 5 0.2955
2024-03 746 5.015
2024-04 720 5"
gives 0 "all, in total" gsp-cost --month all --by total --json
is "... each session once" "$(field '"\(.month) \(.sessions) \(.hours) \(.usd) \(.always_on_usd)"')" "null 4 1471 10.3105 63"
gives 0 "all, by actor" gsp-cost --month all --by actor --json
is "... the dearest first" "$(jq -r .actor "$T/out" | head -n 1)" ann
is "... no always-on" "$(field 'has("always_on_usd")' | sort -u)" false
gives 0 "one server" gsp-cost --month all --server toy --by total --json
is "... alone" "$(field '"\(.sessions) \(.usd)"')" "2 0.288"
gives 0 "a server that the home does not have" gsp-cost --month all --server zoo --by total --json
is "... has a past" "$(field .sessions)" 2

# ---- CSV ----

gives 0 "February as CSV" gsp-cost --month 2024-02 --csv
python3 - "$T/out" >"$T/csv" <<'PY'
import csv, sys
raw = open(sys.argv[1], 'rb').read()
assert raw.endswith(b'\r\n') and raw.count(b'\n') == raw.count(b'\r\n') == 4, raw
for r in csv.DictReader(open(sys.argv[1], newline=''), strict=True):
    print(r['session'], r['actor'], r['hours'], r['usd'], sep='|')
PY
is "... is read by others, and has no formula" "$(cat "$T/csv")" "aaaaaaaa|ann|3|0.216000
bbbbbbbb|discord:1/=2+3|1|0.072000
cccccccc|say \"hi\", you|1|0.007500"
session eeeeeeee toy '=cmd|calc' 2024-06-01T00:00:00Z 2024-06-01T00:10:00Z
gives 0 "an actor that is a formula" gsp-cost --month 2024-06 --by actor --csv
is "... is made a text" "$(sed -n 2p "$T/out" | tr -d '\r')" "2024-06,'=cmd|calc,1,0,1,0.072000"

# ---- what runs, and what is not known ----

add create ffffffff run ann "$(date -u -d '90 minutes ago' +%Y-%m-%dT%H:%M:%SZ)" -
gives 0 "it runs" gsp-cost --month all --server run --by session --json
is "... so far" "$(jq -s 'map(.hours) | add' "$T/out")" 2
is "... and has no end" "$(jq -r '"\(.running) \(.ended) \(.end)"' "$T/out" | sort -u)" "true null null"
gives 0 "a word of it" gsp-cost --server run --month all
prints "... in the first line" '; 1 runs now, and counts so far$'
session gggggggg odd ann 2024-07-01T00:00:00Z 2024-07-01T01:00:00Z -1 -1
gives 0 "without a price" gsp-cost --month 2024-07 --json
is "... null" "$(field '"\(.hours) \(.usd) \(.hourly_usd)"')" "1 null null"
says "... is said" 'the price of 1 session is not known'
gives 0 "made in a sandbox of old" sh -c "sed -n 1p '$L' | jq -c '.session = \"hhhhhhhh\" | .server = \"sand\" |
	.api_url = \"http://127.0.0.1:9/v4\"' >>'$L' && gsp-cost --month all --server sand --by total --json"
is "... did not cost" "$(field .sessions)" 0

# ---- a ledger that crashes and people have touched ----

cp "$L" "$T/good"
gsp-cost --month 2024-02 >"$T/before"
n=$(wc -l <"$L")
printf 'garbage\n{"schema":"gsp.ledger/1","what":"cre\n\n[1]\n' >>"$L"
gives 0 "garbage in the ledger" gsp-cost --month 2024-02
is "... changes nothing" "$(cat "$T/out")" "$(cat "$T/before")"
is "... and is named with its line" "$(grep -c "ledger.jsonl:$((n + 1)): not JSON" "$T/err") $(
	grep -c "ledger.jsonl:$((n + 2)): not JSON" "$T/err") $(grep -c "ledger.jsonl:$((n + 4)): not of schema" "$T/err")" "1 1 1"
cp "$T/good" "$L"
for cut in 1 2 57 200; do
	cp "$T/good" "$L"
	session zzzzzzzz toy ann 2024-02-12T00:00:00Z 2024-02-12T00:10:00Z
	truncate -s "-$cut" "$L"
	gsp-cost --month 2024-02 --by total --json >"$T/out" 2>"$T/err"
	is "cut off by $cut bytes: the rest counts" "$? $(field .sessions) $(cat "$T/err")" "0 4 "
done
cp "$T/good" "$L"
cat "$T/good" >>"$L" # all of it twice
gives 0 "every line twice" gsp-cost --month 2024-02
is "... counts once" "$(cat "$T/out")" "$(cat "$T/before")"
cp "$T/good" "$L"
mkdir -p "$H/state/toy" && echo '{' >"$H/state/toy/session.json"
gives 0 "a broken journal" gsp-cost --month 2024-02
is "... changes nothing" "$(cat "$T/out")" "$(cat "$T/before")"
says "... and is named" "state/toy/session.json"
rm -r "$H/state/toy"

# ---- on a terminal ----

cat >"$T/terminal.py" <<'PY'
import fcntl, os, pty, struct, sys, termios
columns = int(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
out = b''
while True:
    try:
        block = os.read(fd, 4096)
    except OSError:
        break
    if not block:
        break
    out += block
sys.stdout.write(out.decode().replace('\r\n', '\n'))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
gives 0 "on a terminal" env TERM=xterm NO_COLOR= python3 "$T/terminal.py" 80 gsp-cost --month 2024-02
is "... a bar for each server" "$(grep -c '##*\.\..* of \$' "$T/out")" 2
is "... in colour" "$(grep -c "$(printf '\033')\[32m" "$T/out")" 2
gives 0 "with NO_COLOR" env TERM=xterm NO_COLOR=1 python3 "$T/terminal.py" 200 gsp-cost --month 2024-02
is "... none" "$(grep -c "$(printf '\033')" "$T/out")" 0
is "... within 80 columns" "$(awk 'length($0) > 80' "$T/out" | sed '/(UTC)/d')" ""
gives 0 "on a narrow one" env TERM=dumb python3 "$T/terminal.py" 20 gsp-cost --month 2024-02
is "... no chart" "$(grep -c '##*\.\.' "$T/out")" 0
gives 0 "JSON on a terminal" env TERM=xterm python3 "$T/terminal.py" 80 gsp-cost --month 2024-02 --json
is "... is JSON" "$(jq -s length "$T/out")" 3

# ---- what is refused ----

gives 64 "no month" gsp-cost --month 2024-13
gives 64 "no month either" gsp-cost --month february
gives 64 "two forms at once" gsp-cost --json --csv
gives 64 "an unknown sum" gsp-cost --by moon
says "... names the known" 'session, server, actor, month or total'
gives 64 "an operand" gsp-cost toy
gives 69 "an unknown server" gsp-cost --server nosuch
gsp-cost --month 2024-02 >/dev/full 2>"$T/err"
is "a full disk" $? 74
rm "$L" && mkdir "$L"
gives 74 "a ledger that cannot be read" gsp-cost
finish
