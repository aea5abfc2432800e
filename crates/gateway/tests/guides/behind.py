#!/usr/bin/python3
"""The configurations of docs/behind-proxies.md, as they are printed, in front of the gate and a small API.

    behind.py DOORWARD [--caddy CADDY] [PROXY...]

A client at an address of its own, with headers that lie, asks through the proxy. Both sides have to know the client, the
scheme and the id; WebSockets, events, uploads and refusals have to come through.
"""
import argparse
import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile

import page
from processes import Servers, free_port, ready, until

HERE = pathlib.Path(__file__).resolve().parent
PAGE = "behind-proxies.md"
HOST = "api.example.com"
# No trusted proxy: on Linux, all of 127.0.0.0/8 is this machine.
CLIENT = "127.0.0.9"
LIES = {
    "X-Forwarded-For": "203.0.113.66",
    "Forwarded": "for=203.0.113.66;proto=https;host=evil.example",
    "X-Real-IP": "203.0.113.66",
    "X-Forwarded-Host": "evil.example",
    "X-Request-Id": "forged",
}


class Gate:
    """The gate with a policy of the page, before an API."""

    def __init__(self, servers, doorward, first, certificate=None):
        self.api, self.port, self.admin = free_port(), free_port(), free_port()
        self.directory = servers.directory
        servers.start(sys.executable, HERE / "api.py", self.api, port=self.api)
        policy = page.replaced(
            page.block(PAGE, first),
            (r"127\.0\.0\.1:8(080|443)", f"127.0.0.1:{self.port}"),
            ("127.0.0.1:3000", f"127.0.0.1:{self.api}"),
            ("127.0.0.1:9901", f"127.0.0.1:{self.admin}"),
        )
        policy = policy.replace("/etc/ssl/", f"{certificate}/")
        (self.directory / "doorward.toml").write_text(policy)
        servers.start(doorward, "run", output="gate.log", port=self.port)
        until("the gate is ready", ready(self.admin))

    def line(self, path):
        """The access line of a request."""
        def found():
            lines = [json.loads(line) for line in (self.directory / "gate.log").read_text().splitlines() if line[:1] == "{"]
            return [line for line in lines if line["type"] == "access" and line["path"] == path]

        return until(f"the line of {path}", found)[0]


class Client:
    """A client of the proxy, over TLS or not."""

    def __init__(self, port, tls):
        self.port, self.tls = port, tls

    def connection(self):
        address = (CLIENT, 0)
        if not self.tls:
            return http.client.HTTPConnection("127.0.0.1", self.port, 20, source_address=address)
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(HOST, self.port, timeout=20, source_address=address, context=context)
        # The name is for SNI and Host; it is on no name server.
        connection._create_connection = lambda _, *rest: socket.create_connection(("127.0.0.1", self.port), *rest)
        return connection

    def ask(self, path, method="GET", body=None, headers=None):
        connection = self.connection()
        connection.request(method, path, body, {"Host": HOST, "User-Agent": "guide", **(headers or {})})
        answer = connection.getresponse()
        return answer, answer.read()


def same(what, got, expected):
    assert got == expected, f"{what}: {got!r}, not {expected!r}"


def is_known(gate, client, has_id=True):
    """Client, scheme, host, path and id, whatever the client says of them."""
    lies = LIES | {"X-Forwarded-Proto": "http" if client.tls else "https"}
    path = "/who/%7Ethere//a%2Fb" if client.tls else "/who/plain"
    answer, body = client.ask(path, headers=lies)
    same("status", answer.status, 200)
    told = json.loads(body)
    headers = {name.lower(): value for name, value in told["headers"]}
    scheme = "https" if client.tls else "http"
    same("Host", headers["host"], HOST)
    same("Forwarded", headers["forwarded"], f"for={CLIENT};proto={scheme};host={HOST}")
    same("X-Forwarded-For", headers["x-forwarded-for"].split(", ")[-2 if has_id else -1], CLIENT)
    same("X-Forwarded-Proto", headers["x-forwarded-proto"], scheme)
    assert "x-real-ip" not in headers, headers
    same("path", told["path"], path)
    line = gate.line(path)
    same("client in the log", line["client"], CLIENT)
    cookie = answer.headers["Set-Cookie"]
    same("Secure", "; Secure" in cookie, client.tls)
    same("HSTS", answer.headers["Strict-Transport-Security"] is not None, client.tls)
    if has_id:
        same("id in log and API", line["request_id"], headers["x-request-id"])
        assert line["request_id"] != "forged" and len(line["request_id"]) >= 16, line
    return line


def passes(client):
    """What proxies like to hold back, cut off or forget."""
    answer, body = client.ask("/upload", "POST", b"x" * 3_000_000, {"Content-Type": "application/octet-stream"})
    same("upload", (answer.status, json.loads(body)["length"]), (200, 3_000_000))
    for version in ("--http1.1", "--http2") if client.tls else ("--http1.1",):
        same(f"413, {version}", too_large(client, version), "413 application/problem+json")
    answer, body = client.ask("/notes?q='%20OR%20'1'='1")
    same("403", (answer.status, json.loads(body)["status"]), (403, 403))
    connection = client.connection()
    connection.request("GET", "/events", headers={"Host": HOST, "User-Agent": "guide"})
    stream = connection.getresponse()
    same("first event", stream.readline(), b"data: first\n")
    same("it is seen", client.ask("/seen", "POST")[0].status, 200)
    same("second event", stream.read(), b"\ndata: second\n\n")
    same("WebSocket", spoken(client, b"one"), b"echo one")


def too_large(client, version):
    """What curl gets, which reads while it sends."""
    body = b'{"text":"' + b"x" * 9_000_000 + b'"}'
    url = f"http{'s' if client.tls else ''}://{HOST}:{client.port}/large"
    command = f"curl -sk {version} -o /dev/null -w %{{http_code}}\t%{{content_type}} --data-binary @- --max-time 30"
    command = [*command.split(" "), "--resolve", f"{HOST}:{client.port}:127.0.0.1", "--interface", CLIENT, "-H"]
    done = subprocess.run([*command, "Content-Type: application/json", url], input=body, capture_output=True)
    return done.stdout.decode().replace("\t", " ")


def spoken(client, text):
    """What is answered to a text over a WebSocket."""
    connection = client.connection()
    connection.connect()
    handshake = f"GET /socket HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    handshake += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    connection.sock.sendall(handshake.encode())
    with connection.sock.makefile("rb") as answer:
        same("upgrade", answer.readline()[:12], b"HTTP/1.1 101")
        while answer.readline().strip():
            pass
        # A text of fewer than 126 bytes, under a mask that changes nothing (RFC 6455 §5.2).
        connection.sock.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
        same("frame", answer.read(1), b"\x81")
        return answer.read(answer.read(1)[0])


def certificate(directory):
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={HOST} -days 30"
        f" -addext subjectAltName=DNS:{HOST} -keyout api.key -out api.crt".split(),
        cwd=directory, check=True, capture_output=True,
    )
    key, crt = (directory / "api.key").read_text(), (directory / "api.crt").read_text()
    (directory / "api.pem").write_text(crt + key)
    os.chmod(directory / "api.key", 0o600)


def nginx(servers, gate, port, tls):
    text = page.replaced(
        page.block(PAGE, "# /etc/nginx/conf.d/api.conf"),
        (r"127\.0\.0\.1:8080", f"127.0.0.1:{gate.port}"),
        (r"listen 443 ssl http2;", f"listen 127.0.0.1:{port}{' ssl http2' if tls else ''};"),
        (r"/etc/ssl/", f"{servers.directory}/"),
    )
    if not tls:
        text = "\n".join(line for line in text.splitlines() if "ssl_certificate" not in line)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = " ".join(f"{kind}_temp_path {servers.directory}/{kind};" for kind in kinds)
    main = f"daemon off; pid nginx.pid; error_log stderr; {'user root;' if os.getuid() == 0 else ''} events {{}}"
    (servers.directory / "nginx.conf").write_text(f"{main} http {{ access_log off; {places}\n{text}\n}}")
    servers.start("nginx", "-p", servers.directory, "-e", "stderr", "-c", "nginx.conf", port=port)


def haproxy(servers, gate, port, tls, first="# /etc/haproxy/haproxy.cfg"):
    text = page.replaced(
        page.block(PAGE, first),
        (r"127\.0\.0\.1:8(080|443)", f"127.0.0.1:{gate.port}"),
        ("port 9901", f"port {gate.admin}"),
        ("bind :443", f"bind 127.0.0.1:{port}"),
    )
    text = text.replace("/etc/ssl/", f"{servers.directory}/")
    if not tls:
        text = page.replaced(text, (r" ssl crt \S+ alpn \S+", ""))
    (servers.directory / "haproxy.cfg").write_text(text)
    servers.start("haproxy", "-db", "-f", "haproxy.cfg", port=port)


def with_proxy_protocol(servers, gate, port, tls):
    haproxy(servers, gate, port, True, "# /etc/haproxy/haproxy.cfg, PROXY protocol")


def caddy(servers, gate, port, tls):
    text = page.replaced(
        page.block(PAGE, "# Caddyfile"),
        (r"127\.0\.0\.1:8080", f"127.0.0.1:{gate.port}"),
        ("health_port 9901", f"health_port {gate.admin}"),
        ("/etc/ssl/", f"{servers.directory}/"),
        (r"api\.example\.com:443", f"{'https' if tls else 'http'}://{HOST}:{port}"),
    )
    text = text.replace("api.pem", "api.crt")
    if not tls:
        text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("tls "))
    options = "{\n admin off\n auto_https disable_redirects\n persist_config off\n}\n"
    (servers.directory / "Caddyfile").write_text(options + text)
    os.environ.update(XDG_DATA_HOME=str(servers.directory), XDG_CONFIG_HOME=str(servers.directory), HOME=str(servers.directory))
    servers.start(arguments.caddy, "run", "--config", "Caddyfile", "--adapter", "caddyfile", port=port)


PROXIES = {"nginx": nginx, "haproxy": haproxy, "haproxy-proxy-protocol": with_proxy_protocol, "caddy": caddy}


def behind(name, tls):
    proxy, is_bytes = PROXIES[name], name == "haproxy-proxy-protocol"
    with tempfile.TemporaryDirectory() as directory, Servers(directory) as servers:
        certificate(servers.directory)
        first = "# doorward.toml, PROXY protocol" if is_bytes else "# doorward.toml"
        gate = Gate(servers, arguments.doorward, first, servers.directory)
        port = free_port()
        proxy(servers, gate, port, tls)
        client = Client(port, tls)
        try:
            until("the proxy asks the gate", lambda: client.ask("/warm")[0].status == 200)
            line = is_known(gate, client, has_id=not is_bytes)
            if is_bytes:
                same("TLS of the gate", line["tls"], "TLSv1.3")
                answer = Client(gate.port, True)
                try:
                    answer.ask("/past-the-proxy")
                    raise AssertionError("a connection without the header is served")
                except (OSError, http.client.HTTPException):
                    pass
            passes(client)
        except BaseException:
            for log in ("servers.log", "gate.log"):
                print(f"--- {log}\n{(servers.directory / log).read_text()[-6000:]}")
            raise


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("doorward", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--caddy", default=shutil.which("caddy"))
    parser.add_argument("proxies", nargs="*", metavar="PROXY")
    arguments = parser.parse_intermixed_args()
    for name in arguments.proxies or PROXIES:
        for tls in (True,) if name == "haproxy-proxy-protocol" else (True, False):
            if name == "caddy" and not arguments.caddy or name != "caddy" and not shutil.which(name.split("-")[0]):
                print(f"left out: {name} is not installed")
                break
            behind(name, tls)
            print(f"{name}, {'TLS' if tls else 'cleartext'}: passed")
