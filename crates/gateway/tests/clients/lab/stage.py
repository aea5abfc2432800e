"""A place for one run of a module: a directory, free ports, and processes that end with it."""

import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import types
import urllib.parse

from lab.actions import Missing

USED = set()
# Clients read their configuration from many variables; they get none.
ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "USER", "LOGNAME") if name in os.environ}


def free_port():
    """A free port of the loopback address, another one each time; below those that outgoing connections get, so that none of
    them takes it before its server does."""
    while True:
        port = random.randrange(12000, 32000)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in USED:
            USED.add(port)
            return port


def wait_until(condition, what, seconds=30):
    """Asks until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} is not ready")
        time.sleep(0.05)


def accepts(port):
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


class Server(types.SimpleNamespace):
    """Where a server of a module is (`url`), and what its actions have to know of it."""

    @property
    def upstream(self):
        """The gate's `--upstream`."""
        return getattr(self, "gate_upstream", self.url)


class Stage:
    def __init__(self, name):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"doorward-{name}-"))
        self.children = []

    def start(self, *command, port=None, env=None, cwd=None):
        """Starts a process, and waits until it accepts connections on the port."""
        if not shutil.which(str(command[0])):
            raise Missing(str(command[0]))
        log = self.dir / f"{pathlib.Path(command[0]).name}-{len(self.children)}.log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd or self.dir,
                env={**ENVIRONMENT, "HOME": str(self.dir), **(env or {})},
                start_new_session=True,
            )
        child.log = log
        self.children.append(child)
        if port is not None:
            self.wait_for(child, lambda: accepts(port))
        return child

    def wait_for(self, child, condition):
        def is_ready():
            if child.poll() is not None:
                raise RuntimeError(f"{child.args[0]} has ended: {child.log.read_text(errors='replace')[-2000:]}")
            return condition()

        wait_until(is_ready, child.args[0])

    def stop(self, child, patience=1):
        """Ends a process, and what it has started in its session; at once after a while."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(child.pid, sign)
                child.wait(patience)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        child.wait(5)
        if child in self.children:
            self.children.remove(child)

    def close(self):
        for child in reversed(self.children[:]):
            self.stop(child)
        shutil.rmtree(self.dir, ignore_errors=True)


class Run:
    """What an action gets: where to ask, a directory of its own, the server's particulars."""

    def __init__(self, stage, server, url, gate):
        self.stage, self.server, self.url, self.gate = stage, server, url, gate
        self.is_bare = gate is None
        self.dir = stage.dir / "client"
        self.dir.mkdir()
        parts = urllib.parse.urlsplit(url)
        self.scheme, self.host, self.port = parts.scheme, parts.netloc, parts.port
        self.kept = types.SimpleNamespace()

    def command(self, *command, env=None, cwd=None, seconds=60, input=None):
        """Runs a command to its end, and returns its output; it has to succeed."""
        if not shutil.which(str(command[0])):
            raise Missing(str(command[0]))
        done = subprocess.run(
            [str(part) for part in command],
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd or self.dir,
            env={**ENVIRONMENT, "HOME": str(self.dir), **(env or {})},
            timeout=seconds,
            text=True,
            errors="replace",
        )
        if done.returncode != 0:
            raise RuntimeError(
                f"{pathlib.Path(command[0]).name} ended with {done.returncode}: {done.stdout.strip()[-600:]}"
            )
        return done.stdout

    def neutral(self, value):
        """A result without what differs from run to run: where it was asked."""
        if isinstance(value, str):
            for url in (self.url, self.server.url):
                value = value.replace(url, "URL").replace(urllib.parse.urlsplit(url).netloc, "HOST")
            return value.replace(str(self.dir), "DIR")
        if isinstance(value, dict):
            return {self.neutral(key): self.neutral(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.neutral(item) for item in value]
        return value
