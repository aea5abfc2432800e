"""Depot: the API of a small web shop, with FastAPI and SQLite. `--hardened` closes every hole that holes.toml lists."""

import argparse
import csv
import hashlib
import html
import io
import ipaddress
import pathlib
import secrets
import signal
import socket
import sqlite3
import sys
import tempfile
import time
import urllib.parse
import uuid
from datetime import datetime, timedelta, timezone
from typing import Annotated, Optional

import httpx
import jwt
import uvicorn
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response, status
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel, ConfigDict, EmailStr, Field

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, default=8000)
arguments.add_argument("--hardened", action="store_true")
ARGS = arguments.parse_args() if __name__ == "__main__" else arguments.parse_args([])
HARDENED = ARGS.hardened

SECRET = secrets.token_hex(32)
DIRECTORY = tempfile.TemporaryDirectory(prefix="depot-")
DATABASE = pathlib.Path(DIRECTORY.name) / "depot.db"
hasher = PasswordHasher()


# ---- storage

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT UNIQUE NOT NULL, email TEXT NOT NULL, full_name TEXT, bio TEXT,
  hashed_password TEXT, is_admin INTEGER NOT NULL DEFAULT 0 CHECK (is_admin IN (0, 1)), credit INTEGER NOT NULL DEFAULT 0, token_version INTEGER DEFAULT 0) STRICT;
CREATE TABLE products (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, description TEXT, price INTEGER,
  published INTEGER DEFAULT 1) STRICT;
CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, product_id INTEGER, quantity INTEGER NOT NULL,
  address TEXT, status TEXT NOT NULL DEFAULT 'open', created_at TEXT) STRICT;
CREATE TABLE documents (id TEXT PRIMARY KEY, owner_id INTEGER NOT NULL, title TEXT, content TEXT) STRICT;
CREATE TABLE comments (id INTEGER PRIMARY KEY AUTOINCREMENT, product_id INTEGER, user_id INTEGER, body TEXT,
  created_at TEXT) STRICT;
CREATE TABLE webhooks (id TEXT PRIMARY KEY, owner_id INTEGER NOT NULL, target_url TEXT, event TEXT, secret TEXT) STRICT;
CREATE TABLE subscribers (email TEXT PRIMARY KEY, active INTEGER DEFAULT 1) STRICT;
"""


def hash_password(password):
    return hasher.hash(password) if HARDENED else hashlib.sha256(password.encode()).hexdigest()


def verify_password(password, hashed):
    if not HARDENED:
        return hashlib.sha256(password.encode()).hexdigest() == hashed
    try:
        return hasher.verify(hashed, password)
    except VerificationError:
        return False


NOBODY = hash_password(secrets.token_hex(16))


def connect():
    connection = sqlite3.connect(DATABASE, check_same_thread=False, timeout=20)
    connection.row_factory = sqlite3.Row
    return connection


def now():
    return datetime.now(timezone.utc).isoformat()


def fill():
    db = connect()
    db.executescript(SCHEMA)
    people = [
        ("alice", "alice@depot.example", "Alice Ferrer", "I collect lamps.", "correct-horse-alice-1", 0),
        ("bob", "bob@depot.example", "Bob O'Neill", "Coffee first.", "correct-horse-bob-22", 0),
        ("carol", "carol@depot.example", "Carol Administrator", "", "correct-horse-carol-3", 1),
    ]
    for username, email, name, bio, password, admin in people:
        db.execute(
            "INSERT INTO users (username, email, full_name, bio, hashed_password, is_admin, credit) VALUES (?,?,?,?,?,?,100)",
            (username, email, name, bio, hash_password(password), admin),
        )
    for name, description, price, published in [
        ("Desk lamp", "Warm light, brass foot", 4900, 1),
        ("Chef's knife", "Forged, 20 cm", 8900, 1),
        ("Coffee grinder", "Conical burrs", 12900, 1),
        ("Wool blanket", "Merino, 140 x 200", 9900, 1),
        ("Lamp oil", "One litre", 900, 1),
        ("Spring collection (draft)", "Not announced yet", 100, 0),
    ]:
        db.execute("INSERT INTO products (name, description, price, published) VALUES (?,?,?,?)",
                   (name, description, price, published))
    for value in range(1, 121):
        db.execute("INSERT INTO products (name, description, price) VALUES (?, 'For anything here', ?)",
                   (f"Gift card {value}", value * 100))
    for user, product, quantity, address in [
        (1, 1, 2, "12 Mill Lane, Leeds"), (1, 3, 1, "12 Mill Lane, Leeds"),
        (2, 2, 1, "7 Harbour Road, Cork"), (2, 5, 4, "7 Harbour Road, Cork"), (3, 4, 1, "1 Depot Square"),
    ]:
        db.execute("INSERT INTO orders (user_id, product_id, quantity, address, created_at) VALUES (?,?,?,?,?)",
                   (user, product, quantity, address, now()))
    for owner, title, content in [
        (1, "Invoice March", "Total 98.00, card ending 4411"), (2, "Warranty", "Grinder, serial 88-1207"),
        (3, "Supplier terms", "Margin 38 percent"),
    ]:
        db.execute("INSERT INTO documents VALUES (?,?,?,?)", (str(uuid.uuid4()), owner, title, content))
    db.execute("INSERT INTO comments (product_id, user_id, body, created_at) VALUES (1, 2, 'Looks good on my desk', ?)", (now(),))
    for owner in (1, 2):
        db.execute("INSERT INTO webhooks VALUES (?,?,?,?,?)",
                   (str(uuid.uuid4()), owner, "https://hooks.depot.example/in", "order.created", secrets.token_hex(16)))
    db.execute("INSERT INTO subscribers (email) VALUES ('alice@depot.example')")
    db.commit()
    db.close()


def get_db():
    db = connect()
    try:
        yield db
    finally:
        db.close()


Db = Annotated[sqlite3.Connection, Depends(get_db)]


# ---- models


def hide_additional(schema):
    schema.pop("additionalProperties", None)


class Writable(BaseModel):
    """What clients send."""

    model_config = ConfigDict(extra="ignore" if HARDENED else "allow", json_schema_extra=hide_additional)


class Token(BaseModel):
    access_token: str
    token_type: str = "bearer"


class UserCreate(Writable):
    username: str = Field(min_length=3, max_length=30, pattern=r"^[a-zA-Z0-9_.-]+$")
    email: EmailStr
    password: str = Field(min_length=12, max_length=128)
    full_name: Optional[str] = Field(default=None, max_length=100)


class UserUpdate(Writable):
    email: Optional[EmailStr] = None
    full_name: Optional[str] = Field(default=None, max_length=100)
    bio: Optional[str] = Field(default=None, max_length=1000)


class UserMe(BaseModel):
    id: int
    username: str
    email: EmailStr
    full_name: Optional[str] = None
    bio: Optional[str] = None
    is_admin: bool
    credit: int


class UserPublic(BaseModel):
    id: int
    username: str
    full_name: Optional[str] = None
    bio: Optional[str] = None


class PasswordChange(BaseModel):
    current_password: str
    new_password: str = Field(min_length=12, max_length=128)


class Forgot(BaseModel):
    email: EmailStr


class Unsubscribe(BaseModel):
    email: str = Field(max_length=300)


class Product(BaseModel):
    id: int
    name: str
    description: Optional[str] = None
    price: int


class ProductPrice(BaseModel):
    price: int = Field(ge=0)


class ProductPage(BaseModel):
    items: list[Product]
    total: int


class OrderCreate(Writable):
    product_id: int
    quantity: int = Field(default=1, ge=1, le=100)
    address: Optional[str] = Field(default=None, max_length=300)


class OrderUpdate(Writable):
    quantity: Optional[int] = Field(default=None, ge=1, le=100)
    address: Optional[str] = Field(default=None, max_length=300)


class Order(BaseModel):
    id: int
    user_id: int
    product_id: int
    quantity: int
    address: Optional[str] = None
    status: str
    created_at: datetime


class OrderPage(BaseModel):
    items: list[Order]
    total: int


class DocumentWrite(Writable):
    title: str = Field(max_length=200)
    content: Optional[str] = None


class Document(BaseModel):
    id: uuid.UUID
    owner_id: int
    title: str
    content: Optional[str] = None


class DocumentPage(BaseModel):
    items: list[Document]
    total: int


class ImportRequest(BaseModel):
    url: str = Field(examples=["https://files.depot.example/invoice.txt"])
    title: Optional[str] = None


class CommentCreate(BaseModel):
    body: str = Field(min_length=1, max_length=2000)


class Comment(BaseModel):
    id: int
    product_id: int
    user_id: int
    body: str
    created_at: datetime


class CommentPage(BaseModel):
    items: list[Comment]
    total: int


class WebhookCreate(BaseModel):
    target_url: str = Field(examples=["https://hooks.depot.example/in"])
    event: str = "order.created"


class Webhook(BaseModel):
    id: uuid.UUID
    owner_id: int
    target_url: str
    event: str
    secret: str


class Delivery(BaseModel):
    delivered: bool
    status_code: Optional[int] = None
    response: Optional[str] = None


class AdminUserPage(BaseModel):
    items: list[UserMe]
    total: int


class Message(BaseModel):
    detail: str


# ---- the application and who calls

app = FastAPI(title="Depot", version="2.3.1", description="Orders, documents and products of a small shop.",
              docs_url=None if HARDENED else "/docs", redoc_url=None)
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="/auth/token")
revoked: set[str] = set()
failures: dict[str, list[float]] = {}

if HARDENED:
    app.add_middleware(CORSMiddleware, allow_origins=["https://shop.depot.example"], allow_credentials=True,
                       allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"], allow_headers=["Authorization", "Content-Type"])
else:
    app.add_middleware(CORSMiddleware, allow_origin_regex=".*", allow_credentials=True, allow_methods=["*"], allow_headers=["*"])


@app.middleware("http")
async def headers(request: Request, call_next):
    response = await call_next(request)
    if HARDENED:
        response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["X-XSS-Protection"] = "0"
        response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if "authorization" in request.headers or request.url.path.startswith("/auth"):
            response.headers["Cache-Control"] = "no-store"
    return response


@app.exception_handler(sqlite3.Error)
async def database_error(request: Request, error: sqlite3.Error):
    if HARDENED:
        return JSONResponse({"detail": "Internal server error"}, 500)
    return JSONResponse({"detail": f"database error: {type(error).__module__}.{type(error).__name__}: {error}"}, 500)


@app.exception_handler(OverflowError)
async def number_too_large(request: Request, error: OverflowError):
    return JSONResponse({"detail": "Not Found"}, 404)


@app.exception_handler(UnicodeEncodeError)
async def no_text(request: Request, error: UnicodeEncodeError):
    return JSONResponse({"detail": "This text cannot be stored"}, 422)


def credentials_error():
    return HTTPException(status.HTTP_401_UNAUTHORIZED, "Could not validate credentials", {"WWW-Authenticate": "Bearer"})


def decode(token):
    try:
        required = ["sub", "exp", "jti"] if HARDENED else ["sub"]
        return jwt.decode(token, SECRET, algorithms=["HS256"], options={"require": required, "verify_exp": HARDENED})
    except jwt.InvalidTokenError:
        raise credentials_error()


def get_current_user(db: Db, token: Annotated[str, Depends(oauth2_scheme)]):
    claims = decode(token)
    user = db.execute("SELECT * FROM users WHERE username = ?", (claims["sub"],)).fetchone()
    if user is None:
        raise credentials_error()
    if HARDENED and (claims["jti"] in revoked or claims["ver"] != user["token_version"]):
        raise credentials_error()
    return user


CurrentUser = Annotated[sqlite3.Row, Depends(get_current_user)]


def get_admin(user: CurrentUser):
    if not user["is_admin"]:
        raise HTTPException(403, "The user doesn't have enough privileges")
    return user


Admin = Annotated[sqlite3.Row, Depends(get_admin)]


def dicts(rows):
    return [dict(row) for row in rows]


def too_many(keys):
    for key, limit in keys:
        failures[key] = [t for t in failures.get(key, []) if t > time.monotonic() - 900]
        if len(failures[key]) >= limit:
            return True
    return False


@app.get("/", tags=["service"])
def root() -> Message:
    return Message(detail="Depot is up")


@app.get("/health/", tags=["service"])
def health():
    return {"status": "ok", "time": now()}


# ---- authentication


@app.post("/auth/token", tags=["auth"])
def login(request: Request, db: Db, form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Token:
    keys = [(f"user:{form.username.lower()}", 5), (f"address:{request.client.host}", 20)]
    if HARDENED and too_many(keys):
        raise HTTPException(429, "Too many failed logins", {"Retry-After": "900"})
    user = db.execute("SELECT * FROM users WHERE username = ?", (form.username,)).fetchone()
    if not HARDENED and user is None:
        raise HTTPException(400, "User not found")
    if not verify_password(form.password, user["hashed_password"] if user else NOBODY) or user is None:
        if HARDENED:
            for key, _ in keys:
                failures[key].append(time.monotonic())
        raise HTTPException(400, "Incorrect username or password" if HARDENED else "Incorrect password")
    claims = {"sub": user["username"], "ver": user["token_version"], "jti": uuid.uuid4().hex}
    if HARDENED:
        claims["exp"] = datetime.now(timezone.utc) + timedelta(minutes=15)
    return Token(access_token=jwt.encode(claims, SECRET, algorithm="HS256"))


@app.post("/auth/logout", status_code=204, tags=["auth"])
def logout(user: CurrentUser, token: Annotated[str, Depends(oauth2_scheme)]):
    if HARDENED:
        revoked.add(decode(token)["jti"])
    return Response(status_code=204)


@app.post("/auth/register", status_code=201, tags=["auth"])
def register(db: Db, body: UserCreate) -> UserMe:
    values = body.model_dump(exclude={"password"})
    values["hashed_password"] = hash_password(body.password)
    columns = {row["name"] for row in db.execute("PRAGMA table_info(users)")} - {"id"}
    values = {k: v for k, v in values.items() if k in columns}
    try:
        cursor = db.execute(f"INSERT INTO users ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values()))
    except sqlite3.IntegrityError:
        raise HTTPException(409, "This username cannot be used")
    db.commit()
    return UserMe(**db.execute("SELECT * FROM users WHERE id = ?", (cursor.lastrowid,)).fetchone())


@app.post("/auth/password", tags=["auth"])
def change_password(db: Db, user: CurrentUser, body: PasswordChange) -> Message:
    if HARDENED and not verify_password(body.current_password, user["hashed_password"]):
        raise HTTPException(400, "Current password is wrong")
    db.execute("UPDATE users SET hashed_password = ?, token_version = token_version + 1 WHERE id = ?",
               (hash_password(body.new_password), user["id"]))
    db.commit()
    return Message(detail="Password changed")


@app.post("/auth/forgot", status_code=202, tags=["auth"])
def forgot_password(db: Db, body: Forgot) -> Message:
    user = db.execute("SELECT id FROM users WHERE email = ?", (body.email,)).fetchone()
    if user is None and not HARDENED:
        raise HTTPException(404, "No account with this e-mail")
    return Message(detail="If the account exists, a message is on its way")


# ---- users


@app.get("/users/me/", tags=["users"])
def read_me(user: CurrentUser) -> UserMe:
    return UserMe(**user)


@app.patch("/users/me/", tags=["users"])
def update_me(db: Db, user: CurrentUser, body: UserUpdate) -> UserMe:
    columns = {row["name"] for row in db.execute("PRAGMA table_info(users)")} - {"id"}
    for key, value in body.model_dump(exclude_unset=True).items():
        if key in columns and not (key == "email" and value is None):
            db.execute(f"UPDATE users SET {key} = ? WHERE id = ?", (value, user["id"]))
    db.commit()
    return UserMe(**db.execute("SELECT * FROM users WHERE id = ?", (user["id"],)).fetchone())


@app.get("/users/{user_id}/", tags=["users"], responses={200: {"model": UserPublic}}, response_model=None)
def read_user(db: Db, user: CurrentUser, user_id: int):
    found = db.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()
    if found is None:
        raise HTTPException(404, "User not found")
    return UserPublic(**found) if HARDENED else dict(found)


@app.get("/users/{user_id}/orders/", tags=["users", "orders"])
def read_user_orders(db: Db, user: CurrentUser, user_id: int, skip: int = 0, limit: Annotated[int, Query(ge=1, le=100)] = 50) -> OrderPage:
    if HARDENED and user_id != user["id"] and not user["is_admin"]:
        raise HTTPException(404, "User not found")
    rows = db.execute("SELECT * FROM orders WHERE user_id = ? LIMIT ? OFFSET ?", (user_id, limit, max(skip, 0))).fetchall()
    total = db.execute("SELECT count(*) FROM orders WHERE user_id = ?", (user_id,)).fetchone()[0]
    return OrderPage(items=dicts(rows), total=total)


@app.get("/users/{user_id}/profile", tags=["pages"], response_class=HTMLResponse)
def profile_page(db: Db, user_id: int):
    found = db.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()
    if found is None:
        return HTMLResponse("<h1>No such user</h1>", 404)
    name, bio = found["full_name"] or found["username"], found["bio"] or ""
    if HARDENED:
        name, bio = html.escape(name), html.escape(bio)
    return HTMLResponse(f"<!doctype html><title>Profile</title><h1>{name}</h1><div class='bio'>{bio}</div>")


# ---- products and comments


@app.get("/products/", tags=["products"])
def list_products(
    db: Db,
    q: Optional[str] = None,
    max_price: Optional[int] = None,
    skip: Annotated[int, Query(ge=0)] = 0,
    limit: int = 20,
) -> ProductPage:
    where, values = "published = 1", []
    if HARDENED:
        limit = max(1, min(limit, 100))
        if q is not None:
            where += " AND name LIKE ?"
            values.append(f"%{q}%")
        if max_price is not None:
            where += " AND price <= ?"
            values.append(max_price)
    else:
        if q is not None:
            where += f" AND name LIKE '%{q}%'"
        if max_price is not None:
            where += f" AND price <= {max_price}"
    rows = dicts(db.execute(f"SELECT * FROM products WHERE {where} ORDER BY 1", values))
    return ProductPage(items=rows[skip:skip + limit], total=len(rows))


@app.get("/products/sorted/", tags=["products"])
def sorted_products(db: Db, order_by: str = "name") -> list[Product]:
    if HARDENED and order_by not in ("id", "name", "price", "description"):
        raise HTTPException(422, "Products cannot be sorted by this")
    try:
        return dicts(db.execute(f"SELECT id, name, description, price FROM products WHERE published = 1 ORDER BY {order_by}"))
    except sqlite3.Error:
        # Nobody sees a message of the database here.
        return []


@app.get("/products/{product_id}/", tags=["products"])
def read_product(db: Db, product_id: int) -> Product:
    found = db.execute("SELECT * FROM products WHERE id = ? AND published = 1", (product_id,)).fetchone()
    if found is None:
        raise HTTPException(404, "Product not found")
    return Product(**found)


@app.get("/products/{product_id}/comments/", tags=["comments"])
def list_comments(db: Db, product_id: int) -> CommentPage:
    rows = dicts(db.execute("SELECT * FROM comments WHERE product_id = ? ORDER BY id", (product_id,)))
    return CommentPage(items=rows, total=len(rows))


@app.post("/products/{product_id}/comments/", status_code=201, tags=["comments"])
def add_comment(db: Db, user: CurrentUser, product_id: int, body: CommentCreate) -> Comment:
    if db.execute("SELECT 1 FROM products WHERE id = ? AND published = 1", (product_id,)).fetchone() is None:
        raise HTTPException(404, "Product not found")
    cursor = db.execute("INSERT INTO comments (product_id, user_id, body, created_at) VALUES (?,?,?,?)",
                        (product_id, user["id"], body.body, now()))
    db.commit()
    return Comment(**db.execute("SELECT * FROM comments WHERE id = ?", (cursor.lastrowid,)).fetchone())


@app.delete("/products/{product_id}/comments/{comment_id}/", status_code=204, tags=["comments"])
def delete_comment(db: Db, user: CurrentUser, product_id: int, comment_id: int):
    found = db.execute("SELECT * FROM comments WHERE id = ? AND product_id = ?", (comment_id, product_id)).fetchone()
    if found is None or (HARDENED and found["user_id"] != user["id"] and not user["is_admin"]):
        raise HTTPException(404, "Comment not found")
    db.execute("DELETE FROM comments WHERE id = ?", (comment_id,))
    db.commit()
    return Response(status_code=204)


@app.get("/products/{product_id}/page", tags=["pages"], response_class=HTMLResponse)
def product_page(db: Db, product_id: int):
    found = db.execute("SELECT * FROM products WHERE id = ? AND published = 1", (product_id,)).fetchone()
    if found is None:
        return HTMLResponse("<h1>No such product</h1>", 404)
    comments = db.execute("SELECT body FROM comments WHERE product_id = ? ORDER BY id", (product_id,)).fetchall()
    escape = html.escape if HARDENED else str
    listed = "".join(f"<li>{escape(c['body'])}</li>" for c in comments)
    return HTMLResponse(f"<!doctype html><title>{html.escape(found['name'])}</title><h1>{html.escape(found['name'])}</h1><ul>{listed}</ul>")


@app.get("/search", tags=["pages"], response_class=HTMLResponse)
def search_page(db: Db, q: str = ""):
    rows = db.execute("SELECT name FROM products WHERE published = 1 AND instr(lower(name), lower(?))", (q,)).fetchall()
    shown = html.escape(q) if HARDENED else q
    found = "".join(f"<li>{html.escape(r['name'])}</li>" for r in rows)
    return HTMLResponse(
        f'<!doctype html><title>Search</title><form><input name="q" value="{shown}"></form><p>{len(rows)} found</p><ul>{found}</ul>'
    )


@app.post("/newsletter/unsubscribe/", tags=["service"])
def unsubscribe(db: Db, body: Unsubscribe) -> Message:
    email = body.email
    try:
        if HARDENED:
            db.execute("UPDATE subscribers SET active = 0 WHERE email = ?", (email,))
        else:
            db.execute(f"UPDATE subscribers SET active = 0 WHERE email = '{email}'")
        db.commit()
    except sqlite3.Error:
        pass
    return Message(detail="You will not hear from us again")


# ---- orders


def own_order(db, user, order_id):
    found = db.execute("SELECT * FROM orders WHERE id = ?", (order_id,)).fetchone()
    if found is None or (HARDENED and found["user_id"] != user["id"]):
        raise HTTPException(404, "Order not found")
    return found


@app.get("/orders/", tags=["orders"])
def list_orders(db: Db, user: CurrentUser, status: Optional[str] = None, skip: Annotated[int, Query(ge=0)] = 0,
                limit: Annotated[int, Query(ge=1, le=100)] = 50) -> OrderPage:
    where, values = "user_id = ?", [user["id"]]
    if status is not None:
        where += " AND status = ?"
        values.append(status)
    rows = db.execute(f"SELECT * FROM orders WHERE {where} ORDER BY id LIMIT ? OFFSET ?", [*values, limit, skip]).fetchall()
    total = db.execute(f"SELECT count(*) FROM orders WHERE {where}", values).fetchone()[0]
    return OrderPage(items=dicts(rows), total=total)


@app.post("/orders/", status_code=201, tags=["orders"])
def create_order(db: Db, user: CurrentUser, body: OrderCreate) -> Order:
    if db.execute("SELECT 1 FROM products WHERE id = ? AND published = 1", (body.product_id,)).fetchone() is None:
        raise HTTPException(404, "Product not found")
    cursor = db.execute("INSERT INTO orders (user_id, product_id, quantity, address, created_at) VALUES (?,?,?,?,?)",
                        (user["id"], body.product_id, body.quantity, body.address, now()))
    db.commit()
    return Order(**db.execute("SELECT * FROM orders WHERE id = ?", (cursor.lastrowid,)).fetchone())


@app.get("/orders/export.csv", tags=["orders"], response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def export_orders(db: Db, user: CurrentUser, user_id: Optional[int] = None):
    wanted = user["id"] if HARDENED or user_id is None else user_id
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "product_id", "quantity", "address", "status"])
    for row in db.execute("SELECT id, product_id, quantity, address, status FROM orders WHERE user_id = ?", (wanted,)):
        cells = [str(c if c is not None else "") for c in row]
        if HARDENED:
            cells = ["'" + c if c[:1] in ("=", "+", "-", "@", "\t", "\r") else c for c in cells]
        writer.writerow(cells)
    return Response(out.getvalue(), media_type="text/csv", headers={"Content-Disposition": 'attachment; filename="orders.csv"'})


@app.get("/orders/{order_id}/", tags=["orders"])
def read_order(db: Db, user: CurrentUser, order_id: int) -> Order:
    return Order(**own_order(db, user, order_id))


@app.patch("/orders/{order_id}/", tags=["orders"])
def update_order(db: Db, user: CurrentUser, order_id: int, body: OrderUpdate) -> Order:
    own_order(db, user, order_id)
    for key, value in body.model_dump(exclude_unset=True).items():
        if key in ("quantity", "address", "status", "user_id") and not (key == "quantity" and value is None):
            db.execute(f"UPDATE orders SET {key} = ? WHERE id = ?", (value, order_id))
    db.commit()
    return Order(**db.execute("SELECT * FROM orders WHERE id = ?", (order_id,)).fetchone())


@app.delete("/orders/{order_id}/", status_code=204, tags=["orders"])
def delete_order(db: Db, user: CurrentUser, order_id: int):
    own_order(db, user, order_id)
    db.execute("DELETE FROM orders WHERE id = ?", (order_id,))
    db.commit()
    return Response(status_code=204)


# ---- documents


def own_document(db, user, document_id):
    found = db.execute("SELECT * FROM documents WHERE id = ?", (str(document_id),)).fetchone()
    if found is None or (HARDENED and found["owner_id"] != user["id"]):
        raise HTTPException(404, "Document not found")
    return found


def public_url(url):
    """The URL with its host, if all addresses of the host are public ones."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80)
    except (OSError, ValueError):
        return False
    return all(ipaddress.ip_address(a[4][0].split("%")[0]).is_global for a in found)


def fetch(method, url, **more):
    """A request of this server for a client: (status, text)."""
    if HARDENED and not public_url(url):
        raise HTTPException(422, "This address cannot be used")
    try:
        answer = httpx.request(method, url, timeout=5, follow_redirects=not HARDENED, **more)
        return answer.status_code, answer.text[:10000]
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise HTTPException(502, "Could not reach the address" if HARDENED else f"Could not reach {url}: {error}")


@app.get("/documents/", tags=["documents"])
def list_documents(db: Db, user: CurrentUser) -> DocumentPage:
    rows = dicts(db.execute("SELECT * FROM documents WHERE owner_id = ?", (user["id"],)))
    return DocumentPage(items=rows, total=len(rows))


@app.post("/documents/", status_code=201, tags=["documents"])
def create_document(db: Db, user: CurrentUser, body: DocumentWrite) -> Document:
    values = {"owner_id": user["id"], **body.model_dump()}
    key = str(uuid.uuid4())
    db.execute("INSERT INTO documents VALUES (?,?,?,?)", (key, values["owner_id"], values["title"], values["content"]))
    db.commit()
    return Document(**db.execute("SELECT * FROM documents WHERE id = ?", (key,)).fetchone())


@app.post("/documents/import/", status_code=201, tags=["documents"])
def import_document(db: Db, user: CurrentUser, body: ImportRequest) -> Document:
    _, text = fetch("GET", body.url)
    key = str(uuid.uuid4())
    db.execute("INSERT INTO documents VALUES (?,?,?,?)", (key, user["id"], body.title or "Imported", text))
    db.commit()
    return Document(**db.execute("SELECT * FROM documents WHERE id = ?", (key,)).fetchone())


@app.get("/documents/{document_id}/", tags=["documents"])
def read_document(db: Db, user: CurrentUser, document_id: uuid.UUID) -> Document:
    return Document(**own_document(db, user, document_id))


@app.put("/documents/{document_id}/", tags=["documents"])
def replace_document(db: Db, user: CurrentUser, document_id: uuid.UUID, body: DocumentWrite) -> Document:
    # Here both of them ask for the owner: the hole is in what may be written.
    found = db.execute("SELECT * FROM documents WHERE id = ? AND owner_id = ?", (str(document_id), user["id"])).fetchone()
    if found is None:
        raise HTTPException(404, "Document not found")
    values = {**dict(found), **body.model_dump()}
    db.execute("UPDATE documents SET title = ?, content = ?, owner_id = ? WHERE id = ?",
               (values["title"], values["content"], values["owner_id"], str(document_id)))
    db.commit()
    return Document(**db.execute("SELECT * FROM documents WHERE id = ?", (str(document_id),)).fetchone())


# ---- webhooks


@app.get("/webhooks/", tags=["webhooks"])
def list_webhooks(db: Db, user: CurrentUser) -> list[Webhook]:
    if HARDENED:
        return dicts(db.execute("SELECT * FROM webhooks WHERE owner_id = ?", (user["id"],)))
    return dicts(db.execute("SELECT * FROM webhooks"))


@app.post("/webhooks/", status_code=201, tags=["webhooks"])
def create_webhook(db: Db, user: CurrentUser, body: WebhookCreate) -> Webhook:
    key = str(uuid.uuid4())
    db.execute("INSERT INTO webhooks VALUES (?,?,?,?,?)", (key, user["id"], body.target_url, body.event, secrets.token_hex(16)))
    db.commit()
    return Webhook(**db.execute("SELECT * FROM webhooks WHERE id = ?", (key,)).fetchone())


@app.post("/webhooks/{webhook_id}/test/", tags=["webhooks"])
def test_webhook(db: Db, user: CurrentUser, webhook_id: uuid.UUID) -> Delivery:
    hook = db.execute("SELECT * FROM webhooks WHERE id = ? AND owner_id = ?", (str(webhook_id), user["id"])).fetchone()
    if hook is None:
        raise HTTPException(404, "Webhook not found")
    code, text = fetch("POST", hook["target_url"], json={"event": hook["event"], "test": True})
    return Delivery(delivered=code < 300, status_code=code, response=None if HARDENED else text)


# ---- administration


def admin_or_anyone(user: CurrentUser):
    return get_admin(user) if HARDENED else user


@app.get("/admin/users/", tags=["admin"])
def admin_users(db: Db, user: Annotated[sqlite3.Row, Depends(admin_or_anyone)]) -> AdminUserPage:
    rows = dicts(db.execute("SELECT * FROM users"))
    return AdminUserPage(items=rows, total=len(rows))


@app.put("/admin/products/{product_id}/price/", tags=["admin"])
def set_price(db: Db, user: Annotated[sqlite3.Row, Depends(admin_or_anyone)], product_id: int, body: ProductPrice) -> Product:
    db.execute("UPDATE products SET price = ? WHERE id = ?", (body.price, product_id))
    db.commit()
    return read_product(db, product_id)


@app.delete("/admin/users/{user_id}/", status_code=204, tags=["admin"])
def delete_user(db: Db, user: Admin, user_id: int):
    if user_id == user["id"]:
        raise HTTPException(409, "Administrators do not delete themselves")
    db.execute("DELETE FROM users WHERE id = ?", (user_id,))
    db.commit()
    return Response(status_code=204)


@app.get("/admin/stats/", tags=["admin"])
def stats(request: Request, db: Db) -> dict[str, int]:
    if HARDENED:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        get_admin(get_current_user(db, token if scheme.lower() == "bearer" else ""))
    return {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("users", "orders", "documents")}


if __name__ == "__main__":
    # Ends as a program ends, so that the directory of the database goes too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    fill()
    uvicorn.run(app, host="127.0.0.1", port=ARGS.port, log_level="warning", server_header=not HARDENED)
    sys.exit(0)
