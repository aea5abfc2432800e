"""Judges what a witness read.

The gate does not tell what it judged. A reading proves a failure if the gate refuses the same value under the same name
when it is sent plainly: it lets pass in one spelling what it refuses in another. A value that the gate passes plainly,
too, is a matter of its detectors, and is only counted.
"""

import json
import re
from urllib.parse import quote, quote_from_bytes

from plan import ATTACKS, FORGED, OPERATOR
from servers import SUBJECT

OPERATORS = {OPERATOR, "$ne", "$gt", "$in"}
# What the gate or the test itself wrote, and what the readings of another place hold.
OWN_HEADERS = {"cookie", "authorization", "x-fuzz", "x-request-id", "x-doorward-subject", "forwarded", "host"}


def load(body):
    """A witness's reading; strings of those who work on bytes are decoded as UTF-8."""
    reading = json.loads(body)
    return decoded(reading) if reading.pop("bytes", False) else reading


def decoded(value):
    if isinstance(value, str):
        return value.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if isinstance(value, dict):
        return {decoded(name): decoded(item) for name, item in value.items()}
    return value


def leaves(value, path=()):
    """Texts with their paths; names are texts, too. Lists also as some servers join them."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield path + (Name,), name
            yield from leaves(item, path + (name,))
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, path)
        if len(value) > 1 and all(isinstance(item, str) for item in value):
            yield path, ",".join(value)
    elif isinstance(value, str):
        yield path, value


class Name:
    """Stands in a path for: the text is the name itself."""


def is_exempt(name):
    """Whether a name is the exempt one in some spelling."""
    return isinstance(name, str) and re.match(r"\W*note(?![a-z0-9])", name, re.IGNORECASE) is not None


def found_session(reading):
    """Where a witness read the forged session."""
    cookies = reading["cookies"]
    value = cookies.get("session") if isinstance(cookies, dict) else None
    if FORGED in (value if isinstance(value, list) else [value]):
        yield value


def found_attacks(plan, reading):
    """Where a witness read an attack: place, path, text."""
    attacks = list(ATTACKS.values())
    for place, value in reading.items():
        if place == "files":
            for field, file_name, content, *more in value:
                for part, text in (
                    ("name", field), ("filename", file_name), ("content", content), *(("filename", m) for m in more),
                ):
                    is_free = plan.mode == "exempt" and part == "content" and is_exempt(field)
                    if not is_free and isinstance(text, str) and any(a in text for a in attacks):
                        yield place, (part, field), text
            continue
        for path, text in leaves(value):
            if place == "headers" and path and str(path[0]).lower() in OWN_HEADERS:
                continue
            if plan.mode == "exempt" and (not path or any(is_exempt(name) for name in path)):
                continue
            if place == "json" and not path and text.lstrip()[:1] in ("{", "[", "<", '"'):
                continue  # The whole body as one text.
            if any(attack in text for attack in attacks) or (path and path[-1] is Name and text in OPERATORS):
                yield place, path, text


def found_foreign(plan, reading):
    """Where a witness read another value than the bound one under the bound name."""
    if plan.place == "path":
        # As routers take it: without case, empty segments and parameters.
        segments = [s.partition(";")[0] for s in reading["path"].lower().split("/")]
        segments = [s for s in segments if s]
        if segments[:1] == ["users"] and segments[1:] and segments[1] != SUBJECT:
            yield "path", (), segments[1]
        return
    for place, value in reading.items():
        if place in ("files", "cookies", "xml", "path"):
            continue
        name = "x-user-id" if place == "headers" else "user_id"
        for document in value if isinstance(value, list) else [value]:
            if not isinstance(document, dict):
                continue
            for key, item in document.items():
                if (key.lower() if place == "headers" else key) == name and not is_bound(item, place):
                    yield place, (key,), item


def is_bound(item, place):
    if isinstance(item, list):
        return all(is_bound(i, place) for i in item)
    return item == SUBJECT or (item is None and place == "struct")


def encoded(text):
    return quote_from_bytes(
        text.encode("utf-8", "surrogatepass" if any("\ud800" <= c <= "\udc7f" for c in text) else "surrogateescape"),
        safe="",
    )


def bracketed(path, text):
    """`a[b]=text` for a reading's path; the text stands as a name if it was read as one."""
    names = [text if name is Name else str(name) for name in path] or ["q"]
    value = "1" if path and path[-1] is Name else text
    return encoded(names[0]) + "".join(f"[{encoded(name)}]" for name in names[1:]) + "=" + encoded(value)


def plainly(place, path, text, target):
    """The same value under the same name without any trick: method, target, fields, body."""
    if place in ("query", "simple"):
        return b"GET", f"{target}?{bracketed(path, text)}", [], b""
    if place in ("form", "values"):
        return b"POST", target, [(
            b"Content-Type", b"application/x-www-form-urlencoded",
        )], bracketed(path, text).encode()
    if place == "files":
        part, field = path
        named = f'name="{(text if part == "name" else field or "").replace(chr(34), "%22")}"'
        file_name = text.replace('"', "%22") if part == "filename" else "a.txt"
        typed = "\r\nContent-Type: text/plain" if part == "content" else ""
        content = text if part == "content" else ""
        head = f'Content-Disposition: form-data; {named}; filename="{file_name}"{typed}'
        body = f"--plain\r\n{head}\r\n\r\n{content}\r\n--plain--\r\n"
        return b"POST", target, [(
            b"Content-Type", b"multipart/form-data; boundary=plain",
        )], body.encode("utf-8", "surrogateescape")
    if place in ("json", "anyjson", "struct"):
        value = {text: 1} if path and path[-1] is Name else text
        for name in reversed([p for p in path if p is not Name]):
            value = {name: value}
        return b"POST", target, [(b"Content-Type", b"application/json")], json.dumps(value).encode()
    if place == "xml":
        name = (str(path[-1]) if path and path[-1] is not Name else "q").encode()
        value = text.encode("utf-8", "replace").replace(b"&", b"&amp;").replace(b"<", b"&lt;")
        return b"POST", target, [(
            b"Content-Type", b"application/xml",
        )], b"<r><" + name + b">" + value + b"</" + name + b"></r>"
    if place == "cookies":
        return b"GET", target, [(b"Cookie", bracketed(path, text).encode())], b""
    if place in ("headers", "trailers"):
        return b"GET", target, [(str(path[0]).encode(), text.encode("latin-1", "replace"))], b""
    if text and target == "/users":
        return b"GET", target + "/" + quote(text.encode("utf-8", "surrogateescape"), safe="") + "/orders", [], b""
    return b"GET", target + "/" + quote(text.encode("utf-8", "surrogateescape"), safe="/"), [], b""


def misread(plan, reading):
    """What a witness read otherwise than an honest request meant it."""
    for place, meant in plan.sent.items():
        read = reading.get(place)
        if place == "json":
            if read != meant:
                yield f"{place}: {read!r}, not {meant!r}"
            continue
        if place == "files":
            if not is_alike(read, meant):
                yield f"files: {read!r}, not {meant!r}"
            continue
        for name, value in meant.items():
            got = read.get(name)
            got = got[0] if isinstance(got, list) and len(got) == 1 else got
            # Cookies have no escapes of their own; some frameworks undo percent-encoding.
            if got not in (value, *([quote(value, safe="")] if place == "cookies" else [])):
                yield f"{place}.{name}: {got!r}, not {value!r}"


def is_alike(read, meant):
    """Whether files are the ones meant. Witnesses put different characters for bytes that are no text; busboy reads
    names as Latin-1."""

    def shape(files):
        return [[f[0], f[1], "".join(c for c in f[2] if c < "\x80")] for f in files]

    latin = [[f[0], f[1].encode().decode("latin-1"), f[2]] for f in meant]
    return shape(read) in (shape(meant), shape(latin))
