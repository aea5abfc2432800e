"""A module, played bare and behind the gate."""

import dataclasses
import importlib
import json
import os
import shutil
import signal
import time
import traceback

from lab.actions import Missing, actions_of
from lab.gate import Gate, named
from lab.stage import Run, Stage

# An action ends within this, or has failed.
SECONDS = 120
# Settings that one action may need, each named by an event.
SETTINGS = 6


class Late(Exception):
    pass


@dataclasses.dataclass
class Module:
    name: str
    actions: list
    code: object = None
    missing: str = None


@dataclasses.dataclass
class Outcome:
    module: str
    name: str
    bare: str
    gate: str
    evidence: str = ""
    is_failure: bool = False
    is_left_out: bool = False


@dataclasses.dataclass
class Result:
    """What an action has returned, or why it failed."""

    value: object
    seconds: float
    error: str = None


def load(directory, only, is_sample):
    """The modules of a directory. What is not installed is said when they are played."""
    modules = []
    for path in sorted(directory.glob("*.py")):
        name = path.stem
        if only and name not in only:
            continue
        try:
            code = importlib.import_module(f"{directory.name}.{name}")
        except ImportError as error:
            modules.append(Module(name, [], missing=f"the Python package {error.name}"))
            continue
        if is_sample and not getattr(code, "IN_SAMPLE", True):
            continue
        actions = [action for action in actions_of(code) if not (is_sample and action.whole)]
        lacking = [command for command in getattr(code, "COMMANDS", []) if not shutil.which(command)]
        modules.append(Module(name, actions, code, ", ".join(lacking) or None))
    return modules


def tried(action, run):
    def late(*_):
        raise Late(f"not done in {SECONDS} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    begun = time.monotonic()
    try:
        return Result(run.neutral(action.function(run)), time.monotonic() - begun)
    except Missing:
        raise
    except Exception as error:  # Whatever a client raises is a failure of its action.
        where = traceback.extract_tb(error.__traceback__)[1:2]
        line = f" (line {where[0].lineno})" if where else ""
        text = run.neutral(f"{type(error).__name__}{line}: {error}")
        return Result(None, time.monotonic() - begun, text[:1500])
    finally:
        signal.alarm(0)


class Performance:
    def __init__(self, module, binary, is_shown):
        self.module, self.binary, self.is_shown = module, binary, is_shown

    def play(self):
        """The outcomes, and what is to be printed."""
        begun, self.text = time.monotonic(), []
        outcomes = self.outcomes()
        title = (self.module.code.__doc__ or "").strip().splitlines()[0] if self.module.code else ""
        return outcomes, "\n".join([f"\n== {self.module.name} ({time.monotonic() - begun:.0f} s): {title}", *self.text])

    def outcomes(self):
        if self.module.missing:
            return [self.left_out(self.module.missing)]
        try:
            return self.gated(self.bare())
        except Missing as missing:
            return [self.left_out(str(missing))]
        except Exception as error:  # A server that does not start.
            self.text.append(f"  FAILED: {error}")
            return [Outcome(self.module.name, "start", "FAILED", "", traceback.format_exc()[-3000:], is_failure=True)]

    def left_out(self, what):
        self.text.append(f"  left out: {what} is not installed")
        return Outcome(self.module.name, "", "", "", f"{what} is not installed", is_left_out=True)

    def bare(self):
        stage = Stage(self.module.name)
        try:
            server = self.module.code.start(stage)
            run = Run(stage, server, server.url, gate=None)
            return [tried(action, run) for action in self.module.actions]
        finally:
            stage.close()

    def gated(self, bare):
        stage = Stage(self.module.name)
        try:
            server = self.module.code.start(stage)
            gate = Gate(self.binary, stage, server.upstream, getattr(server, "settings", {}))
            gate.start()
            run = Run(stage, server, gate.url, gate)
            outcomes = []
            for action, result in zip(self.module.actions, bare):
                outcomes.append(self.compare(action, result, run, gate))
                shown = outcomes[-1]
                self.text.append(f"  {shown.name:<44} {shown.bare:<12} {shown.gate}")
                if self.is_shown:
                    self.text.append(f"    {json.dumps(result.value, default=str, ensure_ascii=False)[:600]}")
            return outcomes
        finally:
            stage.close()

    def compare(self, action, bare, run, gate):
        outcome = Outcome(self.module.name, action.name, f"{bare.seconds:.1f} s", "")
        if bare.error:
            outcome.bare, outcome.gate = "FAILED", "not run"
            return failed(outcome, bare.error, [])
        if action.refused:
            gate.lines()
            try:
                return self.allowed(action, bare, run, gate, outcome)
            finally:
                gate.start()
        result = tried(action, run)
        if result.error or result.value != bare.value:
            outcome.gate = "FAILED"
            return failed(outcome, result.error or differs(bare.value, result.value), gate.lines())
        outcome.gate = f"{result.seconds:.1f} s"
        return outcome

    def allowed(self, action, bare, run, gate, outcome):
        """Sets what the events name until the action passes."""
        settings, rules = [], []
        while (result := tried(action, run)).error or result.value != bare.value:
            lines = gate.lines()
            new = [(rule, setting) for rule, setting in named(lines, gate.told) if setting not in settings]
            if not new or len(settings) >= SETTINGS:
                outcome.gate = f"FAILED, with {len(settings)} settings that events have named"
                error = result.error or differs(bare.value, result.value)
                return failed(outcome, "\n".join([error, *map(short, settings)]), lines)
            rules.append(new[0][0])
            settings.append(new[0][1])
            gate.start(settings)
        if not rules:
            outcome.gate = f"FAILED: declared as refused by {action.refused}, and passes"
            return failed(outcome, "the declaration is not true any more", [])
        outcome.gate = f"refused by {', '.join(rules)}; passes with {' + '.join(map(short, settings))}"
        if rules[0] != action.refused:
            return failed(outcome, f"declared as refused by {action.refused}", [])
        return outcome


def short(setting):
    return "; ".join(setting.splitlines())


def differs(bare, gate):
    """What is different, from a little before the first difference."""
    first, second = (json.dumps(value, default=str, ensure_ascii=False, indent=0) for value in (bare, gate))
    begin = max(0, len(os.path.commonprefix([first, second])) - 60)
    shown = (repr(text[begin : begin + 500]) for text in (first, second))
    return "the results differ:\n  bare: {}\n  gate: {}".format(*shown)


def failed(outcome, error, lines):
    told = [line for line in lines if line.get("type") == "event" and line.get("verdict") in ("refused", "failed")]
    told += [line for line in lines if line.get("type") == "access" and line.get("status", 0) >= 500]
    outcome.is_failure = True
    outcome.evidence = "\n".join([error, *map(json.dumps, told[-6:])])
    return outcome
