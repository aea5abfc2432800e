"""A small API that knows nothing of gates: users and their books, written in a hurry.

Whoever has a token may do anything to anybody: no owner is checked, every field is assigned, every column is shown.
"""

import base64
import hashlib
import hmac
import json
import sys

from flask import Flask, jsonify, request

SECRET = sys.argv[2].encode()
app = Flask(__name__)
users = {}
books = {}


def reset():
    users.clear()
    books.clear()
    for name in ("alice", "bob"):
        users[name] = {"name": name, "email": name + "@books.example", "admin": False, "password": name + "-secret"}
    for number, (owner, title) in enumerate(
        [("alice", "Emma"), ("alice", "Persuasion"), ("bob", "Ulysses"), ("bob", "Dubliners")], start=1
    ):
        books[number] = {"id": number, "owner": owner, "title": title, "meta": {"price": 10, "shelf": "a"}, "version": 1}


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def caller():
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    head, claims, signature = token.split(".")
    wanted = hmac.new(SECRET, f"{head}.{claims}".encode(), hashlib.sha256).digest()
    assert hmac.compare_digest(wanted, decode(signature))
    return json.loads(decode(claims))["sub"]


def shown(book):
    answer = jsonify(book)
    answer.headers["ETag"] = f'"{book["id"]}-{book["version"]}"'
    return answer


@app.post("/reset")
def put_back():
    reset()
    return "", 204


@app.get("/users/<name>")
def user(name):
    return jsonify(users[name]) if name in users else ({"error": "no such user"}, 404)


@app.put("/users/<name>")
def change_user(name):
    users[name].update(request.get_json())
    return jsonify(users[name])


@app.get("/books")
def list_books():
    found = [book for book in books.values()]
    return jsonify({"items": found, "total": len(found)})


@app.post("/books")
def add_book():
    number = max(books) + 1
    book = {"id": number, "owner": caller(), "meta": {"price": 10}, "version": 1}
    book.update(request.get_json())
    books[number] = book
    return shown(book), 201


@app.get("/books/<int:number>")
def book(number):
    return shown(books[number]) if number in books else ({"error": "no such book"}, 404)


@app.put("/books/<int:number>")
def change_book(number):
    book = books[number]
    condition = request.headers.get("If-Match")
    if condition not in (None, f'"{number}-{book["version"]}"'):
        return {"error": "changed meanwhile"}, 412
    book.update(request.get_json())
    book["version"] += 1
    return shown(book)


@app.delete("/books/<int:number>")
def remove_book(number):
    del books[number]
    return "", 204


@app.get("/books/batch")
def batch():
    numbers = [int(part) for text in request.args.getlist("ids") for part in text.split(",")]
    return jsonify([books[number] for number in numbers])


@app.post("/loans")
def lend():
    for number in request.get_json()["books"]:
        books[number]["lent"] = True
    return {"lent": request.get_json()["books"]}


@app.get("/users/<name>/books/<int:number>")
def nested(name, number):
    return shown(books[number])


@app.get("/debug")
def debug():
    return jsonify({"users": users, "books": list(books.values()), "secret": SECRET.decode()})


reset()
app.run("127.0.0.1", int(sys.argv[1]), threaded=True)
