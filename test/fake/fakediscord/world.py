"""Who and what there is: users, guilds, roles, channels, webhooks; snowflakes and permissions.

Everything is kept in the JSON form of Discord's API where there is one. Times are milliseconds
since 1970. Source: Discord API v10, "Reference", "Permissions", "Guild", "Channel".
"""
import asyncio
import base64
import datetime
import json
import random
import time

EPOCH_MS = 1420070400000

ADMINISTRATOR = 1 << 3
MANAGE_GUILD = 1 << 5
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
CONNECT = 1 << 20
USE_APPLICATION_COMMANDS = 1 << 31
MANAGE_THREADS = 1 << 34
SEND_MESSAGES_IN_THREADS = 1 << 38
ALL = (1 << 53) - 1
INVITE = VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | READ_MESSAGE_HISTORY | SEND_MESSAGES_IN_THREADS

THREADS = (10, 11, 12)
TEXT = (0, 2, 5, 13) + THREADS  # messages can be posted there

# What the world is unless a seed says otherwise. A seed is merged into it, key by key; lists of
# objects with an "id" are merged by id. The application and its bot user have different ids, as
# older applications do, so that nobody can take one for the other unnoticed.
DEFAULT = {
    'token': None,
    'application': {'id': '1100000000000000001', 'name': 'gsp test', 'bot_public': True,
                    'bot_require_code_grant': False, 'interactions_endpoint_url': None, 'flags': 0},
    'bot': {'id': '1100000000000000002', 'username': 'gsp-test'},
    'users': [
        {'id': '1500000000000000001', 'username': 'olivia', 'global_name': 'Olivia'},
        {'id': '1500000000000000002', 'username': 'anna', 'global_name': 'Anna'},
        {'id': '1500000000000000003', 'username': 'bert'},
        {'id': '1500000000000000004', 'username': 'carl'},
        {'id': '1500000000000000005', 'username': 'eve', 'global_name': '@everyone <b>*Eve*'}],
    'guilds': [
        {'id': '1200000000000000001', 'name': 'friends', 'owner_id': '1500000000000000001',
         'bot': True, 'commands_scope': True,
         'roles': [
             {'id': '1200000000000000001', 'name': '@everyone',
              'permissions': str(VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | READ_MESSAGE_HISTORY |
                                 CONNECT | USE_APPLICATION_COMMANDS | SEND_MESSAGES_IN_THREADS)},
             {'id': '1300000000000000001', 'name': 'players'},
             {'id': '1300000000000000002', 'name': 'operators'},
             {'id': '1300000000000000003', 'name': 'admins'},
             {'id': '1300000000000000009', 'name': 'gsp-test', 'managed': True,
              'permissions': str(INVITE)}],
         'channels': [
             {'id': '1400000000000000005', 'name': 'rooms', 'type': 4},
             {'id': '1400000000000000001', 'name': 'games', 'type': 0,
              'parent_id': '1400000000000000005'},
             {'id': '1400000000000000002', 'name': 'general', 'type': 0},
             {'id': '1400000000000000003', 'name': 'hidden', 'type': 0, 'permission_overwrites': [
                 {'id': '1100000000000000002', 'type': 1, 'allow': '0', 'deny': str(VIEW_CHANNEL)}]},
             {'id': '1400000000000000004', 'name': 'readonly', 'type': 0, 'permission_overwrites': [
                 {'id': '1300000000000000009', 'type': 0, 'allow': '0',
                  'deny': str(SEND_MESSAGES | SEND_MESSAGES_IN_THREADS)}]},
             {'id': '1400000000000000006', 'name': 'evening', 'type': 11,
              'parent_id': '1400000000000000001'},
             {'id': '1400000000000000007', 'name': 'old evening', 'type': 11,
              'parent_id': '1400000000000000001', 'archived': True, 'locked': True},
             {'id': '1400000000000000008', 'name': 'talk', 'type': 2}],
         'members': {'1500000000000000001': [],
                     '1500000000000000002': ['1300000000000000001'],
                     '1500000000000000003': ['1300000000000000001', '1300000000000000002'],
                     '1500000000000000004': ['1300000000000000003'],
                     '1500000000000000005': [],
                     '1100000000000000002': ['1300000000000000009']}},
        {'id': '1200000000000000002', 'name': 'strangers', 'owner_id': '1500000000000000005',
         'bot': True, 'commands_scope': True,
         'roles': [{'id': '1200000000000000002', 'name': '@everyone', 'permissions': str(
             INVITE | USE_APPLICATION_COMMANDS)}],
         'channels': [{'id': '1400000000000000021', 'name': 'lobby', 'type': 0}],
         'members': {'1500000000000000005': [], '1500000000000000002': [],
                     '1100000000000000002': []}}],
    'webhooks': [{'id': '1600000000000000001', 'name': 'announcer', 'type': 1,
                  'guild_id': '1200000000000000001', 'channel_id': '1400000000000000002',
                  'token': 'wh-' + 'A1b2_C3d4-' * 6 + 'Zz'}],
}

# What can be changed while it runs: POST /_control/set.
KNOBS = {
    'callback_window_s': 3.0, 'token_life_s': 900.0, 'followups_max': None,
    'heartbeat_ms': 41250, 'session_timeout_s': 180.0, 'sends_per_minute': 120,
    'heartbeat_grace': 1.5, 'replay_max': 1000,
    'max_concurrency': 1, 'identify_window_s': 5.0,
    'sessions_total': 1000, 'sessions_remaining': 1000, 'sessions_reset_ms': 14400000,
    'privileged_intents': False,
    'gateway_path': '/gw', 'gateway_slash': '', 'resume_path': '/gw-resume',
    'global_per_s': 50, 'limits': {}, 'old_edit_age_s': 3600.0, 'old_edits': 30,
    'old_edit_window_s': 3600.0, 'command_creates': 200,
    'command_form': 'full', 'with_response_ids': True, 'delay_ms': 0, 'public_base': None,
}


def now_ms():
    return int(time.time() * 1000)


def iso(ms):
    t = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
    return t.strftime('%Y-%m-%dT%H:%M:%S.%f+00:00')


def made_ms(snowflake):
    return (int(snowflake) >> 22) + EPOCH_MS


def merge(into, more):
    """`more` over `into`: objects by key, lists of objects with an id by id, the rest replaced."""
    if isinstance(into, dict) and isinstance(more, dict):
        out = dict(into)
        for k, v in more.items():
            out[k] = merge(into[k], v) if k in into else v
        return out
    if isinstance(into, list) and isinstance(more, list) and more and \
            all(isinstance(x, dict) and 'id' in x for x in into + more):
        by_id = {x['id']: x for x in into}
        for x in more:
            by_id[x['id']] = merge(by_id[x['id']], x) if x['id'] in by_id else x
        return [x for x in by_id.values() if not x.get('gone')]
    return more


class World:
    def __init__(self, seed):
        self.seed = merge(json.loads(json.dumps(DEFAULT)), seed)
        self.knobs = dict(KNOBS, **self.seed.pop('knobs', {}))
        self.count = random.randrange(4096)
        bot = self.seed['bot']['id']
        self.token = self.seed.get('token') or '.'.join((
            base64.urlsafe_b64encode(bot.encode()).decode().rstrip('='), 'GfakeQ', self.secret(38)))
        self.token_dead = False
        self.violations = []
        self.requests = []      # what was asked, newest last
        self.messages = {}      # id: posts.Message
        self.interactions = {}  # id: answers.Interaction
        self.by_token = {}      # token: answers.Interaction
        self.commands = {}      # guild id or None: {id: command as stored}
        self.rights_version = 0  # a 403 may be asked again when this has changed
        self.port = 0
        self.tls = False
        self._changed = asyncio.Event()
        self.load()

    def load(self):
        s = self.seed
        self.application, self.bot = s['application'], s['bot']
        self.users = {u['id']: u for u in s['users']}
        self.users[self.bot['id']] = dict(self.bot, bot=True)
        self.guilds = {g['id']: g for g in s['guilds']}
        self.webhooks = {w['id']: w for w in s['webhooks']}
        self.channels = {}
        for g in self.guilds.values():
            for i, c in enumerate(g['channels']):
                self.channels[c['id']] = dict(c, guild_id=g['id'], position=i)

    def change(self, more):
        """The control's way to change the world; lists of objects are merged by id, and an object
        with "gone": true goes."""
        self.seed = merge(self.seed, more)
        if more.get('token'):
            self.token, self.token_dead = more['token'], False
        self.rights_version += 1
        self.load()
        self.touch()

    # ---- small things ----

    def snowflake(self, age_s=0):
        self.count = (self.count + 1) & 0x3fffff
        return str((now_ms() - int(age_s * 1000) - EPOCH_MS) << 22 | self.count)

    def secret(self, length):
        return ''.join(random.choice('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
                       for _ in range(length))

    def violation(self, kind, text, **more):
        """Something that Discord would punish, or that REFERENCE material forbids a client to do."""
        self.violations.append(dict(kind=kind, text=text, t=now_ms(), **more))
        self.touch()

    def touch(self):
        """Something has changed: whoever waits looks again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_change(self, timeout):
        try:
            await asyncio.wait_for(self._changed.wait(), timeout)
        except asyncio.TimeoutError:
            pass

    def ws_url(self, path):
        return '%s://127.0.0.1:%d%s' % ('wss' if self.tls else 'ws', self.port, path)

    def find_user(self, who):
        for u in self.users.values():
            if who in (u['id'], u['username']):
                return u
        return None

    def find_channel(self, what, guild_id=None):
        for c in self.channels.values():
            if what == c['id'] or (what == c['name'] and guild_id in (None, c['guild_id'])):
                return c
        return None

    # ---- rights ----

    def roles_of(self, guild, user_id):
        return guild['members'].get(user_id)

    def in_guild(self, guild):
        """The bot is a member of it."""
        return bool(guild and guild.get('bot') and self.bot['id'] in guild['members'])

    def base_rights(self, guild, user_id):
        roles = self.roles_of(guild, user_id)
        if roles is None:
            return 0
        if guild['owner_id'] == user_id:
            return ALL
        bits = 0
        for r in guild['roles']:
            if r['id'] == guild['id'] or r['id'] in roles:
                bits |= int(r.get('permissions', '0'))
        return ALL if bits & ADMINISTRATOR else bits

    def rights(self, channel, user_id):
        """What ${user_id} may do in the channel; a thread has its parent's overwrites."""
        guild = self.guilds[channel['guild_id']]
        bits = self.base_rights(guild, user_id)
        if bits == ALL or not bits:
            return bits
        place = channel
        if channel['type'] in THREADS:
            place = self.channels.get(channel.get('parent_id'), channel)
        over = {o['id']: o for o in place.get('permission_overwrites', [])}
        roles = self.roles_of(guild, user_id)

        def apply(bits, several):
            deny = allow = 0
            for o in several:
                deny |= int(o['deny'])
                allow |= int(o['allow'])
            return bits & ~deny | allow
        bits = apply(bits, [over[guild['id']]] if guild['id'] in over else [])
        bits = apply(bits, [over[r] for r in roles if r in over])
        bits = apply(bits, [over[user_id]] if user_id in over else [])
        if not bits & VIEW_CHANNEL:
            return 0
        if channel['type'] == 2 and not bits & CONNECT:
            return 0
        if channel['type'] == 12 and not bits & MANAGE_THREADS and \
                user_id not in channel.get('thread_members', []):
            return 0
        return bits

    def rights_bit_to_send(self, channel):
        return SEND_MESSAGES_IN_THREADS if channel['type'] in THREADS else SEND_MESSAGES
