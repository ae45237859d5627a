#!/bin/sh
# notify: who is told, in which order, by one message that is edited; what comes after a target was
# down, refused, or hangs; that nobody waits for it; and that its secret is nowhere.
. test/integ/lib.sh
in_sandbox "$@"
need jq curl python3
new_home
SECRET=tokenTOKEN_secret-123

stand_in() { # stand_in NAME: its URL is in $URL, what it was asked in $T/NAME/requests
	mkdir -p "$T/$1"
	python3 test/fake/notify.py "$T/$1" &
	PIDS="${PIDS:-} $!"
	until_true 20 test -s "$T/$1/port" || { echo "Bail out! the stand-in does not start"; exit 1; }
	URL=http://127.0.0.1:$(cat "$T/$1/port")
}
trap 'kill $PIDS 2>/dev/null; touch $T/stop; cleanup' EXIT
stand_in discord && DISCORD=$URL
stand_in ntfy && NTFY=$URL
stand_in hook && HOOK=$URL
secret() { # secret FILE TEXT
	(umask 077 && printf '%s\n' "$2" >"$H/$1")
}
asked() { jq -rc "$2" "$T/$1/requests" 2>/dev/null; }
count() { # count NAME [JQ-CONDITION]
	asked "$1" "select(${2:-true}) | 1" | wc -l
}
reached() { [ "$(count "$1" "${3:-true}")" -ge "$2" ]; } # reached NAME N [CONDITION]
waiting() { find "$H/state/notify" -name '0*.json' 2>/dev/null | wc -l; }
nothing_waits() { [ "$(waiting)" = 0 ]; }
texts() { asked "$1" '.body | fromjson | .text // .message // .content'; }
notify_is() { # notify_is YAML: of gsp.yaml
	sed -i '/^notify:/d' "$H/gsp.yaml"
	echo "notify: $1" >>"$H/gsp.yaml"
}
forget() { for n in "$@"; do rm -f "$T/$n/requests"; done; }

# ---- nobody is told: not even a file ----
gives 0 "without notify:" gsp-notify toy failed hello
says "it is said" "nobody is told"
is "there is nothing" "$(ls "$H/state/notify" 2>&1 | wc -l)$(test -e "$H/state/notify" && echo there)" 1
gives 78 "a test of nobody" gsp-notify --test
says "says so" "nobody is told of anything"

# ---- settings that are refused ----
refused() { # refused TEXT YAML PATTERN
	notify_is "$2"
	gives 78 "$1" gsp-notify toy failed hello
	says "... and why" "gsp.yaml:[0-9]+:[0-9]+: $3"
	is "... without the secret" "$(grep -c "$SECRET" "$T/err")" 0
}
refused "a Discord URL in gsp.yaml" "[{webhook: 'https://discord.com/api/webhooks/1/$SECRET'}]" "this URL lets everybody.*discord_file"
refused "the same as discord:" "[{discord: 'https://discord.com/api/webhooks/1/$SECRET'}]" "this URL lets everybody.*discord_file"
refused "the same as the name of a file" "[{discord_file: 'https://discord.com/api/webhooks/1/$SECRET'}]" "the name of a file is wanted"
refused "a URL with a query" "[{webhook: 'https://example.org/x?key=$SECRET'}]" "not a plain url.*webhook_file"
refused "plain http" "[{webhook: 'http://example.org/$SECRET'}]" "plain http"
refused "no topic" "[{ntfy: 'https://ntfy.sh/'}]" "no topic"
refused "two in one" "[{webhook: '$HOOK', command: [true]}]" "one target each"
refused "no event of that name" "[{command: ['true'], on: [redy]}]" "'redy': not one of"
refused "no list" "{command: ['true']}" "a list of targets"
refused "a key that is none" "[{commnd: ['true']}]" "unknown key"

# ---- gsp notify --test ----
secret discord-url "$DISCORD/api/webhooks/42/$SECRET"
secret ntfy-token "tk_$SECRET"
cat >"$H/told" <<EOF
#!/bin/sh
cat >>"$T/told.json"
printf '%s|%s|%s|%s\n' "\$GSP_EVENT" "\$GSP_SERVER" "\$GSP_TEXT" "\${LINODE_TOKEN:-none}" >>"$T/told.env"
echo words of the command
EOF
chmod +x "$H/told"
ALL="{discord_file: discord-url}, {webhook: '$HOOK/in'}, {ntfy: '$NTFY/mine', token_file: ntfy-token}, {command: [./told]}"
notify_is "[$ALL]"
gives 0 "a test" gsp-notify --test --json
is "all work" "$(jq -s 'map(.works) | all and length == 4' "$T/out")" true
is "discord was asked as it wants" "$(asked discord '"\(.method) \(.path)"')" "POST /api/v10/webhooks/42/$SECRET?wait=true"
is "by name" "$(asked discord '.headers["User-Agent"] | startswith("DiscordBot (")')" true
is "ntfy, too" "$(asked ntfy '"\(.method) \(.path) \(.headers.Authorization) \(.body | fromjson | .topic)"')" "POST / Bearer tk_$SECRET mine"
is "the webhook" "$(asked hook '"\(.path) \(.body | fromjson | "\(.schema) \(.event)")"')" "/in gsp.notice/1 test"
is "the command, without the token" "$(cut -d'|' -f1,2,4 "$T/told.env")" "test||none"
echo '429 {"message":"slow","retry_after":3,"global":false}' >"$T/discord/say"
gives 75 "a test that has to wait" gsp-notify --test --json toy
is "says of which" "$(jq -rc 'select(.works | not) | [.kind, .why]' "$T/out")" '["discord","it answered 429: slow"]'
gives 1 "status says it" gsp-status toy
says "with what to do" "notify: discord_file discord-url has not worked for .*429: slow; 'gsp notify --test'"
gives 0 "a test that works" gsp-notify --test -q toy
gives 1 "status" gsp-status toy
is "has nothing to say any more" "$(grep -c notify: "$T/err")" 0
chmod 644 "$H/discord-url"
gives 78 "a secret that others can read" gsp-notify --test --json
is "is not used" "$(jq -r 'select(.works | not).why' "$T/out")" "discord_file '$H/discord-url' can be read by others; run: chmod 600 '$H/discord-url'"
chmod 600 "$H/discord-url"
gives 0 "mended" gsp-notify --test -q
gives 69 "no such server" gsp-notify --test nope
gives 64 "no such event" gsp-notify toy redy hello
forget discord ntfy hook
rm -f "$T"/told.*

# ---- an evening ----
gives 0 "up" gsp-up -q --actor discord:1/kim toy
gives 0 "up again" gsp-up -q toy
gives 0 "a word by hand" gsp-notify toy idle "nobody plays on toy: it stops in 10 min"
gives 0 "another" gsp-notify toy idle "nobody plays on toy: it stops in 5 min"
session=$(jq -r .session "$H/state/toy/session.json")
gives 0 "down" gsp-down -q --actor discord:2/sam toy
ok "everybody has heard of all" until_true 20 nothing_waits
ok "also the last" until_true 20 reached hook 6
is "in order" "$(asked hook '.body | fromjson | .event' | tr '\n' ' ')" "up ready idle idle stopping saved "
is "of one session" "$(asked hook '.body | fromjson | .session' | sort -u)" "$session"
is "ready, with the address" "$(texts hook | sed -n 2p)" "toy is ready at $(asked hook '.body | fromjson | .address // empty' | head -n 1) (asked by kim); \$0.0075 an hour until 'gsp down toy'"
ok "the price before it is spent" sh -c "texts() { jq -r '.body | fromjson | .text' $T/hook/requests; }; texts | sed -n 1p | grep -qx 'toy is coming up (asked by kim): g6-nanode-1 in us-ord, .0.0075 an hour'"
is "what it cost" "$(texts hook | sed -n 6p)" "toy is down: generation 2 is home, the machine is gone; 1 h, \$0.0075"
is "ntfy the same" "$(asked ntfy '.body | fromjson | .title' | tr '\n' ,)" "gsp toy: up,gsp toy: ready,gsp toy: idle,gsp toy: idle,gsp toy: stopping,gsp toy: saved,"
is "the command, too" "$(cut -d'|' -f1,2,4 "$T/told.env" | tr '\n' ' ')" "up|toy|none ready|toy|none idle|toy|none idle|toy|none stopping|toy|none saved|toy|none "
is "and on stdin" "$(jq -r .event "$T/told.json" | tr '\n' ' ')" "up ready idle idle stopping saved "
is "discord: one message" "$(asked discord .method | tr '\n' ' ')" "POST PATCH PATCH PATCH PATCH PATCH "
is "its last words: the evening, the countdown once" "$(asked discord '.body | fromjson | .content' | jq -Rrs 'split("\n") | map(select(. != "")) | .[-5:] | map(sub("^<t:[0-9]+:t> "; "") | .[0:22]) | join("|")')" \
	"toy is coming up (aske|toy is ready at 198.18|nobody plays on toy: i|toy is stopping (asked|toy is down: generatio"
is "the countdown's second word" "$(asked discord '.body | fromjson | .content' | tail -n 3 | grep -c '5 min')" 1

# ---- what has to be heard is a message of its own; the evening goes on below it ----
gives 0 "up" gsp-up -q toy
until_true 20 nothing_waits
forget discord
gives 0 "cannot tell" gsp-notify toy unknown 'hello @everyone <@1> **x** [a](b) \ '"$(printf 'a\033[31mb\nc\342\200\256d')"
until_true 20 nothing_waits
is "a new message" "$(asked discord .method)" POST
is "nothing in it is more than text" "$(asked discord '.body | fromjson | .content | sub("^<t:[0-9]+:t> "; "")')" 'hello \@everyone \<\@1\> \*\*x\*\* \[a\](b) \\ a?\[31mb c?d'
is "and pings nobody" "$(asked discord '.body | fromjson | .allowed_mentions.parse | length')" 0
gives 0 "idle" gsp-notify toy idle "soon"
gives 0 "stopping" gsp-notify toy stopping "now"
until_true 20 nothing_waits
is "below it a new one, and edits of that" "$(asked discord .method | tr '\n' ' ')" "POST POST PATCH "
asked discord '.path' | sed -n 's,.*/messages/\([0-9]*\).*,\1,p' >"$T/discord/deleted"
gives 0 "somebody has deleted it" gsp-notify toy saved "done"
until_true 20 nothing_waits
is "it comes anew" "$(asked discord '"\(.method) \(.status)"' | tail -n 2 | tr '\n' ' ')" "PATCH 404 POST 200 "
gives 0 "a long text" gsp-notify toy failed "$(head -c 5000 /dev/zero | tr '\0' '*')"
until_true 20 nothing_waits
is "is cut" "$(asked discord '.body | fromjson | .content | length <= 2000 and endswith("…")' | tail -n 1)" true

# ---- on: and a server's own ----
notify_is "[{webhook: '$HOOK/in', on: [failed]}, {ntfy: '$NTFY/mine'}]"
echo "notify: [{ntfy: '$NTFY/mine', on: []}, {webhook: '$HOOK/own', on: [ready, failed]}]" >>"$H/servers/toy/server.yaml"
forget hook ntfy
gives 0 "ready" gsp-notify toy ready r
gives 0 "failed" gsp-notify toy failed f
until_true 20 nothing_waits
is "each hears what it wants, the server's word counts" "$(asked hook '"\(.path) \(.body | fromjson | .event)"' | sort | tr '\n' ,)$(count ntfy)" "/in failed,/own failed,/own ready,0"
sed -i '/^notify:/d' "$H/servers/toy/server.yaml"
is "the journal knows nothing of it" "$(grep -c notify "$H/state/toy/session.json")" 0

# ---- a target that is down, and one that hangs ----
notify_is "[{discord_file: discord-url}, {webhook: '$HOOK/in'}]"
forget discord hook
touch "$T/discord/hang"
before=$(date +%s%3N)
gives 0 "a notice while a target hangs" gsp-notify toy ready "one"
after=$(date +%s%3N)
note "gsp-notify gave its notice in $((after - before)) ms"
is "costs nobody's time" "$([ $((after - before)) -lt 2000 ] && echo ok)" ok
ok "the other target has it" until_true 5 reached hook 1
before=$(date +%s%3N)
gives 0 "up while it hangs" gsp-up -q toy
gives 0 "down while it hangs" gsp-down -q toy
after=$(date +%s%3N)
touch "$T/discord/down"
rm "$T/discord/hang"
note "up and down while a target hung: $((after - before)) ms"
# each of their three notices would have taken 20 s
is "up and down do not wait for it" "$([ $((after - before)) -lt 40000 ] && echo ok)" ok
ok "the other target knows" until_true 5 reached hook 3
is "nothing is lost" "$([ "$(waiting)" -ge 3 ] && echo ok)" ok
sender() { pgrep -f "gsp-notify -C $H .*--send discord" ; }
ok "one sender" until_true 10 sender
is "alone" "$(sender | wc -l)" 1
pid=$(sender)
is "knows no token and holds no lock" "$(tr '\0' '\n' <"/proc/$pid/environ" | grep -c '^LINODE_TOKEN=.')$(readlink /proc/"$pid"/fd/* | grep -c "toy/lock")" 00
kill -KILL "$pid"
ok "it is gone" until_true 10 sh -c "! kill -0 $pid"
rm "$T/discord/down"
forget discord
gives 0 "gsp-notify --send goes on" gsp-notify --send
ok "all arrives" until_true 60 nothing_waits
is "in order" "$(asked discord '.body | fromjson | .content | split("\n")[-1] | sub("^<t:[0-9]+:t> "; "") | .[0:15]' | tr '\n' ,)" "one,toy is stopping,toy is down: ge,"

# ---- the settings of now: also for one that waits ----
notify_is "[{webhook: '$HOOK/in'}, {webhook: '$HOOK/gone'}]"
touch "$T/hook/down"
forget hook
gives 0 "a notice that waits" gsp-notify toy failed "old"
ok "it was tried" until_true 10 reached hook 2
notify_is "[{webhook: '$HOOK/in'}]"
rm "$T/hook/down"
forget hook
ok "it is sent, or given up" until_true 30 nothing_waits
is "the target that was taken away hears nothing" "$(asked hook .path)" /in
notify_is "[{discord_file: discord-url}, {webhook: '$HOOK/in'}]"

# ---- 429 and 500: again, in order ----
forget discord
printf '429 {"message":"slow","retry_after":0.2}\n500 oops\n' >"$T/discord/say"
gives 0 "one" gsp-notify toy failed one
gives 0 "two" gsp-notify toy failed two
ok "both arrive" until_true 40 nothing_waits
is "in order, each once" "$(asked discord '"\(.status) \(.body | fromjson | .content | split(" ")[-1])"' | tr '\n' ,)" "429 one,500 one,200 one,200 two,"

# ---- two senders at once send once; a flood of notices arrives whole ----
forget hook
i=0
while [ $i -lt 12 ]; do
	gsp-notify toy failed "n$i" &
	P="${P:-} $!"
	i=$((i + 1))
done
gsp-notify --send
gsp-notify --send
# shellcheck disable=SC2086
wait $P
ok "twelve at once" until_true 20 nothing_waits
ok "arrive" until_true 10 reached hook 12
is "each once" "$(texts hook | sort -u | wc -l) $(count hook)" "12 12"

# ---- a webhook that is no more ----
secret discord-url "$DISCORD/api/webhooks/404/$SECRET"
forget discord
gives 0 "failed" gsp-notify toy failed gone
until_true 20 nothing_waits
gives 0 "failed again" gsp-notify toy failed gone
until_true 20 nothing_waits
is "it is asked once" "$(count discord)" 1
gives 1 "status" gsp-status toy
says "tells" "notify: discord_file discord-url has not worked for .*404: Unknown Webhook; is the URL still right\?; 'gsp notify --test'"
secret discord-url "$DISCORD/api/webhooks/43/$SECRET"
gives 0 "a new URL in the file" gsp-notify toy failed back
until_true 20 nothing_waits
is "is used at once" "$(count discord '.status == 200')" 1
is "what was sent and dropped is in the log" "$(sed 's/^[^ ]* //' "$H"/state/notify/discord-*/log | tail -n 3 | cut -c1-70 | tr '\n' '|')" \
	"dropped toy failed: it answered 404: Unknown Webhook; is the URL still|dropped toy failed: it does not work: it answered 404: Unknown Webhook|sent toy failed|"

# ---- too many wait; what nobody can read ----
notify_is "[{webhook: '$HOOK/in'}]"
touch "$T/hook/down"
gives 0 "one that cannot be sent" gsp-notify toy failed first
f=$(find "$H/state/notify" -name '0*.json')
d=${f%/waiting/*}
i=0
while [ $i -lt 505 ]; do
	cp "$f" "$d/waiting/$(printf '0000000000000%03d' $((i + 1)))-aaaa.json"
	i=$((i + 1))
done
gives 0 "one more" gsp-notify toy failed last
is "at most 500" "$(waiting)" 500
ok "with a word" grep -q 'dropped .*more than 500 wait' "$d/log"
pgrep -f "gsp-notify -C $H .*--send webhook" | xargs -r kill
find "$d" -name '0*.json' -delete
echo '{"schema":"gsp.notice/1","event":"no"' >"$d/waiting/0000000000000001-aaaa.json"
rm "$T/hook/down"
forget hook
gives 0 "a file that is torn" gsp-notify toy failed fine
ok "is in nobody's way" until_true 30 nothing_waits
is "the next is sent" "$(texts hook)" fine

# ---- the secret ----
notify_is "[$ALL]"
secret discord-url "$DISCORD/api/webhooks/44/$SECRET"
forget discord
touch "$T/discord/hang"
gsp-notify -vv --test >"$T/out1" 2>"$T/err1" &
pid=$!
gsp-notify -vv toy failed hello >"$T/out2" 2>"$T/err2"
until_true 20 reached discord 2
cat /proc/[0-9]*/cmdline >"$T/cmdlines" 2>/dev/null # first: grep's own would be found
is "is in no command line" "$(tr '\0' ' ' <"$T/cmdlines" | grep -c "$SECRET")" 0
is "nor in an environment of ours" "$(cat /proc/$pid/environ | grep -c "$SECRET")" 0
rm "$T/discord/hang"
wait $pid
until_true 40 nothing_waits
is "not on stderr" "$(grep -c "$SECRET" "$T/err1" "$T/err2" | cut -d: -f2 | tr '\n' ' ')" "0 0 "
ok "which says much" grep -q '> POST /\.\.\.' "$T/err1"
is "nor in a file of state/" "$(grep -rl "$SECRET" "$H/state" | wc -l)" 0
finish
