"""What Chromium does with the admin of a Django site: the same over plain HTTP and over HTTP/2."""

import sys

from lab import Server, free_port
from lab.browser import page_of
from lab.paths import SERVERS

PASSWORD = "it's; a <long> pass--word"


def start_site(stage):
    port, environment = free_port(), {"PYTHONPATH": str(SERVERS)}
    made = stage.start(sys.executable, SERVERS / "desks" / "site.py", "setup", env=environment)
    if made.wait(60) != 0:
        raise RuntimeError(made.log.read_text()[-2000:])
    stage.start(sys.executable, SERVERS / "desks" / "site.py", port, port=port, env=environment)
    return Server(url=f"http://127.0.0.1:{port}")


def address(run, path):
    """At a name that is not localhost."""
    return f"{run.scheme}://app.test:{run.port}{path}"


def log_in(run):
    page = page_of(run)
    page.open(address(run, "/admin/"))
    page.submit("#login-form", username="ann", password=PASSWORD)
    return page.script("[document.title, location.pathname, document.querySelector('#user-tools strong').textContent]")


def protocols(run):
    """The versions of HTTP of what the page has loaded."""
    return sorted({protocol for _, protocol, url in page_of(run).answers if "app.test" in url})


def add_an_object(run):
    page = page_of(run)
    page.open(address(run, "/admin/desks/desk/add/"))
    page.submit(
        "#desk_form",
        name="O'Brien's desk; 2nd",
        note="Oak <b>and</b> pine.\nLocation: Room 1",
        link="https://example.org/a?b=1&c=2",
    )
    return page.script("document.querySelector('.messagelist').textContent.trim()")


def add_an_object_with_a_file(run):
    """A form with a file of 2 MB, made by a script, as a click on it would."""
    page = page_of(run)
    page.open(address(run, "/admin/desks/desk/add/"))
    page.script("""(() => {
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(2 << 20).map((_, i) => i * 7 % 251)], "plan (1).png", {type: "image/png"}));
        document.querySelector("[name=plan]").files = files.files;
    })()""")
    page.submit("#desk_form", name="With a plan")
    return page.script("document.querySelector('.messagelist').textContent.trim()")


def search_and_change(run):
    page = page_of(run)
    page.open(address(run, "/admin/desks/desk/?q=O%27Brien%27s+desk%3B+select+from&o=1"))
    none = page.script("document.querySelector('.paginator').textContent.trim()")
    page.open(address(run, "/admin/desks/desk/1/change/"))
    page.submit("#desk_form", note="Changed -- 1=1, really")
    return none, page.script("document.querySelector('.messagelist').textContent.trim()")


def write_by_fetch(run):
    """The documented way: the cookie's token in a header."""
    return page_of(run).script("""(async () => {
        const token = document.cookie.match(/csrftoken=([^;]+)/)?.[1] ?? "";
        const answer = await fetch("/api/desks", {method: "POST", body: JSON.stringify({name: "By fetch", note: "{}"}),
            headers: {"Content-Type": "application/json", "X-CSRFToken": token}});
        return [token.length > 20, answer.status, (await answer.json()).name, (await (await fetch("/api/desks")).json()).names];
    })()""")


def delete_an_object(run):
    page = page_of(run)
    page.open(address(run, "/admin/desks/desk/1/delete/"))
    page.submit("#content form")
    return page.script("document.querySelector('.messagelist').textContent.trim()")


def log_out(run):
    page = page_of(run)
    page.open(address(run, "/admin/"))
    page.submit("#logout-form")
    return page.script("document.title")


def what_the_browser_complains_about(run):
    """Beside what has no picture for the tab, and what a browser ignores over plain HTTP."""
    lines = page_of(run).console
    return sorted(line for line in lines if "404" not in line and "Cross-Origin-Opener-Policy" not in line)
