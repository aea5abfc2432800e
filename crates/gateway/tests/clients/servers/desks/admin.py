"""Desks in the admin."""

from desks.models import Desk
from django.contrib import admin


@admin.register(Desk)
class DeskAdmin(admin.ModelAdmin):
    list_display = ["name", "link"]
    search_fields = ["name", "note"]
