#!/usr/bin/env python3
"""A game server that answers A2S, from Valve's public description ("Server queries").

a2s.py [players=N] [bots=N] [names=A,B] [name=TEXT] [challenge=always|never|endless]
    [split=none|source|old|goldsrc|compressed] [size=N] [drop=N] [form=source|goldsrc]
    [list=yes|no] [family=4|6]

Prints its port, then answers until it is killed. split: answers of more than `size` bytes come
in parts, out of order. drop: of the first N datagrams nothing is answered.
"""
import os
import socket
import struct
import sys

opt = dict(players="3", bots="0", names="", name="a server", challenge="always", split="none",
           size="1200", drop="0", form="source", list="yes", family="4")
opt.update(a.split("=", 1) for a in sys.argv[1:])
players, bots, size = int(opt["players"]), int(opt["bots"]), int(opt["size"])
names = [n for n in opt["names"].split(",") if n]
secret = os.urandom(8)
SINGLE = b"\xff\xff\xff\xff"


def text(s):
    return s.encode() + b"\0"


def info():
    if opt["form"] == "goldsrc":
        return (b"m" + text("127.0.0.1:27015") + text(opt["name"]) + text("de_map") + text("valve") +
                text("Half-Life") + struct.pack("<BBBBBBB", players, 32, 47, ord("d"), ord("l"), 0, 1) +
                text("http://a/") + text("") + b"\0" + struct.pack("<IIBB", 1, 2, 0, 0) +
                struct.pack("<BB", 1, bots))
    return (b"I" + struct.pack("<B", 17) + text(opt["name"]) + text("de_map") + text("folder") +
            text("A Game") + struct.pack("<hBBB", 740, players, 32, bots) + b"dl\0\1" + text("1.38.7.9") +
            b"\xb1" + struct.pack("<HQ", 27015, 90071992547409920) + text("secure,tag") + struct.pack("<Q", 740))


def people():
    out = b"D" + struct.pack("<B", len(names))
    for n in names:
        out += b"\0" + text(n) + struct.pack("<if", 7, 61.5)
    return out


def send(sock, peer, payload):
    data = SINGLE + payload
    if opt["split"] == "none" or len(data) <= size:
        sock.sendto(data, peer)
        return
    if opt["split"] == "compressed":
        import bz2
        import zlib
        data = struct.pack("<II", len(data), zlib.crc32(data)) + bz2.compress(data)
    parts = [data[i:i + size] for i in range(0, len(data), size)]
    mark = b"\xfe\xff\xff\xff"
    for i, part in reversed(list(enumerate(parts))):
        if opt["split"] == "goldsrc":
            head = struct.pack("<iB", 4711, i << 4 | len(parts))
        elif opt["split"] == "old":
            head = struct.pack("<iBB", 4711, len(parts), i)
        else:
            ident = 4711 | (0x80000000 if opt["split"] == "compressed" else 0)
            head = struct.pack("<IBBH", ident, len(parts), i, size)
        sock.sendto(mark + head + part, peer)


def main():
    sock = socket.socket(socket.AF_INET6 if opt["family"] == "6" else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("::1" if opt["family"] == "6" else "127.0.0.1", 0))
    print(sock.getsockname()[1], flush=True)
    dropped = 0
    while True:
        ask, peer = sock.recvfrom(65536)
        if dropped < int(opt["drop"]):
            dropped += 1
            continue
        if ask[:4] != SINGLE:
            continue
        if opt["challenge"] == "endless":
            sock.sendto(SINGLE + b"A" + os.urandom(4), peer)
            continue
        mine = struct.pack("<I", hash((peer, secret)) & 0xFFFFFFFF)
        if ask[4:25] == b"TSource Engine Query\0":
            if opt["challenge"] == "always" and ask[25:] != mine:
                sock.sendto(SINGLE + b"A" + mine, peer)
            else:
                send(sock, peer, info())
        elif ask[4:5] == b"U" and opt["list"] == "yes":
            if ask[5:] != mine:
                sock.sendto(SINGLE + b"A" + mine, peer)
            else:
                send(sock, peer, people())


main()
