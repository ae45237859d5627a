#!/bin/sh
# The network half of gsp-bot when its connection ends, when it has to leave, and when the other half
# is gone: what was said is kept, and the next one goes on.
. test/integ/lib.sh
. test/integ/discord.sh
. test/integ/bot_net.sh
need python3 jq curl

# ---- the gateway ----
start_discord
start_net
until_ready 1 10
resumed=0
for d in '"do":"op","op":7' '"do":"drop"' '"do":"op","op":9,"d":true'; do
	discord_gateway "{$d}"
	resumed=$((resumed + 1))
	ok "after $d it resumes" discord_wait "{\"for\":\"resumed\",\"n\":$resumed,\"timeout\":30}"
	slash_raw status name=vanilla
	ok "and answers" filled 5
done
discord_gateway '{"do":"close","code":4009}'
ok "after 4009 it identifies anew" until_ready 2 60
slash_raw status name=vanilla
ok "and answers" filled 5
is "the monitor was told once" "$(heard ready)" 1
ok "it was the same process" alive
discord_gateway '{"do":"close","code":4004}'
is "a refused token ends it" "$(ended 10)" 77
is "and it says so" "$(heard fatal)" 1
stop_net

# ---- leaving ----
fresh
start_net
until_ready 1 10
slash_raw up name=vanilla
until_message "vanilla.* is coming up" 5
do_net '{"kind":"stop"}'
is "STOP: it leaves" "$(ended 5)" 0
ok "having said how to resume" test "$(jq -r .session_id "$D/resume")" != ""
slash_raw status name=vanilla # while nobody is there
start_net
ok "the next one resumes" discord_wait '{"for":"resumed","n":1,"timeout":10}'
ok "and answers what came meanwhile" filled 5
do_net "$(cat "$D/begin")"
do_net '{"kind":"end","interaction":"'"$(jq -r .interaction "$D/begin")"'","status":0,"text":"","out":"","asked_ms":1,"ended_ms":2,"cost_usd":-1}'
ok "a job of the one before is told" until_message "vanilla.* is up" 10 '{"via":"channel"}'
kill -TERM "$(cat "$D/pid")"
is "SIGTERM: it leaves, too" "$(ended 5)" 0
start_net
discord_wait '{"for":"resumed","n":2,"timeout":10}'
do_net eof
is "the monitor is gone: it leaves" "$(ended 5)" 0
stop_net
start_net
ok "resumed once more" discord_wait '{"for":"resumed","n":3,"timeout":10}'
do_net 'nonsense'
is "nonsense from the monitor: it leaves" "$(ended 5)" 0
ok "and says why" said "nonsense"
is "no secret in its log" "$(grep -cF -e "$(cat "$D/token")" -e aW50ZXJhY3Rpb246 "$D/err")" 0
stop_net

# ---- the resolver's file is replaced, as by a lease or another network ----
if [ "$(id -u)" = 0 ]; then
	fresh
	mkdir "$T/etc"
	cp -a /etc/hosts /etc/nsswitch.conf /etc/ld.so.cache "$T/etc/"
	echo 'nameserver 127.0.0.1' >"$T/etc/resolv.conf"
	cat >"$T/net" <<-EOF
		#!/bin/sh
		exec unshare -m sh -c 'mount --bind "$T/etc" /etc && exec "$BUILD/gsp-bot-net" "\$@"' gsp-bot-net "\$@"
	EOF
	chmod +x "$T/net"
	NET=$T/net start_net
	until_ready 1 10
	discord_fault '{"method":"POST","path":"/callback","spoil":"drop","count":2}'
	slash_raw status name=vanilla
	answered 5
	ok "a request that is lost ends nothing" alive
	echo 'nameserver 127.0.0.2' >"$T/etc/new" && mv "$T/etc/new" "$T/etc/resolv.conf"
	# without Landlock nothing else would shut it
	python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(444, 0, 0, 1) < 1)' || chmod 600 "$T/etc/resolv.conf"
	discord_fault '{"method":"POST","path":"/callback","spoil":"drop","count":2}'
	slash_raw status name=vanilla
	is "a resolv.conf that it cannot read: it wants to be started again" "$(ended 20)" 75
	ok "and says so" said "resolv.conf' was replaced"
	NET=
	start_net
	ok "the next one resumes" discord_wait '{"for":"resumed","n":1,"timeout":10}'
	stop_net
fi

# ---- TLS, with a certificate of our own; shut in before it is read ----
if command -v openssl >/dev/null; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1 -keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null
	stop_discord
	rm -rf "$T/mon" "$T/fakediscord"
	DISCORD_ARGS="--tls $T/cert.pem $T/key.pem" DISCORD_SCHEME=https start_discord
	DISCORD_ARGS=
	GSP_BOT_CA_FILE=$T/cert.pem
	export GSP_BOT_CA_FILE
	start_net --ca-file="$T/cert.pem"
	ok "over TLS it becomes ready" until_ready 1 10
	slash_raw status name=vanilla
	ok "and answers" filled 5
	note "$(awk '/^(Rss|Private_Dirty)/ { print $1, $2, "kB" }' "/proc/$(cat "$D/pid")/smaps_rollup" | paste -sd ' ')"
	if python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(444, 0, 0, 1) < 1)'; then
		cp "$T/cert.pem" "$T/new.pem" && mv "$T/new.pem" "$T/cert.pem"
		discord_fault '{"method":"POST","path":"/callback","spoil":"drop","count":2}'
		slash_raw status name=vanilla
		is "certificates that it cannot read: it wants to be started again" "$(ended 20)" 75
		ok "and says so" said "cert.pem' was replaced"
	else
		pass "certificates that are replaced # SKIP needs Landlock"
	fi
	stop_net
	GSP_BOT_CA_FILE=
	start_net
	ok "a certificate that nobody vouches for is refused" until_true 10 said "certificate"
	is "and nothing was told" "$(heard ready)" 1
	stop_net
else
	pass "over TLS # SKIP needs openssl"
fi
finish
