#!/usr/bin/env python3
"""Real clients with their servers: each does the same bare and behind the gate, which has nothing but `--upstream`.

    run.py GATEWAY [--only NAME]... [--sample] [--list] [--show]

What the gate is known to refuse has to pass with the setting that the event names. A module per client is in `suite/`,
their servers are in `servers/`, `lab/` is what they are made of. `./test` installs what they need.
"""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = HERE.parents[3] / "target" / "clients" / "python" / "bin" / "python"

if PYTHON.exists() and pathlib.Path(sys.executable) != PYTHON:
    os.execv(PYTHON, [str(PYTHON), *sys.argv])

import argparse
import multiprocessing
import time

from lab.performance import Performance, load
from lab.stage import ENVIRONMENT


# Processes inherit it; modules cannot be sent to them.
PLAYS = []


def play(number):
    return PLAYS[number].play()


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gateway", nargs="?", type=lambda name: pathlib.Path(name).resolve())
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--sample", action="store_true", help="what continuous integration runs")
    parser.add_argument("--list", action="store_true", help="print the modules and their actions")
    parser.add_argument("--show", action="store_true", help="print what the actions have returned without the gate")
    return parser.parse_args()


def main():
    chosen = options()
    modules = load(HERE / "suite", chosen.only, chosen.sample)
    if chosen.list:
        for module in modules:
            print(module.name, *(f"  {action.name}" for action in module.actions), sep="\n")
        return 0
    if not chosen.gateway or not chosen.gateway.exists():
        print("run.py: which gateway? target/debug/doorward is made by `cargo build`")
        return 2
    is_ci = bool(os.environ.get("CI"))
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    begun = time.monotonic()
    outcomes = []
    PLAYS.extend(Performance(module, chosen.gateway, chosen.show) for module in modules)
    # Each module in a process of its own, two at a time: much of the time is waiting.
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        for found, text in pool.imap(play, range(len(PLAYS)), chunksize=1):
            outcomes += found
            print(text, flush=True)
    failed = [outcome for outcome in outcomes if outcome.is_failure]
    left_out = sorted({outcome.module for outcome in outcomes if outcome.is_left_out})
    print(f"\n{len(outcomes)} actions in {time.monotonic() - begun:.0f} s, {len(failed)} failed")
    for name in left_out:
        print(f"left out: {name}")
    for outcome in failed:
        print(f"\n{outcome.module}: {outcome.name}\n{outcome.evidence}")
    if left_out and is_ci:
        print("clients are left out, and CI is set")
        return 1
    return 1 if failed else 0


sys.exit(main())
