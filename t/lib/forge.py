# forge.py TOKEN-FILE PUBLIC-PEM STANDBY-KID OUR-KEY DIR - tokens that nobody must believe, a file each
# in DIR. In DIR/stranger those of somebody who has a good token and the public key, and wants to be
# system:serviceaccount:demo:admin; in DIR/ours those that are signed well, by OUR-KEY, whose public
# half the issuer publishes, and say something that no token of ours says. DIR/ours/good is good.
# SPDX-License-Identifier: Apache-2.0
import base64
import datetime
import hashlib
import hmac
import json
import os
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

token_file, public_file, standby_kid, our_key_file, out_dir = sys.argv[1:]
token = open(token_file, encoding="ascii").read().strip()
public_pem = open(public_file, "rb").read()
our_key = serialization.load_pem_private_key(open(our_key_file, "rb").read(), None)
their_key = rsa.generate_private_key(65537, 2048)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(thing):
    return thing if isinstance(thing, str) else json.dumps(thing, separators=(",", ":"))


def der(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def kid_of(key):
    return b64(hashlib.sha256(der(key.public_key())).digest())


def rs256(key):
    return lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def hs256(secret):
    return lambda data: hmac.new(secret, data, "sha256").digest()


def make(header, payload, sign):
    signed = b64(compact(header).encode()) + "." + b64(compact(payload).encode())
    return signed + "." + (b64(sign(signed.encode())) if sign else "")


def jwk(key):
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "n": b64(numbers.n.to_bytes(256, "big")), "e": "AQAB", "kid": kid_of(key)}


def x5c(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    day = datetime.datetime(2026, 1, 1)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
            .public_key(key.public_key()).not_valid_before(day)
            .not_valid_after(day + datetime.timedelta(9999)).sign(key, hashes.SHA256()))
    return [base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()]


def write(folder, forgeries):
    os.makedirs(f"{out_dir}/{folder}")
    for name, text in forgeries.items():
        with open(f"{out_dir}/{folder}/{name}", "w", encoding="ascii") as file:
            file.write(text)


head, body, signature = token.split(".")
header, claims = json.loads(unb64(head)), json.loads(unb64(body))
kid = header["kid"]
wish = json.loads(compact(claims).replace('demo:app"', 'demo:admin"').replace('"app"', '"admin"'))
mine = rs256(their_key)
public = serialization.load_pem_public_key(public_pem)


def with_header(**members):
    return make({**header, **members}, wish, mine)


write("stranger", {
    "payload": f"{head}.{b64(compact(wish).encode())}.{signature}",
    "none": make({"alg": "none"}, wish, None),
    "none-kid": make({"alg": "none", "kid": kid}, wish, None),
    "none-case": make({"alg": "nOnE", "kid": kid}, wish, None),
    "none-signed": f'{b64(compact({"alg": "none", "kid": kid}).encode())}.{body}.{signature}',
    "no-alg": make({"kid": kid}, wish, mine),
    "no-signature": f"{head}.{body}.",
    "cut-signature": token[:-1],
    "short-signature": f"{head}.{body}.{b64(base64.urlsafe_b64decode(signature + '==')[:-3])}",
    "hs256-pem": make({"alg": "HS256", "kid": kid}, wish, hs256(public_pem)),
    "hs256-stripped": make({"alg": "HS256", "kid": kid}, wish, hs256(public_pem.strip())),
    "hs256-der": make({"alg": "HS256", "kid": kid}, wish, hs256(der(public))),
    "hs256-empty": make({"alg": "HS256", "kid": kid}, wish, hs256(b"")),
    "own-key": with_header(),
    "own-kid": with_header(kid=kid_of(their_key)),
    "swapped-kid": f"{b64(compact({**header, 'kid': standby_kid}).encode())}.{body}.{signature}",
    "no-kid": make({"alg": "RS256"}, wish, mine),
    "empty-kid": with_header(kid=""),
    "number-kid": with_header(kid=1),
    "list-kid": with_header(kid=[kid]),
    "path-kid": with_header(kid="../../../../dev/null"),
    "sql-kid": with_header(kid="' OR '1'='1"),
    "rs512": with_header(alg="RS512"),
    "ps256": with_header(alg="PS256"),
    "es256": with_header(alg="ES256"),
    "lower-alg": with_header(alg="rs256"),
    "jwk": with_header(jwk=jwk(their_key)),
    "jwk-own-kid": with_header(jwk=jwk(their_key), kid=kid_of(their_key)),
    "jku": with_header(jku="https://localhost:1/jwks", kid=kid_of(their_key)),
    "x5u": with_header(x5u="https://localhost:1/x5c"),
    "x5c": with_header(x5c=x5c(their_key)),
    "crit": with_header(crit=["exp"]),
    "twice-alg": make(f'{{"alg":"none","alg":"RS256","kid":"{kid}"}}', wish, mine),
    "twice-kid": make(f'{{"alg":"RS256","kid":"{kid_of(their_key)}","kid":"{kid}"}}', wish, mine),
    "padded": f"{head}==.{body}.{signature}",
    "standard-base64": f"{head}.{body}.{signature[:-5]}+/+/+",
    "blank": f"{head}. {body}.{signature}",
    "two-parts": f"{head}.{body}",
    "four-parts": f"{token}.",
    "five-parts": f"{token}.{body}.{signature}",
    "empty-parts": "..",
    "dots": "." * 1000,
    "nested": make({"alg": "RS256", "kid": kid, "cty": "JWT"}, json.dumps(token), mine),
    "list-payload": make(header, [wish], mine),
    "huge": make(header, {**wish, "x": "A" * 10000}, mine),
})

ours = {"alg": "RS256", "kid": kid_of(our_key)}
good = rs256(our_key)


def say(**members):
    changed = {**claims, **members}
    return make(ours, {name: value for name, value in changed.items() if value is not None}, good)


def kubernetes(**members):
    changed = {**claims["kubernetes.io"], **members}
    return say(**{"kubernetes.io": {n: v for n, v in changed.items() if v is not None}})


def twice(member):
    text = compact(claims)
    return make(ours, text[:-1] + "," + compact({member: claims[member]})[1:], good)


account = claims["kubernetes.io"]["serviceaccount"]
write("ours", {
    "good": say(),
    "crit": make({**ours, "crit": ["exp"]}, claims, good),
    "crit-b64": make({**ours, "crit": ["b64"], "b64": True}, claims, good),
    "crit-empty": make({**ours, "crit": []}, claims, good),
    "twice-alg": make(f'{{"alg":"none","alg":"RS256","kid":"{ours["kid"]}"}}', claims, good),
    "twice-kid": make(f'{{"alg":"RS256","kid":"{kid}","kid":"{ours["kid"]}"}}', claims, good),
    "twice-sub": twice("sub"),
    "twice-aud": twice("aud"),
    "twice-exp": twice("exp"),
    "twice-within": make(ours, compact(claims).replace('"namespace":', '"namespace":"x","namespace":'), good),
    "no-exp": say(exp=None),
    "text-exp": say(exp=str(claims["exp"])),
    "float-exp": say(exp=claims["exp"] + 0.5),
    "huge-exp": make(ours, compact(claims).replace(str(claims["exp"]), "9" * 40), good),
    "no-nbf": say(nbf=None),
    "future-nbf": say(nbf=claims["nbf"] + 1000),
    "no-iat": say(iat=None),
    "future-iat": say(iat=claims["iat"] + 1000),
    "no-iss": say(iss=None),
    "other-iss": say(iss="https://elsewhere.example.org"),
    "slash-iss": say(iss=claims["iss"] + "/"),
    "no-aud": say(aud=None),
    "empty-aud": say(aud=[]),
    "other-aud": say(aud=["elsewhere"]),
    "aud-with-nul": say(aud=[claims["aud"][0] + "\0"]),
    "no-sub": say(sub=None),
    "other-sub": say(sub="system:serviceaccount:demo:admin"),
    "other-name": kubernetes(serviceaccount={**account, "name": "admin"}),
    "other-namespace": kubernetes(namespace="kube-system"),
    "other-uid": kubernetes(serviceaccount={**account, "uid": "11111111-1111-4111-8111-111111111111"}),
    "no-uid": kubernetes(serviceaccount={"name": account["name"]}),
    "not-kubernetes": say(**{"kubernetes.io": None}),
    "text-kubernetes": say(**{"kubernetes.io": "x"}),
    "pod-without-uid": kubernetes(pod={"name": "p"}),
    "text-pod": kubernetes(pod="p"),
    "null-pod": make(ours, {**claims, "kubernetes.io": {**claims["kubernetes.io"], "pod": None}}, good),
    "other-pod": kubernetes(pod={"name": "q", "uid": "11111111-1111-4111-8111-111111111111"}),
    "other-node": kubernetes(node={"name": "q", "uid": "11111111-1111-4111-8111-111111111111"}),
    "secret": kubernetes(secret={"name": "s", "uid": "11111111-1111-4111-8111-111111111111"}),
})
