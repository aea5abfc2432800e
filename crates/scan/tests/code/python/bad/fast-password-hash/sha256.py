import hashlib

def register(username, password):
    digest = hashlib.sha256(password.encode("utf-8")).hexdigest()
    save(username, digest)
