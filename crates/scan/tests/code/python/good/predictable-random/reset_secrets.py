import secrets

def start_reset(user):
    token = secrets.token_urlsafe(32)
    mail(user, token)
