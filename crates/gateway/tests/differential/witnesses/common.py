"""What the Python witnesses share: a reading as JSON, whatever bytes are in it."""

import json
import xml.etree.ElementTree as ElementTree


def text(value):
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def loads(raw):
    """JSON as `json.loads` reads bytes: UTF-8, UTF-16 and UTF-32, with its NaN and its last key of two."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def xml(raw):
    if not raw.lstrip().startswith(b"<"):
        return None
    try:
        return [texts(element) for element in ElementTree.fromstring(raw).iter()]
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def texts(element):
    """An element's own text, in all its pieces, under its name; and its attributes."""
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    return {element.tag.rpartition("}")[2]: text, **element.attrib}


def reading(**places):
    """The answer's body. Lone surrogates and NaN stay what they are."""
    return json.dumps(places, default=text).encode("ascii")
