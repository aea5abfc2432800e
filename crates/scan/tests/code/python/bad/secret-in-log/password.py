def login(username, password):
    logger.debug(f"login {username} with {password}")
    return check(username, password)
