#!/usr/bin/python3
"""Runs docs/password-guessing.md: guesses without a setting, from many addresses, and at a log in that says things in its own way.

    guessing.py DOORWARD
"""
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

import page
from processes import free_port

PAGE = "password-guessing.md"
PASSWORD = "correct horse battery"


class Api(http.server.BaseHTTPRequestHandler):
    """Its log in answers 401; `/api/unlock` answers 400 with a member, and 200 with another."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_right = body["password"] == PASSWORD
        if self.path == "/api/unlock":
            status, answer = (200, {"ok": 1}) if is_right else (400, {"error": "no"})
        else:
            status, answer = (200, {"access_token": "0123456789abcdef"}) if is_right else (401, {})
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def ask(port, path, email, password, source=None):
    body = json.dumps({"email": email, "password": password}).encode()
    headers = {"Content-Type": "application/json"}
    if source:
        headers["X-Forwarded-For"] = source
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def with_gate(doorward, upstream, policy, work):
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory) / "doorward.toml"
        file.write_text(f"[admin]\nenabled = false\n{policy}")
        arguments = [doorward, "run", "--config", file, "--upstream", upstream, "--listen", f"127.0.0.1:{port}"]
        with open(pathlib.Path(directory) / "events", "w+") as events:
            gate = subprocess.Popen(arguments, stdout=events, stderr=subprocess.PIPE, text=True)
            try:
                while "listening on" not in (line := gate.stderr.readline()):
                    assert line, "the gateway has ended"
                work(port)
            finally:
                gate.terminate()
                gate.wait(20)
            events.seek(0)
            return events.read()


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    upstream = f"http://127.0.0.1:{server.server_address[1]}"

    def without_a_setting(port):
        for _ in range(8):
            assert ask(port, "/login", "ann@example.org", PASSWORD) == 200
        seen = [ask(port, "/login", "ann@example.org", f"guess {nth}", f"198.51.100.{nth}") for nth in range(7)]
        assert seen == [401] * 5 + [429] * 2, seen
        assert ask(port, "/login", "ann@example.org", PASSWORD) == 429

    events = with_gate(sys.argv[1], upstream, "", without_a_setting)
    told = [json.loads(line) for line in events.splitlines()]
    refused = [line for line in told if line.get("type") == "event" and line["verdict"] == "refused"]
    assert refused and refused[0]["rule"] == "limit" and refused[0]["door"] == "rate", refused
    assert "5 per 15m by ip counting failures" in json.dumps(refused[0]), refused[0]

    blocks = page.blocks(PAGE)
    account = next(block for block in blocks if "body./email" in block)
    trusting = f'[gateway]\ntrusted_proxies = ["127.0.0.1/32"]\n{account}'

    def from_many_addresses(port):
        seen = [ask(port, "/login", "ann@example.org", f"guess {nth}", f"198.51.100.{nth}") for nth in range(22)]
        assert seen == [401] * 10 + [429] * 12, seen
        assert ask(port, "/login", "ANN@example.org", PASSWORD, "203.0.113.9") == 429
        assert ask(port, "/login", "bob@example.org", PASSWORD, "203.0.113.9") == 200

    with_gate(sys.argv[1], upstream, trusting, from_many_addresses)

    def in_its_own_way(port):
        seen = [ask(port, "/api/unlock", "ann@example.org", f"guess {nth}") for nth in range(7)]
        assert seen == [400] * 5 + [429] * 2, seen

    unlock = next(block for block in blocks if "login_paths" in block)
    with_gate(sys.argv[1], upstream, unlock, in_its_own_way)

    def that_succeeds(port):
        assert [ask(port, "/api/unlock", "ann@example.org", PASSWORD) for _ in range(8)] == [200] * 8

    with_gate(sys.argv[1], upstream, unlock, that_succeeds)
    print("password-guessing.md: as printed")


main()
