#!/usr/bin/env python3
"""Proves that each hole of holes.toml is open in the API as it is, closed in its hardened twin, and that both serve
every ordinary request alike. Also that the well-made APIs serve theirs and refuse what they must.

prove.py [NAME...] starts the APIs on free loopback ports and ends them by process id."""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import urllib.parse

import start

HERE = pathlib.Path(__file__).resolve().parent


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"{self.status} {self.text[:300]!r}"


class Server:
    """A running API."""

    def __init__(self, name, hardened):
        self.name, self.hardened = name, hardened
        self.port = free_port()
        line, environment = start.command(name, self.port, hardened)
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(line, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        for _ in range(300):
            if self.process.poll() is not None:
                self.log.seek(0)
                raise SystemExit(f"{name} does not start:\n{self.log.read().decode()[-2000:]}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        self.tokens = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(8)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def call(self, method, path, token=None, body=None, form=None, headers=None, timeout=30):
        headers = dict(headers or {})
        data = None
        if body is not None:
            data = body if isinstance(body, (str, bytes)) else json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        elif form is not None:
            data = urllib.parse.urlencode(form)
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        if token:
            headers["Authorization"] = token if " " in token else f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, data, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, token=None, **more):
        return self.call("GET", path, token, **more)

    def post(self, path, token=None, body=None, **more):
        return self.call("POST", path, token, body, **more)


def free_port():
    """A port below those that outgoing connections get: nobody takes it by chance before its server does."""
    while True:
        with socket.socket() as listener:
            try:
                port = random.randrange(12000, 32000)
                listener.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Inner:
    """A server that only the API's machine can reach."""

    def __init__(self):
        inner = self
        self.secret = os.urandom(8).hex()
        self.seen = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                inner.seen += 1
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(inner.secret.encode())

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


INNER = Inner()


def quote(text):
    return urllib.parse.quote(text, safe="")


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def sign(payload, secret):
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    text = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(payload).encode())
    return (text + b"." + part(hmac.new(secret, text, hashlib.sha256).digest())).decode()


def guarded(answer):
    """Whether an answer has the headers that protect a browser."""
    return (
        answer.headers["X-Content-Type-Options"] == "nosniff"
        and answer.headers["X-Frame-Options"] == "DENY"
        and "default-src 'self'" in (answer.headers["Content-Security-Policy"] or "")
        and answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        and bool(answer.headers["Permissions-Policy"])
    )


def reflects(answer):
    return (answer.headers["Access-Control-Allow-Origin"], answer.headers["Access-Control-Allow-Credentials"]) == ("https://evil.example", "true")


def unique():
    return os.urandom(5).hex()


class Proofs:
    """One API: `ordinary` fails by an assertion; each hole's method tells whether it is open."""

    document = None

    def __init__(self, server):
        self.server = server
        self.call, self.get, self.post = server.call, server.get, server.post
        self.prepare()

    def prepare(self):
        pass

    def ordinary(self):
        raise NotImplementedError


# ---- the APIs with holes


class FastApi(Proofs):
    def prepare(self):
        self.alice = self.login("alice", "correct-horse-alice-1")
        self.bob = self.login("bob", "correct-horse-bob-22")
        self.carol = self.login("carol", "correct-horse-carol-3")

    def login(self, name, password):
        answer = self.post("/auth/token", form={"username": name, "password": password})
        assert answer.status == 200, answer
        return answer.json["access_token"]

    def somebody(self):
        name = "user-" + unique()
        body = {"username": name, "email": f"{name}@mail.example", "password": "long-enough-for-us", "full_name": "Some Body"}
        made = self.post("/auth/register", body=body)
        assert made.status == 201, made
        return made.json["id"], self.login(name, "long-enough-for-us"), name

    def order(self, token, **more):
        made = self.post("/orders/", token, {"product_id": 1, "quantity": 1, "address": "Here", **more})
        assert made.status == 201, made
        return made.json["id"]

    def ordinary(self):
        get, post, call = self.get, self.post, self.call
        number, token, name = self.somebody()
        assert get("/").status == get("/health/").status == 200
        me = get("/users/me/", token)
        assert me.status == 200 and me.json["username"] == name and me.json["is_admin"] is False, me
        assert get("/users/me/", self.alice).json["email"] == "alice@depot.example"
        assert get("/users/me/").status == 401
        changed = call("PATCH", "/users/me/", token, {"full_name": "Sean O'Casey", "bio": None})
        assert changed.status == 200 and changed.json["full_name"] == "Sean O'Casey", changed
        assert get("/users/1/", token).json["username"] == "alice"
        assert get("/users/9999/", token).status == 404
        assert "O&#x27;Casey" in get(f"/users/{number}/profile").text or "O'Casey" in get(f"/users/{number}/profile").text
        assert get("/products/").json["total"] == 125
        assert get("/products/?q=lamp").json["total"] == 2
        assert len(get("/products/?max_price=5000&limit=1").json["items"]) == 1
        prices = [p["price"] for p in get("/products/sorted/?order_by=price").json]
        assert prices == sorted(prices) and len(prices) == 125
        assert get("/products/1/").json["name"] == "Desk lamp" and get("/products/6/").status == 404
        comment = post("/products/3/comments/", token, {"body": "It's loud"})
        assert comment.status == 201, comment
        assert get("/products/3/comments/").json["total"] == 1
        assert "loud" in get("/products/3/page").text
        assert call("DELETE", f"/products/3/comments/{comment.json['id']}/", token).status == 204
        assert "2 found" in get("/search?q=lamp").text
        order = self.order(token)
        assert get("/orders/", token).json["total"] == 1
        assert get(f"/orders/{order}/", token).json["status"] == "open"
        assert get(f"/users/{number}/orders/", token).json["total"] == 1
        assert call("PATCH", f"/orders/{order}/", token, {"quantity": 3}).json["quantity"] == 3
        assert "Here" in get("/orders/export.csv", token).text
        assert call("DELETE", f"/orders/{order}/", token).status == 204
        document = post("/documents/", token, {"title": "List", "content": "a, b"})
        assert document.status == 201, document
        path = f"/documents/{document.json['id']}/"
        assert get("/documents/", token).json["total"] == 1 and get(path, token).json["title"] == "List"
        assert call("PUT", path, token, {"title": "Longer list"}).json["title"] == "Longer list"
        hook = post("/webhooks/", token, {"target_url": "https://hooks.depot.example/x"})
        assert hook.status == 201 and hook.json["id"] in get("/webhooks/", token).text
        assert post("/newsletter/unsubscribe/", body={"email": "somebody@mail.example"}).status == 200
        assert post("/auth/forgot", body={"email": "alice@depot.example"}).status == 202
        assert get("/admin/users/", self.carol).json["total"] >= 4
        assert call("PUT", "/admin/products/4/price/", self.carol, {"price": 9900}).status == 200
        assert get("/admin/stats/", self.carol).json["users"] >= 4
        assert call("DELETE", "/admin/users/2/", token).status == 403
        changed = post("/auth/password", token, {"current_password": "long-enough-for-us", "new_password": "another-long-one"})
        assert changed.status == 200, changed
        token = self.login(name, "another-long-one")
        assert post("/auth/logout", token).status == 204
        assert call("DELETE", f"/admin/users/{number}/", self.carol).status == 204
        assert post("/orders/", self.alice, {"product_id": "x"}).status == 422
        return get("/openapi.json").json

    def products_q_sql(self):
        answer = self.get("/products/?q=" + quote("zz%' UNION SELECT id,username,hashed_password,1,1 FROM users -- "))
        none = self.get("/products/?q=" + quote("zz%' AND '1%'='1")).json["total"]
        every = self.get("/products/?q=" + quote("zz%' OR '1%'='1"))
        return "carol" in answer.text and none == 0 and every.status == 200 and every.json["total"] > 0

    def products_order_by_sql(self):
        def prices(condition):
            answer = self.get("/products/sorted/?order_by=" + quote(f"CASE WHEN ({condition}) THEN price ELSE -price END"))
            return [p["price"] for p in answer.json] if answer.status == 200 else None

        true = prices("SELECT is_admin FROM users WHERE username='carol'")
        false = prices("SELECT is_admin FROM users WHERE username='alice'")
        return bool(true) and true == sorted(true) and false == true[::-1]

    def unsubscribe_email_sql(self):
        def seconds(rounds):
            begin = time.monotonic()
            email = f"x' OR (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<{rounds}) SELECT count(*) FROM c)=0 -- "
            assert self.post("/newsletter/unsubscribe/", body={"email": email}).status == 200
            return time.monotonic() - begin

        return seconds(9_000_000) > seconds(10) + 0.5

    def order_read(self):
        return self.get("/orders/3/", self.alice).status == 200

    def order_write(self):
        order = self.order(self.bob)
        return self.call("PATCH", f"/orders/{order}/", self.alice, {"address": "1 Thief Street"}).status == 200

    def order_delete(self):
        order = self.order(self.bob)
        self.call("DELETE", f"/orders/{order}/", self.alice)
        return self.get(f"/orders/{order}/", self.bob).status == 404

    def user_orders(self):
        return "Harbour" in self.get("/users/2/orders/", self.alice).text

    def export_orders(self):
        return "Harbour" in self.get("/orders/export.csv?user_id=2", self.alice).text

    def export_formula(self):
        _, token, _ = self.somebody()
        self.order(token, address="=1+1")
        return ",=1+1," in self.get("/orders/export.csv", token).text

    def document_read(self):
        document = self.get("/documents/", self.bob).json["items"][0]["id"]
        return self.get(f"/documents/{document}/", self.alice).status == 200

    def webhooks_list(self):
        return any(hook["owner_id"] != 1 for hook in self.get("/webhooks/", self.alice).json)

    def comment_delete(self):
        made = self.post("/products/4/comments/", self.bob, {"body": "Warm"}).json["id"]
        return self.call("DELETE", f"/products/4/comments/{made}/", self.alice).status == 204

    def user_exposure(self):
        answer = self.get("/users/3/", self.alice).json
        return bool(set(answer) & {"email", "hashed_password", "is_admin"})

    def register_mass(self):
        name = "user-" + unique()
        body = {"username": name, "email": f"{name}@mail.example", "password": "long-enough-for-us", "is_admin": True}
        return self.post("/auth/register", body=body).json["is_admin"]

    def profile_mass(self):
        _, token, _ = self.somebody()
        self.call("PATCH", "/users/me/", token, {"credit": 4711, "is_admin": True})
        me = self.get("/users/me/", token).json
        return me["credit"] == 4711 and me["is_admin"]

    def order_mass(self):
        order = self.order(self.alice)
        self.call("PATCH", f"/orders/{order}/", self.alice, {"status": "paid"})
        return self.get(f"/orders/{order}/", self.alice).json["status"] == "paid"

    def document_replace_mass(self):
        made = self.post("/documents/", self.alice, {"title": "Mine"}).json["id"]
        self.call("PUT", f"/documents/{made}/", self.alice, {"title": "Yours", "owner_id": 2})
        return made in self.get("/documents/", self.bob).text

    def document_create_mass(self):
        return self.post("/documents/", self.alice, {"title": "Invoice", "owner_id": 2}).json["owner_id"] == 2

    def import_ssrf(self):
        answer = self.post("/documents/import/", self.alice, {"url": INNER.url})
        return answer.status == 201 and INNER.secret in answer.text

    def webhook_ssrf(self):
        hook = self.post("/webhooks/", self.alice, {"target_url": INNER.url}).json["id"]
        return INNER.secret in self.post(f"/webhooks/{hook}/test/", self.alice).text

    def search_xss(self):
        return "<script>alert(1)" in self.get("/search?q=" + quote('"><script>alert(1)</script>')).text

    def comment_xss(self):
        self.post("/products/2/comments/", self.alice, {"body": "<script>alert(1)</script>"})
        return "<script>alert(1)" in self.get("/products/2/page").text

    def profile_xss(self):
        number, token, _ = self.somebody()
        self.call("PATCH", "/users/me/", token, {"bio": "<img src=x onerror=alert(1)>"})
        return "<img src=x" in self.get(f"/users/{number}/profile").text

    def admin_users(self):
        return self.get("/admin/users/", self.alice).status == 200

    def admin_price(self):
        return self.call("PUT", "/admin/products/5/price/", self.alice, {"price": 900}).status == 200

    def admin_stats(self):
        return self.get("/admin/stats/").status == 200

    def login_limit(self):
        name = "nobody-" + unique()
        tries = [self.post("/auth/token", form={"username": name, "password": str(i)}).status for i in range(8)]
        assert tries[:5] == [400] * 5, tries
        return 429 not in tries

    def login_enumeration(self):
        known = self.post("/auth/token", form={"username": "alice", "password": "x"})
        return known.text != self.post("/auth/token", form={"username": "nobody-" + unique(), "password": "x"}).text

    def forgot_enumeration(self):
        return self.post("/auth/forgot", body={"email": "nobody@depot.example"}).status == 404

    def token_lifetime(self):
        return claims(self.alice).get("exp", 1e12) > time.time() + 3600

    def logout(self):
        _, token, _ = self.somebody()
        assert self.post("/auth/logout", token).status == 204
        return self.get("/users/me/", token).status == 200

    def password_unverified(self):
        _, token, _ = self.somebody()
        return self.post("/auth/password", token, {"current_password": "wrong", "new_password": "another-long-one"}).status == 200

    def password_keeps_tokens(self):
        _, token, _ = self.somebody()
        body = {"current_password": "long-enough-for-us", "new_password": "another-long-one"}
        assert self.post("/auth/password", token, body).status == 200
        return self.get("/users/me/", token).status == 200

    def cors(self):
        return reflects(self.get("/products/", headers={"Origin": "https://evil.example"}))

    def headers(self):
        return not all(guarded(a) for a in (self.get("/search"), self.get("/nothing"), self.get("/users/me/", self.alice)))

    def server_header(self):
        return "Server" in self.get("/").headers

    def database_errors(self):
        return "sqlite3" in self.get("/products/?q='").text

    def page_size(self):
        return len(self.get("/products/?limit=100000000").json["items"]) > 100


class Express(Proofs):
    base = "/api/v1"

    def prepare(self):
        self.mira = self.login("mira@roster.example", "planning-with-mira-7")["session"]["token"]
        self.jonas = self.login("jonas@roster.example", "planning-with-jonas-8")["session"]["token"]
        self.petra = self.login("petra@roster.example", "planning-with-petra-9")["session"]["token"]

    def session(self, email, password):
        return self.post("/api/v1/sessions", body={"user": {"email": email, "password": password}})

    def login(self, email, password):
        answer = self.session(email, password)
        assert answer.status == 201, answer
        return answer.json["data"]

    def register(self, **more):
        email = f"{unique()}@mail.example"
        made = self.post("/api/v1/users", body={"user": {"email": email, "password": "long-enough-for-us", "name": "Some Body", **more}})
        assert made.status == 201, made
        return email, made.json["data"]

    def somebody(self):
        email, user = self.register()
        return user["id"], self.login(email, "long-enough-for-us")["session"]

    def task(self, token, project, title="Something"):
        made = self.post(f"/api/v1/projects/{project}/tasks", token, {"title": title})
        assert made.status == 201, made
        return made.json["data"]["id"]

    def ordinary(self):
        get, post, call, api = self.get, self.post, self.call, "/api/v1"
        assert get(f"{api}/status").status == 200
        assert get(f"{api}/users/me").status == 401
        number, session = self.somebody()
        token = session["token"]
        me = get(f"{api}/users/me", token).json["data"]
        assert me["id"] == number and me["membership"]["role"] == "member", me
        body = {"user": {"name": "Sean O'Casey", "profile": {"title": "Writer"}}}
        changed = call("PATCH", f"{api}/users/me", token, body).json["data"]
        assert changed["name"] == "Sean O'Casey" and changed["profile"] == {"title": "Writer", "phone": ""} or changed["profile"]["title"] == "Writer"
        assert get(f"{api}/users/1", token).json["data"]["name"] == "Mira Okafor"
        assert get(f"{api}/users/999", token).status == 404
        assert get(f"{api}/admin/users", token).status == 403
        assert len(get(f"{api}/admin/users", self.petra).json["data"]) >= 4
        made = post(f"{api}/projects", token, {"name": "Kitchen"}).json["data"]
        project = f"{api}/projects/{made['id']}"
        assert get(f"{api}/projects", token).json["meta"]["count"] == 1 and get(project, token).json["data"]["name"] == "Kitchen"
        assert get(f"{api}/projects/2", token).status == 404 and get(f"{api}/projects/2/tasks", token).status == 404
        task = self.task(token, made["id"], "Buy nails")
        assert len(get(f"{project}/tasks", token).json["data"]) == 1
        assert get(f"{project}/tasks/{task}", token).json["data"]["title"] == "Buy nails"
        changed = call("PUT", f"{project}/tasks/{task}", token, {"title": "Buy screws", "status": "done"})
        assert changed.json["data"]["status"] == "done", changed
        assert "Buy screws" in get(f"{project}/board", token).text
        assert get(f"{api}/tasks?status=done&page=1&perPage=5", token).json["meta"]["total"] == 1
        assert get(f"{api}/tasks?status=open", token).json["meta"]["total"] == 0
        assert len(post(f"{api}/tasks/search", token, {"filter": {"title": "Buy screws"}}).json["data"]) == 1
        assert call("DELETE", f"{project}/tasks/{task}", token).status == 204
        assert len(get(f"{api}/invoices", self.mira).json["data"]) == 1
        assert get(f"{api}/invoices/R-2024-0001", self.mira).json["data"]["amount"] == 4900
        assert get(f"{api}/files", token).json["data"] == ["terms.txt", "welcome.txt"]
        assert "Welcome" in get(f"{api}/files/download?name=welcome.txt", token).text
        found = post(f"{api}/tools/lookup", token, {"host": "localhost"}).json["data"]
        assert found["found"] and "localhost" in found["output"], found
        gone = get(f"{api}/sessions/continue?next=/api/v1/status")
        assert gone.status == 302 and gone.headers["Location"] == "/api/v1/status", gone
        assert post(f"{api}/password-resets", body={"email": "mira@roster.example"}).status == 202
        wrong = {"email": "mira@roster.example", "code": "0000", "password": "long-enough-for-us"}
        assert post(f"{api}/password-resets/confirm", body=wrong).status == 403
        again = post(f"{api}/sessions/refresh", body={"refreshToken": session["refreshToken"]})
        assert again.status == 200, again
        assert call("DELETE", f"{api}/sessions", again.json["data"]["session"]["token"]).status == 204
        # With the cookie, from the own site.
        mine = {"Cookie": f"token={self.mira}", "Origin": "https://app.roster.example"}
        assert post(f"{api}/projects", body={"name": "By cookie"}, headers=mine).status == 201
        assert call("DELETE", f"{api}/admin/users/{number}", self.petra).status == 204
        assert get("/nothing").status == 404
        return (HERE / "express" / "openapi.yaml").read_text()

    def login_limit(self):
        email = f"{unique()}@mail.example"
        tries = [self.session(email, "x").status for _ in range(8)]
        assert tries[:5] == [401] * 5, tries
        return 429 not in tries

    def login_enumeration(self):
        return self.session("mira@roster.example", "x").text != self.session(f"{unique()}@mail.example", "x").text

    def token_secret(self):
        forged = sign({"sub": "1", "role": "admin", "aud": "roster", "jti": "a:b", "exp": int(time.time()) + 600}, b"secret")
        return self.get("/api/v1/admin/users", forged).status == 200

    def token_lifetime(self):
        return claims(self.mira)["exp"] > time.time() + 3600

    def logout(self):
        _, session = self.somebody()
        assert self.call("DELETE", "/api/v1/sessions", session["token"]).status == 204
        token = self.get("/api/v1/users/me", session["token"]).status == 200
        refresh = self.post("/api/v1/sessions/refresh", body={"refreshToken": session["refreshToken"]}).status == 200
        assert token == refresh
        return token

    def refresh_reuse(self):
        _, session = self.somebody()
        first, second = (self.post("/api/v1/sessions/refresh", body={"refreshToken": session["refreshToken"]}) for _ in range(2))
        assert first.status == 200, first
        following = first.json["data"]["session"]["refreshToken"]
        third = self.post("/api/v1/sessions/refresh", body={"refreshToken": following})
        assert second.status == third.status
        return second.status == 200

    def cookie_flags(self):
        cookies = self.session("mira@roster.example", "planning-with-mira-7").headers.get_all("Set-Cookie")
        assert len(cookies) == 2
        return not all(all(flag in c for flag in ("HttpOnly", "Secure", "SameSite=Strict")) for c in cookies)

    def csrf(self):
        headers = {"Cookie": f"token={self.mira}", "Origin": "https://evil.example"}
        return self.call("POST", "/api/v1/projects", form={"name": "Forged"}, headers=headers).status == 201

    def cors(self):
        return reflects(self.get("/api/v1/users/me", headers={"Cookie": f"token={self.mira}", "Origin": "https://evil.example"}))

    def headers(self):
        return not all(guarded(a) for a in (self.get("/api/v1/status"), self.get("/nothing"), self.get("/api/v1/users/me", self.mira)))

    def powered_by(self):
        return "X-Powered-By" in self.get("/api/v1/status").headers

    def stack_traces(self):
        return "node_modules" in self.post("/api/v1/sessions", body="{bad").text

    def debug(self):
        return "JWT_SECRET" in self.get("/debug").text

    def old_version(self):
        return "passwordHash" in self.get("/api/v0/users").text

    def env_file(self):
        return "JWT_SECRET" in self.get("/.env").text

    def backup_file(self):
        return "INSERT INTO users" in self.get("/backup.sql").text

    def tasks_owner(self):
        return "Sand the hull" in self.get("/api/v1/tasks?ownerId[$ne]=1", self.mira).text

    def tasks_query_operator(self):
        answer = self.get("/api/v1/tasks?status[$ne]=zz", self.mira)
        return answer.status == 200 and answer.json["meta"]["total"] > 0

    def tasks_search_operator(self):
        body = {"filter": {"ownerId": {"$gt": 0}, "title": {"$ne": ""}}}
        return "Sand the hull" in self.post("/api/v1/tasks/search", self.mira, body).text

    def reset_code_operator(self):
        email, _ = self.register()
        assert self.post("/api/v1/password-resets", body={"email": email}).status == 202
        body = {"email": email, "code": {"$ne": ""}, "password": "taken-over-now"}
        taken = self.post("/api/v1/password-resets/confirm", body=body).status == 200
        assert taken == (self.session(email, "taken-over-now").status == 201)
        return taken

    def lookup_command(self):
        return "\n42\n" in self.post("/api/v1/tools/lookup", self.mira, {"host": "localhost; echo $((6*7))"}).text.replace("\\n", "\n")

    def download_traversal(self):
        up = "/api/v1/files/download?name=../"
        return "password" in self.get(up + "settings.ini", self.mira).text and "root:" in self.get(up + "../../../../etc/passwd", self.mira).text

    def continue_redirect(self):
        return any(
            "evil.example" in (self.get("/api/v1/sessions/continue?next=" + quote(to)).headers["Location"] or "")
            for to in ("https://evil.example/", "//evil.example", "/\\evil.example")
        )

    def projects_links(self):
        return "evil.example" in self.get("/api/v1/projects", self.mira, headers={"X-Forwarded-Host": "evil.example"}).text

    def register_mass(self):
        email, user = self.register(membership={"role": "admin"})
        token = self.login(email, "long-enough-for-us")["session"]["token"]
        works = self.get("/api/v1/admin/users", token).status == 200
        assert works == (user["membership"]["role"] == "admin")
        return works

    def profile_mass(self):
        _, session = self.somebody()
        self.call("PATCH", "/api/v1/users/me", session["token"], {"user": {"membership": {"plan": "paid"}}})
        return self.get("/api/v1/users/me", session["token"]).json["data"]["membership"]["plan"] == "paid"

    def user_exposure(self):
        return set(self.get("/api/v1/users/2", self.mira).json["data"]) != {"id", "name"}

    def task_read(self):
        return self.get("/api/v1/projects/1/tasks/3", self.mira).status == 200

    def task_write(self):
        task = self.task(self.jonas, 2)
        return self.call("PUT", f"/api/v1/projects/1/tasks/{task}", self.mira, {"title": "Burn the boat"}).status == 200

    def task_delete(self):
        task = self.task(self.jonas, 2)
        return self.call("DELETE", f"/api/v1/projects/1/tasks/{task}", self.mira).status == 204

    def invoice_read(self):
        return self.get("/api/v1/invoices/R-2024-0002", self.mira).status == 200

    def admin_delete(self):
        number, _ = self.somebody()
        return self.call("DELETE", f"/api/v1/admin/users/{number}", self.mira).status == 204

    def board_xss(self):
        self.task(self.mira, 1, "<script>alert(1)</script>")
        return "<script>alert(1)" in self.get("/api/v1/projects/1/board", self.mira).text

    def not_found_xss(self):
        path = "/no/" + quote("<script>alert(1)</script>")
        return "<script>alert(1)" in self.get(path, headers={"Accept": "text/html"}).text

    def prototype(self):
        _, session = self.somebody()
        name = "p" + unique()

        def total():
            answer = self.get(f"/api/v1/tasks?{name}=yes", self.mira)
            return answer.json["meta"]["total"]

        before = total()
        self.call("PATCH", "/api/v1/users/me", session["token"], '{"user":{"__proto__":{"' + name + '":"yes"}}}')
        return before == 0 and total() > 0


class GraphQl(Proofs):
    def prepare(self):
        self.nadia = self.login("nadia@shelf.example", "reading-nadia-1984")
        self.tom = self.login("tom@shelf.example", "reading-tom-2001")
        self.ines = self.login("ines@shelf.example", "reading-ines-1955")

    def query(self, text, token=None, **variables):
        return self.post("/graphql", token, {"query": text, "variables": variables})

    def data(self, text, token=None, **variables):
        answer = self.query(text, token, **variables)
        assert "errors" not in answer.json, answer
        return answer.json["data"]

    def login(self, email, password):
        text = "mutation Login($email: String!, $password: String!) { login(email: $email, password: $password) { token user { id } } }"
        return self.data(text, email=email, password=password)["login"]["token"]

    def register(self, **more):
        email = f"{unique()}@mail.example"
        values = {"name": "Some Body", "email": email, "password": "long-enough-for-us", **more}
        made = self.data("mutation R($input: RegisterInput!) { register(input: $input) { id } }", input=values)["register"]["id"]
        return made, self.login(email, "long-enough-for-us")

    @staticmethod
    def key(kind, number):
        return base64.b64encode(f"{kind}:{number}".encode()).decode()

    def note(self, token):
        return self.data('mutation { addNote(text: "a note of mine") { id } }', token)["addNote"]["id"]

    def ordinary(self):
        data = self.data
        number, token = self.register()
        assert data("{ me { id } }")["me"] is None
        me = data("{ me { id name email role bio notes { id } loans { id } } }", token)["me"]
        assert me["id"] == number and me["role"] == "MEMBER" and me["email"], me
        mine = data("{ me { loans { id dueOn book { title } member { name } } notes { text owner { name } } } }", self.nadia)["me"]
        assert mine["loans"][0]["book"]["title"] == "Middlemarch" and mine["notes"], mine
        titles = [b["title"] for b in data("{ books { title author year reviews { text stars author { name } } } }")["books"]]
        assert titles == sorted(titles) and len(titles) >= 4, titles
        assert len(data('{ books(search: "Eliot") { title } }')["books"]) == 1
        assert data('{ books(orderBy: "year", first: 1) { year } }')["books"] == [{"year": 1871}]
        assert data("query B($id: ID!) { book(id: $id) { title } }", id=self.key("Book", 2))["book"]["title"] == "The Waves"
        assert data("query U($id: ID!) { user(id: $id) { name bio } }", token, id=self.key("User", 2))["user"]["name"] == "Tom O'Hara"
        assert data("mutation P($i: ProfileInput!) { updateProfile(input: $i) { name } }", token, i={"name": "D'Arcy"})["updateProfile"]["name"] == "D'Arcy"
        note = self.note(token)
        assert data("query N($id: ID!) { node(id: $id) { id ... on Note { text } } }", token, id=note)["node"]["text"]
        assert data('mutation N($id: ID!) { updateNote(id: $id, text: "other") { text } }', token, id=note)["updateNote"]["text"] == "other"
        assert data("mutation N($id: ID!) { deleteNote(id: $id) }", token, id=note)["deleteNote"]
        review = {"bookId": self.key("Book", 2), "text": "It's fine", "stars": 3}
        assert data("mutation R($i: ReviewInput!) { addReview(input: $i) { stars author { name } } }", token, i=review)["addReview"]["stars"] == 3
        assert len(data("{ members { name email } }", self.ines)["members"]) >= 4
        assert "errors" in self.query('mutation { addNote(text: "x") { id } }').json
        assert "errors" in self.query("{ nothing }").json
        return (HERE / "graphql" / "schema.graphql").read_text()

    def introspection(self):
        page = self.get("/graphql", headers={"Accept": "text/html"}).text
        asked = "ReviewInput" in self.query("{ __schema { types { name } } }").text
        suggested = "Did you mean" in self.query("{ books { titl } }").text
        assert asked == suggested == ("GraphiQL" in page), (asked, suggested, page[:200])
        return asked

    def login_limit(self):
        email = f"{unique()}@mail.example"
        text = "mutation L($e: String!) { login(email: $e, password: \"x\") { token } }"
        messages = [self.query(text, e=email).json["errors"][0]["message"] for _ in range(7)]
        return len(set(messages)) == 1

    def login_aliases(self):
        email = f"{unique()}@mail.example"
        values = {"name": "Some Body", "email": email, "password": "the-password-is-49"}
        self.data("mutation R($input: RegisterInput!) { register(input: $input) { id } }", input=values)
        fields = " ".join(f'a{i}: login(email: "{email}", password: "the-password-is-{i}") {{ token }}' for i in range(50))
        answer = self.query("mutation { " + fields + " }").json
        return bool((answer.get("data") or {}).get("a49"))

    def batch(self):
        answer = self.post("/graphql", body=[{"query": "{ books { id } }"}] * 50)
        return answer.status == 200 and isinstance(answer.json, list) and len(answer.json) == 50

    def depth(self):
        return "errors" not in self.query("{ books { " + "reviews { book { " * 5 + "title" + " } }" * 5 + " } }").json

    def node_note(self):
        return "Locker" in self.query("query N($id: ID!) { node(id: $id) { ... on Note { text } } }", self.nadia, id=self.key("Note", 2)).text

    def node_loan(self):
        return "dueOn" in self.query("query N($id: ID!) { node(id: $id) { ... on Loan { dueOn } } }", self.nadia, id=self.key("Loan", 2)).text

    def user_notes(self):
        return "Locker" in self.query("query U($id: ID!) { user(id: $id) { notes { text } loans { dueOn } } }", self.nadia, id=self.key("User", 2)).text

    def note_write(self):
        note = self.note(self.tom)
        return "errors" not in self.query('mutation N($id: ID!) { updateNote(id: $id, text: "mine") { text } }', self.nadia, id=note).json

    def note_delete(self):
        note = self.note(self.tom)
        return "errors" not in self.query("mutation N($id: ID!) { deleteNote(id: $id) }", self.nadia, id=note).json

    def profile_role(self):
        _, token = self.register()
        self.query("mutation { updateProfile(input: { role: LIBRARIAN }) { role } }", token)
        return self.data("{ me { role } }", token)["me"]["role"] == "LIBRARIAN"

    def register_role(self):
        _, token = self.register(role="LIBRARIAN")
        return self.data("{ me { role } }", token)["me"]["role"] == "LIBRARIAN"

    def reviewers(self, field):
        books = self.data("{ books { reviews { author { %s } } } }" % field)["books"]
        return any(review["author"][field] for book in books for review in book["reviews"])

    def password_hash(self):
        return self.reviewers("passwordHash")

    def email(self):
        return self.reviewers("email")

    def search_sql(self):
        return "ines@shelf" in self.query("query S($s: String) { books(search: $s) { title author } }", s="zz%' UNION SELECT id, password_hash, email, 1 FROM users -- ").text

    def order_sql(self):
        def years(condition):
            answer = self.query("query O($o: String) { books(orderBy: $o) { year } }", o=f"(CASE WHEN {condition} THEN year ELSE -year END)").json
            return [book["year"] for book in (answer.get("data") or {}).get("books") or []]

        return bool(years("1=1")) and years("1=1") == years("1=2")[::-1]

    def errors(self):
        return "syntax error" in self.query("{ books(search: \"o'\") { title } }").text

    def members(self):
        return "ines@shelf" in self.query("{ members { email } }", self.nadia).text

    def remove_book(self):
        return "errors" not in self.query("mutation B($id: ID!) { removeBook(id: $id) }", self.nadia, id=self.key("Book", 4)).json

    def token_lifetime(self):
        return claims(self.nadia).get("exp", 1e12) > time.time() + 3600

    def cors(self):
        return reflects(self.post("/graphql", body={"query": "{ me { id } }"}, headers={"Origin": "https://evil.example"}))

    def headers(self):
        return not all(guarded(a) for a in (self.query("{ me { id } }"), self.query("{ nothing }"), self.get("/nothing")))


def identities(server):
    """Whether everybody of apis.toml can log in as it says, and the document is where it says."""
    known = tomllib.loads((HERE / "apis.toml").read_text())[server.name]
    if "document" in known:
        document = server.get(known["document"], headers={"Accept": "application/json"})
        assert document.status == 200 and document.json["paths"], known["document"]
    else:
        assert (HERE / (known.get("document_file") or known["schema_file"])).exists()
    for user in [*known["users"], known["administrator"]]:
        login = known["login"]
        encode = quote if "form" in login["type"] else str
        body = login["body"].replace("{username}", encode(user["username"])).replace("{password}", encode(user["password"]))
        answer = server.call(login["method"], login["path"], body=body, headers={"Content-Type": login["type"]})
        assert answer.status in (200, 201), answer
        token = answer.json
        for step in known["token"].split("/")[1:]:
            token = token[step]
        assert isinstance(token, str) and token


WITH_HOLES = {"fastapi": FastApi, "express": Express, "graphql": GraphQl}


def prove_holes(name):
    """The failures of one API and its twin, as lines."""
    holes = tomllib.loads((HERE / name / "holes.toml").read_text())["hole"]
    known = set(re.findall(r"^\| `([a-z-]+)` \|", (HERE / "README.md").read_text(), re.M))
    failures = []
    for hole in holes:
        missing = {"id", "class", "operation", "parameter", "gain", "prove", "closed"} - set(hole)
        if missing or hole["class"] not in known:
            failures.append(f"{name}: {hole['id']}: no {missing or 'such class: ' + hole['class']}")
    documents = []
    for hardened in (False, True):
        label = f"{name}{' --hardened' if hardened else ''}"
        with Server(name, hardened) as server:
            identities(server)
            proofs = WITH_HOLES[name](server)
            try:
                documents.append(proofs.ordinary())
                print(f"{label}: ordinary requests are served", flush=True)
            except (AssertionError, KeyError, TypeError, ValueError) as error:
                failures.append(f"{label}: ordinary: {trace(error)}")
            for hole in holes:
                try:
                    opened = bool(getattr(proofs, hole["id"].replace("-", "_"))())
                except Exception as error:  # whatever a proof stumbles over is a failure of it
                    failures.append(f"{label}: {hole['id']}: {trace(error)}")
                    continue
                print(f"{label}: {hole['id']}: {'open' if opened else 'closed'}", flush=True)
                if opened == hardened:
                    failures.append(f"{label}: {hole['id']} is {'open' if opened else 'closed'}")
    if len(documents) == 2 and documents[0] != documents[1]:
        failures.append(f"{name}: the documents of both differ")
    return failures


def trace(error):
    last = error.__traceback__
    while last.tb_next:
        last = last.tb_next
    at = error.__traceback__
    lines = []
    while at:
        lines.append(str(at.tb_lineno))
        at = at.tb_next
    return f"{type(error).__name__} {error} (lines {', '.join(lines)})"


def main():
    failures = []
    for name in sys.argv[1:] or start.APIS:
        if name in WITH_HOLES:
            failures += prove_holes(name)
        else:
            import well_made

            failures += well_made.prove(name)
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{'failed' if failures else 'proved'}: {len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
