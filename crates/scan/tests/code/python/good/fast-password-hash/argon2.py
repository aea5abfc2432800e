from argon2 import PasswordHasher

def register(username, password):
    save(username, PasswordHasher().hash(password))
