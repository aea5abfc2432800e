"""What the pages of docs/ print: blocks of commands and configurations, as a reader copies them."""
import pathlib
import re
import textwrap

DOCS = pathlib.Path(__file__).resolve().parents[4] / "docs"


def blocks(page):
    """The indented blocks of a page, in order."""
    found, block = [], []
    for line in [*(DOCS / page).read_text().splitlines(), "."]:
        if line.startswith("    ") or (block and not line):
            block.append(line)
        elif block:
            found.append(textwrap.dedent("\n".join(block)).strip("\n") + "\n")
            block = []
    return found


def block(page, first):
    """The one block that begins with this line."""
    found = [text for text in blocks(page) if text.splitlines()[0] == first]
    assert len(found) == 1, f"{page}: {len(found)} blocks begin with {first!r}"
    return found[0]


def replaced(text, *pairs):
    """A text with other ports and paths. What is to be replaced has to be there."""
    for old, new in pairs:
        assert re.search(old, text), f"{old!r} is not in:\n{text}"
        text = re.sub(old, lambda _: str(new), text)
    return text
