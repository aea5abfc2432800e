"""Tricks of what frames and labels a body: media type, content coding, transfer coding."""

import gzip
import sys
import zlib

from servers import INSTALLED

# brotli is installed beside the witnesses.
sys.path += map(str, INSTALLED.glob("python/lib/python3*/site-packages"))
try:
    import brotli
except ImportError:
    brotli = None

FORM = b"application/x-www-form-urlencoded"
TYPE = ["type-none", "type-case", "type-charset", "type-twice", "type-parameter", "type-other", "type-space"]
WIRE = ["coding", "coding-lie", "framing", "method", "expect", "elsewhere"]


def media_type(plan, kind):
    """The content type, spelled crookedly; None for no field at all."""
    if kind is None:
        return None
    others = [
        b"text/plain", b"application/json", FORM, b"application/octet-stream", b"text/html",
        b"application/vnd.api+json", b"application/csp-report", b"text/json", b"application/xml", b"image/png", b"*/*",
        b"json", b"application/jsonx", b"text/x-json", b"multipart/form-data", b"application/javascript",
        b"application/x-json", b"application/ld+json", b"application/x-www-form-urlencodedx", b"application/json+x",
        b"text/xml", b"application/graphql", b"application/x-ndjson",
    ]
    if plan("type-other"):
        kind = plan.one("type-other", others)
    if plan("type-none"):
        kind = plan.one("type-none", [None, None, b""])
        return kind
    if plan("type-case"):
        kind = plan.one("type-case", [kind.upper(), kind.title(), kind.swapcase()])
    if plan("type-charset"):
        kind += plan.one("type-charset", [
            b"; charset=utf-8", b";charset=UTF8", b"; charset=utf-16", b'; charset="utf-16le"', b"; charset=utf-7",
            b"; charset=iso-8859-1", b"; charset=ibm037", b"; charset=", b"; charset",
            b"; charset=utf-8; charset=utf-16", b"; charset='utf-8'", b"; charset=x-unknown", b";charset=\"utf-8",
            b"; Charset=UTF-32", b"; charset = utf-16", b"; charset=utf-8,utf-16", b"; _charset=utf-16",
            b"; charset=shift_jis", b"; charset=us-ascii",
        ])
    if plan("type-parameter"):
        kind += plan.one("type-parameter", [
            b";", b"; ", b"; x", b"; x=", b"; =x", b"; x=y; x=z", b'; x="', b"; boundary=x", b";;", b", text/plain",
            b" x", b"; x=\"\\\"\"", b";\tx=y", b"; x y=z", b"; x=y z", b"; version=1.1", b"; q=0.5",
        ])
    if plan("type-space"):
        kind = plan.one("type-space", [
            b" " + kind, kind + b" ", b"\t" + kind, kind + b"\t", kind.replace(b"/", b" / "),
            kind.replace(b"/", b"//"), kind + b"/x", b"\xa0" + kind, kind + b"\xa0", b"'" + kind + b"'",
            b'"' + kind + b'"', kind + b"\x0b", kind.replace(b"a", b"\xe0", 1),
        ])
    return kind


def coded(plan, body):
    """The body in content codings, and the fields that tell them."""
    def deflate(bits):
        packer = zlib.compressobj(9, zlib.DEFLATED, bits)
        return packer.compress(body) + packer.flush()

    br = brotli.compress(body) if brotli else body
    options = [
        ([b"gzip"], gzip.compress(body)), ([b"GZip"], gzip.compress(body)), ([b"x-gzip"], gzip.compress(body)),
        ([b"deflate"], deflate(15)), ([b"deflate"], deflate(-15)), ([b"deflate"], gzip.compress(body)),
        ([b"gzip"], deflate(15)), ([b"br"], br), ([b"br"], br + b"x"),
        ([b"gzip, gzip"], gzip.compress(gzip.compress(body))), ([b"gzip", b"gzip"], gzip.compress(gzip.compress(body))),
        ([b"identity"], body), ([b"gzip, identity"], gzip.compress(body)), ([b"identity, gzip"], gzip.compress(body)),
        ([b"deflate, gzip"], gzip.compress(deflate(15))),
        ([b"gzip"], gzip.compress(body[: len(body) // 2]) + gzip.compress(body[len(body) // 2 :])),
        ([b"gzip"], gzip.compress(body) + b"trailing"), ([b"gzip"], gzip.compress(b"a=fine") + body),
        ([b"gzip"], gzip.compress(body)[:-4]), ([b"gzip"], gzip.compress(body)[:-8]),
        ([b"gzip"], gzip.compress(b"") + gzip.compress(body)), ([b"deflate"], deflate(15) + b"&a=1"),
        ([b"gzip"], gzip.compress(body) + b"\0\0\0"), ([b"compress"], body), ([b""], body), ([b"utf-8"], body),
        ([b"gzip;q=1"], gzip.compress(body)), ([b"gzip,"], gzip.compress(body)), ([b",gzip"], gzip.compress(body)),
        ([b"zstd"], body), ([b"*"], body), ([b"none"], body), ([b"aws-chunked"], body),
        ([b'"gzip"'], gzip.compress(body)), ([b"gzip "], gzip.compress(body)), ([b"deflate"], deflate(15)[:-4]),
    ]
    fields, body = plan.one("coding", options)
    return [(plan.one("coding-label", [
        b"Content-Encoding", b"content-encoding", b"Content-Encoding", b"Content_Encoding",
    ]), f) for f in fields], body


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
            (
                [(te, b"chunked")], pieces,
            ), (
                [(te, b"chunked")], pieces,
            ), (
                [(te, b"Chunked")], pieces,
            ), (
                [(te, b" chunked")], pieces,
            ), ([(te, b"chunked"), (cl, length)], pieces), ([(cl, length), (te, b"chunked")], pieces),
            (
                [(te, b"gzip, chunked")], chunked(gzip.compress(body), plan.dice("framing-sizes")),
            ), (
                [(te, b"identity")], body,
            ), (
                [(te, b"identity"), (cl, length)], body,
            ), (
                [(te, b"x"), (cl, length)], body,
            ), (
                [(te, b"chunked, identity"), (cl, length)], body,
            ), ([(b"Transfer-Encoding ", b"chunked"), (cl, length)], body),
            (
                [(te, b"chunked")], b"%x;a=\"b\r\n\"\r\n%s\r\n0\r\n\r\n" % (len(body), body),
            ), (
                [(te, b"chunked")], b"%x;x=y\r\n%s\r\n0\r\n\r\n" % (len(body), body),
            ), (
                [(te, b"chunked")], b"0%X\r\n%s\r\n0\r\nX-Trailer: y\r\n\r\n" % (len(body), body),
            ), ([(te, b"chunked")], b"0x%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)),
            (
                [(te, b"chunked")], b"%x\n%s\n0\n\n" % (len(body), body),
            ), (
                [(te, b"chunked")], b"%x \r\n%s\r\n0\r\n\r\n" % (len(body), body),
            ), (
                [(cl, length), (cl, length)], body,
            ), (
                [(cl, b"+" + length)], body,
            ), (
                [(cl, b"0" + length)], body,
            ), (
                [(cl, length + b", " + length)], body,
            ), (
                [(cl, length), (cl, b"1")], body,
            ), (
                [(cl, b"%d" % (len(body) // 2))], body,
            ), ([(cl, b"0")], body), ([], body), ([(te, b"xchunked"), (cl, length)], body),
            (
                [(te, b"chunked\x0b"), (cl, length)], body,
            ), (
                [(te, b"\tchunked")], pieces,
            ), (
                [(te, b"chunked"), (te, b"chunked")], pieces,
            ), (
                [(b"Transfer_Encoding", b"chunked"), (cl, length)], body,
            ), ([(b"Content_Length", b"1"), (cl, length)], body), ([(te, b'"chunked"'), (cl, length)], body),
        ],
    )
