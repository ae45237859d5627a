#!/bin/sh
# Promise four: no stranger gets in, and secrets are only where they are needed.
. test/integ/lib.sh
TOKEN=tok3nTok3nTok3nTok3n
SANDBOX_ARGS="--token $TOKEN"
in_sandbox "$@"
need curl jq python3 nft
new_home
server wild

# Everything that runs while we work is looked at, 20 times a second: arguments and environments.
python3 - "$TOKEN" "$T/watch" <<'PY' &
import os, sys, time
token, out = sys.argv[1].encode(), sys.argv[2]
seen = set()
while not os.path.exists(out + '.stop'):
    for pid in os.listdir('/proc'):
        if not pid.isdigit() or int(pid) == os.getpid():
            continue
        try:
            argv = open('/proc/%s/cmdline' % pid, 'rb').read()
            env = open('/proc/%s/environ' % pid, 'rb').read()
            ppid = open('/proc/%s/stat' % pid).read().rsplit(')', 1)[1].split()[1]
            parent = open('/proc/%s/comm' % ppid).read()
        except OSError:
            continue
        name = os.path.basename(argv.split(b'\0')[0])
        # the sandbox and the test's own tools were told the token
        if token in argv and b'gsp-sandbox' not in argv and name not in (b'curl', b'python3', b'grep', b'sh'):
            seen.add(b'argv of ' + argv.replace(b'\0', b' ')[:200])
        # what gsp starts: only these two and gsp-status speak to the API
        if token in env and (parent.startswith('gsp-') or parent.startswith('rsync')) and \
                'sandbox' not in parent and name not in (b'gsp-provision', b'gsp-teardown') and \
                name[:15] != parent.strip().encode(): # a fork that has not become another program yet
            seen.add(b'environment of ' + name + b', child of ' + parent.strip().encode())
    time.sleep(0.05)
open(out, 'wb').write(b'\n'.join(sorted(seen)))
PY
watcher=$!

# ---- an evening, as loud as it gets ----

# The token comes from a file here and not from the environment that every test has.
(umask 077 && echo "$TOKEN" >"$H/token")
sed -i 's/^\( *\)token_file:.*/\1token_file: token/' "$H/gsp.yaml"
grep -q 'token_file: token' "$H/gsp.yaml" || sed -i '/^linode:/d; $a linode: {token_file: token}' "$H/gsp.yaml"
ok "up with the token from its file" env -u LINODE_TOKEN gsp-up -vv toy
cp "$T/err" "$T/loud"
ok "up with the token from the environment" gsp-up -vv wild
cat "$T/err" >>"$T/loud"
ok "status" gsp-status -vv
cat "$T/out" "$T/err" >>"$T/loud"
is "the token is in no output" "$(grep -c "$TOKEN" "$T/loud")" 0
is "nor any private key" "$(grep -c 'PRIVATE KEY' "$T/loud")" 0
ok "... though there was much to read" test "$(wc -l <"$T/loud")" -gt 30
is "the token is in no file of the home but its own" \
	"$(grep -rl "$TOKEN" "$H" | sed "s,^$H/,,")" token

# ---- files at home ----

is "state/ is ours alone" "$(find "$H/state" -type d ! -perm 700)" ""
is "so is every file in it" "$(find "$H/state" -type f -perm /077)" ""
is "the host key's private half is nowhere" \
	"$(grep -rl 'PRIVATE KEY' "$H" | sed "s,^$H/,," | sort | tr '\n' ' ')" \
	"state/toy/id_ed25519 state/wild/id_ed25519 "

# ---- on the machine ----

login=$(sed -n 3p "$H/state/toy/id_ed25519")
gsp-ssh toy "grep -rlsF -e '$login' / --include='*' --exclude-dir=proc --exclude-dir=sys \
	--exclude-dir=usr --exclude-dir=work 2>/dev/null | head" >"$T/found" 2>/dev/null </dev/null
is "the login key is not there" "$(cat "$T/found")" ""
quiet=$(printf %s "$TOKEN" | sed 's/^./[&]/') # the same to grep, and not in the arguments
gsp-ssh toy "grep -rls '$quiet' /etc /var/lib /srv /root /run /tmp /var/log 2>/dev/null | head" \
	>"$T/found" 2>/dev/null </dev/null
is "nor is the token" "$(cat "$T/found")" ""
is "nor in any process" "$(gsp-ssh toy "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -c '$quiet'" \
	2>/dev/null </dev/null)" 0
is "the host key there is the pinned one" \
	"$(gsp-ssh toy cat /etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f1,2)" \
	"$(jq -r .host_key "$H/state/toy/session.json" | cut -d' ' -f1,2)"
gives 0 "the game's user cannot reach the metadata service" \
	gsp-ssh toy "nft list table inet gsp_metadata | grep -q 'skuid != 0.*169.254.169.254.*drop'"
ok "and neither read gsp's memory nor change it" gsp-ssh toy \
	"! runuser -u game -- sh -c 'echo x >>/var/lib/gsp/session.json || rm -f /var/lib/gsp/session.json'"
machine_fault gsp-toy reboot
until_true 20 sh -c 'gsp-ssh toy true' # the new one
until_true 20 gsp-ssh toy "nft list table inet gsp_metadata"
gives 0 "the rule is there after a reboot" \
	gsp-ssh toy "nft list table inet gsp_metadata | grep -q 'skuid != 0.*169.254.169.254.*drop'"
is "it was one: the marker names another boot" \
	"$(gsp-ssh toy 'grep -c "$(cat /proc/sys/kernel/random/boot_id)" /var/lib/gsp/session.json')" 0
gives 0 "up after it" gsp-up toy

# ---- what the cloud was told ----

control GET /log | jq -c '.requests' >"$T/log"
at() { jq --arg m "$1" --arg p "$2" --arg l "$3" '[.[] | .method == $m and (.path | test($p)) and
	.body.label? == $l and .status == 200] | index(true)' "$T/log"; }
is "the firewall was there before the machine" \
	"$(($(at POST '/networking/firewalls$' gsp-toy) < $(at POST '/linode/instances$' gsp-toy)))" 1
fw=$(control GET /state | jq '.firewalls[] | select(.label == "gsp-toy").id')
created=$(jq -c '[.[] | select(.method == "POST" and .body.label? == "gsp-toy" and .body.type)][0].body' "$T/log")
is "and the create call named it" "$(printf %s "$created" |
	jq '[.firewall_id?, (.interfaces?[]?.firewall_id)] | map(select(. != null)) | unique[0]')" "$fw"
is "a root password was sent" "$(printf %s "$created" | jq 'has("root_pass")')" true
is "and is kept nowhere" "$(grep -rl root_pass "$H/state")" ""
session=$(jq -r .session "$H/state/toy/session.json")
home=$(sed -n 's/^home: *\([a-z0-9]*\).*/\1/p' "$H/gsp.yaml")
hk=$(jq -r .host_key "$H/state/toy/session.json" | cut -d' ' -f2 | base64 -d | sha256sum | cut -c1-40)
tags=$(control GET /state | jq -r '.machines[] | select(.label == "gsp-toy").tags | sort | map(select(startswith("gsp-lease:") | not)) | join(" ")')
is "the machine carries its tags" "$tags" "gsp gsp-hk:$hk gsp-home:$home gsp-server:toy gsp-session:$session"
is "the firewall carries its own" "$(control GET /state | jq -r '.firewalls[] |
	select(.label == "gsp-toy").tags | sort | join(" ")')" "gsp gsp-home:$home gsp-server:toy"

# ---- what is open ----

address=$(jq -r .ipv4 "$H/state/toy/session.json")
gsp-ssh toy 'nohup python3 -m http.server 9999 >/dev/null 2>&1 & sleep 0.5' </dev/null
reaches() { # reaches PORT
	python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1.5)' \
		"$address" "$1" 2>/dev/null
}
ok "something listens on 9999 there" gsp-ssh toy 'python3 -c "import socket; socket.create_connection((\"127.0.0.1\", 9999), 2)"'
ok "the game's port is open" reaches 7777
ok "so is ssh" reaches 22
gives 1 "no other" reaches 9999
ok "no password opens it" gsp-ssh toy 'sshd -T 2>/dev/null | grep -qx "passwordauthentication no"'

# ---- what is not believed ----

record=$(gsp-provision toy 2>/dev/null)
printf '%s\n' "$record" | jq -c '.ipv4 = "127.0.0.1" | .ssh.port = 1 | .ssh.host_key = "ssh-ed25519 AAAA" |
	.address = "127.0.0.1:1" | .linode_id = 1' >"$T/forged"
gsp-run start - <"$T/forged" >"$T/out" 2>"$T/err"
is "a record names, it does not prove: ssh went where it should" \
	"$? $(jq -r .ipv4 "$T/out")" "0 $address"
printf '%s\n' "$record" | jq -c '.session = "zzzzzzzz"' >"$T/forged"
gsp-run stop - <"$T/forged" >"$T/out" 2>"$T/err"
is "another session's record is refused" $? 65
printf '%s\n' "$record" | jq -c '.server = "../toy"' >"$T/forged"
gsp-run stop - <"$T/forged" >"$T/out" 2>"$T/err"
is "a path is no server" $? 65
printf '%s\n' "$record" | jq -c '.server = "-oProxyCommand=id"' >"$T/forged"
gsp-run stop - <"$T/forged" >"$T/out" 2>"$T/err"
is "an option is no server" $? 65
for name in -oProxyCommand=id ../toy 'to y' 'toy;id' Toy t -; do
	gsp-provision -- "$name" >"$T/out" 2>"$T/err" </dev/null
	status=$?
	case $status in 64 | 69) pass "'$name' is no server" ;; *) fail "'$name' is no server: $status" ;; esac
done
echo hi >"$H/servers/toy/files/-rf"
mkdir -p "$H/servers/toy/files/--delete"
echo hi >"$H/servers/toy/files/--delete/-x y"
GSP_LINODE_URL=http://example.invalid/v4 gsp-status >"$T/out" 2>"$T/err" </dev/null
is "plain http to elsewhere is refused" $? 78
says "... said why" 'plain http sends the token in the open'
GSP_LINODE_URL='http://127.0.0.1@example.invalid/v4' gsp-status >"$T/out" 2>"$T/err" </dev/null
is "however it is written" $? 78
GSP_LINODE_URL='http://localhost.example.invalid/v4' gsp-status >"$T/out" 2>"$T/err" </dev/null
is "..." $? 78
gives 0 "restart with names that look like options" gsp-restart toy
is "... they came there" "$(gsp-ssh toy 'cat "/srv/toy/--delete/-x y" /srv/toy/-rf')" "hi
hi"

ok "down" gsp-down -vv toy
cp "$T/err" "$T/loud"
is "... the token is in no output" "$(grep -c "$TOKEN" "$T/loud")" 0
ok "down" gsp-down wild
is "... names that look like options came home" "$(ls "$H/servers/toy/files/--delete")" "-x y"
is "the login keys are gone with their machines" "$(find "$H/state" -name 'id_ed25519*')" ""
is "nor is a private key or the token left anywhere" \
	"$(grep -rl -e 'PRIVATE KEY' -e "$TOKEN" "$H" | sed "s,^$H/,,")" token
touch "$T/watch.stop"
wait "$watcher"
is "the token was in no arguments, and in no environment that had no use for it" "$(cat "$T/watch")" ""

# ---- another user's home ----

if id nobody >/dev/null 2>&1 && command -v setpriv >/dev/null; then
	chmod 755 "$T" "$H"
	gives 77 "a home of somebody else is refused" \
		setpriv --reuid nobody --clear-groups "$BUILD/gsp-status" -C "$H"
	says "... said why" 'owner|belongs|user'
	chown -R nobody "$H"
	gives 77 "to root, too" gsp-status
	chown -R root "$H"
fi
finish
