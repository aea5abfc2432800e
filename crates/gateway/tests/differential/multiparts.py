"""Tricks of `multipart/form-data`."""

import base64
import quopri

from parts import head, quoted
from plan import decoy

TRICKS = [
    "mp-boundary",
    "mp-delimiter",
    "mp-preamble",
    "mp-epilogue",
    "mp-lines",
    "mp-lookalike",
    "mp-end",
    "mp-fold",
    "mp-dispositions",
    "mp-twice",
    "mp-quoting",
    "mp-star",
    "mp-file",
    "mp-disposition",
    "mp-part-type",
    "mp-coded",
    "mp-charset-field",
    "mp-nested",
    "mp-header",
    "mp-name",
    "mp-field-twice",
    "mp-separator",
    "mp-json",
    "mp-name-coded",
]


def content(plan, lines, value):
    if plan("mp-part-type"):
        charset = lines[-1].partition("charset=")[2].strip('"')
        if charset in ("utf-16le", "utf-7", "ibm037", "utf-16be", "utf-16"):
            return value.encode(charset.replace("ibm037", "cp037"), "replace")
    if plan("mp-coded"):
        how = plan.one("mp-coded", [
            "base64", "quoted-printable", "BASE64", "8bit", "binary", "x", "base64 ", "\"base64\"",
            "quoted-printable;x", "7bit",
        ])
        lines.append(plan.one("mp-coded-label", [
            "Content-Transfer-Encoding: ", "content-transfer-encoding:", "Content-Transfer-Encoding : ",
            "Content-Encoding: ",
        ]) + how)
        raw = value.encode()
        if "base64" in how.lower():
            return base64.b64encode(raw)
        return quopri.encodestring(raw) if "quoted" in how else raw
    if plan("mp-charset-field"):
        return value.encode(plan.one("mp-charset-field", ["utf-16-le", "utf-7", "cp037"]), "replace")
    return value.encode("utf-8", "surrogateescape")


def part(name, value):
    return f'Content-Disposition: form-data; name="{quoted(name)}"\r\n\r\n{value}'.encode("utf-8", "surrogateescape")


def encode(plan, file_name=None):
    """The pairs of the plan as parts, and their media type. The planted value is a part's content, or its file name."""
    boundary = plan.one("mp-boundary-text", ["XyZ123", "----WebKitFormBoundary7MA4YWxk", "-", "a'b", "--", "0"])
    if not plan("mp-boundary"):
        boundary = plan.one("mp-boundary-plain", ["XyZ123", "----WebKitFormBoundary7MA4YWxk"])
    kind, used = f"multipart/form-data; boundary={boundary}", boundary
    if plan("mp-boundary"):
        kind, used = plan.one("mp-boundary", spellings(boundary))
    parts = []
    for name, value in plan.pairs("multipart"):
        if (name, value) != (plan.name, plan.value):
            parts.append(part(name, value))
            continue
        if plan("mp-json"):
            value = f'{{"{plan.name}": "{plan.value}"}}'
        lines = head(plan, file_name)
        if file_name and plan.dice("mp-typed").randrange(3):
            lines.append("Content-Type: text/plain")
        if plan("mp-json"):
            lines.append("Content-Type: application/json")
        raw = content(plan, lines, "x" if plan.place == "filename" else value)
        if plan("mp-nested"):
            inner = b"--in\r\n" + part(plan.name, plan.value) + b"\r\n--in--"
            raw = plan.one("mp-nested", [inner, b"--" + used.encode("utf-8", "replace") + b"\r\n" + inner])
            lines.append(plan.one("mp-nested-type", [
                "Content-Type: multipart/mixed; boundary=in", "Content-Type: multipart/form-data; boundary=in",
                f"Content-Type: multipart/mixed; boundary={used}",
            ]))
        this = "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + raw
        if plan("mp-lines"):
            this = lines_of(plan, this)
        parts.append(this)
        if plan("mp-field-twice"):
            parts.insert(plan.dice("mp-field-twice").randrange(len(parts) + 1), part(plan.name, decoy(plan)))
    if plan("mp-charset-field"):
        charset = plan.one("mp-charset-field", ["utf-16-le", "utf-7", "cp037"])
        parts.insert(plan.dice("mp-charset-at").randrange(len(parts) + 1), part("_charset_", charset))
    return assemble(plan, parts, used), kind.encode("utf-8", "surrogateescape")


def spellings(b):
    half = len(b) // 2
    return [
        (f'multipart/form-data; boundary="{b}"', b), (f"multipart/form-data; Boundary={b}", b),
        (f"multipart/form-data; boundary={b} ", b), (f"multipart/form-data; boundary = {b}", b),
        (f"multipart/form-data;boundary={b};", b), (f"multipart/form-data; boundary=z; boundary={b}", b),
        (f"multipart/form-data; boundary={b}; boundary=z", b),
        (f'multipart/form-data; boundary="{b[:half]}\\{b[half:]}"', b), (f"multipart/form-data; boundary*={b}", b),
        (f"multipart/form-data; boundary*=utf-8''{b}", b),
        (f"multipart/form-data; boundary*0={b[:half]}; boundary*1={b[half:]}", b),
        (f"multipart/form-data; boundary={b},boundary=z", b), (f"multipart/form-data; boundary={b},x", b),
        (f"multipart/form-data; x=\"; boundary=z; \"; boundary={b}", b), (f"multipart/form-data; boundary='{b}'", b),
        (f"multipart/form-data; boundary='{b}'", f"'{b}'"), (f'multipart/form-data; boundary="{b}', b),
        (f"multipart/form-data; boundary={b}; charset=utf-16", b),
        (f"multipart/form-data; xboundary=z; boundary={b}", b), (f"multipart/form-data boundary={b}", b),
        (f"multipart/form-data, boundary={b}", b), (f"multipart/mixed; boundary={b}", b),
        (f"Multipart/Form-Data; BOUNDARY={b}", b), (f"multipart/form-data;\tboundary={b}", b),
        (f"multipart/form-data; boundary={b}\"", b), (f'multipart/form-data; boundary="{b}"z', b),
        (f'multipart/form-data; boundary="{b} "', b), (f'multipart/form-data; boundary="{b} "', b + " "),
        ("multipart/form-data; boundary=", ""), ("multipart/form-data", b), ("multipart/form-data; boundary=\"\"", ""),
        (f"multipart/related; boundary={b}", b), (f"multipart/form-data; boundary={b}(x)", b),
        (f"multipart/form-data; boundary={b}:x", b), (f"multipart/form-data; boundary={b};a", b),
        (f"multipart/form-data;;boundary={b}", b), (f"multipart/form-data; a=b; boundary={b}; c=d", b),
        (f"multipart/form-data; boundary={b * 12}", b * 12), (f"multipart/form-datax; boundary={b}", b),
        (f"multipart/; boundary={b}", b),
    ]


def lines_of(plan, raw):
    """Other line ends in a part's head, or between head and content."""
    top, _, rest = raw.partition(b"\r\n\r\n")
    how = plan.one("mp-lines", range(9))
    if how == 0:
        return top.replace(b"\r\n", b"\n") + b"\n\n" + rest
    if how == 1:
        return top + b"\n\n" + rest
    if how == 2:
        return top + b"\r\n\n" + rest
    if how == 3:
        return top + b"\n\r\n" + rest
    if how == 4:
        return top + b"\r\r" + rest
    if how == 5:
        return top + b"\r\n \r\n" + rest
    if how == 6:
        return top + b"\r\n" + rest
    if how == 7:
        return top + b"\r\n\r\n\r\n" + rest
    return top + b"\r\n\x00\r\n\r\n" + rest


def assemble(plan, parts, boundary):
    b = b"--" + boundary.encode("utf-8", "surrogateescape")
    opened = [b + b"\r\n"] * len(parts)
    if plan("mp-delimiter"):
        at = plan.dice("mp-delimiter-at").randrange(len(parts))
        opened[at] = plan.one("mp-delimiter", [
            b + b" \r\n", b + b"\t\r\n", b + b"\n", b + b"\r", b + b"x\r\n", b + b"-\r\n", b + b"--\r\n",
            b" " + b + b"\r\n", b"-" + b + b"\r\n", b + b"\0\r\n", b.upper() + b"\r\n", b + b"\r\r\n", b[1:] + b"\r\n",
            b[2:] + b"\r\n", b + b";\r\n", b + b"\x0b\r\n",
        ])
    between = b"\r\n"
    if plan("mp-lookalike"):
        at = plan.dice("mp-lookalike-at").randrange(len(parts))
        trap = plan.one("mp-lookalike", [
            b"\n" + b, b"\r" + b, b"\r\n" + b + b"x", b"\r\n" + b[:-1], b"\r\n " + b, b"\n" + b + b"--",
            b"\r\n" + b + b" x", b"\r\n" + b + b"-", b"\r\n\r\n", b"\r\n" + b + b"\n", b"\r\n" + b + b"--x",
            b"\r\n" + b + b"- -", b"\n" + b + b"\n", b"\r" + b + b"\r\n", b"\0\r\n" + b,
        ])
        inner = b"\r\nContent-Disposition: form-data; name=\"z\"\r\n\r\ny"
        side = plan.dice("mp-lookalike-side").randrange(3)
        if side == 0:
            parts[at] += trap
        elif side == 1:
            parts[at] += trap + inner
        else:
            top, blank, rest = parts[at].partition(b"\r\n\r\n")
            # The planted part begins behind the trap.
            parts[at] = part("z", "y") + trap + b"\r\n" + top + blank + rest
    end = b + b"--\r\n"
    if plan("mp-end"):
        end = plan.one("mp-end", [
            b"", b + b"--", b + b"-", b, b + b"\r\n", b + b"--\n", b + b"-- \r\n", b + b"--x\r\n", b + b"\r\n--",
            b + b"--\0",
        ])
    raw = b"".join(o + p + between for o, p in zip(opened, parts)) + end
    if plan("mp-preamble"):
        raw = plan.one("mp-preamble", [
            b"\r\n", b"\n", b"preamble\r\n", b"preamble", b" ", b + b"\n", b + b"--\r\n", b + b"x\r\n",
            b"x: y\r\n\r\n", b"--\r\n", b"\0\r\n", b"\xef\xbb\xbf", b"\r\n\r\n", part("z", "y") + b"\r\n", b + b"\r\n",
            b"q=1&a=",
        ]) + raw
    if plan("mp-epilogue"):
        late = b + b"\r\n" + part(plan.name, plan.value) + b"\r\n" + b + b"--\r\n"
        raw += plan.one("mp-epilogue", [
            b"epilogue", late, b"\r\n" + late, b"\n" + late, b"\0", b"\r\n\r\n", b" ", b"--", b"\r\nx",
        ])
    return raw
