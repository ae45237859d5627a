#!/usr/bin/env python3
"""A stand-in for Discord on loopback: REST, gateway, and a control for tests. Written from Discord's
documents alone, not from any client of ours.

usage: discord.py DIR [--seed FILE] [--tls CERT KEY] [--port N]

Writes DIR/port when it is ready, and DIR/token (the bot's, mode 0600). The API is at
http://127.0.0.1:PORT/api/v10 (https with --tls), the control at /_control/. --seed: JSON that is
merged into the world of fakediscord/world.py (token, application, bot, users, guilds, webhooks; lists
by "id"); "knobs" in it are the ones of /_control/set.

The usual world: application 1100...01, its bot user 1100...02; guild 1200...01 "friends" with the roles
players 1300...01, operators ...02, admins ...03 (none has any permission); channels games 1400...01 (in
the category rooms), general ...02, hidden ...03 (the bot cannot see it), readonly ...04 (nor write
there), threads evening ...06 and "old evening" ...07 (archived, locked) of games, voice channel talk
...08; users olivia 1500...01 (owns the guild), anna ...02 (players), bert ...03 (players, operators),
carl ...04 (admins), eve ...05 (no role; her display name is hostile). Guild 1200...02 "strangers" has
the channel lobby 1400...21, and anna and eve. Webhook 1600...01 writes to general.

THE CONTROL: JSON in, JSON out. 200; 400 nonsense; 408 a wait that was not fulfilled; 422
{"refused": why} what Discord's own client would not let anybody do.

 people
  command {user, channel, guild, name="server", sub: "up" or ["group","sub"], options: {name: value},
          age_s, raw, data, roles, dm, with}    -> {id, token, sent}
          The event is built from the registered command. age_s makes its id older. raw: whatever the
          client could not send, also without a registered command; data: that very data; roles: other
          roles than the world's; dm: from a direct message; with: {field: value} over the event, null
          leaves a field out.
  autocomplete {as command, focused: NAME, value}
  press   {user, label or custom_id, message}   a button; the newest message that has it. raw: also a
          disabled one, or (with custom_id) one that is on no message
  many    {do: [[command | autocomplete | press, {as there}], ...]} -> [id]; they leave together
  again   {interaction, count}                  the same event once more
  event   {t, d, count}                         any event
  say     {user, channel, content}   delete {message}
 gateway  {do, ...} on the newest connection:
          op {op, d, s, t}; close {code, reason}; drop (TCP reset); end (TCP end); stall {on}; ack {on};
          fragment {size} (0: off; a PING comes between the pieces); text {text}; raw {hex};
          frame {opcode, text or hex, size, fin, rsv, masked}
          {at: http | hello | identify | resume, do, count}: for connections to come:
          http: status {status}, drop, raw {hex}; else close {code}, drop, invalid {d}, reconnect,
          frame {text}, raw {hex}, silence; go_on: the usual follows
 fault    {method, path: REGEX, count=1, skip, status, body, code, headers, delay_ms, late, scope:
          user | global | shared, retry_after, spoil: drop | truncate | garbage | reset | hang, after}
          status: that answer. scope: a 429. spoil: break the answer, "after" having done the work.
          delay_ms: before the work, with late after it. {clear}: none any more.
 set      {knob: value}: see KNOBS in fakediscord/world.py: callback_window_s, token_life_s,
          heartbeat_ms, limits, old_edits, sessions_remaining, command_form (full | minimal), ...
 world    a seed to merge: {"guilds": [{"id": "1200...01", "members": {"1500...02": []}}]};
          {"id": ..., "gone": true} removes; {"token": ...} is a new token
 register {guild, commands}   as if the application had

 questions
  state, messages {as wait}, message {id}, interactions, interaction {id}, commands,
  requests {method, path, status, since, clear}, violations {soft, clear}
  wait {for, timeout=10, ...}: ready {n}, resumed {n}, online, offline, connections {n}, message {match:
          REGEX, channel, interaction, via, ephemeral, loading, pings, button, deleted, since, n},
          answered {interaction, filled}, request {method, path, status, n}, violation {kind}, op {op, n},
          commands {guild, n}

A message shows content, text (with all words of its embeds), buttons, ephemeral, loading, deleted,
pings and revisions: each with its time, way (defer, callback, update, @original, followup, channel,
webhook) and whom its words and allowed_mentions would have pinged: ids, "&id" of roles, "everyone".
Edits ping nobody; filling a "thinking" answer counts, as the worst that can happen.

VIOLATIONS are what Discord would punish or what its documents tell a client not to do: a bot token
where the path is the secret (authorization), no or another User-Agent, Content-Type, broken JSON, a 403
or a dead path repeated, requests after a 401 or during a wait, an edit before the first answer, a
second first answer, identifying too fast or at the wrong URL, heartbeats late or nonsense, frames
against RFC 6455, more than 120 messages a minute (gateway-4008) and every other 4xxx the client earned.
"soft" ones are taste: a message without allowed_mentions, a User-Agent without version.
"""
import argparse
import asyncio
import json
import os
import signal
import ssl
import sys

sys.dont_write_bytecode = True  # the work tree stays clean

from fakediscord import http  # noqa: E402
from fakediscord.answers import Answers
from fakediscord.commands import Store
from fakediscord.control import Control
from fakediscord.gateway import Hub
from fakediscord.limits import Limits
from fakediscord.posts import Posts
from fakediscord.rest import Rest
from fakediscord.world import World


def write_file(path, text, mode):
    fd = os.open(path + '.new', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, 'w') as f:
        f.write(text)
    os.rename(path + '.new', path)


async def main(args):
    seed = {}
    if args.seed:
        with open(args.seed) as f:
            seed = json.load(f)
    w = World(seed)
    posts, hub = Posts(w), Hub(w)
    rest = Rest(w, posts, Answers(w, posts), Store(w), hub, Limits(w))
    control = Control(w, rest)

    async def handle(r):
        return await (control if r.path.startswith('/_control') else rest).handle(r)

    async def serve(reader, writer):
        await http.serve(reader, writer, handle, hub.upgrade)

    tls = None
    if args.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        tls.load_cert_chain(*args.tls)
        w.tls = True
    server = await asyncio.start_server(serve, '127.0.0.1', args.port, ssl=tls, limit=1 << 20, backlog=1024)
    w.port = server.sockets[0].getsockname()[1]
    write_file(os.path.join(args.dir, 'token'), w.token + '\n', 0o600)
    write_file(os.path.join(args.dir, 'port'), str(w.port), 0o644)
    over = asyncio.Event()
    for s in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(s, over.set)
    await over.wait()
    os._exit(0)  # connections are not waited for


if __name__ == '__main__':
    p = argparse.ArgumentParser(prog='discord.py', usage=__doc__.split('usage: ')[1].split('\n')[0])
    p.add_argument('dir')
    p.add_argument('--seed')
    p.add_argument('--port', type=int, default=0)
    p.add_argument('--tls', nargs=2, metavar=('CERT', 'KEY'))
    sys.stdout.reconfigure(line_buffering=True)
    asyncio.run(main(p.parse_args()))
