#!/usr/bin/python3
"""The settings of docs/pages.md, as they are printed, in front of a site of Django with its admin.

    pages.py DOORWARD PYTHON-WITH-DJANGO
"""
import argparse
import http.client
import http.cookies
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.parse

import page
from processes import Servers, free_port, until

HERE = pathlib.Path(__file__).resolve().parent
PAGE = "pages.md"
# A name that is not localhost, for which browsers make exceptions. It is looked up by nobody.
HOST = "site.example"


class Browser:
    """Keeps cookies, and says where a request comes from, as a browser does."""

    def __init__(self, port):
        self.port, self.cookies = port, {}

    def ask(self, path, form=None, body=None, method=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Host": HOST, "User-Agent": "Mozilla/5.0", "Accept": "text/html"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if form is not None:
            body = urllib.parse.urlencode(form)
            sent |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{HOST}"}
        connection.request(method or ("GET" if body is None else "POST"), path, body, sent | dict(headers))
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        self.set = http.cookies.SimpleCookie()
        for line in answer.headers.get_all("Set-Cookie", []):
            self.set.load(line)
        self.cookies |= {name: cookie.value for name, cookie in self.set.items()}
        return answer


class Gate:
    """The gate with a policy in front of the site; the policy can be replaced while it runs."""

    def __init__(self, servers, doorward, site):
        self.file, self.port, self.log = servers.directory / "doorward.toml", free_port(), servers.directory / "gate.log"
        self.file.write_text("[admin]\nenabled = false\n")
        servers.start(
            doorward, "run", "--upstream", f"http://127.0.0.1:{site}", "--listen", f"127.0.0.1:{self.port}",
            output="gate.log", port=self.port,
        )

    def uses(self, first):
        """The block of the page, and waits until it holds."""
        before = self.log.read_text().count("the policy was reloaded")
        self.file.write_text("[admin]\nenabled = false\n" + page.block(PAGE, first))

        def is_loaded():
            log = self.log.read_text()
            assert "not reloaded" not in log, log
            return log.count("the policy was reloaded") > before

        until(first, is_loaded)

    def refusals(self):
        lines = (json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("verdict") == "refused" and line["type"] == "event"]

    def refusal(self, nth=1):
        """The event of a refusal; the log is written a moment after the answer."""
        return until("the event", lambda: self.refusals()[nth - 1 : nth])[0]


def title(gate, path):
    """What Chromium makes of a page's title: scripts change it."""
    command = "chromium --headless --no-sandbox --disable-gpu --dump-dom --virtual-time-budget=2000".split()
    names = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"
    profile = tempfile.mkdtemp(dir=gate.file.parent)
    done = subprocess.run(
        [*command, names, f"--user-data-dir={profile}", f"http://{HOST}:{gate.port}{path}"], capture_output=True, text=True, timeout=120
    )
    return re.search("<title>(.*)</title>", done.stdout)[1]


def same(what, got, expected):
    assert got == expected, f"{what}: {got!r}, not {expected!r}"


def admin(gate):
    """Somebody works with Django's admin, with nothing set."""
    browser = Browser(gate.port)
    login = browser.ask("/admin/login/?next=/admin/")
    same("login page", (login.status, login.headers["Content-Security-Policy"]), (200, "default-src 'self'"))
    token = browser.set["csrftoken"]
    same("the token is for scripts", (token["httponly"], token["secure"], token["samesite"]), ("", "", "Lax"))
    hidden = lambda text: re.search('name="csrfmiddlewaretoken" value="(.*?)"', text)[1]  # noqa: E731
    form = {"csrfmiddlewaretoken": hidden(login.text), "username": "admin", "password": "a long password", "next": "/admin/"}
    done = browser.ask("/admin/login/?next=/admin/", form)
    same("login", (done.status, done.headers["Location"]), (302, "/admin/"))
    session = browser.set["sessionid"]
    same("the session is not for scripts", (session["httponly"], session["samesite"]), (True, "Lax"))
    same("the admin", "Log out" in browser.ask("/admin/").text, True)
    add = browser.ask("/admin/auth/user/add/")
    form = {"csrfmiddlewaretoken": hidden(add.text), "username": "o.brien@office", "usable_password": "true",
            "password1": "correct; horse & battery", "password2": "correct; horse & battery", "_save": "Save"}
    same("a user is added", browser.ask("/admin/auth/user/add/", form).status, 302)
    same("refusals of honest work", gate.refusals(), [])
    foreign = {"Origin": "https://app.example.com", "Sec-Fetch-Site": "cross-site"}
    same("forgery", browser.ask("/admin/auth/user/add/", form, headers=foreign).status, 403)
    same("its rule", gate.refusal()["rule"], "forged")
    return browser


def stores(gate):
    """Uploads and files, with nothing set."""
    browser, large = Browser(gate.port), b"%PDF-1.7\n" + bytes(range(256)) * 20_000
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    done = browser.ask("/upload", body=part + large + b"\r\n--b--\r\n", headers=kind)
    same("upload", (done.status, json.loads(done.text)["size"]), (200, len(large)))
    kind = {"Content-Type": "application/octet-stream"}
    same("PUT", browser.ask("/files/a.bin", body=large, method="PUT", headers=kind).status, 201)
    same("a script may be stored", browser.ask("/files/a.sh", body=b"#!/bin/sh\ncat /etc/passwd; id\n", method="PUT").status, 201)
    connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=60)
    connection.request("GET", "/files/a.bin", headers={"Host": HOST, "User-Agent": "Mozilla/5.0"})
    same("GET", connection.getresponse().read() == large, True)


def main(doorward, python):
    with tempfile.TemporaryDirectory() as directory, Servers(directory) as servers:
        site = free_port()
        servers.start(python, HERE / "site.py", site, port=site)
        gate = Gate(servers, doorward, site)
        browser = admin(gate)
        stores(gate)
        sql = "/query?sql=" + urllib.parse.quote("SELECT username FROM auth_user WHERE id=1 UNION SELECT 'x' --")
        same("SQL", browser.ask(sql).status, 403)
        same("its setting", gate.refusal(2)["allow_with"], '[[route]]\npath = "/query"\nexempt = ["sql"]')
        runs = shutil.which("chromium") is not None
        if runs:
            same("an inline script", title(gate, "/page"), "before")
            same("a policy of its own", title(gate, "/strict"), "after")
        else:
            print("left out: chromium is not installed")

        gate.uses("# SQL in a parameter")
        same("SQL", browser.ask(sql).status, 200)
        gate.uses("# The policy is sent as Report-Only: nothing is blocked, the console shows what would be")
        reported = browser.ask("/page").headers
        same("Report-Only", reported["Content-Security-Policy-Report-Only"], "default-src 'self'")
        if runs:
            same("an inline script", title(gate, "/page"), "after")
        gate.uses("# One old page")
        same("none here", browser.ask("/page").headers["Content-Security-Policy"], None)
        same("elsewhere", browser.ask("/admin/login/").headers["Content-Security-Policy"], "default-src 'self'")
        gate.uses("# A policy for pages with a CDN")
        same("CDN", "https://cdn.example.com" in browser.ask("/page").headers["Content-Security-Policy"], True)
        same("kept", browser.ask("/strict").headers["Content-Security-Policy"], "script-src 'unsafe-inline'")
        gate.uses("# Another origin of yours posts forms with cookies, and its scripts read answers")
        origin = {"Origin": "https://app.example.com", "Sec-Fetch-Site": "cross-site"}
        # Django has its own opinion of the token, the gate none.
        answer = browser.ask("/upload", form={"a": 1}, headers=origin)
        same("CORS", answer.headers["Access-Control-Allow-Origin"], "https://app.example.com")
        same("with cookies", answer.headers["Access-Control-Allow-Credentials"], "true")
        for first in ("# The return path of the identity provider", "# What people write, what editors write, what is code",
                      "# Larger files, slower lines"):
            gate.uses(first)
        print("pages: passed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("doorward", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("python", type=lambda path: pathlib.Path(path).absolute())
    arguments = parser.parse_args()
    main(arguments.doorward, arguments.python)
