#!/usr/bin/env python3
# In place of gsp-bot-net: what the test writes into the FIFO ctl/say beside this program goes to the
# monitor as it is; what the monitor says is appended to ctl/got.
import os, select, sys

ctl = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "ctl")
fifo = os.open(os.path.join(ctl, "say"), os.O_RDWR)
got = os.open(os.path.join(ctl, "got"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
with open(os.path.join(ctl, "argv"), "w") as f:
    f.write("\n".join(sys.argv[1:]) + "\n")
with open(os.path.join(ctl, "env"), "w") as f:
    f.write("".join(k + "\n" for k in sorted(os.environ)))
fds = [int(n) for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)]
with open(os.path.join(ctl, "fds"), "w") as f:
    f.write(" ".join(str(n) for n in sorted(fds) if n not in (fifo, got)))
with open(os.path.join(ctl, "pid"), "w") as f:
    f.write(str(os.getpid()))
sys.stderr.write("gsp-bot-net: hello from the other half \x1b[2J\n")
sys.stderr.write("gsp-bot: all is well\n")
sys.stderr.flush()
while True:
    ready = select.select([3, fifo], [], [])[0]
    if 3 in ready:
        data = os.read(3, 65536)
        if not data:
            sys.exit(0)
        os.write(got, data)
        if b'{"kind":"stop"}\n' in data:
            sys.exit(0)
    if fifo in ready:
        data = os.read(fifo, 65536)
        while data:
            data = data[os.write(3, data):]
