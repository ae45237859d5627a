#!/usr/bin/env python3
"""A crowd: many people ask at once, and how long each waits for the first answer.

usage: crowd.py URL COUNT VERB      (URL: the stand-in for Discord, http://127.0.0.1:PORT)

Prints "ANSWERED MEDIAN_MS MAX_MS", of those that were answered within five seconds.
"""
import http.client
import json
import sys
import threading
import time

address = sys.argv[1].split('//')[1]
count, verb = int(sys.argv[2]), sys.argv[3]
ids = []


def post(c, word, body):
    c.request('POST', '/_control/' + word, json.dumps(body), {'Content-Type': 'application/json'})
    return json.loads(c.getresponse().read())


def ask(n):
    c = http.client.HTTPConnection(address)
    for _ in range(n):
        ids.append(post(c, 'command', {'user': 'anna', 'channel': 'games', 'sub': verb, 'raw': True,
                                       'options': {'name': 'vanilla'}})['id'])


threads = [threading.Thread(target=ask, args=(count // 8 + (k < count % 8),)) for k in range(8)]
for t in threads:
    t.start()
for t in threads:
    t.join()
c = http.client.HTTPConnection(address)
deadline = time.time() + 5
while True:
    ms = sorted(i['answered_after_ms'] for i in post(c, 'interactions', {})
                if i['id'] in ids and i['answered_after_ms'] is not None)
    if len(ms) == count or time.time() > deadline:
        break
print(len(ms), ms[len(ms) // 2] if ms else '-', ms[-1] if ms else '-')
