#!/usr/bin/env python3
"""discord_try.py DIR: is the stand-in as strict as Discord? Prints "ok TEXT" or "not ok TEXT" for each
thing tried. A client of its own: http.client, and a WebSocket by hand. DIR is the stand-in's."""
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


# ---- what every request must have ----

def requests():
    refused('no User-Agent: 40333', ask('GET', '/gateway', headers={'User-Agent': 'curl/8'}), 403, 40333)
    violated('... is seen', 'user-agent')
    s, doc, h = ask('GET', '/gateway', auth=False)
    ok('GET /gateway needs no token', s == 200 and doc['url'] == 'ws://127.0.0.1:%d/gw' % PORT, doc)
    ok('rate limit headers', all('x-ratelimit-' + k in h for k in
                                 ('limit', 'remaining', 'reset', 'reset-after', 'bucket')), h)
    refused('no token: 401', ask('GET', '/gateway/bot', auth=False), 401, 0)
    refused('a wrong token: 401', ask('GET', '/gateway/bot', headers={'Authorization': 'Bot x'}), 401, 0)
    refused('the same again: 401', ask('GET', '/gateway/bot', headers={'Authorization': 'Bot x'}), 401, 0)
    violated('... is seen', 'after-401')
    refused('a token without Bot: 401', ask('GET', '/gateway/bot', headers={'Authorization': TOKEN}), 401, 0)
    s, doc, _ = ask('GET', '/gateway/bot')
    is_('GET /gateway/bot', (s, doc['session_start_limit']['max_concurrency']), (200, 1))
    is_('GET /users/@me is the bot', ask('GET', '/users/@me')[1]['id'], BOT)
    is_('GET /applications/@me', ask('GET', '/applications/@me')[1]['id'], APP)
    is_('GET /oauth2/applications/@me', ask('GET', '/oauth2/applications/@me')[1]['id'], APP)
    refused('no such path', ask('GET', '/nonsense'), 404, 0)
    refused('no such method', ask('DELETE', '/gateway'), 405, 0)
    refused('an id that is none', ask('GET', '/channels/abc'), 400, 50035, ['channel_id'])
    refused('an id beyond 64 bits', ask('GET', '/channels/' + '9' * 20), 400, 50035, ['channel_id'])
    at = '/channels/%s/messages' % GAMES
    refused('no JSON', ask('POST', at, raw='{"content":'), 400, 50109)
    refused('another Content-Type', ask('POST', at, CONTENT, headers={'Content-Type': 'text/plain'}), 400, 50035)
    violated('... are seen', 'bad-json', 'content-type')
    refused('an unknown guild', ask('GET', '/guilds/99'), 404, 10004)
    is_('roles', len(ask('GET', '/guilds/%s/roles' % GUILD)[1]), 5)
    is_('channels without threads', len(ask('GET', '/guilds/%s/channels' % GUILD)[1]), 6)
    is_('a member', ask('GET', '/guilds/%s/members/%s' % (GUILD, BOT))[1]['roles'], ['1300000000000000009'])
    refused('no member', ask('GET', '/guilds/%s/members/77' % GUILD), 404, 10013)


# ---- messages ----

LONG = 'ü' * 2000


def button(**b):
    return {'components': [{'type': 1, 'components': [{'type': 2, 'style': 1, 'label': 'x', 'custom_id': 'x', **b}]}],
            'allowed_mentions': {'parse': []}}


BAD_MESSAGES = [
    ('2001 characters', {'content': LONG + 'x'}, ['content']),
    ('a number as content', {'content': 3}, ['content']),
    ('11 embeds', {'embeds': [{'title': 'x'}] * 11}, ['embeds']),
    ('a title of 257', {'embeds': [{'title': 'x' * 257}]}, ['embeds', '0', 'title']),
    ('a description of 4097', {'embeds': [{'description': 'x' * 4097}]}, ['embeds', '0', 'description']),
    ('26 fields', {'embeds': [{'fields': [{'name': 'x', 'value': 'y'}] * 26}]}, ['embeds', '0', 'fields']),
    ('a field without a value', {'embeds': [{'fields': [{'name': 'x', 'value': ''}]}]},
     ['embeds', '0', 'fields', '0', 'value']),
    ('a value of 1025', {'embeds': [{'fields': [{'name': 'x', 'value': 'y' * 1025}]}]},
     ['embeds', '0', 'fields', '0', 'value']),
    ('a footer of 2049', {'embeds': [{'title': 'x', 'footer': {'text': 'x' * 2049}}]}, ['embeds', '0', 'footer', 'text']),
    ('a colour too bright', {'embeds': [{'title': 'x', 'color': 16777216}]}, ['embeds', '0', 'color']),
    ('a time that is none', {'embeds': [{'title': 'x', 'timestamp': 'noon'}]}, ['embeds', '0', 'timestamp']),
    ('a url that is none', {'embeds': [{'title': 'x', 'url': 'javascript:1'}]}, ['embeds', '0', 'url']),
    ('an embed of nothing', {'embeds': [{}]}, ['embeds', '0', 'description']),
    ('6001 characters in two embeds', {'embeds': [{'description': 'x' * 3000}, {'description': 'x' * 3001}]}, ['embeds']),
    ('6 rows', {'components': button()['components'] * 6}, ['components']),
    ('6 buttons in a row', {'components': [{'type': 1, 'components': [
        {'type': 2, 'style': 1, 'label': 'x', 'custom_id': str(i)} for i in range(6)]}]}, ['components', '0', 'components']),
    ('a label of 81', button(label='x' * 81), ['components', '0', 'components', '0', 'label']),
    ('a custom_id of 101', button(custom_id='x' * 101), ['components', '0', 'components', '0', 'custom_id']),
    ('no custom_id', button(custom_id=None), ['components', '0', 'components', '0']),
    ('the same custom_id twice', {'components': [{'type': 1, 'components': button()['components'][0]['components'] * 2}]},
     ['components', '0', 'components', '1', 'custom_id']),
    ('a style that is none', button(style=9), ['components', '0', 'components', '0', 'style']),
    ('a link with a custom_id', button(style=5, url='https://x.org'), ['components', '0', 'components', '0']),
    ('a button outside a row', {'components': [{'type': 2, 'style': 1, 'label': 'x', 'custom_id': 'x'}]},
     ['components', '0', 'type']),
    ('components v2 and content', {'content': 'x', 'flags': 32768}, ['content']),
    ('EPHEMERAL in a channel', {'content': 'x', 'flags': 64}, ['flags']),
    ('parse of nonsense', {'content': 'x', 'allowed_mentions': {'parse': ['all']}}, ['allowed_mentions', 'parse', '0']),
    ('parse and users', {'content': 'x', 'allowed_mentions': {'parse': ['users'], 'users': [ANNA]}},
     ['allowed_mentions', 'parse']),
    ('101 users', {'content': 'x', 'allowed_mentions': {'users': [str(i) for i in range(101)]}}, ['allowed_mentions', 'users']),
    ('a user that is none', {'content': 'x', 'allowed_mentions': {'users': ['anna']}}, ['allowed_mentions', 'users', '0']),
    ('a nonce of 26', {'content': 'x', 'nonce': 'n' * 26}, ['nonce']),
    ('a reply to nothing', {'content': 'x', 'message_reference': {'message_id': '5'}}, ['message_reference']),
]


def messages():
    at = '/channels/%s/messages' % GAMES
    control('set', limits={'POST /channels/{channel_id}/messages': [1000, 1], 'PATCH /channels/{channel_id}/messages/'
                           '{message_id}': [1000, 1]}, global_per_s=1000)
    for text, body, path in BAD_MESSAGES:
        refused(text, ask('POST', at, body), 400, 50035, path)
    refused('an empty one', ask('POST', at, {'content': ' \n'}), 400, 50006)
    s, doc, _ = ask('POST', at, {'content': LONG, 'allowed_mentions': {'parse': []}})
    is_('2000 characters of two bytes', (s, len(doc['content'])), (200, 2000))
    good = {'content': 'go', 'embeds': [{'title': 'x', 'fields': [{'name': 'n', 'value': 'v'}], 'footer': {'text': 'f'},
            'timestamp': '2026-11-22T19:00:00Z', 'color': 3}], 'allowed_mentions': {'parse': []}, 'nonce': 'abc',
            'enforce_nonce': True, 'components': button()['components'],
            'message_reference': {'message_id': doc['id'], 'fail_if_not_exists': False}}
    s, m, _ = ask('POST', at, good)
    is_('a full one', (s, m.get('message_reference', {}).get('message_id'), m['author']['id']), (200, doc['id'], BOT))
    is_('the same nonce makes no second', ask('POST', at, good)[1]['id'], m['id'])
    good['enforce_nonce'] = False
    ok('unless it is not enforced', ask('POST', at, good)[1]['id'] != m['id'])
    good['message_reference'] = {'message_id': '5', 'fail_if_not_exists': False}
    is_('a reply to what is gone', ask('POST', at, good)[0], 200)
    for text, body, want in [
            ('everyone by default', {'content': 'hi @everyone <@%s>' % ANNA}, [ANNA, 'everyone']),
            ('nobody', {'content': 'hi @everyone <@%s>' % ANNA, 'allowed_mentions': {'parse': []}}, []),
            ('one', {'content': '<@%s> <@5> <@&6>' % ANNA, 'allowed_mentions': {'users': [ANNA]}}, [ANNA]),
            ('a role', {'content': '<@&6>', 'allowed_mentions': {'parse': ['roles']}}, ['&6'])]:
        mid = ask('POST', at, body)[1]['id']
        is_('pings ' + text, control('message', id=mid)['pings'], want)
    edit = at + '/' + m['id']
    s, e, _ = ask('PATCH', edit, {'content': 'new', 'embeds': [], 'allowed_mentions': {'parse': []}})
    is_('an edit keeps what it does not name', (s, e['embeds'], len(e['components']), e['content']), (200, [], 1, 'new'))
    ok('and has its time', e['edited_timestamp'])
    refused('an edit to nothing', ask('PATCH', edit, {'content': '', 'components': []}), 400, 50006)
    is_('its revisions', [r['content'] for r in control('message', id=m['id'])['revisions']], ['go', 'new'])
    other = control('say', user='anna', channel='games', content='hello')['id']
    refused('an edit of what others wrote', ask('PATCH', at + '/' + other, CONTENT), 403, 50005)
    refused('an unknown message', ask('PATCH', at + '/9', CONTENT), 404, 10008)
    is_('GET', ask('GET', edit)[1]['content'], 'new')
    is_('DELETE', ask('DELETE', edit)[0], 204)
    refused('it is gone', ask('GET', edit), 404, 10008)
    refused('an unknown channel', ask('POST', '/channels/9/messages', CONTENT), 404, 10003)
    refused('a channel that the bot cannot see', ask('POST', '/channels/1400000000000000003/messages', CONTENT), 403, 50001)
    refused('the same again', ask('POST', '/channels/1400000000000000003/messages', CONTENT), 403, 50001)
    violated('... is seen', 'repeated-403')
    refused('one where it may not write', ask('POST', '/channels/1400000000000000004/messages', CONTENT), 403, 50013)
    is_('a thread', ask('POST', '/channels/1400000000000000006/messages', CONTENT)[0], 200)
    refused('an archived thread', ask('POST', '/channels/1400000000000000007/messages', CONTENT), 400, 50083)
    refused('a category', ask('POST', '/channels/1400000000000000005/messages', CONTENT), 400, 50008)
    before = ask('GET', '/guilds/%s/roles' % GUILD)[1][0]['permissions']
    control('world', guilds=[{'id': GUILD, 'roles': [{'id': '1300000000000000009', 'permissions': '0'},
                                                      {'id': GUILD, 'permissions': str(1 << 10 | 1 << 11)}]}])
    refused('an embed without EMBED_LINKS', ask('POST', at, {'embeds': [{'title': 'x'}]}), 403, 50013)
    refused('a reply without READ_MESSAGE_HISTORY', ask('POST', at, {**CONTENT, 'message_reference': {'message_id': other}}),
            403, 160002)
    control('world', guilds=[{'id': GUILD, 'roles': [{'id': '1300000000000000009', 'permissions': '274877991936'},
                                                      {'id': GUILD, 'permissions': before}]}])
    control('set', old_edit_age_s=0, old_edits=2)
    m = ask('POST', at, CONTENT)[1]['id']
    codes = [ask('PATCH', at + '/' + m, CONTENT) for _ in range(3)]
    is_('old messages: a hidden quota', [c[0] for c in codes], [200, 200, 429])
    ok('... 30046 with its wait', codes[2][1]['code'] == 30046 and 'retry-after' in codes[2][2], codes[2])
    control('set', old_edit_age_s=3600, old_edits=30)
    violated('nothing else was wrong')


# ---- commands ----

def option(**o):
    return {'type': 3, 'name': 'o', 'description': 'd', **o}


def sub(name, *options):
    return {'type': 1, 'name': name, 'description': 'd', 'options': list(options)}


BAD_COMMANDS = [
    ('upper case', {'name': 'Server'}, ['0', 'name']),
    ('a blank', {'name': 'a b'}, ['0', 'name']),
    ('33 characters', {'name': 'a' * 33}, ['0', 'name']),
    ('no description', {'description': ''}, ['0', 'description']),
    ('a description of 101', {'description': 'x' * 101}, ['0', 'description']),
    ('26 options', {'options': [option(name='o%d' % i) for i in range(26)]}, ['0', 'options']),
    ('the same option twice', {'options': [option(), option()]}, ['0', 'options']),
    ('required last', {'options': [option(), option(name='p', required=True)]}, ['0', 'options', '1']),
    ('choices and autocomplete', {'options': [option(autocomplete=True, choices=[{'name': 'x', 'value': 'x'}])]},
     ['0', 'options', '0', 'autocomplete']),
    ('26 choices', {'options': [option(choices=[{'name': str(i), 'value': 'x'} for i in range(26)])]},
     ['0', 'options', '0', 'choices']),
    ('a choice of 101', {'options': [option(choices=[{'name': 'x', 'value': 'x' * 101}])]},
     ['0', 'options', '0', 'choices', '0', 'value']),
    ('a group in a group', {'options': [{'type': 2, 'name': 'g', 'description': 'd', 'options': [
        {'type': 2, 'name': 'h', 'description': 'd', 'options': [sub('s')]}]}]}, ['0', 'options', '0', 'options', '0', 'type']),
    ('a subcommand beside an option', {'options': [sub('s'), option()]}, ['0', 'options']),
    ('permissions of words', {'default_member_permissions': 'admin'}, ['0', 'default_member_permissions']),
    ('more than 8000 characters', {'options': [option(name='o%d' % i, description='x' * 100, choices=[
        {'name': 'n%d' % j + 'x' * 40, 'value': 'x' * 40} for j in range(10)]) for i in range(10)]}, ['0']),
]


def commands():
    at = '/applications/%s/guilds/%s/commands' % (APP, GUILD)
    control('set', limits={})
    control('set', limits={'PUT /applications/{application_id}/guilds/{guild_id}/commands': [100, 1]})
    base = {'name': 'server', 'description': 'd'}
    for text, wrong, path in BAD_COMMANDS:
        refused('a command: ' + text, ask('PUT', at, [{**base, **wrong}]), 400, 50035, path)
    refused('a command: an object, no array', ask('PUT', at, base), 400, 50035)
    refused('a command: twice', ask('PUT', at, [base, base]), 400, 50035, ['1'])
    refused('a command: another application', ask('PUT', '/applications/5/guilds/%s/commands' % GUILD, [base]), 403, 20012)
    refused('a command: another guild', ask('PUT', '/applications/%s/guilds/5/commands' % APP, [base]), 403, 50001)
    server = {**base, 'default_member_permissions': '0', 'options': [
        sub('up', option(name='name', required=True, autocomplete=True, max_length=10)),
        sub('extend', option(name='name', required=True), option(type=4, name='hours', min_value=1, max_value=9)),
        sub('list')]}
    s, first, _ = ask('PUT', at, [server])
    ok('a command is kept', s == 200 and first[0]['guild_id'] == GUILD and first[0]['default_member_permissions'] == '0' and
       first[0]['version'] and 'name_localizations' in first[0], first)
    is_('the same again changes nothing', ask('PUT', at, [server])[1], first)
    server['default_member_permissions'] = None
    s, second, _ = ask('PUT', at, [server])
    ok('another: the same id, a new version', second[0]['id'] == first[0]['id'] and
       second[0]['version'] != first[0]['version'])
    is_('GET', ask('GET', at)[1], second)
    control('set', command_creates=1)
    refused('too many a day', ask('PUT', at, [server, {**base, 'name': 'other'}]), 429, 30034)
    control('set', command_creates=200)
    s, g, _ = ask('POST', '/applications/%s/commands' % APP, {**base, 'name': 'global'})
    is_('a global one', (s, g['contexts'], g['integration_types'], g['dm_permission']), (201, None, [0], True))
    s, g, _ = ask('PATCH', '/applications/%s/commands/%s' % (APP, g['id']), {'description': 'e'})
    is_('PATCH', (s, g['description']), (200, 'e'))
    is_('DELETE', ask('DELETE', '/applications/%s/commands/%s' % (APP, g['id']))[0], 204)
    for text, a in [('an option is missing', {'sub': 'up'}),
                    ('an option is too long', {'sub': 'up', 'options': {'name': 'x' * 11}}),
                    ('a subcommand is unknown', {'sub': 'explode'}), ('it is bare', {}),
                    ('an option is unknown', {'sub': 'list', 'options': {'a': 'b'}}),
                    ('a number is a text', {'sub': 'extend', 'options': {'name': 'x', 'hours': 'many'}}),
                    ('a number is out of range', {'sub': 'extend', 'options': {'name': 'x', 'hours': 10}}),
                    ('there is no command', {'name': 'nope'}),
                    ('it is not his channel', {'sub': 'list', 'channel': 'lobby', 'user': 'bert'})]:
        is_('the client sends nothing when ' + text, control('command', **a).get('status'), 422)
    control('set', limits={})


def main():
    for part in (requests, messages, commands, interactions, webhooks, gateway, resuming, frames, faults, limits, speed):
        try:
            part()
        except Exception as e:  # the rest is tried nevertheless
            import traceback
            traceback.print_exc()
            ok('%s runs to its end' % part.__name__, False, repr(e))
    print('end')


# ---- interactions ----

def send(word='command', **a):
    a = {'sub': 'list', **a} if word == 'command' else a
    return control(word, **a)


def callback(i, kind, data=None, query='', **more):
    return ask('POST', '/interactions/%s/%s/callback%s' % (i['id'], i['token'], query),
               {'type': kind, **({'data': data} if data is not None else {})}, auth=False, **more)


def hook(i, rest=''):
    return '/webhooks/%s/%s%s' % (APP, i['token'], rest)


def interactions():
    g, _ = ready()
    i = send()
    ev = g.until(0, 'INTERACTION_CREATE')['d']
    ok('the event has all', ev['id'] == i['id'] and ev['member']['user']['username'] == 'anna' and
       ev['member']['roles'] == ['1300000000000000001'] and ev['data']['options'][0]['name'] == 'list' and
       ev['guild_id'] == GUILD and ev['channel_id'] == GAMES and ev['app_permissions'] and 'user' not in ev, ev)
    original = hook(i, '/messages/@original')
    refused('an edit before the answer', ask('PATCH', original, CONTENT, auth=False), 404, 10015)
    violated('... is seen', 'edit-before-callback')
    refused('an unknown token', ask('POST', '/interactions/%s/nope/callback' % i['id'], {'type': 5}, auth=False), 404, 10062)
    for text, kind, data, path in [
            ('type 99', 99, None, ['type']), ('no type', None, None, ['type']), ('type 6 to a command', 6, None, ['type']),
            ('type 7 to a command', 7, {'content': 'x'}, ['type']), ('choices to a command', 8, {'choices': []}, ['type']),
            ('other flags', 5, {'flags': 4}, ['data', 'flags']), ('2001 characters', 4, {'content': 'x' * 2001}, ['data', 'content'])]:
        refused('a first answer: ' + text, callback(i, kind, data), 400, 50035, path)
        time.sleep(0.25)  # five a second
    s, doc, _ = callback(i, 5, query='?with_response=true')
    mid = doc['interaction'].get('response_message_id')
    ok('deferred: the message is told', s == 200 and mid and doc['interaction']['response_message_loading'] is True, doc)
    refused('a second answer', callback(i, 4, {'content': 'x'}), 400, 40060)
    violated('... is seen', 'second-callback')
    ok('it thinks', control('message', id=mid)['loading'])
    s, doc, _ = ask('PATCH', original, {'content': 'done', 'allowed_mentions': {'parse': []}}, auth=False)
    is_('filled', (s, doc['id'], doc['flags'], doc['webhook_id']), (200, mid, 0, APP))
    is_('edited with the bot\'s token', ask('PATCH', '/channels/%s/messages/%s' % (GAMES, mid), CONTENT)[0], 200)
    s, f, _ = ask('POST', hook(i), {'content': 'more', 'flags': 64, 'allowed_mentions': {'parse': []}}, auth=False)
    is_('a followup, hidden', (s, f['flags']), (200, 64))
    refused('which no channel knows', ask('GET', '/channels/%s/messages/%s' % (GAMES, f['id'])), 404, 10008)
    is_('edited by its id', ask('PATCH', hook(i, '/messages/' + f['id']), CONTENT, auth=False)[0], 200)
    is_('removed', ask('DELETE', hook(i, '/messages/' + f['id']), auth=False)[0], 204)
    is_('with the bot\'s token too', ask('PATCH', original, CONTENT)[0], 200)
    violated('... which is seen', 'authorization')
    i = send()
    callback(i, 5, {'flags': 64})
    s, f, _ = ask('POST', hook(i), CONTENT, auth=False)
    is_('the first followup fills the deferred answer', (s, f['flags'], control('interaction', id=i['id'])['message']),
        (200, 64, f['id']))
    refused('hidden: not in the channel', ask('PATCH', '/channels/%s/messages/%s' % (GAMES, f['id']), CONTENT), 404, 10008)
    expiry(g)
    buttons(g)
    completion(g)
    g.bye()


def expiry(g):
    control('set', callback_window_s=0.2)
    i = send()
    time.sleep(0.3)
    refused('too late', callback(i, 5), 404, 10062)
    control('set', callback_window_s=3, token_life_s=0.3)
    i = send()
    is_('in time', callback(i, 5)[0], 204)
    time.sleep(0.4)
    refused('the token is dead', ask('PATCH', hook(i, '/messages/@original'), CONTENT, auth=False), 401, 50027)
    control('set', token_life_s=900, followups_max=1)
    i = send(age_s=800)
    ok('an id of old', (int(i['id']) >> 22) + 1420070400000 < time.time() * 1000 - 799000)
    callback(i, 4, CONTENT)
    ask('POST', hook(i), CONTENT, auth=False)
    refused('too many followups', ask('POST', hook(i), CONTENT, auth=False), 400, 40094)
    control('set', followups_max=None)
    g.until(0, 'INTERACTION_CREATE')


def buttons(g):
    i = send()
    callback(i, 4, {**button(custom_id='yes', label='Tear down'), 'content': 'sure?'})
    p = send('press', label='Tear', user='eve')
    while True:
        ev = g.until(0, 'INTERACTION_CREATE')['d']
        if ev['id'] == p['id']:
            break
    is_('a press', (ev['type'], ev['data']['custom_id'], ev['member']['user']['username'], ev['message']['content']),
        (3, 'yes', 'eve', 'sure?'))
    is_('the message changes at once', callback(p, 7, {'content': 'gone', 'components': []})[0], 204)
    is_('... and has no button', send('press', label='Tear').get('status'), 422)
    is_('@original is that message', ask('PATCH', hook(p, '/messages/@original'), CONTENT, auth=False)[1]['id'], ev['message']['id'])
    p = send('press', custom_id='forged', raw=True)
    is_('a forged press', (p['sent'], callback(p, 6)[0]), (True, 204))
    again = control('again', interaction=p['id'])
    is_('the same event again', again['sent'], 2)


def completion(g):
    i = send('autocomplete', sub='up', focused='name', value='va')
    while True:
        ev = g.until(0, 'INTERACTION_CREATE')['d']
        if ev['id'] == i['id']:
            break
    is_('autocomplete', ev['data']['options'][0]['options'], [{'name': 'name', 'type': 3, 'value': 'va', 'focused': True}])
    refused('it wants type 8', callback(i, 4, {'content': 'x'}), 400, 50035, ['type'])
    refused('26 choices', callback(i, 8, {'choices': [{'name': 'x', 'value': 'x'}] * 26}), 400, 50035, ['data', 'choices'])
    refused('a name of 101', callback(i, 8, {'choices': [{'name': 'x' * 101, 'value': 'x'}]}), 400, 50035,
            ['data', 'choices', '0', 'name'])
    is_('choices', callback(i, 8, {'choices': [{'name': 'vanilla (up)', 'value': 'vanilla'}]})[0], 204)
    is_('... are seen', control('interaction', id=i['id'])['choices'], [{'name': 'vanilla (up)', 'value': 'vanilla'}])
    is_('no autocomplete there', send('autocomplete', sub='extend', focused='name', value='v').get('status'), 422)


def webhooks():
    control('set', limits={'POST /webhooks/{webhook_id}/{webhook_token}': [100, 1]})
    w = next(x for x in json.loads(WORLD)['webhooks'])
    at = '/webhooks/%s/%s' % (w['id'], w['token'])
    is_('a webhook', ask('GET', at, auth=False)[1]['channel_id'], GENERAL)
    is_('without wait', ask('POST', at, CONTENT, auth=False)[0], 204)
    s, m, _ = ask('POST', at + '?wait=true', {**CONTENT, 'username': 'gsp'}, auth=False)
    is_('with wait', (s, m['webhook_id'], m['author']['username']), (200, w['id'], 'gsp'))
    is_('edited', ask('PATCH', at + '/messages/' + m['id'], {'content': 'y', 'allowed_mentions': {'parse': []}},
                      auth=False)[1]['content'], 'y')
    refused('a name with discord', ask('POST', at, {**CONTENT, 'username': 'Discord!'}, auth=False), 400, 50035, ['username'])
    refused('a wrong token', ask('POST', at + 'x', CONTENT, auth=False), 401, 50027)
    refused('no such webhook', ask('POST', '/webhooks/9/x', CONTENT, auth=False), 404, 10015)
    violated('nothing wrong')
    refused('the same again', ask('POST', '/webhooks/9/x', CONTENT, auth=False), 404, 10015)
    violated('... is seen', 'repeated-404')
    control('set', limits={})


# ---- the gateway ----

def closed(text, code, *kinds, first=None, path='/gw/?v=10&encoding=json'):
    g = Gateway(path)
    if first:
        g.until(10)
        first(g)
    is_(text, g.code(), code)
    violated('... is seen', *kinds)
    g.s.close()


def gateway():
    closed('API version 9: 4012', 4012, 'gateway-query', path='/gw/?v=9&encoding=json')
    closed('encoding etf: 4002', 4002, 'gateway-query', path='/gw/?v=10&encoding=etf')
    is_('no gateway there', Gateway('/?v=10&encoding=json').status, 400)
    violated('... is seen', 'handshake')
    closed('a wrong token: 4004', 4004, 'gateway-4004', first=lambda g: g.identify(token='x'))
    closed('a token with Bot: 4004', 4004, 'gateway-4004', first=lambda g: g.identify(token='Bot ' + TOKEN))
    closed('no intents: 4013', 4013, 'gateway-4013', first=lambda g: g.identify(intents=None))
    closed('intents that are none: 4013', 4013, 'gateway-4013', first=lambda g: g.identify(intents=1 << 40))
    closed('privileged intents: 4014', 4014, 'gateway-4014', first=lambda g: g.identify(intents=1 << 15))
    closed('an unknown opcode: 4001', 4001, 'gateway-4001', first=lambda g: g.send(99))
    closed('no JSON: 4002', 4002, 'gateway-4002', first=lambda g: g.frame(1, b'hello'))
    closed('presence before identify: 4003', 4003, 'gateway-4003', first=lambda g: g.send(3, {}))
    closed('4097 bytes: 4002', 4002, 'gateway-4002', first=lambda g: g.frame(1, b'{"op":1,"d":null}' + b' ' * 4080))
    closed('121 a minute: 4008', 4008, 'gateway-4008', first=lambda g: [g.send(1) for _ in range(121)])
    g, r = ready()
    ok('READY', r['user']['id'] == BOT and r['application']['id'] == APP and r['session_id'] and
       r['resume_gateway_url'] == 'ws://127.0.0.1:%d/gw-resume' % PORT, r)
    g.identify()
    is_('identify twice: 4005', g.code(), 4005)
    violated('... is seen', 'gateway-4005')
    g, r = ready()
    g.send(1, 1)
    is_('a heartbeat is acknowledged', g.until(11)['op'], 11)
    g.frame(9, b'you?')
    g.send(1, 1)
    g.until(11)
    is_('a ping is answered', g.pongs, 1)
    control('gateway', do='op', op=1)
    is_('a heartbeat is asked for', g.until(1)['op'], 1)
    control('gateway', do='ack', on=False)
    g.send(1, 1)
    g.s.settimeout(0.3)
    try:
        silent = g.next()
    except OSError:
        silent = None
    is_('no ACK any more', silent, None)
    control('gateway', do='ack')
    is_('online', control('state')['gateway']['online'], True)
    g.bye()
    is_('offline after 1000', control('wait', **{'for': 'offline', 'timeout': 3}).get('online'), False)
    g, _ = ready()
    control('set', identify_window_s=5)
    h = Gateway()
    h.until(10)
    h.identify()
    m = h.next()
    is_('identify too fast: op 9', (m['op'], m['d']), (9, False))
    violated('... is seen', 'identify-too-fast')
    g.bye()
    h.bye()
    control('set', identify_window_s=0, heartbeat_ms=200)
    closed('no heartbeat: it is ended', 4000, 'heartbeat-late', first=lambda g: None)
    control('set', heartbeat_ms=41250)
    old = control('state')['knobs']['sessions_remaining']
    g, _ = ready()
    is_('session starts are counted', control('state')['knobs']['sessions_remaining'], old - 1)
    is_('... and told', ask('GET', '/gateway/bot')[1]['session_start_limit']['remaining'], old - 1)
    g.bye()


def resume(r, seq, path='/gw-resume/?v=10&encoding=json'):
    g = Gateway(path)
    g.until(10)
    g.send(6, {'token': TOKEN, 'session_id': r['session_id'], 'seq': seq})
    return g


def resuming():
    g, r = ready()
    i = send()
    seq = g.until(0, 'INTERACTION_CREATE')['s']
    control('gateway', do='drop')
    missed = [send()['id'], send()['id']]
    is_('still shown online', control('state')['gateway']['online'], True)
    g = resume(r, seq)
    got = [g.until(0) for _ in range(3)]
    is_('what was missed, then RESUMED', [m['d'].get('id') or m['t'] for m in got], missed + ['RESUMED'])
    ok('in sequence', [m['s'] for m in got] == [seq + 1, seq + 2, seq + 3], got)
    ok('its first was another', i['id'] not in missed)
    g.frame(8, struct.pack('!H', 4000))
    g = resume(r, 999)
    is_('a seq that never was: 4007', g.code(), 4007)
    violated('... is seen', 'gateway-4007')
    g = resume(r, seq)
    is_('the session is gone: op 9', g.until(9)['d'], False)
    g.bye()
    g, r = ready()
    g.bye(1001)
    control('wait', **{'for': 'offline', 'timeout': 3})
    g = resume(r, 1)
    is_('after 1001: op 9', g.until(9)['d'], False)
    g.bye()
    g, r = ready()
    control('gateway', do='drop')
    g = resume(r, 1, '/gw?v=10&encoding=json')
    is_('at the first URL it works', g.until(0)['t'], 'RESUMED')
    violated('... but is seen', 'gateway-url')
    g.bye()
    for code in (4000, 4009, 1000):
        g, r = ready()
        control('gateway', do='close', code=code)
        is_('the gateway closes with %d' % code, g.code(), code)
        g = resume(r, 1)
        m = g.next()
        is_('... and resuming is %s' % ('done' if code != 4009 else 'refused'), m.get('t') or m['op'],
            'RESUMED' if code != 4009 else 9)
        g.bye()
    control('gateway', at='resume', do='invalid', d=True)
    g, r = ready()
    control('gateway', do='drop')
    g = resume(r, 1)
    m = g.next()
    is_('op 9, true, as ordered', (m['op'], m['d']), (9, True))
    g.bye(4000)
    control('gateway', at='hello', do='close', code=4011)
    is_('4011 instead of Hello', Gateway().code(), 4011)
    control('gateway', at='http', do='status', status=503)
    is_('503 instead of the handshake', Gateway().status, 503)
    control('gateway', do='event', at='never')


def frames():
    for text, code, frame in [
            ('a frame without a mask', 1002, lambda g: g.frame(1, b'{"op":1}', masked=False)),
            ('reserved bits', 1002, lambda g: g.frame(1, b'{"op":1}', rsv=4)),
            ('an opcode of nobody', 1002, lambda g: g.frame(3, b'')),
            ('a long ping', 1002, lambda g: g.frame(9, b'x' * 126)),
            ('a continuation of nothing', 1002, lambda g: g.frame(0, b'x')),
            ('no UTF-8', 1007, lambda g: g.frame(1, b'{"op":"\xff"}'))]:
        closed(text, code, 'frame', first=frame)
    g, _ = ready()
    g.frame(1, b'{"op":1,', fin=False)
    g.frame(0, b'"d":1}')
    is_('a message in pieces is read', g.until(11)['op'], 11)
    control('gateway', do='fragment', size=7)
    g.pieces = 0
    control('event', t='TYPING_START', d={'x': 'y' * 100})
    m = g.until(0, 'TYPING_START')
    ok('and sent, with a ping between', m['d'] == {'x': 'y' * 100} and g.pieces > 10 and g.pings == 1, (m, g.pieces, g.pings))
    control('gateway', do='fragment', size=0)
    control('gateway', do='frame', size=70000, text='x')
    head = g.f.read(10)
    is_('a long frame', (head[1] & 127, struct.unpack('!Q', head[2:])[0]), (127, 70000))
    g.f.read(70000)
    control('gateway', do='frame', rsv=2, text='{}')
    is_('reserved bits of ours', g.f.read(4)[0] >> 4 & 7, 2)
    g.bye()
    violated('nothing else')


# ---- faults, limits ----

def faults():
    control('set', limits={'POST /channels/{channel_id}/messages': [1000, 1]})
    at = '/channels/%s/messages' % GENERAL
    control('fault', method='POST', path='/messages', count=2, status=503, body='<html>no</html>')
    is_('503, not JSON, twice', [ask('POST', at, CONTENT)[0] for _ in range(3)], [503, 503, 200])
    for spoil in ('drop', 'truncate', 'garbage', 'reset'):
        control('fault', method='POST', path='/messages', spoil=spoil, after=True)
        n = len(control('messages', channel='general'))
        try:
            ask('POST', at, {**CONTENT, 'content': 'a longer text'})
            lost = False
        except (http.client.HTTPException, OSError):
            lost = True
        ok('the answer is lost (%s), the message made' % spoil,
           lost and len(control('messages', channel='general')) == n + 1)
    control('fault', method='GET', path='/users', delay_ms=300)
    t = time.monotonic()
    ask('GET', '/users/@me')
    ok('a slow answer', 0.3 <= time.monotonic() - t < 2)
    control('fault', path='/messages', scope='shared', retry_after=0.4)
    s, doc, h = ask('POST', at, CONTENT)
    is_('429, shared', (s, doc['retry_after'], doc['global'], h['x-ratelimit-scope'], h['retry-after']),
        (429, 0.4, False, 'shared', '1'))
    time.sleep(0.2)
    ask('POST', at, CONTENT)
    violated('asked within the wait', 'during-wait')
    time.sleep(0.3)
    control('fault', path='/messages', scope='global', retry_after=0.3)
    s, doc, h = ask('POST', at, CONTENT)
    is_('429, global', (s, doc['global'], h['x-ratelimit-global'], h['x-ratelimit-scope']), (429, True, 'true', 'global'))
    time.sleep(0.2)
    s, doc, _ = ask('GET', '/users/@me')
    is_('others wait as well', (s, doc['global']), (429, True))
    violated('... which is seen', 'during-global-wait')
    time.sleep(doc['retry_after'] + 0.01)
    is_('over', ask('GET', '/users/@me')[0], 200)


def limits():
    control('set', limits={'PATCH /channels/{channel_id}/messages/{message_id}': [2, 0.6]})
    at = '/channels/%s/messages' % GENERAL
    m = ask('POST', at, CONTENT)[1]['id']
    answers = [ask('PATCH', at + '/' + m, CONTENT) for _ in range(3)]
    is_('two, then no more', [(a[0], a[2]['x-ratelimit-remaining']) for a in answers],
        [(200, '1'), (200, '0'), (429, '0')])
    last = answers[2]
    ok('with its wait', 0 < last[1]['retry_after'] <= 0.6 and last[2]['x-ratelimit-scope'] == 'user', last)
    time.sleep(last[1]['retry_after'] + 0.01)
    is_('then again', ask('PATCH', at + '/' + m, CONTENT)[0], 200)
    violated('who waits does nothing wrong')
    control('set', limits={})


def speed():
    """200 first answers at once."""
    g, _ = ready()
    ids = [send() for _ in range(200)]
    parts = [[], [], [], []]

    def run(n):
        c = http.client.HTTPConnection('127.0.0.1', PORT)
        for i in ids[n::4]:
            c.request('POST', '/api/v10/interactions/%s/%s/callback?with_response=true' % (i['id'], i['token']),
                      '{"type":5}', {'User-Agent': AGENT, 'Content-Type': 'application/json'})
            r = c.getresponse()
            r.read()
            parts[n].append(r.status)
        c.close()
    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    t = time.monotonic()
    for x in threads:
        x.start()
    for x in threads:
        x.join()
    took = time.monotonic() - t
    is_('200 first answers', sorted(sum(parts, [])), [200] * 200)
    print('# 200 first answers took %.0f ms, this client included' % (took * 1000))
    ok('in less than two seconds', took < 2, took)
    g.bye()


WORLD = open(D + '/world').read() if os.path.exists(D + '/world') else '{}'
main()
