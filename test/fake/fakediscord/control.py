"""What tests ask and order: everything below /_control/. ../discord.py lists it."""
import asyncio
import json
import re
import time

from . import shapes
from .answers import AUTOCOMPLETE, COMMAND, COMPONENT
from .commands import Cannot, client_data, may_use
from .forms import EPHEMERAL
from .http import Answer
from .world import VIEW_CHANNEL, now_ms


class Wrong(Exception):
    """The test asked nonsense."""


class Control:
    def __init__(self, w, rest):
        self.w, self.rest, self.hub, self.answers = w, rest, rest.hub, rest.answers
        self.posts, self.commands = rest.posts, rest.commands
        self.held = None  # interactions that leave together (many)

    async def handle(self, r):
        name = r.path[len('/_control/'):].strip('/').replace('/', '_') or 'state'
        call = getattr(self, 'do_' + name, None)
        if not call:
            return Answer(404, {'error': 'no such control: %s' % name})
        try:
            a = json.loads(r.body) if r.body else dict(r.query)
            out = call(a)
            if asyncio.iscoroutine(out):
                out = await out
            return out if isinstance(out, Answer) else Answer(200, out)
        except Cannot as e:
            return Answer(422, {'refused': str(e)})
        except (Wrong, KeyError, ValueError, TypeError, AttributeError) as e:
            return Answer(400, {'error': '%s: %s' % (type(e).__name__, e)})

    # ---- people ----

    def who_and_where(self, a):
        w = self.w
        user = w.find_user(a.get('user', 'anna'))
        if not user:
            raise Wrong('no user %s' % a.get('user'))
        guild = a.get('guild')
        if guild:
            guild = next((g['id'] for g in w.guilds.values() if guild in (g['id'], g['name'])), guild)
        channel = w.find_channel(a.get('channel', 'games'), guild)
        if not channel:
            raise Wrong('no channel %s' % a.get('channel'))
        rights = w.rights(channel, user['id'])
        if not rights & VIEW_CHANNEL and not a.get('raw'):
            raise Cannot('%s does not see #%s' % (user['username'], channel['name']))
        return user, channel, rights

    def event(self, i, rights, a):
        """The INTERACTION_CREATE of an interaction."""
        w = self.w
        g = w.guilds[i.guild_id]
        d = {'id': i.id, 'application_id': w.application['id'], 'type': i.type, 'data': i.data,
             'token': i.token, 'version': 1, 'guild_id': i.guild_id, 'channel_id': i.channel['id'],
             'guild': {'id': g['id'], 'locale': 'en-US', 'features': []}, 'guild_locale': 'en-US',
             'channel': shapes.channel(i.channel, rights), 'locale': a.get('locale', 'en-US'),
             'app_permissions': str(w.rights(i.channel, w.bot['id'])), 'context': 0, 'entitlements': [],
             'entitlement_sku_ids': [], 'attachment_size_limit': 10485760,
             'authorizing_integration_owners': {'0': i.guild_id}}
        if a.get('dm'):
            for key in ('guild_id', 'guild', 'guild_locale'):
                del d[key]
            d.update(user=shapes.user(i.user), context=1)
        elif i.user['id'] in g['members']:
            roles = a.get('roles')
            d['member'] = {**shapes.member(w, g, i.user['id']), 'permissions': str(rights),
                           **({'roles': roles} if roles is not None else {})}
        else:
            d['member'] = {'user': shapes.user(i.user), 'roles': a.get('roles', []), 'permissions': '0'}
        if i.message_id:
            m = w.messages.get(i.message_id)
            d['message'] = self.posts.api(m) if m else {'id': i.message_id, 'channel_id': i.channel['id']}
        for k, v in a.get('with', {}).items():  # anything else, or null to leave it out
            if v is None:
                d.pop(k, None)
            else:
                d[k] = v
        return d

    def send(self, i, rights, a):
        i.event = self.event(i, rights, a)
        if self.held is not None:
            self.held.append(i)
            return {'id': i.id, 'token': i.token, 'sent': None}
        i.sent = 1 if self.hub.event('INTERACTION_CREATE', i.event) else 0
        return {'id': i.id, 'token': i.token, 'sent': bool(i.sent)}

    def do_command(self, a, kind=COMMAND):
        user, channel, rights = self.who_and_where(a)
        name = a.get('name', 'server')
        command = self.commands.by_name(channel['guild_id'], name) or self.commands.by_name(None, name)
        sub, options, focused = a.get('sub', []), a.get('options', {}), a.get('focused')
        sub = sub.split() if isinstance(sub, str) else sub
        if 'data' in a:
            data = a['data']
        elif a.get('raw'):
            data = self.raw_data(command, name, sub, options, focused)
        else:
            if not command:
                raise Cannot('no command /%s is registered there' % name)
            if not may_use(rights, command):
                raise Cannot('%s is not shown /%s' % (user['username'], name))
            data = client_data(command, sub, options, focused)
        i = self.answers.new(kind, user, channel, data, age_s=float(a.get('age_s', 0)))
        return self.send(i, rights, a)

    @staticmethod
    def raw_data(command, name, sub, options, focused):
        kinds = {bool: 5, int: 4, float: 10}
        opts = [{'name': k, 'type': kinds.get(type(v), 3), 'value': v, **({'focused': True} if k == focused else {})}
                for k, v in options.items()]
        for n, s in enumerate(reversed(sub)):
            opts = [{'name': s, 'type': 1 if n == 0 else 2, 'options': opts}]
        return {'id': command['id'] if command else '1', 'name': name, 'type': 1, 'options': opts}

    def do_autocomplete(self, a):
        if not a.get('focused'):
            raise Wrong('focused: which option is being typed')
        a['options'] = {**a.get('options', {}), a['focused']: a.get('value', '')}
        return self.do_command(a, AUTOCOMPLETE)

    def do_many(self, a):
        """Many people at once: the events are made first, and leave together."""
        held = self.held = []
        try:
            out = [getattr(self, 'do_' + word)(dict(what)) for word, what in a['do']
                   if word in ('command', 'autocomplete', 'press')]
        finally:
            self.held = None
        for i in held:
            i.made, i.began = now_ms(), time.monotonic()
            i.sent = 1 if self.hub.event('INTERACTION_CREATE', i.event) else 0
        return [o['id'] for o in out]

    def do_press(self, a):
        """A button by custom_id or by a part of its label, of a message or of the newest that has it."""
        w = self.w
        if a.get('raw') and 'custom_id' in a:
            user, channel, rights = self.who_and_where(a)
            i = self.answers.new(COMPONENT, user, channel, {'component_type': 2, 'custom_id': a['custom_id'], 'id': 2},
                                 message_id=a.get('message', '1'), age_s=float(a.get('age_s', 0)))
            return self.send(i, rights, a)
        several = [w.messages[a['message']]] if 'message' in a else list(w.messages.values())[::-1]
        for m in several:
            for b in m.buttons():
                if b.get('custom_id') and (b['custom_id'] == a.get('custom_id') or
                                           a.get('label') and a['label'] in b.get('label', '')):
                    return self.press(m, b, a)
        raise Cannot('no message has that button')

    def press(self, m, b, a):
        a = dict(a, channel=m.channel['id'])
        user, channel, rights = self.who_and_where(a)
        if not a.get('raw'):
            if m.deleted:
                raise Cannot('the message is gone')
            if b.get('disabled'):
                raise Cannot('the button is disabled')
            if m.flags & EPHEMERAL and m.only_for != user['id']:
                raise Cannot('%s does not see the message' % user['username'])
        i = self.answers.new(COMPONENT, user, channel, {'component_type': 2, 'custom_id': b['custom_id'],
                                                        'id': b.get('id', 2)},
                             message_id=m.id, age_s=float(a.get('age_s', 0)))
        return self.send(i, rights, a)

    def do_again(self, a):
        """The same event once more, with its own sequence number."""
        i = self.w.interactions[a['interaction']]
        for _ in range(int(a.get('count', 1))):
            i.sent += bool(self.hub.event('INTERACTION_CREATE', i.event))
        return {'id': i.id, 'sent': i.sent}

    def do_event(self, a):
        return {'sent': [self.hub.event(a['t'], a.get('d')) for _ in range(int(a.get('count', 1)))][-1]}

    def do_say(self, a):
        """Somebody writes a message."""
        user, channel, _ = self.who_and_where(a)
        m = self.posts.made(channel, shapes.user(user), {'content': a['content'], 'allowed_mentions': {}}, 'user')
        return self.posts.seen(m)

    def do_delete(self, a):
        self.posts.remove(self.w.messages[a['message']])
        return {}

    # ---- the gateway ----

    def do_gateway(self, a):
        """Something happens on the newest open connection, or to those that come ("at")."""
        if 'at' in a:
            self.hub.orders.append(dict(a))
            return {'orders': self.hub.orders}
        do = a['do']
        if do == 'ack':
            self.hub.acking = bool(a.get('on', True))
            return {}
        live = self.hub.live()
        if not live:
            raise Cannot('no connection is open')
        c = live[-1]
        if do == 'op':
            c.send(a['op'], a.get('d'), a.get('s'), a.get('t'))
        elif do == 'close':
            c.close(a.get('code', 1000), a.get('reason'))
        elif do == 'drop':
            c.closed_by = 'server'
            c.end(None)
        elif do == 'end':  # the server ends TCP without a close frame
            c.closed_by, c.code = 'end', None
            c.end(1006)
        elif do == 'stall':
            c.stalled, c.deaf = bool(a.get('on', True)), bool(a.get('on', True))
        elif do == 'fragment':
            c.fragment = int(a.get('size', 0))
        elif do == 'text':
            c.text(a['text'])
        elif do == 'frame':
            self.frame(c, a)
        elif do == 'raw':
            c.put(bytes.fromhex(a['hex']))
        else:
            raise Wrong('do: op, close, drop, end, stall, fragment, text, frame, raw or ack')
        return {'connection': c.number}

    @staticmethod
    def frame(c, a):
        from . import wsock
        data = bytes.fromhex(a['hex']) if 'hex' in a else a.get('text', '').encode()
        if 'size' in a:  # so many bytes, the text over and over
            data = (data or b' ') * (int(a['size']) // max(len(data), 1) + 1)
            data = data[:int(a['size'])]
        c.put(wsock.frame(a.get('opcode', wsock.TEXT), data, a.get('fin', True), a.get('rsv', 0),
                          b'\1\2\3\4' if a.get('masked') else None))

    # ---- faults, clocks, the world ----

    def do_fault(self, a):
        if 'clear' in a:
            self.rest.faults.clear()
            return {'faults': []}
        self.rest.faults.append({'count': 1, **a})
        return {'faults': self.rest.faults}

    def do_set(self, a):
        unknown = set(a) - set(self.w.knobs)
        if unknown:
            raise Wrong('no knob %s' % ', '.join(sorted(unknown)))
        self.w.knobs.update(a)
        self.w.rights_version += 1
        return self.w.knobs

    def do_world(self, a):
        self.w.change(a)
        return {}

    def do_register(self, a):
        """Commands as if the application had registered them: {"guild", "commands"}."""
        return self.commands.replace(a.get('guild'), a['commands'])

    # ---- questions ----

    def do_state(self, a):
        w = self.w
        return {'application': w.application, 'bot': w.bot, 'token': w.token, 'knobs': w.knobs,
                'webhooks': list(w.webhooks.values()),
                'gateway': self.hub.state(), 'messages': self.do_messages({}),
                'interactions': self.do_interactions({}), 'commands': self.do_commands({}),
                'writes': self.commands.writes, 'violations': w.violations,
                'invalid_requests': len(self.rest.limits.invalid), 'faults': self.rest.faults}

    def do_commands(self, a):
        return {str(scope): list(c.values()) for scope, c in self.w.commands.items()}

    def do_messages(self, a):
        return [self.posts.seen(m) for m in self.w.messages.values() if self.fits_message(m, a)]

    def do_message(self, a):
        return self.posts.seen(self.w.messages[a['id']])

    def do_interactions(self, a):
        return [i.seen() for i in self.w.interactions.values()]

    def do_interaction(self, a):
        return self.w.interactions[a['id']].seen()

    def do_requests(self, a):
        out = [r for r in self.w.requests if self.fits_request(r, a)]
        if a.get('clear'):
            self.w.requests.clear()
        return out

    def do_violations(self, a):
        soft = a.get('soft') in (True, 'true', '1')
        out = [v for v in self.w.violations if soft or not v.get('soft')]
        if a.get('clear'):
            self.w.violations.clear()
        return out

    @staticmethod
    def fits_request(r, a):
        return a.get('method', r['method']) == r['method'] and bool(re.search(a.get('path', ''), r['path'])) \
            and int(a.get('status', r['status'])) == r['status'] and r['t'] >= int(a.get('since', 0))

    def fits_message(self, m, a):
        c = m.channel
        if a.get('channel') not in (None, c['id'], c['name']) or a.get('via', m.via) != m.via:
            return False
        if 'interaction' in a and (not m.interaction or m.interaction.id != a['interaction']):
            return False
        if 'deleted' in a and bool(m.deleted) != bool(a['deleted']):
            return False
        if 'loading' in a and m.loading != bool(a['loading']):
            return False
        if 'ephemeral' in a and bool(m.flags & EPHEMERAL) != bool(a['ephemeral']):
            return False
        if 'pings' in a and not any(a['pings'] in r['pings'] for r in m.revisions):
            return False
        if 'button' in a and not any(a['button'] in (b.get('label') or '') for b in m.buttons()):
            return False
        return bool(re.search(a.get('match', ''), m.text())) and m.created >= int(a.get('since', 0))

    def look(self, a):
        """What "for" asks, or None while it is not so."""
        what = a['for']
        if what == 'ready':
            g = self.hub.state()
            return g if g['readies'] >= int(a.get('n', 1)) and g['online'] and self.hub.live() else None
        if what == 'resumed':
            g = self.hub.state()
            return g if g['resumes'] >= int(a.get('n', 1)) else None
        if what in ('online', 'offline'):
            return self.hub.state() if self.hub.presence[-1]['status'] == what else None
        if what == 'connections':
            live = len(self.hub.live())
            return {'open': live} if live == int(a.get('n', 1)) else None
        if what == 'message':
            found = self.do_messages(a)
            return found[-1] if len(found) >= int(a.get('n', 1)) else None
        if what == 'answered':
            i = self.w.interactions[a['interaction']]
            done = i.callback is not None
            if done and a.get('filled') and i.original:
                done = not self.w.messages[i.original].loading
            return i.seen() if done else None
        if what == 'request':
            found = self.do_requests(a)
            return found if len(found) >= int(a.get('n', 1)) else None
        if what == 'violation':
            found = [v for v in self.w.violations if re.search(a.get('kind', ''), v['kind'])]
            return found or None
        if what == 'op':
            found = [x for x in self.hub.log if x['op'] == int(a['op'])]
            return found if len(found) >= int(a.get('n', 1)) else None
        if what == 'commands':
            found = self.commands.of(a.get('guild'))
            return list(found.values()) if len(found) >= int(a.get('n', 1)) else None
        raise Wrong('for: ready, resumed, online, offline, connections, message, answered, request, '
                    'violation, op or commands')

    async def do_wait(self, a):
        """Until it is so; 408 at the deadline."""
        deadline = time.monotonic() + float(a.get('timeout', 10))
        while True:
            found = self.look(a)
            if found is not None:
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                return Answer(408, {'timeout': a, 'now': now_ms()})
            await self.w.wait_change(min(left, 1.0))
