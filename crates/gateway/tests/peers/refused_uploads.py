"""Uploads that are refused while they are sent: http.client writes all of a body before it reads."""

import http.client
import ssl
import sys

scheme, address = sys.argv[1:]
host, port = address.rsplit(":", 1)
unverified = ssl.create_default_context()
unverified.check_hostname = False
unverified.verify_mode = ssl.CERT_NONE


def connect():
    if scheme == "https":
        return http.client.HTTPSConnection(host, int(port), timeout=20, context=unverified)
    return http.client.HTTPConnection(host, int(port), timeout=20)


ATTACK = "/?q=%27%20OR%20%271%27=%271"
for size, path, status in [
    (200_000, ATTACK, 403),
    (3 << 20, ATTACK, 403),
    (3 << 20, "/%2e%2e/x", 400),
    (1 << 20, "/limited", 429),
    (200_000, "/", 413),
    (10 << 20, "/", 413),
]:
    for _ in range(5):
        connection = connect()
        connection.request("POST", path, b"a" * size, {"User-Agent": "t", "Content-Type": "text/plain"})
        answer = connection.getresponse()
        assert answer.status == status, (size, path, answer.status)
        assert answer.getheader("connection") == "close", answer.getheaders()
        assert answer.getheader("content-type") == "application/problem+json", answer.getheaders()
        assert b"urn:doorward:event:" in answer.read()
        connection.close()

# A body that is here costs nobody the connection. `http.client` sends head and body one after the other; so it is sent by hand.
connection = connect()
connection.connect()
for _ in range(3):
    head = f"POST {ATTACK} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: t\r\nContent-Length: 5\r\n\r\n"
    connection.sock.sendall(head.encode() + b"hello")
    answer = http.client.HTTPResponse(connection.sock, method="POST")
    answer.begin()
    assert (answer.status, answer.getheader("connection")) == (403, None), answer.getheaders()
    answer.read()
