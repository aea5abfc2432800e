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
    Known(
        "An exempt cookie may hold anything; aiohttp parts cookies at blanks, too, and takes words in it for names.",
        witness="aiohttp",
        text=r"read an attack in cookies \[.*Name",
        raw=rb"note",
    ),
    Known(
        "Without a media type, Rack takes JSON without `=` for names of fields; an exempt member is part of such a name.",
        witness="rack",
        text=r"(?i)read an attack in form \[.*Name[^=]*(note|\\u006e\\u006f\\u0074\\u0065)[^=]*$",
    ),
    Known(
        "JSON in a part is judged by the names in it: an exempt one is exempt for those, too, who read the field as text.",
        text=r"read an attack in (form|values|query) ",
        raw=rb"form-data.*Content-Type: application/json.*note",
    ),
    Known(
        "formidable takes a file without a media type for a field; of one with several lines, a file's dangers are judged.",
        witness="koa",
        text=r"read an attack in form .*\\n",
        raw=rb"filename=",
    ),
    Known(
        "PUT and PATCH without a media type, or with one that no form has, store a file; who reads it as one text reads what "
        "a file may hold.",
        text=r"read an attack in json \[\]",
        raw=rb"(?i)^(PUT|PATCH) (?!.*\r\ncontent-type:(?! application/csp-report)).*\r\n\r\n[^\"{\[\s]",
    ),
]
