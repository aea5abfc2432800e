"""Ordinary requests, which must pass and be read as they are meant."""

import gzip
import json
from urllib.parse import quote

import multiparts
import pairs
from framing import FORM, chunked

# What browsers, programs and analytics send along.
CLIENTS = [
    [],
    [(b"Accept", b"*/*"), (b"Accept-Encoding", b"gzip, deflate, br")],
    [
        (b"User-Agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        (b"Accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        (b"Accept-Language", b"de,en-US;q=0.7,en;q=0.3"),
        (b"Referer", b"https://api.example/open/list?page=2&sort=-price"),
        (b"Sec-Fetch-Site", b"same-origin"),
        (b"Sec-CH-UA", b'"Chromium";v="140", "Not=A?Brand";v="24"'),
        (b"If-None-Match", b'W/"67ab43", "a b"'),
        (b"X-Requested-With", b"XMLHttpRequest"),
    ],
    [
        (b"User-Agent", b"okhttp/5.1.0"), (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        (b"X-Client-Data", b"CIe2yQEIpLbJAQ=="),
    ],
]
CRUMBS = [
    "_ga=GA1.2.1234567890.1700000000", "theme=dark", 'prefs="a, b"', "cart=%7B%22id%22%3A7%2C%22n%22%3A%5B1%2C2%5D%7D",
    "csrftoken=Zk3v9-_.~x", "consent=C0001%3A1%2CC0002%3A0", "lang=de-DE", "_gcl_au=1.1.42.17",
]
NESTED = [
    "user[name]=Ada", "items[0][qty]=2", "lines[][id]=7", "filter[price][gte]=10", "ids[]=1&ids[]=2",
    "colour=red&colour=dark+blue", "address.city=K%C3%B6ln", "user-agent=x", "empty=", "price=%E2%82%AC+10%2C50",
]


def encode(plan):
    """Method, target, fields and body of an ordinary request; in `plan.sent` what a server must read."""
    dice = plan.dice("honest")
    fields, kind, body, target = list(dice.choice(CLIENTS)), None, b"", plan.target()
    values = dict(plan.pairs("honest"))
    query = {"page": str(dice.randrange(9)), "sort": dice.choice(["name", "Größe"])} if dice.randrange(2) else {}
    if plan.place == "query":
        query |= values
    elif plan.place == "cookie":
        crumbs = [f"{n}={quote(v, safe='')}" for n, v in values.items()] + dice.sample(CRUMBS, 2)
        fields.append((b"Cookie", "; ".join(crumbs).encode()))
        plan.sent["cookies"] = values
    elif plan.place == "form":
        more = dice.sample(NESTED, dice.randrange(3))
        kind, body = FORM + dice.choice([
            b"", b"; charset=UTF-8", b";charset=utf-8",
        ]), "&".join([f"{n}={pairs.plain(v).decode()}" for n, v in values.items()] + more).encode()
        plan.sent["form"] = values
    elif plan.place == "json":
        document = {**values, "n": dice.randrange(10**9), "ok": True, "items": [{"name": v} for v in values.values()]}
        body = json.dumps(document, ensure_ascii=dice.randrange(2) == 0, indent=dice.choice([None, 2])).encode()
        kind = dice.choice([b"application/json", b"application/json; charset=utf-8"])
        plan.sent["json"] = document
    else:
        boundary = dice.choice([
            b"----WebKitFormBoundary7MA4YWxkTrZu0gW", b"---------------------------9051914041544843365972754266",
            b"4e9d3c1f",
        ])
        file_name = dice.choice(["a.txt", "Bericht 2026.pdf", "o'brien.png", "größe.txt", "a;b.txt", "1+1.txt"])
        content = dice.choice([
            b"hello\r\nworld\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe\0", "größe".encode(),
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n--x--\r\n", b"a,b\n1,2\n",
        ])
        parts = [multiparts.part(n, v) for n, v in values.items()]
        head = f'Content-Disposition: form-data; name="up"; filename="{file_name}"'
        parts.append(head.encode() + b"\r\nContent-Type: application/octet-stream\r\n\r\n" + content)
        body = b"".join(b"--" + boundary + b"\r\n" + p + b"\r\n" for p in parts) + b"--" + boundary + b"--\r\n"
        kind = b"multipart/form-data; boundary=" + boundary
        plan.sent |= {"form": values, "files": [["up", file_name, content.decode("utf-8", "replace")]]}
    if query:
        target += "?" + "&".join(f"{n}={pairs.plain(v).decode()}" for n, v in query.items())
        plan.sent["query"] = query
    if kind:
        fields.append((b"Content-Type", kind))
    if body and dice.randrange(6) == 0:
        body = gzip.compress(body)
        fields.append((b"Content-Encoding", b"gzip"))
    if body and dice.randrange(4) == 0:
        fields.append((b"Transfer-Encoding", b"chunked"))
        body = chunked(body, dice)
    elif body:
        fields.append((b"Content-Length", b"%d" % len(body)))
    if body and (plan.place != "json" or dice.randrange(2)):
        method = b"POST"
    else:
        method = dice.choice([b"PUT", b"PATCH"]) if body else b"GET"
    return method, target.encode(), fields, body
