"""The admin, and an API which a page's own script uses with the token of its cookie."""

import json

from desks.models import Desk
from django.contrib import admin
from django.http import JsonResponse
from django.urls import path


def desks(request):
    if request.method == "POST":
        made = Desk.objects.create(**json.loads(request.body))
        return JsonResponse({"name": made.name, "note": made.note}, status=201)
    return JsonResponse({"names": sorted(Desk.objects.values_list("name", flat=True))})


urlpatterns = [path("admin/", admin.site.urls), path("api/desks", desks)]
