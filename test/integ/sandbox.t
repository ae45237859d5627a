#!/bin/sh
# gsp-sandbox itself: what it passes on, what it leaves behind (nothing), what its machines can
# see and do. Runs outside of any sandbox, because it makes its own.
. test/integ/lib.sh
need_root
need curl jq nft ip python3 ssh-keygen

trap 'kill ${a:-} ${b:-} ${c:-} 2>/dev/null; cleanup' EXIT
quick='--create-time 100ms --boot-time 100ms --shutdown-time 100ms'
box() { # box ARG...: a sandbox
	# shellcheck disable=SC2086
	gsp-sandbox $quick "$@"
}
# Other sandboxes may come and go meanwhile and take a number that is free again: what is ours
# is known by the inode of its file.
ours() { # ours NUMBER: remember it
	stat -c %i "/run/gsp-sandbox/$1.world" >"$T/inode.$1"
}
left() { # left NUMBER: what is there of it still
	if [ "$(stat -c %i "/run/gsp-sandbox/$1.world" 2>/dev/null)" = "$(cat "$T/inode.$1")" ]; then
		echo "/run/gsp-sandbox/$1.world"
	elif [ ! -e "/run/gsp-sandbox/$1.world" ]; then
		ip -o link | sed -n "s/^[0-9]*: \(gspsb$1\)[:@].*/\1/p"
		nft list tables 2>/dev/null | grep "gsp_sandbox_$1\$"
		ls -d "/run/gsp-sandbox/$1.d" 2>/dev/null
		sed -n "s,^[^ ]* \(/run/gsp-sandbox/$1\.[^ ]*\) .*,\1,p" /proc/mounts
	fi
}
number() { # number ADDRESS: of its sandbox
	ip route get "$1" | sed -n 's/.* dev gspsb\([0-9]*\).*/\1/p'
}
alone() { ! ls /run/gsp-sandbox/* >/dev/null 2>&1; }
forwarding=$(cat /proc/sys/net/ipv4/ip_forward)

# ---- run: statuses and signals ----

gives 0 "run -- true" box run -- true
gives 7 "the command's status" box run -- sh -c 'exit 7'
box run -- sh -c 'kill -TERM $$' >"$T/out" 2>"$T/err"
is "the command's signal" $? 143
gives 0 "the command has the two variables" box run -- sh -c 'case $GSP_LINODE_URL in
	http://127.0.0.1:*/v4) [ -n "$LINODE_TOKEN" ] ;; *) exit 1 ;; esac'
gives 64 "run without a command" box run
gives 64 "an unknown word" box walk
box run -- /no/such/program >"$T/out" 2>"$T/err"
is "a command that is not there is an error" "$(($? != 0))" 1
says "... and named" '/no/such/program'
# shellcheck disable=SC2086
gsp-sandbox $quick run -- sh -c 'trap "echo got >'"$T"'/signal; exit 5" TERM; echo up >'"$T"'/up
	while :; do sleep 0.1; done' >"$T/out" 2>"$T/err" &
pid=$!
until_true 10 test -f "$T/up"
kill -TERM "$pid"
wait "$pid"
is "a signal to us reaches the command, whose status is ours" "$? $(cat "$T/signal")" "5 got"
printf 'through' | box run -- cat >"$T/out"
is "stdin and stdout are the command's" "$(cat "$T/out")" through

# ---- a machine ----

cat >"$T/lib" <<'LIB'
a() { curl -sS -X "$1" -H "Authorization: Bearer $LINODE_TOKEN" -H 'Content-Type: application/json' \
	${3:+-d "$3"} "$GSP_LINODE_URL$2"; }
make() { # make LABEL FIREWALL: its address
	a POST /linode/instances "{\"label\":\"$1\",\"region\":\"us-ord\",\"type\":\"g6-nanode-1\",
	\"image\":\"linode/debian12\",\"root_pass\":\"aA1!aA1!aA1!xyzXYZ\",\"authorized_keys\":[\"$(cat "$T/key.pub")\"],
	\"firewall_id\":$2}" | jq -r '.ipv4[0]'
}
wall() { # wall LABEL: only ssh and 7000 get in; its id
	a POST /networking/firewalls "{\"label\":\"$1\",\"rules\":{\"inbound_policy\":\"DROP\",
	\"outbound_policy\":\"ACCEPT\",\"inbound\":[{\"action\":\"ACCEPT\",\"protocol\":\"TCP\",\"ports\":\"22,7000\",
	\"addresses\":{\"ipv4\":[\"0.0.0.0/0\"]}}]}}" | jq .id
}
on_it() { # on_it ADDRESS COMMAND
	ssh -i "$T/key" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o LogLevel=ERROR -o ConnectTimeout=3 root@"$@" </dev/null
}
LIB
ssh-keygen -q -t ed25519 -N '' -f "$T/key"
export T
echo secret >"$T/not-for-machines"
cat >"$T/try" <<'TRY'
. "$T/lib"
ip=$(make one "$(wall one)")
n=0
until on_it "$ip" true 2>/dev/null; do n=$((n + 1)); [ $n -lt 100 ] || exit 9; sleep 0.1; done
echo "$ip" >"$T/ip"
echo "root: $(on_it "$ip" 'ls -A /root | grep -vx .ssh | grep -v "^\.\(cache\|bash\|profile\)" | wc -l')"
echo "home: $(on_it "$ip" 'ls -A /home | wc -l')"
echo "tmp: $(on_it "$ip" "ls $T 2>/dev/null | wc -l")"
if [ -e .git ]; then
	echo "project: $(on_it "$ip" "ls $(pwd)/Makefile 2>/dev/null | wc -l")"
else
	echo "project: 0" # a source tree that does not look like one
fi
echo "shadow: $(on_it "$ip" 'grep -c "^root:[^*!]" /etc/shadow')"
echo "hostname: $(on_it "$ip" hostname)"
on_it "$ip" 'echo x >/etc/gsp-sandbox-was-here; date -s 2001-01-01' >/dev/null 2>&1
on_it "$ip" 'echo 9 >/proc/sys/vm/swappiness' 2>/dev/null && echo "sysctl: written"
on_it "$ip" 'nohup sleep 98765 >/dev/null 2>&1 & nohup python3 -m http.server 7000 >/dev/null 2>&1 &
	nohup python3 -m http.server 7001 >/dev/null 2>&1 & sleep 1'
curl -sS -m 3 -o /dev/null "http://$ip:7000/" && echo "7000: open"
curl -sS -m 2 -o /dev/null "http://$ip:7001/" 2>/dev/null || echo "7001: closed"
pgrep -f 'sleep 98765' >/dev/null && echo "alive"
a DELETE "/linode/instances/$(a GET /linode/instances | jq '.data[0].id')" >/dev/null
n=0
while pgrep -f 'sleep 98765' >/dev/null; do n=$((n + 1)); [ $n -lt 50 ] || break; sleep 0.1; done
pgrep -f 'sleep 98765' >/dev/null || echo "dead"
on_it "$ip" true 2>/dev/null || echo "gone"
ip=$(make two "$(wall two)")
n=0
until on_it "$ip" true 2>/dev/null; do n=$((n + 1)); [ $n -lt 100 ] || exit 9; sleep 0.1; done
on_it "$ip" 'nohup sleep 98764 >/dev/null 2>&1 &'
ip route get "$ip" | sed -n 's/.* dev gspsb\([0-9]*\).*/\1/p' >"$T/number"
stat -c %i "/run/gsp-sandbox/$(cat "$T/number").world" >"$T/inode.$(cat "$T/number")"
TRY
gives 0 "a machine is made, used and deleted" box run -- sh "$T/try"
prints "/root is empty" '^root: 0$'
prints "/home is hidden" '^home: 0$'
prints "/tmp is its own" '^tmp: 0$'
prints "so is the project" '^project: 0$'
prints "there is no password to guess" '^shadow: 0$'
prints "its name is its label" '^hostname: one$'
is "nothing it writes reaches this computer" "$(ls /etc/gsp-sandbox-was-here 2>/dev/null)$(grep '^sysctl' "$T/out")" ""
is "... nor does it change the clock" "$(($(date +%Y) > 2020))" 1
prints "an allowed port is open" '^7000: open$'
prints "the firewall closes the others" '^7001: closed$'
prints "its processes live" '^alive$'
prints "DELETE ends them" '^dead$'
prints "... and the address" '^gone$'
is "afterwards no process of another machine is left" "$(pgrep -f 'sleep 98764')" ""
is "... no link, table, mount or directory" "$(left "$(cat "$T/number")")" ""
if alone; then
	is "... and forwarding is as it was" "$(cat /proc/sys/net/ipv4/ip_forward)" "$forwarding"
fi

# ---- serve; two at once; killed ----

serve() { # serve NAME: in the background; its pid in $pid
	# shellcheck disable=SC2086
	gsp-sandbox $quick serve >"$T/$1.env" 2>"$T/$1.err" </dev/null &
	pid=$!
	until_true 10 grep -q LINODE_TOKEN "$T/$1.env"
}
serve a
a=$pid
serve b
b=$pid
is "serve prints two exports" "$(sed 's/=.*//' "$T/a.env" | tr '\n' ' ')" "export GSP_LINODE_URL export LINODE_TOKEN "
ask() { # ask NAME COMMAND: with its variables
	(. "$T/$1.env" && . "$T/lib" && eval "$2")
}
ip_a=$(ask a 'make same "$(wall same)"')
ip_b=$(ask b 'make same "$(wall same)"')
is "two at once: different addresses" "$(test "$ip_a" != "$ip_b" && echo yes)" yes
ok "the first one's machine answers" until_true 15 ask a "on_it $ip_a true"
ok "the second one's, too" until_true 15 ask b "on_it $ip_b true"
is "each knows its own alone" "$(ask a 'a GET /linode/instances | jq .results') $(ask b 'a GET /linode/instances | jq .results')" "1 1"
is "one's token is not the other's" "$(. "$T/a.env" && token=$LINODE_TOKEN && . "$T/b.env" && LINODE_TOKEN=$token &&
	. "$T/lib" && a GET /linode/instances | jq -r '.errors[0].reason')" "Invalid Token"
ask a "on_it $ip_a 'nohup sleep 98763 >/dev/null 2>&1 &'"
n_a=$(number "$ip_a") n_b=$(number "$ip_b")
ours "$n_a"
ours "$n_b"
kill -9 "$a"
wait "$a" 2>/dev/null
ok "killed with -9: clean" gsp-sandbox clean
is "... its processes are gone" "$(pgrep -f 'sleep 98763')" ""
is "... so is all else" "$(left "$n_a")" ""
ok "the other one lives on" ask b "on_it $ip_b true"
kill -TERM "$b"
wait "$b"
is "serve ends with its signal" $? 143
a='' b=''
is "... and takes all along" "$(left "$n_b")" ""
serve c
c=$pid
kill -9 "$c"
wait "$c" 2>/dev/null
c=''
gives 0 "killed with -9: the next one cleans up, too" box run -- true
gives 0 "clean, when all is clean" gsp-sandbox clean
prints "... says so" '^clean'
if alone; then
	is "nothing is left of any" "$(ip -o link | grep -o 'gspsb[0-9]*')$(nft list tables | grep gsp_sandbox)" ""
	is "forwarding is as it was" "$(cat /proc/sys/net/ipv4/ip_forward)" "$forwarding"
fi

# ---- packages, where there are any ----

if timeout 20 apt-get -qq download --print-uris hello >/dev/null 2>&1 && ! command -v hello >/dev/null; then
	cat >"$T/try" <<'TRY'
. "$T/lib"
ip=$(make apt "$(wall apt)")
n=0
until on_it "$ip" true 2>/dev/null; do n=$((n + 1)); [ $n -lt 100 ] || exit 9; sleep 0.1; done
on_it "$ip" 'apt-get -qq update >/dev/null; DEBIAN_FRONTEND=noninteractive apt-get -qq install hello >/dev/null 2>&1; hello'
TRY
	gives 0 "a package is installed inside" timeout 60 gsp-sandbox --create-time 0 --boot-time 0 run -- sh "$T/try"
	prints "... and runs" 'Hello, world'
	is "... not here" "$(command -v hello)" ""
fi

# ---- without root ----

if id nobody >/dev/null 2>&1 && command -v setpriv >/dev/null; then
	gives 77 "without root" setpriv --reuid nobody --clear-groups "$BUILD/gsp-sandbox" run -- true
	says "... says so" 'root'
fi
finish
