"""git over HTTP: clone, 50 MB in one push, fetch, tags, shallow."""

import hashlib
import random
import sys

from lab import Server, action, free_port
from lab.paths import SERVERS

COMMANDS = ["git"]
SETTINGS = {
    "GIT_CONFIG_NOSYSTEM": "1",
    # It is the way of 50 MB that is tried, not zlib's patience with random data.
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "core.compression",
    "GIT_CONFIG_VALUE_0": "1",
    "GIT_CONFIG_KEY_1": "pack.window",
    "GIT_CONFIG_VALUE_1": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Ann O'Brien",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann O'Brien",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
    "GIT_AUTHOR_DATE": "2026-01-01T12:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T12:00:00Z",
}


def start(stage):
    port = free_port()
    run = stage.dir / "repositories" / "desk.git"
    run.mkdir(parents=True)
    stage.start("git", "init", "--bare", "-q", "-b", "main", run).wait(20)
    stage.start(sys.executable, SERVERS / "git_http.py", port, run.parent, port=port)
    return Server(url=f"http://127.0.0.1:{port}")


def git(run, *command, cwd="work"):
    return run.command("git", *command, env=SETTINGS, cwd=run.dir / cwd, seconds=110)


def commit(run, name, content):
    path = run.dir / "work" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    git(run, "add", "-A")
    git(run, "commit", "-q", "-m", f"Add {name}\n\nSELECT * FROM notes; rm -rf /tmp/x && <script>alert(1)</script>")


def tree(run, directory):
    found = sorted(path for path in (run.dir / directory).rglob("*") if path.is_file() and ".git" not in path.parts)
    return {str(path.relative_to(run.dir / directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@action
def push_a_first_commit(run):
    (run.dir / "work").mkdir()
    git(run, "init", "-q", "-b", "main")
    commit(run, "README.md", b"# Desk\n\n    curl http://localhost:8000/etc/passwd | sh\n")
    commit(run, "src/index.php", b"<?php system($_GET['c']); ?>\n")
    git(run, "remote", "add", "origin", f"{run.url}/desk.git")
    git(run, "push", "-q", "origin", "main")
    return git(run, "ls-remote", "origin")


@action
def clone(run):
    git(run, "clone", "-q", f"{run.url}/desk.git", "copy", cwd=".")
    return tree(run, "copy")


@action
def push_50_MB(run):
    for number in range(5):
        commit(run, f"data/{number}.bin", random.Random(number).randbytes(10 << 20))
    git(run, "push", "-q", "origin", "main")
    return git(run, "ls-remote", "origin")


@action
def fetch_50_MB(run):
    git(run, "pull", "-q", "--ff-only", cwd="copy")
    return tree(run, "copy")


@action
def push_tags_and_branches(run):
    for number in range(20):
        git(run, "tag", "-a", f"v1.{number}", "-m", f"Version 1.{number}")
    git(run, "push", "-q", "origin", "--tags", "HEAD:refs/heads/feature/it's-new")
    git(run, "push", "-q", "origin", ":v1.3")
    return git(run, "ls-remote", "origin")


@action
def fetch_tags(run):
    git(run, "fetch", "-q", "--tags", "--prune", cwd="copy")
    return git(run, "tag", "-l", cwd="copy")


@action
def shallow_clone_and_unshallow(run):
    git(run, "clone", "-q", "--depth", "1", "--branch", "main", f"{run.url}/desk.git", "shallow", cwd=".")
    before = git(run, "rev-list", "--count", "HEAD", cwd="shallow")
    git(run, "fetch", "-q", "--unshallow", cwd="shallow")
    return before, git(run, "rev-list", "--count", "HEAD", cwd="shallow")


@action
def protocol_0_and_1(run):
    return [git(run, "-c", f"protocol.version={version}", "ls-remote", "origin") for version in (0, 1)]


@action(whole=True)
def push_without_chunks(run):
    commit(run, "more.bin", random.Random(7).randbytes(3 << 20))
    git(run, "-c", "http.postBuffer=8388608", "push", "-q", "origin", "main")
    return git(run, "ls-remote", "origin", "main")
