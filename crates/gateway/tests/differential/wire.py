"""Requests from the grammar, as bytes for a socket."""

import base64
import gzip
import json
import zlib
from urllib.parse import quote

import heads
import jsons
import multiparts
import pairs

try:
    import brotli
except ImportError:
    brotli = None

FORM = b"application/x-www-form-urlencoded"
TYPE = ["type-none", "type-case", "type-charset", "type-twice", "type-parameter", "type-other", "type-space"]
WIRE = ["coding", "coding-lie", "framing", "method", "expect"]
XML = ["xml-entity", "xml-cdata", "xml-comment", "xml-declaration", "xml-doctype", "xml-attribute", "xml-wide", "xml-name", "xml-junk"]

TRICKS = {
    "query": pairs.TRICKS + ["framing", "method"],
    "form": pairs.TRICKS + TYPE + WIRE,
    "multipart": multiparts.TRICKS + multiparts.TRICKS + ["coding", "coding-lie", "framing", "method"],
    "filename": multiparts.TRICKS + ["coding"],
    "file": multiparts.TRICKS,
    "json": jsons.TRICKS + TYPE + WIRE,
    "xml": XML + TYPE + ["coding"],
    "cookie": heads.COOKIE + ["framing"],
    "header": heads.HEADER + ["framing"],
    "path": heads.PATH + ["method"],
}


def xml(plan):
    value = plan.value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    if plan("xml-entity"):
        how = plan.one("xml-entity", ["&#{};", "&#x{:x};", "&#x0{:X};", "&#000{};"])
        value = "".join(how.format(ord(c)) if not c.isalnum() else c for c in plan.value)
    half = len(plan.value) // 2
    if plan("xml-cdata"):
        value = plan.one("xml-cdata", [f"<![CDATA[{plan.value}]]>", f"<![CDATA[{plan.value[:half]}]]><![CDATA[{plan.value[half:]}]]>", f"<![CDATA[{plan.value}]]>]]>"])
    if plan("xml-comment"):
        raw = plan.value.replace("<", "&lt;").replace("&", "&amp;")
        value = plan.one("xml-comment", [f"{raw[:half]}<!--x-->{raw[half:]}", f"{raw[:half]}<?x y?>{raw[half:]}", f"<!--{plan.value}-->{value}"])
    name = plan.name if plan.name.isalnum() else "q"
    if plan("xml-name"):
        name = plan.one("xml-name", [f"n:{name}", name.upper(), f"{name}.x", f"_{name}"])
    body = f"<r><{name}>{value}</{name}></r>"
    if plan("xml-attribute"):
        body = plan.one("xml-attribute", [f'<r {name}="{value}"/>', f"<r {name}='1' {name}=\"{value}\"/>", f'<r xmlns:n="{value}"/>', f'<r><a {name} = "{value}"></a></r>'])
    if plan("xml-doctype"):
        body = plan.one("xml-doctype", [f'<!DOCTYPE r [<!ENTITY e "{value}">]><r><q>&e;</q></r>', f"<!DOCTYPE r>{body}", f'<!DOCTYPE r SYSTEM "http://a.example/x">{body}'])
    if plan("xml-declaration"):
        body = plan.one("xml-declaration", ['<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-7"?>', '<?xml version="1.1"?>', "\n<?xml version='1.0'?>", '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', '<?xml version="1.0" encoding="latin-1"?>']) + body
    if plan("xml-junk"):
        body = plan.one("xml-junk", [f"\n{body}", f"{body}x", f"x{body}", f"{body}{body}", f"{body}<!--", f"\ufeff{body}", f"{body}\0", body.replace("</r>", ""), f"<{body}"])
    if plan("xml-wide"):
        return body.encode(plan.one("xml-wide", ["utf-16", "utf-16-le", "utf-16-be", "utf-7", "cp037"]), "replace")
    return body.encode("utf-8", "surrogateescape")


def media_type(plan, kind):
    """The content type, spelled crookedly; None for no field at all."""
    if kind is None:
        return None
    others = [b"text/plain", b"application/json", FORM, b"application/octet-stream", b"text/html", b"application/vnd.api+json", b"application/csp-report", b"text/json", b"application/xml", b"image/png", b"*/*", b"json", b"application/jsonx", b"text/x-json", b"multipart/form-data", b"application/javascript", b"application/x-json", b"application/ld+json", b"application/x-www-form-urlencodedx", b"application/json+x", b"text/xml", b"application/graphql", b"application/x-ndjson"]
    if plan("type-other"):
        kind = plan.one("type-other", others)
    if plan("type-none"):
        kind = plan.one("type-none", [None, None, b""])
        return kind
    if plan("type-case"):
        kind = plan.one("type-case", [kind.upper(), kind.title(), kind.swapcase()])
    if plan("type-charset"):
        kind += plan.one("type-charset", [b"; charset=utf-8", b";charset=UTF8", b"; charset=utf-16", b'; charset="utf-16le"', b"; charset=utf-7", b"; charset=iso-8859-1", b"; charset=ibm037", b"; charset=", b"; charset", b"; charset=utf-8; charset=utf-16", b"; charset='utf-8'", b"; charset=x-unknown", b";charset=\"utf-8", b"; Charset=UTF-32", b"; charset = utf-16", b"; charset=utf-8,utf-16", b"; _charset=utf-16", b"; charset=shift_jis", b"; charset=us-ascii"])
    if plan("type-parameter"):
        kind += plan.one("type-parameter", [b";", b"; ", b"; x", b"; x=", b"; =x", b"; x=y; x=z", b'; x="', b"; boundary=x", b";;", b", text/plain", b" x", b"; x=\"\\\"\"", b";\tx=y", b"; x y=z", b"; x=y z", b"; version=1.1", b"; q=0.5"])
    if plan("type-space"):
        kind = plan.one("type-space", [b" " + kind, kind + b" ", b"\t" + kind, kind + b"\t", kind.replace(b"/", b" / "), kind.replace(b"/", b"//"), kind + b"/x", b"\xa0" + kind, kind + b"\xa0", b"'" + kind + b"'", b'"' + kind + b'"', kind + b"\x0b", kind.replace(b"a", b"\xe0", 1)])
    return kind


def coded(plan, body):
    """The body in content codings, and the fields that tell them."""
    def deflate(bits):
        packer = zlib.compressobj(9, zlib.DEFLATED, bits)
        return packer.compress(body) + packer.flush()

    br = brotli.compress(body) if brotli else body
    options = [
        ([b"gzip"], gzip.compress(body)), ([b"GZip"], gzip.compress(body)), ([b"x-gzip"], gzip.compress(body)),
        ([b"deflate"], deflate(15)), ([b"deflate"], deflate(-15)), ([b"deflate"], gzip.compress(body)), ([b"gzip"], deflate(15)),
        ([b"br"], br), ([b"br"], br + b"x"), ([b"gzip, gzip"], gzip.compress(gzip.compress(body))), ([b"gzip", b"gzip"], gzip.compress(gzip.compress(body))),
        ([b"identity"], body), ([b"gzip, identity"], gzip.compress(body)), ([b"identity, gzip"], gzip.compress(body)), ([b"deflate, gzip"], gzip.compress(deflate(15))),
        ([b"gzip"], gzip.compress(body[: len(body) // 2]) + gzip.compress(body[len(body) // 2 :])), ([b"gzip"], gzip.compress(body) + b"trailing"), ([b"gzip"], gzip.compress(b"a=fine") + body),
        ([b"gzip"], gzip.compress(body)[:-4]), ([b"gzip"], gzip.compress(body)[:-8]), ([b"gzip"], gzip.compress(b"") + gzip.compress(body)), ([b"deflate"], deflate(15) + b"&a=1"), ([b"gzip"], gzip.compress(body) + b"\0\0\0"),
        ([b"compress"], body), ([b""], body), ([b"utf-8"], body), ([b"gzip;q=1"], gzip.compress(body)), ([b"gzip,"], gzip.compress(body)), ([b",gzip"], gzip.compress(body)), ([b"zstd"], body), ([b"*"], body), ([b"none"], body), ([b"aws-chunked"], body), ([b'"gzip"'], gzip.compress(body)), ([b"gzip "], gzip.compress(body)), ([b"deflate"], deflate(15)[:-4]),
    ]  # fmt: skip
    fields, body = plan.one("coding", options)
    return [(plan.one("coding-label", [b"Content-Encoding", b"content-encoding", b"Content-Encoding", b"Content_Encoding"]), f) for f in fields], body


def chunked(body, sizes):
    out, at = b"", 0
    while at < len(body):
        size = sizes.randrange(1, 64)
        piece = body[at : at + size]
        out += b"%x\r\n%s\r\n" % (len(piece), piece)
        at += size
    return out + b"0\r\n\r\n"


def framed(plan, body):
    """The fields that frame the body, the body on the wire, and whether the connection is spoilt by it."""
    length = b"%d" % len(body)
    if not plan("framing"):
        return [(b"Content-Length", length)] if body else [], body
    pieces = chunked(body, plan.dice("framing-sizes"))
    te, cl = b"Transfer-Encoding", b"Content-Length"
    return plan.one(
        "framing",
        [
            ([(te, b"chunked")], pieces), ([(te, b"chunked")], pieces), ([(te, b"Chunked")], pieces), ([(te, b" chunked")], pieces), ([(te, b"chunked"), (cl, length)], pieces), ([(cl, length), (te, b"chunked")], pieces),
            ([(te, b"gzip, chunked")], chunked(gzip.compress(body), plan.dice("framing-sizes"))), ([(te, b"identity")], body), ([(te, b"identity"), (cl, length)], body), ([(te, b"x"), (cl, length)], body), ([(te, b"chunked, identity"), (cl, length)], body), ([(b"Transfer-Encoding ", b"chunked"), (cl, length)], body),
            ([(te, b"chunked")], b"%x;a=\"b\r\n\"\r\n%s\r\n0\r\n\r\n" % (len(body), body)), ([(te, b"chunked")], b"%x;x=y\r\n%s\r\n0\r\n\r\n" % (len(body), body)), ([(te, b"chunked")], b"0%X\r\n%s\r\n0\r\nX-Trailer: y\r\n\r\n" % (len(body), body)), ([(te, b"chunked")], b"0x%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)),
            ([(te, b"chunked")], b"%x\n%s\n0\n\n" % (len(body), body)), ([(te, b"chunked")], b"%x \r\n%s\r\n0\r\n\r\n" % (len(body), body)), ([(cl, length), (cl, length)], body), ([(cl, b"+" + length)], body), ([(cl, b"0" + length)], body), ([(cl, length + b", " + length)], body), ([(cl, length), (cl, b"1")], body), ([(te, b"xchunked"), (cl, length)], body),
            ([(te, b"chunked\x0b"), (cl, length)], body), ([(te, b"\tchunked")], pieces), ([(te, b"chunked"), (te, b"chunked")], pieces), ([(b"Transfer_Encoding", b"chunked"), (cl, length)], body), ([(b"Content_Length", b"1"), (cl, length)], body), ([(te, b'"chunked"'), (cl, length)], body),
        ],
    )  # fmt: skip


def body_of(plan):
    """Media type and body."""
    if plan.place == "form":
        return FORM, pairs.encode(plan, "form")
    if plan.place in ("multipart", "filename", "file"):
        file_name = {"filename": plan.value, "file": "a.txt"}.get(plan.place)
        body, kind = multiparts.encode(plan, file_name)
        return kind, body
    if plan.place == "json":
        return b"application/json", jsons.encode(plan)
    if plan.place == "xml":
        return b"application/xml", xml(plan)
    return None, b""


def encode(plan, token):
    """The request of a plan."""
    if plan.mode == "honest":
        return honest(plan, token)
    kind, body = body_of(plan)
    target, fields = plan.target().encode(), []
    if plan.place == "query":
        target += b"?" + pairs.encode(plan, "query")
    elif plan.place == "path":
        target = heads.path(plan)
    elif plan.place == "cookie":
        fields = heads.cookies(plan)
    elif plan.place == "header":
        fields = heads.header(plan)
    method = b"POST" if body else b"GET"
    if plan("method"):
        method = plan.one("method", [b"PUT", b"PATCH", b"GET", b"DELETE", b"POST"])
    if kind is not None:
        kind = media_type(plan, kind)
        if kind is not None:
            fields.append((plan.one("type-label", [b"Content-Type", b"content-type"]), kind))
            if plan("type-twice"):
                fields.insert(plan.dice("type-twice-at").randrange(len(fields)), (b"Content-Type", plan.one("type-twice", [kind, b"text/plain", b"application/json", FORM])))
    if plan("coding"):
        more, body = coded(plan, body)
        fields += more
    if plan("coding-lie"):
        fields.append((b"Content-Encoding", plan.one("coding-lie", [b"gzip", b"identity", b"x", b"br", b"deflate", b"", b"utf-8"])))
    if plan("expect"):
        fields.append((b"Expect", b"100-continue"))
    if plan("hd-trailer"):
        trailer = b"".join(name + b": " + value + b"\r\n" for name, value in fields)
        names = b", ".join(name for name, _ in fields)
        fields = [(b"Trailer", names), (b"TE", b"trailers"), (b"Transfer-Encoding", b"chunked")]
        return assemble(plan, b"POST", target, fields, b"1\r\nx\r\n0\r\n" + trailer + b"\r\n", token)
    more, body = framed(plan, body)
    return assemble(plan, method, target, fields + more, body, token)


def assemble(plan, method, target, fields, body, token):
    head = [
        (b"Host", b"api.example"),
        (b"Authorization", b"Bearer " + token),
        (b"X-Fuzz", b"%d" % plan.number),
        *([] if any(name == b"User-Agent" for name, _ in fields) else [(b"User-Agent", b"differential/1.0")]),
        *fields,
    ]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in head)
    return method + b" " + target + b" HTTP/1.1\r\n" + lines + b"\r\n" + body


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
    [(b"User-Agent", b"okhttp/5.1.0"), (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), (b"X-Client-Data", b"CIe2yQEIpLbJAQ==")],
]
CRUMBS = ["_ga=GA1.2.1234567890.1700000000", "theme=dark", 'prefs="a, b"', "cart=%7B%22id%22%3A7%2C%22n%22%3A%5B1%2C2%5D%7D", "csrftoken=Zk3v9-_.~x", "consent=C0001%3A1%2CC0002%3A0", "lang=de-DE", "_gcl_au=1.1.42.17"]
NESTED = ["user[name]=Ada", "items[0][qty]=2", "items[][id]=7", "filter[price][gte]=10", "ids[]=1&ids[]=2", "colour=red&colour=dark+blue", "address.city=K%C3%B6ln", "user-agent=x", "empty=", "price=%E2%82%AC+10%2C50"]


def honest(plan, token):
    """An ordinary request, and in `plan.sent` what a server must read."""
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
        kind, body = FORM + dice.choice([b"", b"; charset=UTF-8", b";charset=utf-8"]), "&".join([f"{n}={pairs.plain(v).decode()}" for n, v in values.items()] + more).encode()
        plan.sent["form"] = values
    elif plan.place == "json":
        document = {**values, "n": dice.randrange(10**9), "ok": True, "items": [{"name": v} for v in values.values()]}
        body = json.dumps(document, ensure_ascii=dice.randrange(2) == 0, indent=dice.choice([None, 2])).encode()
        kind = dice.choice([b"application/json", b"application/json; charset=utf-8"])
        plan.sent["json"] = document
    else:
        boundary = dice.choice([b"----WebKitFormBoundary7MA4YWxkTrZu0gW", b"---------------------------9051914041544843365972754266", b"4e9d3c1f"])
        file_name = dice.choice(["a.txt", "Bericht 2026.pdf", "o'brien.png", "größe.txt", "a;b.txt", "1+1.txt"])
        content = dice.choice([b"hello\r\nworld\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe\0", "größe".encode(), b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n--x--\r\n", b"a,b\n1,2\n"])
        parts = [multiparts.part(n, v) for n, v in values.items()]
        parts.append(f'Content-Disposition: form-data; name="up"; filename="{file_name}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode() + content)
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
    return assemble(plan, dice.choice([b"PUT", b"PATCH"]) if plan.place == "json" and dice.randrange(2) else b"POST" if body else b"GET", target.encode(), fields, body, token)
