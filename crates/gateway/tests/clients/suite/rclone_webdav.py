"""rclone with its own WebDAV server: copies, checks, MOVE and COPY, sync, purge."""

from lab import Server, action, free_port
from lab.rclone import listed, rclone, read_back, write_files

COMMANDS = ["rclone"]


def start(stage):
    port = free_port()
    (stage.dir / "files").mkdir()
    stage.start(
        *("rclone", "serve", "webdav", "--addr", f"127.0.0.1:{port}", "--config", "/dev/null"),
        *("--user", "ann", "--pass", "it's a <long> pass", stage.dir / "files"),
        port=port,
    )
    return Server(url=f"http://127.0.0.1:{port}")


@action
def copy_there(run):
    secret = run.command("rclone", "obscure", "it's a <long> pass").strip()
    run.kept.options = [
        "--webdav-url",
        run.url,
        "--webdav-vendor",
        "other",
        "--webdav-user",
        "ann",
        "--webdav-pass",
        secret,
    ]
    rclone(run, "copy", write_files(run), ":webdav:all")
    return listed(run, ":webdav:")


@action
def check(run):
    rclone(run, "check", "--download", run.dir / "here", ":webdav:all")


@action
def copy_back(run):
    return read_back(run, ":webdav:all")


@action
def copy_and_move_on_the_server(run):
    rclone(run, "copyto", ":webdav:all/site/index.html", ":webdav:copies/the index & more.html")
    rclone(run, "moveto", ":webdav:all/src/index.php", ":webdav:moved/a (1).php")
    rclone(run, "move", ":webdav:all/bin", ":webdav:moved/bin")
    return listed(run, ":webdav:")


@action
def sync(run):
    (run.dir / "here" / "db" / "dump.sql").unlink()
    (run.dir / "here" / "new.txt").write_text("new\n")
    rclone(run, "sync", run.dir / "here", ":webdav:all")
    return listed(run, ":webdav:all")


@action
def purge(run):
    rclone(run, "purge", ":webdav:all")
    return listed(run, ":webdav:")
