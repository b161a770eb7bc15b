#!/usr/bin/python3
# sts.py - an STS of the tests' own: AssumeRoleWithWebIdentity as AWS answers it. It believes a token
# only by the issuer's discovery document and keys, fetched over TLS as a stranger would, and forgives
# no second. The role NAME may be assumed by the service account NAMESPACE/NAME alone.
#
# GetCallerIdentity knows whoever signs with credentials that it gave (it looks at their names, not at
# the signature); POST /v1/token is Google's exchange, for tokens whose audience is that of the provider.
#
#   sts.py ISSUER CA PORT-FILE LOG-FILE
#
# The time is that of $TEST_CLOCK, if it is set. LOG-FILE gets a line of JSON for each request. While
# there is a file "sts.mode" it does as that says: "STATUS" answers so, "garbage" is no XML, "stall"
# takes 3 s of sleep before it closes the connection, "short SECONDS" gives credentials of that life.
# SPDX-License-Identifier: Apache-2.0
import http.server
import json
import os
import secrets
import ssl
import sys
import time
import urllib.parse
import urllib.request
from xml.sax.saxutils import escape

import jwt

ISSUER, CA, PORT_FILE, LOG_FILE = sys.argv[1:]
KEYS_AGE = 300  # as the issuer's max-age says
NS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


def now():
    path = os.environ.get("TEST_CLOCK")
    if not path:
        return time.time()
    with open(path) as f:
        return int(f.read().split()[0])


def mode():
    try:
        with open("sts.mode") as f:
            return f.read().split()
    except FileNotFoundError:
        return []


class Keys:
    """The issuer's keys, fetched when they are old or one is missing; old ones serve while the issuer is away."""
    by_kid, fetched = {}, None

    def fetch(self):
        context = ssl.create_default_context(cafile=CA)

        def get(url):
            with urllib.request.urlopen(url, context=context, timeout=5) as answer:
                return json.load(answer)
        document = get(ISSUER + "/.well-known/openid-configuration")
        if document["issuer"] != ISSUER:
            raise Refused(400, "InvalidIdentityToken", "the issuer is another")
        self.by_kid = {k["kid"]: jwt.PyJWK(k).key for k in get(document["jwks_uri"])["keys"]}
        self.fetched = now()

    def find(self, kid):
        if kid not in self.by_kid or not self.fetched or abs(now() - self.fetched) > KEYS_AGE:
            try:
                self.fetch()
            except OSError as e:
                if kid not in self.by_kid:
                    raise Refused(400, "IDPCommunicationError", "no keys: %s" % e)
        if kid not in self.by_kid:
            raise Refused(400, "InvalidIdentityToken", "no OpenIDConnect key of that name")
        return self.by_kid[kid]


keys = Keys()
given = {}  # access key: session token, ARN


def claims_of(token, audience="sts.amazonaws.com"):
    try:
        key = keys.find(jwt.get_unverified_header(token)["kid"])
        claims = jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=ISSUER,
                            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False,
                                     "require": ["exp", "iat", "nbf", "sub"]})
    except (jwt.PyJWTError, KeyError, UnicodeError) as e:
        raise Refused(400, "InvalidIdentityToken", str(e))
    if claims["exp"] <= now():
        raise Refused(400, "ExpiredTokenException", "Token expired: %d" % (now() - claims["exp"]))
    if claims["nbf"] > now():
        raise Refused(400, "InvalidIdentityToken", "not yet valid")
    return claims


def assume(form):
    one = {k: v[0] for k, v in form.items() if len(v) == 1}
    if one.get("Action") != "AssumeRoleWithWebIdentity" or one.get("Version") != "2011-06-15":
        raise Refused(400, "InvalidAction", "unknown action")
    claims = claims_of(one["WebIdentityToken"])
    role = one["RoleArn"].split("/")[-1]
    if claims["sub"].split(":")[-1] != role:
        raise Refused(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    return one, claims


def answer(one, claims):
    life = int(one.get("DurationSeconds", 3600))
    if mode()[:1] == ["short"]:
        life = int(mode()[1])
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now() + life))
    arn = one["RoleArn"].replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/" + one["RoleSessionName"]
    access_key, session = "ASIA%s" % secrets.token_hex(8).upper(), "FQ%s/+==" % secrets.token_hex(40)
    given[access_key] = session, arn
    return """<AssumeRoleWithWebIdentityResponse %s>
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>%s</SubjectFromWebIdentityToken>
    <Audience>sts.amazonaws.com</Audience>
    <Provider>%s</Provider>
    <AssumedRoleUser><AssumedRoleId>AROA:%s</AssumedRoleId><Arn>%s</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>%s</AccessKeyId>
      <SecretAccessKey>%s</SecretAccessKey>
      <SessionToken>%s</SessionToken>
      <Expiration>%s</Expiration>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>""" % (
        NS, escape(claims["sub"]), escape(ISSUER), one["RoleSessionName"], arn,
        access_key, secrets.token_hex(20), session, expires, secrets.token_hex(16))


def identity(headers):
    access_key = headers.get("Authorization", "").partition("Credential=")[2].split("/")[0]
    session, arn = given.get(access_key, (None, None))
    if not session or headers.get("X-Amz-Security-Token") != session:
        raise Refused(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
    return """<GetCallerIdentityResponse %s><GetCallerIdentityResult>
    <Arn>%s</Arn><UserId>AROA:%s</UserId><Account>%s</Account>
  </GetCallerIdentityResult><ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>""" % (NS, arn, arn.split("/")[-1], arn.split(":")[4], secrets.token_hex(16))


def google(form):
    one = {k: v[0] for k, v in form.items() if len(v) == 1}
    if (one.get("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange" or
            one.get("subject_token_type") != "urn:ietf:params:oauth:token-type:jwt"):
        raise Refused(400, "invalid_request", "unknown grant_type or subject_token_type")
    provider = one.get("audience", "")
    claims = claims_of(one["subject_token"], ["https:" + provider, provider])
    if claims["exp"] - claims["iat"] >= 48 * 3600:
        raise Refused(400, "invalid_grant", "the token lives too long")
    return claims, json.dumps({"access_token": "ya29.%s" % secrets.token_hex(20), "expires_in": 3600,
                               "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                               "token_type": "Bearer"})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def send(self, status, body):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        record = {"role": form.get("RoleArn", [None])[0], "session": form.get("RoleSessionName", [None])[0]}
        how = mode()
        try:
            if how[:1] == ["stall"]:
                time.sleep(3)
                self.close_connection = True
                record["result"] = "stall"
                return
            if how and how[0].isdigit():
                raise Refused(int(how[0]), "Told", "as told")
            if self.path == "/v1/token":
                (claims, body), result = google(form), "exchanged"
            elif form.get("Action") == ["GetCallerIdentity"]:
                claims, body, result = {"sub": None, "jti": None}, identity(self.headers), "known"
            else:
                one, claims = assume(form)
                body, result = answer(one, claims), "ok"
            record.update(sub=claims["sub"], jti=claims["jti"], result=result)
            status, body = 200, "garbage" if how == ["garbage"] else body
        except Refused as e:
            record["result"] = e.code
            record["why"] = str(e)
            status, body = e.status, (
                "<ErrorResponse %s><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message>"
                "</Error><RequestId>r</RequestId></ErrorResponse>" % (NS, e.code, escape(str(e))))
        finally:
            with open(LOG_FILE, "a") as f:
                f.write(json.dumps(record) + "\n")
        self.send(status, body)  # after the record: whoever has the answer may look for it


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(PORT_FILE + ".new", "w") as f:
    f.write("%d\n" % server.server_port)
os.rename(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
