"""A client of Discord for discord_try.py: http.client, and a WebSocket by hand. No library, nothing of the
stand-in's."""
import base64
import http.client
import json
import os
import socket
import struct
import sys
import threading
import time

D = sys.argv[1]
PORT = int(open(D + '/port').read())
TOKEN = open(D + '/token').read().strip()
APP, BOT = '1100000000000000001', '1100000000000000002'
GUILD, GAMES, GENERAL = '1200000000000000001', '1400000000000000001', '1400000000000000002'
ANNA = '1500000000000000002'
AGENT = 'DiscordBot (https://example.org/try, 1.0)'
CONTENT = {'content': 'x', 'allowed_mentions': {'parse': []}}


def ok(text, good, why=''):
    print(('ok ' if good else 'not ok ') + text + ('' if good else ': %s' % (why,)), flush=True)


def ask(method, path, body=None, auth=True, headers=None, raw=None, base='/api/v10'):
    c = http.client.HTTPConnection('127.0.0.1', PORT, timeout=20)
    h = {'User-Agent': AGENT}
    if auth:
        h['Authorization'] = 'Bot ' + TOKEN
    data = raw
    if body is not None:
        data = json.dumps(body)
    if data is not None:
        h['Content-Type'] = 'application/json'
    h.update(headers or {})
    c.request(method, base + path, data, {k: v for k, v in h.items() if v is not None})
    r = c.getresponse()
    text = r.read()
    c.close()
    try:
        doc = json.loads(text) if text else None
    except ValueError:
        doc = text
    return r.status, doc, {k.lower(): v for k, v in r.getheaders()}


def control(word, **a):
    s, doc, _ = ask('POST', word, a, auth=False, base='/_control/')
    return doc if s == 200 else {'status': s, **(doc or {})}


def is_(text, got, want):
    ok(text, got == want, 'got %r, want %r' % (got, want))


def refused(text, answer, status, code, path=None):
    s, doc, _ = answer
    at = (doc or {}).get('errors') if isinstance(doc, dict) else None
    for key in path or []:
        at = at.get(key) if at else None
    good = s == status and doc.get('code') == code and (path is None or at and at.get('_errors'))
    ok(text, good, (s, doc))


def violated(text, *kinds):
    is_(text, sorted({v['kind'] for v in control('violations', clear=True)}), sorted(kinds))


class Gateway:
    def __init__(self, path='/gw/?v=10&encoding=json', timeout=5):
        self.s = socket.create_connection(('127.0.0.1', PORT), timeout)
        key = base64.b64encode(os.urandom(16)).decode()
        self.s.sendall(('GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                        'Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n' % (path, key)).encode())
        self.f = self.s.makefile('rb')
        self.status = int(self.f.readline().split()[1])
        while self.f.readline().strip():
            pass
        self.pongs, self.pings, self.pieces = 0, 0, 0

    def frame(self, op, data, fin=True, rsv=0, masked=True):
        head = bytes([(0x80 if fin else 0) | rsv << 4 | op])
        bit, n = 0x80 if masked else 0, len(data)
        head += bytes([bit | n]) if n < 126 else struct.pack('!BH', bit | 126, n)
        if masked:
            key = os.urandom(4)
            data = bytes(b ^ key[i % 4] for i, b in enumerate(data))
            head += key
        self.s.sendall(head + data)

    def send(self, op, d=None):
        self.frame(1, json.dumps({'op': op, 'd': d}).encode())

    def next(self):
        """A message, ('close', code), or ('end',)."""
        whole = b''
        while True:
            head = self.f.read(2)
            if len(head) < 2:
                return ('end',)
            n = head[1] & 127
            if n == 126:
                n = struct.unpack('!H', self.f.read(2))[0]
            elif n == 127:
                n = struct.unpack('!Q', self.f.read(8))[0]
            data, op = self.f.read(n), head[0] & 15
            if op == 8:
                return ('close', struct.unpack('!H', data[:2])[0] if len(data) > 1 else None)
            if op == 9:
                self.pings += 1
            elif op == 10:
                self.pongs += 1
            else:
                whole += data
                self.pieces += 1
                if head[0] & 0x80:
                    return json.loads(whole)

    def until(self, op=0, t=None):
        while True:
            m = self.next()
            if not isinstance(m, dict) or (m['op'] == op and (t is None or m['t'] == t)):
                return m

    def code(self):
        """What the connection is closed with."""
        while True:
            m = self.next()
            if not isinstance(m, dict):
                return m[1] if len(m) > 1 else 'end'

    def identify(self, **more):
        d = {'token': TOKEN, 'intents': 0, 'properties': {'os': 'linux', 'browser': 'try', 'device': 'try'}}
        d.update(more)
        self.send(2, {k: v for k, v in d.items() if v is not None})

    def bye(self, code=1000):
        self.frame(8, struct.pack('!H', code))
        self.s.close()


def ready(**more):
    g = Gateway()
    g.until(10)
    g.identify(**more)
    m = g.until(0, 'READY')
    return g, m['d'] if isinstance(m, dict) else m


def send(word='command', **a):
    a = {'sub': 'list', **a} if word == 'command' else a
    return control(word, **a)


def button(**b):
    return {'components': [{'type': 1, 'components': [{'type': 2, 'style': 1, 'label': 'x', 'custom_id': 'x', **b}]}],
            'allowed_mentions': {'parse': []}}
