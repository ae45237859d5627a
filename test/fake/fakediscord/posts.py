"""Messages: made, edited, removed; every revision is kept, and whom it would have pinged.

Source: Discord API v10, "Message", "Allowed Mentions", "Channel".
"""
import re

from . import shapes
from .forms import (COMPONENTS_V2, EPHEMERAL, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, Form, Refusal,
                    check_message, check_reference, is_empty)
from .world import (ALL, EMBED_LINKS, MANAGE_MESSAGES, MENTION_EVERYONE, READ_MESSAGE_HISTORY, THREADS,
                    TEXT, iso, now_ms)

LOADING = 128


class Message:
    def __init__(self, mid, channel, author, via):
        self.id, self.channel, self.author, self.via = mid, channel, author, via
        self.content, self.embeds, self.components = '', [], []
        self.flags = 0
        self.created, self.edited, self.deleted = now_ms(), None, None
        self.nonce = None
        self.reference = None
        self.webhook = None       # id of the webhook or the application it came through
        self.interaction = None   # answers.Interaction
        self.followup_to = None   # id of the original answer
        self.only_for = None      # an ephemeral message's one reader
        self.revisions = []
        self.old_edits = []       # when it was edited at an age of more than an hour
        self.mentions, self.mention_roles, self.mention_everyone = [], [], False

    @property
    def loading(self):
        return bool(self.flags & LOADING)

    def text(self):
        """All its words, for who looks for some."""
        out = [self.content]
        for e in self.embeds:
            out += [e.get('title'), e.get('description')]
            for f in e.get('fields') or []:
                out += [f.get('name'), f.get('value')]
            out.append((e.get('footer') or {}).get('text'))
        return '\n'.join(x for x in out if x)

    def buttons(self):
        return [b for row in self.components for b in row.get('components', []) if b.get('type') == 2]


def pings(body, content, via, replied):
    """Whom the words would reach by the rules of allowed_mentions: ids, "&id" of roles, "everyone".
    What the author's own rights take away again is not looked at: it is the body that is judged."""
    am = body.get('allowed_mentions')
    users = set(re.findall(r'<@!?(\d+)>', content))
    roles = set(re.findall(r'<@&(\d+)>', content))
    everyone = bool(re.search(r'@(everyone|here)\b', content))
    if am is None:
        parse = ['users'] if via != 'channel' else ['users', 'roles', 'everyone']
        am = {'parse': parse, 'replied_user': via == 'channel'}
    parse = am.get('parse') or []
    hit = []
    for kind, found, mark in (('users', users, ''), ('roles', roles, '&')):
        named = {str(x) for x in am.get(kind) or []}
        hit += sorted(mark + x for x in found if kind in parse or x in named)
    if everyone and 'everyone' in parse:
        hit.append('everyone')
    if replied and am.get('replied_user') and replied not in hit:
        hit.append(replied)
    return hit


def kept_embed(e):
    out = {'type': 'rich', **{k: v for k, v in e.items() if v is not None and k != 'type'}}
    if out.get('fields'):
        out['fields'] = [{'inline': False, **{k: v for k, v in f.items() if v is not None}} for f in out['fields']]
    return out


def kept_components(rows):
    n, out = 0, []
    for row in rows:
        n += 1
        one = {'type': 1, 'id': n, 'components': []}
        for c in row.get('components', []):
            n += 1
            one['components'].append({**{k: v for k, v in c.items() if v is not None}, 'id': n})
        out.append(one)
    return out


class Posts:
    def __init__(self, w):
        self.w = w
        self.nonces = {}  # (channel, nonce): (time, message id)

    # ---- answers of the API ----

    def api(self, m, refer=True):
        w = self.w
        out = {'id': m.id, 'type': 0, 'channel_id': m.channel['id'], 'content': m.content,
               'author': m.author, 'embeds': m.embeds, 'components': m.components, 'attachments': [],
               'mentions': [shapes.user(w.users[u]) for u in m.mentions if u in w.users],
               'mention_roles': m.mention_roles, 'mention_everyone': m.mention_everyone,
               'timestamp': iso(m.created), 'edited_timestamp': iso(m.edited) if m.edited else None,
               'flags': m.flags, 'pinned': False, 'tts': False}
        if m.nonce is not None:
            out['nonce'] = m.nonce
        if m.webhook:
            out['webhook_id'] = m.webhook
        if m.interaction:
            i = m.interaction
            out['type'] = 20 if i.type == 2 and not m.followup_to else 19 if m.followup_to else 0
            out['application_id'] = w.application['id']
            meta = {'id': i.id, 'type': i.type, 'user': shapes.user(i.user),
                    'authorizing_integration_owners': {'0': i.guild_id or '0'}}
            if i.type == 3:
                meta['interacted_message_id'] = i.message_id
            if m.followup_to:
                meta['original_response_message_id'] = m.followup_to
            out['interaction_metadata'] = meta
            if i.type == 2:
                out['interaction'] = {'id': i.id, 'type': 2, 'name': i.full_name(), 'user': shapes.user(i.user)}
        if m.reference:
            out['type'] = 19
            out['message_reference'] = {'type': 0, 'message_id': m.reference, 'channel_id': m.channel['id'],
                                        'guild_id': m.channel['guild_id']}
            if refer:
                other = w.messages.get(m.reference)
                out['referenced_message'] = None if not other or other.deleted else self.api(other, False)
        return out

    def seen(self, m):
        """How the control shows it."""
        return {'id': m.id, 'channel': m.channel['name'], 'channel_id': m.channel['id'], 'via': m.via,
                'author': m.author['username'], 'content': m.content, 'text': m.text(), 'embeds': m.embeds,
                'components': m.components, 'buttons': m.buttons(), 'flags': m.flags,
                'ephemeral': bool(m.flags & EPHEMERAL), 'loading': m.loading, 'only_for': m.only_for,
                'created': m.created, 'edited': m.edited, 'deleted': m.deleted, 'nonce': m.nonce,
                'reply_to': m.reference, 'interaction': m.interaction.id if m.interaction else None,
                'followup_to': m.followup_to, 'webhook': m.webhook,
                'pings': sorted({p for r in m.revisions for p in r['pings']}), 'revisions': m.revisions}

    # ---- making and changing ----

    def write(self, m, body, via, create):
        """Put a checked body into the message. What a fill of "is thinking" mentions counts as pinged."""
        fill = create or m.loading
        if 'content' in body:
            m.content = (body['content'] or '').strip()
        if 'embeds' in body:
            m.embeds = [kept_embed(e) for e in body['embeds'] or []]
        if 'components' in body:
            m.components = kept_components(body['components'] or [])
        if 'flags' in body and body['flags'] is not None:
            keep = m.flags & (EPHEMERAL | LOADING)
            m.flags = keep | body['flags'] & (SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2)
        m.flags &= ~LOADING
        replied = None
        if m.reference and create and m.reference in self.w.messages:
            replied = self.w.messages[m.reference].author['id']
        hit = pings(body, m.content, m.via if create else via, replied)
        m.mentions = [p for p in hit if p.isdigit()]
        m.mention_roles = [p[1:] for p in hit if p[0] == '&']
        m.mention_everyone = 'everyone' in hit
        t = now_ms()
        if not create:
            m.edited = t
        m.revisions.append({'t': t, 'via': via, 'content': m.content, 'text': m.text(), 'embeds': m.embeds,
                            'buttons': [b.get('label') for b in m.buttons()], 'pings': hit if fill else [],
                            'mentions': hit, 'allowed_mentions': body.get('allowed_mentions')})
        if 'allowed_mentions' not in body and (m.content or m.embeds):
            self.w.violation('allowed-mentions', 'a message without allowed_mentions', message=m.id, soft=True)
        self.w.touch()

    def new(self, channel, author, via, **more):
        m = Message(self.w.snowflake(), channel, author, via)
        for k, v in more.items():
            setattr(m, k, v)
        self.w.messages[m.id] = m
        channel['last_message_id'] = m.id
        return m

    def made(self, channel, author, body, via, **more):
        m = self.new(channel, author, via, **more)
        self.write(m, body, via, True)
        return m

    def edit(self, m, body, via):
        check_message(body, edit=True)
        self.check_archived(m.channel)
        after = {'content': m.content, 'embeds': m.embeds, 'components': m.components, **body}
        if is_empty(after):
            raise Refusal(400, 50006, 'Cannot send an empty message')
        if body.get('flags') and body['flags'] & EPHEMERAL and not m.flags & EPHEMERAL:
            self.w.violation('ephemeral-edit', 'an edit cannot make a message ephemeral', message=m.id)
        self.charge_old(m)
        self.write(m, body, via, False)
        return m

    def charge_old(self, m):
        k, t = self.w.knobs, now_ms()
        if t - m.created < k['old_edit_age_s'] * 1000:
            return
        m.old_edits = [x for x in m.old_edits if t - x < k['old_edit_window_s'] * 1000]
        if len(m.old_edits) >= k['old_edits']:
            raise Refusal(429, 30046, 'Maximum number of edits to messages older than 1 hour reached. '
                          'Try again later.', headers={'retry': k['old_edit_window_s'] -
                                                       (t - m.old_edits[0]) / 1000})
        m.old_edits.append(t)

    def remove(self, m):
        m.deleted = now_ms()
        self.w.touch()

    def get(self, mid, channel_id=None):
        """A message that everybody can see."""
        m = self.w.messages.get(mid)
        if not m or m.deleted or m.flags & EPHEMERAL or (channel_id and m.channel['id'] != channel_id):
            raise Refusal(404, 10008, 'Unknown Message')
        return m

    def check_archived(self, channel):
        if self.w.channels.get(channel['id'], channel).get('archived'):
            raise Refusal(400, 50083, 'Thread is archived')

    # ---- with the bot's token ----

    def channel(self, cid, need=0):
        """The channel, if the bot sees it and may do that there."""
        w = self.w
        c = w.channels.get(cid)
        if not c:
            raise Refusal(404, 10003, 'Unknown Channel')
        have = w.rights(c, w.bot['id']) if w.in_guild(w.guilds[c['guild_id']]) else 0
        if not have:
            raise Refusal(403, 50001, 'Missing Access')
        if have != ALL and have & need != need:
            raise Refusal(403, 50013, 'Missing Permissions')
        return c

    def post(self, cid, body):
        w = self.w
        c = self.channel(cid)
        if c['type'] not in TEXT:
            raise Refusal(400, 50008, 'Cannot send messages in a non-text channel')
        f = Form()
        check_message(body, flags_ok=SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS, form=f)
        ref = check_reference(f, body.get('message_reference'))
        f.done()
        if is_empty(body):
            raise Refusal(400, 50006, 'Cannot send an empty message')
        have = w.rights(c, w.bot['id'])
        if not have & w.rights_bit_to_send(c):
            raise Refusal(403, 50013, 'Missing Permissions')
        if body.get('embeds') and not have & EMBED_LINKS:
            raise Refusal(403, 50013, 'Missing Permissions', about_body=True)
        if c['type'] in THREADS and c.get('archived'):
            if c.get('locked'):
                raise Refusal(400, 50083, 'Thread is archived')
            c['archived'] = False  # who writes there wakes it
        ref = self.reply(c, body, ref, have)
        twin = self.twin(c, body)
        if twin:
            return twin
        m = self.made(c, shapes.user(w.users[w.bot['id']]), body, 'channel', reference=ref, nonce=body.get('nonce'))
        m.mention_everyone = m.mention_everyone and bool(have & MENTION_EVERYONE)
        if body.get('nonce') is not None:
            self.nonces[(c['id'], str(body['nonce']))] = (now_ms(), m.id)
        return m

    def reply(self, c, body, ref, have):
        if not ref:
            return None
        if not have & READ_MESSAGE_HISTORY:
            raise Refusal(403, 160002, 'You cannot reply without permission to read message history',
                          about_body=True)
        other = self.w.messages.get(ref)
        if other and not other.deleted and other.channel['id'] == c['id'] and not other.flags & EPHEMERAL:
            return ref
        if body['message_reference'].get('fail_if_not_exists') is False:
            return None
        f = Form()
        f.bad(['message_reference'], 'REPLIES_UNKNOWN_MESSAGE', 'Unknown message')
        f.done()

    def twin(self, c, body):
        """The message that the same nonce made in the last minutes, if that is to be enforced."""
        if body.get('nonce') is None or not body.get('enforce_nonce'):
            return None
        t, mid = self.nonces.get((c['id'], str(body['nonce'])), (0, None))
        return self.w.messages[mid] if mid and now_ms() - t < 300000 else None

    def patch(self, cid, mid, body):
        self.channel(cid)
        m = self.get(mid, cid)
        if m.author['id'] != self.w.bot['id'] and m.author['id'] != self.w.application['id']:
            raise Refusal(403, 50005, 'Cannot edit a message authored by another user')
        return self.edit(m, body, 'channel')

    def delete(self, cid, mid):
        c = self.channel(cid)
        m = self.get(mid, cid)
        own = m.author['id'] == self.w.bot['id']
        if not own and not self.w.rights(c, self.w.bot['id']) & MANAGE_MESSAGES:
            raise Refusal(403, 50013, 'Missing Permissions')
        self.remove(m)
