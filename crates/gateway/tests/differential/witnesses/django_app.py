"""Django behind gunicorn."""

import django
from common import loads, reading
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import re_path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="witness", MIDDLEWARE=[], LOGGING_CONFIG=None)
django.setup()


def echo(request):
    raw = request.body
    body = reading(
        path=request.path,
        query=dict(request.GET.lists()),
        form=dict(request.POST.lists()),
        files=[[name, f.name, f.read()] for name, files in request.FILES.lists() for f in files],
        json=loads(raw),
        cookies=request.COOKIES,
        headers=dict(request.headers),
    )
    return HttpResponse(body, content_type="application/json", headers={"X-Witness": "django"})


urlpatterns = [re_path("", echo)]
application = get_wsgi_application()
