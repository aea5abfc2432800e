"""What the APIs without holes serve, and what they refuse. Used by prove.py."""

import time

from prove import INNER, Proofs, Server, claims, guarded, identities, quote, trace, unique

SCRIPT = "<script>alert(1)</script>"


class WellMade(Proofs):
    def login_stops(self, tries):
        """Five failures of one name, no more."""
        codes = [tries() for _ in range(7)]
        assert codes[5:] == [429, 429] and 429 not in codes[:5], codes

    def protected(self, *paths, token=None):
        for path in paths:
            answer = self.get(path, token)
            assert guarded(answer), (path, dict(answer.headers))
            for name in ("Server", "X-Powered-By"):
                assert name not in answer.headers, (path, name)
            evil = self.get(path, token, headers={"Origin": "https://evil.example"}).headers
            assert evil["Access-Control-Allow-Origin"] in (None, "*"), path
            assert not (evil["Access-Control-Allow-Origin"] and evil["Access-Control-Allow-Credentials"]), path


class Template(WellMade):
    def prepare(self):
        self.anna = self.login("anna@template.example", "template-anna-pass-2")
        self.ben = self.login("ben@template.example", "template-ben-pass-3")
        self.admin = self.login("admin@template.example", "template-admin-pass-1")

    def token(self, name, password):
        return self.post("/api/v1/login/access-token", form={"username": name, "password": password})

    def login(self, name, password):
        answer = self.token(name, password)
        assert answer.status == 200, answer
        return answer.json["access_token"]

    def ordinary(self):
        get, post, call, api = self.get, self.post, self.call, "/api/v1"
        assert get(f"{api}/utils/health-check/").json is True
        mine = get(f"{api}/items/", self.anna).json
        assert mine["count"] == 3 and get(f"{api}/items/?q=read", self.anna).json["count"] == 2
        assert get(f"{api}/items/?q=" + quote("D'A"), self.anna).json["count"] == 1
        item = post(f"{api}/items/", self.anna, {"title": SCRIPT, "owner_id": "x", "id": "y"})
        assert item.status == 201, item
        path = f"{api}/items/{item.json['id']}"
        assert get(path, self.anna).status == 200 and get(path, self.admin).status == 200
        assert get(path, self.ben).status == call("PUT", path, self.ben, {"title": "x"}).status == call("DELETE", path, self.ben).status == 403
        assert get(path).status == 401
        assert call("PUT", path, self.anna, {"title": "Other"}).json["title"] == "Other"
        assert call("DELETE", path, self.anna).status == 200 and get(path, self.anna).status == 404
        assert get(f"{api}/users/", self.anna).status == 403 and get(f"{api}/users/", self.admin).json["count"] >= 3
        other = get(f"{api}/users/me", self.ben).json["id"]
        assert get(f"{api}/users/{other}", self.anna).status == 403
        email = f"{unique()}@mail.example"
        made = post(f"{api}/users/signup", body={"email": email, "password": "long-enough-for-us", "is_superuser": True})
        assert made.status == 201 and not made.json["is_superuser"], made
        token = self.login(email, "long-enough-for-us")
        changed = call("PATCH", f"{api}/users/me", token, {"full_name": "Ann O'Neill", "is_superuser": True})
        assert changed.json["full_name"] == "Ann O'Neill" and not changed.json["is_superuser"], changed
        body = {"current_password": "wrong", "new_password": "another-long-one"}
        assert call("PATCH", f"{api}/users/me/password", token, body).status == 400
        time.sleep(0.01)
        assert call("PATCH", f"{api}/users/me/password", token, {**body, "current_password": "long-enough-for-us"}).status == 200
        assert get(f"{api}/users/me", token).status == 401
        assert get(f"{api}/utils/report", self.anna).status == 200
        assert claims(self.anna)["exp"] < time.time() + 1000
        self.protected(f"{api}/utils/health-check/", "/nothing", f"{api}/items/", token=self.anna)
        self.login_stops(lambda: self.token("nobody@mail.example", "x").status)
        assert get(f"{api}/openapi.json").json["info"]


class Snippets(WellMade):
    def prepare(self):
        self.noor, self.emil, self.staff = (
            self.login(name, f"snippets-{name}-pass-{i}") for i, name in enumerate(("noor", "emil", "staff"), 1)
        )

    def login(self, name, password):
        answer = self.post("/api-token-auth/", body={"username": name, "password": password})
        assert answer.status == 200, answer
        return "Token " + answer.json["token"]

    def ordinary(self):
        get, post, call = self.get, self.post, self.call
        assert get("/snippets/").json["count"] == 29 and get("/snippets/?page=3").status == 200
        assert get("/snippets/?search=exercise").json["count"] == 25 and get("/snippets/?search=exercise%201").json["count"] < 25
        made = post("/snippets/", self.noor, {"title": "It's", "code": SCRIPT, "language": "html", "owner": "emil"})
        assert made.status == 201 and made.json["owner"] == "noor", made
        path = f"/snippets/{made.json['id']}/"
        assert get(path).status == 200 and SCRIPT not in get(f"{path}highlight/").text
        assert post("/snippets/", body={"code": "x"}).status == 401
        assert call("PUT", path, self.emil, {"code": "x"}).status == call("DELETE", path, self.emil).status == 403
        assert call("PATCH", path, self.noor, {"title": "Other"}).json["title"] == "Other"
        assert call("DELETE", path, self.noor).status == 204
        draft = post("/drafts/", self.noor, {"text": "mine"}).json["id"]
        assert get("/drafts/", self.noor).json["count"] == 2 and get("/drafts/", self.emil).json["count"] == 1
        assert get(f"/drafts/{draft}/", self.noor).status == 200
        assert get(f"/drafts/{draft}/", self.emil).status == call("PUT", f"/drafts/{draft}/", self.emil, {"text": "x"}).status == 404
        assert get("/drafts/").status == get(f"/drafts/{draft}/").status == 401
        assert set(get("/users/1/").json) == {"url", "id", "username", "snippets"}
        assert get("/accounts/", self.noor).status == call("DELETE", "/accounts/2/", self.noor).status == 403
        assert get("/accounts/", self.staff).json["count"] >= 3
        changed = call("PATCH", "/me/", self.emil, {"last_name": "D'Souza", "is_staff": True, "is_superuser": True}).json
        assert not changed["is_staff"], changed
        assert get("/accounts/", self.emil).status == 403
        name = "user-" + unique()
        made = post("/register/", body={"username": name, "password": "long-enough-for-us", "is_staff": True})
        assert made.status == 201, made
        token = self.login(name, "long-enough-for-us")
        assert get("/me/", token).json["is_staff"] is False
        assert post("/logout/", token).status == 204 and get("/me/", token).status == 401
        echo = get("/echo/?text=" + quote(SCRIPT))
        assert echo.json["length"] == len(SCRIPT) and echo.headers["Content-Type"] == "application/json", echo
        assert get("/snippets/", headers={"Host": "evil.example"}).status == 400
        assert get("/snippets/?ordering=password").status == get("/snippets/?search='").status == 200
        self.protected("/snippets/", "/nothing", "/me/", token=self.noor)
        self.login_stops(lambda: post("/api-token-auth/", body={"username": "nobody", "password": "x"}).status)
        assert get("/schema/").json["info"]["title"] == "Snippets"


class Flask(WellMade):
    def prepare(self):
        self.iris = self.login("iris", "bookshop-iris-pass-1")
        self.hugo = self.login("hugo", "bookshop-hugo-pass-2")
        self.manager = self.login("manager", "bookshop-mae-pass-3")

    def login(self, name, password):
        """The headers of a session."""
        answer = self.post("/api/login", body={"username": name, "password": password})
        assert answer.status == 200, answer
        cookie = answer.headers["Set-Cookie"]
        assert all(flag in cookie for flag in ("HttpOnly", "Secure", "SameSite=Strict")), cookie
        return {"Cookie": cookie.split(";")[0], "X-CSRF-Token": answer.json["csrf_token"]}

    def ordinary(self):
        def call(method, path, who=None, body=None):
            return self.call(method, path, body=body, headers=who)

        assert call("GET", "/api/books?search=o").json["found"] > call("GET", "/api/books?search=cook").json["found"] == 2
        assert call("GET", "/api/books?search=" + quote("' OR '1'='1")).json["found"] == 0
        assert call("GET", "/api/books?page=abc&nonsense=1").json["page"] == 1
        assert len(call("GET", "/api/books/random").json) == 3 and call("GET", "/api/books/1").json["title"] == "Ulysses"
        assert call("GET", "/api/books/99").status == call("GET", "/api/books/99999999999999999999999").status == 404
        assert call("POST", "/api/books/1/reviews", self.iris, {"text": SCRIPT}).status == 201
        page = call("GET", "/books/1?searched=" + quote(SCRIPT))
        assert page.status == 200 and SCRIPT not in page.text and "&lt;script" in page.text
        made = call("POST", "/api/reservations", self.iris, {"book_id": 4, "user_id": 2, "note": "It's for me"})
        assert made.status == 201, made
        path = f"/api/reservations/{made.json['id']}"
        assert len(call("GET", "/api/reservations", self.iris).json) == 3 and len(call("GET", "/api/reservations", self.hugo).json) == 2
        assert call("GET", path, self.iris).status == 200 and call("GET", path).status == 401
        assert call("GET", path, self.hugo).status == call("PUT", path, self.hugo, {"note": "x"}).status == call("DELETE", path, self.hugo).status == 404
        assert call("PUT", path, self.iris, {"note": "Later"}).json["note"] == "Later"
        assert call("DELETE", path, {"Cookie": self.iris["Cookie"]}).status == 403
        assert call("DELETE", path, self.iris).status == 204
        assert call("GET", "/api/admin/users", self.iris).status == call("PUT", "/api/admin/books/1/stock", self.iris, {"stock": 1}).status == 403
        assert call("GET", "/api/admin/users", self.manager).status == call("PUT", "/api/admin/books/1/stock", self.manager, {"stock": 9}).status == 200
        changed = call("PATCH", "/api/me", self.hugo, {"name": "Hugo O'Day", "staff": True}).json
        assert changed["name"] == "Hugo O'Day" and not changed["staff"], changed
        name = unique()
        body = {"username": name, "password": "long-enough-for-us", "name": "N", "email": "n@mail.example", "staff": 1}
        made = call("POST", "/api/register", body=body)
        assert made.status == 201 and not made.json["staff"], made
        who = self.login(name, "long-enough-for-us")
        assert call("POST", "/api/logout", who).status == 204 and call("GET", "/api/me", who).status == 401
        assert call("POST", "/api/login", body=[]).status == 400 and call("POST", "/api/login", body={"username": {"$ne": ""}, "password": "x"}).status == 422
        self.protected("/api/books", "/nothing", "/books/1", "/api/me")
        self.login_stops(lambda: call("POST", "/api/login", body={"username": "nobody", "password": "x"}).status)
        assert call("GET", "/openapi.json").json["paths"]


class Fastify(WellMade):
    def prepare(self):
        self.otto = self.login("otto", "events-otto-pass-1")
        self.lena = self.login("lena", "events-lena-pass-2")
        self.rosa = self.login("rosa", "events-rosa-pass-3")

    def login(self, name, password):
        answer = self.post("/login", body={"username": name, "password": password})
        assert answer.status == 200, answer
        return answer.json["token"]

    def ordinary(self):
        get, post, call = self.get, self.post, self.call
        assert get("/events").json["total"] == 7 and get("/events?q=jazz").json["total"] == 2 and get("/events?q=jazz%20night").json["total"] == 3
        assert len(get("/events/featured").json["results"]) == 3 and get("/events/1").json["name"] == "Farmers' market"
        assert get("/events/by-name/" + quote("St. John's fair")).json["id"] == 7
        echo = get("/events/by-name/" + quote(SCRIPT))
        assert echo.status == 404 and echo.headers["Content-Type"].startswith("application/json"), echo
        assert get("/events/x").status == 400
        made = post("/tickets", self.otto, {"eventId": 1, "userId": 2, "note": "It's mine"})
        assert made.status == 201, made
        path = f"/tickets/{made.json['id']}"
        assert get("/tickets", self.otto).json["total"] == 3 and get("/tickets", self.lena).json["total"] == 2
        assert get(path, self.otto).status == 200 and get(path).status == 401
        assert get(path, self.lena).status == call("PUT", path, self.lena, {"note": "x"}).status == call("DELETE", path, self.lena).status == 404
        assert call("PUT", path, self.otto, {"note": "Row A"}).json["note"] == "Row A"
        assert call("DELETE", path, self.otto).status == 204 and get(path, self.otto).status == 404
        assert post("/events", self.otto, {"name": "x", "city": "y"}).status == 403
        assert post("/events", self.rosa, {"name": "Quiz", "city": "Cork", "id": 1}).status == 201
        changed = call("PATCH", "/me", self.lena, {"name": "Lena O'Shea", "admin": True}).json
        assert not changed["admin"] and post("/events", self.lena, {"name": "x", "city": "y"}).status == 403
        token = self.login("lena", "events-lena-pass-2")
        assert post("/logout", token).status == 204 and get("/me", token).status == 401
        assert claims(self.otto)["exp"] < time.time() + 1000
        self.protected("/events", "/nothing", "/me", token=self.otto)
        self.login_stops(lambda: post("/login", body={"username": "nobody", "password": "x"}).status)
        assert get("/documentation/json").json["paths"]
        assert any(get("/events/1").status == 429 for _ in range(1250))


class Catalogue(WellMade):
    def prepare(self):
        self.pia = self.login("pia", "catalogue-pia-pass-1")
        self.raul = self.login("raul", "catalogue-raul-pass-2")
        self.editor = self.login("editor", "catalogue-editor-pass-3")

    def login(self, name, password):
        answer = self.post("/login", body={"username": name, "password": password})
        assert answer.status == 200, answer
        return answer.json["accessToken"]

    def ordinary(self):
        get, post, call = self.get, self.post, self.call
        assert len(get("/articles").json) == 8 and len(get("/articles?_page=1&_limit=3").json) == 3
        assert len(get("/articles?q=bread").json) == 2 and len(get("/articles?authorId=1").json) == 4 and len(get("/articles?nonsense='").json) == 8
        assert get("/articles/5").json["title"] == "Gardener's year" and get("/articles/99").status == 404
        assert len(get("/articles/5/comments").json) == 1 and len(get("/authors").json) == 2
        made = post("/comments", self.pia, {"articleId": 5, "text": SCRIPT, "userId": 2, "id": 1})
        assert made.status == 201 and made.json["userId"] == 1 and made.json["id"] > 2, made
        path = f"/comments/{made.json['id']}"
        assert get(path).json["text"] == SCRIPT and get(path).headers["Content-Type"].startswith("application/json")
        assert call("DELETE", path).status == 401 and call("DELETE", path, self.raul).status == 403
        assert call("PUT", path, self.pia, {"text": "x"}).status == call("PATCH", path, self.raul, {"text": "x"}).status == 401
        assert call("DELETE", path, self.pia).status == 204 and get(path).status == 404
        assert call("DELETE", "/comments/2", self.editor).status == 204
        assert call("PATCH", "/articles/6", self.pia, {"title": "x"}).status == 403
        assert call("PATCH", "/articles/6", self.editor, {"title": "Good bread", "id": 1}).json["title"] == "Good bread"
        for method, where in (("POST", "/articles"), ("PUT", "/articles/1"), ("DELETE", "/articles/1"), ("POST", "/articles/5/comments"), ("POST", "/db")):
            assert call(method, where, self.pia, {"title": "x"}).status == 401, (method, where)
        assert "users" not in get("/db").text and "password" not in get("/db").text.replace("not a password", "")
        assert get("/profile", self.pia).json["username"] == "pia" and get("/profile").status == 401
        token = self.login("raul", "catalogue-raul-pass-2")
        assert post("/logout", token).status == 204 and get("/profile", token).status == 401
        assert claims(self.pia)["exp"] < time.time() + 1000
        bad = post("/login", body="{bad")
        assert bad.status == 400 and "node_modules" not in bad.text, bad
        self.protected("/articles", "/nothing", "/profile", token=self.pia)
        self.login_stops(lambda: post("/login", body={"username": "nobody", "password": "x"}).status)
        assert get("/openapi.json").json["paths"]


CLASSES = {"template": Template, "snippets": Snippets, "flask": Flask, "fastify": Fastify, "catalogue": Catalogue}


def prove(name):
    with Server(name, False) as server:
        try:
            identities(server)
            CLASSES[name](server).ordinary()
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            return [f"{name}: {trace(error)}"]
        if INNER.seen:
            return [f"{name}: asked another server"]
    print(f"{name}: serves what it must, and refuses what it must", flush=True)
    return []
