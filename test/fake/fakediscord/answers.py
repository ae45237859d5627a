"""Interactions and webhooks: the first answer, its edits, followups, and messages of webhooks.

Source: Discord API v10, "Receiving and Responding", "Webhook".
"""
import time

from . import shapes
from .forms import (EPHEMERAL, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, Form, Refusal, check_choices,
                    check_message, is_empty)
from .posts import LOADING
from .world import now_ms

COMMAND, COMPONENT, AUTOCOMPLETE = 2, 3, 4
CALLBACKS = (1, 4, 5, 6, 7, 8, 9, 10, 12)


class Interaction:
    def __init__(self, w, kind, user, channel, data, age_s=0, message_id=None):
        self.id, self.type, self.user, self.channel, self.data = w.snowflake(age_s), kind, user, channel, data
        self.token = 'aW50ZXJhY3Rpb246' + w.secret(170)
        self.guild_id = channel['guild_id']
        self.message_id = message_id     # type 3: of the message with the button
        self.made, self.began = now_ms(), time.monotonic()
        self.sent = 0                    # how often it went out
        self.callback = None             # type of the first answer
        self.callbacks = []              # each try: {t, type, status, code, body}
        self.answered_after_ms = None
        self.original = None             # id of @original
        self.ephemeral = False
        self.followups = []
        self.event = None                # as dispatched

    def full_name(self):
        names, options = [self.data['name']], self.data.get('options') or []
        while options and options[0]['type'] in (1, 2):
            names.append(options[0]['name'])
            options = options[0].get('options') or []
        return ' '.join(names)

    def seen(self):
        return {'id': self.id, 'token': self.token, 'type': self.type, 'user': self.user['username'],
                'user_id': self.user['id'], 'channel': self.channel['name'], 'data': self.data,
                'sent': self.sent, 'made': self.made, 'callback': self.callback,
                'answered_after_ms': self.answered_after_ms, 'ephemeral': self.ephemeral,
                'message': self.original, 'followups': self.followups, 'callbacks': self.callbacks,
                'choices': self.choices()}

    def choices(self):
        good = [c for c in self.callbacks if c['status'] < 300 and c['type'] == 8]
        return (good[0]['body'].get('data') or {}).get('choices') if good else None


class Answers:
    def __init__(self, w, posts):
        self.w, self.posts = w, posts

    def new(self, *args, **more):
        i = Interaction(self.w, *args, **more)
        self.w.interactions[i.id] = self.w.by_token[i.token] = i
        return i

    # ---- POST /interactions/ID/TOKEN/callback ----

    def respond(self, iid, token, body, with_response):
        i = self.w.by_token.get(token)
        tried = {'t': now_ms(), 'type': body.get('type') if isinstance(body, dict) else None, 'status': 0,
                 'code': None, 'body': body}
        if i and i.id == iid:
            i.callbacks.append(tried)
        try:
            out = self.first_answer(i, iid, body, with_response)
            tried['status'] = out[0]
            return out
        except Refusal as e:
            tried.update(status=e.status, code=e.code)
            raise
        finally:
            self.w.touch()

    def first_answer(self, i, iid, body, with_response):
        w = self.w
        if not i or i.id != iid:
            raise Refusal(404, 10062, 'Unknown interaction')
        late = time.monotonic() - i.began > w.knobs['callback_window_s']
        if i.callback is None and late:
            raise Refusal(404, 10062, 'Unknown interaction')
        self.check(i, body)
        if i.callback is not None:
            w.violation('second-callback', 'a second answer to the same interaction', interaction=i.id)
            raise Refusal(400, 40060, 'Interaction has already been acknowledged.')
        data = body.get('data') or {}
        i.callback = kind = body['type']
        i.answered_after_ms = int((time.monotonic() - i.began) * 1000)
        m = self.act(i, kind, data)
        if not with_response:
            return 204, None
        out = {'interaction': {'id': i.id, 'type': i.type, 'channel_id': i.channel['id'], 'guild_id': i.guild_id}}
        if m and kind in (4, 5, 7) and w.knobs['with_response_ids']:
            out['interaction'].update(response_message_id=m.id, response_message_loading=m.loading,
                                      response_message_ephemeral=bool(m.flags & EPHEMERAL))
        if m and kind in (4, 7):
            out['resource'] = {'type': kind, 'message': self.posts.api(m)}
        return 200, out

    def check(self, i, body):
        f = Form()
        if not isinstance(body, dict):
            f.bad([], 'MODEL_TYPE_CONVERT', 'Only dictionaries may be used in a ModelType')
            f.done()
        kind, data = body.get('type'), body.get('data')
        if kind is None:
            f.bad(['type'], 'BASE_TYPE_REQUIRED', 'This field is required')
        elif kind not in CALLBACKS or isinstance(kind, bool):
            f.bad(['type'], 'BASE_TYPE_CHOICES', 'Value must be one of {%s}.' % ', '.join(map(str, CALLBACKS)))
        f.done()
        if data is not None and not isinstance(data, dict):
            f.bad(['data'], 'MODEL_TYPE_CONVERT', 'Only dictionaries may be used in a ModelType')
            f.done()
        fits = {COMMAND: (4, 5, 9, 10, 12), COMPONENT: (4, 5, 6, 7, 9, 10, 12), AUTOCOMPLETE: (8,)}[i.type]
        if kind not in fits:
            f.bad(['type'], 'INTERACTION_RESPONSE_TYPE_INVALID',
                  'Type %s is no answer to an interaction of type %d.' % (kind, i.type))
            f.done()
        if kind in (4, 7):
            check_message(data or {}, ['data'], SUPPRESS_EMBEDS | (SUPPRESS_NOTIFICATIONS | EPHEMERAL
                          if kind == 4 else 0), edit=kind == 7, form=f)
            f.done()
            if kind == 4 and is_empty(data or {}):
                raise Refusal(400, 50006, 'Cannot send an empty message')
        elif kind == 5:
            flags = (data or {}).get('flags')
            if flags is not None and f.whole(['data', 'flags'], flags, 0, 1 << 30) and flags & ~EPHEMERAL:
                f.bad(['data', 'flags'], 'MESSAGE_FLAGS_INVALID', 'Only EPHEMERAL can be set here.')
        elif kind == 8:
            self.check_choices(f, i, data)
        f.done()

    def check_choices(self, f, i, data):
        if not data or data.get('choices') is None:
            f.bad(['data', 'choices'], 'BASE_TYPE_REQUIRED', 'This field is required')
            return
        option, level = None, i.data.get('options') or []
        while level:
            option = next((o for o in level if o.get('focused')), None)
            level = level[0].get('options') if not option else None
        check_choices(f, ['data', 'choices'], data['choices'], option['type'] if option else 3)

    def act(self, i, kind, data):
        w = self.w
        if kind in (4, 5):
            i.ephemeral = bool((data.get('flags') or 0) & EPHEMERAL)
            m = self.posts.new(i.channel, shapes.user(w.users[w.bot['id']]), 'callback', interaction=i,
                               webhook=w.application['id'], only_for=i.user['id'] if i.ephemeral else None)
            m.flags = EPHEMERAL if i.ephemeral else 0
            i.original = m.id
            if i.type == COMPONENT:
                m.reference = i.message_id
            if kind == 5:
                m.flags |= LOADING
                m.revisions.append({'t': now_ms(), 'via': 'defer', 'content': '', 'text': '', 'embeds': [],
                                    'buttons': [], 'pings': [], 'mentions': [], 'allowed_mentions': None})
            else:
                self.posts.write(m, data, 'callback', True)
            return m
        if kind in (6, 7):
            i.original = i.message_id
            m = w.messages.get(i.message_id)
            if m:
                i.ephemeral = bool(m.flags & EPHEMERAL)
                if kind == 7 and not m.deleted:
                    self.posts.write(m, data, 'update', False)
            return m
        return None

    # ---- /webhooks/ID/TOKEN ... ----

    def find(self, wid, token):
        """(interaction, None) or (None, webhook); a dead token is a refusal."""
        w = self.w
        if wid == w.application['id']:
            i = w.by_token.get(token)
            if not i:
                raise Refusal(401, 50027, 'Invalid Webhook Token')
            if time.monotonic() - i.began > w.knobs['token_life_s']:
                raise Refusal(401, 50027, 'Invalid Webhook Token')
            if i.callback is None:
                w.violation('edit-before-callback', 'the interaction has no first answer yet', interaction=i.id)
                raise Refusal(404, 10015, 'Unknown Webhook')
            if i.type == AUTOCOMPLETE:
                raise Refusal(404, 10015, 'Unknown Webhook')
            return i, None
        h = w.webhooks.get(wid)
        if not h:
            raise Refusal(404, 10015, 'Unknown Webhook')
        if h['token'] != token:
            raise Refusal(401, 50027, 'Invalid Webhook Token')
        return None, h

    def message(self, wid, token, mid):
        i, h = self.find(wid, token)
        if mid == '@original':
            if not i or not i.original:
                raise Refusal(404, 10008, 'Unknown Message')
            mid = i.original
        m = self.w.messages.get(mid)
        if not m or m.deleted:
            raise Refusal(404, 10008, 'Unknown Message')
        if i and mid != i.original and mid not in i.followups or h and m.webhook != wid:
            raise Refusal(404, 10008, 'Unknown Message')
        return i, m

    def edit(self, wid, token, mid, body):
        _, m = self.message(wid, token, mid)
        return self.posts.edit(m, body, '@original' if mid == '@original' else 'followup' if m.interaction else 'webhook')

    def followup(self, i, body):
        w = self.w
        check_message(body, flags_ok=SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | EPHEMERAL)
        if is_empty(body):
            raise Refusal(400, 50006, 'Cannot send an empty message')
        first = w.messages.get(i.original)
        if i.callback == 5 and first and first.loading and not first.deleted:
            # Discord fills the deferred answer instead of making a message
            self.posts.write(first, body, 'followup', False)
            return first
        most = w.knobs['followups_max']
        if most is not None and len(i.followups) >= most:
            raise Refusal(400, 40094, 'This interaction has reached the maximum number of follow up messages')
        hidden = bool((body.get('flags') or 0) & EPHEMERAL)
        m = self.posts.new(i.channel, shapes.user(w.users[w.bot['id']]), 'followup', interaction=i,
                           webhook=w.application['id'], followup_to=i.original, reference=i.original,
                           only_for=i.user['id'] if hidden else None)
        m.flags = EPHEMERAL if hidden else 0
        i.followups.append(m.id)
        self.posts.write(m, body, 'followup', True)
        return m

    def execute(self, wid, token, body, query):
        i, h = self.find(wid, token)
        if i:
            return self.followup(i, body)
        f = Form()
        check_message(body, flags_ok=SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS, form=f)
        f.text(['username'], body.get('username'), 1, 80)
        if isinstance(body.get('username'), str) and any(x in body['username'].lower() for x in ('discord', 'clyde')):
            f.bad(['username'], 'USERNAME_INVALID_CONTAINS', 'Username cannot contain "discord"')
        f.done()
        if is_empty(body):
            raise Refusal(400, 50006, 'Cannot send an empty message')
        if body.get('components') and any(b.get('custom_id') for b in (
                c for row in body['components'] for c in row.get('components', []))):
            raise Refusal(400, 50035, 'Invalid Form Body', {'components': {'_errors': [{
                'code': 'COMPONENTS_NOT_OWNED', 'message': 'Only an application\'s webhook may send these.'}]}})
        channel = self.place(h, query)
        author = {'id': h['id'], 'username': body.get('username') or h['name'], 'avatar': None,
                  'discriminator': '0000', 'bot': True, 'public_flags': 0, 'flags': 0, 'global_name': None,
                  'primary_guild': None}
        return self.posts.made(channel, author, body, 'webhook', webhook=h['id'])

    def place(self, h, query):
        c = self.w.channels.get(query.get('thread_id') or h['channel_id'])
        if not c or (query.get('thread_id') and c.get('parent_id') != h['channel_id']):
            raise Refusal(404, 10003, 'Unknown Channel')
        self.posts.check_archived(c)
        return c
