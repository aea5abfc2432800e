from django.http import JsonResponse
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.routers import DefaultRouter

from . import views

router = DefaultRouter()
router.register("snippets", views.SnippetViewSet, basename="snippet")
router.register("drafts", views.DraftViewSet, basename="draft")
router.register("users", views.UserViewSet, basename="user")
router.register("accounts", views.AccountViewSet, basename="account")

urlpatterns = [
    path("", include(router.urls)),
    path("me/", views.Me.as_view()),
    path("register/", views.Register.as_view()),
    path("api-token-auth/", views.ObtainToken.as_view()),
    path("logout/", views.Logout.as_view()),
    path("echo/", views.Echo.as_view()),
    path("schema/", SpectacularJSONAPIView.as_view()),
]


def not_found(request, exception=None):
    return JsonResponse({"detail": "Not found."}, status=404)


def failed(request):
    return JsonResponse({"detail": "Something went wrong."}, status=500)


def bad(request, exception=None):
    return JsonResponse({"detail": "Bad request."}, status=400)


handler400, handler404, handler500 = bad, not_found, failed
