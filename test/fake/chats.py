#!/usr/bin/env python3
"""A stand-in for Telegram's Bot API and for a Matrix homeserver, on loopback.

usage: chats.py DIR

Writes its port to DIR/port and each request as a line of JSON to DIR/requests: api, method (of
Telegram) or what (of Matrix), body, status, t. It is strict: an unknown field, a text of no or too
many characters, an edit that changes nothing, a message that is not there, a filter that lets
everything through are refused as the real ones do, or more. Sources: Telegram's Bot API
(getUpdates, sendMessage, editMessageText, ResponseParameters), Matrix client-server API v3 (sync,
filter, send, event replacements, rate limits).

What people do there is told by POST /control with JSON {"do": WHAT, ...}; the answer is JSON:
  say     {"api", "from", "text", ["chat"], ["name"], ["age": seconds], ["more": fields of it]};
          answers with the id of that message
  repeat  {"api"}: what was said already is sent once more
  fault   {"api", "what": regex, "status", "body", "times", ["hang": seconds]}: the next answers
  shown   {"api"}: the messages of the bot as they stand, in order
  polls   {"api"}: how many waits for messages have begun
"""
import http.server, json, os, re, sys, threading, time, urllib.parse

D = sys.argv[1]
TOKEN = {'telegram': '4242:telegram-SECRET_token', 'matrix': 'syt_matrix-SECRET.token'}
ME = '@gsp:example.org'
ROOM = '!room:example.org'
CHAT = -100200300
lock = threading.Condition()
faults = []
polls = {'telegram': 0, 'matrix': 0}


class Refused(Exception):
    def __init__(self, status, text, **more):
        self.status, self.text, self.more = status, text, more


def note(line):
    line['t'] = time.time()
    with open(os.path.join(D, 'requests'), 'a') as f:
        f.write(json.dumps(line) + '\n')


def only(doc, *fields):
    """doc is an object and has no other fields."""
    if not isinstance(doc, dict):
        raise Refused(400, 'Bad Request: an object is wanted')
    odd = set(doc) - set(fields)
    if odd:
        raise Refused(400, 'Bad Request: unknown field %s' % sorted(odd)[0])


def units(text):
    """As Telegram counts: UTF-16 code units."""
    return len(text.encode('utf-16-le')) // 2


class Telegram:
    def __init__(self):
        self.updates, self.next_update, self.next_message = [], 700000, 10
        self.confirmed = []
        self.messages = {}
        self.waiting = 0

    def say(self, c):
        self.next_update += 1
        self.next_message += 1
        sender = {'id': c['from'], 'is_bot': False, 'first_name': 'x'}
        if c.get('name'):
            sender['username'] = c['name']
        message = {'message_id': self.next_message, 'from': sender, 'text': c['text'],
                   'chat': {'id': c.get('chat', CHAT), 'type': 'supergroup'},
                   'date': int(time.time()) - c.get('age', 0), **c.get('more', {})}
        self.updates.append({'update_id': self.next_update, 'message': message})
        return self.next_message

    def repeat(self):
        self.updates = self.confirmed + self.updates
        self.confirmed = []

    def getMe(self, doc):
        only(doc)
        return {'id': 4242, 'is_bot': True, 'first_name': 'gsp', 'username': 'our_gsp_bot'}

    def getUpdates(self, doc):
        only(doc, 'offset', 'limit', 'timeout', 'allowed_updates')
        if doc.get('allowed_updates') != ['message']:
            raise Refused(400, 'the stand-in wants allowed_updates')
        if not 1 <= doc.get('limit', 100) <= 100:
            raise Refused(400, 'Bad Request: limit')
        polls['telegram'] += 1
        mine = polls['telegram']
        lock.notify_all()
        deadline = time.monotonic() + doc.get('timeout', 0)
        # a repeated update is one that the offset did not confirm: ids are kept, as in a real fault
        if not getattr(self, 'again', False):
            self.confirmed += [u for u in self.updates if u['update_id'] < doc.get('offset', 0)]
            self.updates = [u for u in self.updates if u['update_id'] >= doc.get('offset', 0)]
        while not self.updates and time.monotonic() < deadline:
            lock.wait(deadline - time.monotonic())
            if polls['telegram'] != mine:
                raise Refused(409, 'Conflict: terminated by other getUpdates request')
        self.again = False
        return self.updates[:doc.get('limit', 100)]

    def text(self, doc):
        if not isinstance(doc.get('text'), str) or not doc['text'].strip():
            raise Refused(400, 'Bad Request: message text is empty')
        if units(doc['text']) > 4096:
            raise Refused(400, 'Bad Request: message is too long')
        if doc.get('chat_id') != CHAT:
            raise Refused(400, 'Bad Request: chat not found')
        return doc['text'].strip()

    def sendMessage(self, doc):
        only(doc, 'chat_id', 'text', 'link_preview_options', 'reply_parameters')
        reply = doc.get('reply_parameters', {})
        only(reply, 'message_id', 'allow_sending_without_reply')
        text = self.text(doc)
        self.next_message += 1
        self.messages[self.next_message] = {'text': text, 'reply': reply.get('message_id'), 'edits': 0}
        return {'message_id': self.next_message, 'date': int(time.time()), 'text': text,
                'chat': {'id': CHAT, 'type': 'supergroup'}}

    def editMessageText(self, doc):
        only(doc, 'chat_id', 'message_id', 'text', 'link_preview_options')
        text = self.text(doc)
        message = self.messages.get(doc.get('message_id'))
        if message is None:
            raise Refused(400, 'Bad Request: message to edit not found')
        if message['text'] == text:
            raise Refused(400, 'Bad Request: message is not modified')
        message['text'] = text
        message['edits'] += 1
        return {'message_id': doc['message_id'], 'text': text, 'chat': {'id': CHAT}}

    def handle(self, method, path, query, headers, body):
        m = re.fullmatch(r'/bot([^/]+)/(\w+)', path)
        if not m or m[1] != TOKEN['telegram']:
            raise Refused(401 if m else 404, 'Unauthorized')
        if method != 'POST' or headers.get('Content-Type') != 'application/json':
            raise Refused(400, 'the stand-in wants a POST of JSON')
        call = getattr(self, m[2], None) if m[2][0] in 'gse' and m[2] != 'say' else None
        if call is None:
            raise Refused(404, 'Not Found')
        return {'ok': True, 'result': call(json.loads(body))}

    def refusal(self, r):
        return {'ok': False, 'error_code': r.status, 'description': r.text, **r.more}


class Matrix:
    def __init__(self):
        self.events, self.sent, self.joined, self.serial = [], {}, False, 0
        self.given = set()

    def add(self, event):
        self.serial += 1
        event = {'event_id': '$ev_%d-%s' % (self.serial, 'x' * 30), 'type': 'm.room.message',
                 'origin_server_ts': int(time.time() * 1000), **event}
        self.events.append(event)
        return event['event_id']

    def say(self, c):
        event = {'sender': c['from'], 'content': {'msgtype': 'm.text', 'body': c['text']},
                 'origin_server_ts': int((time.time() - c.get('age', 0)) * 1000)}
        event.update(c.get('more', {}))
        return self.add(event)

    def repeat(self):
        self.events += [e for e in self.events if e['event_id'] in self.given]

    def sync(self, query):
        f = json.loads(query['filter'][0])
        only(f, 'presence', 'account_data', 'room')
        only(f['room'], 'rooms', 'state', 'ephemeral', 'account_data', 'timeline')
        t = f['room']['timeline']
        only(t, 'types', 'not_senders', 'limit')
        nothing = {'not_types': ['*']}
        if [f['presence'], f['account_data'], f['room']['state'], f['room']['ephemeral'],
                f['room']['account_data']] != [nothing] * 5 or f['room']['rooms'] != [ROOM]:
            raise Refused(400, 'M_INVALID_PARAM')
        polls['matrix'] += 1
        lock.notify_all()
        deadline = time.monotonic() + int(query.get('timeout', ['0'])[0]) / 1000
        since = query.get('since', [''])[0]
        if since and not re.fullmatch(r's\d+_&=x/', since):
            raise Refused(400, 'M_INVALID_PARAM')
        start = int(since[1:].split('_')[0]) if since else max(0, len(self.events) - t['limit'])

        def found():
            return [e for e in self.events[start:] if e['type'] in t['types']
                    and e['sender'] not in t['not_senders']]
        while since and not found() and time.monotonic() < deadline:
            lock.wait(deadline - time.monotonic())
        events = found()
        self.given |= {e['event_id'] for e in events if since}
        answer = {'next_batch': 's%d_&=x/' % len(self.events)}
        if events:
            answer['rooms'] = {'join': {ROOM: {'timeline': {'events': events, 'limited': False}}}}
        return answer

    def send(self, txn, doc):
        if txn in self.sent:
            return {'event_id': self.sent[txn]}
        only(doc, 'msgtype', 'body', 'm.mentions', 'm.new_content', 'm.relates_to')
        relation = doc.get('m.relates_to', {})
        if not isinstance(doc.get('body'), str) or not doc['body'] or len(json.dumps(doc)) > 60000:
            raise Refused(413 if doc.get('body') else 400, 'M_TOO_LARGE')
        if relation.get('rel_type') == 'm.replace':
            old = [e for e in self.events if e['event_id'] == relation.get('event_id')]
            if not old or old[0]['sender'] != ME or 'm.relates_to' in doc['m.new_content'] or \
                    doc['m.new_content']['msgtype'] != old[0]['content']['msgtype']:
                raise Refused(400, 'M_UNKNOWN')
        elif 'm.new_content' in doc:
            raise Refused(400, 'M_BAD_JSON')
        self.sent[txn] = self.add({'sender': ME, 'content': doc})
        lock.notify_all()
        return {'event_id': self.sent[txn]}

    def handle(self, method, path, query, headers, body):
        if headers.get('Authorization') != 'Bearer ' + TOKEN['matrix']:
            raise Refused(401, 'M_UNKNOWN_TOKEN')
        # '!' and ':' may stand in a path as they are, or escaped
        path = urllib.parse.unquote(path)
        room = '/_matrix/client/v3/rooms/' + ROOM
        if (method, path) == ('POST', room + '/join'):
            self.joined = json.loads(body) == {}
            return {'room_id': ROOM}
        if (method, path) == ('GET', '/_matrix/client/v3/account/whoami'):
            return {'user_id': ME}
        if (method, path) == ('GET', '/_matrix/client/v3/sync'):
            return self.sync(query)
        m = re.fullmatch(re.escape(room) + r'/send/m\.room\.message/([\w-]+)', path)
        if method == 'PUT' and m and self.joined:
            return self.send(m[1], json.loads(body))
        raise Refused(404, 'M_UNRECOGNIZED')

    def refusal(self, r):
        return {'errcode': r.text, 'error': r.text, **r.more}


apis = {'telegram': Telegram(), 'matrix': Matrix()}


def shown(api):
    if api == 'telegram':
        return list(apis[api].messages.values())
    messages = {}
    for e in apis[api].events:
        c = e['content']
        relation = c.get('m.relates_to', {}) if isinstance(c, dict) else {}
        if e['sender'] != ME:
            continue
        if relation.get('rel_type') == 'm.replace':
            messages[relation['event_id']]['text'] = c['m.new_content']['body']
            messages[relation['event_id']]['edits'] += 1
        else:
            messages[e['event_id']] = {'text': c['body'], 'edits': 0, 'kind': c['msgtype'],
                                       'to': c['m.mentions'].get('user_ids'),
                                       'reply': relation.get('m.in_reply_to', {}).get('event_id')}
    return list(messages.values())


def control(c):
    api = c['api']
    if c['do'] == 'say':
        said = apis[api].say(c)
        lock.notify_all()
        return said
    elif c['do'] == 'repeat':
        apis[api].repeat()
        apis[api].again = True
    elif c['do'] == 'fault':
        faults.append(c)
    elif c['do'] == 'shown':
        return shown(api)
    elif c['do'] == 'polls':
        return polls[api]
    lock.notify_all()
    return {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def fault(self, api, path):
        with lock:
            for f in faults:
                if f['api'] == api and f['times'] > 0 and re.search(f['what'], path):
                    f['times'] -= 1
                    return f
        return None

    def answer(self):
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get('Content-Length', 0))).decode()
        if url.path == '/control':
            with lock:
                return self.give(200, json.dumps(control(json.loads(body))))
        api = 'matrix' if url.path.startswith('/_matrix/') else 'telegram'
        f = self.fault(api, url.path)
        if f:
            note({'api': api, 'path': url.path.split('/', 2)[-1], 'body': body, 'status': f['status']})
            time.sleep(f.get('hang', 0))
            return self.give(f['status'], f.get('body', ''))
        with lock:
            try:
                doc = apis[api].handle(self.command, url.path, urllib.parse.parse_qs(url.query),
                                       self.headers, body)
                status = 200
            except Refused as r:
                doc, status = apis[api].refusal(r), r.status
            except (KeyError, TypeError, ValueError) as e:
                doc, status = apis[api].refusal(Refused(400, repr(e))), 400
            note({'api': api, 'path': url.path.split('/', 2)[-1], 'body': body, 'status': status})
        self.give(status, json.dumps(doc))

    def give(self, status, text):
        data = text.encode()
        try:
            self.send_response(status)
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_POST = do_PUT = do_GET = answer


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = True
with open(os.path.join(D, 'port.new'), 'w') as f:
    f.write(str(server.server_address[1]))
os.rename(os.path.join(D, 'port.new'), os.path.join(D, 'port'))
server.serve_forever()
