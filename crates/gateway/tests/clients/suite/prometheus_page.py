"""Chromium with the web UI of Prometheus (that of Debian's package): a query, and its graph."""

from lab import action
from lab.browser import page_of
from suite.prometheus import start  # the server

COMMANDS = ["prometheus", "chromium"]
IN_SAMPLE = False


@action(refused="page-without-policy")
def the_graph_of_a_query(run):
    page = page_of(run)
    page.open(f"{run.url}/graph")
    page.until("!!document.querySelector('textarea[name=expr], .cm-content')")
    if page.script("location.pathname.startsWith('/classic')"):
        page.script("document.querySelector('textarea[name=expr]').value = 'count(up)'")
        page.script("document.querySelector('.execute_btn').click()")
    else:
        page.open(f"{run.url}/graph?g0.expr=count(up)&g0.tab=1")
    cells = "[...document.querySelectorAll('table td')].map(cell => cell.textContent.trim()).join(' ')"
    page.until(f"/\\d/.test({cells})")
    return page.script(cells)
