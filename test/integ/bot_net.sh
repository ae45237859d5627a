# Sourced by the tests of gsp-bot's network half, after lib.sh and discord.sh: gsp-bot-net with a scripted
# other half (test/fake/monitor.py).
# shellcheck shell=sh

# start_net [ARG...]: gsp-bot-net, or $NET in its place; $D has what it told its other half.
# Root's becomes somebody else, as it should; that also works where there is no Landlock.
start_net() {
	[ "$(id -u)" != 0 ] || set -- --become 65534:65534 "$@"
	D=$T/mon
	mkdir -p "$D"
	rm -f "$D/status" "$D/pid"
	cp "$DISCORD_DIR/token" "$D/token"
	python3 test/fake/monitor.py "$D" "$DISCORD_URL" "${NET:-$BUILD/gsp-bot-net}" "$@" 2>>"$T/monitor.err" &
	MON=$!
	until_true 10 test -s "$D/pid"
}
stop_net() { # what it said and told stays
	kill "$MON" 2>/dev/null
	wait "$MON" 2>/dev/null
}
do_net() { echo "$*" >"$D/do"; }
step() { # step NAME: the newest job's tool begins it
	do_net '{"kind":"line","interaction":"${JOB}","out":"{\"t\":1,\"server\":\"vanilla\",\"step\":\"'"$1"'\",\"state\":\"start\"}"}'
}
ended() { # ended SECONDS: its status
	until_true "$1" test -s "$D/status" && cat "$D/status"
}
heard() { # heard KIND: how many such lines
	grep -c "\"kind\": \"$1\"" "$D/heard" 2>/dev/null || :
}
heard_n() { [ "$(heard "$1")" = "$2" ]; }
alive() { kill -0 "$(cat "$D/pid")"; }
said() { grep -qE "$1" "$D/err"; }
fresh() { # between the parts: nothing left of what was
	stop_net
	stop_discord
	rm -rf "$T/mon" "$T/fakediscord"
	start_discord "${1:-{\}}"
}
in_time() { # in_time TEXT: the first answer came within Discord's three seconds
	answered 5
	ms=$(answer_of .answered_after_ms)
	ok "$1 (${ms} ms)" test "$ms" -lt 3000
}
