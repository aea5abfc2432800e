"""Chromium with Django's admin, over HTTP/2 with the gate's own TLS."""

import django  # the server

from lab import action, django_admin
from lab.certificate import certificate

COMMANDS = ["chromium", "openssl"]


def start(stage):
    server = django_admin.start_site(stage)
    cert, key = certificate(stage, ["app.test", "127.0.0.1"])
    server.settings = {"gateway": {"tls": {"certificate": str(cert), "key": str(key)}}}
    return server


log_in = action(django_admin.log_in)


@action
def protocol(run):
    """The gate speaks HTTP/2; Django's own server does not."""
    return "h2" if run.is_bare else django_admin.protocols(run)[-1]


add_an_object = action(django_admin.add_an_object)
add_an_object_with_a_file = action(django_admin.add_an_object_with_a_file)
search_and_change = action(django_admin.search_and_change)
write_by_fetch = action(django_admin.write_by_fetch)
log_out = action(django_admin.log_out)
complaints = action(django_admin.what_the_browser_complains_about)
