"""Chromium with Django's admin, over plain HTTP at a name that is not localhost."""

import django  # the server

from lab import action, django_admin

COMMANDS = ["chromium"]
start = django_admin.start_site

log_in = action(django_admin.log_in)
add_an_object = action(django_admin.add_an_object)
add_an_object_with_a_file = action(django_admin.add_an_object_with_a_file)
search_and_change = action(django_admin.search_and_change)
write_by_fetch = action(django_admin.write_by_fetch)
delete_an_object = action(django_admin.delete_an_object)
log_out = action(django_admin.log_out)
complaints = action(django_admin.what_the_browser_complains_about)
