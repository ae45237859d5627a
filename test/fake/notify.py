#!/usr/bin/env python3
"""A stand-in for Discord's webhooks, ntfy and a plain webhook, on loopback.

usage: notify.py DIR

Writes its port to DIR/port and each request as a line of JSON to DIR/requests: method, path,
headers, body, status. What it does is decided by files in DIR, looked at for each request:
  hang     read the request, never answer
  down     close the connection without a word
  say      "STATUS BODY": the answer, once (the file is removed); several lines: one each
Discord's messages: POST .../webhooks/ID/TOKEN gives the next id; PATCH .../messages/ID is 404
(code 10008) when it was never given or DIR/deleted holds it. ID 404 is no webhook (code 10015).
"""
import http.server, json, os, re, sys, threading, time

D = sys.argv[1]
lock = threading.Lock()
ids = [1000]
messages = {}


def at(name):
    return os.path.join(D, name)


def once():
    """The next line of `say`, taken away."""
    try:
        lines = open(at('say')).read().splitlines()
    except FileNotFoundError:
        return None
    if len(lines) > 1:
        with open(at('say.new'), 'w') as f:
            f.write('\n'.join(lines[1:]) + '\n')
        os.rename(at('say.new'), at('say'))
    else:
        os.unlink(at('say'))
    return lines[0].split(' ', 1)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0))).decode()
        if os.path.exists(at('hang')):
            self.note(body, 0)
            while os.path.exists(at('hang')):
                time.sleep(0.05)
            self.close_connection = True
            return
        if os.path.exists(at('down')):
            self.note(body, 0)
            self.close_connection = True
            return
        with lock:
            said = once()
            status, text = (int(said[0]), said[1]) if said else self.judge(body)
            self.note(body, status)
        data = text.encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def note(self, body, status):
        with open(at('requests'), 'a') as f:
            f.write(json.dumps({'method': self.command, 'path': self.path, 'status': status,
                                'headers': dict(self.headers), 'body': body}) + '\n')

    def judge(self, body):
        m = re.match(r'/api/v10/webhooks/(\d+)/([\w-]+)(/messages/(\d+))?(\?.*)?$', self.path)
        if not m:
            return 200, '{"ok":true}'
        if m[1] == '404':
            return 404, '{"message":"Unknown Webhook","code":10015}'
        doc = json.loads(body)
        if doc.get('allowed_mentions') != {'parse': []} or not 0 < len(doc.get('content', '')) <= 2000:
            return 400, '{"message":"Invalid Form Body","code":50035}'
        if self.command == 'PATCH':
            gone = os.path.exists(at('deleted')) and m[4] in open(at('deleted')).read().split()
            if m[4] not in messages or gone:
                return 404, '{"message":"Unknown Message","code":10008}'
            messages[m[4]] = doc['content']
            return 200, json.dumps({'id': m[4]})
        if 'wait=true' not in (m[5] or ''):
            return 400, '{"message":"the stand-in wants wait=true","code":0}'
        ids[0] += 1
        messages[str(ids[0])] = doc['content']
        return 200, json.dumps({'id': str(ids[0])})

    do_POST = do_PATCH = do_GET = answer


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = True
with open(at('port.new'), 'w') as f:
    f.write(str(server.server_address[1]))
os.rename(at('port.new'), at('port'))
server.serve_forever()
