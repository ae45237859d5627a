# Sourced by tests that talk to the stand-in for Discord (test/fake/discord.py), after lib.sh.
# shellcheck shell=sh disable=SC2034
#
#	start_discord [SEED]      # a JSON text merged into the usual world; $DISCORD is http://127.0.0.1:PORT,
#	                          # $DISCORD_URL its API base, $DISCORD_DIR/token the bot's token
#	stop_discord              # (at the end of the test by itself)
#	discord_cert              # $T/tls.pem and $T/tls.key for 127.0.0.1, of an authority that is in $T/ca.pem
#	discord_yaml [LINE...] <RULES # discord: at the end of gsp.yaml, for the stand-in that runs now: the
#	                          # lines, and what stands on stdin as its allow:; and the token's file
#	as_user NAME [CHANNEL]    # who acts from now on: olivia anna bert carl eve; games unless said
#	slash VERB [NAME=VALUE...]    # /server VERB as that person; the interaction's id is in $I
#	slash_raw VERB [...]          # what Discord's own client would not send
#	autocomplete VERB NAME=TYPED [NAME=VALUE...]  # autocomplete of the first; $I
#	press LABEL [MESSAGE]     # the button whose label has LABEL, of the newest message that has it; $I
#	press_raw CUSTOM_ID [MESSAGE]
#	answered [SECONDS]        # wait for the first answer to $I: 0, or 1 at the deadline
#	filled [SECONDS]          # ... and until it no longer "is thinking"
#	answer_of [FILTER]        # jq over the interaction $I: .callback .ephemeral .choices .answered_after_ms
#	reply                     # the text of $I's first answer, as it is now
#	the_message FILTER        # jq over $I's first answer: .text .ephemeral .buttons .revisions .pings
#	message_says N            # the text of message N
#	until_message REGEX [SECONDS] [JSON]  # a message whose words match; $M is its id. JSON: more
#	                          # conditions, as {"channel":"general","pings":"1500..."}
#	no_message REGEX          # there is none now
#	messages [JSON]           # all messages, an array
#	until_ready [N] [SECONDS] # N times READY so far, and connected
#	until_offline, until_online, until_connections N
#	discord_control WORD [JSON]   # anything else of the control: see the head of discord.py
#	discord_fault JSON, discord_set JSON, discord_world JSON, discord_gateway JSON
#	discord_wait JSON         # 0 when it became so
#	discord_asked JSON        # requests that were made, an array
#	violations_none TEXT      # a test: nothing that Discord would punish since the last look
#	violations_are TEXT KIND...   # a test: just these kinds, each once or more; forgets them
#
# All print what the control answered into $T/discord.out. They fail (status 1) when the control says
# no; $T/discord.err says why.

start_discord() {
	need curl jq python3
	DISCORD_DIR=${DISCORD_DIR:-$T/fakediscord}
	mkdir -p "$DISCORD_DIR"
	rm -f "$DISCORD_DIR/port"
	# Sessions may follow each other faster than Discord's one in five seconds, for the tests' sake.
	printf '%s' "${1:-{\}}" | jq '.knobs = ({identify_window_s: 0} + (.knobs // {}))' >"$DISCORD_DIR/seed" ||
		return 1
	# shellcheck disable=SC2086
	PYTHONDONTWRITEBYTECODE=1 python3 test/fake/discord.py "$DISCORD_DIR" --seed "$DISCORD_DIR/seed" \
		${DISCORD_ARGS:-} 2>"$DISCORD_DIR/err" &
	DISCORD_PID=$!
	trap 'stop_discord; cleanup' EXIT
	until_true 20 test -s "$DISCORD_DIR/port" || {
		note "$(tail -n 5 "$DISCORD_DIR/err")"
		echo "Bail out! the stand-in for Discord does not start"
		exit 1
	}
	DISCORD_SCHEME=${DISCORD_SCHEME:-http}
	DISCORD=$DISCORD_SCHEME://127.0.0.1:$(cat "$DISCORD_DIR/port")
	DISCORD_URL=$DISCORD/api/v10
	as_user anna
}
stop_discord() {
	[ -z "${DISCORD_PID:-}" ] || kill "$DISCORD_PID" 2>/dev/null
	DISCORD_PID=
}

discord_cert() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/ca.key" -out "$T/ca.pem" -days 2 -subj '/CN=test' \
		-addext 'basicConstraints=critical,CA:TRUE' &&
		openssl req -newkey rsa:2048 -nodes -keyout "$T/tls.key" -out "$T/tls.csr" -subj '/CN=127.0.0.1' &&
		echo 'subjectAltName=IP:127.0.0.1' >"$T/tls.ext" &&
		openssl x509 -req -in "$T/tls.csr" -CA "$T/ca.pem" -CAkey "$T/ca.key" -CAcreateserial -days 2 \
			-extfile "$T/tls.ext" -out "$T/tls.pem"
}
discord_yaml() {
	cp "$DISCORD_DIR/token" "$H/discord-token" && chmod 600 "$H/discord-token" &&
		{
			printf '%s\n' 'discord:'
			printf '  %s\n' 'guild: 1200000000000000001' 'token_file: discord-token' \
				"api_url: $DISCORD_URL" 'user: nobody' "$@" 'allow:'
			sed 's/^/    /'
		} >>"$H/gsp.yaml"
}

discord_control() { # discord_control WORD [JSON]
	set -- "$1" "${2:-{\}}"
	discord_status=$(curl -sSk -o "$T/discord.out" -w '%{http_code}' -H 'Content-Type: application/json' \
		-d "$2" "$DISCORD/_control/$1" 2>"$T/discord.err") || return 1
	[ "$discord_status" = 200 ] || {
		{ echo "$1 $2: $discord_status" && cat "$T/discord.out"; } >"$T/discord.err"
		return 1
	}
}
discord_ask() { # discord_ask FILTER WORD [JSON]: and print a part of the answer
	discord_filter=$1
	shift
	discord_control "$@" && jq -r "$discord_filter" "$T/discord.out"
}
discord_fault() { discord_control fault "$1"; }
discord_set() { discord_control set "$1"; }
discord_world() { discord_control world "$1"; }
discord_gateway() { discord_control gateway "$1"; }
discord_wait() { discord_control wait "$1"; }
discord_asked() { discord_ask . requests "${1:-{\}}"; }

as_user() {
	WHO=$1
	WHERE=${2:-games}
}

# "name=value" words as a JSON object; whole numbers, true and false become what they are.
discord_options() {
	for pair; do
		printf '%s\0' "$pair"
	done | jq -Rsc 'split("\u0000") | map(select(. != "")) | map(capture("^(?<k>[^=]*)=(?<v>.*)$"; "m")) |
		map({(.k): (.v | if test("^(-?[0-9]{1,15}|true|false)$") then fromjson else . end)}) | add // {}'
}
discord_send() { # discord_send WORD JSON: and keep the interaction's id
	I=
	discord_control "$1" "$2" || return 1
	I=$(jq -r .id "$T/discord.out")
}
slash() {
	slash_verb=$1
	shift
	discord_send command "$(jq -nc --arg u "$WHO" --arg c "$WHERE" --arg s "$slash_verb" \
		--argjson o "$(discord_options "$@")" '{user: $u, channel: $c, sub: $s, options: $o}')"
}
slash_raw() {
	slash_verb=$1
	shift
	discord_send command "$(jq -nc --arg u "$WHO" --arg c "$WHERE" --arg s "$slash_verb" \
		--argjson o "$(discord_options "$@")" '{user: $u, channel: $c, sub: $s, options: $o, raw: true}')"
}
autocomplete() {
	complete_verb=$1 complete_first=$2
	shift 2
	discord_send autocomplete "$(jq -nc --arg u "$WHO" --arg c "$WHERE" --arg s "$complete_verb" \
		--arg f "${complete_first%%=*}" --arg v "${complete_first#*=}" --argjson o "$(discord_options "$@")" \
		'{user: $u, channel: $c, sub: $s, focused: $f, value: $v, options: $o}')"
}
press() {
	discord_send press "$(jq -nc --arg u "$WHO" --arg l "$1" --arg m "${2:-}" \
		'{user: $u, label: $l} + if $m == "" then {} else {message: $m} end')"
}
press_raw() {
	discord_send press "$(jq -nc --arg u "$WHO" --arg c "$WHERE" --arg l "$1" --arg m "${2:-1}" \
		'{user: $u, channel: $c, custom_id: $l, message: $m, raw: true}')"
}

answered() { discord_wait "{\"for\":\"answered\",\"interaction\":\"$I\",\"timeout\":${1:-10}}"; }
filled() { discord_wait "{\"for\":\"answered\",\"filled\":true,\"interaction\":\"$I\",\"timeout\":${1:-20}}"; }
answer_of() { discord_ask "${1:-.}" interaction "{\"id\":\"$I\"}"; }
the_message() { discord_ask "$1" message "{\"id\":\"$(answer_of .message)\"}"; }
reply() { the_message .text; }
message_says() { discord_ask .text message "{\"id\":\"$1\"}"; }
messages() { discord_ask . messages "${1:-{\}}"; }
until_message() {
	M=
	discord_wait "$(jq -nc --arg m "$1" --argjson t "${2:-20}" --argjson j "${3:-{\}}" \
		'{for: "message", match: $m, timeout: $t} + $j')" || return 1
	M=$(jq -r .id "$T/discord.out")
}
no_message() { [ "$(messages "$(jq -nc --arg m "$1" '{match: $m}')" | jq length)" = 0 ]; }
until_ready() { discord_wait "{\"for\":\"ready\",\"n\":${1:-1},\"timeout\":${2:-20}}"; }
until_online() { discord_wait "{\"for\":\"online\",\"timeout\":${1:-20}}"; }
until_offline() { discord_wait "{\"for\":\"offline\",\"timeout\":${1:-20}}"; }
until_connections() { discord_wait "{\"for\":\"connections\",\"n\":$1,\"timeout\":${2:-20}}"; }

violations_none() {
	is "$1" "$(discord_ask '[.[] | "\(.kind): \(.text)"] | unique | join("; ")' violations '{"clear":true,"soft":true}')" ""
}
violations_are() {
	violations_text=$1
	shift
	is "$violations_text" "$(discord_ask '[.[].kind] | unique | join(" ")' violations '{"clear":true,"soft":true}')" \
		"$(printf '%s\n' "$@" | sort -u | paste -sd ' ' -)"
}

# ---- Prism between a client and the stand-in ----
#
#	through_prism             # $DISCORD_URL becomes Prism's, which hands on to the stand-in; it wants
#	                          # $PRISM_DISCORD (Discord's OpenAPI document) and $PRISM_BIN
#	prism_wrong [request|response]    # what was not as documented since the last look, a line each
#	prism_saw                 # how many requests it saw at the last look
#
# Prism lets everything pass and says what is wrong. Of the document only the paths are taken that the
# stand-in has (the whole one takes a gigabyte). Some things are said otherwise there than in Discord's
# prose, and the prose is followed: default_member_permissions is a text of digits; the codes in a tree
# of errors are words; a 429 need not have a code.

through_prism() {
	need jq node
	jq '.servers = [{url: "/"}] | del(.security) | .paths = (.paths | with_entries(select(.key | test(
		"^/(gateway(/bot)?|users/@me|applications/@me|oauth2/applications/@me|interactions/.*|" +
		"applications/[^/]*/(guilds/[^/]*/)?commands(/[{]command_id[}])?|guilds/[{]guild_id[}](/roles|/channels|" +
		"/members/[{]user_id[}])?|channels/[{]channel_id[}](/messages(/[{]message_id[}])?)?|" +
		"webhooks/[{]webhook_id[}]/[{]webhook_token[}](/messages/(@original|[{]message_id[}]))?)$")) |
		.key |= "/api/v10" + .)) |
		.components.schemas |= with_entries(if (.key | test("Request(Partial)?$")) and
			.value.properties.default_member_permissions then
			.value.properties.default_member_permissions.type = ["integer", "string", "null"] else . end) |
		.components.schemas.InnerErrors.properties._errors.items = {type: "object"} |
		.components.schemas.RatelimitedResponse.allOf[0] = {type: "object"}' \
		"$PRISM_DISCORD" >"$T/discord-spec.json" || return 1
	"$PRISM_BIN" proxy -h 127.0.0.1 -p 0 "$T/discord-spec.json" "$DISCORD" >"$T/discord-prism.log" 2>&1 &
	PRISM_PID=$!
	trap 'kill $PRISM_PID 2>/dev/null; stop_discord; cleanup' EXIT
	until_true 60 grep -q 'listening on' "$T/discord-prism.log" || {
		note "$(tail -n 5 "$T/discord-prism.log")"
		return 1
	}
	DISCORD_URL=$(sed -n 's,.*listening on \(http://[0-9.:]*\).*,\1,p' "$T/discord-prism.log")/api/v10
	echo 0 >"$T/discord-prism.seen"
}
prism_look() { # an answer's line is written just after the answer is sent
	sleep 0.3
	sed "1,$(cat "$T/discord-prism.seen")d" "$T/discord-prism.log" >"$T/discord-prism.new"
	echo $(($(cat "$T/discord-prism.seen") + $(wc -l <"$T/discord-prism.new"))) >"$T/discord-prism.seen"
}
prism_wrong() {
	prism_look
	sed -n "s/.*Violation: *\(${1:-.*}\)/\1/p; s/.*terminated with error: *//p" "$T/discord-prism.new" | sort -u
}
prism_saw() { grep -c 'Request received' "$T/discord-prism.new"; }
