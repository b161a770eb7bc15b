# pyjwt.py ISSUER-URL CA-FILE TOKEN-FILE AUDIENCE - verifies by PyJWT, given only the issuer's URL.
# SPDX-License-Identifier: Apache-2.0
import json
import ssl
import sys
import urllib.request

import jwt



def main():
    issuer, ca_file, token_file, audience = sys.argv[1:]
    context = ssl.create_default_context(cafile=ca_file)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
    urllib.request.install_opener(opener)
    with urllib.request.urlopen(issuer + "/.well-known/openid-configuration") as answer:
        discovery = json.load(answer)
    token = open(token_file).read()
    key = jwt.PyJWKClient(discovery["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token,
        key.key,
        algorithms=discovery["id_token_signing_alg_values_supported"],
        audience=audience,
        issuer=issuer,
        options={"require": ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"]},
    )
    print(claims["sub"])


try:
    main()
except jwt.PyJWTError as error:
    sys.exit(f"refused: {error!r}")
