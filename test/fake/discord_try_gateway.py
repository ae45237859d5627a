"""The gateway: close codes, resuming, frames."""
from discord_client import *  # noqa: F403


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
