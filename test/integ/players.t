#!/bin/sh
# gsp-query SERVER: how many play on a machine of the home: by the script `players`, by its
# connections, by the game's protocol; and everything that is no count.
. test/integ/lib.sh
in_sandbox "$@"
need jq python3
new_home

S=$H/servers
query() { gsp-query --json --timeout "${LIMIT:-8s}" "$@"; }
field() { jq -r "$1" "$T/out"; }
address() { jq -r .ipv4 "$H/state/$1/session.json"; }
cannot() { # cannot TEXT PATTERN ARG...
	what=$1 pattern=$2
	shift 2
	gives 75 "$what: cannot tell" query "$@"
	says "... why" "cannot tell how many play on '[a-z]+': .*$pattern"
	is "... and nothing else" "$(cat "$T/out")" ""
}

# toy: a game that keeps its connections. talk: the same, with a script. mc, be: games that answer.
# mute: one that nobody can ask.
for s in talk mc be mute; do
	server $s
done
for s in toy talk; do
	sed -i 's/c\.close()/keep.append(c)/; s/^    while True:/    keep = []\n&/' "$S/$s/bootstrap"
	sed -i "s/^\(\t*\)while True:/\1keep = []\n&/; s/^while True:/keep = []\nwhile True:/" "$S/$s/bootstrap"
done
for s in mc be; do
	cp test/fake/peer.py "$S/$s/files/peer.py"
	sed -i 's/\[7777\/tcp\]/[9998\/udp, 9999\/tcp]/' "$S/$s/server.yaml"
done
echo 'query: minecraft' >>"$S/mc/server.yaml"
echo 'query: {proto: bedrock, port: 9998}' >>"$S/be/server.yaml"
cat >"$S/mc/start" <<-'EOF'
	#!/bin/sh
	PEER_BIND=0.0.0.0:9999 setsid /usr/bin/python3 "$GSP_DIR/peer.py" tcp json \
		'{"version":{"name":"1.21.4"},"players":{"online":2,"max":9,"sample":[{"name":"ann"},{"name":"ben"}]}}' &
	PEER_BIND=0.0.0.0:9998 setsid /usr/bin/python3 "$GSP_DIR/peer.py" udp pong 'MCPE;x;1;1.0;7;9;' &
EOF
cp "$S/mc/start" "$S/be/start"
sed -i 's/\[7777\/tcp\]/[7777\/udp]/' "$S/mute/server.yaml"
sed -i 's/socket\.socket()/socket.socket(socket.AF_INET, socket.SOCK_DGRAM)/; /listen(5)/d; s/c, _ = s.accept()/s.recv(9)/; /c\.close()/d' \
	"$S/mute/bootstrap"
for s in mc be; do
	printf '#!/bin/sh\npkill -u game python3\nwhile pgrep -u game python3 >/dev/null; do sleep 0.05; done\n' >"$S/$s/stop"
done
say_players() { # say_players TEXT: what the script `players` of talk does
	printf '#!/bin/sh\n%s\n' "$1" >"$S/talk/players"
	chmod +x "$S/talk/players"
}
say_players 'echo 0'

gives 1 "no machine" gsp-query toy
says "said" "'toy' has no machine"
gives 69 "no such server" gsp-query tot
says "with the nearest" "toy"
gives 69 "a protocol is no server" gsp-query minecraft
says "and a host is missing" "gsp query minecraft HOST"

for s in toy talk mc be mute; do
	bg "up.$s" gsp-up -q "$s"
done
for s in toy talk mc be mute; do
	bg_gives 0 "up $s" "up.$s" 90
done

# Ready is what the game itself says.
is "ready is an answer of the game" \
	"$(jq -r 'select(.step == "ready" and .state == "done").message' "$H/state/mc/progress.jsonl")" \
	"the game answers: 2 of 9 players, version 1.21.4, at $(address mc):9998"

# ---- connections ----
gives 0 "nobody is connected" query toy
is "counted" "$(field '"\(.schema) \(.server) \(.how) \(.players) \(.max) \(.names | length)"')" "gsp.query/1 toy tcp 0 null 0"
cat >"$T/hold.py" <<-'EOF'
	import socket, sys, time
	keep = [socket.create_connection((sys.argv[1], 7777)) for _ in range(int(sys.argv[2]))]
	print("held", flush=True)
	time.sleep(600)
EOF
python3 "$T/hold.py" "$(address toy)" 3 >"$T/held" 2>"$T/held.err" &
held=$!
until_true 10 test -s "$T/held" || note "$(cat "$T/held.err")"
gives 0 "three are" query toy
is "counted" "$(field .players)" 3
gives 0 "by name of the way" query tcp toy
is "the same" "$(field .players)" 3
bg local gsp-ssh toy python3 -c "'import socket, time; keep = [socket.create_connection((a, 7777)) for a in (\"127.0.0.1\", \"$(address toy)\")]; print(1, flush=True); time.sleep(8)'"
until_true 10 test -s "$T/local.out"
gives 0 "two on the machine itself" query toy
is "are nobody" "$(field .players)" 3
kill $held
wait $held 2>/dev/null
until_true 10 sh -c 'test "$(gsp-query --json toy | jq .players)" = 0'
is "they left" "$(gsp-query --json toy | jq .players)" 0
bg_gives 0 "(those on the machine left, too)" local 20
bg other gsp-ssh toy unshare -n sh -c "'ip link add v0 type veth peer name v1 && echo 1 && sleep 8'"
if until_true 5 test -s "$T/other.out"; then
	cannot "a container there" "network of its own" toy
	bg_gives 0 "(the container ends)" other 20
	gives 0 "then it can" query toy
else
	rm -f "$T/other.rc"
	note "no interface in a namespace can be made here: $(cat "$T/other.err")"
fi
at toy pkill -STOP -f toy.py
gives 0 "a game that hangs has its connections" query toy
at toy pkill -CONT -f toy.py
at toy pkill -KILL -f toy.py
cannot "a game that has died" "nothing listens there on 7777/tcp" toy
cannot "udp alone" "none of its ports is tcp" tcp mute

# ---- the script ----
gives 0 "the script says nobody" query talk
is "counted" "$(field '"\(.how) \(.players)"')" "script 0"
say_players 'echo " 12 "'
gives 0 "twelve" query talk
is "counted" "$(field .players)" 12
say_players 'test "$GSP_SERVER:$(id -un):$(pwd)" = talk:game:/srv/toy && echo 4'
gives 0 "run as any script is" query script talk
is "counted" "$(field .players)" 4
say_players 'echo "the console is gone" >&2; exit 75'
cannot "75" "script 'players': it ended with status 75: the console is gone" talk
say_players 'echo 3; exit 1'
cannot "a number and a bad end" "ended with status 1" talk
for text in 'echo' 'true' 'echo three' 'echo -1' 'echo 1.5' 'echo 0x10' 'echo 3; echo 4' 'echo 3 4' \
	'echo 99999999999999999999' 'echo 2000000' 'echo warning >&2; echo 2' 'printf "0\\0005"' \
	'yes | head -c 100000'; do
	say_players "$text"
	cannot "'$text'" "script 'players': it printed" talk
done
say_players 'kill -SEGV $$'
cannot "killed" "ended by signal" talk
say_players 'echo 0; sleep 600'
began=$(date +%s)
LIMIT=2s cannot "too slow" "." talk
ok "in time" test $(($(date +%s) - began)) -le 10
say_players 'sleep 1; echo 6'
until_true 20 sh -c 'gsp-query -q talk'
for i in 1 2 3; do
	bg "many$i" gsp-query --json --timeout 30s talk
done
for i in 1 2 3; do
	bg_gives 0 "three at once: $i" "many$i" 60
	is "counted" "$(field .players)" 6
done
say_players 'sleep 2; echo 7'
bg holder gsp-sync up talk # it holds the lock, and is in nobody's way
gives 0 "beside what holds the lock" query talk
is "counted" "$(field .players)" 7
bg_gives 0 "which goes on" holder
chmod -x "$S/talk/players"
gives 0 "a script that is not executable is none: connections" query talk
is "counted" "$(field '"\(.how) \(.players)"')" "tcp 0"
cannot "unless it is asked for" "chmod" script talk
rm "$S/talk/players"
cannot "or is not there" "has no script 'players'" script talk

# ---- the game's protocol ----
gives 0 "Minecraft" query mc
is "asked at its port" "$(field '"\(.how) \(.players) \(.max) \(.version) \(.names | join(",")) \(.address)"')" \
	"minecraft 2 9 1.21.4 ann,ben $(address mc):9999"
gives 0 "Bedrock" query be
is "asked at the port that is set" "$(field '"\(.how) \(.players) \(.address)"')" "bedrock 7 $(address be):9998"
at mc pkill -KILL -f "'tcp json'"
LIMIT=2s cannot "a game that has died" "port 9999/tcp" mc
gives 0 "as a table" gsp-query be
prints "is one row" '^be +bedrock +7 +9 +[0-9]+ ms +1.0 +x +-$'

# ---- nobody can tell ----
cannot "udp and no script" "say how with 'query:' in server.yaml" mute
machine_fault gsp-mute gone
cannot "a machine that is gone" "." script mute
gives 78 "query: minetest" sh -c "echo 'query: minetest' >>'$S/mute/server.yaml' && gsp-up --check mute"
says "says what counts there" "script 'players' can count them"
finish
