#!/usr/bin/python3
"""Runs docs/login.md: the policy, the commands and the answers as they are printed, with a password in place of `…`.

    login.py DOORWARD

The ports of the page are free in a network of the test's own (`unshare`). Blocks with a mail server, with a PostgreSQL for several
gateways, and with a service on the internet are read by `doorward check` and go no further: there is none of them here.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import page
from apart import in_a_network_apart
from processes import Servers, until

PAGE = "login.md"
COMMAND = re.compile(r"(doorward|curl) ")
PASSWORD = "correct horse battery"
ANN = "ann@example.org"
SITE = "http://localhost:8080"
# What the page says that there is, or leaves to the reader.
FILES = {
    "google.secret": "given by the provider",
    "smtp.url": "smtps://user:password@mail.example\n",
    "master.key": "11" * 32 + "\n",
    "pwned-passwords-sha1-ordered-by-hash.txt": "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\n",
    "people.csv": "email,name,password_hash,roles,groups\nbob@example.org,Bob,,clerk,\n",
}
ELSEWHERE = re.compile(r'\[auth\.mail\]|url_env = |_url = "https|issuer = "https')
os.environ["ACCOUNTS_URL"] = "postgres://doorward@db.internal/accounts"


def expected(text):
    """A pattern for what is printed: `3kTz…` stands for any word."""
    return r"[\w-]+".join(re.escape(part) for part in re.split(r"[\w-]*…", text))


def merged(policy, more):
    """A policy with a block below it; a table that both have is one."""
    text = policy
    for section in re.split(r"(?m)^(?=\[)", more):
        head, _, body = section.partition("\n")
        if head.startswith("[") and not head.startswith("[[") and re.search(rf"(?m)^{re.escape(head)}$", text):
            text = re.sub(rf"(?m)^{re.escape(head)}$", lambda _: f"{head}\n{body}".rstrip(), text, count=1)
        else:
            text += f"\n{section}"
    return text


def parts(block):
    """What stands between empty lines; tables of a policy that follow each other are one."""
    found = []
    for part in block.strip().split("\n\n"):
        if found and part.startswith("[") and found[-1].startswith("["):
            found[-1] += f"\n\n{part}"
        else:
            found.append(part)
    return found


class Reader:
    """Does what the page says, in a directory."""

    def __init__(self, servers):
        self.servers, self.directory = servers, servers.directory
        self.policy, self.gate, self.said, self.commands = "", None, "", ""

    def run(self, command):
        done = subprocess.run(command, shell=True, cwd=self.directory, capture_output=True, text=True)
        assert done.returncode == 0, (command, done)
        return done.stdout.rstrip("\n") + "\n" if done.stdout else ""

    def block(self, text):
        if text.startswith(("const ", "await ")):
            return  # A script for a page: the tests of browsers have one.
        if text.startswith("["):
            self.settings(text)
        elif COMMAND.match(text):
            self.commands, self.said = text, ""
            for command in text.splitlines():
                self.command(command)
        else:
            lines, answers = text.splitlines(), self.said.splitlines()
            # What is printed is the end of what the commands said.
            for answer, line in zip(answers[-len(lines):], lines, strict=True):
                assert re.fullmatch(expected(line), answer), f"{self.commands}\n{answer}\nand not:\n{line}"

    def settings(self, text):
        file = self.directory / "doorward.toml"
        policy = merged(self.policy, text)
        file.write_text(policy)
        self.run("doorward check")
        # The first block is the policy as a whole; `public_url` is no service.
        if not self.policy or not ELSEWHERE.search(text):
            self.policy = policy
        file.write_text(self.policy)

    def command(self, command):
        if command.startswith("doorward run "):
            self.start(command)
            return
        # The address and the password that the reader fills in.
        command = command.replace('"password": "…"', f'"password": "{PASSWORD}"')
        command = command.replace('"email": "…"', f'"email": "{ANN}"')
        assert "…" not in command, command
        if command.startswith("doorward users add "):
            assert "@" not in self.run("doorward users list"), "a new store has no user"
        self.said += self.run(command) or "\n"
        if command.startswith("doorward users add "):
            self.choose_password(re.search(r"\?token=(\S+)", self.said)[1])

    def start(self, command):
        if self.gate:
            self.servers.end(self.gate)
        self.gate = self.servers.start("sh", "-c", f"exec {command}", port=8080)

    def choose_password(self, token):
        assert self.ask("GET", f"/auth/reset/password?token={token}", html=True)[0] == 200
        choice = {"token": token, "password": "short"}
        assert self.ask("POST", "/auth/reset/password", choice)[0] == 422
        choice["password"] = PASSWORD
        assert self.ask("POST", "/auth/reset/password", choice)[0] == 204
        assert self.ask("POST", "/auth/reset/password", choice)[0] == 422, "it works once"
        # Pages lead to the log in, and programs are told.
        status, answer = self.ask("GET", "/notes", html=True)
        assert status == 200 and answer.geturl().startswith(f"{SITE}/auth/"), answer.geturl()
        assert self.ask("GET", "/notes")[0] == 401

    def ask(self, method, path, value=None, html=False, **headers):
        sent = {"Accept": "text/html" if html else "application/json"} | headers
        body = None
        if value is not None:
            body, sent["Content-Type"] = json.dumps(value).encode(), "application/json"
        request = urllib.request.Request(f"{SITE}{path}", body, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
                return answer.status, answer
        except urllib.error.HTTPError as error:
            return error.code, error

    def tokens(self):
        login = {"email": ANN, "password": PASSWORD, "tokens": "body"}
        request = urllib.request.Request(
            f"{SITE}/auth/login", json.dumps(login).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def files_beside_the_policy(reader):
    """The sentence about them: two new files, for the gate's user alone."""
    text = (page.DOCS / PAGE).read_text()
    for name in ("accounts.db", "accounts.key"):
        assert f"`{name}`" in text
        assert (reader.directory / name).stat().st_mode & 0o77 == 0, name


def paths_of_the_table(reader):
    """Every path that the table names is there."""
    rows = [line for line in (page.DOCS / PAGE).read_text().splitlines() if re.match(r"\| `(GET|POST) /", line)]
    asked = 0
    for row in rows:
        method, rest = re.match(r"\| `(GET|POST) (.*)$", row).groups()
        for path in re.findall(r"(/[\w./-]+)`", rest.split("|")[0]):
            base = "" if path.startswith("/.well-known") else "/auth"
            status, _ = reader.ask(method, base + path, {} if method == "POST" else None)
            assert status not in (404, 405, 500, 502, 503), (row, path, status)
            asked += 1
    assert asked >= 20, asked


def routes_in_force(reader):
    """`DELETE` for clerks, and payments for those who have shown more than a password."""
    reader.start("doorward run > events.log")
    bearer = {"Authorization": "Bearer " + reader.tokens()["access_token"]}
    # The API knows no DELETE: 501 is its own answer.
    assert reader.ask("DELETE", "/notes/1", **bearer)[0] in (501, 502)
    status, refused = reader.ask("GET", "/payments/1", **bearer)
    assert status == 401 and "insufficient_user_authentication" in refused.headers["WWW-Authenticate"], refused
    reader.run(f"doorward users set {ANN}" + " --role reader")
    until("the token of before is revoked", lambda: reader.ask("GET", "/notes", **bearer)[0] == 401)
    bearer = {"Authorization": "Bearer " + reader.tokens()["access_token"]}
    status, answer = reader.ask("GET", "/notes", **bearer)
    assert status == 200, (status, dict(answer.headers), (reader.directory / "events.log").read_text()[-3000:])
    assert reader.ask("DELETE", "/notes/1", **bearer)[0] == 403, "no clerk any more"


def commands_in_sentences(reader):
    """`doorward users …` between the lines, and the commands that the page says are beside it; the last one deletes Ann."""
    text = (page.DOCS / PAGE).read_text()
    found = re.findall(r"`(doorward users [^`]*)`", text.replace("\n", " "))
    assert found, "the page names no commands"
    for command in found:
        reader.run(command.replace("backup FILE", "backup copy.db").replace("FILE", "people.csv"))
    beside = re.search(r"((?:`[a-z-]+`(?:, | and )?)+) are beside it", text.replace("\n", " "))[1]
    of_others = {"revoke-tokens": "", "revoke-token": "a-jti"}
    for name in sorted(re.findall(r"`([a-z-]+)`", beside), key=lambda name: name == "delete"):
        reader.run(f"doorward users {name} {of_others.get(name, ANN)}")
    assert ANN not in reader.run("doorward users list"), "she is deleted"


def main(doorward):
    with tempfile.TemporaryDirectory() as name, Servers(pathlib.Path(name) / "login") as servers:
        shutil.copytree(page.DOCS / "five-minutes", servers.directory)
        tools = pathlib.Path(name) / "bin"
        tools.mkdir()
        (tools / "doorward").symlink_to(doorward)
        os.environ["PATH"] = f"{tools}:{os.environ['PATH']}"
        for file, content in FILES.items():
            (servers.directory / file).write_text(content)
            (servers.directory / file).chmod(0o600)
        servers.start("python3", "notes.py", port=3000)
        reader = Reader(servers)
        for block in page.blocks(PAGE):
            for part in parts(block):
                reader.block(part)
        files_beside_the_policy(reader)
        paths_of_the_table(reader)
        routes_in_force(reader)
        commands_in_sentences(reader)
    print("login: passed")


if __name__ == "__main__":
    in_a_network_apart(__file__, pathlib.Path(sys.argv[1]).resolve(), main)
