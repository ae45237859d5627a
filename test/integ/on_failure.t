#!/bin/sh
# A failed `up`: by default the next one goes on, whatever had failed; with `on_failure: delete` its
# machine is gone, unless a start was intended, or it was a signal, or the delete fails, too.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq python3
new_home

S=$H/servers
labelled() { control GET /state | jq --arg l "gsp-$1" '[.machines[] | select(.label == $l)] | length'; }
is_there() { [ "$(labelled "$1")" = 1 ]; }
bought() { control GET /log | jq --arg l "gsp-$1" '[.requests[] | select(.method == "POST" and
	(.path | test("/linode/instances$")) and .body.label == $l)] | length'; }
phase() { jq -r .phase "$H/state/$1/session.json"; }
prepend() { sed -i "1a $3" "$S/$1/$2"; } # prepend SERVER SCRIPT LINE
mend() { sed -i 2d "$S/$1/$2"; }

for p in k d; do
	for s in cap boot ssh bs rs st rd; do
		server $p$s
		[ $p = k ] || echo 'on_failure: delete' >>"$S/$p$s/server.yaml"
	done
	fault "{\"match\":{\"label\":\"gsp-${p}boot\"},\"fault\":\"boot-fail\",\"reason\":\"The host is on fire\"}"
	fault "{\"match\":{\"method\":\"POST\",\"path\":\"/linode/instances\",\"label\":\"gsp-${p}cap\"},
		\"fault\":\"nocapacity\"}"
	sed -i 's/^timeouts:.*/timeouts: {ssh: 6s}/' "$S/${p}ssh/server.yaml"
	sed -i 's/^timeouts:.*/timeouts: {ready: 2s}/' "$S/${p}rd/server.yaml"
	prepend ${p}bs bootstrap 'echo "the download is gone"; exit 3'
	prepend ${p}rs bootstrap 'mv /usr/bin/rsync /usr/bin/rsync.away'
	prepend ${p}st start 'echo "no eula"; exit 4'
	prepend ${p}rd start 'sleep 1000 \& exit 0'
done
echo 'on_failure: delete' >>"$S/toy/server.yaml"

# each machine that is to be out of reach is cut off while it boots
out_of_reach() {
	gsp-up "$1" &
	up=$!
	until_true 20 is_there "$1"
	until_true 20 machine_fault "gsp-$1" cut
	wait $up
}
control PUT /options '{"boot_ms":1500}' >/dev/null
bg kssh out_of_reach kssh
bg dssh out_of_reach dssh
until_true 20 is_there kssh && until_true 20 is_there dssh
sleep 0.3 # as long as a request takes
control PUT /options '{"boot_ms":200}' >/dev/null

# SERVER STATUS PATTERN: what it was, in the words of the step that failed
failed() {
	bg_gives "$2" "$1: up fails" "$1"
	says "... first, and once, why" "^gsp-up: .*$3"
}
kept() {
	failed k"$1" "$2" "$3"
	is "... its machine stays" "$(labelled k"$1")" 1
	ok "... and nothing is said of a delete" sh -c "! grep -q on_failure '$T/err'"
}
deleted() {
	failed d"$1" "$2" "$3"
	says "... then, what came of its machine" "; on_failure: the machine was deleted and costs no more$"
	is "... no machine" "$(labelled d"$1")" 0
	is "... no session" "$(stage d"$1")" none
	is "... the ledger has its end" "$(jq -r "select(.server == \"d$1\") | .what" "$H/state/ledger.jsonl" |
		tr '\n' ' ')" "intent create delete "
}
resumed() { # the next up goes on with that machine, and the world comes home
	gives 0 "$1: the next up" gsp-up -q "$1"
	is "... on the same machine" "$(bought "$1")" "${2:-1}"
	gives 0 "... down" gsp-down -q "$1"
	is "... the world is home" "$(cat "$S/$1/files/world/count")" "${3:-1}"
}

for s in cap boot bs rs st rd; do
	bg k$s gsp-up k$s
	bg d$s gsp-up d$s
done
for s in cap boot bs rs; do
	case $s in
	cap)
		failed kcap 69 "capacity|no .*to be had"
		failed dcap 69 "capacity|no .*to be had"
		ok "... nothing was bought, so nothing is said of it" sh -c "! grep -q on_failure '$T/err'"
		is "... no machine" "$(labelled dcap)" 0
		;;
	boot) kept boot 73 'The host is on fire' && deleted boot 73 'The host is on fire' ;;
	bs) kept bs 3 "status 3: the download is gone" && deleted bs 3 "status 3: the download is gone" ;;
	rs) kept rs 69 "has no rsync" && deleted rs 69 "has no rsync" ;;
	esac
done
mend kbs bootstrap
mend dbs bootstrap
mend krs bootstrap
at krs mv /usr/bin/rsync.away /usr/bin/rsync
resumed kcap 2
resumed dcap 2
resumed kboot
resumed kbs
resumed dbs 2
resumed krs

# ---- a start was intended: never deleted ----

for p in k d; do
	failed ${p}st 4 "status 4: no eula.*no save was touched.*goes on, and costs"
	is "... its machine stays" "$(labelled ${p}st)" 1
	mend ${p}st start
	resumed ${p}st
	failed ${p}rd 75 "does not listen on its ports in time"
	is "... its machine stays" "$(labelled ${p}rd)" 1
	ok "... and nothing is said of a delete" sh -c "! grep -q on_failure '$T/err'"
	at ${p}rd 'pkill -x sleep'
	mend ${p}rd start
	resumed ${p}rd
done

# ---- a signal; gsp-provision; a machine that will not go ----

prepend toy bootstrap 'sleep 30'
test/signal_at --on '"bootstrap","state":"start"' --late 300 -- gsp-up toy >"$T/answer"
is "a signal is no failure: status" "$(jq .status "$T/answer")" 130
is "... the machine stays" "$(labelled toy)" 1
sed -i '2s/.*/exit 9/' "$S/toy/bootstrap"
sed -i 's/on_failure: delete/on_failure: keep/' "$S/toy/server.yaml"
fault '{"match":{"method":"DELETE","path":"/linode/instances/*"},"fault":"400","times":0}'
gives 9 "the session's own setting decides; the delete is refused" gsp-up toy
says "... the first error, then what remains, what it costs, and the command" \
	"status 9.*; on_failure: the machine could NOT be deleted .*may still cost; 'gsp down toy' deletes it"
control DELETE /faults >/dev/null
is "... it is still there" "$(labelled toy)" 1
gives 0 "... that command" gsp-down -q toy
is "... deletes it" "$(labelled toy)" 0

# ---- out of reach ----

kept ssh 75 "machine 'gsp-kssh'"
deleted ssh 75 "machine 'gsp-dssh'"
says "... and that nobody could ask it" "cannot be reached .*nothing was ever started on it"
machine_fault gsp-kssh mend
resumed kssh
fault '{"match":{"label":"gsp-dboot"},"fault":"boot-fail","reason":"again"}'
gives 73 "gsp-provision by itself fails" gsp-provision dboot
is "... and leaves its machine for the next tool" "$(labelled dboot)" 1
resumed dboot 2

# ---- a server that is up is not given up ----

gives 0 "dcap: up" gsp-up -q dcap
echo edited >"$S/dcap/files/readme"
gives 65 "an up that is refused" gsp-up dcap
is "... leaves it running" "$(stage dcap)" running
gives 0 "... down" gsp-down -q dcap
is "no machine, no firewall is left" "$(machines) $(firewalls)" "0 0"
finish
