"""A bookshop with reservations: Flask, marshmallow, sessions in a cookie with a token against forged requests. Well made."""

import argparse
import hashlib
import json
import pathlib
import random
import secrets
import signal
import sqlite3
import sys
import tempfile
import time
import uuid
from datetime import datetime, timezone

import waitress
import yaml
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from flask import Flask, Response, abort, g, jsonify, make_response, render_template_string, request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.exceptions import HTTPException

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, default=8000)
ARGS = arguments.parse_args()

HERE = pathlib.Path(__file__).resolve().parent
DIRECTORY = tempfile.TemporaryDirectory(prefix="bookshop-")
DATABASE = pathlib.Path(DIRECTORY.name) / "shop.db"
hasher = PasswordHasher()
app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024


# ---- storage


def db():
    if "db" not in g:
        g.db = sqlite3.connect(DATABASE, timeout=20)
        g.db.row_factory = sqlite3.Row
    return g.db


@app.teardown_appcontext
def close(_):
    if "db" in g:
        g.pop("db").close()


def fill():
    connection = sqlite3.connect(DATABASE)
    connection.executescript("""
        CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT UNIQUE, name TEXT, email TEXT, password TEXT, staff INTEGER DEFAULT 0);
        CREATE TABLE sessions (key TEXT PRIMARY KEY, csrf TEXT, user_id INTEGER, until REAL);
        CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT, author TEXT, price INTEGER, stock INTEGER);
        CREATE TABLE reservations (id INTEGER PRIMARY KEY, user_id INTEGER, book_id INTEGER, note TEXT, made_at TEXT);
        CREATE TABLE reviews (id INTEGER PRIMARY KEY, book_id INTEGER, user_id INTEGER, text TEXT, made_at TEXT);
    """)
    for username, name, email, password, staff in [
        ("iris", "Iris Vale", "iris@books.example", "bookshop-iris-pass-1", 0),
        ("hugo", "Hugo O'Dea", "hugo@books.example", "bookshop-hugo-pass-2", 0),
        ("manager", "Mae Manager", "mae@books.example", "bookshop-mae-pass-3", 1),
    ]:
        connection.execute("INSERT INTO users (username, name, email, password, staff) VALUES (?,?,?,?,?)", (username, name, email, hasher.hash(password), staff))
    for title, author, price in [
        ("Ulysses", "James Joyce", 1400), ("The Dispossessed", "Ursula K. Le Guin", 1100), ("Gulliver's Travels", "Jonathan Swift", 900),
        ("Learning SQL: errors near SELECT", "A. Teacher", 2900), ("A Room of One's Own", "Virginia Woolf", 1000),
        ("Cooking for two", "M. O'Brien", 1900), ("Cooking for ten", "M. O'Brien", 2100), ("Beloved", "Toni Morrison", 1200),
    ]:
        connection.execute("INSERT INTO books (title, author, price, stock) VALUES (?,?,?,?)", (title, author, price, 5))
    for user, book in [(1, 1), (1, 3), (2, 2), (2, 6)]:
        connection.execute("INSERT INTO reservations (user_id, book_id, note, made_at) VALUES (?,?,?,?)", (user, book, "On Friday", now()))
    connection.commit()
    connection.close()


def now():
    return datetime.now(timezone.utc).isoformat()


# ---- what comes in and what goes out


class Input(Schema):
    class Meta:
        unknown = EXCLUDE


class Login(Input):
    username = fields.String(required=True, validate=validate.Length(max=60))
    password = fields.String(required=True, validate=validate.Length(max=200))


class Registration(Login):
    username = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9_-]{3,30}\Z"))
    password = fields.String(required=True, validate=validate.Length(min=12, max=200))
    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    email = fields.Email(required=True)


class Profile(Input):
    name = fields.String(validate=validate.Length(min=1, max=100))
    email = fields.Email()


class ReservationInput(Input):
    book_id = fields.Integer(required=True, strict=True)
    note = fields.String(load_default="", validate=validate.Length(max=200))


class Note(Input):
    note = fields.String(required=True, validate=validate.Length(max=200))


class ReviewInput(Input):
    text = fields.String(required=True, validate=validate.Length(min=1, max=1000))


class Stock(Input):
    stock = fields.Integer(required=True, strict=True, validate=validate.Range(0, 1000))


class User(Schema):
    id = fields.Integer()
    username = fields.String()
    name = fields.String()
    email = fields.Email()
    staff = fields.Boolean()


class Book(Schema):
    id = fields.Integer()
    title = fields.String()
    author = fields.String()
    price = fields.Integer()
    stock = fields.Integer()


class Reservation(Schema):
    id = fields.Integer()
    book_id = fields.Integer()
    note = fields.String()
    made_at = fields.String()


class Review(Schema):
    id = fields.Integer()
    book_id = fields.Integer()
    text = fields.String()
    made_at = fields.String()
    by = fields.String()


def load(schema):
    data = request.get_json(silent=True)
    if not isinstance(data, dict):
        abort(400, "A JSON object is needed")
    return schema().load(data)


def dump(schema, row):
    return schema().dump(dict(row))


# ---- who calls


def digest(key):
    return hashlib.sha256(key.encode()).hexdigest()


def session():
    key = request.cookies.get("session", "")
    found = db().execute("SELECT * FROM sessions WHERE key = ? AND until > ?", (digest(key), time.time())).fetchone()
    if found is None:
        abort(401, "Please log in")
    if request.method not in ("GET", "HEAD") and not secrets.compare_digest(found["csrf"].encode(), request.headers.get("X-CSRF-Token", "").encode()):
        abort(403, "The header X-CSRF-Token is missing or wrong")
    return found


def caller():
    return db().execute("SELECT * FROM users WHERE id = ?", (session()["user_id"],)).fetchone()


def staff():
    user = caller()
    if not user["staff"]:
        abort(403, "Staff only")
    return user


failures = {}


def recent(key):
    failures[key] = [at for at in failures.get(key, []) if at > time.monotonic() - 900]
    return failures[key]


NOBODY = hasher.hash(secrets.token_hex(16))


@app.post("/api/login")
def login():
    given = load(Login)
    keys = [(f"user:{given['username'].lower()}", 5), (f"address:{request.remote_addr}", 20)]
    if any(len(recent(key)) >= limit for key, limit in keys):
        return problem(429, "Too many failed log ins", {"Retry-After": "900"})
    user = db().execute("SELECT * FROM users WHERE username = ?", (given["username"],)).fetchone()
    try:
        right = hasher.verify(user["password"] if user else NOBODY, given["password"])
    except VerificationError:
        right = False
    if not right or user is None:
        for key, _ in keys:
            recent(key).append(time.monotonic())
        abort(401, "User name or password is wrong")
    key, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    db().execute("INSERT INTO sessions VALUES (?,?,?,?)", (digest(key), csrf, user["id"], time.time() + 3600))
    db().commit()
    response = make_response({"user": dump(User, user), "csrf_token": csrf})
    response.set_cookie("session", key, max_age=3600, httponly=True, secure=True, samesite="Strict", path="/api")
    return response


@app.post("/api/logout")
def logout():
    db().execute("DELETE FROM sessions WHERE key = ?", (session()["key"],))
    db().commit()
    response = Response(status=204)
    response.delete_cookie("session", path="/api", httponly=True, secure=True, samesite="Strict")
    return response


@app.post("/api/register")
def register():
    given = load(Registration)
    try:
        cursor = db().execute("INSERT INTO users (username, name, email, password) VALUES (?,?,?,?)", (given["username"], given["name"], given["email"], hasher.hash(given["password"])))
    except sqlite3.IntegrityError:
        abort(409, "This user name cannot be used")
    db().commit()
    return dump(User, db().execute("SELECT * FROM users WHERE id = ?", (cursor.lastrowid,)).fetchone()), 201


@app.get("/api/me")
def me():
    return dump(User, caller())


@app.patch("/api/me")
def change_me():
    user, given = caller(), load(Profile)
    db().execute("UPDATE users SET name = ?, email = ? WHERE id = ?", (given.get("name", user["name"]), given.get("email", user["email"]), user["id"]))
    db().commit()
    return me()


@app.get("/api/admin/users")
def users():
    staff()
    return jsonify([dump(User, u) for u in db().execute("SELECT * FROM users ORDER BY id")])


@app.put("/api/admin/books/<int:number>/stock")
def stock(number):
    staff()
    db().execute("UPDATE books SET stock = ? WHERE id = ?", (load(Stock)["stock"], number))
    db().commit()
    return book(number)


# ---- books: everybody reads them, from any site


def number(name, default, least, most):
    """A number of the query; what is none is the default."""
    try:
        return max(least, min(int(request.args.get(name, default)), most))
    except ValueError:
        return default


@app.get("/api/books")
def books():
    text = request.args.get("search", "")[:100]
    page, size = number("page", 1, 1, 10000), number("size", 5, 1, 50)
    found = db().execute(
        "SELECT * FROM books WHERE instr(lower(title || ' ' || author), lower(?)) ORDER BY title", (text,)
    ).fetchall()
    return {
        "books": [dump(Book, b) for b in found[(page - 1) * size:page * size]],
        "found": len(found), "page": page, "searched": text, "at": now(),
    }


@app.get("/api/books/random")
def random_books():
    rows = db().execute("SELECT * FROM books ORDER BY id").fetchall()
    return jsonify([dump(Book, b) for b in random.sample(rows, 3)])


@app.get("/api/books/<int:number>")
def book(number):
    found = db().execute("SELECT * FROM books WHERE id = ?", (number,)).fetchone()
    if found is None:
        abort(404, "No such book")
    return dump(Book, found)


REVIEWS = """SELECT reviews.*, users.name AS 'by' FROM reviews JOIN users ON users.id = user_id WHERE book_id = ? ORDER BY reviews.id"""


@app.get("/api/books/<int:number>/reviews")
def reviews(number):
    book(number)
    return jsonify([dump(Review, r) for r in db().execute(REVIEWS, (number,))])


@app.post("/api/books/<int:number>/reviews")
def add_review(number):
    user = caller()
    book(number)
    db().execute("INSERT INTO reviews (book_id, user_id, text, made_at) VALUES (?,?,?,?)", (number, user["id"], load(ReviewInput)["text"], now()))
    db().commit()
    return dump(Review, db().execute(REVIEWS, (number,)).fetchall()[-1]), 201


@app.get("/books/<int:number>")
def book_page(number):
    found = book(number)
    return render_template_string(
        "<!doctype html><title>{{ book.title }}</title><h1>{{ book.title }}</h1><p>You looked for {{ searched }}</p>"
        "<ul>{% for r in reviews %}<li title=\"{{ r.by }}\">{{ r.text }}</li>{% endfor %}</ul>",
        book=found, searched=request.args.get("searched", "nothing"), reviews=db().execute(REVIEWS, (number,)).fetchall(),
    )


# ---- reservations: everybody's own


def reservation_of(user, number):
    found = db().execute("SELECT * FROM reservations WHERE id = ? AND user_id = ?", (number, user["id"])).fetchone()
    if found is None:
        abort(404, "No such reservation")
    return found


@app.get("/api/reservations")
def reservations():
    user = caller()
    return jsonify([dump(Reservation, r) for r in db().execute("SELECT * FROM reservations WHERE user_id = ?", (user["id"],))])


@app.post("/api/reservations")
def reserve():
    user, given = caller(), load(ReservationInput)
    book(given["book_id"])
    cursor = db().execute("INSERT INTO reservations (user_id, book_id, note, made_at) VALUES (?,?,?,?)", (user["id"], given["book_id"], given["note"], now()))
    db().commit()
    return dump(Reservation, reservation_of(user, cursor.lastrowid)), 201


@app.get("/api/reservations/<int:number>")
def reservation(number):
    return dump(Reservation, reservation_of(caller(), number))


@app.put("/api/reservations/<int:number>")
def change_reservation(number):
    user = caller()
    reservation_of(user, number)
    db().execute("UPDATE reservations SET note = ? WHERE id = ? AND user_id = ?", (load(Note)["note"], number, user["id"]))
    db().commit()
    return dump(Reservation, reservation_of(user, number))


@app.delete("/api/reservations/<int:number>")
def cancel(number):
    user = caller()
    reservation_of(user, number)
    db().execute("DELETE FROM reservations WHERE id = ? AND user_id = ?", (number, user["id"]))
    db().commit()
    return "", 204


# ---- errors, headers, document


def problem(status, message, headers=None):
    body = json.dumps({"status": status, "message": message})
    return Response(body, status, {"Content-Type": "application/problem+json", **(headers or {})})


@app.errorhandler(HTTPException)
def refused(error):
    return problem(error.code, error.description) if error.code and error.code >= 400 else error


@app.errorhandler(ValidationError)
def invalid(error):
    return Response(json.dumps({"status": 422, "message": "Some fields are not valid", "fields": error.messages}), 422, content_type="application/problem+json")


@app.errorhandler(OverflowError)
def too_large(_):
    return problem(404, "There is nothing with so large a number")


@app.errorhandler(UnicodeEncodeError)
def no_text(_):
    return problem(422, "This text cannot be stored")


@app.errorhandler(Exception)
def failed(_):
    return problem(500, "Something went wrong")


@app.after_request
def headers(response):
    public = request.method in ("GET", "HEAD", "OPTIONS") and request.path.startswith("/api/books")
    response.headers.update({
        "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-XSS-Protection": "0",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "cross-origin" if public else "same-origin",
        "Cache-Control": "public, max-age=60" if public else "no-store",
        "X-Request-Id": str(uuid.uuid4()),
    })
    if public:
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@app.get("/openapi.json")
def document():
    return yaml.safe_load((HERE / "openapi.yaml").read_text())


if __name__ == "__main__":
    # Ends as a program ends, so that the directory of the database goes too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    fill()
    waitress.serve(app, host="127.0.0.1", port=ARGS.port, threads=6, ident=None, _quiet=True)
