#!/usr/bin/env python3
"""Starts one of the APIs in the foreground: start.py NAME [--hardened] --port N. The process becomes the server, so
that ending it ends the server. Every start begins with the same data; nothing is kept.

start.py --install installs what they need: Python packages into target/python, npm packages into target/apis."""

import argparse
import filecmp
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parents[3] / "target"
PYTHON = TARGET / "python" / "bin" / "python"
NODE_MODULES = TARGET / "apis" / "node_modules"

# Name: (program, file, whether it has a hardened twin).
APIS = {
    "fastapi": (PYTHON, "fastapi/app.py", True),
    "express": ("node", "express/server.js", True),
    "graphql": ("node", "graphql/server.js", True),
    "template": (PYTHON, "template/main.py", False),
    "snippets": (PYTHON, "snippets/manage.py", False),
    "flask": (PYTHON, "flask/app.py", False),
    "fastify": ("node", "fastify/server.js", False),
    "catalogue": ("node", "catalogue/server.js", False),
}


def same(a, b):
    return b.exists() and filecmp.cmp(a, b, shallow=False)


def install():
    (TARGET / "apis").mkdir(parents=True, exist_ok=True)
    wanted, done = HERE / "requirements.txt", TARGET / "apis" / "requirements.txt"
    if not PYTHON.exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", PYTHON.parents[1]], check=True)
    if not same(wanted, done):
        subprocess.run([PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", wanted], check=True)
        shutil.copy(wanted, done)
    # The list is copied to where npm installs before it is installed, so another name tells that it is done.
    wanted, done = HERE / "package.json", TARGET / "apis" / "installed.json"
    if not same(wanted, done):
        shutil.copy(wanted, TARGET / "apis" / "package.json")
        npm = ["npm", "install", "--prefix", TARGET / "apis", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(npm, check=True)
        shutil.copy(wanted, done)


def command(name, port, hardened=False):
    """The command and the environment that start an API."""
    program, file, has_twin = APIS[name]
    if hardened and not has_twin:
        raise SystemExit(f"{name} has no hardened twin")
    needed = PYTHON if program == PYTHON else NODE_MODULES
    if not needed.exists():
        raise SystemExit(f"{needed} is missing: start.py --install")
    environment = {**os.environ, "NODE_PATH": str(NODE_MODULES), "NODE_ENV": "production", "PYTHONDONTWRITEBYTECODE": "1"}
    return [str(program), str(HERE / file), "--port", str(port), *(["--hardened"] if hardened else [])], environment


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", choices=APIS)
    parser.add_argument("--hardened", action="store_true", help="the twin without holes")
    parser.add_argument("--port", type=int)
    parser.add_argument("--install", action="store_true", help="install what the APIs need")
    arguments = parser.parse_args()
    if arguments.install:
        install()
    if arguments.name is None:
        return
    if arguments.port is None:
        parser.error("--port is missing")
    line, environment = command(arguments.name, arguments.port, arguments.hardened)
    sys.stdout.flush()
    os.execvpe(line[0], line, environment)


if __name__ == "__main__":
    main()
