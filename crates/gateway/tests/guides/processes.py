"""Servers on loopback that end with the test: each by its own id."""
import pathlib
import random
import socket
import subprocess
import time
import urllib.request


def free_port():
    """A port below those that outgoing connections get: nobody takes it by chance before its server does."""
    while True:
        port = random.randrange(12000, 32000)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def until(what, condition, seconds=30):
    """Waits until a condition holds, and returns what it says."""
    end = time.monotonic() + seconds
    while True:
        try:
            if value := condition():
                return value
        except (OSError, ValueError):
            pass
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.02)


def accepts(port):
    def connects():
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True

    return connects


class Servers:
    """Servers in a directory; `with` ends them."""

    def __init__(self, directory):
        self.directory, self.running = pathlib.Path(directory), []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in reversed(self.running):
            self.end(server)

    def start(self, *command, output="servers.log", port=None):
        log = open(self.directory / output, "ab")
        server = subprocess.Popen(
            [str(part) for part in command], cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        self.running.append(server)
        if port:
            def is_up():
                assert server.poll() is None, (self.directory / output).read_text()
                return accepts(port)()

            until(f"{command[0]} listens on {port}", is_up)
        return server

    def end(self, server):
        self.running.remove(server)
        if server.poll() is None:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def ready(admin):
    def asks():
        with urllib.request.urlopen(f"http://127.0.0.1:{admin}/readyz", timeout=2) as answer:
            return answer.status == 200

    return asks
