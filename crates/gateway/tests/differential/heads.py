"""Tricks of heads: cookies, header fields, paths."""

import base64
import json

import pairs
from plan import OPERATOR, decoy

COOKIE = [
    "ck-fields", "ck-quote", "ck-percent", "ck-version", "ck-space", "ck-separator", "ck-name", "ck-twice", "ck-split",
    "ck-json", "ck-control", "ck-equals",
]
HEADER = ["hd-twice", "hd-split", "hd-fold", "hd-name", "hd-space", "hd-coded", "hd-which", "hd-control", "hd-trailer"]
PATH = ["pa-encoding", "pa-where", "pa-parameter", "pa-junk"]


def printable(value):
    """A value as clients write it into a head: what has no place there is percent-encoded."""
    return "".join(c if " " <= c <= "~" and c not in ';,"%\\' else pairs.quote(c) for c in value).encode()


def cookies(plan):
    """The fields `Cookie` of a request."""
    crumbs = [(n.encode(), pairs.quote(v).encode()) for n, v in plan.fields]
    name, value = plan.name.encode(), printable(plan.value)
    if plan("ck-percent"):
        value = pairs.ENCODINGS[plan.one("ck-percent", list(pairs.ENCODINGS))](plan.value)
    if plan("ck-quote"):
        octal = "".join(f"\\{ord(c):03o}" if not c.isalnum() else c for c in plan.value).encode("utf-8", "replace")
        some = "".join(f"\\{c}" if not c.isalnum() else c for c in plan.value).encode()
        value = plan.one("ck-quote", [
            b'"' + value + b'"', b'"' + octal + b'"', b'"' + some + b'"', b'"' + value, value + b'"', octal,
            b'""' + value + b'""', b'"\\"' + value + b'"', b'"a" ' + value, b"'" + value + b"'",
            b'"' + plan.value.encode() + b'"', b'"a\\\\' + octal + b'"',
        ])
    if plan("ck-json"):
        body = json.dumps({plan.name: plan.value})
        unescaped = json.dumps({"x": "@"}).replace("@", "".join(f"\\u{ord(c):04x}" for c in plan.value))
        operator = json.dumps({OPERATOR: plan.value})
        plain = [
            f"j:{body}", f"j:{unescaped}", f"j:{unescaped}", f"j:{operator}", f"s:j:{body}.x",
            f"j:{json.dumps(plan.value)}", body, "base64:" + base64.b64encode(body.encode()).decode(),
        ]
        value = pairs.quote(plan.one("ck-json", plain)).encode()
    if plan("ck-control"):
        at = plan.dice("ck-control-at").randrange(len(value) + 1)
        value = value[:at] + plan.one("ck-control", [
            b"\t", b"\xff", b"\xa0", b"\x7f", b"%00", b"\xc3\xa4", b"\\", b"%0a",
        ]) + value[at:]
    if plan("ck-name"):
        name = plan.one("ck-name", [
            b" " + name, name + b" ", name.upper(), b"$" + name, name + b"[]", name + b".x", name + b"[x]",
            b"%" + b"%02x" % name[0] + name[1:], b"\xc2\xa0" + name, b'"' + name + b'"', b"", name + b"\t",
            b"__Host-" + name, name + b",", b"a " + name, b"\xa0" + name,
        ])
    equals = plan.one("ck-equals", [b" = ", b"==", b"", b"= ", b":", b"\t=\t"]) if plan("ck-equals") else b"="
    crumb = name + equals + value
    separator = b"; "
    if plan("ck-separator"):
        separator = plan.one("ck-separator", [b",", b", ", b";", b";;", b" ; ", b"&", b" ", b";\t", b";\xa0"])
    all_crumbs = [n + b"=" + v for n, v in crumbs]
    all_crumbs.insert(plan.dice("ck-at").randrange(len(all_crumbs) + 1), crumb)
    if plan("ck-twice"):
        other = plan.name.encode() + b"=" + decoy(plan).encode()
        all_crumbs.insert(plan.dice("ck-twice-at").randrange(len(all_crumbs) + 1), other)
    if plan("ck-space"):
        all_crumbs.insert(plan.dice("ck-space-at").randrange(len(all_crumbs) + 1), plan.one("ck-space", [
            b"", b" ", b"x", b"=", b"=x", b'x="', b'x="a', b"x=;", b'"', b"x=\\", b'x="\\"', b"{", b"x=\xff",
        ]))
    if plan("ck-version"):
        all_crumbs.insert(0, plan.one("ck-version", [
            b"$Version=1", b'$Version="1"', b"$Path=/", b"$version=1", b"Version=1", b"$Version=0",
        ]))
        all_crumbs.append(plan.one("ck-attribute", [
            b"$Path=/", b"$Domain=a", b"Path=/", b"expires=x", b"secure", b"HttpOnly",
        ]))
    text = separator.join(all_crumbs)
    if plan("ck-split"):
        at = plan.dice("ck-split-at").randrange(1, len(text))
        return [(b"Cookie", text[:at]), (b"Cookie", text[at:])]
    if plan("ck-fields"):
        label = plan.one("ck-fields", [b"Cookie", b"cookie", b"COOKIE", b"Cookie2"])
        return [(b"Cookie", all_crumbs[0])] + [(label, c) for c in all_crumbs[1:]] + [(b"Cookie", b"z=1")]
    return [(b"Cookie", text)]


def header(plan):
    """The fields of a planted header."""
    name = b"X-User-Id" if plan.mode == "bind" else b"X-Note-Text"
    value = plan.value.encode("utf-8", "replace")
    if plan("hd-which") and plan.mode != "bind":
        name = plan.one("hd-which", [
            b"User-Agent", b"Referer", b"X-Forwarded-Proto", b"Accept-Language", b"If-None-Match", b"X-Api-Version",
            b"Origin", b"Accept", b"Range", b"X-Request-Id", b"Via", b"From", b"DNT", b"X-Forwarded-Host",
            b"Accept-Encoding", b"If-Modified-Since", b"Forwarded", b"Sec-Fetch-Site", b"Pragma", b"Expect", b"TE",
            b"Upgrade-Insecure-Requests", b"Authorization", b"Traceparent", b"Content-Language",
            b"Content-Disposition", b"Max-Forwards", b"Warning", b"Priority",
        ])
    if plan("hd-coded"):
        word = base64.b64encode(value)
        value = plan.one("hd-coded", [
            b"=?utf-8?b?" + word + b"?=", b"utf-8''" + pairs.quote(plan.value).encode(),
            pairs.quote(plan.value).encode(), b'"' + value + b'"', b'a;b="' + value + b'"', b"(" + value + b")",
            b"text/html;q=" + value, b"<" + value + b">", b'W/"' + value + b'"', b"gzip, " + value,
        ])
    if plan("hd-control"):
        at = plan.dice("hd-control-at").randrange(len(value) + 1)
        value = value[:at] + plan.one("hd-control", [
            b"\t", b"\xff", b"\xa0", b"\x0b", b"\x01", b"\x7f", b"\0", b"\r", b"\x85",
        ]) + value[at:]
    if plan("hd-space"):
        value = plan.one("hd-space", [b"\t" + value, value + b" ", b"  " + value, b"\xa0" + value, b"\x0c" + value])
    if plan("hd-name"):
        name = plan.one("hd-name", [
            name.upper(), name.lower(), name.replace(b"-", b"_"), name + b" ", b" " + name, name + b"\t",
            name.replace(b"-", b"."), name + b"\0", b"X-" + name, name.replace(b"-", b"_", 1), b"HTTP_" + name,
            name + b":",
        ])
    if plan("hd-split"):
        half = len(value) // 2
        return [(name, value[:half]), (name, value[half:])]
    if plan("hd-fold"):
        half = len(value) // 2
        joint = plan.one("hd-fold", [b"\r\n ", b"\r\n\t", b"\n ", b"\r ", b"\n"])
        return [(name, value[:half] + joint + value[half:])]
    if plan("hd-twice"):
        other = (plan.one("hd-twice-name", [name, name.lower(), name.replace(b"-", b"_")]), decoy(plan).encode())
        return plan.one("hd-twice", [[(name, value), other], [other, (name, value)]])
    return [(name, value)]


def users(plan):
    """A path that some server takes for the one of another user."""
    other, own = plan.value.encode(), decoy(plan).encode()
    if plan("pa-encoding"):
        other = plan.one("pa-user", [
            b"%75-6666", b"%2575-6666", b"u%2d6666", b"U-6666", b"u-6666%20", b"u-6666.", b"u-6666%00",
            b"u-6666%ef%bb%bf", b"u-6666.json",
        ])
    base = b"/users/"
    if plan("pa-parameter"):
        base = plan.one("pa-base", [
            b"/Users/", b"//users/", b"/users//", b"/users;x/", b"/users;/", b"/%75sers/", b"/users%2f", b"/users%2F",
            b"/./users/", b"/x/../users/", b"/x/..;/users/", b"/users\\", b"/users%5c", b"/users/;/", b"/users/.;x/",
            b"/users%20/", b"/users%09/", b"/users/%2e/", b"/users./", b"/users%00/", b"/users/%20",
        ])
    if plan("pa-junk"):
        other = plan.one("pa-user-junk", [
            own + b"/../" + other, own + b"/%2e%2e/" + other, own + b"/..%2f" + other, own + b"%2f..%2f" + other,
            own + b"/..;/" + other, own + b";/../" + other, other + b";" + own, other + b";/" + own,
            own + b"\\..\\" + other, own + b"%5c..%5c" + other, other + b"?" + own, other + b"#" + own, other + b"%3f",
            other + b"/" + own, b"/" + other, other + b"%2f" + own, other + b",", own + b"%00" + other,
        ])
    if plan("pa-where"):
        base = plan.one("pa-host", [
            b"http://api.example/users/", b"http://other.example/users/", b"/users/", b"http:/users/", b"*",
        ]) 
    return base + other + plan.one("pa-rest", [b"/orders", b"", b"/", b"/orders/7"])


def path(plan):
    """A path that carries the value."""
    if plan.mode == "bind":
        return users(plan)
    base, value = plan.target().encode(), pairs.quote(plan.value).encode()
    if plan("pa-encoding"):
        value = pairs.ENCODINGS[plan.one("pa-encoding", list(pairs.ENCODINGS))](plan.value)
    if plan("pa-parameter"):
        value = plan.one("pa-parameter", [b"x;" + value, b";" + value, value + b";x", b"x;a=" + value, b"x%3b" + value])
    if plan("pa-junk"):
        junk = [
            b"%00", b"%ff", b"%2f", b"%5c", b"\\", b"%", b"%zz", b"//", b"/./", b"%0a", b"%23", b"%3f", b"\xff", b".",
        ]
        value = plan.one("pa-junk", [value + plan.one("pa-junk-which", junk), plan.one("pa-junk-which", junk) + value])
    if plan("pa-where"):
        return plan.one("pa-where", [
            b"/open/" + value + b"/x", b"/open//" + value, b"http://a.example" + base + b"/" + value,
            base + b"/" + value + b"?", base + b"/" + value + b"#x", base + b"/" + value + b"/",
        ])
    return base + b"/" + value
