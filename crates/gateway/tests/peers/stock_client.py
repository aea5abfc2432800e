"""What stock libraries of Python make of an issuer: its discovery document, its key set and a token of it.

usage: stock_client.py URL TOKEN
"""

import json
import sys
import urllib.request

import jwt
from authlib.jose import JsonWebKey, JsonWebToken

site, token = sys.argv[1:]


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


document = get(f"{site}/.well-known/openid-configuration")
issuer = document["issuer"]
# The issuer is known by another address than the one that this test reaches it by.
keys_at = document["jwks_uri"].replace(issuer, site)
algorithms = document["id_token_signing_alg_values_supported"]

key = jwt.PyJWKClient(keys_at).get_signing_key_from_jwt(token)
claims = jwt.decode(
    token,
    key.key,
    algorithms=algorithms,
    issuer=issuer,
    audience=issuer,
    options={"require": ["exp", "iat", "nbf", "sub", "aud", "iss", "jti"]},
)
print("PyJWT:", claims["sub"])
for changed in (token[:-3] + "AAA", token.rsplit(".", 1)[0] + "."):
    try:
        jwt.decode(changed, key.key, algorithms=algorithms, issuer=issuer, audience=issuer)
    except jwt.InvalidTokenError:
        continue
    sys.exit("a changed token passes")

options = {name: {"essential": True, "value": issuer} for name in ("iss", "aud")}
keys = JsonWebKey.import_key_set(get(keys_at))
claims = JsonWebToken(algorithms).decode(token, keys, claims_options=options)
claims.validate()
print("Authlib:", claims["sub"])
