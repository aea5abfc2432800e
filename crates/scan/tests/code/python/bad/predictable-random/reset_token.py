import random, string

def start_reset(user):
    token = "".join(random.choice(string.ascii_letters) for _ in range(32))
    mail(user, token)
