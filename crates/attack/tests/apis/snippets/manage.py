"""Code snippets that everybody reads and their owners change, and private drafts, in the shape of the tutorial of
Django REST framework: token authentication, hyperlinks, pages. Well made."""

import argparse
import os
import signal
import sys
import tempfile

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, default=8000)
ARGS = arguments.parse_args()

DIRECTORY = tempfile.TemporaryDirectory(prefix="snippets-")
os.environ["SNIPPETS_DATABASE"] = os.path.join(DIRECTORY.name, "db.sqlite3")
os.environ["DJANGO_SETTINGS_MODULE"] = "notebook.settings"

if __name__ == "__main__":
    # Ends as a program ends, so that the directory of the database goes too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    import django
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)

    from notebook.data import fill

    fill()

    import waitress

    waitress.serve(get_wsgi_application(), host="127.0.0.1", port=ARGS.port, threads=6, ident=None, _quiet=True)
    sys.exit(0)
