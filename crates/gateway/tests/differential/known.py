"""Differences that are known, each with a sentence why it is not mended."""

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Known:
    """What explains a failure: who read it, what the message says, what the request holds."""

    why: str
    witness: str = ""
    text: str = ""
    raw: bytes = b""

    def explains(self, witness, text, raw):
        return (
            re.fullmatch(self.witness or ".*", witness) is not None
            and re.search(self.text, text) is not None
            and re.search(self.raw, raw, re.DOTALL) is not None
        )


KNOWN = [
    Known("F1 backslash in a multipart name", "", "", rb"name=[^;]*\\"),
    Known("F2 a file without a type is a field", "koa", "form", rb"filename"),
    Known(
        "F3 brackets", "rack|express|koa", "user_id",
        rb"user_id(\]|\[|%5[bB]|%5[dD])|(\[|%5[bB])(user|%75ser)|[\]\[].?user",
    ),
    Known("F4 dots", "koa", "user_id", rb"user_id(\.|%2e)|\.user_id"),
    Known("F5 JSON without a type is a form", "rack", "in form", rb"\r\n\r\n.*[\[{\"]"),
    Known("F6 ??", "koa|php", "query", rb"\?\?"),
    Known("F10 form type prefix", "tornado", "", rb"urlencodedx"),
    Known("F11 JSON in a part", "", "in form", rb"form-data.*Content-Type: application/json.*note"),
    Known("F12 ; in queries", "rack", "query", rb";.*HTTP/1.1"),
    Known("F14 ; in forms", "plack", "form|values", rb";"),
    Known("F9 multipart of another subtype", "koa|rack|tomcat", "", rb"multipart/(?!form-data;)"),
    Known("F15 a list under a form's type", "", "json", rb"\r\n\r\n\["),
    Known("F7b cookie names at blanks", "aiohttp", "in cookies", rb""),
    Known("F8 XML", "go", "xml", rb""),
]
