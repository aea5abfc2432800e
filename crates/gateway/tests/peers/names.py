"""A DNS server that knows a few crawlers, and some who only say that they are."""

import socket
import struct
import sys
import threading

PTR, A, AAAA, NXDOMAIN = 12, 1, 28, 3
NAMES = {
    "1.2.0.192.in-addr.arpa": "crawl-1.googlebot.com",
    "2.2.0.192.in-addr.arpa": "crawl-2.googlebot.com",
    "3.2.0.192.in-addr.arpa": "host-3.provider.example",
    "4.2.0.192.in-addr.arpa": "crawl.evilgooglebot.com",
}
ADDRESSES = {
    "crawl-1.googlebot.com": "192.0.2.1",
    "crawl-2.googlebot.com": "192.0.2.99",
    "crawl.evilgooglebot.com": "192.0.2.4",
}


def encoded(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def answer(query):
    """The answer to a query; none to one about 192.0.2.5."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    name, kind = ".".join(labels), struct.unpack("!H", query[at + 1 : at + 3])[0]
    question = query[12 : at + 5]
    if name.startswith("5.2.0.192."):
        return None
    data = None
    if kind == PTR and name in NAMES:
        data = encoded(NAMES[name])
    if kind == A and name in ADDRESSES:
        data = socket.inet_aton(ADDRESSES[name])
    known = data is not None or kind == AAAA and name in ADDRESSES
    head = query[:2] + struct.pack("!HHHHH", 0x8180 | (0 if known else NXDOMAIN), 1, 1 if data else 0, 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data if data else b""
    return head + question + record


def over_tcp(listener):
    while True:
        connection, _ = listener.accept()
        with connection:
            length = connection.recv(2)
            if len(length) == 2:
                found = answer(connection.recv(struct.unpack("!H", length)[0]))
                if found:
                    connection.sendall(struct.pack("!H", len(found)) + found)


port = int(sys.argv[1])
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", port))
tcp = socket.create_server(("127.0.0.1", port))
threading.Thread(target=over_tcp, args=(tcp,), daemon=True).start()
while True:
    query, client = udp.recvfrom(4096)
    found = answer(query)
    if found:
        udp.sendto(found, client)
