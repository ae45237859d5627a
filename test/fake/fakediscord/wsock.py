"""WebSocket frames, server side, by hand. Source: RFC 6455."""
import base64
import hashlib
import struct
import zlib

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
MESSAGE_MAX = 1 << 20


class Broken(Exception):
    """The client broke the protocol; code is what the connection is closed with."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def accept(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def handshake_fault(r):
    """Why the request is no WebSocket handshake, or None."""
    if r.method != 'GET' or 'upgrade' not in r.headers.get('connection', '').lower():
        return 'no GET with Connection: Upgrade'
    if r.headers.get('sec-websocket-version') != '13':
        return 'not version 13'
    try:
        if len(base64.b64decode(r.headers.get('sec-websocket-key', ''), validate=True)) != 16:
            return 'the key is not 16 bytes'
    except ValueError:
        return 'the key is not base64'
    if not r.headers.get('host'):
        return 'no Host'
    return None


def frame(opcode, payload, fin=True, rsv=0, mask=None):
    """One frame; a server's are not masked (mask: 4 bytes to break that rule on purpose)."""
    out = bytearray([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask else 0
    n = len(payload)
    if n < 126:
        out.append(bit | n)
    elif n < 65536:
        out += struct.pack('!BH', bit | 126, n)
    else:
        out += struct.pack('!BQ', bit | 127, n)
    if mask:
        out += mask
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return bytes(out) + payload


def unmask(key, data):
    n = len(data)
    wide = (key * (n // 4 + 1))[:n]
    return (int.from_bytes(data, 'big') ^ int.from_bytes(wide, 'big')).to_bytes(n, 'big') if n else b''


async def read_frame(reader):
    a, b = await reader.readexactly(2)
    fin, rsv, opcode = a >> 7, a >> 4 & 7, a & 15
    n = b & 127
    if rsv:
        raise Broken(1002, 'reserved bits are set')
    if not b & 128:
        raise Broken(1002, 'a frame of a client is not masked')
    if opcode not in (0, TEXT, BINARY, CLOSE, PING, PONG):
        raise Broken(1002, 'unknown opcode %d' % opcode)
    if opcode >= 8 and (n > 125 or not fin):
        raise Broken(1002, 'a control frame is too long or in pieces')
    if n == 126:
        n = struct.unpack('!H', await reader.readexactly(2))[0]
    elif n == 127:
        n = struct.unpack('!Q', await reader.readexactly(8))[0]
    if n > MESSAGE_MAX:
        raise Broken(1009, 'a frame of %d bytes' % n)
    key = await reader.readexactly(4)
    return fin, opcode, unmask(key, await reader.readexactly(n))


class Reader:
    """Whole messages out of frames: (opcode, payload); control frames come as they are."""

    def __init__(self, reader):
        self.reader, self.kind, self.parts = reader, None, []

    async def next(self):
        while True:
            fin, op, data = await read_frame(self.reader)
            if op >= 8:
                return op, data
            if (op == 0) == (self.kind is None):
                raise Broken(1002, 'a continuation without a beginning, or a new message within one')
            self.kind = self.kind or op
            self.parts.append(data)
            if sum(map(len, self.parts)) > MESSAGE_MAX:
                raise Broken(1009, 'the message is too long')
            if not fin:
                continue
            kind, whole = self.kind, b''.join(self.parts)
            self.kind, self.parts = None, []
            if kind == TEXT:
                try:
                    whole.decode()
                except UnicodeDecodeError:
                    raise Broken(1007, 'a text is not UTF-8') from None
            return kind, whole


def close_code(payload):
    """(code or None, reason) of a close frame."""
    if len(payload) < 2:
        return None, ''
    return struct.unpack('!H', payload[:2])[0], payload[2:].decode(errors='replace')


class Deflate:
    """compress=zlib-stream: one zlib stream for the whole connection, flushed after each message."""

    def __init__(self):
        self.z = zlib.compressobj()

    def __call__(self, data):
        return self.z.compress(data) + self.z.flush(zlib.Z_SYNC_FLUSH)
