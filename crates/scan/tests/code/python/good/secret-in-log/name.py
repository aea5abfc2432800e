def login(username, password):
    logger.debug("login attempt of %s", username)
    return check(username, password)
