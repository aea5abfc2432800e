"""What the modules of the suite are made of."""

from lab.actions import Missing, action
from lab.stage import Run, Server, Stage, free_port, wait_until

__all__ = ["Missing", "Run", "Server", "Stage", "action", "free_port", "wait_until"]
