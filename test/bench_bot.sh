# Sourced by test/bench: what the bot takes and how fast it answers, against the stand-in for Discord
# (test/fake/discord.py) on loopback. Both halves together, the network half as a user of its own.
# Beside it a bot on discord.js that does nothing, where npm's package is in $DISCORD_JS.
# shellcheck shell=sh disable=SC2034,SC2154
. test/integ/discord.sh
DISCORD_JS=${DISCORD_JS:-${GSP_CI_NODE:-/var/tmp/gsp-ci-node}-discord}
SERVERS=200 JOBS=20 AT_ONCE=200 QUIET_S=${QUIET_S:-30}
BOT='' JS=''

bot_end() {
	[ -z "$BOT" ] || { kill "$BOT" && wait "$BOT"; } 2>/dev/null
	[ -z "$JS" ] || kill "$JS" 2>/dev/null
	BOT='' JS=''
}

# ---- a home of many servers, and jobs that only talk ----

bot_home() {
	new_home bot
	n=100
	while [ $n -lt $((100 + SERVERS)) ]; do
		mkdir -p "$H/servers/many$n"
		cp -R "$H/servers/toy/." "$H/servers/many$n/"
		n=$((n + 1))
	done
	rm -rf "$H/servers/toy"
	# The product starts what is beside it; gsp-up is a script here that tells four times a second
	# how far it is, and no more: what is measured is the bot, not twenty evenings.
	B=$T/botbin
	mkdir -p "$B"
	for tool in bot bot-net status saves query; do cp "$BUILD/gsp-$tool" "$B/"; done
	cat >"$B/gsp-up" <<-EOF2
		#!/bin/sh
		for name; do :; done
		t=\$(date +%s%3N) pct=0
		line() {
			printf '{"t":%s,"server":"%s","step":"%s","state":"%s","pct":%s,"message":"%s"}\n' \\
				\$t "\$name" "\$1" "\$2" \$((pct % 100)) "\$3" >&2
		}
		line sync-up start ""
		until [ -e "$T/jobs.over" ]; do
			pct=\$((pct + 1)) t=\$((t + 250))
			line sync-up progress "\$pct of many files"
			sleep 0.25
		done
		line sync-up done ""
		line all done ""
	EOF2
	chmod +x "$B/gsp-up"
	cp "$H/gsp.yaml" "$T/gsp.yaml"
}

bot_conf() { # bot_conf [LINE]: gsp.yaml's discord:, for the stand-in that runs now
	cp "$T/gsp.yaml" "$H/gsp.yaml"
	discord_yaml 'channels: [1400000000000000001, 1400000000000000002]' "$@" <<-EOF2
		- {role: 1300000000000000001, can: [view]}
		- {role: 1300000000000000002, can: [operate, extend]}
	EOF2
	rm -rf "$H/state/discord/resume.json" # a session of its own each time
}

# What the computer trusts, and the authority of the stand-in's certificate: as if its maker were in
# everybody's list, file and directory.
system_trusts_us() {
	cp -R /etc/ssl/certs "$T/certs" && cp "$T/ca.pem" "$T/certs/" &&
		cat /etc/ssl/certs/ca-certificates.crt "$T/ca.pem" >"$T/certs/ca-certificates.crt" &&
		ln -s ca.pem "$T/certs/$(openssl x509 -noout -subject_hash -in "$T/ca.pem").0" && chmod -R a+rX "$T/certs"
}

# ---- a life, and what it takes ----

bot_start() { # bot_start [system]: until READY; its milliseconds join n.ready.$kind
	began=$(ms_now)
	if [ "${1:-}" = system ]; then
		unshare -m sh -c 'mount --bind "$1" /etc/ssl/certs && exec "$2/gsp-bot" run' - "$T/certs" "$B" 2>"$T/bench.err" &
	else
		"$B/gsp-bot" run 2>"$T/bench.err" &
	fi
	BOT=$!
	until_ready 1 20 || die "the bot does not become ready ($kind)"
	add "ready.$kind" $(($(jq '.presence[-1].t' "$T/discord.out") - began))
}

bot_pids() { # both halves
	echo "$BOT" "$(pgrep -P "$BOT" -x gsp-bot-net)"
}
kb() { # kb RSS|PRIVATE PID...
	what=$1
	shift
	[ "$what" = RSS ] && what='Rss' || what='Private_'
	for pid; do cat "/proc/$pid/smaps_rollup"; done | awk -v k="^$what" '$1 ~ k { n += $2 } END { print n }'
}
cpu_us() { for pid; do cat "/proc/$pid/schedstat"; done | awk '{ n += $1 } END { print int(n / 1000) }'; }
wakes() { for pid; do grep -h ^voluntary "/proc/$pid/status"; done | awk '{ n += $2 } END { print n }'; }

mb() { printf '%d.%02d MB' $(($1 / 1024)) $(($1 % 1024 * 100 / 1024)); }
mb_row() { # mb_row TEXT OURS THEIRS BAR_MB
	theirs=-
	[ -z "$3" ] || theirs=$(mb "$3")
	row "$1" "$(mb "$2")" "$theirs" - "under $4 MB" "$(met "$2" $(($4 * 1024 - 1)))"
}
memory_rows() { # memory_rows TEXT [JS_RSS JS_PRIVATE]
	# shellcheck disable=SC2046
	mb_row "bot, $1: resident" "$(kb RSS $(bot_pids))" "${2:-}" 20
	# shellcheck disable=SC2046
	mb_row "  of it its own" "$(kb PRIVATE $(bot_pids))" "${3:-}" 6
}

idle_rows() { # 20 s of the quiet
	# shellcheck disable=SC2046
	cpu=$(cpu_us $(bot_pids)) woke=$(wakes $(bot_pids))
	sleep 20
	# shellcheck disable=SC2046
	cpu=$(($(cpu_us $(bot_pids)) - cpu)) woke=$(($(wakes $(bot_pids)) - woke))
	row "bot, idle for 20 s: processor, wake-ups" "$((cpu / 1000)).$((cpu % 1000 / 100)) ms" "$woke" - - -
}

ms_rows() { # ms_rows TEXT LIST BAR: the longest and the median of n.LIST
	longest=$(sort -n "$T/n.$2" | tail -n 1)
	row "$1: longest" "$longest ms" - - "under $3 ms" "$(met "$longest" $(($3 - 1)))"
	row "  the middle one" "$(median "$2") ms" - - - -
}
answers() { # answers LIST: of the interactions whose ids are in $T/ids
	jq -r '.[]' "$T/ids" | while read -r I; do
		discord_wait "{\"for\":\"answered\",\"interaction\":\"$I\",\"timeout\":10}" || die "$I was not answered"
		jq .answered_after_ms "$T/discord.out"
	done >>"$T/n.$1"
	[ "$(wc -l <"$T/n.$1")" -eq "$(jq length "$T/ids")" ] || die "not all were answered"
}

# ---- under load ----

jobs_begin() {
	rm -f "$T/jobs.over" "$H"/state/discord/jobs/*/lock
	as_user bert
	n=0
	while [ $n -lt $JOBS ]; do
		slash_raw up name=many$((100 + n)) || die "$(cat "$T/discord.err")"
		n=$((n + 1))
	done
	until_message 'is coming up' 20 "{\"n\":$JOBS}" || die "the jobs do not begin"
}
jobs_end() {
	: >"$T/jobs.over"
	until_message 'is up' 60 "{\"n\":$JOBS,\"via\":\"channel\"}" || die "the jobs do not end"
}

at_once() { # half types, half asks: look-ups, each a tool that is started, and one in ten may not
	jq -nc --argjson n $AT_ONCE '{do: [range($n) | . as $i | "many\(100 + $i % 200)" as $s |
		if $i % 2 == 0 then ["autocomplete", {user: "bert", sub: "up", focused: "name", value: $s[0:($i % 7)]}]
		elif $i % 10 == 1 then ["command", {user: "eve", sub: "status", options: {name: $s}}]
		elif $i % 10 == 3 then ["command", {user: "anna", sub: "saves", options: {name: $s}}]
		elif $i % 10 == 5 then ["command", {user: "anna", sub: "list"}]
		else ["command", {user: "bert", sub: "status", options: {name: $s}}] end |
		.[1] += {raw: true, channel: "games"}]}' >"$T/burst"
	discord_control many "@$T/burst" || die "$(cat "$T/discord.err")"
	cp "$T/discord.out" "$T/ids"
}
filled_all() { # what was asked has its answer, too
	jq -r '.[]' "$T/ids" | while read -r I; do filled 60 || echo "$I"; done >"$T/unfilled"
	[ ! -s "$T/unfilled" ] || die "not filled: $(wc -l <"$T/unfilled")"
}

typing() { # one after another, while nothing else happens
	as_user bert
	n=0
	while [ $n -lt 40 ]; do
		discord_control autocomplete "$(jq -nc --argjson n $n \
			'{user: "bert", channel: "games", sub: "up", focused: "name", value: "many\(100 + $n)"[0:($n % 8)], raw: true}')"
		jq '[.id]' "$T/discord.out" >"$T/ids"
		I=$(jq -r '.[0]' "$T/ids")
		answered || die "$I was not answered"
		[ "$(answer_of '.choices | length')" -gt 0 ] || die "nothing was offered"
		answer_of .answered_after_ms >>"$T/n.typing"
		n=$((n + 1))
	done
	ms_rows "typing a name, $SERVERS servers" typing 50
}

# ---- the kinds ----

js_takes() { # a bot that is logged in, on discord.js: $JS_RSS, $JS_PRIVATE, n.ready.js
	JS_RSS='' JS_PRIVATE=''
	[ -d "$DISCORD_JS/node_modules/discord.js" ] && command -v node >/dev/null || {
		row "discord.js" - - - - "not in $DISCORD_JS"
		return
	}
	start_discord
	began=$(ms_now)
	mkfifo "$T/js.in"
	DISCORD_PEER_TOKEN=$(cat "$DISCORD_DIR/token") node test/fake/discord_peer.cjs "$DISCORD_JS" \
		"$DISCORD/api" <"$T/js.in" >"$T/js.out" 2>&1 &
	JS=$!
	exec 8>"$T/js.in"
	until_ready 1 30 || die "discord.js does not become ready"
	add ready.js $(($(jq '.presence[-1].t' "$T/discord.out") - began))
	sleep $QUIET_S
	JS_RSS=$(kb RSS $JS) JS_PRIVATE=$(kb PRIVATE $JS)
	exec 8>&-
	kill $JS 2>/dev/null
	JS=''
	stop_discord
}

life() { # life KIND TEXT [LINE OF discord:]
	kind=$1 text=$2
	start_discord
	trap 'bot_end; stop_discord; cleanup' EXIT
	pair=0
	while [ $pair -lt "$PAIRS" ]; do
		stop_discord
		start_discord
		trap 'bot_end; stop_discord; cleanup' EXIT
		bot_conf "${3:-}"
		bot_end
		bot_start "$kind"
		pair=$((pair + 1))
	done
	theirs=-
	[ "$kind" != plain ] || [ ! -e "$T/n.ready.js" ] || theirs="$(median ready.js) ms"
	row "bot, $text: start to READY" "$(median "ready.$kind") ms" "$theirs" - "under 100 ms" \
		"$(met "$(median "ready.$kind")" 99)"
	sleep $((QUIET_S - 20))
	if [ "$kind" = plain ]; then idle_rows; else sleep 20; fi
	if [ "$kind" = plain ]; then
		memory_rows "$text, idle" "$JS_RSS" "$JS_PRIVATE"
		typing
	else
		memory_rows "$text, idle"
	fi
	jobs_begin
	[ -z "${PROFILE:-}" ] || eval "$PROFILE" &
	at_once
	answers "burst.$kind"
	ms_rows "$AT_ONCE at once, $JOBS jobs, $text" "burst.$kind" 500
	filled_all
	jobs_end
	sleep $QUIET_S
	memory_rows "$text, after that and ${QUIET_S} s"
	wrong=$(discord_ask '[.[].kind] | unique | join(" ")' violations)
	[ -z "$wrong" ] || row "  what Discord would not like" "$wrong" - - none "NOT MET"
	bot_end
	stop_discord
}

measure_bot() { # $KINDS: which of plain, tls, system
	need jq curl python3 openssl unshare
	bot_home
	js_takes
	discord_cert >"$T/bench.out" 2>"$T/bench.err" || die "no certificates"
	system_trusts_us || die "no certificates"
	for kind in ${KINDS:-plain tls system}; do
		DISCORD_SCHEME=https DISCORD_ARGS="--tls $T/tls.pem $T/tls.key"
		case $kind in
		plain) DISCORD_SCHEME=http DISCORD_ARGS='' && life plain "no TLS" ;;
		tls) life tls "one CA" "ca_file: $T/ca.pem" ;;
		system) life system "the system's CAs" ;;
		esac
	done
	DISCORD_SCHEME=http DISCORD_ARGS=
	chmod -R u+w "$H" && rm -rf "$H"
}
