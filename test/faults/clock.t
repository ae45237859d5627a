#!/bin/sh
# This computer's clock is wrong, or jumps: a year back, a day ahead, before, after and during up
# and down. Deadlines do not notice; hours are never negative; generations go by their number.
. test/integ/lib.sh
. test/faults/faults.sh
in_sandbox "$@"
need curl jq faketime
new_home

# Only the clock of the day: the monotonic one is the kernel's and no jump reaches it. Nor are
# the times of files made up: a clock that is wrong leaves them as they are.
NO_FAKE_STAT=1 FAKE_UTIME=0 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
export NO_FAKE_STAT FAKE_UTIME FAKETIME_DONT_FAKE_MONOTONIC DONT_FAKE_MONOTONIC
then_() { # then_ OFFSET COMMAND...
	offset=$1
	shift
	faketime -f "$offset" "$@"
}
# A clock that is set while the command runs: it reads the offset from a file, each time.
jumping() { # jumping COMMAND...: $T/offset says by how much
	LD_PRELOAD=$(faketime -f +0d sh -c 'echo $LD_PRELOAD') FAKETIME_TIMESTAMP_FILE=$T/offset \
		FAKETIME_NO_CACHE=1 "$@"
}
[ "$(then_ -365d date +%Y)" != "$(date +%Y)" ] || skip_all "faketime does nothing here"
began() { # began SERVER STEP
	grep -q "\"step\":\"$2\"" "$H/state/$1/progress.jsonl"
}
hours() { # hours SERVER: of its deletes in the ledger: the smallest and the largest
	jq -rR 'fromjson? | select(.server == "'"$1"'" and .what == "delete").hours' "$H/state/ledger.jsonl" |
		sort -n | sed -n '1p;$p' | tr '\n' ' '
}
evening() { # evening SERVER OFFSET-OF-UP OFFSET-OF-DOWN COUNT
	recovers 0 "clock at $2: up" then_ "$2" gsp-up "$1"
	is "... it runs, for a clock that is right" "$(stage "$1")" running
	gives 0 "... status by that clock" then_ "$2" gsp-status "$1"
	all_shown
	recovers 0 "clock at $3: down" then_ "$3" gsp-down "$1"
	save_is "... the save is home" "$(count "$1") $(labelled "$1")" "$4 0"
}

fault_begin "clock a year back or a day ahead" "gsp-up, down"
evening toy -365d -365d 1
evening toy +1d +1d 2
evening toy +1d -365d 3 # back by a year and a day while the game ran
evening toy -365d +1d 4
evening toy +0d +0d 5
is "generations go by their number" "$(newest) $(gsp_field "$(newest)" .parent)" "6 5"
is "... whatever their times say" "$(gsp_field 2 .time | cut -c1-4) $(gsp_field 3 .time | cut -c1-4)" \
	"$(then_ -365d date -u +%Y) $(then_ +1d date -u +%Y)"
is "hours are a number above zero" "$(jq -rR 'fromjson? | select(.hours != null and .hours < 0)' "$H/state/ledger.jsonl")" ""
note "hours billed by clocks that were wrong: $(hours toy)"
is "... and not those of a year" "$(($(hours toy | cut -d' ' -f2) < 8000))" 1
fault_end

# ---- set while a tool runs ----

fault_begin "clock jumps while it runs" "gsp-up, down"
jump_server() { # jump_server NAME
	server "$1"
	sed -i '1a sleep 3' "$H/servers/$1/bootstrap"
	sed -i '1a sleep 3' "$H/servers/$1/stop"
}
jumps() { # jumps SERVER TO BACK
	sync_file=$T/offset
	echo +0d >"$sync_file"
	rbg "$1" jumping gsp-up "$1"
	until_true 30 began "$1" bootstrap
	echo "$2" >"$sync_file"
	rbg_gives 0 "the clock jumps by $2 in up" "$1" 60
	is "... it runs" "$(stage "$1")" running
	rbg "$1" jumping gsp-down "$1"
	until_true 30 began "$1" stop
	echo "$3" >"$sync_file"
	rbg_gives 0 "... and to $3 in down" "$1" 60
	save_is "... the save is home" "$(count "$1") $(labelled "$1")" "1 0"
}
jump_server back
jumps back -365d +0d
jump_server ahead
jumps ahead +1d -365d
fault_end

# ---- a create whose answer was lost, and a lock that is held, by a clock that was set since ----

fault_begin "clock set between two runs" "gsp-up"
fault '{"match":{"method":"POST","path":"/linode/instances","label":"gsp-lost"},"fault":"slow","ms":5000}'
server lost
sed -i '1a sleep 4' "$H/servers/lost/bootstrap"
gsp-provision lost >/dev/null 2>&1 </dev/null &
pid=$!
posting() { grep -q '"posting"' "$H/state/lost/session.json" && [ "$(labelled lost)" = 1 ]; }
until_true 20 posting
kill -9 $pid
wait $pid 2>/dev/null
rbg lost then_ +1d gsp-up lost
until_true 30 began lost bootstrap
then_ -365d gsp-down lost >"$T/out" 2>"$T/err" </dev/null
is "held since a year from now: busy" $? 75
told "... with a time that is no nonsense" "locked: .*, for [0-9]+ "
rbg_gives 0 "the answer to the create was lost a day ago: up" lost 60
is "... bought no second one" "$(labelled lost) $(bought lost)" "1 1"
all_shown
recovers 0 "... down a year before" then_ -365d gsp-down lost
save_is "... the save is home" "$(count lost) $(labelled lost)" "1 0"

# off since its boot, by a clock that goes back: up boots it all the same
server off
gives 0 "provision" gsp-provision off
jq -c '.phase = "creating" | .since = "2099-01-01T00:00:00Z"' "$H/state/off/session.json" >"$T/j" &&
	cat "$T/j" >"$H/state/off/session.json"
machine_fault gsp-off crash
is_off() { [ "$(control GET /state | jq '.machines[] | select(.label == "gsp-off") | (.alive | not) and (.busy | not)')" = true ]; }
until_true 30 is_off
recovers 0 "a machine that is off, made in the future: up boots it" timeout 60 gsp-up off
recovers 0 "... down" gsp-down off
fault_end
is "nothing is left" "$(control GET /state | jq -r '[.machines[] | .label] | join(" ")')" ""
finish
