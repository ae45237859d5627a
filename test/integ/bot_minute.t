#!/bin/sh
# A question of gsp-bot's is open for a minute, also to a network half that sends the press later: by an
# injected clock. And what a service manager would do to what the bot has begun is said.
. test/integ/lib.sh
need jq python3 faketime
case $BUILD in *address*) skip_all "a sanitizer and another clock each want to be first" ;; esac
new_home
. test/integ/bot_half.sh
cat >>"$H/gsp.yaml" <<-E2
	discord:
	  token_file: bot-token
	  guild: "100"
	  user: $([ "$(id -u)" != 0 ] && echo gsp-bot || echo nobody)
	  allow: [{role: "31", can: operate}]
E2
FAKE=$(faketime -f +0d sh -c 'echo $LD_PRELOAD')
clock() { printf '+%ss\n' "$1" >"$T/offset.new" && mv "$T/offset.new" "$T/offset"; }
clock 0
mv "$B/gsp-bot" "$B/gsp-bot.real"
cat >"$B/gsp-bot" <<-E2
	#!/bin/sh
	NO_FAKE_STAT=1 FAKE_UTIME=0 FAKETIME_NO_CACHE=1 FAKETIME_TIMESTAMP_FILE=$T/offset LD_PRELOAD='$FAKE' exec "$B/gsp-bot.real" "\$@"
E2
chmod +x "$B/gsp-bot"
question() { # $NONCE; $ASKED is what was asked
	ask down toy
	ASKED=$ID_
	allowed "down" && deferred
	await "a question" ".kind==\"question\" and .n==$N_"
	NONCE=$(of ".kind==\"question\" and .n==$N_" .nonce)
}

start_bot
say '{"kind":"ready","app":"5","user":"6"}'
question
clock 50
press "$NONCE" false
await "pressed after 50 s: it is taken" ".kind==\"defer\" and .n==$N_ and .update"
deferred
question
clock 111
press "$NONCE" true
refused "after 61 s it is over" "that question is over; ask again"
ok "and nothing of it is left" until_true 10 no_job "$ASKED"
kill -TERM "$BOT"
ends 0 "the bot ends"

# ---- a service manager that would end our jobs with us ----
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	mkdir "$T/path"
	printf '0::/system.slice/my-bot.service\n' >"$T/cgroup"
	service() { # service MODE: the bot as my-bot.service with that KillMode
		printf '#!/bin/sh\necho "$*" >%s/asked\necho %s\n' "$T" "$1" >"$T/path/systemctl"
		chmod +x "$T/path/systemctl"
		cat >"$B/gsp-bot" <<-E2
			#!/bin/sh
			mount --bind "$T/cgroup" "/proc/\$\$/cgroup" && INVOCATION_ID=1 PATH="$T/path:$PATH" exec "$B/gsp-bot.real" "\$@"
		E2
		mv "$B/gsp-bot" "$B/inner" && chmod +x "$B/inner"
		printf '#!/bin/sh\nexec unshare -m "%s" "$@"\n' "$B/inner" >"$B/gsp-bot" && chmod +x "$B/gsp-bot"
		start_bot
		say '{"kind":"ready","app":"5","user":"6"}'
		until_true 10 grep -q ready "$T/bot.err"
		kill -TERM "$BOT"
		ends 0 "the bot ends, as a service with KillMode=$1"
	}
	service control-group
	ok "it warned" grep -q "the service 'my-bot.service' has KillMode=control-group: what the bot has begun would be killed" "$T/bot.err"
	is "having asked for its own unit" "$(cat "$T/asked")" "--system show -p KillMode --value -- my-bot.service"
	service process
	is "that one it did not warn of" "$(grep -c KillMode "$T/bot.err")" 0
else
	pass "a service manager # SKIP needs root"
fi
finish
