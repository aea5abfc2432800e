"""Tricks of queries and of forms: `application/x-www-form-urlencoded` as bytes."""

from urllib.parse import quote_from_bytes

from plan import decoy

TRICKS = [
    "pair-encoding",
    "pair-name",
    "pair-separator",
    "pair-plus",
    "pair-twice",
    "pair-split",
    "pair-junk",
    "pair-affix",
    "pair-equals",
]


def plain(text):
    return quote_from_bytes(text.encode("utf-8", "surrogateescape"), safe="").replace("%20", "+").encode()


def percent_u(text):
    return "".join(f"%u{ord(c):04x}" if not c.isalnum() else c for c in text).encode()


def overlong(text):
    def two_bytes(code):
        return f"%c{code >> 6}%{0x80 | code & 63:02x}"

    return "".join(two_bytes(ord(c)) if c.isascii() else quote(c) for c in text).encode()


def quote(text):
    return quote_from_bytes(text.encode("utf-8", "surrogateescape"), safe="")


def raw(text):
    """As little escaped as a reader can take apart again."""
    return "".join(quote(c) if c in "&+%#\r\n\t\0" or c == " " else c for c in text).encode("utf-8", "surrogateescape")


ENCODINGS = {
    "all": lambda t: "".join(f"%{b:02X}" for b in t.encode()).encode(),
    "lower": lambda t: "".join(f"%{b:02x}" for b in t.encode()).encode(),
    "raw": raw,
    "letters": lambda t: "".join(f"%{ord(c):02x}" if c.isalpha() and c.isascii() else quote(c) for c in t).encode(),
    "percent-u": percent_u,
    "overlong": overlong,
    "twice": lambda t: quote(quote(t)).encode(),
    "utf-16": lambda t: quote_from_bytes(t.encode("utf-16-be"), safe="").encode(),
    "latin-1": lambda t: quote_from_bytes(t.encode("latin-1", "replace"), safe="").encode(),
    "wide": lambda t: quote("".join(chr(0xFEE0 + ord(c)) if "!" <= c <= "~" else c for c in t)).encode(),
    "null": lambda t: "%00".join(quote(c) for c in t).encode(),
}

NAMES = [
    "{n}[]", "{n}[0]", "{n}[x]", "{n}[x][y]", "{n}.x", "{n}[", " {n}", "%20{n}", "{n}%20", "+{n}", "{n}%00", "{n}%00x",
    "[{n}]", "[{n}", "{n}]", "{n}[]x", "{n}[][a]", "{n}%5B%5D", "%0a{n}", "%09{n}", "%0b{n}", "{n}%0d", "x[{n}]",
    "%EF%BB%BF{n}", "%C2%A0{n}", "{n}%E2%80%8B", "{u}", "{t}", "{n}%5b", "{n}[a]b", "]{n}", "[]{n}", "{n}]]", "[[{n}",
    "[{n}[", "{n}][", "??{n}", "{n}[x.y]", "{n}..x", ".{n}", "{n}.", "x[][{n}]", "[][{n}]", "{n}%1b",
    "%EF%BC%BB{n}%EF%BC%BD", "{n}[%00]", "__proto__[{n}]", "constructor[prototype][{n}]", "{n}[__proto__]",
    "{n}[length]", "%ff{n}", "{d}", "{f}", "{n}[[]]", "{n}[0", "{n}[]]", "&{n}", "{n};", "?{n}", "{p}",
]


def crooked_name(plan, name, what="pair-name-which"):
    """A spelling of a name that somebody takes for it, percent-encoded."""
    n = quote(name)
    folded = n.replace("s", "%C5%BF").replace("i", "%C4%B1").replace("k", "%E2%84%AA")
    return plan.one(what, NAMES).format(
        n=n, u=n.upper(), t=n.title(), d=n.replace("_", "."), f=folded, p=f"%{ord(name[0]):02x}" + quote(name[1:])
    )


def encode(plan, what):
    """The pairs of the plan as a query or form."""
    dice = plan.dice(what)
    pieces = []
    for name, value in plan.pairs(what):
        planted = (name, value) == (plan.name, plan.value)
        n, v = plain(name), plain(value)
        if planted:
            if plan("pair-encoding"):
                style = ENCODINGS[plan.one("pair-encoding", list(ENCODINGS))]
                v = style(value)
                if plan.dice("pair-encoding-name").randrange(4) == 0:
                    n = style(name)
            if plan("pair-affix"):
                affix = plan.one("pair-affix", [
                    b"%00", b"%ff", b"%0d%0a", b"%C2%A0", b"%22", b"'", b"%", b"%2", b"%zz", b"\xff", b"%u0000", b"\\",
                ])
                v = affix + v if plan.dice("affix-side").randrange(2) else v + affix
            if plan("pair-name"):
                n = crooked_name(plan, name).encode()
            if plan("pair-plus"):
                v = v.replace(b"+", plan.one("pair-plus", [b"%20", b" ", b"%2B", b"%09", b"%0a", b"%C2%A0", b"%0b"]))
            equals = b"="
            if plan("pair-equals"):
                equals = plan.one("pair-equals", [b"", b"==", b"%3D", b"=%20", b" = ", b":", b"=\x00"])
            pair = n + equals + v
            if plan("pair-split"):
                at = len(v) // 2
                joint = plan.one("pair-split", [
                    b"&" + n + b"=", b";", b"&", b"&" + n + b"[]=", b"&x=", b"%00&" + n + b"=",
                ])
                pair = n + b"=" + v[:at] + joint + v[at:]
            if plan("pair-twice"):
                other = n if plan.dice("twice-name").randrange(2) else plain(name)
                other += b"=" + plain(decoy(plan))
                pair = plan.one("pair-twice", [
                    pair + b"&" + other, other + b"&" + pair, pair + b";" + other, other + b";" + pair,
                ])
            pieces.append(pair)
        else:
            pieces.append(n + b"=" + v)
    if plan("pair-junk"):
        junk = plan.one("pair-junk", [
            b"", b"=", b"=x", b"%", b"%zz=%", b"x", b"\x00", b"%00=1", b"x=%ff", b"a=\xff", b"x[=1", b"]=1", b"#",
            b"x=1;y", b"?", b"\r\n",
        ])
        pieces.insert(dice.randrange(len(pieces) + 1), junk)
    separator = b"&"
    if plan("pair-separator"):
        separator = plan.one("pair-separator", [
            b";", b"&&", b"&amp;", b"%26", b"\n", b"&;", b";&", b",", b"\r\n", b"& ",
        ])
        if len(pieces) == 1:
            pieces.insert(dice.randrange(2), b"z=1")
    return separator.join(pieces)
