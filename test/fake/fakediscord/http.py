"""The HTTP/1.1 server side: keep-alive, Content-Length and chunked bodies, ceilings. No more."""
import asyncio
import json
import urllib.parse

HEAD_MAX = 32768
BODY_MAX = 8 << 20
REASONS = {100: 'Continue', 101: 'Switching Protocols', 200: 'OK', 201: 'Created', 204: 'No Content',
           400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found',
           405: 'Method Not Allowed', 408: 'Request Timeout', 413: 'Payload Too Large',
           422: 'Unprocessable Entity', 429: 'Too Many Requests', 500: 'Internal Server Error',
           502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout'}


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.headers, self.body = method, headers, body
        self.target = target
        path, _, query = target.partition('?')
        self.path = urllib.parse.unquote(path)
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))

    def header(self, name):
        return self.headers.get(name)


class Answer:
    """status, JSON (or bytes), headers; and what a fault does to it."""

    def __init__(self, status, body=None, headers=None, spoil=None):
        self.status, self.headers, self.spoil = status, headers or {}, spoil
        self.raw = isinstance(body, bytes)
        self.body = b'' if body is None else body if self.raw else json.dumps(body).encode()
        self.empty = body is None

    def bytes(self, close=False):
        head = ['HTTP/1.1 %d %s' % (self.status, REASONS.get(self.status, 'Other'))]
        if self.status != 204:
            if not self.empty and 'Content-Type' not in self.headers:
                head.append('Content-Type: ' + ('text/html' if self.raw else 'application/json'))
            head.append('Content-Length: %d' % len(self.body))
        head += ['%s: %s' % kv for kv in self.headers.items()]
        head.append('Connection: close' if close else 'Connection: keep-alive')
        return '\r\n'.join(head).encode() + b'\r\n\r\n' + (b'' if self.status == 204 else self.body)


async def read_head(reader):
    try:
        return await reader.readuntil(b'\r\n\r\n')
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        return None


async def read_body(reader, writer, headers):
    if headers.get('expect', '').lower() == '100-continue':
        writer.write(b'HTTP/1.1 100 Continue\r\n\r\n')
    if 'chunked' in headers.get('transfer-encoding', '').lower():
        out = bytearray()
        while True:
            size = int((await reader.readuntil(b'\r\n')).split(b';')[0].strip(), 16)
            out += await reader.readexactly(size)
            await reader.readexactly(2)
            if size == 0:
                return bytes(out)
            if len(out) > BODY_MAX:
                raise ValueError('body too large')
    length = int(headers.get('content-length') or 0)
    if not 0 <= length <= BODY_MAX:
        raise ValueError('body too large')
    return await reader.readexactly(length) if length else b''


def parse_head(head):
    lines = head.decode('latin-1').split('\r\n')
    method, target, version = lines[0].split(' ')
    if not version.startswith('HTTP/1.'):
        raise ValueError('not HTTP/1')
    headers = {}
    for line in lines[1:]:
        if line:
            k, _, v = line.partition(':')
            headers[k.strip().lower()] = v.strip()
    return method, target, headers


async def spoiled(writer, answer):
    """Break the answer as ordered; True: the connection is over."""
    whole = answer.bytes()
    if answer.spoil == 'drop':
        pass
    elif answer.spoil == 'truncate':
        head = whole.index(b'\r\n\r\n') + 4
        writer.write(whole[:head + (len(whole) - head) // 2])
    elif answer.spoil == 'garbage':
        writer.write(b'\x16\x03\x01 this is no HTTP\r\n\r\n' * 3)
    elif answer.spoil == 'reset':
        writer.transport.abort()
        return
    elif answer.spoil == 'hang':
        await asyncio.sleep(3600)
    await writer.drain()


async def serve(reader, writer, handle, upgrade):
    """One connection. handle(request) gives an Answer; upgrade(request, reader, writer) takes the
    connection over and returns when it is done."""
    try:
        while True:
            head = await read_head(reader)
            if head is None:
                break
            try:
                method, target, headers = parse_head(head)
                body = await read_body(reader, writer, headers)
            except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                writer.write(Answer(413, {'message': 'Request entity too large', 'code': 40005}).bytes(True))
                break
            r = Request(method, target, headers, body)
            if headers.get('upgrade', '').lower() == 'websocket':
                await upgrade(r, reader, writer)
                break
            answer = await handle(r)
            if answer.spoil:
                await spoiled(writer, answer)
                break
            close = headers.get('connection', '').lower() == 'close'
            writer.write(answer.bytes(close))
            await writer.drain()
            if close:
                break
    except (ConnectionError, OSError, asyncio.CancelledError):
        pass
    finally:
        try:
            writer.close()
        except (ConnectionError, OSError, RuntimeError):
            pass
