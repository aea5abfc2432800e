"""rclone with moto by S3: copies with parts, checks, moves on the server, sync, purge."""

from lab import action
from lab.rclone import listed, rclone, read_back, write_files
from suite.aws import start  # the server

COMMANDS = ["rclone"]


@action
def copy_there(run):
    run.kept.options = [
        *("--s3-provider", "Other", "--s3-endpoint", run.url, "--s3-access-key-id", "AKIDEXAMPLE"),
        *("--s3-secret-access-key", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "--s3-region", "eu-west-1"),
        *("--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M"),
        "--s3-no-head",  # moto does not know the version `null` for which rclone asks
    ]
    rclone(run, "mkdir", ":s3:desk")
    rclone(run, "copy", write_files(run), ":s3:desk/all")
    return listed(run, ":s3:desk")


@action
def check(run):
    rclone(run, "check", run.dir / "here", ":s3:desk/all")
    rclone(run, "check", "--download", run.dir / "here", ":s3:desk/all")


@action
def copy_back(run):
    return read_back(run, ":s3:desk/all")


@action
def copy_and_move_on_the_server(run):
    rclone(run, "copyto", ":s3:desk/all/site/index.html", ":s3:desk/copies/the index & more.html")
    rclone(run, "move", ":s3:desk/all/src", ":s3:desk/moved/src")
    return listed(run, ":s3:desk")


@action
def sync(run):
    (run.dir / "here" / "db" / "dump.sql").unlink()
    (run.dir / "here" / "new.txt").write_text("new\n")
    rclone(run, "sync", run.dir / "here", ":s3:desk/all")
    return listed(run, ":s3:desk/all")


@action
def purge(run):
    rclone(run, "purge", ":s3:desk/all")
    return listed(run, ":s3:desk")
