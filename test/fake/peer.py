#!/usr/bin/env python3
"""What answers where a game should: peers that are broken, slow, or hostile.

peer.py tcp|tcp6 WHAT [ARG]: a Minecraft server (Server List Ping). WHAT: json (answers ARG),
    file (the bytes of the file ARG), large (a status of ARG bytes), silent, close, drip, huge,
    endless, web, varint, negative, tail, cut.
peer.py udp WHAT [ARG]: a Bedrock server (or none). WHAT: pong (with the text ARG), lost (the same,
    but not to the first two pings), nonce (a wrong one), old (a pong of yesterday, then the true
    one), cut, flood, parts (A2S parts without end), stranger (from another port).

Prints its port, then answers until it is killed. PEER_BIND=ADDRESS:PORT: where it listens.
"""
import json
import os
import socket
import struct
import sys
import threading
import time

MAGIC = bytes.fromhex("00ffff00fefefefefdfdfdfd12345678")
kind, what, arg = sys.argv[1], sys.argv[2], (sys.argv[3] if len(sys.argv) > 3 else "")


def varint(n):
    out = b""
    while True:
        out += bytes([n & 0x7f | (0x80 if n > 0x7f else 0)])
        n >>= 7
        if n == 0:
            return out


def status(text):
    body = b"\0" + varint(len(text)) + text
    return varint(len(body)) + body


def read_varint(f):
    n = 0
    for i in range(5):
        b = f.read(1)[0]
        n |= (b & 0x7f) << (7 * i)
        if not b & 0x80:
            return n
    raise ValueError("varint")


def serve_tcp(c):
    f = c.makefile("rb")
    shake = f.read(read_varint(f))
    # what a real server wants: packet 0, and "status" as the last byte; then an empty packet 0
    assert shake[:1] == b"\0" and shake[-1:] == b"\1", shake
    assert f.read(2) == b"\1\0"
    good = b'{"version":{"name":"1.21.4"},"players":{"online":2,"max":9}}'
    if what == "json":
        c.sendall(status(arg.encode()))
    elif what == "file":
        c.sendall(open(arg, "rb").read())
    elif what == "large":
        pad = "A" * (int(arg) - 200)
        c.sendall(status(json.dumps({"favicon": "data:image/png;base64," + pad,
                                     "players": {"online": 5, "max": 100}}).encode()))
    elif what == "silent":
        time.sleep(600)
    elif what == "drip":
        for b in status(b" " * 100000 + good):
            c.sendall(bytes([b]))
            time.sleep(0.05)
    elif what == "huge":
        c.sendall(varint(0x7fffffff))
        time.sleep(600)
    elif what == "endless":
        while True:
            c.sendall(b"\x80" * 65536)
    elif what == "web":
        c.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    elif what == "varint":
        c.sendall(b"\xff\xff\xff\xff\xff\xff\x01")
    elif what == "negative":
        c.sendall(b"\xff\xff\xff\xff\x0f")
    elif what == "tail":
        body = b"\0" + varint(len(good)) + good + b"more"
        c.sendall(varint(len(body)) + body)
    elif what == "cut":
        c.sendall(status(good)[:-5])
    c.close()


def one(c):
    try:
        serve_tcp(c)
    except OSError:
        pass


def bind(s):
    default = "::1:0" if kind == "tcp6" else "127.0.0.1:0"
    host, port = os.environ.get("PEER_BIND", default).rsplit(":", 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, int(port)))


def tcp():
    s = socket.socket(socket.AF_INET6 if kind == "tcp6" else socket.AF_INET)
    bind(s)
    s.listen(8)
    print(s.getsockname()[1], flush=True)
    while True:
        c, _ = s.accept()
        threading.Thread(target=one, args=(c,), daemon=True).start()


def pong(nonce, text):
    return b"\x1c" + nonce + os.urandom(8) + MAGIC + struct.pack(">H", len(text)) + text


def udp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bind(s)
    print(s.getsockname()[1], flush=True)
    text, asked = arg.encode(), 0
    while True:
        ping, peer = s.recvfrom(2048)
        asked += 1
        if what == "parts":
            for i in range(2000):
                s.sendto(b"\xfe\xff\xff\xff" + struct.pack("<IBBH", i, 9, 1, 1200) + b"x" * 50, peer)
            continue
        if len(ping) != 33 or ping[:1] != b"\1" or ping[9:25] != MAGIC:
            continue
        nonce = ping[1:9]
        if what == "pong" or (what == "lost" and asked > 2):
            s.sendto(pong(nonce, text), peer)
        elif what == "nonce":
            s.sendto(pong(os.urandom(8), text), peer)
        elif what == "old":
            s.sendto(pong(os.urandom(8), b"MCPE;x;1;1.0;0;9;"), peer)
            s.sendto(pong(nonce, text), peer)
        elif what == "cut":
            s.sendto(pong(nonce, text)[:-3], peer)
        elif what == "flood":
            for _ in range(3000):
                s.sendto(pong(os.urandom(8), text), peer)
        elif what == "stranger":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.sendto(pong(nonce, text), peer)


udp() if kind == "udp" else tcp()
