"""The parts of the stand-in for Discord; ../discord.py says what it is and how to use it.

http      HTTP/1.1 server side              wsock     WebSocket frames, server side
world     who and what there is, rights     forms     what Discord refuses in a message
commands  slash commands, as stored and     posts     messages, what pings whom
          as Discord's client sends them    answers   interactions and webhooks
limits    rate limits, and who ignores them gateway   sessions, events
rest      routes, refusals, faults          control   what tests ask and order
"""
