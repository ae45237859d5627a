#!/bin/sh
# 200 servers in one home, 2,000 machines on the account, 2,000 generations of one server: what a
# tool asks and opens grows with pages and with what it touches, and with nothing else.
# Requests are counted in the sandbox's log, opened files with inotify; seconds prove little.
. test/integ/lib.sh
in_sandbox "$@"
need curl jq python3

SERVERS=${SERVERS:-200} MACHINES=${MACHINES:-2000} GENERATIONS=${GENERATIONS:-2000}

new_home
keyless() { sed -i "s|^ssh_keys:.*|ssh_keys: []|" "$H/gsp.yaml"; }
keyless
HOME_ID=$(sed -n 's/^home: *\([a-z0-9]*\).*/\1/p' "$H/gsp.yaml")

# Opens of files named *SUFFIX in a directory, and directly below it, while a command runs.
cat >"$T/opens.py" <<'PY'
import ctypes, os, struct, subprocess, sys
suffix, top, argv = sys.argv[1], sys.argv[2], sys.argv[3:]
libc = ctypes.CDLL(None, use_errno=True)
fd = libc.inotify_init1(os.O_NONBLOCK)
dirs = [top] + [os.path.join(top, d) for d in os.listdir(top)
    if suffix == 'session.json' and os.path.isdir(os.path.join(top, d))]
for d in dirs:
    if libc.inotify_add_watch(fd, d.encode(), 0x20) < 0: # IN_OPEN
        sys.exit('cannot watch ' + d)
n, data = 0, b''
def drain():
    global n
    while True:
        try: data = os.read(fd, 1 << 20)
        except BlockingIOError: return
        at = 0
        while at < len(data):
            _, mask, _, size = struct.unpack_from('iIII', data, at)
            name = data[at + 16:at + 16 + size].rstrip(b'\0').decode()
            if mask & 0x4000: n += 1000000 # the queue ran over
            if name.endswith(suffix): n += 1
            at += 16 + size
p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=open(os.environ['OUT'], 'w'), stderr=open(os.environ['ERR'], 'w'))
while p.poll() is None:
    drain()
    try: p.wait(0.02)
    except subprocess.TimeoutExpired: pass
drain()
print(n)
sys.exit(p.returncode)
PY
opens() { OUT=$T/out ERR=$T/err python3 "$T/opens.py" "$@"; }

# ---- the account and the home ----
gives 0 "one real machine" gsp-provision toy
# The sandbox has addresses for 240 machines: a proxy before it has them all in its lists.
cat >"$T/proxy.py" <<'PY'
import http.client, http.server, json, os, sys, urllib.parse
home, servers, machines, h, port_file, log = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5], sys.argv[6]
url = urllib.parse.urlparse(os.environ['GSP_LINODE_URL'])
head = {'Authorization': 'Bearer ' + os.environ['LINODE_TOKEN'], 'Content-Type': 'application/json'}
def ask(method, path, body=None, headers=head):
    c = http.client.HTTPConnection(url.hostname, url.port)
    c.request(method, path, body, headers)
    r = c.getresponse()
    return r.status, r.read()
first = json.loads(ask('GET', '/v4/linode/instances')[1])['data'][0]
toy = json.load(open(h + '/state/toy/session.json'))
yaml = open(h + '/servers/toy/server.yaml').read()
types = ['g6-nanode-1', 'g6-standard-1', 'g6-standard-4']
lists = {'/v4/linode/instances': [first], '/v4/networking/firewalls': []}
for i in range(machines - 1):
    name, mine = 's%04d' % i, i < servers - 1
    m = dict(first, id=1000000 + i, label='gsp-' + name, status='offline', type=types[i % 3], tags=['gsp',
        'gsp-home:' + (home if mine else 'zzzzzzzz'), 'gsp-server:' + name, 'gsp-session:sess' + name,
        'gsp-hk:' + '0123456789' * 4])
    lists['/v4/linode/instances'].append(m)
    if not mine: continue
    os.makedirs(h + '/servers/' + name + '/files')
    open(h + '/servers/' + name + '/server.yaml', 'w').write(yaml)
    d = h + '/state/' + name
    os.makedirs(d, 0o700)
    toy.update(server=name, session='sess' + name, linode_id=m['id'], label='gsp-' + name)
    json.dump(toy, open(d + '/session.json', 'w'))
    os.chmod(d + '/session.json', 0o600)
for i in range(600):
    lists['/v4/networking/firewalls'].append({'id': 2000000 + i, 'label': 'gsp-f%04d' % i, 'status': 'enabled',
        'created': '2026-01-01T00:00:00', 'tags': ['gsp', 'gsp-home:zzzzzzzz'], 'entities': []})
one = {'/v4/linode/instances/%d' % m['id']: m for m in lists['/v4/linode/instances'][1:]}
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log_message(self, *a): pass
    def do_GET(self):
        u = urllib.parse.urlparse(self.path)
        open(log, 'a').write('GET ' + u.path + '\n')
        if u.path in lists:
            q, f = urllib.parse.parse_qs(u.query), json.loads(self.headers.get('X-Filter') or '{}')
            v = [x for x in lists[u.path] if f.get('label', x['label']) == x['label'] and f.get('tags', 'gsp') in x['tags']]
            page, size = int(q.get('page', ['1'])[0]), int(q.get('page_size', ['100'])[0])
            status, body = 200, json.dumps({'data': v[(page - 1) * size:page * size], 'page': page,
                'pages': max(1, (len(v) + size - 1) // size), 'results': len(v)}).encode()
        elif u.path in one:
            status, body = 200, json.dumps(one[u.path]).encode()
        else:
            status, body = ask('GET', self.path, None, dict(self.headers))
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
open(port_file + '.new', 'w').write(str(s.server_address[1]))
os.rename(port_file + '.new', port_file)
s.serve_forever()
PY
python3 "$T/proxy.py" "$HOME_ID" "$SERVERS" "$MACHINES" "$H" "$T/port" "$T/log" &
PROXY=$!
ok "the account is full" until_true 60 test -s "$T/port"
SANDBOX_URL=$GSP_LINODE_URL
GSP_LINODE_URL=http://127.0.0.1:$(cat "$T/port")/v4
export GSP_LINODE_URL
seen() { grep -c "$1" "$T/log"; }
LISTS=$(((MACHINES + 499) / 500 + 2 + 1)) # machines, firewalls, prices

# ---- status of it all ----
# machines that nobody wrote down: the first one brings the ledger up to date, one by one
gives 0 "the first status" gsp-status --json
: >"$T/log"
BEGAN=$(date +%s)
JOURNALS=$(opens session.json "$H/state" gsp-status --json)
note "status took $(($(date +%s) - BEGAN)) s, $JOURNALS journals were opened"
is "a row for each" "$(jq -r .kind "$T/out" | sort | uniq -c | tr -s ' \n' ' ')" \
	" 600 firewall $((MACHINES - SERVERS)) machine $SERVERS server "
is "each with its price" "$(jq -r 'select(.kind != "firewall" and .hourly_usd == null) | .server' "$T/out" | wc -l)" 0
is "machines: one request a page" "$(seen '/linode/instances$')" $(((MACHINES + 499) / 500))
is "firewalls: one request a page" "$(seen '/networking/firewalls$')" 2
is "prices: one request" "$(seen '/linode/types$')" 1
is "and nothing else" "$(seen .)" $LISTS
ok "each journal is opened a few times, however many machines there are" test "$JOURNALS" -le $((SERVERS * 6))
: >"$T/log"
gives 0 "the table" gsp-status
is "is as long" "$(wc -l <"$T/out")" $((MACHINES + 600 + 1))
gives 1 "one of them" gsp-status s0001
ok "costs no request for each other" test "$(seen .)" -le $((2 * LISTS))
: >"$T/log"
gives 0 "nothing to rebuild" gsp-status --rebuild
ok "one more reading of the lists" test "$(seen .)" -le $((2 * LISTS))
kill $PROXY
export GSP_LINODE_URL="$SANDBOX_URL"

# ---- thousands of generations ----
gives 0 "a game with a past" gsp-up toy
HIST=$H/servers/toy/history
FIRST=$(head -n 1 "$HIST/000001.gsp")
cat >"$T/past.py" <<'PY'
import json, os, sys
hist, n, first = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
key = [k for k in first if first[k] == 1 and k != 'files' or k in ('number', 'generation')][0]
text = open(hist + '/000001.gsp').read().split('\n', 1)[1]
for i in range(2, n + 1):
    # all but the last cannot be read as a description: whoever looks at them fails
    g = dict(first, **{key: i, 'parent': i - 1, 'kind': 'down', 'session': 'old%d' % i})
    open('%s/%06d.gsp' % (hist, i), 'w').write(json.dumps(g, separators=(',', ':')) + '\n' + text if i == n else 'damaged\n')
    os.mkdir('%s/%06d' % (hist, i))
os.rmdir('%s/%06d' % (hist, n))
os.system('cp -al %s/000001 %s/%06d' % (hist, hist, n))
PY
ok "a past" python3 "$T/past.py" "$HIST" "$GENERATIONS" "$FIRST"
past() { # past MOST TEXT COMMAND...: it opens at most so many descriptions
	past_most=$1 past_text=$2
	shift 2
	past_n=$(opens .gsp "$HIST" "$@")
	is "$past_text: it works" $? 0
	if [ "$past_n" -le "$past_most" ]; then
		pass "$past_text: opens $past_n descriptions"
	else
		fail "$past_text: opens $past_n descriptions, more than $past_most"
		note "$(tail -n 5 "$T/err")"
	fi
}
past 0 "status" gsp-status toy
past 12 "sync diff" gsp-sync diff toy
past 20 "down" gsp-down toy
is "the save is home" "$(newest) $(gsp_field $((GENERATIONS + 1)) .kind)" "$((GENERATIONS + 1)) down"
past 12 "up --check" gsp-up --check toy
past 30 "up" gsp-up toy
past 0 "teardown --discard-unsaved" gsp-teardown --discard-unsaved --yes toy
finish
