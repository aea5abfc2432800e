from django.contrib.auth.models import User

from .models import Draft, Snippet


def fill():
    people = [
        User.objects.create_user("noor", "noor@snippets.example", "snippets-noor-pass-1", first_name="Noor"),
        User.objects.create_user("emil", "emil@snippets.example", "snippets-emil-pass-2", last_name="D'Souza"),
        User.objects.create_superuser("staff", "staff@snippets.example", "snippets-staff-pass-3"),
    ]
    for number in range(1, 26):
        owner = people[number % 3]
        Snippet.objects.create(owner=owner, title=f"Exercise {number}", code=f"print({number})")
    # Texts that look like the traces of an attack, and are what they are.
    for title, code, language in [
        ("Why does this fail?", 'sqlite3.OperationalError: near "SELECT": syntax error', "sql"),
        ("The smallest page", "<script>alert('hello')</script>", "html"),
        ("First line of a file", "root:x:0:0:root:/root:/bin/bash", "text"),
        ("Read it aloud", "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>", "text"),
    ]:
        Snippet.objects.create(owner=people[0], title=title, code=code, language=language)
    for owner in people:
        Draft.objects.create(owner=owner, text=f"A thought of {owner.username}'s")
