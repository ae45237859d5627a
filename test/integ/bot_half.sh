# Sourced by tests of gsp-bot's monitor, after lib.sh and new_home: a network half that says what the test
# tells it to (test/fake/bot-net.py), from a process of its own as the true one.
#
#	rules <LIST             # discord: in gsp.yaml, with these as its allow:
#	start_bot               # $BOT is its pid; what it says is in $T/bot.err
#	ends STATUS TEXT        # a test: it ends by itself, with that status
#	ask VERB SERVER [JQ]    # as $USER_ with $ROLE, in $GUILD, $CHANNEL, $PARENT; its number is $N_, its
#	                        # interaction $ID_. JQ: what is otherwise. SAME=1: the last interaction again
#	press NONCE YES         # a button
#	deferred [N], told ID   # what the network half says next
#	say LINE                # anything
#	has FILTER, of FILTER WHAT, await TEXT FILTER [SECONDS]   # what the monitor said, by jq
#	allowed TEXT, refused TEXT PATTERN    # tests: what became of the last one
#	job [ID], no_job [ID]   # a job's directory
# shellcheck shell=sh
B=$T/bin
CTL=$B/ctl
mkdir -p "$CTL"
cp "$BUILD"/gsp* "$B/" && cp test/fake/bot-net.py "$B/gsp-bot-net" # the product looks beside itself alone
mkfifo "$CTL/say"
exec 9<>"$CTL/say"
printf 'bot.token.12345\n' >"$H/bot-token" && chmod 600 "$H/bot-token"
trap 'kill -9 $BOT 2>/dev/null; exec 9>&-; cleanup' EXIT
rules() {
	{
		printf '%s\n' 'discord:'
		printf '  %s\n' 'token_file: bot-token' 'guild: "100"' 'channels: ["200"]' 'user: nobody' 'allow:'
		sed 's/^/    /'
	} >>"$H/gsp.yaml"
}
hello() { grep -q '"kind":"hello"' "$CTL/got" 2>/dev/null; }
start_bot() {
	rm -f "$CTL/got"
	"$B/gsp-bot" -C "$H" run 2>"$T/bot.err" </dev/null &
	BOT=$!
	until_true 10 hello || { note "$(cat "$T/bot.err")"; echo "Bail out! no bot"; exit 1; }
}
say() { printf '%s\n' "$1" >&9; }
has() { jq -e "select($1)" "$CTL/got" 2>/dev/null | grep -q .; }
await() { # await TEXT FILTER
	if until_true "${3:-20}" has "$2"; then pass "$1"; else fail "$1"; note "$(tail -n 5 "$CTL/got")" "$(tail -n 5 "$T/bot.err")"; fi
}
of() { jq -rc "select($1) | $2" "$CTL/got"; } # of FILTER WHAT
ends() { # ends STATUS TEXT: the bot does, with that
	status=0
	wait "$BOT" || status=$?
	is "$2" "$status" "$1"
}
N_=0 ID_=$(($(date +%s) * 1000))
ROLE=31 USER_=7 CHANNEL=200 PARENT='' GUILD=100
who() { printf '{"user":"%s","name":"ann","guild":"%s","channel":"%s","parent":"%s","roles":["%s"]}' "$USER_" "$GUILD" "$CHANNEL" "$PARENT" "$ROLE"; }
next() { N_=$((N_ + 1)) ID_=$((ID_ + 1)); }
ask() { # ask VERB SERVER [JQ]: its number is $N_, its interaction $ID_
	[ -n "${SAME:-}" ] || ID_=$((ID_ + 1))
	N_=$((N_ + 1))
	say "$(jq -nc --argjson who "$(who)" --argjson n $N_ --arg id $ID_ --arg verb "$1" --arg server "$2" \
		'{kind:"ask",n:$n,who:$who,verb:$verb,interaction:$id,app:"5",token:"SECRETtok",server:$server,text:"",time:"",script:"",month:"",save:0}'" | ${3:-.}")"
}
press() { # press NONCE YES
	next
	say "$(jq -nc --argjson who "$(who)" --argjson n $N_ --arg id $ID_ --arg nonce "$1" --argjson yes "$2" \
		'{kind:"press",n:$n,who:$who,interaction:$id,app:"5",token:"SECRETtok",nonce:$nonce,yes:$yes,message:"77",channel:"200"}')"
}
deferred() { say "{\"kind\":\"deferred\",\"n\":${1:-$N_},\"message\":\"77\",\"channel\":\"200\"}"; }
told() { say "{\"kind\":\"told\",\"interaction\":\"$1\"}"; }
allowed() { await "$1" ".kind==\"defer\" and .n==$N_"; }
refused() { # refused TEXT PATTERN
	await "$1" ".kind==\"refused\" and .n==$N_"
	W=$(of ".kind==\"refused\" and .n==$N_" .text)
	if echo "$W" | grep -qE "$2"; then pass "... and why"; else fail "... and why" && note "$W"; fi
}
job() { printf '%s/state/discord/jobs/%s' "$H" "${1:-$ID_}"; }
no_job() { # it never began, and never will; its token is gone
	[ -e "$(job "$1")/told" ] && [ ! -e "$(job "$1")/started" ] && ! grep -q SECRETtok "$(job "$1")/job.json"
}
