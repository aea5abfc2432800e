"""A small site of Django with its admin, pages, a query API and a store of files: `site.py PORT`.

The user is `admin`, the password `a long password`. Everything is in the current directory.
"""
import pathlib
import sys

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.http import FileResponse, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

HERE = pathlib.Path.cwd()
APPS = ["admin", "auth", "contenttypes", "sessions", "messages", "staticfiles"]
MIDDLEWARE = ["sessions.middleware.Session", "middleware.common.Common", "middleware.csrf.CsrfView",
              "contrib.auth.middleware.Authentication", "contrib.messages.middleware.Message"]

settings.configure(
    DEBUG=True,
    SECRET_KEY="for a test only",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    STATIC_URL="static/",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "site.db"}},
    INSTALLED_APPS=[f"django.contrib.{app}" for app in APPS],
    MIDDLEWARE=["django." + (f"contrib.{name}" if name.startswith("sessions") else name) + "Middleware" for name in MIDDLEWARE],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": [f"django.{name}" for name in (
            "template.context_processors.request", "contrib.auth.context_processors.auth",
            "contrib.messages.context_processors.messages")]},
    }],
)
django.setup()

from django.contrib import admin  # noqa: E402 (needs the settings)
from django.contrib.auth.models import User  # noqa: E402

PAGE = "<!doctype html><title>before</title><script>document.title = 'after'</script>"


def page(_):
    """A page as many are: with a script in it."""
    return HttpResponse(PAGE)


def strict(_):
    """A page with a policy of its own."""
    return HttpResponse(PAGE, headers={"Content-Security-Policy": "script-src 'unsafe-inline'"})


def query(request):
    """A query API: SQL in a parameter."""
    with connection.cursor() as cursor:
        cursor.execute(request.GET["sql"])
        return JsonResponse({"rows": cursor.fetchall()})


@csrf_exempt
def upload(request):
    """A form with a file."""
    return JsonResponse({"name": request.FILES["file"].name, "size": request.FILES["file"].size})


@csrf_exempt
def store(request, name):
    """A store of files."""
    if request.method == "PUT":
        with open(HERE / name, "wb") as file:
            while piece := request.read(65536):
                file.write(piece)
        return HttpResponse(status=201)
    return FileResponse(open(HERE / name, "rb"))


urlpatterns = [
    path("admin/", admin.site.urls),
    path("page", page),
    path("strict", strict),
    path("query", query),
    path("upload", upload),
    path("files/<str:name>", store),
]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    User.objects.create_superuser("admin", password="a long password")
    call_command("runserver", f"127.0.0.1:{sys.argv[1]}", use_reloader=False, verbosity=0)
