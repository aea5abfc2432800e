import time

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils.html import escape
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import filters, generics, mixins, permissions, status, viewsets
from rest_framework.authtoken.models import Token
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from .models import Draft, Snippet
from .serializers import AccountSerializer, DraftSerializer, RegistrationSerializer, SnippetSerializer, UserSerializer


class IsOwnerOrReadOnly(permissions.BasePermission):
    def has_object_permission(self, request, view, obj):
        return request.method in permissions.SAFE_METHODS or obj.owner == request.user


class SnippetViewSet(viewsets.ModelViewSet):
    """Everybody reads all snippets; their owners change them."""

    queryset = Snippet.objects.select_related("owner")
    serializer_class = SnippetSerializer
    permission_classes = [permissions.IsAuthenticatedOrReadOnly, IsOwnerOrReadOnly]
    filter_backends = [filters.SearchFilter, filters.OrderingFilter]
    search_fields = ["title", "code"]
    ordering_fields = ["id", "title", "created"]

    def perform_create(self, serializer):
        serializer.save(owner=self.request.user)

    @extend_schema(responses={(200, "text/html"): OpenApiTypes.STR})
    @action(detail=True)
    def highlight(self, request, *args, **kwargs):
        snippet = self.get_object()
        return HttpResponse(f"<!doctype html><title>{escape(snippet.title)}</title><pre>{escape(snippet.code)}</pre>")


class DraftViewSet(viewsets.ModelViewSet):
    """Nobody but the owner knows of a draft."""

    queryset = Draft.objects.none()
    serializer_class = DraftSerializer
    permission_classes = [permissions.IsAuthenticated]

    def get_queryset(self):
        return Draft.objects.filter(owner=self.request.user) if self.request.user.is_authenticated else Draft.objects.none()

    def perform_create(self, serializer):
        serializer.save(owner=self.request.user)


class UserViewSet(viewsets.ReadOnlyModelViewSet):
    """What everybody knows of a user."""

    queryset = User.objects.order_by("id").prefetch_related("snippets")
    serializer_class = UserSerializer


class AccountViewSet(mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet):
    """For staff."""

    queryset = User.objects.order_by("id")
    serializer_class = AccountSerializer
    permission_classes = [permissions.IsAdminUser]

    def perform_destroy(self, instance):
        if instance == self.request.user:
            raise ValidationError("You cannot delete yourself.")
        instance.delete()


class Me(generics.RetrieveUpdateAPIView):
    serializer_class = AccountSerializer
    permission_classes = [permissions.IsAuthenticated]

    def get_object(self):
        return self.request.user


class Register(generics.CreateAPIView):
    serializer_class = RegistrationSerializer
    permission_classes = [permissions.AllowAny]


class Logout(APIView):
    permission_classes = [permissions.IsAuthenticated]

    @extend_schema(request=None, responses={204: None})
    def post(self, request):
        Token.objects.filter(user=request.user).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


failures = {}


def recent(key):
    failures[key] = [at for at in failures.get(key, []) if at > time.monotonic() - 900]
    return failures[key]


class ObtainToken(APIView):
    permission_classes = [permissions.AllowAny]

    @extend_schema(request=AuthTokenSerializer, responses={200: {"type": "object", "properties": {"token": {"type": "string"}}}})
    def post(self, request):
        if not isinstance(request.data, dict):
            raise ValidationError("An object is needed.")
        name = str(request.data.get("username", "")).lower()
        keys = [(f"user:{name}", 5), (f"address:{request.META['REMOTE_ADDR']}", 20)]
        if any(len(recent(key)) >= limit for key, limit in keys):
            return Response({"detail": "Too many failed log ins."}, status=429, headers={"Retry-After": "900"})
        serializer = AuthTokenSerializer(data=request.data, context={"request": request})
        if not serializer.is_valid():
            for key, _ in keys:
                recent(key).append(time.monotonic())
            raise ValidationError(serializer.errors)
        # A new log in makes the token before it worthless.
        Token.objects.filter(user=serializer.validated_data["user"]).delete()
        return Response({"token": Token.objects.create(user=serializer.validated_data["user"]).key})


class Echo(APIView):
    """Counts the characters of a text, and gives it back."""

    permission_classes = [permissions.AllowAny]

    @extend_schema(
        parameters=[OpenApiParameter("text", OpenApiTypes.STR)],
        responses={200: {"type": "object", "properties": {"text": {"type": "string"}, "length": {"type": "integer"}}}},
    )
    def get(self, request):
        text = request.query_params.get("text", "")[:1000]
        return Response({"text": text, "length": len(text)})
