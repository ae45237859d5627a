"""Routes of the API, what is refused before a route is asked, and the faults that tests order.

Source: Discord API v10, "Reference", "Opcodes and Status Codes".
"""
import asyncio
import json
import re

from . import shapes
from .forms import Form, Refusal
from .http import Answer
from .world import READ_MESSAGE_HISTORY, now_ms

BASE = '/api/v10'
UA_OK = re.compile(r'^DiscordBot \(.+[ ,].+\)')
UA_STRICT = re.compile(r'^DiscordBot \([^ ,()]+, [^ ()]+\)')
LOG_MAX = 20000


class Route:
    def __init__(self, method, template, call, auth='bot', body=False):
        self.method, self.template, self.call, self.auth, self.body = method, template, call, auth, body
        self.name = method + ' ' + template.replace('@original', '{message_id}')
        self.regex = re.compile('^' + re.sub(r'\\{(\w+)\\}', r'(?P<\1>[^/]+)', re.escape(template)) + '$')


class Rest:
    def __init__(self, w, posts, answers, commands, hub, limits):
        self.w, self.posts, self.answers = w, posts, answers
        self.commands, self.hub, self.limits = commands, hub, limits
        self.faults = []
        self.refused = {}       # (method, path): rights_version at its 403
        self.unauthorized = False
        self.dead = set()       # paths of webhooks and callbacks that were 404
        self.routes = [Route(*r) for r in self.table()]

    def table(self):
        """method, template, call(ids, body, request), auth, body wanted. auth: bot, maybe, never."""
        p, a, c = self.posts, self.answers, self.commands
        app = '/applications/{application_id}'
        hook = '/webhooks/{webhook_id}/{webhook_token}'
        rows = [
            ('GET', '/gateway', lambda i, b, r: (200, {'url': self.gateway_url()}), 'maybe'),
            ('GET', '/gateway/bot', self.gateway_bot),
            ('GET', '/users/@me', lambda i, b, r: (200, shapes.me(self.w))),
            ('GET', '/users/@me/guilds', self.my_guilds),
            ('GET', '/applications/@me', lambda i, b, r: (200, shapes.application(self.w, True))),
            ('GET', '/oauth2/applications/@me', lambda i, b, r: (200, shapes.application(self.w, True))),
            ('GET', '/guilds/{guild_id}', lambda i, b, r: (200, shapes.guild(self.w, self.guild(i)))),
            ('GET', '/guilds/{guild_id}/roles', lambda i, b, r: (200, shapes.roles(self.guild(i)))),
            ('GET', '/guilds/{guild_id}/channels', self.guild_channels),
            ('GET', '/guilds/{guild_id}/members/{user_id}', self.member),
            ('GET', '/channels/{channel_id}', self.channel),
            ('GET', '/channels/{channel_id}/messages', self.history),
            ('GET', '/channels/{channel_id}/messages/{message_id}', self.message),
            ('POST', '/channels/{channel_id}/messages',
             lambda i, b, r: (200, p.api(p.post(i['channel_id'], b))), 'bot', True),
            ('PATCH', '/channels/{channel_id}/messages/{message_id}',
             lambda i, b, r: (200, p.api(p.patch(i['channel_id'], i['message_id'], b))), 'bot', True),
            ('DELETE', '/channels/{channel_id}/messages/{message_id}',
             lambda i, b, r: (204, p.delete(i['channel_id'], i['message_id']))),
            ('POST', '/interactions/{interaction_id}/{interaction_token}/callback',
             lambda i, b, r: a.respond(i['interaction_id'], i['interaction_token'], b,
                                       r.query.get('with_response') in ('true', '1', 'True')), 'never', True),
            ('GET', '/webhooks/{webhook_id}/{webhook_token}', self.webhook, 'never'),
            ('POST', hook, self.execute, 'never', True),
            ('GET', hook + '/messages/{message_id}',
             lambda i, b, r: (200, p.api(a.message(*self.hook(i))[1])), 'never'),
            ('PATCH', hook + '/messages/{message_id}',
             lambda i, b, r: (200, p.api(a.edit(*self.hook(i), b))), 'never', True),
            ('DELETE', hook + '/messages/{message_id}', self.unsend, 'never')]
        for scope in (app, app + '/guilds/{guild_id}'):
            at = scope + '/commands'
            rows += [
                ('GET', at, lambda i, b, r: (200, list(c.of(self.scope(i)).values()))),
                ('PUT', at, lambda i, b, r: (200, c.replace(self.scope(i), b)), 'bot', True),
                ('POST', at, self.create_command, 'bot', True),
                ('GET', at + '/{command_id}', lambda i, b, r: (200, c.get(self.scope(i), i['command_id']))),
                ('PATCH', at + '/{command_id}',
                 lambda i, b, r: (200, c.edit(self.scope(i), i['command_id'], b)), 'bot', True),
                ('DELETE', at + '/{command_id}',
                 lambda i, b, r: (204, c.delete(self.scope(i), i['command_id'])))]
        return rows

    # ---- single routes ----

    def gateway_url(self):
        k = self.w.knobs
        return self.w.ws_url(k['gateway_path'] + k['gateway_slash'])

    def gateway_bot(self, ids, body, r):
        k = self.w.knobs
        return 200, {'url': self.gateway_url(), 'shards': 1, 'session_start_limit': {
            'total': k['sessions_total'], 'remaining': k['sessions_remaining'],
            'reset_after': k['sessions_reset_ms'], 'max_concurrency': k['max_concurrency']}}

    def my_guilds(self, ids, body, r):
        w = self.w
        return 200, [{'id': g['id'], 'name': g['name'], 'icon': None, 'banner': None, 'owner': False,
                      'permissions': str(w.base_rights(g, w.bot['id'])), 'features': []}
                     for g in w.guilds.values() if w.in_guild(g)]

    def guild(self, ids):
        g = self.w.guilds.get(ids['guild_id'])
        if not self.w.in_guild(g):
            raise Refusal(404, 10004, 'Unknown Guild')
        return g

    def guild_channels(self, ids, body, r):
        w, g = self.w, self.guild(ids)
        # all of them, also those that the bot cannot see, but no threads
        return 200, [shapes.channel(c) for c in w.channels.values()
                     if c['guild_id'] == g['id'] and c['type'] not in (10, 11, 12)]

    def member(self, ids, body, r):
        g = self.guild(ids)
        if ids['user_id'] not in self.w.users:
            raise Refusal(404, 10013, 'Unknown User')
        if ids['user_id'] not in g['members']:
            raise Refusal(404, 10007, 'Unknown Member')
        return 200, shapes.member(self.w, g, ids['user_id'])

    def channel(self, ids, body, r):
        c = self.posts.channel(ids['channel_id'])
        return 200, shapes.channel(c)

    def history(self, ids, body, r):
        c = self.posts.channel(ids['channel_id'])
        if not self.w.rights(c, self.w.bot['id']) & READ_MESSAGE_HISTORY:
            return 200, []
        found = [m for m in self.w.messages.values() if m.channel['id'] == c['id'] and not m.deleted and not m.flags & 64]
        return 200, [self.posts.api(m) for m in found[::-1][:int(r.query.get('limit', 50))]]

    def message(self, ids, body, r):
        c = self.posts.channel(ids['channel_id'])
        if not self.w.rights(c, self.w.bot['id']) & READ_MESSAGE_HISTORY:
            raise Refusal(403, 50013, 'Missing Permissions')
        return 200, self.posts.api(self.posts.get(ids['message_id'], ids['channel_id']))

    @staticmethod
    def hook(i):
        return i['webhook_id'], i['webhook_token'], i['message_id']

    def webhook(self, ids, body, r):
        i, h = self.answers.find(ids['webhook_id'], ids['webhook_token'])
        if i:
            raise Refusal(404, 10015, 'Unknown Webhook')
        return 200, shapes.webhook(h)

    def execute(self, ids, body, r):
        i, h = self.answers.find(ids['webhook_id'], ids['webhook_token'])
        m = self.answers.execute(ids['webhook_id'], ids['webhook_token'], body, r.query)
        if i or r.query.get('wait') in ('true', '1', 'True'):
            return 200, self.posts.api(m)
        return 204, None

    def unsend(self, ids, body, r):
        _, m = self.answers.message(*self.hook(ids))
        self.posts.remove(m)
        return 204, None

    def scope(self, ids):
        w = self.w
        if ids['application_id'] != w.application['id']:
            raise Refusal(403, 20012, 'You are not authorized to perform this action on this application')
        gid = ids.get('guild_id')
        if gid is None:
            return None
        g = w.guilds.get(gid)
        if not g or not g.get('commands_scope'):
            raise Refusal(403, 50001, 'Missing Access')
        return gid

    def create_command(self, ids, body, r):
        made, there = self.commands.create(self.scope(ids), body)
        return 200 if there else 201, made

    # ---- before a route is asked ----

    def find(self, method, path):
        """The route and its ids; a Refusal when there is none."""
        wrong_method = False
        for route in self.routes:
            m = route.regex.match(path)
            if not m:
                continue
            if route.method != method:
                wrong_method = True
                continue
            ids, f = m.groupdict(), Form()
            for k, v in ids.items():
                if not k.endswith('_token') and not (k == 'message_id' and v == '@original'):
                    f.snowflake([k], v)
            f.done()
            return route, ids
        raise Refusal(405, 0, '405: Method Not Allowed') if wrong_method else Refusal(404, 0, '404: Not Found')

    def check_agent(self, r):
        ua = r.header('user-agent') or ''
        if not UA_OK.match(ua):
            # With the path as the secret other agents pass, as bots on python3-discord show, but
            # the documents want it everywhere.
            hook = r.path.startswith((BASE + '/webhooks/', BASE + '/interactions/')) and ua
            self.w.violation('user-agent-hook' if hook else 'user-agent', 'User-Agent is %r' % ua)
            if hook:
                return
            raise Refusal(403, 40333, 'internal network error')
        if not UA_STRICT.match(ua):
            self.w.violation('user-agent-form', 'User-Agent is %r' % ua, soft=True)

    def check_auth(self, route, r):
        given = r.header('authorization')
        if route.auth == 'never':
            if given:
                self.w.violation('authorization', 'a bot token where the path is the secret: ' + route.name)
            return
        if route.auth == 'maybe' and not given:
            return
        if self.unauthorized and given == self.unauthorized:
            self.w.violation('after-401', 'asked again with a token that was refused: ' + route.name)
        if given != 'Bot ' + self.w.token or self.w.token_dead:
            self.unauthorized = given
            raise Refusal(401, 0, '401: Unauthorized')

    def parse(self, route, r):
        if not route.body:
            return None
        kind = (r.header('content-type') or '').split(';')[0].strip().lower()
        if kind == 'multipart/form-data':
            raise Refusal(400, 50035, 'Invalid Form Body')
        if kind != 'application/json':
            self.w.violation('content-type', '%s: Content-Type is %r' % (route.name, kind))
            raise Refusal(400, 50035, 'Expected "Content-Type" header to be one of {\'application/json\'}.')
        try:
            return json.loads(r.body)
        except ValueError:
            self.w.violation('bad-json', route.name)
            raise Refusal(400, 50109, 'The request body contains invalid JSON.') from None

    def check_repeats(self, route, r):
        """What a client that reads its answers would not ask."""
        if self.refused.get((r.method, r.path)) == self.w.rights_version:
            self.w.violation('repeated-403', route.name)
        if r.path in self.dead:
            self.w.violation('repeated-404', route.name)

    # ---- a request ----

    def fault_for(self, r):
        for f in self.faults:
            if f['count'] > 0 and f.get('method', r.method) == r.method and \
                    re.search(f.get('path', '.'), r.path):
                if f.get('skip', 0) > 0:
                    f['skip'] -= 1
                    return None
                f['count'] -= 1
                f['hits'] = f.get('hits', 0) + 1
                return f
        return None

    async def handle(self, r):
        w = self.w
        entry = {'t': now_ms(), 'method': r.method, 'path': r.path, 'query': r.query, 'status': 0,
                 'auth': bool(r.header('authorization')), 'body': r.body.decode(errors='replace')}
        w.requests.append(entry)
        del w.requests[:-LOG_MAX]
        fault = self.fault_for(r)
        delay = (fault or {}).get('delay_ms') or w.knobs['delay_ms']
        if delay and not (fault or {}).get('late'):
            await asyncio.sleep(delay / 1000)
        try:
            out = self.answer(r, fault)
        except Refusal as e:
            out = Answer(e.status, e.body, dict(e.headers))
        if delay and (fault or {}).get('late'):  # done, but the answer takes its time
            await asyncio.sleep(delay / 1000)
        out.headers.setdefault('Via', '1.1 google')  # libraries tell Discord from Cloudflare by it
        entry['status'] = out.status
        entry['spoil'] = out.spoil
        w.touch()
        return out

    def answer(self, r, fault):
        if not r.path.startswith(BASE + '/'):
            raise Refusal(404, 0, '404: Not Found')
        self.check_agent(r)
        route, ids = self.find(r.method, r.path[len(BASE):])
        if fault and fault.get('scope'):
            head, body = self.limits.ordered(route.name, ids, fault['scope'], float(fault.get('retry_after', 1)))
            self.limits.judged(429, fault['scope'])
            return Answer(429, body, head)
        if fault and ('status' in fault or fault.get('spoil') and not fault.get('after')):
            return self.faulty(fault)
        self.check_auth(route, r)
        head, limited = self.limits.take(route.name, ids, route.auth != 'never')
        if limited:
            self.limits.judged(429, head['X-RateLimit-Scope'])
            return Answer(429, limited, head)
        self.check_repeats(route, r)
        try:
            status, body = route.call(ids, self.parse(route, r), r)
            out = Answer(status, body, head)
        except Refusal as e:
            out = self.refusal(e, route, r, head)
        if fault and fault.get('spoil'):
            out.spoil = fault['spoil']
        return out

    def refusal(self, e, route, r, head):
        if e.status == 403 and not e.about_body:
            self.refused[(r.method, r.path)] = self.w.rights_version
        if e.status == 404 and e.code in (10015, 10062):
            live = e.code == 10015 and r.path.split('/')[5:6] and self.w.by_token.get(r.path.split('/')[5])
            if not live:
                self.dead.add(r.path)
        if e.status == 429:
            after = float(e.headers.pop('retry', 1))
            e.body.update(retry_after=round(after, 3), **{'global': False})
            head = {**head, 'X-RateLimit-Scope': 'user', 'Retry-After': str(int(after + 0.999))}
        self.limits.judged(e.status, head.get('X-RateLimit-Scope'))
        return Answer(e.status, e.body, {**head, **e.headers})

    @staticmethod
    def faulty(f):
        body = f.get('body', {'message': 'ordered by a test', 'code': f.get('code', 0)})
        if isinstance(body, str):
            body = body.encode()
        return Answer(f.get('status', 200), body, dict(f.get('headers', {})), f.get('spoil'))
