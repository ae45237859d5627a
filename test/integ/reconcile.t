#!/bin/sh
# The ledger against the cloud: machines that others deleted, answers and state/ that were lost,
# runs killed between a call and its line. `gsp-status` adds what is missing, once, and never what
# is not so; afterwards the sums are right.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq
new_home
L=$H/state/ledger.jsonl

labelled() { control GET /state | jq --arg l "gsp-$1" '[.machines[] | select(.label == $l)] | length'; }
id_of() { control GET /state | jq --arg l "gsp-$1" '.machines[] | select(.label == $l).id'; }
lines() { # lines SERVER: the kinds of its lines, in order
	jq -r --arg s "$1" 'select(.server == $s).what' "$L" | tr '\n' ' ' | sed 's/ $//'
}
last() { jq -r --arg s "$1" "select(.server == \$s) | $2" "$L" | tail -n 1; }
costs() { # costs SERVER: sessions, those that run, hours
	gsp-cost --server "$1" --by total --json | jq -r '"\(.sessions) \(.running) \(.hours)"'
}
look() { gsp-status "$@" >"$T/out" 2>"$T/err" </dev/null; }
kill_when() { # kill_when COMMAND... -- CONDITION...: kill -9 it as soon as that is true
	command_words=
	while [ "$1" != -- ]; do command_words="$command_words $1" && shift; done
	shift
	# shellcheck disable=SC2086
	$command_words >/dev/null 2>&1 </dev/null &
	pid=$!
	until_true 20 "$@"
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}
there() { [ "$(labelled "$1")" = 1 ]; }
deleted() { [ "$(labelled "$1")" = 0 ]; }
posting() { grep -q '"posting"' "$H/state/$1/session.json"; }
forget() { # forget SERVER KIND: as if the computer had died before that line was written
	jq -c --arg s "$1" --arg k "$2" 'select((.server == $s and .what == $k) | not)' "$L" >"$T/fewer" &&
		cat "$T/fewer" >"$L"
}

# ---- nothing to mend ----

gives 0 "provision" gsp-provision toy
cp "$L" "$T/ledger"
look
is "all is well: nothing is said" "$(cat "$T/err")" ""
is "... and nothing written" "$(cmp "$L" "$T/ledger" && echo same)" same

# ---- somebody else deleted it ----

id=$(id_of toy)
api DELETE "/linode/instances/$id" >/dev/null
look --cached
is "deleted by another, --cached" "$(cmp "$L" "$T/ledger" && echo same)" same
look
is "deleted by another: it gets its line" "$(lines toy)" "intent create gone"
says "... which is said" "ledger: machine $id of 'toy' is gone since"
is "... ended when the cloud says, not when it was noticed" "$(last toy '"\(.estimated) \(.ended)"')" \
	"null $(api GET /account/events | jq -r --argjson i "$id" '.data[] | select(.action == "linode_delete" and .entity.id == $i).created')Z"
is "... it is counted, and over" "$(costs toy)" "1 0 1"
look
is "... once" "$(lines toy) $(cat "$T/err")" "intent create gone "
gives 0 "down tidies up" gsp-down toy
is "... one session all the same" "$(costs toy)" "1 0 1"
is "... closed by both" "$(lines toy)" "intent create gone delete"
gives 0 "up again" gsp-provision toy
is "... is another session" "$(costs toy)" "2 1 2"

# ---- a line that a kill kept out of the ledger ----

forget toy create
is "killed before the line: gsp-cost knows the journal" "$(costs toy)" "2 1 2"
# the first session's line was forgotten, too: that one is over, and its other lines know it
look
is "... status writes it" "$(lines toy)" "intent gone delete intent create"
is "... by whom, at which price" "$(last toy '"\(.actor) \(.hourly_usd) \(.monthly_usd)"')" "$(id -un) 0.0075 5"
is "... and nothing is counted twice" "$(costs toy)" "2 1 2"

# the delete call was made, and the tool killed before it knew
fault '{"match":{"method":"DELETE","path":"/linode/instances/*"},"fault":"hang","commit":true}'
kill_when gsp-teardown toy -- deleted toy
is "killed in the delete call: no line" "$(lines toy)" "intent gone delete intent create"
look
is "... status writes it" "$(lines toy)" "intent gone delete intent create gone"
is "... it is over" "$(costs toy)" "2 0 2"
gives 0 "... teardown ends it" gsp-teardown toy
is "... and counts nothing twice" "$(costs toy)" "2 0 2"

# ---- an answer that was lost ----

server lost
fault '{"match":{"method":"POST","path":"/linode/instances","label":"gsp-lost"},"fault":"hang","commit":true}'
kill_when gsp-provision --actor=ann lost -- posting lost
until_true 20 there lost
is "the answer was lost, the tool killed" "$(labelled lost) $(lines lost)" "1 intent"
look lost
is "... status writes its line" "$(lines lost)" "intent create"
is "... by who asked for it, from the cloud's time on" "$(last lost '"\(.actor) \(.linode_id) \(.hourly_usd)"')" "ann $(id_of lost) 0.0075"
is "... it is counted" "$(costs lost)" "1 1 1"
gives 0 "... up goes on with it" gsp-provision lost
is "... and counts nothing twice" "$(costs lost) $(labelled lost)" "1 1 1 1"

# ---- state/ is lost, too ----

mv "$H/state" "$T/state"
look
is "state/ is lost: the machine gets its line" "$(lines lost)" create
is "... its price, and nobody's name" "$(last lost '"\(.actor) \(.hourly_usd) \(.monthly_usd) \(.created)"')" \
	"unknown 0.0075 5 $(api GET "/linode/instances/$(id_of lost)" | jq -r .created)Z"
is "... it is counted" "$(costs lost)" "1 1 1"
look
is "... once" "$(lines lost)" create
id=$(id_of lost)
home=$(sed -n "s/^home: *\([a-z0-9]*\).*/\1/p" "$H/gsp.yaml")
tag_home() { # tag_home ID: the machine is that home's
	api PUT "/linode/instances/$id" "{\"tags\":$(api GET "/linode/instances/$id" |
		jq -c --arg h "gsp-home:$1" '[.tags[] | if startswith("gsp-home:") then $h else . end]')}" >/dev/null
}
tag_home zzzzzzzz
look
is "another home takes it, no journal here: moved" "$(lines lost)" "create moved"
look
is "... once" "$(lines lost)" "create moved"
tag_home "$home"
look
is "... and back" "$(lines lost)" "create moved create"
is "... it is counted, as one" "$(costs lost)" "1 1 1"
control POST "/machines/$id/gone" >/dev/null
look
is "then it is deleted: gone" "$(lines lost)" "create moved create gone"
is "... and over" "$(costs lost)" "1 0 1"
rm -r "$H/state" && mv "$T/state" "$H/state"
gives 0 "the old state/ is found again: down" gsp-down lost
is "... one session" "$(costs lost)" "1 0 1"

# ---- what is none of ours ----

cp "$L" "$T/ledger"
api POST /linode/instances '{"label":"other","region":"us-ord","type":"g6-nanode-1","image":"linode/debian12",
	"root_pass":"Correct-Horse-9-Battery","tags":["gsp","gsp-home:zzzzzzzz","gsp-server:toy","gsp-session:aaaaaaaa"]}' >/dev/null
api POST /linode/instances "{\"label\":\"odd\",\"region\":\"us-ord\",\"type\":\"g6-nanode-1\",\"image\":\"linode/debian12\",
	\"root_pass\":\"Correct-Horse-9-Battery\",\"tags\":[\"gsp\",\"gsp-home:$home\",\"gsp-server:../x\",\"gsp-session:bbbbbbbb\"]}" >/dev/null
look
is "another home's, and one with odd tags: no line" "$(cmp "$L" "$T/ledger" && echo same)" same
for l in other odd; do control POST "/machines/$l/gone" >/dev/null; done

# ---- an API that knows none of our machines proves nothing ----

server else
gives 0 "provision" gsp-provision else
jq -c '.api_url = "http://127.0.0.1:9/v4"' "$L" >"$T/moved" && cat "$T/moved" >"$L"
mv "$H/state/else" "$T/else"
control POST "/machines/gsp-else/gone" >/dev/null
cp "$L" "$T/ledger"
look
is "made at another API: not gone" "$(cmp "$L" "$T/ledger" && echo same)" same
mv "$T/else" "$H/state/else"
gives 0 "down" gsp-down else

# ---- a server that somebody works on ----

server busy
gives 0 "provision" gsp-provision busy
control POST /machines/gsp-busy/gone >/dev/null
flock -F "$H/state/busy/lock" sleep 300 &
holder=$!
until_true 5 sh -c "! flock -n '$H/state/busy/lock' true"
gives 0 "the server is busy: status" gsp-status
is "... leaves it alone" "$(lines busy)" "intent create"
kill "$holder"
wait "$holder" 2>/dev/null
until_true 5 flock -n "$H/state/busy/lock" true
look
is "... until it is not" "$(lines busy)" "intent create gone"
mv "$L" "$T/kept" && mkdir "$L"
gives 0 "the ledger cannot be read: status shows all the same" gsp-status
says "... and says so" "the ledger could not be compared"
rmdir "$L" && mv "$T/kept" "$L"
gives 0 "down" gsp-down busy

# ---- beside jobs that buy and delete all the time ----

looking() { while [ ! -e "$T/enough" ]; do gsp-status >/dev/null 2>>"$T/looked"; done; }
for s in j1 j2; do server "$s"; done
cycle() { for _ in 1 2 3 4; do gsp-provision "$1" && gsp-teardown "$1" || return; done; }
: >"$T/looked"
bg look1 looking
bg look2 looking
bg j1 cycle j1
bg j2 cycle j2
for s in j1 j2; do bg_gives 0 "status runs all the time: $s" "$s" 90; done
: >"$T/enough"
for s in look1 look2; do until_true 20 test -f "$T/$s.rc"; done
is "... no line that is not so" "$(lines j1); $(lines j2)" \
	"intent create delete intent create delete intent create delete intent create delete; intent create delete intent create delete intent create delete intent create delete"
is "... nothing to say" "$(grep -v '^$' "$T/looked" | head -n 3)" ""
is "nothing is left" "$(machines)" 0
finish
