import jwt

def issue(user):
    exp = datetime.now(timezone.utc) + timedelta(minutes=15)
    return jwt.encode({"sub": user.id, "exp": exp}, settings.JWT_KEY, algorithm="HS256")
