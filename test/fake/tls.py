#!/usr/bin/env python3
"""TLS in front of a plain server, and an HTTP proxy in front of that.

tls.py CERT KEY PORT: prints "TLSPORT PROXYPORT". What comes by TLS goes on to 127.0.0.1:PORT. The proxy
knows CONNECT alone, leads everybody to TLSPORT, and prints what it was asked for. Ends with stdin.
"""
import os
import socket
import ssl
import sys
import threading


def pump(src, dst):
    try:
        while data := src.recv(65536):
            dst.sendall(data)
    except OSError:
        pass
    for s in (src, dst):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def join(a, b):
    threading.Thread(target=pump, args=(a, b), daemon=True).start()
    pump(b, a)


def tls(conn, ctx, port):
    try:
        with ctx.wrap_socket(conn, server_side=True) as inner:
            join(inner, socket.create_connection(("127.0.0.1", port)))
    except OSError:
        conn.close()


def proxy(conn, port):
    head = b""
    while b"\r\n\r\n" not in head:
        more = conn.recv(4096)
        if not more:
            return
        head += more
    print(head.split(b"\r\n")[0].decode(), flush=True)
    if b"refused.example" in head:
        conn.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        conn.close()
        return
    out = socket.create_connection(("127.0.0.1", port))
    conn.sendall(b"HTTP/1.1 200 fine\r\n\r\n")
    join(conn, out)


def listen(fn, *args):
    s = socket.create_server(("127.0.0.1", 0))

    def loop():
        while True:
            conn, _ = s.accept()
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=fn, args=(conn, *args), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return s.getsockname()[1]


ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(sys.argv[1], sys.argv[2])
tls_port = listen(tls, ctx, int(sys.argv[3]))
print(tls_port, listen(proxy, tls_port), flush=True)
sys.stdin.read()
os._exit(0)
