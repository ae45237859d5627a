#!/usr/bin/env python3
"""A stand-in for gsp-bot's other half: starts gsp-bot-net on a socketpair and answers it by a script.

usage: monitor.py DIR BASE NET [ARG...]

DIR/token is the bot's token, DIR/webhook a webhook's path (if there), DIR/resume what the last run was
told to keep. It writes DIR/heard (every line that came, with "at": seconds), DIR/pid (of NET),
DIR/status (its exit status), DIR/err (its stderr). DIR/do is a fifo for the test, a line each:
  a JSON object      sent as it is; ${JOB}: the newest job, ${N}: the newest question or command
  eof                close the socket
  slow SECONDS       answer nothing for so long
  stream SECONDS     all jobs so far make progress, four lines a second each
  end, end all       the newest job ends; all of them do
What is asked is answered by the server's name:
  NAMES: one choice for what is typed.
  /server VERB: view verbs get a deferral for the asker alone and a RESULT; `down` a public one and a
  question for 60 s (server "short": 2 s); the others a public one and a job BEGIN.
  server "refused": REFUSED. "silent": nothing. "late": the deferral after 2.5 s. "quick": the job ends
  at once.
A press of "yes" is deferred and becomes a job; of "no" is deferred; of another question is refused.
"""
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

VIEW = ('status', 'list', 'players', 'saves', 'cost', 'extend', 'hold', 'say', 'logs')


class Monitor:
    def __init__(self, where, base, argv):
        self.dir = where
        self.base = base
        pair = socket.socketpair()
        high = [fcntl.fcntl(p, fcntl.F_DUPFD_CLOEXEC, 10) for p in pair]
        for p in pair:
            p.close()
        self.sock = socket.socket(fileno=high[0])
        os.dup2(high[1], 3, inheritable=True)
        os.close(high[1])
        env = {k: v for k, v in os.environ.items() if k in ('GSP_BOT_CA_FILE', 'ASAN_OPTIONS', 'UBSAN_OPTIONS')}
        self.proc = subprocess.Popen(argv, pass_fds=[3], env=env, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.err = open(self.path('err'), 'ab', buffering=0)
        os.set_blocking(self.proc.stderr.fileno(), False)
        os.close(3)
        self.write('pid', str(self.proc.pid))
        self.heard = open(self.path('heard'), 'a', buffering=1)
        self.asks, self.questions, self.later = {}, {}, []
        self.n = self.job = ''
        self.quiet_until = self.stream_until = self.streamed = 0
        self.jobs = []
        self.buf = b''
        if not os.path.exists(self.path('do')):
            os.mkfifo(self.path('do'))
        self.do = os.open(self.path('do'), os.O_RDWR | os.O_NONBLOCK)
        self.do_buf = b''

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name, default=''):
        try:
            with open(self.path(name)) as f:
                return f.read().strip()
        except OSError:
            return default

    def write(self, name, text):
        with open(self.path(name + '.new'), 'w') as f:
            f.write(text)
        os.rename(self.path(name + '.new'), self.path(name))

    def send(self, **msg):
        if self.sock is not None:
            try:
                self.sock.setblocking(True)
                self.sock.sendall(json.dumps(msg).encode() + b'\n')
            except OSError:
                pass

    def hello(self):
        resume = json.loads(self.read('resume') or '{}')
        self.send(kind='hello', token=self.read('token'), base=self.base, ca_file=os.environ.get('GSP_BOT_CA_FILE', ''),
                  webhook=self.read('webhook'), session_id=resume.get('session_id', ''),
                  resume_url=resume.get('resume_url', ''), seq=resume.get('seq', -1))

    # ---- what it asks ----

    def on_names(self, m):
        self.send(kind='choices', n=m['n'], choices=[{'name': 'vanilla (stopped) ' + m['text'], 'value': 'vanilla'}])

    def on_ask(self, m):
        self.n, server = m['n'], m['server']
        if server == 'silent':
            return
        if server == 'refused':
            self.send(kind='refused', n=m['n'], text='you need the role <@&1300000000000000002>')
            return
        self.asks[m['n']] = m
        defer = dict(kind='defer', n=m['n'], verb=m['verb'], server=server, public=m['verb'] not in VIEW, update=False)
        if server == 'late':
            self.later.append((time.time() + 2.5, defer))
        else:
            self.send(**defer)

    def on_press(self, m):
        if m['nonce'] not in self.questions:
            self.send(kind='refused', n=m['n'], text='that question is not open any more')
            return
        m['verb'], m['server'] = 'down', self.questions.pop(m['nonce'])
        self.asks[m['n']] = m
        self.send(kind='defer', n=m['n'], verb='down', server=m['server'], public=False, update=True)

    def on_deferred(self, m):
        a = self.asks.pop(m['n'], None)
        if a is None:
            return
        if a['kind'] == 'press' and not a['yes']:
            return
        if a['kind'] == 'ask' and a['verb'] in VIEW:
            self.send(kind='result', n=m['n'], verb=a['verb'], server=a['server'], status=0,
                      out=self.read('result'), said='')
        elif a['kind'] == 'ask' and a['verb'] == 'down':
            nonce = os.urandom(16).hex()
            self.questions[nonce] = a['server']
            for_s = 2 if a['server'] == 'short' else 60
            self.send(kind='question', n=m['n'], verb='down', server=a['server'], save=0, nonce=nonce,
                      until_ms=int((time.time() + for_s) * 1000), players=1, names='ada')
        else:
            self.begin(a, m)

    def begin(self, a, m):
        self.job = a['interaction']
        self.jobs.append(self.job)
        begin = dict(kind='begin', who=a['who'], verb=a['verb'], interaction=self.job, app=a['app'], token=a['token'],
                     server=a['server'], save=0, message=m['message'], channel=m['channel'],
                     asked_ms=int(time.time() * 1000))
        self.write('begin', json.dumps(begin))
        self.send(**begin)
        if a['server'] == 'quick':
            self.end()

    def stream(self):
        if time.time() < self.streamed + 0.25:
            return
        self.streamed = time.time()
        for job in self.jobs:
            line = json.dumps({'t': int(time.time() * 1000), 'server': 'vanilla', 'step': 'sync-up',
                               'state': 'progress', 'pct': int(time.time() * 10) % 100, 'message': 'moving'})
            self.send(kind='line', interaction=job, out=line)

    def end(self, job=None):
        now = int(time.time() * 1000)
        self.send(kind='end', interaction=job or self.job, status=0, text='', out='', asked_ms=now - 1000, ended_ms=now,
                  cost_usd=-1)

    def on_resume(self, m):
        self.write('resume', json.dumps(m))

    # ---- the loop ----

    def take(self, line):
        m = json.loads(line)
        self.heard.write(json.dumps(dict(m, at=time.time())) + '\n')
        handler = getattr(self, 'on_' + m['kind'], None)
        if handler:
            handler(m)

    def hear_err(self):
        self.err.write(self.proc.stderr.read() or b'')

    def told(self, line):
        word = line.split()
        if line == 'eof':
            self.sock.close()
            self.sock = None
        elif line == 'end':
            self.end()
        elif line == 'end all':
            for job in self.jobs:
                self.end(job)
        elif word and word[0] == 'stream':
            self.stream_until = time.time() + float(word[1])
        elif word and word[0] == 'slow':
            self.quiet_until = time.time() + float(word[1])
        elif line and self.sock is not None:
            text = line.replace('${JOB}', self.job).replace('${N}', str(self.n))
            self.sock.sendall(text.encode() + b'\n')

    def run(self):
        self.hello()
        while self.proc.poll() is None:
            awake = time.time() >= self.quiet_until
            self.hear_err()
            if time.time() < self.stream_until:
                self.stream()
            fds = [self.do] + ([self.sock] if self.sock is not None and awake else [])
            ready = select.select(fds, [], [], 0.02)[0]
            while self.later and self.later[0][0] <= time.time():
                self.send(**self.later.pop(0)[1])
            if self.do in ready:
                self.do_buf += os.read(self.do, 65536)
                *lines, self.do_buf = self.do_buf.split(b'\n')
                for line in lines:
                    self.told(line.decode())
            if self.sock is not None and self.sock in ready:
                try:
                    self.buf += self.sock.recv(65536)
                except ConnectionResetError:  # it left, and did not read all that was sent
                    continue
                *lines, self.buf = self.buf.split(b'\n')
                for line in lines:
                    self.take(line)
        self.hear_err()
        # what it said last
        if self.sock is not None:
            self.sock.setblocking(False)
            try:
                while True:
                    data = self.sock.recv(65536)
                    if not data:
                        break
                    self.buf += data
            except OSError:
                pass
            for line in self.buf.split(b'\n')[:-1]:
                self.take(line)
        self.write('status', str(self.proc.returncode))


if __name__ == '__main__':
    m = Monitor(sys.argv[1], sys.argv[2], sys.argv[3:])
    signal.signal(signal.SIGTERM, lambda *_: (m.proc.kill(), sys.exit(0)))
    m.run()
