#!/usr/bin/env python3
"""A differential test of the gate: requests from a grammar of tricks go through it to real servers, which tell what
they read. What a server read, the gate had judged under that name; or the gate refused.

    fuzz.py GATEWAY [--seconds 60] [--requests N] [--seed WORD]... [--only NUMBER] [--witness NAME]... [--place NAME]

Each failure prints the command that repeats it.
"""

import argparse
import asyncio
import collections
import os
import pathlib
import secrets
import signal
import sys
import time

import oracle
import plan as plans
import wire
from client import Client
from known import KNOWN
from servers import Servers, witnesses


class Run:
    def __init__(self, options, servers):
        self.options, self.servers = options, servers
        self.clients = {name: Client(port) for name, port in servers.ports.items()}
        self.counts = collections.defaultdict(collections.Counter)
        self.failures = []
        self.known = collections.Counter()
        self.seen = set()

    async def one(self, seed, number):
        """One request: through one gateway, and unless the gate refuses it, through all the others."""
        names = list(self.clients)
        first = names[number % len(names)]
        plan = plans.draw(seed, number, wire.TRICKS, self.options.without, self.options.place)
        raw = wire.encode(plan, self.servers.token)
        if self.options.show:
            print(raw)
        if await self.ask(plan, raw, first):
            others = [name for name in names if name != first]
            await asyncio.gather(*(self.ask(plan, raw, name) for name in others))

    async def ask(self, plan, raw, name):
        """Whether the gate let the request pass."""
        counts = self.counts[name]
        counts["requests"] += 1
        is_fresh = plan("framing") or plan("expect") or plan("line")
        answers = await self.clients[name].send(raw, is_fresh)
        if answers and answers[0].of_gate() and answers[0].status == 502:
            # Servers close idle connections, now and then at the moment in which the gate uses one.
            answers = await self.clients[name].send(raw, is_fresh)
        passed = False
        for answer in answers or [None]:
            if answer is None or (answer.of_gate() and answer.status < 500):
                counts["refused by the gate"] += 1
                if plan.mode == "honest":
                    self.fail(plan, raw, name, f"an honest request is refused: {answer and answer.body}")
                continue
            if answer.of_gate() and answer.status == 500:
                self.fail(plan, raw, name, f"the gate failed: {answer.body}")
            passed = True
            if answer.status != 200 or "x-witness" not in answer.headers:
                counts["refused by the witness"] += 1
                if plan.mode == "honest":
                    self.fail(plan, raw, name, f"an honest request is answered {answer.status}: {answer.body[:300]}")
                continue
            await self.judge(plan, raw, name, oracle.load(answer.body))
        return passed

    async def judge(self, plan, raw, name, reading):
        numbers = [v for n, v in reading["headers"].items() if n.lower() == "x-fuzz"]
        if numbers and numbers[0] not in (str(plan.number), [str(plan.number)]):
            return self.fail(plan, raw, name, f"the answer to another request: {numbers}")
        if plan.mode == "honest":
            misread = list(oracle.misread(plan, reading))
            for text in misread:
                self.fail(plan, raw, name, f"an honest request is misread: {text}")
            self.counts[name]["misread" if misread else "read alike"] += 1
            return None
        target = plan.target()
        if plan.mode == "session":
            for value in oracle.found_session(reading):
                self.fail(plan, raw, name, f"read the forged session: {value!r}")
        if plan.mode == "bind":
            found = [(*f, True) for f in oracle.found_foreign(plan, reading)]
        else:
            found = [(*f, False) for f in oracle.found_attacks(plan, reading)]
        for place, path, value, is_foreign in found:
            if await self.is_refused_plainly(plan, name, place, path, value, target):
                what = "read another value than the bound one" if is_foreign else "read an attack"
                self.fail(plan, raw, name, f"{what} in {place} {[str(p) for p in path]}: {value!r}"[:700])
                return None
            self.counts[name]["passed plainly, too"] += 1
        self.counts[name]["read alike"] += 1
        return None

    async def is_refused_plainly(self, plan, name, place, path, value, target):
        texts = [value] if isinstance(value, str) else [v for _, v in oracle.leaves(value)] or [str(value)]
        for text in texts:
            method, where, fields, body = oracle.plainly(place, path, text, target)
            fields = [*fields, *([(b"Content-Length", b"%d" % len(body))] if body else [])]
            raw = wire.assemble(plan, method, where.encode(), fields, body, self.servers.token)
            answers = await self.clients[name].send(raw)
            if answers and answers[0].of_gate() and answers[0].status in (403, 404):
                return True
        return False

    def fail(self, plan, raw, name, text):
        for entry in KNOWN:
            if entry.explains(name, text, raw):
                self.known[entry] += 1
                self.counts[name]["known"] += 1
                return
        self.counts[name]["failures"] += 1
        self.failures.append((plan, name, text))
        # One of a kind is enough to read.
        kind = plan.mode, name, plan.place, tuple(sorted(plan.tricks))
        if kind in self.seen or len(self.seen) > 200:
            return
        self.seen.add(kind)
        only = f" --place {self.options.place}" if self.options.place else ""
        repeat = f"fuzz.py GATEWAY --seed {plan.seed} --only {plan.number}{only} --witness {name}"
        print(f"\nFAILED {name}: {text}\n  {plan.mode}, {plan.place}, tricks {sorted(plan.tricks)}")
        print(f"  {raw!r}\n  repeat: {repeat}", flush=True)

    async def all(self):
        for seed in self.options.seed:
            if self.options.only is None:
                await self.some(seed)
            else:
                await self.one(seed, self.options.only)

    async def some(self, seed):
        """The requests of one seed, until its share of the time is over."""
        end = time.monotonic() + self.options.seconds / len(self.options.seed)
        numbers = iter(range(1, self.options.requests + 1))

        async def worker():
            for number in numbers:
                if time.monotonic() > end:
                    return
                await self.one(seed, number)

        await asyncio.gather(*(worker() for _ in range(self.options.parallel)))

    def table(self):
        columns = [
            "requests", "refused by the gate", "refused by the witness", "read alike", "passed plainly, too", "known",
            "failures",
        ]
        print("\n" + f"{'witness':12}" + "".join(f"{c:>24}" for c in columns))
        for name, counts in self.counts.items():
            print(f"{name:12}" + "".join(f"{counts[c]:>24}" for c in columns))
        for entry, count in self.known.items():
            print(f"known, {count} times: {entry.why}")
        asked = sum(c["requests"] for c in self.counts.values())
        print(f"seeds {' '.join(self.options.seed)}: {asked} requests, {len(self.failures)} failures", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gateway", type=pathlib.Path, help="the binary `doorward`")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--requests", type=int, default=10**9)
    parser.add_argument("--seed", action="append", help="may be repeated; `random` is a new one, as without any")
    parser.add_argument("--only", type=int, help="repeat the request with this number")
    parser.add_argument(
        "--without", action="append", default=[], help="leave out a trick, to find the one that matters",
    )
    parser.add_argument("--witness", action="append", help="only this one")
    parser.add_argument("--place", help="plant only here")
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--show", action="store_true", help="print each request")
    options = parser.parse_args()
    options.seed = [secrets.token_hex(4) if seed == "random" else seed for seed in options.seed or ["random"]]
    return options


def main():
    options = arguments()
    chosen = [w for w in witnesses() if not options.witness or w.name in options.witness]
    missing = [w for w in chosen if w.missing()]
    for witness in missing:
        print(f"left out: {witness.name}: {', '.join(witness.missing())} is missing; ./test installs it")
    if missing and os.environ.get("CI"):
        return 1
    chosen = [w for w in chosen if w not in missing]
    if not chosen:
        return 0
    print(f"seeds {' '.join(options.seed)}, witnesses: {', '.join(w.name for w in chosen)}", flush=True)
    # Whoever ends the test ends its servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    servers = Servers(options.gateway.resolve(), chosen)
    try:
        run = Run(options, servers)
        asyncio.run(run.all())
        run.table()
    finally:
        servers.stop()
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
