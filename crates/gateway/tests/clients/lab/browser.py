"""Chromium, driven by its own protocol (CDP)."""

import itertools
import json
import re
import shutil
import time

from websockets.sync.client import connect

from lab.actions import Missing
from lab.stage import wait_until

OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-dev-shm-usage", "--no-first-run", "--mute-audio", "--window-size=1200,900"),
    # No name leads out of the machine; `app.test` is a name that is not localhost.
    "--host-resolver-rules=MAP app.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


class Browser:
    """One page. `console` has what scripts and the browser have said, `answers` what was loaded."""

    def __init__(self, stage):
        if not shutil.which("chromium"):
            raise Missing("chromium")
        profile = stage.dir / "profile"
        shutil.rmtree(profile, ignore_errors=True)
        self.stage = stage
        command = [
            "chromium",
            *OPTIONS,
            f"--user-data-dir={profile}",
            "--remote-debugging-port=0",
            "--ignore-certificate-errors",
        ]
        self.process = stage.start(*command, "about:blank")
        told = profile / "DevToolsActivePort"
        wait_until(lambda: told.exists() and told.read_text().count("\n"), "chromium", 60)
        port, path = told.read_text().splitlines()[:2]
        self.socket = connect(f"ws://127.0.0.1:{port}{path}", max_size=64 << 20, compression=None)
        self.numbers, self.session = itertools.count(1), None
        self.console, self.answers, self.is_loaded, self.begun = [], [], False, 0
        page = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.socket.send(json.dumps(message))
        while True:
            heard = self.hear(30)
            if heard.get("id") == number:
                if "error" in heard:
                    raise RuntimeError(f"{method}: {heard['error']}")
                return heard["result"]

    def hear(self, seconds):
        """One message; events are kept."""
        heard = json.loads(self.socket.recv(timeout=seconds))
        event, what = heard.get("method"), heard.get("params", {})
        if event == "Page.loadEventFired":
            self.is_loaded = True
        elif event == "Log.entryAdded":
            entry = what["entry"]
            self.console.append(f"{entry['level']}: {entry['text']}")
        elif event == "Runtime.exceptionThrown":
            detail = what["exceptionDetails"]
            self.console.append(f"exception: {detail.get('exception', {}).get('description', detail['text'])}")
        elif event == "Network.responseReceived":
            answer = what["response"]
            self.answers.append((answer["status"], answer.get("protocol"), answer["url"]))
        return heard

    def open(self, url):
        self.is_loaded, self.begun = False, len(self.console)
        result = self.call("Page.navigate", url=url)
        if "errorText" in result:
            raise RuntimeError(f"{url}: {result['errorText']}")
        self.await_load()

    def await_load(self, seconds=40):
        end = time.monotonic() + seconds
        while not self.is_loaded:
            self.hear(max(0.1, end - time.monotonic()))

    def script(self, text):
        """The value of an expression, or of what it promises."""
        result = self.call("Runtime.evaluate", expression=text, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"].get("exception", {}).get("description", "a script failed"))
        return result["result"].get("value")

    def until(self, text, seconds=20):
        """Waits until an expression is true, and returns its value. What the page may not run does not come."""
        end = time.monotonic() + seconds
        while not (value := self.script(text)):
            if time.monotonic() > end or self.is_blocked():
                raise TimeoutError(f"never true: {text}; console: {self.console[-3:]}")
            time.sleep(0.1)
        return value

    def is_blocked(self):
        """Whether a Content-Security-Policy has kept something of the page from running."""
        told = (line.lower() for line in self.console[self.begun :])
        return any("content security policy" in line and not re.search("report.only", line) for line in told)

    def submit(self, form, **fields):
        """Fills a form in, sends it, and waits for the next page."""
        for name, value in fields.items():
            self.script(f"document.querySelector({json.dumps(f'{form} [name={name}]')}).value = {json.dumps(value)}")
        self.is_loaded = False
        self.script(f"document.querySelector({json.dumps(form)}).requestSubmit()")
        self.await_load()

    def close(self):
        self.socket.close()
        self.stage.stop(self.process)


def page_of(run):
    """The browser of a run, which ends with it."""
    if not hasattr(run.kept, "browser"):
        run.kept.browser = Browser(run.stage)
    return run.kept.browser
