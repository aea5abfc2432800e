import os
SECRET_KEY = os.environ["SECRET_KEY"]
API_KEY = "changeme-in-production"
