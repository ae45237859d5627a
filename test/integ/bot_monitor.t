#!/bin/sh
# gsp-bot's monitor, driven by a network half that says what the test tells it to: who may what, what is
# started once and what never, and what becomes of jobs when the bot is killed at any of their moments.
. test/integ/lib.sh
in_sandbox "$@"
need jq python3
new_home
. test/integ/bot_half.sh
server other
server secret
tells_players toy
rules <<-EOF
	- {role: "31", can: operate, servers: [toy, other]}
	- {role: "32", can: view, servers: [toy]}
	- {role: "33", can: extend, servers: [toy]}
	- {role: "34", can: [restore, operate]}
	- {role: "35", can: view, servers: [nosuch]}
	- {user: "9", can: admin}
EOF

# ---- the network half is started with what it needs, and nothing else ----
LINODE_TOKEN_WAS=$LINODE_TOKEN
start_bot
is "its user, and no port but Discord's" "$(paste -sd ' ' "$CTL/argv")" "--become=$(id -u nobody):$(id -g nobody) --https-only"
is "no descriptor but the socket" "$(cat "$CTL/fds")" "0 1 2 3"
is "nothing of ours in its environment" "$(grep -cE 'TOKEN|GSP|HOME|PATH' "$CTL/env")" 0
is "the token comes over the socket" "$(of '.kind=="hello"' .token)" bot.token.12345
is "nothing to resume" "$(of '.kind=="hello"' .seq)" -1
ok "its words are passed on, harmless" grep -qF 'hello from the other half \x1b[2J' "$T/bot.err"
say '{"kind":"resume","session_id":"abc","resume_url":"wss://x","seq":41}'
say '{"kind":"ready","app":"5","user":"6"}'
until_true 10 grep -q ready "$T/bot.err"
gives 75 "another one is refused" "$B/gsp-bot" -C "$H" run
says "... naming the first" "another gsp-bot serves this home.*gsp-bot: run \(pid $BOT\)"

# ---- who may what ----
ask up toy && allowed "operate: up" && say "{\"kind\":\"lost\",\"n\":$N_}"
ok "what was not answered never begins, and its token is gone" until_true 10 no_job "$ID_"
SAME=1 ask up toy && refused "... even when Discord repeats it" "asked already"
SAME=
ask up toy && allowed "up, and Discord is slow to take the answer"
HELD=$N_
ask up toy && refused "another one, meanwhile" "toy is coming up already, as ann asked .* Ask again"
say "{\"kind\":\"lost\",\"n\":$HELD}"
ask up toy && allowed "... but it did not begin: the next" && say "{\"kind\":\"lost\",\"n\":$N_}"
ROLE=32 && ask up toy && refused "view: no up" "takes <@&31>, <@&34>$"
ask list "" && allowed "view: list" && say "{\"kind\":\"lost\",\"n\":$N_}"
ask extend toy && refused "view: no extend" "<@&33>"
ask status secret && refused "what they cannot see does not exist" "no server 'secret'; '/server list'"
ask status nosuch && refused "... just as what does not" "no server 'nosuch'; '/server list'"
ask status toyy && refused "a slip of the finger" "did you mean 'toy'"
ROLE=99 && ask status secret && refused "nobody: a server that exists" "you may not use '/server status' here"
A=$(of ".kind==\"refused\" and .n==$N_" .text)
ask status nosuch && refused "nobody: one that does not" "you may not use"
is "the same words" "$(of ".kind==\"refused\" and .n==$N_" .text)" "$A"
USER_=9 && ask logs secret && allowed "a user's own rule" && say "{\"kind\":\"lost\",\"n\":$N_}"
USER_=7 ROLE=31
ask up toy '.save=1' && refused "an older save takes more than operate" "<@&34>"
ask restore toy '.save=1' && refused "restore" "<@&34>"
GUILD=101 && ask up toy && refused "another guild" "does not serve this"
GUILD='' && ask up toy && refused "a direct message" "not in direct messages"
GUILD=100 CHANNEL=201 && ask up toy && refused "another channel" "ask in <#200>"
PARENT=200 && ask up toy && allowed "a thread of it" && say "{\"kind\":\"lost\",\"n\":$N_}"
PARENT='' CHANNEL=200
ask extend toy '.time="; rm -rf"' && refused "no extend for operate" "<@&33>"
ROLE=33
for t in '; rm -rf /' '-1h' '1' '9999d' '+' 'until 23:00'; do
	ask extend toy ".time=\"$t\"" && refused "no time: $t" "no time such as"
done
ROLE=34 && ask restore toy && refused "no save" "which save"
ask logs toy '.script="../x"' && refused "no script" "no script such as"
ask say toy '.text=" "' && refused "nothing to say" "nothing to say"

# names: those with the verb's right alone
names() { # names VERB TEXT
	next
	say "$(jq -nc --argjson who "$(who)" --argjson n $N_ --arg verb "$1" --arg text "$2" \
		'{kind:"names",n:$n,who:$who,verb:$verb,server:"",text:$text,saves:false}')"
	until_true 10 has ".kind==\"choices\" and .n==$N_"
}
offered() { of ".kind==\"choices\" and .n==$N_" '[.choices[].value]|join(" ")'; }
ROLE=31 && names up "" && is "names to up" "$(offered)" "other toy"
is "... with the state" "$(of ".kind==\"choices\" and .n==$N_" '.choices[1].name')" "toy: off"
ROLE=32 && names status "" && is "names to look at" "$(offered)" "toy"
names up "" && is "no names to up" "$(offered)" ""
ROLE=31 && names up ot && is "what is typed comes first" "$(offered)" "other"
names up "; x" && is "no such" "$(offered)" ""
GUILD=101 && names up "" && is "nothing for another guild" "$(offered)" "" && GUILD=100

# ---- a look-up ----
ROLE=32 && ask list "" && allowed "list" && deferred
await "the tool's output" ".kind==\"result\" and .n==$N_ and .status==0"
is "of what they may see" "$(of ".kind==\"result\" and .n==$N_" '.out' | jq -rc .server)" toy
ROLE=35 && ask list "" && allowed "list, for who may see a server that is not there" && deferred
await "is not a list of all" ".kind==\"result\" and .n==$N_ and .status==-1 and .out==\"\" and (.said|test(\"no server that you may see\"))"
ROLE=33 && ask extend toy && allowed "extend" && deferred
await "what failed says why" ".kind==\"result\" and .n==$N_ and .status!=0 and (.said|test(\"gsp-lease\"))"

kill -9 "$BOT"; wait "$BOT" 2>/dev/null
start_bot
SAME=1 ask extend toy && refused "extend, repeated to the next bot: not twice" "asked already"
SAME=

# ---- nothing happens before Discord has the answer; nothing twice ----
ROLE=31 && ask up toy && allowed "up"
FIRST=$ID_
is "nothing has begun" "$(test -e "$(job)/started" && echo begun)$(machines)" 0
is "the token is nobody else's to read" "$(stat -c %a "$(job)/job.json")" 600
SAME=1 ask up toy && refused "the same event again" "asked already"
kill -9 "$BOT"; wait "$BOT" 2>/dev/null
start_bot
SAME=1 ask up toy && refused "... also after a restart" "asked already"
is "what can be resumed is" "$(of '.kind=="hello"' '"\(.session_id) \(.seq)"')" "abc 41"
is "where it was" "$(jq -r .base "$H/state/discord/resume.json")" "https://discord.com/api/v10"
is "nothing is told before the gateway is up" "$(of '.kind=="begin"' .interaction)" ""
say '{"kind":"ready","app":"","user":""}'
noted() { [ "$(jq -r .session_id "$H/state/discord/resume.json")" = "$1" ]; }
say '{"kind":"resume","session_id":"def","resume_url":"wss://x","seq":1}'
until_true 10 noted def
say '{"kind":"resume","session_id":"abc","resume_url":"wss://x","seq":41}'
ok "another session is written down at once" until_true 4 noted abc
await "killed before the answer: it is told" ".kind==\"end\" and .interaction==\"$FIRST\" and .status==-1"
is "... as what it is" "$(of '.kind=="end"' .text)" "the bot was restarted before it began; nothing was started; ask again"
told "$FIRST"
is "no machine" "$(machines)" 0

# ---- an evening, with the bot killed in its middle ----
sed -i '2i while [ ! -e /tmp/go ]; do sleep 0.1; done' "$H/servers/toy/bootstrap"
ask up toy && allowed "up" && deferred
await "it begins" ".kind==\"begin\" and .interaction==\"$ID_\" and .message==\"77\" and .token==\"SECRETtok\""
await "its steps" ".kind==\"line\" and (.out|fromjson|.step==\"bootstrap\" and .state==\"start\")" 60
UP=$ID_
ok "the log says who asked for what" grep -q "job $UP: up toy, asked by discord:7/ann: begun" "$T/bot.err"
ask up toy && refused "the same once more, meanwhile" "toy is coming up already, as ann asked .* Ask again"
ok "and nothing is left of it" [ ! -e "$(job)" ]
ask down toy && refused "something else meanwhile" "toy is coming up already, as ann asked"
kill -9 "$BOT"; wait "$BOT" 2>/dev/null
start_bot
say '{"kind":"ready","app":"5","user":"6"}'
await "killed in the middle: it is followed" ".kind==\"begin\" and .interaction==\"$UP\""
await "... from the start" ".kind==\"line\" and (.out|fromjson|.state==\"start\")"
kill -TERM "$BOT"
ends 0 "SIGTERM ends the bot"
ok "... by STOP" has '.kind=="stop"'
is "and no evening" "$(test -e "$(job "$UP")/end.json" && echo ended)" ""
at toy touch /tmp/go
until_true 60 test -e "$(job "$UP")/end.json"
start_bot
say '{"kind":"ready","app":"5","user":"6"}'
await "ended while nobody looked: it is told" ".kind==\"end\" and .interaction==\"$UP\" and .status==0"
is "with its record" "$(of ".kind==\"end\"" '.out' | jq -r .stage)" running
is "its price" "$(of '.kind=="end"' '.cost_usd > 0')" true
is "and the actor is in the ledger" "$(jq -r 'select(.what=="create").actor' "$H/state/ledger.jsonl")" discord:7/ann
is "the interaction's token is gone" "$(grep -rc SECRETtok "$H/state/discord" | grep -cv ':0$')" 0
kill -9 "$BOT"; wait "$BOT" 2>/dev/null
start_bot
say '{"kind":"ready","app":"5","user":"6"}'
await "not told yet: told again" ".kind==\"end\" and .interaction==\"$UP\""
told "$UP"
until_true 10 test -e "$(job "$UP")/told"
SAME=1; ID_=$UP; ask up toy && refused "long after: the same event" "asked already"; SAME=; ID_=$((UP + 100))

# ---- restart: no question where a measured nobody plays; one where somebody does ----
NAME_='Zo\u00eb $(x); --\" \u202e'
ask restart toy ".who.name=\"$NAME_\"" && allowed "restart" && deferred
await "nobody plays: it restarts" ".kind==\"end\" and .interaction==\"$ID_\" and .status==0" 60
is "no question" "$(of ".kind==\"question\" and .n==$N_" .n)" ""
told "$ID_"
at toy "echo 2 >/tmp/players"
ask restart toy && allowed "restart" && deferred
await "somebody plays: a question" ".kind==\"question\" and .n==$N_ and .players==2"
at toy "rm /tmp/players"

# ---- a game that says much: of its last lines the end is kept ----
at toy 'for i in $(seq 40); do head -c 9000 /dev/zero | tr "\0" x; echo " line $i"; done >>/var/log/gsp/start.log'
ask logs toy && allowed "logs" && deferred
await "its last words" ".kind==\"result\" and .n==$N_ and .status==0"
is "... are its last" "$(of ".kind==\"result\" and .n==$N_" .out | grep -o ' line [0-9]*' | tail -n 1)" " line 40"

# ---- down: a question, for who asked alone, once ----
ROLE=31 && names down "" && is "what is up comes first" "$(offered)" "toy other"
ask down toy && allowed "down" && deferred
await "a question" ".kind==\"question\" and .n==$N_ and .players==0"
NONCE=$(of ".kind==\"question\" and .n==$N_" .nonce)
USER_=8 && press "$NONCE" true && refused "somebody else" "only who asked"
USER_=7 ROLE=32 && press "$NONCE" true && refused "the role was taken away" "takes <@&31>"
ROLE=31 && press nosuchnonce true && refused "no such question" "question is over; ask again"
press "$NONCE" false && await "no" ".kind==\"defer\" and .n==$N_ and .update" && deferred
press "$NONCE" true && refused "after a no" "question is over"
is "it runs on" "$(stage)" running
mv "$B/gsp-query" "$T/q" && printf '#!/bin/sh\necho "{\\"players\\":2,\\"names\\":[\\"anna\\",\\"ben\\"]}"\n' >"$B/gsp-query" && chmod +x "$B/gsp-query"
ask down toy && allowed "down" && deferred
await "where the game tells names, the question does" ".kind==\"question\" and .n==$N_ and .players==2 and .names==\"anna, ben\""
mv "$T/q" "$B/gsp-query"
at toy "echo 3 >/tmp/players"
ask down toy && allowed "down" && deferred
DOWN_ASK=$ID_
await "another question, somebody plays" ".kind==\"question\" and .n==$N_ and .players==3"
NONCE=$(of ".kind==\"question\" and .n==$N_" .nonce)
press "$NONCE" true && await "yes" ".kind==\"defer\" and .n==$N_ and .update"
DOWN=$ID_ DOWN_N=$N_
press "$NONCE" true && refused "once" "question is over"
deferred "$DOWN_N"
await "it goes down" ".kind==\"end\" and .interaction==\"$DOWN\" and .status==0" 90
is "the machine is gone" "$(machines)" 0
is "by whom" "$(jq -r 'select(.what=="delete").actor' "$H/state/ledger.jsonl")" discord:7/ann
told "$DOWN"
LATER=$ID_ SAME=1 ID_=$DOWN_ASK && ask down toy && refused "the command again, which would ask once more" "asked already"
ID_=$LATER SAME=

# ---- what fails before there is a machine has cost nothing, whatever the evening before cost ----
later() { [ "$(date +%s)" -gt "$1" ]; }
until_true 5 later "$(date +%s)" # the ledger knows seconds
mv "$H/servers/toy/server.yaml" "$T/s" && { cat "$T/s" && echo 'zzz: 1'; } >"$H/servers/toy/server.yaml"
ask up toy && allowed "up" && deferred
await "it fails" ".kind==\"end\" and .interaction==\"$ID_\" and .status==78"
is "at no cost" "$(of ".kind==\"end\" and .interaction==\"$ID_\"" '.cost_usd > 0')" false
ok "and the log says why" grep -q "job $ID_: .*: ended with 78: .*zzz" "$T/bot.err"
mv "$T/s" "$H/servers/toy/server.yaml"
told "$ID_"

# ---- restore: asked for, then done; names of saves ----
ROLE=34
next
say "$(jq -nc --argjson who "$(who)" --argjson n $N_ '{kind:"names",n:$n,who:$who,verb:"restore",server:"toy",text:"",saves:true}')"
await "saves are offered, the newest first" ".kind==\"choices\" and .n==$N_ and .choices[0].value==\"2\" and (.choices[0].name|test(\"^2: .*, after playing\"))"
ask restore toy '.save=1' && allowed "restore" && deferred
await "a question" ".kind==\"question\" and .n==$N_ and .players==-2 and .save==1"
press "$(of ".kind==\"question\" and .n==$N_" .nonce)" true && await "yes" ".kind==\"defer\" and .n==$N_ and .update" && deferred
await "it is done" ".kind==\"end\" and .interaction==\"$ID_\" and .status==0"
told "$ID_"
ROLE=31

# ---- down of what is down: who plays was not asked, so it is by the tool ----
ask down other && allowed "down of what is down" && deferred
await "a question" ".kind==\"question\" and .n==$N_ and .players==-2"
press "$(of ".kind==\"question\" and .n==$N_" .nonce)" true && await "yes" ".kind==\"defer\" and .n==$N_ and .update" && deferred
is "nobody decided about players" "$(jq .even_if_playing "$(job)/job.json")" false
await "it is done" ".kind==\"end\" and .interaction==\"$ID_\""
told "$ID_"

# ---- SIGHUP: gsp.yaml is read again, and that is all ----
kill -HUP "$BOT"
ok "SIGHUP: it says so" until_true 10 grep -q "gsp.yaml was read again" "$T/bot.err"
ask list "" && allowed "and goes on"  && say "{\"kind\":\"lost\",\"n\":$N_}"

# ---- the runner killed ----
mv "$H/servers/toy/bootstrap" "$T/b" && printf '#!/bin/sh\nsleep 600\n' >"$H/servers/toy/bootstrap" && chmod +x "$H/servers/toy/bootstrap"
ask up toy && allowed "up" && deferred
until_true 60 has ".kind==\"line\" and .interaction==\"$ID_\" and (.out|fromjson|.step==\"bootstrap\")"
pkill_runner() { for p in /proc/[0-9]*; do [ ! -r "$p/cmdline" ] || tr '\0' ' ' 2>/dev/null <"$p/cmdline" | grep -q -- "--run-job=$ID_" && kill -9 "${p#/proc/}" 2>/dev/null; done; }
pkill_runner
await "a killed runner is noticed" ".kind==\"end\" and .interaction==\"$ID_\" and .status==-1"
is "... and what to do is said" "$(of ".kind==\"end\" and .interaction==\"$ID_\"" .text | grep -c "was killed.*still works on it.*/server status")" 1

# ---- a broken gsp.yaml refuses everything; a mended one does not ----
cp "$H/gsp.yaml" "$T/good" && echo 'zzz: 1' >>"$H/gsp.yaml"
ask list "" && refused "a broken gsp.yaml" "the owner must mend gsp.yaml"
ok "the log says what is wrong" grep -q "unknown key 'zzz'" "$T/bot.err"
cp "$T/good" "$H/gsp.yaml"
ask list "" && allowed "mended"

# ---- what is not in the language ends the conversation ----
hostile() { # hostile TEXT LINE
	say "$2"
	ends 76 "$1 ends the conversation"
	start_bot
}
before=$(find "$H/state/discord/jobs" -mindepth 1 -maxdepth 1 | wc -l)
hostile "no JSON" 'rm -rf /'
hostile "an unknown kind" '{"kind":"exec","argv":["gsp-down"]}'
hostile "a key too many" '{"kind":"told","interaction":"1","x":1}'
hostile "a path as an id" '{"kind":"told","interaction":"../../x"}'
hostile "an answer to nothing" '{"kind":"deferred","n":12345,"message":"","channel":""}'
hostile "what the monitor says" '{"kind":"stop"}'
(head -c 600000 /dev/zero | tr '\0' x >"$CTL/say") 9>&- & # it is read as far as it is borne
ends 76 "a line without an end, too"
exec 9>&-
rm "$CTL/say" && mkfifo "$CTL/say" && exec 9<>"$CTL/say" # what nobody has read
is "nothing was started" "$(find "$H/state/discord/jobs" -mindepth 1 -maxdepth 1 | wc -l)" "$before"

# ---- fatal: statuses for supervisors ----
start_bot && say '{"kind":"fatal","code":4004,"text":"Authentication failed"}' && ends 77 "the token"
start_bot && say '{"kind":"fatal","code":4014,"text":"Disallowed intents"}' && ends 78 "the intents"
start_bot && kill -9 "$(cat "$CTL/pid")" && ends 75 "the other half killed: try again"
sed -i 's,^  user: nobody,&\n  api_url: https://discord.example/api/v10,' "$H/gsp.yaml"
is "a session of one Discord" "$(jq -r .session_id "$H/state/discord/resume.json")" abc
start_bot
is "is not taken to another" "$(of '.kind=="hello"' '"\(.base) \(.session_id)\(.resume_url) \(.seq)"')" "https://discord.example/api/v10  -1"
kill -9 "$BOT"; wait "$BOT" 2>/dev/null
cp "$T/good" "$H/gsp.yaml"
sed -i 's/user: nobody/user: gsp-no-such/' "$H/gsp.yaml"
gives 78 "no user for it" "$B/gsp-bot" -C "$H" run
says "... and how to make it" "useradd --system.* gsp-no-such"
cp "$T/good" "$H/gsp.yaml"
chmod 644 "$H/bot-token"
gives 77 "a token that others can read" "$B/gsp-bot" -C "$H" run
chmod 600 "$H/bot-token"

# ---- root, and a home of somebody else: its owner's process, for good ----
mkdir -p "$T/theirs" && cp -a "$H/gsp.yaml" "$H/bot-token" "$H/servers" "$T/theirs/" && chown -R daemon "$T/theirs" && chmod -R a+rX "$B"
H=$T/theirs
start_bot
is "the monitor is the owner" "$(awk '/^Uid:/ { print $2, $3, $4 }' "/proc/$BOT/status")" "$(id -u daemon) $(id -u daemon) $(id -u daemon)"
ok "its state is the owner's" test "$(stat -c %U "$H/state/discord/jobs")" = daemon
kill -TERM "$BOT"
ends 0 "it ends"

# ---- without root: another network half in place of one that ended ----
chmod -R a+rwX "$CTL"
mv "$B/gsp-bot" "$B/gsp-bot.real"
printf '#!/bin/sh\nexec setpriv --reuid=daemon --regid=daemon --clear-groups "%s" "$@"\n' "$B/gsp-bot.real" >"$B/gsp-bot" && chmod 755 "$B/gsp-bot"
hellos() { [ "$(grep -c '"kind":"hello"' "$CTL/got")" = "$1" ]; }
listed() { has '.kind=="defer" and .n==1 and .verb=="list"'; }
fall() { kill -9 "$(cat "$CTL/pid")"; }
if python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(444, 0, 0, 1) < 1)'; then
	start_bot
	is "nobody else to become" "$(grep -c become "$CTL/argv")" 0
	say '{"kind":"ready","app":"5","user":"6"}'
	N_=0 ROLE=31
	ask up toy && allowed "up"
	fall
	ok "another one is started" until_true 10 hellos 2
	say '{"kind":"ready","app":"5","user":"6"}'
	await "what was not begun is told" ".kind==\"end\" and .interaction==\"$ID_\" and .status==-1 and (.text|test(\"nothing was started\"))"
	told "$ID_"
	N_=0 # its numbers begin anew
	ask list "" && until_true 10 listed && deferred
	await "and told what it asks" ".kind==\"result\" and .n==1 and .status==0"
	fall
	ok "it is said when it is tried again" until_true 10 grep -q "another one is started in 2\." "$T/bot.err"
	kill -TERM "$BOT"
	ends 0 "SIGTERM while it waits"
else
	pass "without root # SKIP needs Landlock"
fi
: "$LINODE_TOKEN_WAS"
finish
