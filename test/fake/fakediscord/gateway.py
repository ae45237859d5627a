"""The gateway: sessions, events, heartbeats, resuming; and what tests make it do wrong.

Source: Discord API v10, "Gateway", "Gateway Events", "Opcodes and Status Codes".
"""
import asyncio
import json
import struct
import time
import urllib.parse

from . import shapes, wsock
from .world import now_ms

PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15
INTENTS_ALL = (1 << 26) - 1
KNOWN_OPS = (1, 2, 3, 4, 6, 8, 31, 43)
REASONS = {4000: 'Unknown error.', 4001: 'Unknown opcode.', 4002: 'Error while decoding payload.',
           4003: 'Not authenticated.', 4004: 'Authentication failed.', 4005: 'Already authenticated.',
           4007: 'Invalid seq.', 4008: 'You are being rate limited.', 4009: 'Session timed out.',
           4010: 'Invalid shard.', 4011: 'Sharding required.', 4012: 'Invalid API version.',
           4013: 'Invalid intent(s).', 4014: 'Disallowed intent(s).'}


class Session:
    def __init__(self, w, intents):
        self.id, self.intents = w.secret(32).lower(), intents
        self.seq, self.events = 0, []     # (seq, event)
        self.conn, self.gone_since = None, None
        self.resumes = 0


class Hangup(Exception):
    """Close with this code; None: drop without a word."""

    def __init__(self, code, text=''):
        super().__init__(text)
        self.code = code


class Conn:
    """One connection."""

    def __init__(self, hub, number, writer, url):
        self.hub, self.w, self.number, self.writer = hub, hub.w, number, writer
        self.url = url                    # path as asked, without the query
        self.session = None
        self.deflate = None
        self.began = time.monotonic()
        self.sends, self.beats = [], []   # times of the client's messages and heartbeats
        self.stalled, self.deaf = False, False
        self.fragment = 0
        self.closed_by, self.code = None, None
        self.asked_beat = None
        self.open = True
        self.seen_ops = []

    # ---- out ----

    def put(self, data):
        if self.stalled or not self.open:
            return
        try:
            self.writer.write(data)
        except (ConnectionError, OSError, RuntimeError):
            self.open = False

    def text(self, payload):
        data = payload.encode()
        if self.deflate:
            self.put(wsock.frame(wsock.BINARY, self.deflate(data)))
        elif self.fragment:
            n = self.fragment
            for at in range(0, len(data), n):
                self.put(wsock.frame(wsock.TEXT if at == 0 else 0, data[at:at + n], at + n >= len(data)))
                if at == 0:  # control frames may come between the pieces
                    self.put(wsock.frame(wsock.PING, b'between'))
        else:
            self.put(wsock.frame(wsock.TEXT, data))

    def send(self, op, d=None, s=None, t=None):
        self.text(json.dumps({'op': op, 'd': d, 's': s, 't': t}))

    def dispatch(self, t, d):
        s = self.session
        s.seq += 1
        s.events = (s.events + [(s.seq, t, d)])[-self.w.knobs['replay_max']:]
        if s.conn:
            s.conn.send(0, d, s.seq, t)

    def close(self, code, reason=None):
        """The server's side closes; run() waits a little for the client's close frame, since to close
        with something unread would reset the connection and take our own frame away."""
        if code is not None:
            text = REASONS.get(code, '') if reason is None else reason
            self.put(wsock.frame(wsock.CLOSE, struct.pack('!H', code) + text.encode()))
        self.closed_by, self.code = 'server', code
        self.end(code)

    def end(self, code):
        if not self.open:
            return
        self.open = False
        try:
            if code is None:
                self.writer.transport.abort()
            elif self.closed_by == 'server':
                asyncio.get_running_loop().call_later(1.0, self.writer.close)
            else:
                self.writer.close()
        except (ConnectionError, OSError, RuntimeError):
            pass
        self.hub.lost(self)

    # ---- in ----

    async def run(self, reader):
        frames = wsock.Reader(reader)
        beat = asyncio.ensure_future(self.watch_beats())
        try:
            if self.hub.on_connect(self, 'hello'):
                self.send(10, {'heartbeat_interval': self.w.knobs['heartbeat_ms'], '_trace': ['["fake"]']})
            while True:
                op, data = await frames.next()
                if not self.open:
                    if op == wsock.CLOSE:  # both have said it: the server ends TCP
                        return
                elif op == wsock.PING:
                    self.put(wsock.frame(wsock.PONG, data))
                elif op == wsock.CLOSE:
                    self.closed_by, (self.code, _) = 'client', wsock.close_code(data)
                    self.put(wsock.frame(wsock.CLOSE, data[:2]))
                    break
                elif op in (wsock.TEXT, wsock.BINARY) and not self.deaf:
                    self.message(data)
        except wsock.Broken as e:
            self.w.violation('frame', str(e), conn=self.number)
            self.close(e.code, str(e)[:100])
            await self.last_words(reader)
        except Hangup as e:
            if e.code is not None and e.args[0]:
                self.w.violation('gateway-%d' % e.code, e.args[0], conn=self.number)
            self.close(e.code)
            await self.last_words(reader)
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            pass
        finally:
            beat.cancel()
            if self.closed_by is None:
                self.closed_by, self.code = 'drop', None
            self.end(self.code if self.code is not None else 1006)

    @staticmethod
    async def last_words(reader):
        """Read what is under way, up to the client's close frame, or for a second."""
        frames = wsock.Reader(reader)
        try:
            while (await asyncio.wait_for(frames.next(), 1.0))[0] != wsock.CLOSE:
                pass
        except (wsock.Broken, asyncio.IncompleteReadError, asyncio.TimeoutError, ConnectionError, OSError):
            pass

    def message(self, data):
        now = time.monotonic()
        self.sends = [t for t in self.sends if now - t < 60] + [now]
        if len(self.sends) > self.w.knobs['sends_per_minute']:
            raise Hangup(4008, 'more than %d messages in a minute' % self.w.knobs['sends_per_minute'])
        if len(data) > 4096:
            raise Hangup(4002, 'a payload of %d bytes' % len(data))
        try:
            p = json.loads(data)
            op = p['op']
        except (ValueError, KeyError, TypeError):
            raise Hangup(4002, 'not a JSON object with op') from None
        if isinstance(op, bool) or not isinstance(op, int) or op not in KNOWN_OPS:
            raise Hangup(4001, 'opcode %s' % (op,))
        self.seen_ops.append(op)
        self.hub.log.append({'t': now_ms(), 'conn': self.number, 'op': op})
        d = p.get('d')
        if op == 1:
            self.heartbeat(d)
        elif op == 2:
            self.identify(d)
        elif op == 6:
            self.resume(d)
        elif not self.session:
            raise Hangup(4003, 'opcode %d before identify' % op)
        self.w.touch()

    def heartbeat(self, d):
        if d is not None and (isinstance(d, bool) or not isinstance(d, int)):
            self.w.violation('heartbeat', 'd is neither null nor a number: %r' % (d,))
        elif d is not None and self.session and d > self.session.seq:
            self.w.violation('heartbeat', 'd %d was never sent' % d)
        self.beats.append(time.monotonic())
        if self.hub.acking:
            self.send(11)

    async def watch_beats(self):
        """Heartbeats that are late, and the connection that is ended for it."""
        while True:
            interval = self.w.knobs['heartbeat_ms'] / 1000
            await asyncio.sleep(interval / 4)
            last = self.beats[-1] if self.beats else self.began
            if time.monotonic() - last > interval * self.w.knobs['heartbeat_grace'] + 0.5 and not self.deaf:
                self.w.violation('heartbeat-late', 'none for %.1f s, the interval is %.1f s' % (
                    time.monotonic() - last, interval), conn=self.number)
                self.close(4000)
                return

    def identify(self, d):
        hub, w = self.hub, self.w
        if not hub.on_connect(self, 'identify'):
            return
        if self.session:
            raise Hangup(4005, 'a second identify')
        if not isinstance(d, dict) or not isinstance(d.get('properties'), dict):
            raise Hangup(4002, 'identify without d or properties')
        for key in ('os', 'browser', 'device'):
            if not isinstance(d['properties'].get(key), str):
                w.violation('identify', 'properties.%s is missing' % key)
        hub.check_url(self, w.knobs['gateway_path'], 'identify')
        if not isinstance(d.get('token'), str) or d['token'] != w.token or w.token_dead:
            raise Hangup(4004, 'identify with a wrong token')
        intents = d.get('intents')
        if isinstance(intents, bool) or not isinstance(intents, int) or intents & ~INTENTS_ALL or intents < 0:
            raise Hangup(4013, 'intents: %r' % (intents,))
        if intents & PRIVILEGED and not w.knobs['privileged_intents']:
            raise Hangup(4014, 'privileged intents: %d' % intents)
        shard = d.get('shard')
        if shard is not None and shard != [0, 1]:
            raise Hangup(4010, 'shard %r' % (shard,))
        if not hub.charge_identify():
            self.send(9, False)
            return
        self.session = s = Session(w, intents)
        hub.sessions[s.id] = s
        hub.attach(s, self)
        hub.readies += 1
        self.dispatch('READY', {
            'v': 10, 'user': shapes.me(w), 'user_settings': {}, 'session_type': 'normal', 'relationships': [],
            'private_channels': [], 'presences': [], 'guild_join_requests': [], 'geo_ordered_rtc_regions': [],
            'guilds': [{'id': g['id'], 'unavailable': True} for g in w.guilds.values() if w.in_guild(g)],
            'session_id': s.id, 'resume_gateway_url': w.ws_url(w.knobs['resume_path']), 'shard': [0, 1],
            'application': {'id': w.application['id'], 'flags': w.application['flags']},
            '_trace': ['["fake"]'], 'auth': {}})
        if intents & 1:
            for g in w.guilds.values():
                if w.in_guild(g):
                    self.dispatch('GUILD_CREATE', shapes.guild_create(w, g))

    def resume(self, d):
        hub, w = self.hub, self.w
        if not hub.on_connect(self, 'resume'):
            return
        if self.session:
            raise Hangup(4005, 'a resume in a session')
        if not isinstance(d, dict) or not isinstance(d.get('session_id'), str) or \
                isinstance(d.get('seq'), bool) or not isinstance(d.get('seq'), int):
            raise Hangup(4002, 'resume without session_id and seq')
        hub.check_url(self, w.knobs['resume_path'], 'resume')
        if d.get('token') != w.token or w.token_dead:
            raise Hangup(4004, 'resume with a wrong token')
        s = hub.sessions.get(d['session_id'])
        old = s and s.gone_since and time.monotonic() - s.gone_since > w.knobs['session_timeout_s']
        if not s or old or s.events and d['seq'] < s.events[0][0] - 1:
            self.send(9, False)
            return
        if d['seq'] > s.seq:
            del hub.sessions[s.id]
            hub.show('offline', 4007)
            raise Hangup(4007, 'seq %d was never sent' % d['seq'])
        if s.conn:
            s.conn.session = None
            s.conn.close(4000)
        self.session = s
        hub.attach(s, self)
        s.resumes += 1
        hub.resumes += 1
        for seq, t, body in [e for e in s.events if e[0] > d['seq']]:
            self.send(0, body, seq, t)
        self.dispatch('RESUMED', {'_trace': ['["fake"]']})


class Hub:
    """All connections and sessions."""

    def __init__(self, w):
        self.w = w
        self.conns, self.sessions = [], {}
        self.log = []           # {t, conn, op}: what the client sent
        self.presence = [{'t': now_ms(), 'status': 'offline', 'code': None}]
        self.acking = True
        self.readies = self.resumes = self.identifies = 0
        self.recent = []        # times of identifies
        self.orders = []        # {"at", "do", "count"...} for connections to come

    def live(self):
        return [c for c in self.conns if c.open]

    def session(self):
        """The newest session, connected or not."""
        return list(self.sessions.values())[-1] if self.sessions else None

    def state(self):
        return {'readies': self.readies, 'resumes': self.resumes, 'identifies': self.identifies,
                'connections': [{'n': c.number, 'open': c.open, 'url': c.url, 'ops': c.seen_ops,
                                 'closed_by': c.closed_by, 'code': c.code,
                                 'beats_ms': [int((b - c.began) * 1000) for b in c.beats],
                                 'session': c.session.id if c.session else None} for c in self.conns],
                'sessions': [{'id': s.id, 'seq': s.seq, 'intents': s.intents, 'connected': s.conn is not None,
                              'resumes': s.resumes} for s in self.sessions.values()],
                'online': self.presence[-1]['status'] == 'online', 'presence': self.presence}

    def show(self, status, code=None):
        if self.presence[-1]['status'] != status:
            self.presence.append({'t': now_ms(), 'status': status, 'code': code})
        self.w.touch()

    def attach(self, s, conn):
        s.conn, s.gone_since = conn, None
        self.show('online')

    def lost(self, conn):
        s = conn.session
        if s and s.conn is conn:
            s.conn, s.gone_since = None, time.monotonic()
            if conn.closed_by == 'client' and conn.code in (1000, 1001):
                self.sessions.pop(s.id, None)
                self.show('offline', conn.code)
            elif conn.closed_by == 'server' and conn.code in (4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014):
                self.sessions.pop(s.id, None)
                self.show('offline', conn.code)
            else:
                asyncio.get_running_loop().call_later(self.w.knobs['session_timeout_s'], self.expire, s)
        self.w.touch()

    def expire(self, s):
        """Nobody came back: the bot is shown offline."""
        if s.conn is None and s.gone_since and \
                time.monotonic() - s.gone_since >= self.w.knobs['session_timeout_s'] - 0.01:
            self.sessions.pop(s.id, None)
            if not any(x.conn for x in self.sessions.values()):
                self.show('offline')

    def charge_identify(self):
        """False: too fast, op 9. Past the day's number the token is reset, as Discord does."""
        k, now = self.w.knobs, time.monotonic()
        self.identifies += 1
        self.recent = [t for t in self.recent if now - t < k['identify_window_s']]
        if len(self.recent) >= k['max_concurrency']:
            self.w.violation('identify-too-fast', '%d identifies within %.1f s' % (
                len(self.recent) + 1, k['identify_window_s']))
            return False
        if k['sessions_remaining'] <= 0:
            self.w.token_dead = True
            self.sessions.clear()
            raise Hangup(4004, 'no session starts were left: the token is reset')
        self.recent.append(now)
        k['sessions_remaining'] -= 1
        return True

    def check_url(self, conn, path, what):
        if conn.url.rstrip('/') != path.rstrip('/'):
            self.w.violation('gateway-url', '%s at %s, not at %s' % (what, conn.url, path))

    # ---- orders for connections to come ----

    def on_connect(self, conn, at):
        """Carry out an order for this moment; False: nothing normal follows."""
        for o in self.orders:
            if o['at'] == at and o.get('count', 1) > 0:
                o['count'] = o.get('count', 1) - 1
                return self.obey(conn, o)
        return True

    def obey(self, conn, o):
        do = o['do']
        if do == 'close':
            raise Hangup(o['code'])
        if do == 'drop':
            raise Hangup(None)
        if do == 'invalid':
            conn.send(9, bool(o.get('d')))
            return False
        if do == 'reconnect':
            conn.send(7)
            return bool(o.get('go_on'))
        if do == 'frame':
            conn.text(o['text'])
            return bool(o.get('go_on'))
        if do == 'raw':
            conn.put(bytes.fromhex(o['hex']))
            return bool(o.get('go_on'))
        return False  # silence

    # ---- the handshake ----

    async def upgrade(self, r, reader, writer):
        w, k = self.w, self.w.knobs
        order = next((o for o in self.orders if o['at'] == 'http' and o.get('count', 1) > 0), None)
        if order:
            order['count'] = order.get('count', 1) - 1
            if order.get('delay_ms'):
                await asyncio.sleep(order['delay_ms'] / 1000)
            if order['do'] == 'raw':
                writer.write(bytes.fromhex(order['hex']))
                return
            if order['do'] != 'status':
                return
            writer.write(('HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n' % order['status']).encode())
            return
        fault = wsock.handshake_fault(r)
        paths = [k['gateway_path'].rstrip('/'), k['resume_path'].rstrip('/')]
        if not fault and (r.path.rstrip('/') not in paths or '//' in r.path):
            fault = 'no gateway at %s' % r.path
        if fault:
            w.violation('handshake', fault)
            writer.write(b'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
            return
        writer.write(('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                      'Sec-WebSocket-Accept: %s\r\n\r\n' % wsock.accept(r.headers['sec-websocket-key'])).encode())
        conn = Conn(self, len(self.conns) + 1, writer, r.path)
        self.conns.append(conn)
        w.touch()
        if r.header('authorization'):
            w.violation('authorization', 'a bot token in the gateway\'s handshake')
        self.check_query(conn, r)
        if not conn.open:
            return
        await conn.run(reader)

    def check_query(self, conn, r):
        q = dict(urllib.parse.parse_qsl(r.target.partition('?')[2]))
        if q.get('v') != '10':
            self.w.violation('gateway-query', 'v is %r, not 10' % q.get('v'))
            conn.close(4012)
        elif q.get('encoding') != 'json':
            self.w.violation('gateway-query', 'encoding is %r, not json' % q.get('encoding'))
            conn.close(4002)
        elif q.get('compress') == 'zlib-stream':
            conn.deflate = wsock.Deflate()

    # ---- events ----

    def event(self, t, d):
        """To the newest session; kept for it if it is away. False: there is none."""
        s = self.session()
        if not s:
            return False
        if s.conn:
            s.conn.dispatch(t, d)
        else:
            s.seq += 1
            s.events = (s.events + [(s.seq, t, d)])[-self.w.knobs['replay_max']:]
        self.w.touch()
        return True
