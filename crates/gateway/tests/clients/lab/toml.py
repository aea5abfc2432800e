"""Policies: put together from settings, and written."""

import json


def merged(first, second):
    """Both; of tables the keys of both, of lists the items of both, routes by their path."""
    if isinstance(first, dict) and isinstance(second, dict):
        both = dict(first)
        for key, value in second.items():
            both[key] = merged(both[key], value) if key in both else value
        return both
    if isinstance(first, list) and isinstance(second, list):
        routes = {item["path"]: item for item in first if isinstance(item, dict) and "path" in item}
        both = list(first)
        for item in second:
            known = routes.get(item.get("path")) if isinstance(item, dict) else None
            if known is not None:
                both[both.index(known)] = merged(known, item)
            elif item not in both:
                both.append(item)
        return both
    return second


def written(table):
    """A table as TOML; tables in it are written inline, which is the same to a reader of TOML."""
    return "".join(f"{json.dumps(key)} = {value(item)}\n" for key, item in table.items())


def value(item):
    if isinstance(item, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {value(part)}" for key, part in item.items()) + " }"
    if isinstance(item, list):
        return "[" + ", ".join(value(part) for part in item) + "]"
    if isinstance(item, (bool, int, float)):
        return json.dumps(item)
    return json.dumps(str(item), ensure_ascii=False).replace("\x7f", "\\u007f")
