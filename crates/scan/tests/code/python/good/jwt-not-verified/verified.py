import jwt

def user_of(token):
    return jwt.decode(token, PUBLIC_KEY, algorithms=["EdDSA"], audience="api")["sub"]
