"""The gate in front of a server: with its defaults, or with settings that events have named."""

import json
import re
import time
import tomllib

from lab.stage import accepts, free_port
from lab.toml import merged, written


class Gate:
    def __init__(self, binary, stage, upstream, settings):
        self.binary, self.stage, self.upstream = binary, stage, upstream
        self.port, self.admin = free_port(), f"127.0.0.1:{free_port()}"
        # The usual port of the listener for metrics may be taken.
        self.settings = merged({"admin": {"listen": self.admin}}, settings)
        self.process = None
        self.seen = 0
        self.log, self.told = None, []

    @property
    def url(self):
        scheme = "https" if "tls" in self.settings.get("gateway", {}) else "http"
        return f"{scheme}://127.0.0.1:{self.port}"

    def start(self, allowed=()):
        """Starts it, or starts it again with the settings of `allow_with`."""
        if self.process:
            # It waits for connections that clients keep; nothing is under way on them.
            self.stage.stop(self.process, patience=0.5)
        settings = self.settings
        for text in allowed:
            settings = merged(settings, tomllib.loads(text))
        policy = self.stage.dir / "gate.toml"
        policy.write_text(written(settings))
        self.process = self.stage.start(
            *(self.binary, "run", "--config", policy),
            *("--upstream", self.upstream, "--listen", f"127.0.0.1:{self.port}"),
        )
        self.log, self.seen, self.told = self.process.log, 0, []
        self.stage.wait_for(self.process, lambda: accepts(self.port))

    def lines(self):
        """What the log has gained since it was last asked, as JSON. Lines are written a moment after what they tell."""
        size = -1
        while size != (size := self.log.stat().st_size):
            time.sleep(0.4)
        text = self.log.read_bytes()
        whole = text[self.seen : text.rfind(b"\n") + 1]
        self.seen += len(whole)
        lines = []
        for line in whole.splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                # Not of the log: what the program says as it starts.
                continue
        self.told += lines
        return lines


def named(lines, told):
    """The settings that events name: rules, and pieces of the policy.

    A page that lacks a policy is told of once per route, as something that was changed; its event names the setting in words.
    """
    found = [
        (line["rule"], line["allow_with"])
        for line in lines
        if line.get("verdict") == "refused" and "allow_with" in line
    ]
    for line in told:
        setting = re.search(r"`(html = [^`]+)` or .*in `(\[headers\])`", str(line.get("evidence", {}).get("reason")))
        if setting:
            found.append((line["rule"], f"{setting[2]}\n{setting[1]}"))
    return found
