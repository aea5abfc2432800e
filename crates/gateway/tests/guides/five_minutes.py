#!/usr/bin/python3
"""Runs docs/five-minutes.md: every command as it is printed, and every answer as it is printed.

    five_minutes.py DOORWARD

The ports of the page are free in a network of the test's own (`unshare`).
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import page
from apart import in_a_network_apart
from processes import Servers, until

PAGE = "five-minutes.md"
COMMAND = re.compile(r"(cd|python3|doorward|curl|grep|printf|tail) ")


def expected(text):
    """A pattern for what is printed: `...` stands for anything in a line."""
    return ".*".join(re.escape(part) for part in text.split("..."))


def main(doorward):
    commands = said = ""
    with tempfile.TemporaryDirectory() as directory, Servers(pathlib.Path(directory) / "five-minutes") as servers:
        shutil.copytree(page.DOCS / "five-minutes", servers.directory)
        tools = pathlib.Path(directory) / "bin"
        tools.mkdir()
        (tools / "doorward").symlink_to(doorward)
        os.environ["PATH"] = f"{tools}:{os.environ['PATH']}"
        gate = None
        # Below the commands of a block, after an empty line, stands what they print.
        for block in "\n".join(page.blocks(PAGE)).strip().split("\n\n"):
            if not COMMAND.match(block):
                answers, lines = said.splitlines(), block.splitlines()
                assert len(answers) == len(lines), f"{commands}{said}, and not:\n{block}"
                for answer, line in zip(answers, lines):
                    assert re.fullmatch(expected(line), answer), f"{commands}{answer}\nand not:\n{line}"
                continue
            commands, said = block, ""
            for command in block.splitlines():
                if command.startswith("cd "):
                    assert command == "cd docs/five-minutes"
                elif command.startswith("python3 "):
                    servers.start("sh", "-c", f"exec {command}", port=3000)
                elif command.startswith("doorward run "):
                    if gate:
                        servers.end(gate)
                    gate = servers.start("sh", "-c", f"exec {command}", port=8080)
                elif "grep" in command:
                    # The log is written a moment later.
                    said += until(command, lambda: run(command, servers))
                else:
                    said += run(command, servers)
    print("five minutes: passed")


def run(command, servers):
    done = subprocess.run(command, shell=True, cwd=servers.directory, capture_output=True, text=True)
    assert done.returncode == 0 or "grep" in command, (command, done)
    # An answer of curl has no line break at its end; in a terminal, the prompt follows it.
    return done.stdout.rstrip("\n") + "\n" if done.stdout else ""


if __name__ == "__main__":
    in_a_network_apart(__file__, pathlib.Path(sys.argv[1]).resolve(), main)
