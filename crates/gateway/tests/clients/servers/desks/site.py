"""A Django site with its admin: `site.py setup | PORT`, in a directory where it may write."""

import os
import sys

import django
from django.conf import settings
from django.core.management import call_command

settings.configure(
    DEBUG=True,
    SECRET_KEY="only-for-this-test-on-loopback",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="desks.urls",
    # As Django's documentation asks for behind a proxy that ends TLS.
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    INSTALLED_APPS=[
        *("django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes"),
        *("django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles", "desks"),
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(os.getcwd(), "site.db")}},
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    STATIC_URL="/static/",
    MEDIA_ROOT=os.path.join(os.getcwd(), "media"),
    USE_TZ=True,
)
django.setup()

if sys.argv[1] == "setup":
    from django.contrib.auth.models import User

    call_command("migrate", "--run-syncdb", verbosity=0)
    User.objects.create_superuser("ann", "ann@example.org", "it's; a <long> pass--word")
else:
    call_command("runserver", f"127.0.0.1:{sys.argv[1]}", "--noreload", verbosity=0)
