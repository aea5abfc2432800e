"""Requests from the grammar, as bytes for a socket."""

import heads
import honest
import jsons
import multiparts
import pairs
import xmls
from framing import FORM, TYPE, WIRE, coded, framed, media_type
from plan import decoy

TRICKS = {
    "query": pairs.TRICKS + ["framing", "method", "elsewhere", "line"],
    "form": pairs.TRICKS + TYPE + WIRE,
    "multipart": multiparts.TRICKS + multiparts.TRICKS + ["coding", "coding-lie", "framing", "method", "elsewhere"],
    "filename": multiparts.TRICKS + ["coding"],
    "file": multiparts.TRICKS,
    "json": jsons.TRICKS + TYPE + WIRE,
    "xml": xmls.TRICKS + TYPE + ["coding"],
    "cookie": heads.COOKIE + ["framing"],
    "header": heads.HEADER + ["framing", "line"],
    "path": heads.PATH + ["method", "line"],
}


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
        return b"application/xml", xmls.encode(plan)
    return None, b""


def encode(plan, token):
    """The request of a plan."""
    if plan.mode == "honest":
        return assemble(plan, *honest.encode(plan), token)
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
                other = plan.one("type-twice", [kind, b"text/plain", b"application/json", FORM])
                fields.insert(plan.dice("type-twice-at").randrange(len(fields)), (b"Content-Type", other))
    if plan("coding"):
        more, body = coded(plan, body)
        fields += more
    if plan("coding-lie"):
        fields.append((b"Content-Encoding", plan.one("coding-lie", [
            b"gzip", b"identity", b"x", b"br", b"deflate", b"", b"utf-8",
        ])))
    if plan("expect"):
        fields.append((b"Expect", b"100-continue"))
    if plan("elsewhere"):
        if plan.place == "query":
            kind, body, method = FORM, f"{plan.name}={decoy(plan)}".encode(), b"POST"
            fields.append((b"Content-Type", kind))
        else:
            target += f"?{plan.name}={decoy(plan)}".encode()
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
    first = method + b" " + target + b" HTTP/1.1"
    if plan("line"):
        first = plan.one("line", [
            first[:-1] + b"0", b"\r\n" + first, first.replace(b" ", b"  ", 1), first.replace(b" ", b"\t", 1),
            first + b" ", method + b" " + target, method.lower() + b" " + target + b" HTTP/1.1",
            first.replace(b"HTTP", b"http"), first + b"\r", b" " + first,
            method + b" http://other.example" + target + b" HTTP/1.1", first.replace(b"1.1", b"1.2"),
            first.replace(b"1.1", b"2.0"), first.replace(b" HTTP", b"\x0b HTTP"),
            method + b" //x" + target + b" HTTP/1.1",
        ])
    return first + b"\r\n" + lines + b"\r\n" + body
