import random

def retry(n):
    delay = random.random() * 2 ** n
    time.sleep(delay)
