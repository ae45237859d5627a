"""Rate limits: real buckets with the documented headers, and a watch over who ignores them.

A bucket belongs to a route and its top-level resource (channel, guild, webhook id and token). The
limits are made up but for their form; the knob "limits" sets others:
{"POST /channels/{channel_id}/messages": [2, 1.0]} is two a second.
Source: Discord API v10, "Rate Limits".
"""
import hashlib
import time

USUAL = {
    'POST /channels/{channel_id}/messages': (5, 5.0),
    'PATCH /channels/{channel_id}/messages/{message_id}': (5, 5.0),
    'DELETE /channels/{channel_id}/messages/{message_id}': (5, 1.0),
    'POST /webhooks/{webhook_id}/{webhook_token}': (5, 2.0),
    'PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}': (5, 2.0),
    'POST /interactions/{interaction_id}/{interaction_token}/callback': (5, 1.0),
}
OTHER = (20, 1.0)
TOP = ('channel_id', 'guild_id', 'webhook_id', 'webhook_token', 'interaction_token')
SLACK = 0.15  # seconds: what was under way when the answer left is no offence


class Bucket:
    def __init__(self, limit, window):
        self.limit, self.window = limit, window
        self.left, self.reset = limit, 0.0
        self.told_empty = 0.0   # when an answer said Remaining: 0
        self.wait_until = 0.0   # by a 429


class Limits:
    def __init__(self, w):
        self.w = w
        self.buckets = {}
        self.second, self.in_second = 0, 0
        self.global_until = 0.0
        self.global_told = 0.0
        self.invalid = []       # times of answers 401, 403, 429

    def bucket(self, name, ids):
        limit, window = self.w.knobs['limits'].get(name) or USUAL.get(name, OTHER)
        key = (name,) + tuple(ids.get(k) for k in TOP)
        b = self.buckets.get(key)
        if not b or (b.limit, b.window) != (limit, window):
            b = self.buckets[key] = Bucket(limit, window)
        return b

    @staticmethod
    def headers(name, b, now):
        after = max(b.reset - now, 0.0)
        return {'X-RateLimit-Limit': str(b.limit), 'X-RateLimit-Remaining': str(b.left),
                'X-RateLimit-Reset': '%.3f' % (time.time() + after), 'X-RateLimit-Reset-After': '%.3f' % after,
                'X-RateLimit-Bucket': hashlib.sha256(name.encode()).hexdigest()[:32]}

    def take(self, name, ids, counts_globally):
        """(headers, None), or (headers, body of a 429)."""
        now = time.monotonic()
        b = self.bucket(name, ids)
        self.watch(name, b, now, counts_globally)
        if counts_globally:
            said = self.take_global(now)
            if said:
                return said
        if now >= b.reset:
            b.left, b.reset = b.limit, now + b.window
        if b.left <= 0:
            after = b.reset - now
            b.wait_until, b.told_empty = b.reset, now
            return {**self.headers(name, b, now), 'X-RateLimit-Scope': 'user', 'Retry-After': str(int(after) + 1)}, {
                'message': 'You are being rate limited.', 'retry_after': round(after, 3), 'global': False}
        b.left -= 1
        if b.left == 0:
            b.told_empty = now
        return self.headers(name, b, now), None

    def take_global(self, now):
        most = self.w.knobs['global_per_s']
        if int(now) != self.second:
            self.second, self.in_second = int(now), 0
        self.in_second += 1
        if self.in_second <= most and now >= self.global_until:
            return None
        if now >= self.global_until:
            self.global_until = self.second + 1.0
        after, self.global_told = self.global_until - now, now
        return {'X-RateLimit-Global': 'true', 'X-RateLimit-Scope': 'global', 'Retry-After': str(int(after) + 1)}, {
            'message': 'You are being rate limited.', 'retry_after': round(after, 3), 'global': True}

    def ordered(self, name, ids, scope, after):
        """A 429 that a test wants: (headers, body)."""
        now = time.monotonic()
        b = self.bucket(name, ids)
        head = {'X-RateLimit-Scope': scope, 'Retry-After': str(int(after + 0.999))}
        if scope == 'global':
            head['X-RateLimit-Global'] = 'true'
            self.global_until, self.global_told = now + after, now
        else:
            b.wait_until, b.told_empty = now + after, now
            if scope == 'user':
                b.left, b.reset = 0, now + after
            head = {**self.headers(name, b, now), **head}
        text = 'The resource is being rate limited.' if scope == 'shared' else 'You are being rate limited.'
        return head, {'message': text, 'retry_after': round(after, 3), 'global': scope == 'global'}

    def watch(self, name, b, now, counts_globally):
        late = now - 0.02
        if late < b.wait_until - 0.05 and now - b.told_empty > SLACK:
            self.w.violation('during-wait', '%s: asked again %.2f s before the wait of a 429 was over' % (
                name, b.wait_until - now))
        elif b.left == 0 and late < b.reset - 0.05 and b.told_empty and now - b.told_empty > SLACK:
            self.w.violation('bucket-empty', '%s: asked %.2f s before the empty bucket was reset' % (
                name, b.reset - now))
        if counts_globally and late < self.global_until - 0.05 and now - self.global_told > SLACK:
            self.w.violation('during-global-wait', '%s: asked %.2f s before the global wait was over' % (
                name, self.global_until - now))

    def judged(self, status, scope):
        """Count what Discord counts against an address."""
        if status in (401, 403) or status == 429 and scope != 'shared':
            now = time.monotonic()
            self.invalid = [t for t in self.invalid if now - t < 600] + [now]
