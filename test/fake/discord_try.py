#!/usr/bin/env python3
"""discord_try.py DIR: is the stand-in as strict as Discord? Prints "ok TEXT" or "not ok TEXT" for each
thing tried, and "end". DIR is the stand-in's."""
import sys

sys.dont_write_bytecode = True

from discord_client import *  # noqa: E402, F403
from discord_try_forms import commands, messages  # noqa: E402
from discord_try_gateway import frames, gateway, resuming  # noqa: E402


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


# ---- interactions ----

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


def main():
    for part in (requests, messages, commands, interactions, webhooks, gateway, resuming, frames, faults, limits, speed):
        try:
            part()
        except Exception as e:  # the rest is tried nevertheless
            import traceback
            traceback.print_exc()
            ok('%s runs to its end' % part.__name__, False, repr(e))
    print('end')


WORLD = open(D + '/world').read() if os.path.exists(D + '/world') else '{}'
main()
