"""Desks, with a text and a file."""

from django.db import models


class Desk(models.Model):
    name = models.CharField(max_length=100)
    note = models.TextField(blank=True)
    link = models.URLField(blank=True)
    plan = models.FileField(upload_to="plans", blank=True)

    def __str__(self):
        return self.name
