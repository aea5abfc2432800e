from django.conf import settings
from django.db import models

LANGUAGES = [("python", "Python"), ("rust", "Rust"), ("sql", "SQL"), ("html", "HTML"), ("text", "Plain text")]


class Snippet(models.Model):
    created = models.DateTimeField(auto_now_add=True)
    title = models.CharField(max_length=100, blank=True, default="")
    code = models.TextField(max_length=10000)
    linenos = models.BooleanField(default=False)
    language = models.CharField(choices=LANGUAGES, default="python", max_length=20)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, related_name="snippets", on_delete=models.CASCADE)

    class Meta:
        ordering = ["id"]


class Draft(models.Model):
    created = models.DateTimeField(auto_now_add=True)
    text = models.TextField(max_length=10000)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, related_name="drafts", on_delete=models.CASCADE)

    class Meta:
        ordering = ["-created", "-id"]
