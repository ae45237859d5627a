#!/usr/bin/env python3
"""Somebody who plays Minetest, without a screen: joins a real server as its own client does and stays.

minetest_friend.py ADDRESS NAME: prints a line for each thing that happens, at once: "joined",
    "heard TEXT" (the chat), "refused REASON", "left". SIGTERM: takes leave properly.

Only what is needed to be a player: a name that the server does not know yet, no password, and no look
at what the world is made of. Source of the numbers: Minetest's doc/protocol.txt (the layers below) and
the comments of src/network/networkprotocol.h (commands), protocol 37 to 41 (Minetest 5.0 to 5.6).
"""
import os
import signal
import socket
import struct
import sys
import time

MAGIC = 0x4F457403
CONTROL, ORIGINAL, SPLIT, RELIABLE = range(4)
ACK, SET_PEER, PING, DISCO = range(4)
HELLO, ACCEPT, DENIED, ANNOUNCE_MEDIA, CHAT = 0x02, 0x03, 0x0A, 0x3C, 0x2F
INIT, INIT2, READY, FIRST_SRP = 0x02, 0x11, 0x43, 0x50
FIRST_SEQ = 65500
SRP_FIRST = 1 << 2  # a way to come in: a name that is new


def text(s):
    return struct.pack('>H', len(s)) + s


def wide(data, at):
    n, = struct.unpack_from('>H', data, at)
    return data[at + 2:at + 2 + 2 * n].decode('utf-16-be', 'replace'), at + 2 + 2 * n


class Friend:
    def __init__(self, address, name):
        host, port = address.rsplit(':', 1)
        self.name = name.encode()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect((host.strip('[]'), int(port)))
        self.sock.settimeout(0.2)
        self.peer = 0
        self.seq = {0: FIRST_SEQ, 1: FIRST_SEQ}  # of each channel, of ours
        self.unacked = {}                        # (channel, seq): [packet, when it was sent]
        self.due = {}                            # channel: the next of theirs that is read
        self.early = {}                          # (channel, seq): what came before its turn
        self.parts = {}                          # (channel, seq of the split): its pieces
        self.joined = False
        self.going = False

    def send(self, channel, body):
        self.sock.send(struct.pack('>IHB', MAGIC, self.peer, channel) + body)

    def surely(self, channel, body):
        seq = self.seq[channel]
        self.seq[channel] = (seq + 1) & 0xFFFF
        packet = struct.pack('>BH', RELIABLE, seq) + body
        self.unacked[channel, seq] = [packet, time.monotonic()]
        self.send(channel, packet)

    def command(self, word, body=b''):
        self.surely(1, struct.pack('>BH', ORIGINAL, word) + body)

    def say(self, *words):
        print(*words, flush=True)

    # ---- the layers, outermost first ----

    def packet(self, channel, data):
        kind = data[0]
        if kind == CONTROL:
            if data[1] == ACK:
                self.unacked.pop((channel, struct.unpack_from('>H', data, 2)[0]), None)
            elif data[1] == SET_PEER:
                self.peer, = struct.unpack_from('>H', data, 2)
            elif data[1] == DISCO:
                self.going = True
        elif kind == ORIGINAL:
            self.heard(data[1:])
        elif kind == SPLIT:
            self.split(channel, data)
        elif kind == RELIABLE:
            self.reliable(channel, data)

    def reliable(self, channel, data):
        seq, = struct.unpack_from('>H', data, 1)
        if data[3] == CONTROL and data[4] == SET_PEER:
            self.packet(channel, data[3:])  # the acknowledgement has to bear the new number
        self.send(channel, struct.pack('>BBH', CONTROL, ACK, seq))
        due = self.due.setdefault(channel, FIRST_SEQ)
        if (seq - due) & 0xFFFF >= 0x8000:
            return  # again
        self.early[channel, seq] = data[3:]
        while (channel, self.due[channel]) in self.early:
            inner = self.early.pop((channel, self.due[channel]))
            self.due[channel] = (self.due[channel] + 1) & 0xFFFF
            self.packet(channel, inner)

    def split(self, channel, data):
        seq, count, number = struct.unpack_from('>HHH', data, 1)
        pieces = self.parts.setdefault((channel, seq), {})
        pieces[number] = data[7:]
        if len(pieces) == count:
            del self.parts[channel, seq]
            self.heard(b''.join(pieces[i] for i in range(count)))

    # ---- what the server says ----

    def heard(self, data):
        if len(data) < 2:
            return
        word, = struct.unpack_from('>H', data)
        if word == HELLO:
            ways, = struct.unpack_from('>I', data, 7)
            if not ways & SRP_FIRST:
                self.say('refused the name is taken')
                self.going = True
                return
            self.command(FIRST_SRP, text(os.urandom(16)) + text(os.urandom(256)) + b'\1')
        elif word == ACCEPT:
            self.command(INIT2, text(b''))
        elif word == ANNOUNCE_MEDIA and not self.joined:
            self.command(READY, struct.pack('>BBBB', 5, 6, 1, 0) + text(b'5.6.1') + struct.pack('>H', 6))
            self.joined = True
            self.say('joined')
        elif word == DENIED:
            self.say('refused', data[2:].decode('utf-8', 'replace'))
            self.going = True
        elif word == CHAT:
            sender, at = wide(data, 4)
            self.say('heard', wide(data, at)[0])

    # ---- ----

    def again(self, now):
        for (channel, _), entry in self.unacked.items():
            if now - entry[1] > 0.7:
                entry[1] = now
                self.send(channel, entry[0])

    def run(self):
        began = pinged = now = time.monotonic()
        asked = 0
        self.surely(0, bytes([ORIGINAL]))  # nothing: the server gives us a number
        while not self.going:
            try:
                data = self.sock.recv(65536)
                if len(data) > 8 and struct.unpack_from('>I', data)[0] == MAGIC:
                    self.packet(data[6], data[7:])
            except (TimeoutError, ConnectionRefusedError):
                pass
            now = time.monotonic()
            self.again(now)
            if now - pinged > 4:
                pinged = now
                self.surely(0, struct.pack('>BB', CONTROL, PING))
            # unreliable, so said until it is answered
            if self.peer and 1 not in self.due and now - asked > 0.7:
                asked = now
                self.send(1, struct.pack('>BHBHHH', ORIGINAL, INIT, 29, 0, 37, 41) + text(self.name))
            if not self.joined and now - began > 60:
                self.say('refused no answer in a minute')
                return 1
        self.send(0, struct.pack('>BB', CONTROL, DISCO))
        self.say('left')
        return 0 if self.joined else 1


def main():
    friend = Friend(sys.argv[1], sys.argv[2])

    def leave(*_):
        friend.going = True

    signal.signal(signal.SIGTERM, leave)
    return friend.run()


sys.exit(main())
