"""Chromium with the documentation page of a FastAPI application: it draws itself, and tries an operation out."""

import sys

import fastapi  # the server
import hypercorn  # what it runs in
import swagger_ui_bundle  # the scripts of the page

from lab import Server, action, free_port
from lab.browser import page_of
from lab.paths import SERVERS

COMMANDS = ["chromium"]


def start(stage):
    port = free_port()
    stage.start(
        *(sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", "desk_api:application"),
        port=port,
        env={"PYTHONPATH": str(SERVERS)},
    )
    return Server(url=f"http://127.0.0.1:{port}")


@action(refused="page-without-policy")
def the_page(run):
    """Its inline script starts Swagger UI; behind the gate it runs where the policy for pages is only reported."""
    page = page_of(run)
    page.open(f"{run.url}/docs")
    page.until("document.querySelectorAll('.opblock').length")
    return page.script(
        "[document.title, document.querySelector('.info .title').textContent, document.querySelectorAll('.opblock').length]"
    )


@action(refused="page-without-policy")
def try_an_operation_out(run):
    page = page_of(run)
    page.open(f"{run.url}/docs")
    page.until("!!document.querySelector('.opblock-post .opblock-summary-control')")
    page.script("document.querySelector('.opblock-post .opblock-summary-control').click()")
    page.until("!!document.querySelector('.try-out__btn')")
    page.script("document.querySelector('.try-out__btn').click()")
    page.until("!!document.querySelector('.execute')")
    page.script("document.querySelector('.execute').click()")
    return page.until(
        "document.querySelector('.live-responses-table tbody .response-col_status')?.textContent.trim().split(/\\s/)[0]"
    )


@action
def the_document(run):
    page = page_of(run)
    page.open(f"{run.url}/openapi.json")
    return page.script("JSON.parse(document.body.textContent).info")
