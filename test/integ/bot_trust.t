#!/bin/sh
# Whose certificates the bot trusts: those of the system's directory, those of its file alone, nobody
# else's. In a mount namespace of its own, with another /etc/ssl/certs.
# shellcheck disable=SC2034 # discord.sh reads some
. test/integ/lib.sh
. test/integ/discord.sh
need python3 jq curl openssl unshare
need_root
[ -s /etc/ssl/certs/ca-certificates.crt ] || skip_all "needs ca-certificates where Debian has them"
new_home
discord_cert 2>"$T/err" || {
	echo "Bail out! no certificates: $(cat "$T/err")"
	exit 1
}
DISCORD_SCHEME=https DISCORD_ARGS="--tls $T/tls.pem $T/tls.key"
start_discord
echo '- {role: 1300000000000000001, can: [view]}' | discord_yaml
BOT=
stop_bot() {
	[ -z "$BOT" ] || { kill -TERM "$BOT" && wait "$BOT"; } 2>/dev/null
	BOT=
	rm -f "$H/state/discord/resume.json"
}
start_bot() { # start_bot: with $T/certs as the system's
	unshare -m sh -c 'mount --bind "$1" /etc/ssl/certs && exec gsp-bot run' - "$T/certs" 2>"$T/bot.err" &
	BOT=$!
	trap 'stop_bot; stop_discord; cleanup' EXIT
}
certs() { # certs: a copy of the system's, without us
	rm -rf "$T/certs"
	cp -R /etc/ssl/certs "$T/certs" && chmod -R a+rX "$T/certs"
}
hash=$(openssl x509 -noout -subject_hash -in "$T/ca.pem")

certs
cp "$T/ca.pem" "$T/certs/$hash.0"
start_bot
ok "known in the directory" until_ready 1 10
stop_bot
certs
cat "$T/ca.pem" >>"$T/certs/ca-certificates.crt"
start_bot
ok "known in the file alone" until_ready 2 10
stop_bot
rm -rf "$T/certs" && mkdir "$T/certs" && chmod 755 "$T/certs"
cp "$T/ca.pem" "$T/certs/ca-certificates.crt"
start_bot
ok "there is no directory but a file" until_ready 3 10
stop_bot
certs
start_bot
ok "a stranger is refused" until_true 10 grep -q 'certificate.*refused' "$T/bot.err"
is "and told nothing" "$(discord_ask .gateway.readies state)" 3
note "$(tail -n 2 "$T/bot.err")"
stop_bot
finish
