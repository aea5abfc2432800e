"""Tricks of XML bodies."""

TRICKS = [
    "xml-entity", "xml-cdata", "xml-comment", "xml-declaration", "xml-doctype", "xml-attribute", "xml-wide",
    "xml-name", "xml-junk",
]


def encode(plan):
    """The planted pair in a document."""
    value = plan.value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    if plan("xml-entity"):
        how = plan.one("xml-entity", ["&#{};", "&#x{:x};", "&#x0{:X};", "&#000{};"])
        value = "".join(how.format(ord(c)) if not c.isalnum() else c for c in plan.value)
    half = len(plan.value) // 2
    if plan("xml-cdata"):
        value = plan.one("xml-cdata", [
            f"<![CDATA[{plan.value}]]>", f"<![CDATA[{plan.value[:half]}]]><![CDATA[{plan.value[half:]}]]>",
            f"<![CDATA[{plan.value}]]>]]>",
        ])
    if plan("xml-comment"):
        raw = plan.value.replace("<", "&lt;").replace("&", "&amp;")
        value = plan.one("xml-comment", [
            f"{raw[:half]}<!--x-->{raw[half:]}", f"{raw[:half]}<?x y?>{raw[half:]}", f"<!--{plan.value}-->{value}",
        ])
    name = plan.name if plan.name.isalnum() else "q"
    if plan("xml-name"):
        name = plan.one("xml-name", [f"n:{name}", name.upper(), f"{name}.x", f"_{name}"])
    body = f"<r><{name}>{value}</{name}></r>"
    if plan("xml-attribute"):
        body = plan.one("xml-attribute", [
            f'<r {name}="{value}"/>', f"<r {name}='1' {name}=\"{value}\"/>", f'<r xmlns:n="{value}"/>',
            f'<r><a {name} = "{value}"></a></r>',
        ])
    if plan("xml-doctype"):
        body = plan.one("xml-doctype", [
            f'<!DOCTYPE r [<!ENTITY e "{value}">]><r><q>&e;</q></r>', f"<!DOCTYPE r>{body}",
            f'<!DOCTYPE r SYSTEM "http://a.example/x">{body}',
        ])
    if plan("xml-declaration"):
        body = plan.one("xml-declaration", [
            '<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-7"?>', '<?xml version="1.1"?>',
            "\n<?xml version='1.0'?>", '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>',
            '<?xml version="1.0" encoding="latin-1"?>',
        ]) + body
    if plan("xml-junk"):
        body = plan.one("xml-junk", [
            f"\n{body}", f"{body}x", f"x{body}", f"{body}{body}", f"{body}<!--", f"\ufeff{body}", f"{body}\0",
            body.replace("</r>", ""), f"<{body}",
        ])
    if plan("xml-wide"):
        return body.encode(plan.one("xml-wide", ["utf-16", "utf-16-le", "utf-16-be", "utf-7", "cp037"]), "replace")
    return body.encode("utf-8", "surrogateescape")
