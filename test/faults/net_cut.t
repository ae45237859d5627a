#!/bin/sh
# The link to the machine is cut for 30 s (as net_gone.t: for good), while ssh is waited for, in bootstrap, in
# the upload, in start, in stop, in the download, in the proof and at the teardown. It goes on by
# itself, or the same command does; nothing is deleted that is not home, and what goes on costing
# is said.
. test/integ/lib.sh
. test/faults/faults.sh
in_sandbox "$@"
need curl jq rsync
new_home
hows=b # brief; for good: g
[ "$FAULT_NAME" != net_gone ] || hows=g

# rsync, as a slow line would have it: the server named in $SLOW waits at its transfer, or at its
# proof, until the link has been cut.
mkdir "$T/bin"
cat >"$T/bin/rsync" <<'SHIM'
#!/bin/sh
kind=transfer
for a in "$@"; do
	[ "$a" != --dry-run ] && [ "$a" != -n ] || kind=proof
	case $a in *:/*) remote=1 ;; esac
done
if [ -n "${remote:-}" ] && [ "${HOLD:-}" = $kind ] && [ ! -e "$HOLD_AT.seen" ]; then
	: >"$HOLD_AT.seen"
	: >"$HOLD_AT"
	while [ -e "$HOLD_AT" ]; do sleep 0.05; done
fi
exec "$REAL_RSYNC" "$@"
SHIM
chmod +x "$T/bin/rsync"
REAL_RSYNC=$(command -v rsync)
export REAL_RSYNC
held() { # held NAME transfer|proof COMMAND...: HOLD_AT is $T/NAME.at
	HOLD_AT=$T/$1.at HOLD=$2
	export HOLD_AT HOLD
	shift 2
	PATH=$T/bin:$PATH "$@"
}
began() { grep -q "\"step\":\"$2\"" "$H/state/$1/progress.jsonl"; }
cut() { machine_fault "gsp-$1" cut; }
mend() { machine_fault "gsp-$1" mend; }

places='ssh boot upload start stop load proof tear'
for how in $hows; do
	for p in $places; do
		server "$p-$how"
	done
	for p in boot start stop; do
		name=$p
		[ $p != boot ] || name=bootstrap
		sed -i '1a sleep 4' "$H/servers/$p-$how/$name"
	done
	# for good is no longer than it must be
	sed -i 's/ready: 30s/ready: 30s, ssh: 20s/' "$H/servers/ssh-$how/server.yaml"
done
for s in stop load proof tear; do
	for how in $hows; do
		bg "$s-$how" gsp-up -q "$s-$how"
	done
done
for s in stop load proof tear; do
	for how in $hows; do
		bg_gives 0 "$s-$how: up" "$s-$how" 120
	done
done
for how in $hows; do
	bg "load-$how" gsp-run -q stop "load-$how"
	bg "proof-$how" gsp-run -q stop "proof-$how"
	bg "tear-$how" sh -c "gsp-run -q stop tear-$how && gsp-sync -q down tear-$how"
done
for s in load proof tear; do
	for how in $hows; do
		bg_gives 0 "$s-$how: stopped" "$s-$how" 120
	done
done

# A machine that takes its time to boot is cut off before ssh answers.
control PUT /options '{"boot_ms":3000}' >/dev/null
for how in $hows; do
	bg "ssh-$how" gsp-up "ssh-$how"
	until_true 30 began "ssh-$how" create
	until began "ssh-$how" ssh; do # a boot mends what was cut before it
		cut "ssh-$how" 2>/dev/null
		sleep 0.1
	done
	cut "ssh-$how"
done
control PUT /options '{"boot_ms":200}' >/dev/null
for how in $hows; do
	bg "boot-$how" gsp-up "boot-$how"
	bg "upload-$how" held "upload-$how" transfer gsp-up "upload-$how"
	bg "start-$how" gsp-up "start-$how"
	bg "stop-$how" gsp-down "stop-$how"
	bg "load-$how" held "load-$how" transfer gsp-down "load-$how"
	bg "proof-$how" held "proof-$how" proof gsp-down "proof-$how"
done
for how in $hows; do
	for p in "boot bootstrap" "start start" "stop stop"; do
		until_true 60 began "${p% *}-$how" "${p#* }"
	done
	sleep 0.5
	for s in boot start stop; do
		cut "$s-$how"
	done
	for s in upload load proof; do
		until_true 60 test -e "$T/$s-$how.at"
		cut "$s-$how"
		rm "$T/$s-$how.at"
	done
	cut "tear-$how"
	bg "tear-$how" gsp-teardown "tear-$how"
done
cut_since=$(date +%s)
if [ $hows = b ]; then
	while [ $(($(date +%s) - cut_since)) -lt 30 ]; do sleep 0.5; done
	for p in $places; do
		mend "$p-b"
	done
fi
mended=$(now_ms)

# ends NAME TOOL TEXT: by itself, or the same command again, which then is the recovery
ends() {
	until_true 240 test -f "$T/$1.rc" || echo none >"$T/$1.rc"
	rc=$(cat "$T/$1.rc")
	cp "$T/$1.err" "$T/err"
	ended=$(date -r "$T/$1.rc" +%s%3N)
	rm -f "$T/$1.rc"
	[ "${1#*-}" != g ] || mend "$1"
	case $rc in
	0)
		pass "$3: it went on by itself"
		case_took $((ended > mended ? ended - mended : 0))
		;;
	65 | 74 | 75)
		pass "$3: status $rc"
		told "... said why, and what to do" "(cut|answer|connect|reach|link|time|connection).*gsp (up|down) ${1}"
		recovers 0 "... so it was" "$2" "$1"
		;;
	*) fail "$3: status $rc: $(cat "$T/err")" ;;
	esac
}
up_ends() { # up_ends PLACE HOW
	ends "$1-$2" gsp-up "$3"
	is "... it runs, one machine was bought" "$(stage "$1-$2") $(bought "$1-$2")" "running 1"
	bg "$1-$2" gsp-down "$1-$2"
}
down_ends() {
	ends "$1-$2" gsp-down "$3"
	save_is "... the save is home" "$(count "$1-$2") $(labelled "$1-$2")" "1 0"
}
for how in $hows; do
	t='link cut 30 s'
	[ $how = b ] || t='link cut for good'
	fault_begin "$t" gsp-up
	all_shown
	up_ends ssh $how "$t: ssh"
	up_ends boot $how "$t: bootstrap"
	up_ends upload $how "$t: upload"
	up_ends start $how "$t: start"
	for p in ssh boot upload start; do
		bg_gives 0 "$p: down" $p-$how 120
		save_is "... the save is home" "$(count $p-$how) $(labelled $p-$how)" "1 0"
	done
	fault_end
	fault_begin "$t" gsp-down
	down_ends stop $how "$t: stop"
	down_ends load $how "$t: download"
	down_ends proof $how "$t: proof"
	down_ends tear $how "$t: teardown"
	fault_end
done
is "nothing is left" "$(control GET /state | jq -r '[.machines[] | .label] | join(" ")')" ""
finish
