#!/bin/sh
# gsp-bot and people who mean ill, in chat or in a network half that they have taken over: what they are
# not shown, what they cannot make it do, and what they cannot take from others.
. test/integ/lib.sh
in_sandbox "$@"
need jq python3
new_home
. test/integ/bot_half.sh
server secret
rules <<-EOF
	- {role: "31", can: [operate, extend], servers: [toy]}
	- {role: "34", can: [restore, operate]}
	- {role: "35", can: view, servers: [gone]}
	- {user: "9", can: admin}
EOF
shim() { # shim TOOL: only says how it was called, what it holds, and what it knows
	cat >"$B/$1" <<-EOF
		#!/usr/bin/python3
		import os, sys
		fds = {n: os.readlink("/proc/self/fd/" + n) for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)}
		with open("$T/$1.called", "a") as f:
		    print(sys.argv[1:], file=f)
		with open("$T/$1.fds", "w") as f:
		    print(*["%s=%s" % (n, fds[n].split(":")[0]) for n in sorted(fds) if "fd" not in fds[n]], file=f)
		with open("$T/$1.env", "w") as f:
		    print(os.environ, file=f)
	EOF
	chmod 755 "$B/$1"
}
told_nothing_of() { # told_nothing_of TEXT NAME: in the last answer
	is "$1" "$(of ".n==$N_ and (.kind==\"refused\" or .kind==\"result\")" '.text, .out, .said' | grep -c -- "$2")" 0
}
answered() { has ".n==$N_ and (.kind==\"refused\" or .kind==\"result\")"; }
start_bot
say '{"kind":"ready","app":"5","user":"6"}'

# ---- a rule for a server that is no longer there shows no other ----
ROLE=35
for verb in status list cost; do
	ask $verb ""
	until_true 3 has ".kind==\"defer\" and .n==$N_" && deferred
	ok "$verb: an answer" until_true 20 answered
	told_nothing_of "$verb: no other server" secret
	told_nothing_of "... not one" toy
done

# ---- what acts at once acts once, also when the bot dies and Discord repeats itself ----
ROLE=31
shim gsp-lease
ask extend toy && allowed "extend" && deferred
ok "it is done" until_true 10 test -s "$T/gsp-lease.called"
kill -9 "$BOT"; wait "$BOT" 2>/dev/null
start_bot
SAME=1 ask extend toy && refused "the same event after a restart" "asked already"
is "it was done once" "$(grep -c . "$T/gsp-lease.called")" 1

# ---- what the tools are given ----
is "a look-up: nothing but its streams" "$(cat "$T/gsp-lease.fds")" "0=/dev/null 1=pipe 2=pipe"
is "not the bot's token" "$(grep -c bot.token "$T/gsp-lease.env")" 0
shim gsp-up
ask up toy && allowed "up" && deferred
await "a job" ".kind==\"end\" and .interaction==\"$ID_\""
is "a job: nothing but its streams" "$(sed "s,$T,,g" "$T/gsp-up.fds")" \
	"0=/dev/null 1=/home/state/discord/jobs/$ID_/out 2=/home/state/discord/jobs/$ID_/progress"
is "nor the bot's token" "$(grep -cE 'bot.token|SECRETtok' "$T/gsp-up.env")" 0
told "$ID_"
for p in "$BOT" "$(cat "$CTL/pid")"; do
	is "no token in a command line or an environment" "$(cat "/proc/$p/cmdline" "/proc/$p/environ" | grep -ac 'bot.token')" 0
done

# ---- words for the game, from a network half that checks nothing ----
for t in 'hi\nop eve' 'hi\rop eve' 'a\tb' "$(printf '%0201d' 0)"; do
	ask say toy ".text=\"$t\"" && refused "say: no lines, no more than a line" "cannot be said|longer than"
done

# ---- a question about a server that seems to be down is no leave to throw anybody out ----
shim gsp-down
ask down toy && allowed "down" && deferred
await "a question, nobody counted" ".kind==\"question\" and .n==$N_ and .players==-2"
press "$(of ".kind==\"question\" and .n==$N_" .nonce)" true && allowed "yes" && deferred
ok "it is done" until_true 10 test -s "$T/gsp-down.called"
await "it is over" ".kind==\"end\" and .interaction==\"$ID_\""
told "$ID_"
is "whoever came meanwhile stays" "$(grep -c even-if-playing "$T/gsp-down.called")" 0
await "and over" ".kind==\"end\" and .interaction==\"$ID_\""

# ---- whoever asks a lot takes nothing from others ----
ROLE=34 USER_=8
ask restore toy '.save=1' && allowed "a question" && deferred
await "it is asked" ".kind==\"question\" and .n==$N_"
FIRST=$(of ".kind==\"question\" and .n==$N_" .nonce)
USER_=7
i=0
while [ $i -lt 70 ]; do i=$((i + 1)) && ask restore toy '.save=1' && deferred; done
await "70 of somebody else's" ".kind==\"question\" and .n==$N_"
USER_=8
press "$FIRST" false && allowed "the first one stands"

# ---- nor does it fill the disk ----
USER_=7 ROLE=31
python3 -c '
import json, sys
who = json.loads(sys.argv[1])
for i in range(1, 1501):
    print(json.dumps({"kind": "ask", "n": 100000 + i, "who": who, "verb": "extend", "interaction": str(500000 + i),
        "app": "5", "token": "t", "server": "toy", "text": "", "time": "1h", "script": "", "month": "", "save": 0}))
    print(json.dumps({"kind": "lost", "n": 100000 + i}))
' "$(who)" >&9
await "1500 hours asked for, none taken" '.kind=="defer" and .n==101500' 60
ask list "" && allowed "it serves" && say "{\"kind\":\"lost\",\"n\":$N_}"
few() { [ "$(find "$H/state/discord/jobs" -mindepth 1 -maxdepth 1 | wc -l)" -lt 1000 ]; }
ok "what they leave is not kept by the thousand" until_true 10 few
ok "the newest is" test -d "$H/state/discord/jobs/501500"

# ---- the log is ours ----
ok "what the network half says is marked as that" grep -q '^gsp-bot-net: gsp-bot: all is well$' "$T/bot.err"

# ---- no gsp.yaml, no rights ----
ROLE=31
mv "$H/gsp.yaml" "$T/away"
kill -HUP "$BOT"
ask list "" && refused "no gsp.yaml, just when it is read again" "the owner must mend gsp.yaml"
mv "$T/away" "$H/gsp.yaml"
ask list "" && allowed "there again" && say "{\"kind\":\"lost\",\"n\":$N_}"
kill -TERM "$BOT"
ends 0 "it ends"

# ---- what is found in state/discord ----
i=0
while [ $i -lt 300 ]; do
	i=$((i + 1))
	mkdir "$H/state/discord/jobs/$((1000 + i))"
	[ $((i % 3)) = 0 ] || printf '{"kind":"begin","who":' >"$H/state/discord/jobs/$((1000 + i))/job.json"
done
mkdir "$H/state/discord/jobs/77777777777777777777" && ln -s /etc/shadow "$H/state/discord/jobs/77777777777777777777/progress"
start_bot
say '{"kind":"ready","app":"5","user":"6"}'
ask list "" && allowed "300 broken jobs: it serves" && say "{\"kind\":\"lost\",\"n\":$N_}"
is "and tells nothing of them" "$(has '.kind=="begin" and (.interaction|length)==4' && echo told)" ""
kill -TERM "$BOT"
ends 0 "it ends"

# ---- root does not take a home of somebody else's for its own ----
mkdir -p "$T/theirs" && cp -a "$H/servers" "$H/bot-token" "$T/theirs/" && chown -R daemon "$T/theirs"
chmod 755 "$H" && ln -s "$H/gsp.yaml" "$T/theirs/gsp.yaml"
gives 77 "a gsp.yaml of root's in a home of theirs" timeout 10 "$B/gsp-bot" -C "$T/theirs" run
says "... and why" "the directory that it is in to user $(id -u daemon)"
ok "root wrote nothing there" test ! -e "$T/theirs/state"

# ---- nor reads for its owner what the owner may not ----
D=$T/daemons
mkdir "$D" && cp -a "$H/gsp.yaml" "$H/servers" "$D/" && chown -R daemon "$D" && chmod -R a+rX "$B"
printf 'roots.own.secret\n' >"$T/roots" && chmod 600 "$T/roots" && ln -s "$T/roots" "$D/bot-token"
rm -f "$CTL/got"
gives 77 "a link to a file of root's in place of the token" timeout 10 "$B/gsp-bot" -C "$D" run
is "nobody was told" "$(grep -c 'roots.own' "$CTL/got" "$T/err" 2>/dev/null | grep -cv ':0$')" 0
rm "$D/bot-token" && cp "$H/bot-token" "$D/" && chown daemon "$D/bot-token"
H=$D
start_bot
of_bot() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$BOT/status" | tr '\t' ' '; }
U=$(id -u daemon) G=$(id -g daemon)
is "with a token of theirs it is them, for good" "$(of_bot Uid), $(of_bot Gid)" "$U $U $U $U, $G $G $G $G"
is "in their groups alone" "$(of_bot Groups | xargs)" "$(id -G daemon)"
is "and without a capability" "$(of_bot CapPrm) $(of_bot CapEff) $(of_bot CapInh) $(of_bot CapAmb)" \
	"0000000000000000 0000000000000000 0000000000000000 0000000000000000"
kill -TERM "$BOT"
ends 0 "it ends"
finish
