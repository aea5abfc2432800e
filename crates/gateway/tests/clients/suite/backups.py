"""restic with the REST server of rclone: packs, snapshots, restore, prune."""

import hashlib
import json
import random

from lab import Server, action, free_port

COMMANDS = ["restic", "rclone"]
IN_SAMPLE = False


def start(stage):
    port = free_port()
    (stage.dir / "repository").mkdir()
    stage.start(
        "rclone",
        "serve",
        "restic",
        "--addr",
        f"127.0.0.1:{port}",
        "--config",
        "/dev/null",
        stage.dir / "repository",
        port=port,
    )
    return Server(url=f"http://127.0.0.1:{port}")


def restic(run, *command):
    environment = {"RESTIC_PASSWORD": "a pass", "RESTIC_CACHE_DIR": str(run.dir / "cache")}
    return run.command(
        "restic", "--no-cache", "-q", "-r", f"rest:{run.url}/desk/", *command, env=environment, seconds=100
    )


@action
def make_a_repository(run):
    restic(run, "init")
    return sorted(path.name for path in (run.stage.dir / "repository" / "desk").iterdir())


@action
def back_20_MB_up(run):
    (run.dir / "data").mkdir()
    for number in range(10):
        (run.dir / "data" / f"{number}.bin").write_bytes(random.Random(number).randbytes(2 << 20))
    (run.dir / "data" / "deploy.sh").write_text("#!/bin/sh\nrm -rf build && make\n")
    restic(run, "backup", "data")
    return len(json.loads(restic(run, "snapshots", "--json")))


@action
def back_the_changes_up(run):
    (run.dir / "data" / "3.bin").write_bytes(random.Random(33).randbytes(1 << 20))
    restic(run, "backup", "data")
    return len(json.loads(restic(run, "snapshots", "--json")))


@action
def check_all_data(run):
    return restic(run, "check", "--read-data")


@action
def restore(run):
    restic(run, "restore", "latest", "--target", run.dir / "restored")
    found = sorted(path for path in (run.dir / "restored").rglob("*") if path.is_file())
    return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in found]


@action
def forget_and_prune(run):
    restic(run, "forget", "--keep-last", "1", "--prune")
    return len(json.loads(restic(run, "snapshots", "--json")))
