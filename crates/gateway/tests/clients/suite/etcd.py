"""etcdctl with etcd over h2c: values, transactions, watches, leases."""

import base64
import random
import select
import subprocess

from lab import Server, action, free_port

COMMANDS = ["etcd", "etcdctl"]


def start_etcd(stage):
    """etcd, and its port."""
    port, peers = free_port(), free_port()
    stage.start(
        *("etcd", "--name", "one", "--data-dir", stage.dir / "data"),
        *("--listen-client-urls", f"http://127.0.0.1:{port}", "--advertise-client-urls", f"http://127.0.0.1:{port}"),
        *(
            "--listen-peer-urls",
            f"http://127.0.0.1:{peers}",
            "--initial-advertise-peer-urls",
            f"http://127.0.0.1:{peers}",
        ),
        *("--initial-cluster", f"one=http://127.0.0.1:{peers}", "--max-request-bytes", 4 << 20, "--unsafe-no-fsync"),
        port=port,
    )
    return port


def start(stage):
    port = start_etcd(stage)
    return Server(url=f"http://127.0.0.1:{port}", gate_upstream=f"h2c://127.0.0.1:{port}")


def etcdctl(run, *command, input=None):
    return run.command("etcdctl", f"--endpoints={run.host}", *command, env={"ETCDCTL_API": "3"}, input=input)


@action
def put_and_get(run):
    for key, value in (
        ("/desks/1", "oak"),
        ("/desks/2", "O'Brien's; 20 %"),
        ("config/app.json", '{"path": "var/lib", "n": [1, 2]}'),
    ):
        etcdctl(run, "put", key, value)
    return etcdctl(run, "get", "", "--prefix")


@action
def transactions(run):
    text = 'value("/desks/1") = "oak"\n\nput /desks/1 pine\nget /desks/1\n\nget /desks/2\n\n'
    return etcdctl(run, "txn", "--interactive=false", input=text)


@action
def a_value_of_1_MB(run):
    etcdctl(run, "put", "large", input="A desk, and a chair. " * 50_000)
    return len(etcdctl(run, "get", "large", "--print-value-only"))


@action
def a_value_of_bytes(run):
    value = base64.b64encode(random.Random(5).randbytes(100_000)).decode()
    etcdctl(run, "put", "bytes", input=value)
    return etcdctl(run, "get", "bytes", "--print-value-only").strip() == value


@action
def watch(run):
    command = ["etcdctl", f"--endpoints={run.host}", "watch", "/watched", "--prefix"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={"ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"}
    ) as watcher:
        try:
            # The first is written until the watch has begun.
            while not select.select([watcher.stdout], [], [], 0.5)[0]:
                etcdctl(run, "put", "/watched/first", "begun")
            heard = [watcher.stdout.readline().strip() for _ in range(3)]
            etcdctl(run, "put", "/watched/last", "end")
            while (line := watcher.stdout.readline().strip()) != "/watched/last":
                assert line, "the watch has ended"
            return heard, line, watcher.stdout.readline().strip()
        finally:
            watcher.terminate()


@action
def leases_and_locks(run):
    lease = etcdctl(run, "lease", "grant", "300").split()[1]
    etcdctl(run, "put", "leased", "x", f"--lease={lease}")
    etcdctl(run, "lease", "keep-alive", "--once", lease)
    etcdctl(run, "lease", "revoke", lease)
    return etcdctl(run, "get", "leased"), etcdctl(run, "lock", "room", "echo", "locked").split()[-1]


@action
def compaction_and_members(run):
    etcdctl(run, "del", "--prefix", "/desks/")
    etcdctl(run, "compaction", "3")
    return etcdctl(run, "endpoint", "health").split(":")[-1].split()[:2], etcdctl(run, "member", "list").split(", ")[
        1:3
    ]


@action(refused="shell")
def a_command_as_a_value(run):
    etcdctl(run, "put", "hook", "; rm -rf /tmp/cache && curl http://localhost:3000/x | sh")
    return etcdctl(run, "get", "hook")
