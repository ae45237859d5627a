#!/bin/sh
# gsp-bot invite, register, check: what they ask and send, what they find wrong, and that no secret is
# in anything they say.
. test/integ/lib.sh
. test/integ/discord.sh
need jq curl python3
start_discord
new_home
discord_set '{"limits":{"GET /gateway/bot":[100,1]}}' # for the tests' sake
APP=1100000000000000001 GUILD=1200000000000000001
GAMES=1400000000000000001 PLAYERS=1300000000000000001 ANNA=1500000000000000002
TOKEN=$(cat "$DISCORD_DIR/token")
: >"$T/all" # whatever was said, for the end

bot() { # bot WORD...: with every request shown; what it says is kept
	gsp-bot -vv "$@" >"$T/bot.out" 2>"$T/bot.err"
	bot_status=$?
	cat "$T/bot.out" "$T/bot.err" >>"$T/all"
	cat "$T/bot.out"
	grep -v '^gsp-bot: [<>] ' "$T/bot.err" >&2
	return $bot_status
}
RULES="[{role: everyone, can: [view]}, {role: '$PLAYERS', can: [operate, extend], servers: [toy]}, {user: '$ANNA', can: [admin]}]"
discord_is() { # discord_is [KEY VALUE]...: discord: in gsp.yaml, with these keys otherwise; "-": without
	sed -i '/^discord:/d' "$H/gsp.yaml"
	jq -nrj --arg url "$DISCORD_URL" --arg guild "$GUILD" --arg games "$GAMES" --arg rules "$RULES" --args \
		'{token_file: "discord-token", guild: ("\"" + $guild + "\""), channels: ("[\"" + $games + "\"]"),
		api_url: $url, user: "nobody", allow: $rules} as $usual |
		$ARGS.positional as $a | reduce range(0; $a | length; 2) as $i ($usual; .[$a[$i]] = $a[$i + 1]) |
		"discord: {" + ([to_entries[] | select(.value != "-") | "\(.key): \(.value)"] | join(", ")) + "}\n"' \
		"$@" >>"$H/gsp.yaml"
}
sent() { discord_asked | jq '[.[] | select(.method == "POST" or .method == "PUT")] | length'; }
rows() { jq -r "select(.change == \"$1\").subcommand" "$T/out" | sort | tr '\n' ' '; }

# ---- settings and token ----
for word in invite register check run; do
	gives 78 "$word without discord:" bot $word
	says "says so" "there is no discord: in '$H/gsp.yaml'"
done
gives 64 "no word" bot
gives 64 "no such word" bot registr
says "names them" "run, register, invite and check"
gives 64 "--dry-run belongs to register" bot check --dry-run
discord_is
gives 77 "without the token's file" bot register
says "names it, and what belongs there" "discord-token'.*; put the bot's token there .*Reset Token"
cp "$DISCORD_DIR/token" "$H/discord-token" && chmod 644 "$H/discord-token"
gives 77 "with one that others can read" bot register
says "tells the remedy" "chmod 600"
gives 77 "check finds that" bot check
prints "in a line" "^WRONG +token .*can be read by others"
prints "and the table all the same" "^role $PLAYERS +view operate extend +toy"
is "nobody was asked" "$(discord_asked | jq length)" 0
chmod 600 "$H/discord-token"

# ---- invite ----
LINK="https://discord.com/oauth2/authorize?client_id=$APP&scope=bot+applications.commands&permissions=274877991936"
gives 0 "invite" bot invite
is "prints the link" "$(cat "$T/out")" "$LINK"
gives 0 "as JSON" bot invite --json
is "the same" "$(jq -r '"\(.schema) \(.url) \(.client_id) \(.permissions)"' "$T/out")" "gsp.bot.invite/1 $LINK $APP 274877991936"
discord_world '{"application":{"bot_require_code_grant":true}}'
gives 0 "a link that cannot work" bot invite
says "is warned of" "Code Grant"
discord_world '{"application":{"bot_require_code_grant":false}}'

# ---- register ----
gives 0 "a dry run" bot register --dry-run --json
ALL=$(rows new)
is "nothing was sent" "$(sent)" 0
says "says what it would do" "^would register /server with $(echo "$ALL" | wc -w) subcommands in guild 'friends'$"
is "all that is wanted" "$ALL" "cost down extend hold list logs players restart restore saves say status up "
gives 0 "register" bot register
says "says it" "^registered /server with 13 subcommands in guild 'friends'$"
is "with one request" "$(sent)" 1
is "of the whole list" "$(discord_asked '{"method":"PUT"}' | jq length)" 1
is "whose answer is what there is" "$(discord_asked '{"method":"GET"}' | jq '[.[] | select(.path | test("/commands"))] | length')" 2
gives 0 "register again" bot register --json
says "has nothing to do" "^/server is registered in guild 'friends' already; nothing was sent$"
is "and sends nothing" "$(sent) $(wc -c <"$T/out")" "1 0"
discord_set '{"command_form":"minimal"}'
gives 0 "however Discord writes it down" bot register -q
is "it is the same" "$(sent) $(wc -c <"$T/err")" "1 0"
discord_set '{"command_form":"full"}'

# ---- what is registered is another ----
registered() { discord_ask ".[\"$GUILD\"] // []" commands; }
had() { # had JQ: the application has registered this, made of what there is
	now=$(registered | jq -c "[.[] | {name, type, description, options, default_member_permissions}] | $1")
	discord_control register "{\"guild\":\"$GUILD\",\"commands\":$now}"
}
OTHERS='. + [{"name":"roll","description":"Dice"},{"name":"Report","type":3}]'
had "(.[0].options |= (map(select(.name != \"cost\")) | map(if .name == \"down\" then .description = \"else\" else . end)
	+ [{type: 1, name: \"old\", description: \"gone since\"}])) | $OTHERS"
gives 0 "another one: a dry run" bot register --dry-run --json
is "tells what differs" "$(rows new)/ $(rows changed)/ $(rows gone)" "cost / down / old "
is "sends nothing" "$(sent)" 1
gives 0 "another one" bot register
prints "is told" "^old +gone"
says "is replaced" "^registered /server with 13 subcommands in guild 'friends', where it was another; left as they are: /roll, Report$"
is "that one alone" "$(discord_asked '{"method":"POST"}' | jq length)" 1
is "and nothing else" "$(registered | jq -r 'map(.name) | sort | join(" ")')" "Report roll server"
had '(.[] | select(.name == "server")).description = "else"'
gives 0 "another description" bot register --json
is "no subcommand differs" "$(wc -c <"$T/out")" 0
says "but something does" "its description, its order or who sees it"
gives 0 "now it is right" bot register
says "at last" "already; nothing was sent"

# ---- trouble ----
empty() { discord_control register "{\"guild\":\"$GUILD\",\"commands\":[]}"; }
empty
discord_fault '{"method":"GET","path":"/commands$","scope":"user","retry_after":0.3}'
gives 0 "429" bot register
says "is waited for" "wants fewer requests, again in 1 s"
empty
discord_fault '{"method":"PUT","path":"/commands$","status":500,"count":2}'
gives 0 "500" bot register
says "is tried again" "Discord has trouble \(HTTP 500\), again in"
empty
discord_fault '{"method":"PUT","path":"/commands$","spoil":"drop","after":true}'
gives 0 "an answer that was lost" bot register
is "is one command all the same" "$(registered | jq length)" 1
empty
discord_fault '{"method":"GET","path":"@me$","body":"<html>","status":200,"count":9}'
gives 76 "an answer that makes no sense" bot register
says "asks for the address" "api_url"
discord_fault '{"clear":true}'
discord_fault '{"method":"GET","path":"@me$","status":302,"headers":{"Location":"http://127.0.0.1:1/"}}'
gives 76 "a redirect" bot register
says "is not followed" "The token is sent nowhere else"
discord_fault '{"method":"PUT","path":"/commands$","status":429,"code":30034}'
gives 75 "too many new commands today" bot register
says "is tomorrow's" "again tomorrow"
discord_fault '{"method":"PUT","path":"/commands$","status":403,"code":50001}'
gives 69 "not allowed" bot register
says "tells of the link" "'gsp bot invite' prints the link"
discord_is guild "'1200000000000000099'"
gives 69 "another guild" bot register
says "the same" "is the bot in the guild 1200000000000000099"
discord_is api_url http://127.0.0.1:1
gives 75 "nobody there" bot register
says "says so" "cannot connect"
discord_is
gives 0 "in the end" bot register
violations_none "nothing of it was against Discord's rules"

# ---- check ----
gives 0 "check" bot check
is "finds nothing" "$(grep -Ec '^(WRONG|note|\?)' "$T/out")" 0
for what in token app gateway guild commands channel allow here; do
	prints "it looked at $what" "^ok +$what "
done
prints "the rules, by name" "^everyone +view +all servers$"
prints "of roles" "^role $PLAYERS players +view operate extend +toy$"
prints "of people" "^user $ANNA anna +view operate extend restore admin +all servers$"
gives 0 "as JSON" bot check --json
is "each is an object" "$(jq -r .schema "$T/out" | sort | uniq -c | tr -s ' \n' ' ')" " 8 gsp.bot.finding/1 3 gsp.bot.rule/1 "
is "of the same" "$(jq -r 'select(.kind == "role") | "\(.id) \(.name) \(.may) \(.on)"' "$T/out")" "$PLAYERS players view operate extend toy"
gives 0 "-q" bot check -q
is "has nothing to say then" "$(wc -c <"$T/out")" 0

wrong() { # wrong TEXT PATTERN [KEY VALUE]...: with these settings check finds this
	wrong_text=$1 wrong_pattern=$2
	shift 2
	discord_is "$@"
	gives 1 "$wrong_text" bot check
	prints "... is told" "^WRONG +$wrong_pattern"
}
fine() {
	discord_is
	gives 0 "... and well again" bot check -q
}
wrong "a channel that is not there" "channel +there is no channel 1400000000000000099" channels "['1400000000000000099']"
wrong "one of another guild" "channel +#lobby .* another guild" channels "['1400000000000000021']"
wrong "a category" "channel +#rooms .* category" channels "['1400000000000000005']"
wrong "one that the bot cannot see" "channel +the bot cannot see the channel 1400000000000000003" channels "['1400000000000000003']"
wrong "one that it cannot write to" "channel +the bot has no 'Send Messages' in #readonly" channels "['1400000000000000004']"
prints "the others are still looked at" "^ok +allow"
wrong "another guild" "guild +the bot is not in the guild 1200000000000000099" guild "'1200000000000000099'"
prints "with the link" "-> .*client_id=$APP"
wrong "a role that is not there" "allow +rule 1: the guild has no role 1300000000000000099" allow "[{role: '1300000000000000099', can: [view]}]"
wrong "a user that is not there" "allow +rule 1: nobody in the guild is the user 1500000000000000099" allow "[{user: '1500000000000000099', can: [view]}]"
wrong "a server that is not there" "allow +rule 1: there is no server 'nope'" allow "[{role: everyone, can: [view], servers: [nope]}]"
wrong "no rules" "allow +there are no rules" allow -
discord_is allow "[{role: everyone, can: [operate]}]"
gives 0 "everyone may operate" bot check
prints "is a note" "^note +allow +rule 1: everyone in the guild may start"
discord_is channels -
gives 0 "no channels: all of them" bot check
prints "by the guild's rights" "^ok +channel +the bot may write in the guild"
discord_is channels "['1400000000000000006']"
gives 0 "a thread" bot check
prints "counts as its channel" "^ok +channel +the bot may write in #evening"
discord_is

empty
gives 1 "no command" bot check
prints "is told" "^WRONG +commands +/server is not registered"
prints "with what to do" "-> gsp bot register"
bot register >/dev/null 2>&1
had '.[0].options |= map(select(.name != "cost"))'
gives 1 "an old command" bot check
prints "is told" "^WRONG +commands .*another version of gsp; new: cost"
bot register >/dev/null 2>&1
discord_world '{"application":{"interactions_endpoint_url":"https://example.org/i"}}'
gives 1 "an Interactions Endpoint URL" bot check
prints "is told" "^WRONG +app .*https://example.org/i.*none to the bot"
discord_world '{"application":{"interactions_endpoint_url":null}}'
discord_set '{"sessions_remaining":0}'
gives 1 "no start left" bot check
prints "is told" "^WRONG +gateway .* 0 of 1000 starts are left today"
discord_set '{"sessions_remaining":20}'
gives 0 "few starts left" bot check
prints "are told" "^note +gateway .* 20 of 1000"
discord_set '{"sessions_remaining":1000}'
fine

# ---- the webhook ----
HOOK=1600000000000000001
SECRET=wh-A1b2_C3d4-A1b2_C3d4-A1b2_C3d4-A1b2_C3d4-A1b2_C3d4-A1b2_C3d4-Zz
hook() { (umask 077 && printf '%s\n' "$1" >"$H/discord-url"); }
hook "https://discord.com/api/webhooks/$HOOK/$SECRET?thread_id=1400000000000000006"
discord_is webhook_file discord-url
gives 0 "a webhook" bot check
prints "works" "^ok +webhook +it works: 'announcer'"
hook "https://discord.com/api/webhooks/1600000000000000099/$SECRET"
gives 1 "another" bot check
prints "does not" "^WRONG +webhook .*Unknown Webhook"
chmod 644 "$H/discord-url"
gives 1 "a file that others can read" bot check
prints "is told" "^WRONG +webhook .*chmod 600"
discord_is

# ---- a token that is refused, and Discord that cannot be asked ----
violations_none "check did nothing against Discord's rules"
discord_fault '{"method":"GET","path":"/guilds/[0-9]*/roles$","status":500,"count":99}'
gives 75 "what cannot be looked at" bot check
prints "is marked" "^\? +guild .*HTTP 500"
prints "and what hangs on it" "^\? +channel +what the bot may do in #games"
discord_fault '{"clear":true}'
discord_control requests '{"clear":true}'
(umask 077 && echo "$TOKEN-else" >"$H/discord-token")
gives 77 "check with another token" bot check
prints "tells" "^WRONG +token +Discord refused the bot's token: .*Reset Token"
is "and asks nothing else" "$(discord_asked | jq length)" 1
gives 77 "register with another token" bot register
says "tells, too" "Discord refused the bot's token: .*Reset Token, and put it where discord: {token_file"
gives 77 "run with another token" timeout 30 gsp-bot run
says "tells" "the bot token was refused: .*Reset Token\) and put it into the token file"
is "once" "$(wc -l <"$T/err")" 1
discord_is api_url http://127.0.0.1:1
gives 75 "check with nobody there" bot check
prints "tells" "^\? +token .*cannot connect"
run() { # run TEXT PATTERN [SECONDS]: what run says soon
	gsp-bot run >"$T/run.out" 2>"$T/run.err" </dev/null &
	pid=$!
	trap 'kill $pid 2>/dev/null; stop_discord; cleanup' EXIT
	ok "$1" until_true "${3:-10}" grep -Eq "$2" "$T/run.err"
	kill $pid
	wait $pid
	cp "$T/run.err" "$T/err"
}
run "run with nobody there tells at once" "cannot ask for its address: cannot connect to .*refused.*; reconnecting in" 8
is "in one line for each try" "$(grep -c 'cannot connect' "$T/err")" "$(wc -l <"$T/err")"

(umask 077 && echo "$TOKEN" >"$H/discord-token")
discord_is
discord_world "$(jq -nc --arg t "$TOKEN" '{token: $t}')"
discord_is guild "'1200000000000000099'"
run "run where the bot is not" "^gsp-bot: ready for /server from the guild 1200000000000000099, if the bot is in it"
says "names where it is" "the bot is in the guilds 1200000000000000001, 1200000000000000002"
discord_is
discord_fault '{"method":"GET","path":"/commands$","scope":"user","retry_after":100}'
gives 75 "429 for long" bot register
says "is not waited for" "no request for another 10[01] s"

# ---- TLS ----
if command -v openssl >/dev/null; then
	stop_discord
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1 -keyout "$T/key.pem" -out "$H/ca.pem" 2>/dev/null
	# shellcheck disable=SC2034 # read by start_discord
	DISCORD_ARGS="--tls $H/ca.pem $T/key.pem" DISCORD_SCHEME=https
	start_discord "$(jq -nc --arg t "$TOKEN" '{token: $t}')"
	discord_is
	gives 77 "a certificate that nobody vouches for" bot invite
	says "is refused" "certificate"
	is "before anything was sent" "$(discord_asked | jq length)" 0
	discord_is ca_file ca.pem
	gives 0 "with ca_file" bot invite
	is "it is trusted" "$(cat "$T/out")" "$LINK"
	violations_none "over TLS the same"
fi

# ---- secrets ----
is "no token in all of it" "$(grep -cF -e "$TOKEN" -e "$SECRET" "$T/all")" 0
ok "which shows requests" grep -q '> GET .*/applications/@me' "$T/all"
ok "the webhook's without its path" grep -q '> GET /webhooks/\.\.\.' "$T/all"

# ---- gsp, and the unit ----
gives 0 "gsp" gsp
prints "lists bot" "^  bot  "
is "but not its parts" "$(grep -cE 'bot-(net|setup)' "$T/out")" 0
case $BUILD in # a sanitizer keeps what is not called
*address*) ;;
*)
	is "the half that owns the home has nothing to connect with" "$(nm -D --undefined-only "$BUILD/gsp-bot" |
		grep -cE ' (socket|connect|getaddrinfo|curl_[a-z_]*|ssh_[a-z_]*)(@|$)')" 0
	is "and it was looked at something" "$(nm -D --undefined-only "$BUILD/gsp-bot" | grep -cE ' socketpair(@|$)')" 1
	;;
esac
gives 64 "the part that sets up is none to call" gsp-bot-setup run
if command -v systemd-analyze >/dev/null; then
	sed "s,/usr/local/bin/gsp-bot,$BUILD/gsp-bot,;/^Documentation/d" "$TOP/examples/systemd/gsp-bot.service" >"$T/gsp-bot.service"
	systemd-analyze verify "$T/gsp-bot.service" >"$T/verify" 2>&1
	is "the unit is good" "$? $(grep -F gsp-bot.service "$T/verify")" "0 "
fi
# As root with what the unit leaves it, on a home of somebody else's; its halves become two users.
owner() { setpriv --reuid daemon --regid daemon --clear-groups env HOME=/ GSP_HOME="$H" "$@"; }
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && id daemon >/dev/null 2>&1 &&
	chown -R daemon "$H" && owner test -x "$BUILD/gsp-bot"; then
	discord_is
	# whom the other half becomes cannot look into the home
	[ "$DISCORD_SCHEME" != https ] || cp "$H/ca.pem" "$T/ca.pem"
	[ "$DISCORD_SCHEME" != https ] || discord_is ca_file "$T/ca.pem"
	chown daemon "$H/gsp.yaml"
	caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$TOP/examples/systemd/gsp-bot.service" | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
	gives 77 "check is the owner's alone" bot check
	ok "who may register" owner "$BUILD/gsp-bot" register -q
	ok "and check" owner "$BUILD/gsp-bot" check
	prints "which tells of Landlock" "^ok +here .*shut in by Landlock"
	setpriv --bounding-set="-all,$caps" --no-new-privs env -i PATH="$PATH" GSP_HOME="$H" \
		"$BUILD/gsp-bot" run >"$T/run.out" 2>"$T/run.err" &
	pid=$!
	trap 'kill $pid 2>/dev/null; stop_discord; cleanup' EXIT
	ok "run as the unit does" until_ready 1 20
	is "one half is the owner" "$(ps -o user= -p $pid)" daemon
	is "the other the user of the settings" "$(ps -o user= --ppid $pid)" nobody
	is "neither can do what root can" "$(for p in $pid $(ps -o pid= --ppid $pid); do
		sed -n 's/^CapPrm:[^0-9a-f]*//p' "/proc/$p/status"
	done | tr '\n' ' ')" "0000000000000000 0000000000000000 "
	kill $pid
	wait $pid
	is "it ends" $? 0
	violations_none "as it should"

	# A kernel that cannot shut a process in: another user is a wall as well, the owner alone is none.
	cp test/fake/no_landlock.py "$T/"
	gives 71 "without Landlock, and as one user, nothing is served" \
		owner python3 "$T/no_landlock.py" "$BUILD/gsp-bot" run
	says "it says what would help" "no Landlock.*start the bot as root"
	gives 1 "and check says so before" owner python3 "$T/no_landlock.py" "$BUILD/gsp-bot" check
	prints "at the computer's own line" "^WRONG +here .*no Landlock"
	rm -f "$H/state/discord/resume.json"
	env -i PATH="$PATH" GSP_HOME="$H" python3 "$T/no_landlock.py" "$BUILD/gsp-bot" run >"$T/run.out" 2>"$T/run.err" &
	pid=$!
	ok "with a user of its own it is" until_ready 2 20
	is "by that user" "$(ps -o user= --ppid $pid)" nobody
	kill $pid
	wait $pid
	is "it ends so, too" $? 0
fi
ok "it ends no job" grep -qx 'KillMode=process' "$TOP/examples/systemd/gsp-bot.service"
finish
