import jwt

def issue(user):
    return jwt.encode({"sub": user.id, "role": user.role}, settings.JWT_KEY, algorithm="HS256")
