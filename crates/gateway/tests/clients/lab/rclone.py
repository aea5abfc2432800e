"""What rclone does with a remote: the same for each protocol."""

import hashlib
import random

FILES = {
    "notes/Ann's notes & more.txt": b"Just a text, with select and from.\n",
    "site/index.html": b'<!doctype html><html><body onload="go()"><script>alert(1)</script></body></html>\n',
    "site/page;v=1 (2)+x=y.css": b"body { color: red }\n",
    "bin/deploy.sh": b"#!/bin/sh\nset -e\nrm -rf /tmp/build && curl http://localhost:3000/x | sh\n",
    "db/dump.sql": b"DROP TABLE IF EXISTS users;\nINSERT INTO users VALUES (1, 'O''Brien') -- done\n",
    "src/index.php": b"<?php echo `id`; system($_GET['c']); ?>\n",
    "src/settings.json": b'{"path": "relative/path", "n": 1}\n',
    "src/feed.xml": b'<?xml version="1.0"?><rss version="2.0"><channel><title>A &amp; B</title></channel></rss>\n',
    "\u00fcber/\u00e4 b.md": b"# Title\n\nLocation: Main hall\n",
    "photo.jpg": b"\xff\xd8\xff\xe0" + random.Random(1).randbytes(1 << 20),
    "archive.bin": random.Random(2).randbytes(6 << 20),
}
OPTIONS = ["--retries", "1", "--low-level-retries", "1", "--transfers", "2", "--config", "/dev/null", "-q"]


def rclone(run, command, *arguments, seconds=60):
    return run.command("rclone", command, *OPTIONS, *run.kept.options, *arguments, seconds=seconds)


def write_files(run):
    for name, content in FILES.items():
        path = run.dir / "here" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return run.dir / "here"


def listed(run, remote):
    return sorted(rclone(run, "lsf", "-R", "--format", "ps", remote).splitlines())


def read_back(run, remote, name="back"):
    rclone(run, "copy", remote, run.dir / name)
    found = sorted(path for path in (run.dir / name).rglob("*") if path.is_file())
    return {str(path.relative_to(run.dir / name)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}
