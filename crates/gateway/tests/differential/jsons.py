"""Tricks of JSON bodies."""

import json
from urllib.parse import quote

from plan import OPERATOR, decoy

TRICKS = [
    "json-escape",
    "json-key",
    "json-twice",
    "json-mark",
    "json-wide",
    "json-comment",
    "json-odd",
    "json-number",
    "json-nest",
    "json-list",
    "json-behind",
    "json-before",
    "json-control",
    "json-bytes",
    "json-split",
    "json-lines",
    "json-root",
    "json-operator",
    "json-form",
]


def text(value):
    return json.dumps(value, ensure_ascii=False)


def escaped(plan, value):
    how = plan.one("json-escape", ["all", "some", "upper", "slash", "surrogate", "bad", "octal"])
    inner = text(value)[1:-1]
    if how == "all":
        return '"' + "".join(f"\\u{ord(c):04x}" for c in value) + '"'
    if how == "upper":
        return '"' + "".join(f"\\u{ord(c):04X}" if not c.isalnum() else c for c in value) + '"'
    if how == "some":
        return '"' + "".join(f"\\u{ord(c):04x}" if c in "'<${S" else c for c in inner) + '"'
    if how == "slash":
        return '"' + inner.replace("/", "\\/") + '"'
    if how == "surrogate":
        return '"' + plan.one("json-surrogate", [
            "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\ud800\\ud800", "\\u0000",
        ]) + inner + '"'
    if how == "octal":
        return '"' + inner.replace("'", "\\'").replace("<", "\\x3c").replace("$", "\\044") + '"'
    return '"' + plan.one("json-bad", ["\\u", "\\q", "\\u00zz", "\\"]) + inner + '"'


def key(plan):
    name = plan.name
    if not plan("json-key"):
        return text(name)
    folds = name.replace("s", "\u017f").replace("i", "\u0131").replace("k", "\u212a")
    return plan.one(
        "json-key",
        [
            '"' + "".join(f"\\u{ord(c):04x}" for c in name) + '"',
            text(name.upper()),
            text(name.title()),
            text(folds),
            text(name + "\0"),
            '"' + name + "\\u0000x\"",
            text(" " + name),
            text(name + " "),
            text(name + "[]"),
            text(name.replace("_", "")),
            text(name.replace("_", "-")),
            text("\ufeff" + name),
            "'" + name + "'",
            name,
            '"\\ud800' + name + '"',
            text(name.replace("_", ".")),
        ],
    )


def encode(plan, what="json"):
    """The pairs of the plan as an object."""
    members = []
    for name, value in plan.pairs(what):
        if (name, value) != (plan.name, plan.value):
            members.append(f"{text(name)}:{text(value)}")
            continue
        v = escaped(plan, value) if plan("json-escape") else text(value)
        if plan("json-list"):
            v = plan.one("json-list", [
                f"[{v}]", f'["{decoy(plan)}",{v}]', f'{{"x":{v}}}', f"[[{v}]]", f'{{"0":{v}}}', f"[{v},null]",
            ])
        if plan("json-operator"):
            v = plan.one("json-operator", [
                f'{{"{OPERATOR}":{v}}}', f'{{"$ne":{v}}}', f'{{"\\u0024gt":{v}}}', f'{{"$in":[{v}]}}',
            ])
        if plan("json-nest"):
            depth = plan.one("json-nest", [2, 10, 40, 63, 64, 65, 70, 200])
            v = '{"x":' * depth + v + "}" * depth
        if plan("json-split"):
            half = len(value) // 2
            v = f"[{text(value[:half])},{text(value[half:])}]"
        member = f"{key(plan)}:{v}"
        if plan("json-twice"):
            other = f"{text(name)}:{text(decoy(plan))}"
            member = plan.one("json-twice", [
                f"{member},{other}", f"{other},{member}", f"{text(name.upper())}:1,{member}",
            ])
        members.append(member)
    if plan("json-number"):
        members.insert(plan.dice("json-number-at").randrange(len(members) + 1), '"n":' + plan.one("json-number", [
            "1e400", "-0", "1" * 400, "0x1", "01", "1.", ".5", "+1", "1e", "NaN", "Infinity", "-Infinity",
            "12345678901234567890", "1_000", "1E+2",
        ]))
    body = "{" + ",".join(members) + "}"
    if plan("json-comment"):
        body = plan.one("json-comment", [
            f"/*x*/{body}", f"//x\n{body}", body.replace("{", "{/*x*/", 1), body[:-1] + ",}", body + "#x",
            body.replace(":", ":/*\"*/", 1), body.replace(",", ",,", 1), "#\n" + body,
        ])
    if plan("json-odd"):
        body = plan.one("json-odd", [
            body.replace('"', "'"), body.replace(":", "=", 1), body.replace("{", "{x:1,", 1), body[:-1], body + "}",
            body.replace("{", '{"z":True,', 1), body.replace("{", '{"z":"\t",', 1), body.replace("{", '{"z":"\n",', 1),
            body.replace("{", '{"z":"\x7f",', 1), body.replace("{", '{"z":undefined,', 1),
        ])
    if plan("json-root"):
        body = plan.one("json-root", [
            f"[{body}]", f'[1,{body}]', f"[[{body}]]", text(plan.value), f"[{text(plan.value)}]", text(body),
            f'{{"data":{body}}}', f'[{{"{plan.name}":"{decoy(plan)}"}},{body}]',
        ])
    if plan("json-behind"):
        body += plan.one("json-behind", [
            " ", "\n", "\0", "x", body, ";", "]", "\x0b", "\u00a0", "\n{}", "null", "\x1a", "\ufeff", '{"z":1}',
        ])
    if plan("json-before"):
        body = plan.one("json-before", [
            "\n", "\t ", "\x0b", "\x0c", "\u00a0", "\u2028", "\0", ")]}',\n", "while(1);", "callback(", "=", "a=",
            "\x1e", "1 ", "json=", "data=",
        ]) + body
    if plan("json-lines"):
        body = plan.one("json-lines", [
            body + "\n" + '{"z":1}', '{"z":1}\n' + body, "\x1e" + body + "\n", body.replace(",", ",\r\n"),
            body.replace(":", "\r:\r"),
        ])
    if plan("json-control"):
        body = body.replace(":", plan.one("json-control", [
            ":\0", ":\x0b", ":\x08", ":\u00a0", "\u2003:", ":\x85", "\x1f:",
        ]), 1)
    if plan("json-form"):
        # For those who read a form in it.
        pair = f"{plan.name}={quote(plan.value)}"
        inside = plan.one("json-form", [
            f"&{pair}", f"&{pair}&", f"={pair}", f";{pair};", f"&{pair}&a=", f"\\n&{pair}&z",
        ])
        fine = f'"{decoy(plan)}'
        body = plan.one("json-form-where", [
            f'{{"note":"x{inside}"}}', f'["{inside}"]', f'"x{inside}"', f"{{}}{inside}", f'{{"note":{fine}"}}{inside}',
            f"1{inside}", f'{{"x{inside}":1}}',
        ])
    raw = body.encode("utf-8", "surrogatepass")
    if plan("json-wide"):
        raw = body.encode(plan.one("json-wide", [
            "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-7",
        ]), "surrogatepass")
    if plan("json-bytes"):
        raw = raw.replace(b'":"', b'":"' + plan.one("json-bytes", [
            b"\xff", b"\xc0\xa7", b"\xed\xa0\x80", b"\xa0", b"\xf4\x90\x80\x80", b"\xe4\xb8",
        ]))
    if plan("json-mark"):
        raw = plan.one("json-mark", [
            b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf ", b" \xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf",
        ]) + raw
    return raw
