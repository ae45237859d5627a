#!/bin/sh
# What goes wrong with the machine, the way there, and the disks at both ends: crash, reboot,
# cut links, full disks, a wrong host key, a closed firewall. Each ends in success or in a clear
# error; nothing is deleted that is not home, and the next run ends right.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq ssh-keygen
new_home
server cut
server small
server wall
server key

address() { control GET /state | jq -r --arg l "gsp-$1" '.machines[] | select(.label == $l).ipv4'; }
alive() { [ "$(control GET /state | jq --arg l "gsp-$1" '.machines[] | select(.label == $l) |
	.alive and .status == "running" and (.busy | not)')" = true ]; }
count() { cat "$H/servers/$1/files/world/count"; }

cleanup_small() {
	umount "$H/servers/small" 2>/dev/null
	[ -z "${fake:-}" ] || ip addr del "$fake/32" dev lo 2>/dev/null
	[ -z "${sshd:-}" ] || kill "$sshd" 2>/dev/null
	cleanup
}
trap cleanup_small EXIT

# ---- the firewall shuts us out; what that costs in time is spent beside the rest ----

shut_out() {
	gsp-up wall || return
	fw=$(control GET /state | jq '.firewalls[] | select(.label == "gsp-wall").id')
	api GET "/networking/firewalls/$fw/rules" |
		jq '{inbound, outbound, inbound_policy, outbound_policy}' >"$T/rules"
	api PUT "/networking/firewalls/$fw/rules" \
		'{"inbound":[],"outbound":[],"inbound_policy":"DROP","outbound_policy":"ACCEPT"}' >/dev/null
	gsp-run stop wall 2>"$T/shut.stop"
	echo $? >"$T/shut.stop.rc"
	gsp-teardown wall
}
bg wall shut_out

# ---- a link that is cut until it is noticed; the script goes on without us ----

server deaf
sed -i '1a sleep 5; echo slept >>/tmp/slept' "$H/servers/deaf/bootstrap"
deafen() {
	gsp-provision deaf || return
	gsp-run bootstrap deaf >"$T/deaf.run" 2>&1 </dev/null &
	runs=$!
	until_true 10 gsp-ssh deaf 'pgrep -xf "sleep 5"'
	machine_fault gsp-deaf cut
	until_true 75 grep -q 'link was cut' "$T/deaf.run"
	machine_fault gsp-deaf mend
	wait "$runs"
}
bg deaf deafen

# ---- this computer's disk is full: the save is too large for it ----

cp -a "$H/servers/small" "$T/small"
mount -t tmpfs -o size=120m small "$H/servers/small"
cp -a "$T/small/." "$H/servers/small/"
cat >"$H/servers/small/start" <<'START'
#!/bin/sh
head -c 9000000 /dev/urandom >world/big
/usr/bin/python3 "$GSP_OPT/toy.py" &
echo $! >/tmp/toy.pid
START
bg small gsp-up small

# ---- the machine ends under the game ----

gives 0 "up" gsp-up toy
on "echo played >/srv/toy/world/mark"
machine_fault gsp-toy crash
gives 1 "crashed: status" gsp-status --json toy
prints "... the machine is off" '"stage":"offline".*gsp up toy'
gives 0 "up boots it and starts the game" gsp-up toy
is "... running" "$(stage toy)" running
is "... on the world that was there" "$(on cat /srv/toy/world/mark)" played
machine_fault gsp-toy reboot
until_true 20 alive toy
until_true 20 gsp-ssh toy true
is "rebooted: status" "$(stage toy)" crashed
gives 0 "up starts the game again" gsp-up toy
is "... running" "$(stage toy)" running
is "... one machine was bought in all this" "$(control GET /log | jq '[.requests[] |
	select(.method == "POST" and (.path | test("/linode/instances$")) and .body.label == "gsp-toy")] | length')" 1
boot_id() { gsp-ssh toy cat /proc/sys/kernel/random/boot_id; }
another_boot() { now=$(boot_id) && [ "$now" != "$before" ]; }
before=$(boot_id)
machine_fault gsp-toy poweroff
until_true 30 another_boot
gives 0 "the watchdog booted it: down brings the save home" gsp-down toy
is "... as the game left it" "$(cat "$H/servers/toy/files/world/mark")" played

# ---- the link: cut during bootstrap, upload and stop ----

sed -i '1a sleep 3; echo slept' "$H/servers/cut/bootstrap"
sed -i '1a echo stopping; sleep 3' "$H/servers/cut/stop"
head -c 12000000 /dev/urandom >"$H/servers/cut/files/world/big"
gives 0 "provision" gsp-provision cut
bg boot gsp-run bootstrap cut
until_true 10 test -s "$H/state/cut/progress.jsonl"
until_true 10 grep -q '"step":"run-bootstrap"\|"step":"bootstrap"' "$H/state/cut/progress.jsonl"
machine_fault gsp-cut cut
sleep 4 # longer than the script
machine_fault gsp-cut mend
bg_gives 0 "link cut during bootstrap, and mended" boot
is "... it ran to its end" "$(gsp-ssh cut 'tail -n 1 /var/log/gsp/bootstrap.log')" slept
gives 0 "gsp-logs shows it" gsp-logs cut bootstrap

dev=$(ip route get "$(address cut)" | sed -n 's/.* dev \([^ ]*\).*/\1/p')
slow_link() { tc qdisc replace dev "$dev" root tbf rate 24mbit burst 64kb latency 100ms 2>/dev/null; }
fast_link() { tc qdisc del dev "$dev" root 2>/dev/null; }
uploading() { [ "$(gsp-ssh cut 'find /srv/toy -type f -size +100k | wc -l' 2>/dev/null)" -gt 0 ]; }
if slow_link; then
	bg sync gsp-sync up cut
	until_true 10 uploading
	machine_fault gsp-cut reset-ssh
	until_true 30 test -f "$T/sync.rc"
	case $(cat "$T/sync.rc") in
	74 | 75) pass "connections reset during the upload: an error that says try again" ;;
	*) fail "connections reset during the upload: status $(cat "$T/sync.rc")" ;;
	esac
	note "$(cat "$T/sync.err")"
	rm -f "$T/sync.rc"
	bg sync gsp-sync up cut
	until_true 10 uploading
	machine_fault gsp-cut cut
	sleep 3
	machine_fault gsp-cut mend
	bg_gives 0 "link cut during the upload, and mended" sync
	fast_link
	is "... the file is whole" "$(gsp-ssh cut 'sha256sum </srv/toy/world/big')" \
		"$(sha256sum <"$H/servers/cut/files/world/big")"
else
	note "no tc here: the upload is too fast to be disturbed"
	gives 0 "upload" gsp-sync up cut
fi

# ---- the machine's disk is full: before the game, and while it plays ----

machine_fault gsp-cut fill-disk '{"free_bytes":3000000}'
head -c 9000000 /dev/urandom >"$H/servers/cut/files/world/big2"
gsp-sync up cut >"$T/out" 2>"$T/err" </dev/null
status=$?
case $status in
74 | 75 | 69) pass "no room on the machine: status $status" ;;
*) fail "no room on the machine: status $status" ;;
esac
says "... and says so" '[Nn]o space|room|free'
machine_fault gsp-cut fill-disk '{"free_bytes":null}'
gives 0 "with room again: up" gsp-up cut
is "... all is there" "$(gsp-ssh cut 'cat /srv/toy/world/big2 | sha256sum')" \
	"$(sha256sum <"$H/servers/cut/files/world/big2")"
machine_fault gsp-cut fill-disk '{"free_bytes":0}'
gsp-down cut >"$T/out" 2>"$T/err" </dev/null
status=$?
if [ "$status" != 0 ]; then
	says "disk full while it played: down says so (status $status)" '[Nn]o space|room|full'
	is "... and deletes nothing" "$(control GET /state | jq '[.machines[] | select(.label == "gsp-cut")] | length')" 1
	machine_fault gsp-cut fill-disk '{"free_bytes":null}'
else
	pass "disk full while it played: down succeeds all the same"
	pass "..."
	machine_fault gsp-cut fill-disk '{"free_bytes":null}' 2>/dev/null
	gsp-up cut >"$T/out" 2>&1 </dev/null
fi
bg down gsp-down cut
until_true 10 grep -q '"step":"stop"' "$H/state/cut/progress.jsonl"
machine_fault gsp-cut cut
sleep 4
machine_fault gsp-cut mend
bg_gives 0 "link cut during the stop, and mended: down" down
is "... the save is whole" "$(cat "$H/servers/cut/files/world/big" "$H/servers/cut/files/world/big2" | wc -c)" 21000000

# ---- this computer's disk ----

bg_gives 0 "up of a game that writes more than there is room for at home" small
mount -o remount,size=6m "$H/servers/small"
gives 74 "no room for the save: down" gsp-down small
says "... says so" '[Nn]o space left'
is "... the machine stays" "$(control GET /state | jq '[.machines[] | select(.label == "gsp-small")] | length')" 1
is "... so does what was home before" "$(cat "$H/servers/small/files/readme" "$(gen 1 small)/readme" | sort -u)" hello
mount -o remount,size=60m "$H/servers/small"
gives 0 "with room again: down" gsp-down small
is "... the save is home" "$(wc -c <"$H/servers/small/files/world/big") $(count small)" "9000000 1"
umount "$H/servers/small"

# ---- a wrong host key ----

gives 0 "provision" gsp-provision key
real=$(jq -r .host_key "$H/state/key/session.json")
fake=$(address key)
mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$T/other"
printf '%s\n' "ListenAddress $fake" "HostKey $T/other" "PidFile none" "LogLevel DEBUG2" \
	"AuthorizedKeysFile $H/state/key/id_ed25519.pub" "StrictModes no" "UsePAM no" >"$T/sshd_config"
ip addr add "$fake/32" dev lo
/usr/sbin/sshd -D -f "$T/sshd_config" -E "$T/sshd.log" &
sshd=$!
until_true 10 grep -q 'Server listening' "$T/sshd.log"
began=$(date +%s)
gives 77 "another machine answers at the address: a command" gsp-ssh key true
says "... says so" 'WRONG HOST KEY'
gives 77 "provision" gsp-provision key
says "... says so" 'WRONG HOST KEY'
gives 77 "bootstrap" gsp-run bootstrap key
gives 77 "sync up" gsp-sync up key
is "... all at once" "$(($(date +%s) - began < 10))" 1
gives 75 "status cannot tell" gsp-status key
prints "... mentions it" 'WRONG HOST KEY'
is "... and nobody tried to log in" "$(grep -c 'userauth-request\|Accepted\|Failed publickey' "$T/sshd.log")" 0
is "... though it was spoken to" "$(($(grep -c 'Connection from' "$T/sshd.log") >= 4))" 1
kill "$sshd"
wait "$sshd" 2>/dev/null
ip addr del "$fake/32" dev lo
sshd='' fake=''
gives 0 "the right machine again: provision" gsp-provision key
is "... its key is what was pinned" "$(jq -r .host_key "$H/state/key/session.json")" "$real"

# the first boot reports an error
cloud_init() { # cloud_init STATUS: what it ends with from now on
	gsp-ssh key "printf '#!/bin/sh\\nexit $1\\n' >\"\$(command -v cloud-init)\""
}
cloud_init 1
gives 73 "cloud-init failed: provision" gsp-provision key
says "... says so" 'first boot .* failed \(cloud-init status 1\)'
cloud_init 2
gives 0 "cloud-init had recoverable errors: provision" gsp-provision key
says "... warns" 'recoverable'
gives 0 "teardown of a machine on which nothing was started" gsp-teardown key

# ---- the firewall, after the waits ----

bg_gives 65 "shut out of a machine with a game: teardown refuses" wall
says "... says so" 'cannot be reached'
is "and a script cannot be run" "$(cat "$T/shut.stop.rc")" 75
fw=$(control GET /state | jq '.firewalls[] | select(.label == "gsp-wall").id')
api PUT "/networking/firewalls/$fw/rules" "$(cat "$T/rules")" >/dev/null
gives 0 "let in again: down" gsp-down wall
is "... the save is home" "$(count wall)" 1
bg_gives 0 "a cut that was noticed: the script's end is heard of all the same" deaf 90
cp "$T/deaf.run" "$T/err"
says "... it was said" 'the link was cut.*connecting again'
is "... and the script ran once" "$(gsp-ssh deaf cat /tmp/slept)" slept
gives 0 "... teardown" gsp-teardown deaf
is "nothing is left" "$(control GET /state | jq -r '[.machines[], .firewalls[] | .label] | join(" ")')" ""
finish
