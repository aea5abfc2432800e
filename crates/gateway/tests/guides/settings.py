#!/usr/bin/python3
"""Every setting that docs/refused.md and docs/pages.md name in a line is one that the gate takes.

    settings.py DOORWARD
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import page

TABLES = "protocol network cors rate auth schema injection ownership gateway headers cookies log waf doors admin".split()
# What a setting of a route may need.
POLICY = """
[[auth.api_key]]
subject = "somebody"
sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
[[route]]
path = "/orders/{id}"
owner = "/user_id"
"""
SETTING = re.compile(r"`(?:\[([a-z_.]+)\] )?([a-z_]+ = [^`]*)`")


def settings(name):
    """The settings in a page's lines, with their table; those of a list of settings (`a`, `b`) are in the first one's."""
    for line in (page.DOCS / name).read_text().splitlines():
        if line.startswith("    "):
            continue
        under = re.search(r"under `\[([a-z]+)\]`", line)
        table = under[1] if under else None
        for found in SETTING.finditer(line):
            before = line[: found.start()]
            # `[gateway] a = 1`, `b = 2`: the same table.
            same = re.search(r"`, (?:then |with cookies, )?$", before)
            table = found[1] or (table if same else None)
            if "..." not in found[2]:
                yield table, found[2].replace("detectors = { NAME", "detectors = { sql").replace("NAME", "injection")


def ways(table, setting):
    """As a setting of its table; without one, of a route, or of a table that has it."""
    if table:
        yield f"[{table}]\n{setting}"
        return
    yield f'[[route]]\npath = "/orders/{{id}}/{{who}}"\n{setting}'
    for table in TABLES:
        yield f"[{table}]\n{setting}"


def takes(doorward, text, directory):
    (directory / "doorward.toml").write_text(text + POLICY)
    done = subprocess.run([doorward, "check"], cwd=directory, capture_output=True, text=True)
    return done.returncode == 0


def main(doorward):
    seen, wrong = set(), []
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        for name in ("refused.md", "pages.md"):
            for table, setting in settings(name):
                if (table, setting) in seen:
                    continue
                seen.add((table, setting))
                if not any(takes(doorward, text, directory) for text in ways(table, setting)):
                    wrong.append(f"{name}: [{table}] {setting}")
    assert not wrong, "\n".join(wrong)
    assert len(seen) > 60, seen
    print(f"{len(seen)} settings: passed")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
