"""websocket-client and requests with Jupyter: kernels' sockets, cells, notebooks."""

import json
import sys
import uuid

import ipykernel  # the kernel
import jupyter_server  # the server, which is started by its name
import requests
import websocket

from lab import Server, action, free_port

TOKEN = "suite-token"
CELLS = [
    "1 + 1",
    "import os\nprint(os.path.exists('/etc/hosts'))",
    "def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\nf(20)",
    "print(f\"it's {'quoted'}; <b>bold</b> -- 1=1\")",
    "eval('6 * 7')",
    'query = "SELECT name FROM users WHERE id = 1 OR 1=1 -- all"\nprint(query)',
    "import subprocess\nsubprocess.run(['echo', 'hello'], capture_output=True).stdout",
    "1 / 0",
    "print('x' * 300000)",
]


def start(stage):
    port = free_port()
    (stage.dir / "notebooks").mkdir()
    stage.start(
        *(sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", "--ServerApp.ip=127.0.0.1"),
        *(
            f"--ServerApp.port={port}",
            f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={stage.dir}/notebooks",
        ),
        *("--ServerApp.terminals_enabled=False", "--ServerApp.port_retries=0"),
        port=port,
        env={"JUPYTER_RUNTIME_DIR": str(stage.dir / "runtime"), "IPYTHONDIR": str(stage.dir / "ipython")},
    )
    return Server(url=f"http://127.0.0.1:{port}")


def ask(run, method, path, **options):
    answer = requests.request(
        method, f"{run.url}{path}", headers={"Authorization": f"token {TOKEN}"}, timeout=30, **options
    )
    answer.raise_for_status()
    return answer.json() if answer.content else None


def execute(run, code):
    """The output of a cell, over the kernel's socket."""
    if not hasattr(run.kept, "socket"):
        session = ask(run, "POST", "/api/kernels", json={"name": "python3"})
        run.kept.kernel = session["id"]
        address = f"ws://{run.host}/api/kernels/{session['id']}/channels?token={TOKEN}&session_id={uuid.uuid4().hex}"
        run.kept.socket = websocket.create_connection(address, timeout=40)
    number = uuid.uuid4().hex
    header = {"msg_id": number, "username": "ann", "session": "s", "msg_type": "execute_request", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    run.kept.socket.send(json.dumps(message))
    output = []
    while True:
        told = json.loads(run.kept.socket.recv())
        kind, content = told["msg_type"], told["content"]
        if told["parent_header"].get("msg_id") != number:
            continue
        if kind == "stream":
            output.append(content["text"])
        elif kind == "execute_result":
            output.append(content["data"]["text/plain"])
        elif kind == "error":
            output.append(content["ename"])
        elif kind == "status" and content["execution_state"] == "idle":
            return "".join(output)


def notebook(*cells):
    return {
        "cells": [
            {
                "cell_type": kind,
                "metadata": {},
                "source": source,
                **({"outputs": [], "execution_count": None} if kind == "code" else {}),
            }
            for kind, source in cells
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }


def save(run, name, content):
    ask(run, "PUT", f"/api/contents/{name}", json={"type": "notebook", "format": "json", "content": content})
    return ask(run, "GET", f"/api/contents/{name}")["content"]["cells"]


@action
def what_the_server_has(run):
    return list(ask(run, "GET", "/api/kernelspecs")["kernelspecs"]), ask(run, "GET", "/api/contents")["content"]


@action
def execute_cells(run):
    return [execute(run, code) for code in CELLS]


@action
def save_a_notebook(run):
    cells = [
        ("markdown", "# Analysis\n\nIt's *one* & two; see `df.head()`."),
        ("code", "import pandas as pd\ndf = pd.read_csv('a.csv')\ndf.head()"),
    ]
    return save(run, "analysis one.ipynb", notebook(*cells))


@action
def rename_and_checkpoints(run):
    made = ask(run, "POST", "/api/contents/analysis%20one.ipynb/checkpoints")["id"]
    ask(run, "PATCH", "/api/contents/analysis%20one.ipynb", json={"path": "renamed & kept.ipynb"})
    return made, sorted(item["name"] for item in ask(run, "GET", "/api/contents")["content"])


@action
def interrupt_and_restart(run):
    ask(run, "POST", f"/api/kernels/{run.kept.kernel}/interrupt")
    ask(run, "POST", f"/api/kernels/{run.kept.kernel}/restart")
    run.kept.socket.close()
    del run.kept.socket
    return execute(run, "'f' in globals()")


@action(refused="shell")
def save_a_notebook_with_commands(run):
    return save(run, "commands.ipynb", notebook(("code", "!pip install -q pandas && ls -la /tmp | head -5")))


@action(refused="sql")
def save_a_notebook_with_statements(run):
    return save(run, "statements.ipynb", notebook(("code", "SELECT name, password FROM users WHERE id = 1 OR 1=1")))
