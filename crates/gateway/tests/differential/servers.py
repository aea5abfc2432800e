"""Starts the witnesses, and a gateway in front of each, on free loopback ports. Ends them by process id."""

import base64
import dataclasses
import hashlib
import hmac
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent / "witnesses"
# What `./test` installs for the witnesses.
INSTALLED = pathlib.Path(__file__).resolve().parents[4] / "target" / "witnesses"
JARS = pathlib.Path("/usr/share/java")

SUBJECT = "u-4711"
FOREIGN = "u-6666"

POLICY = """
[gateway]
workers = 1
[gateway.timeouts]
head = "3s"
body = "3s"
upstream = "10s"
[gateway.health]
consecutive_failures = 1000000
[admin]
enabled = false
[log]
access = "off"
[rate]
limits = []
[schema]
server_errors = "allow"
[auth]
cookie = "session"
[[auth.issuer]]
[[auth.issuer.key]]
algorithm = "HS256"
secret_file = "token.secret"
[injection]
exempt = ["note"]
[[route]]
path = "/own/**"
bind = { "query.user_id" = "sub", "body./user_id" = "sub", "header.x-user-id" = "sub" }
[[route]]
path = "/users/{id}/**"
bind = { "path.id" = "sub" }
"""


def token(secret):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    claims = {"sub": SUBJECT, "exp": int(time.time()) + 24 * 3600}
    text = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
    return text + b"." + part(hmac.new(secret, text, hashlib.sha256).digest())


@dataclasses.dataclass
class Witness:
    """A server that answers with what it read: its command with a port, and what it needs."""

    name: str
    command: list
    needs: list

    def missing(self):
        return [str(n) for n in self.needs if not (n.exists() if isinstance(n, pathlib.Path) else shutil.which(n))]


def witnesses():
    python = INSTALLED / "python" / "bin" / "python"
    node = INSTALLED / "node" / "node_modules"
    go = INSTALLED / "http"
    jars = [JARS / f"{name}.jar" for name in (
        "tomcat10-embed-core", "jackson-core", "jackson-annotations", "jackson-databind",
    )]
    gunicorn = [python, "-m", "gunicorn", "--chdir", HERE, "-k", "gthread", "--threads", "4", "--keep-alive", "60"]
    return [
        Witness("php", ["php", "-d", "display_errors=0", "-S", "127.0.0.1:{port}", HERE / "php.php"], ["php"]),
        Witness(
            "django",
            [*gunicorn, "--log-level", "critical", "-b", "127.0.0.1:{port}", "django_app:application"],
            [INSTALLED / "python" / "bin" / "gunicorn"],
        ),
        Witness("flask", [python, HERE / "flask_app.py", "{port}"], [INSTALLED / "python" / "bin" / "flask"]),
        Witness("starlette", [python, HERE / "starlette_app.py", "{port}"], [INSTALLED / "python" / "bin" / "uvicorn"]),
        Witness("aiohttp", [python, HERE / "aiohttp_app.py", "{port}"], [python]),
        Witness("tornado", [python, HERE / "tornado_app.py", "{port}"], [python]),
        Witness("express", ["node", HERE / "express.js", "{port}"], ["node", node / "express"]),
        Witness("koa", ["node", HERE / "koa.js", "{port}"], ["node", node / "koa"]),
        Witness("fastify", ["node", HERE / "fastify.js", "{port}"], ["node", node / "fastify"]),
        Witness("tomcat", ["java", "-cp", ":".join(map(str, jars)), HERE / "Witness.java", "{port}"], ["javac", *jars]),
        Witness("plack", [
            "starman", "--workers", "4", "--disable-keepalive", "--listen", "127.0.0.1:{port}", HERE / "plack.psgi",
        ], ["starman"]),
        Witness("go", [go, "{port}"], ["go"]),
        Witness("rack", ["puma", "-q", "-t", "4:4", "-b", "tcp://127.0.0.1:{port}", HERE / "rack.ru"], ["puma"]),
    ]


def free_port():
    """A port below those that outgoing connections get: nobody takes it by chance before its server does."""
    while True:
        with socket.socket() as listener:
            try:
                port = random.randrange(12000, 32000)
                listener.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait(port, process, what):
    for _ in range(1200):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{what} does not start")


class Servers:
    """The running ones: `ports` has the gateway in front of each witness."""

    def __init__(self, gateway, chosen):
        self.processes = []
        try:
            self.start_all(gateway, chosen)
        except BaseException:
            self.stop()
            raise

    def start_all(self, gateway, chosen):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="differential-"))
        self.ports = {}
        self.behind = {}
        secret = hashlib.sha256(os.urandom(32)).hexdigest().encode()
        (self.directory / "token.secret").write_bytes(secret)
        (self.directory / "token.secret").chmod(0o600)
        (self.directory / "doorward.toml").write_text(POLICY)
        self.token = token(secret)
        if any(w.name == "go" for w in chosen):
            subprocess.run(["go", "build", "-o", INSTALLED / "http", HERE / "http.go"], check=True)
        environment = {**os.environ, "NODE_PATH": str(INSTALLED / "node" / "node_modules"), "NODE_ENV": "production"}
        for witness in chosen:
            port = free_port()
            command = [str(a).replace("{port}", str(port)) for a in witness.command]
            self.behind[witness.name] = port, self.start(command, witness.name, environment)
        for witness in chosen:
            port, process = self.behind[witness.name]
            wait(port, process, witness.name)
            front = free_port()
            command = [gateway, "run", "--upstream", f"http://127.0.0.1:{port}", "--listen", f"127.0.0.1:{front}"]
            self.ports[witness.name] = front
            self.behind[witness.name] = port, self.start(command, f"gateway-{witness.name}", environment)
        for witness in chosen:
            wait(self.ports[witness.name], self.behind[witness.name][1], f"the gateway of {witness.name}")

    def start(self, command, name, environment):
        log = open(self.directory / f"{name}.log", "wb")
        process = subprocess.Popen(
            [str(a) for a in command],
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self.processes.append(process)
        return process

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
