"""Users and items, in the shape of the usual FastAPI template: SQLAlchemy, Argon2, JSON web tokens. Well made."""

import argparse
import asyncio
import pathlib
import random
import secrets
import signal
import sys
import tempfile
import time
import uuid
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any

import jwt
import uvicorn
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel, ConfigDict, EmailStr, Field
from sqlalchemy import ForeignKey, NullPool, String, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, default=8000)
ARGS = arguments.parse_args()

API = "/api/v1"
SECRET = secrets.token_urlsafe(32)
DIRECTORY = tempfile.TemporaryDirectory(prefix="template-")
engine = create_engine(f"sqlite:///{pathlib.Path(DIRECTORY.name) / 'app.db'}", poolclass=NullPool)
hasher = PasswordHasher()


# ---- models


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: str(uuid.uuid4()))
    email: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    is_superuser: Mapped[bool] = mapped_column(default=False)
    hashed_password: Mapped[str]
    tokens_from: Mapped[float] = mapped_column(default=0)


class Item(Base):
    __tablename__ = "item"
    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: str(uuid.uuid4()))
    title: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    owner_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(timezone.utc))


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class UserPublic(Out):
    id: uuid.UUID
    email: EmailStr
    full_name: str | None = None
    is_active: bool
    is_superuser: bool


class UsersPublic(BaseModel):
    data: list[UserPublic]
    count: int


class UserRegister(BaseModel):
    email: EmailStr = Field(max_length=255)
    password: str = Field(min_length=12, max_length=128)
    full_name: str | None = Field(default=None, max_length=255)


class UserUpdateMe(BaseModel):
    full_name: str | None = Field(default=None, max_length=255)
    email: EmailStr | None = Field(default=None, max_length=255)


class UserUpdate(UserUpdateMe):
    is_active: bool | None = None
    is_superuser: bool | None = None


class UpdatePassword(BaseModel):
    current_password: str = Field(max_length=128)
    new_password: str = Field(min_length=12, max_length=128)


class ItemCreate(BaseModel):
    title: str = Field(min_length=1, max_length=255)
    description: str | None = Field(default=None, max_length=1000)


class ItemUpdate(BaseModel):
    title: str | None = Field(default=None, min_length=1, max_length=255)
    description: str | None = Field(default=None, max_length=1000)


class ItemPublic(Out):
    id: uuid.UUID
    title: str
    description: str | None = None
    owner_id: uuid.UUID
    created_at: datetime


class ItemsPublic(BaseModel):
    data: list[ItemPublic]
    count: int


class Message(BaseModel):
    message: str


class Token(BaseModel):
    access_token: str
    token_type: str = "bearer"


# ---- who calls


def get_session():
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]
TokenDep = Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl=f"{API}/login/access-token"))]


def get_current_user(session: SessionDep, token: TokenDep) -> User:
    refused = HTTPException(401, "Could not validate credentials", {"WWW-Authenticate": "Bearer"})
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"require": ["exp", "sub", "iat"]})
    except jwt.InvalidTokenError:
        raise refused
    user = session.get(User, claims["sub"])
    if user is None or not user.is_active or claims["iat"] < user.tokens_from:
        raise refused
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


def get_superuser(user: CurrentUser) -> User:
    if not user.is_superuser:
        raise HTTPException(403, "The user doesn't have enough privileges")
    return user


Superuser = Annotated[User, Depends(get_superuser)]


def verify(password: str, hashed: str) -> bool:
    try:
        return hasher.verify(hashed, password)
    except VerificationError:
        return False


NOBODY = hasher.hash(secrets.token_hex(16))
failures: dict[str, list[float]] = {}


def recent(key):
    failures[key] = [at for at in failures.get(key, []) if at > time.monotonic() - 900]
    return failures[key]


router = APIRouter()


@router.post("/login/access-token", tags=["login"])
def login_access_token(request: Request, session: SessionDep, form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Token:
    keys = [(f"user:{form.username.lower()}", 5), (f"address:{request.client.host}", 20)]
    if any(len(recent(key)) >= limit for key, limit in keys):
        raise HTTPException(429, "Too many failed log ins", {"Retry-After": "900"})
    user = session.scalar(select(User).where(User.email == form.username.lower()))
    right = verify(form.password, user.hashed_password if user else NOBODY)
    if not right or user is None or not user.is_active:
        for key, _ in keys:
            recent(key).append(time.monotonic())
        raise HTTPException(400, "Incorrect email or password")
    now = datetime.now(timezone.utc)
    claims = {"sub": user.id, "iat": now.timestamp(), "exp": now + timedelta(minutes=15)}
    return Token(access_token=jwt.encode(claims, SECRET, algorithm="HS256"))


@router.post("/login/test-token", tags=["login"])
def test_token(user: CurrentUser) -> UserPublic:
    return user


# ---- users


def taken(session, email, but=None):
    found = session.scalar(select(User).where(User.email == email.lower()))
    return found is not None and found.id != but


@router.get("/users/", tags=["users"])
def read_users(session: SessionDep, user: Superuser, skip: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=100)] = 100) -> UsersPublic:
    rows = session.scalars(select(User).order_by(User.email).offset(skip).limit(limit)).all()
    return UsersPublic(data=[UserPublic.model_validate(r) for r in rows], count=session.scalar(select(func.count()).select_from(User)))


@router.post("/users/signup", tags=["users"], status_code=201)
def register_user(session: SessionDep, body: UserRegister) -> UserPublic:
    if taken(session, body.email):
        raise HTTPException(400, "This email cannot be used")
    user = User(email=body.email.lower(), full_name=body.full_name, hashed_password=hasher.hash(body.password))
    session.add(user)
    session.commit()
    return UserPublic.model_validate(user)


@router.get("/users/me", tags=["users"])
def read_user_me(user: CurrentUser) -> UserPublic:
    return user


@router.patch("/users/me", tags=["users"])
def update_user_me(session: SessionDep, user: CurrentUser, body: UserUpdateMe) -> UserPublic:
    values = {k: v for k, v in body.model_dump(exclude_unset=True).items() if not (k == "email" and v is None)}
    if "email" in values:
        values["email"] = values["email"].lower()
        if taken(session, values["email"], user.id):
            raise HTTPException(409, "This email cannot be used")
    for key, value in values.items():
        setattr(user, key, value)
    session.commit()
    return UserPublic.model_validate(user)


@router.patch("/users/me/password", tags=["users"])
def update_password_me(session: SessionDep, user: CurrentUser, body: UpdatePassword) -> Message:
    key = f"password:{user.id}"
    if len(recent(key)) >= 5:
        raise HTTPException(429, "Too many tries", {"Retry-After": "900"})
    if not verify(body.current_password, user.hashed_password):
        recent(key).append(time.monotonic())
        raise HTTPException(400, "Incorrect password")
    user.hashed_password = hasher.hash(body.new_password)
    user.tokens_from = time.time()
    session.commit()
    return Message(message="Password updated successfully")


@router.delete("/users/me", tags=["users"])
def delete_user_me(session: SessionDep, user: CurrentUser) -> Message:
    if user.is_superuser:
        raise HTTPException(403, "Super users are not allowed to delete themselves")
    for item in session.scalars(select(Item).where(Item.owner_id == user.id)):
        session.delete(item)
    session.delete(user)
    session.commit()
    return Message(message="User deleted successfully")


@router.get("/users/{user_id}", tags=["users"])
def read_user_by_id(session: SessionDep, current: CurrentUser, user_id: uuid.UUID) -> UserPublic:
    if str(user_id) == current.id:
        return current
    if not current.is_superuser:
        raise HTTPException(403, "The user doesn't have enough privileges")
    user = session.get(User, str(user_id))
    if user is None:
        raise HTTPException(404, "User not found")
    return user


@router.patch("/users/{user_id}", tags=["users"])
def update_user(session: SessionDep, current: Superuser, user_id: uuid.UUID, body: UserUpdate) -> UserPublic:
    user = session.get(User, str(user_id))
    if user is None:
        raise HTTPException(404, "User not found")
    values = {k: v for k, v in body.model_dump(exclude_unset=True).items() if v is not None}
    if "email" in values and taken(session, values["email"], user.id):
        raise HTTPException(409, "This email cannot be used")
    for key, value in values.items():
        setattr(user, key, value)
    session.commit()
    return UserPublic.model_validate(user)


# ---- items: a super user sees and changes all of them, everybody else their own


@router.get("/items/", tags=["items"])
def read_items(session: SessionDep, user: CurrentUser, q: Annotated[str | None, Query(max_length=100)] = None,
               skip: Annotated[int, Query(ge=0, le=100000)] = 0, limit: Annotated[int, Query(ge=1, le=100)] = 100) -> ItemsPublic:
    wanted = select(Item)
    if not user.is_superuser:
        wanted = wanted.where(Item.owner_id == user.id)
    if q:
        # Fewer letters find more.
        wanted = wanted.where(Item.title.icontains(q, autoescape=True))
    count = session.scalar(select(func.count()).select_from(wanted.subquery()))
    rows = session.scalars(wanted.order_by(Item.created_at.desc()).offset(skip).limit(limit)).all()
    return ItemsPublic(data=[ItemPublic.model_validate(r) for r in rows], count=count)


def own_item(session, user, item_id):
    item = session.get(Item, str(item_id))
    if item is None:
        raise HTTPException(404, "Item not found")
    if not user.is_superuser and item.owner_id != user.id:
        raise HTTPException(403, "Not enough permissions")
    return item


@router.get("/items/{id}", tags=["items"])
def read_item(session: SessionDep, user: CurrentUser, id: uuid.UUID) -> ItemPublic:
    return own_item(session, user, id)


@router.post("/items/", tags=["items"], status_code=201)
def create_item(session: SessionDep, user: CurrentUser, body: ItemCreate) -> ItemPublic:
    item = Item(**body.model_dump(), owner_id=user.id)
    session.add(item)
    session.commit()
    return ItemPublic.model_validate(item)


@router.put("/items/{id}", tags=["items"])
def update_item(session: SessionDep, user: CurrentUser, id: uuid.UUID, body: ItemUpdate) -> ItemPublic:
    item = own_item(session, user, id)
    for key, value in body.model_dump(exclude_unset=True).items():
        if key != "title" or value is not None:
            setattr(item, key, value)
    session.commit()
    return ItemPublic.model_validate(item)


@router.delete("/items/{id}", tags=["items"])
def delete_item(session: SessionDep, user: CurrentUser, id: uuid.UUID) -> Message:
    session.delete(own_item(session, user, id))
    session.commit()
    return Message(message="Item deleted successfully")


# ---- utilities


@router.get("/utils/health-check/", tags=["utils"])
async def health_check() -> bool:
    return True


@router.get("/utils/report", tags=["utils"])
async def report(user: CurrentUser, year: Annotated[int, Query(ge=2000, le=2100)] = 2024) -> dict[str, Any]:
    """Takes its time, and not always the same."""
    await asyncio.sleep(random.choice([0.2, 0.5, 1.5, 3.0]))
    return {"year": year, "made_at": datetime.now(timezone.utc), "report_id": uuid.uuid4(), "rows": []}


app = FastAPI(title="Full Stack Project", openapi_url=f"{API}/openapi.json", docs_url=None, redoc_url=None)
app.add_middleware(CORSMiddleware, allow_origins=["http://localhost:5173"], allow_credentials=True, allow_methods=["*"], allow_headers=["*"])
app.include_router(router, prefix=API)


@app.exception_handler(UnicodeEncodeError)
async def no_text(request: Request, error: UnicodeEncodeError):
    return JSONResponse({"detail": "This text cannot be stored"}, 422)


@app.middleware("http")
async def headers(request: Request, call_next):
    response = await call_next(request)
    for name, value in {
        "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-XSS-Protection": "0",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
        "X-Request-Id": uuid.uuid4().hex,
    }.items():
        response.headers[name] = value
    return response


def fill():
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for email, name, password, superuser in [
            ("admin@template.example", "First Superuser", "template-admin-pass-1", True),
            ("anna@template.example", "Anna D'Amico", "template-anna-pass-2", False),
            ("ben@template.example", "Ben O'Brien", "template-ben-pass-3", False),
        ]:
            user = User(email=email, full_name=name, is_superuser=superuser, hashed_password=hasher.hash(password))
            session.add(user)
            session.flush()
            for title in ("Reading list", "Read me", f"{name}'s things"):
                session.add(Item(title=title, description="Kept for later", owner_id=user.id))
        session.commit()


if __name__ == "__main__":
    # Ends as a program ends, so that the directory of the database goes too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    fill()
    uvicorn.run(app, host="127.0.0.1", port=ARGS.port, log_level="warning", server_header=False)
