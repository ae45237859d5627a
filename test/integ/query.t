#!/bin/sh
# gsp-query PROTO HOST: stand-ins that behave, in every form the protocols allow, and peers that
# are slow, broken or hostile. quakestat is the second opinion on A2S; test/peers asks servers
# that others wrote.
. test/integ/lib.sh
need python3 jq

PEERS=
end_peers() {
	for pid in $PEERS; do kill "$pid"; done 2>/dev/null
	PEERS=
}
trap 'end_peers; cleanup' EXIT
# peer SCRIPT ARG...: PORT is where it listens
peer() {
	script=$1
	shift
	rm -f "$T/port"
	python3 "test/fake/$script.py" "$@" >"$T/port" 2>>"$T/peer.err" &
	PEERS="$PEERS $!"
	until_true 10 test -s "$T/port" || { echo "Bail out! $script: $(cat "$T/peer.err")"; exit 1; }
	PORT=$(cat "$T/port")
}
query() { gsp-query --json --timeout "${LIMIT:-5s}" "$@"; }
field() { jq -r "$1" "$T/out"; }
# cannot TEXT PATTERN ARG...: 75 within the time, with why, and nothing printed
cannot() {
	what=$1 pattern=$2
	shift 2
	began=$(date +%s%3N)
	gives 75 "$what: cannot tell" query "$@"
	took=$(($(date +%s%3N) - began))
	says "... why" "cannot tell how many play: .*$pattern"
	is "... and nothing else" "$(cat "$T/out")" ""
	ok "... in time ($took ms)" test "$took" -lt 4000
}
unset GSP_HOME # none of this needs a home
cd_home=$T/nowhere
mkdir "$cd_home"
export HOME="$cd_home"

# ---- Minecraft ----
peer peer tcp json '{"version":{"name":"Paper 1.21.4","protocol":769},"players":{"max":20,"online":3,
	"sample":[{"name":"alice","id":"x"},{"name":"\u00a7cb\u202eob\u001b[31m"},{"name":""},7]},
	"description":{"text":"\u00a7aHello","extra":[" ",{"text":"wor","extra":["ld\n",{"text":"two"}]}]}}'
gives 0 "Minecraft" query minecraft "127.0.0.1:$PORT"
is "count, max, version, title" "$(field '"\(.players) \(.max) \(.version) \(.title)"')" "3 20 Paper 1.21.4 Hello world two"
is "names, fit to be shown" "$(field '.names | join("|")')" "alice|bob [31m"
is "how and where" "$(field '"\(.schema) \(.how) \(.address) \(.server)"')" "gsp.query/1 minecraft 127.0.0.1:$PORT null"
ok "a latency" jq -e '.latency_ms >= 0 and .latency_ms < 5000' "$T/out"
gives 0 "by a name" query minecraft "localhost:$PORT"
gives 0 "as a table" gsp-query minecraft "127.0.0.1:$PORT"
prints "with its columns" '^SERVER +HOW +PLAYERS +MAX +LATENCY +VERSION +TITLE +NAMES$'
prints "and its row" "^127.0.0.1:$PORT +minecraft +3 +20 +[0-9]+ ms +Paper 1.21.4 +Hello world two +alice, bob .31m, \.\.\.$"
gives 74 "a full disk is seen" sh -c "gsp-query minecraft 127.0.0.1:$PORT >/dev/full"
if python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null; then
	peer peer tcp6 json '{"players":{"online":1,"max":2},"description":"plain"}'
	gives 0 "over IPv6" query minecraft "[::1]:$PORT"
	is "the same" "$(field '"\(.players) \(.title) \(.version)"')" "1 plain null"
	if getent ahosts localhost | grep -q '^::1 ' && getent ahosts localhost | grep -q '^127'; then
		gives 0 "any address of a name" query minecraft "localhost:$PORT"
	fi
	peer a2s family=6
	gives 0 "A2S over IPv6" query a2s "[::1]:$PORT"
fi
peer peer tcp large 300000
gives 0 "an answer of 300 KB" query minecraft "127.0.0.1:$PORT"
is "is read whole" "$(field .players)" 5
peer peer tcp large 600000
LIMIT=2s
cannot "600 KB" "most that is read" minecraft "127.0.0.1:$PORT"
peer peer tcp json '{"version":{"name":"1"},"description":"starting"}'
cannot "no count" "does not say how many play" minecraft "127.0.0.1:$PORT"
for players in '{"online":-1,"max":9}' '{"online":2.5}' '{"online":"3"}' '{"online":1e300}' '{"max":9}' '[]' 'null'; do
	peer peer tcp json "{\"players\":$players}"
	cannot "players $players" "does not say how many play" minecraft "127.0.0.1:$PORT"
done
peer peer tcp json '{"players":{"online":5000000,"max":9}}'
cannot "five million" "nobody believes" minecraft "127.0.0.1:$PORT"
peer peer tcp json "$(python3 -c 'print("[" * 50000)')"
cannot "a bomb of brackets" "nested deeper" minecraft "127.0.0.1:$PORT"
peer peer tcp json '{"players":{"online":1}} x'
cannot "JSON and more" "something follows" minecraft "127.0.0.1:$PORT"
for w in 'close hung.up.without.an.answer' 'silent does.not.answer.in.time' 'drip does.not.answer.in.time' \
	'huge most.that.is.read' 'endless not.Minecraft' 'web (hung.up|not.Minecraft)' 'varint not.Minecraft' \
	'negative not.Minecraft' 'tail not.Minecraft.s.status' 'cut in.the.middle'; do
	peer peer tcp "${w%% *}"
	LIMIT=1s cannot "a peer that does: ${w%% *}" "${w#* }" minecraft "127.0.0.1:$PORT"
done
cannot "nobody there" "has nothing that answers on port 1/tcp" minecraft 127.0.0.1:1
cannot "no such host" "'nosuch.invalid' is not known" minecraft nosuch.invalid

# ---- Bedrock ----
peer peer udp pong 'MCPE;My \; §aserver\\;686;1.21.2;4;10;13253860892328930865;Level;Survival;1;19132;19133;'
gives 0 "Bedrock" query bedrock "127.0.0.1:$PORT"
is "count, max, version, title" "$(field '"\(.players) \(.max) \(.version) \(.title)"')" '4 10 1.21.2 My ; server\'
peer peer udp lost 'MCEE;Edu;686;1.21.2;0;10'
gives 0 "two pings lost" query bedrock "127.0.0.1:$PORT"
is "asked again" "$(field '"\(.players) \(.max)"')" "0 10"
ok "the wait is counted" jq -e '.latency_ms >= 1000' "$T/out"
peer peer udp old 'MCPE;x;1;1.0;2;9;'
gives 0 "a pong that is not ours first" query bedrock "127.0.0.1:$PORT"
is "is not believed" "$(field .players)" 2
LIMIT=1s
peer peer udp nonce 'MCPE;x;1;1.0;0;9;'
cannot "a pong to nobody's ping" "no whole answer" bedrock "127.0.0.1:$PORT"
peer peer udp stranger 'MCPE;x;1;1.0;0;9;'
cannot "a pong from another port" "does not answer in time" bedrock "127.0.0.1:$PORT"
peer peer udp flood 'MCPE;x;1;1.0;0;9;'
cannot "a flood" "(without end|no whole answer)" bedrock "127.0.0.1:$PORT"
peer peer udp cut 'MCPE;x;1;1.0;0;9;'
cannot "a cut one" "not whole" bedrock "127.0.0.1:$PORT"
for text in 'MCPE;x;1;1.0;-1;9;' 'MCPE;x;1;1.0;;9;' 'MCPE;x;1' 'MCPE;a;b;1;1.0;0;9;' 'Quake;x;1;1.0;0;9;' \
	'MCPE;x;1;1.0;0x1;9;' 'MCPE;x;1;1.0;99999999999999999999999;9;'; do
	peer peer udp pong "$text"
	cannot "the text $text" "answer" bedrock "127.0.0.1:$PORT"
done
cannot "nobody there" "has nothing that answers on port 1/udp" bedrock 127.0.0.1:1

# ---- A2S ----
# a2s TEXT WANT NAMES ARG...: our count, max, version and names; and quakestat's count
a2s() {
	form=$1 count=$2 who=$3
	shift 3
	peer a2s "$@"
	LIMIT=5s gives 0 "A2S, $form" query a2s "127.0.0.1:$PORT"
	is "... counts" "$(field '"\(.players) \(.max) \(.version) \(.title)"')" "$count"
	is "... names" "$(field '.names | join(",")')" "$who"
	[ -n "${NO_QSTAT:-}" ] || ! command -v quakestat >/dev/null || is "... quakestat counts the same" \
		"$(quakestat -raw '|' -nh "${QSTAT:--a2s}" "127.0.0.1:$PORT" | sed -n 1p | cut -d'|' -f6,5 |
			awk -F'|' -v b="${BOTS:-0}" '{ print $2 - b, $1 }')" "$(echo "$count" | cut -d' ' -f1,2)"
}
NAMES=ann,ben,cat
a2s "challenged" "3 32 1.38.7.9 a server" "$NAMES" names=$NAMES
a2s "not challenged" "3 32 1.38.7.9 a server" "$NAMES" names=$NAMES challenge=never
a2s "no list" "3 32 1.38.7.9 a server" "" list=no
BOTS=5 a2s "bots" "2 32 1.38.7.9 a server" "" players=7 bots=5 names=a,b,c,d,e,f,g
BOTS=4 a2s "only bots" "0 32 1.38.7.9 a server" "" players=4 bots=4
a2s "nobody" "0 32 1.38.7.9 a server" "" players=0
a2s "datagrams lost" "3 32 1.38.7.9 a server" "$NAMES" names=$NAMES drop=2
MANY=$(seq -s, 1 60 | sed 's/[0-9][0-9]*/player-number-&/g')
LONG="a server whose name is so long that no datagram of eighty bytes holds it"
NO_QSTAT=1 # it takes parts in other sizes and orders only
a2s "parts of Source" "60 32 1.38.7.9 a server" "$MANY" players=60 names="$MANY" split=source size=200
a2s "parts of old Source" "60 32 1.38.7.9 a server" "$MANY" players=60 names="$MANY" split=old size=200
a2s "parts of GoldSrc" "30 32 1.38.7.9 a server" "$(echo "$MANY" | cut -d, -f1-30)" players=30 \
	names="$(echo "$MANY" | cut -d, -f1-30)" split=goldsrc size=100
a2s "info in parts" "2 32 1.38.7.9 $LONG" "" players=3 bots=1 split=source size=80 name="$LONG"
NO_QSTAT=
QSTAT=-hla2s BOTS=1 a2s "GoldSrc" "2 32 null a server" "" players=3 bots=1 form=goldsrc challenge=never
LIMIT=1s
peer a2s split=compressed size=50
cannot "compressed" "compressed .bzip2., which gsp does not read" a2s "127.0.0.1:$PORT"
peer a2s players=2 bots=5
cannot "more bots than players" "its bots are not among its players" a2s "127.0.0.1:$PORT"
peer a2s challenge=endless
cannot "challenges without end" "one challenge after another" a2s "127.0.0.1:$PORT"
peer peer udp parts
cannot "parts without end" "(without end|no whole answer|too many)" a2s "127.0.0.1:$PORT"
cannot "nobody there" "has nothing that answers on port 1/udp" a2s 127.0.0.1:1

# ---- usage ----
for bad in "minecraft 127.0.0.1:0" "minecraft 127.0.0.1:65536" "minecraft 127.0.0.1:" "minecraft [::1" \
	"minecraft [::1]x" "minecraft [nothex]:1" "minecraft :25565" "quake 127.0.0.1" "minetest 127.0.0.1" \
	"minecraft -x" "minecraft a/b" "minecraft a b" "127.0.0.1" "" "--timeout 1h minecraft x" "--timeout 0s a2s x"; do
	# shellcheck disable=SC2086
	gives 64 "usage: '$bad'" gsp-query $bad
done
says "the limit" "timeout"
gives 64 "a host without its protocol" gsp-query 127.0.0.1:25565
says "says how" "gsp query minecraft 127.0.0.1:25565"
gives 64 "Minetest" gsp-query minetest play.example.org
says "says what counts there" "script"

# ---- a signal ----
peer peer tcp silent
bg sig gsp-query --timeout 60s minecraft "127.0.0.1:$PORT"
until_true 10 pgrep -f "gsp-query --timeout 60s minecraft 127.0.0.1:$PORT"
sig_pid=$(pgrep -f "gsp-query --timeout 60s minecraft 127.0.0.1:$PORT" | head -n 1)
kill -TERM "$sig_pid"
bg_gives 143 "a signal ends it at once" sig 5
is "no peer complained" "$(cat "$T/peer.err")" ""
end_peers
finish
