# recording.py - recorded exchanges with a kube-apiserver, read from a *.jsonl file: a line is one
# request, its answer, and what the token in the answer says.
# SPDX-License-Identifier: Apache-2.0
import base64
import email.utils
import gzip
import json
import re


def headers_of(part, name):
    return [value for key, value in part["headers"] if key.lower() == name.lower()]


def body_of(part):
    if part.get("body_base64") is not None:
        return base64.b64decode(part["body_base64"])
    return (part.get("body") or "").encode()


def json_of(data):
    try:
        return json.loads(data)
    except ValueError:
        return None


def object_of(data):
    value = json_of(data)
    return value if isinstance(value, dict) else {}


def member(value, *path):
    """What lies at a path of members; None if there is nothing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def token_parts(token):
    """Header and claims of a token, unverified; None for each that is not a JSON object."""
    parts = []
    for part in (token.strip().split(".") + ["", ""])[:2]:
        try:
            raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
            parts.append(json.loads(raw))
        except ValueError:
            parts.append(None)
    return [part if isinstance(part, dict) else None for part in parts]


def is_jwt(token):
    return token_parts(token)[0] is not None


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = gzip.decompress(body) if self.one("Content-Encoding") == "gzip" else body
        self.json = object_of(self.body)

    def all(self, name):
        return headers_of({"headers": self.headers}, name)

    def one(self, name):
        return (self.all(name) + [None])[0]

    @property
    def media_type(self):
        return (self.one("Content-Type") or "").split(";")[0]


class Exchange:
    def __init__(self, record):
        request, response = record["request"], record["response"]
        self.id = record["id"]
        self.method = request["method"]
        self.target = request["path"]
        self.path = self.target.split("?")[0]
        self.query = self.target.partition("?")[2]
        self.headers = request["headers"]
        self.body = body_of(request)
        self.json = object_of(self.body)
        self.answer = Answer(
            int(response["status_line"].split()[1]), response["headers"], body_of(response)
        )
        # Of other answers the recording decodes what was reviewed.
        self.jwt = record.get("jwt") if self.account else None
        self.date = int(email.utils.parsedate_to_datetime(self.answer.one("Date")).timestamp())
        self.left_out = None
        if request.get("body_note"):
            self.left_out = "its request's body was not recorded"
        elif response.get("body_note"):
            self.left_out = "its answer's body was not recorded"

    def header(self, name):
        return (headers_of({"headers": self.headers}, name) + [None])[0]

    @property
    def accept(self):
        return self.header("Accept") or ""

    @property
    def content_type(self):
        return (self.header("Content-Type") or "").split(";")[0].strip()

    @property
    def bearer(self):
        """The token that RFC 6750 finds in the request, or None."""
        found = re.fullmatch(r"bearer (\S+)( .*)?", (self.header("Authorization") or "").strip(),
                             re.I)
        return found and found.group(1)

    @property
    def is_impersonating(self):
        return any(name.lower().startswith("impersonate-") for name, _ in self.headers)

    @property
    def account(self):
        """(namespace, name) that a token is asked for, or None."""
        found = re.fullmatch(r"/api/v1/namespaces/([^/]+)/serviceaccounts/([^/]+)/token/?",
                             self.path)
        return found and found.groups()

    @property
    def is_token_review(self):
        return re.fullmatch(r"/apis/authentication\.k8s\.io/[^/]+/tokenreviews/?", self.path)

    @property
    def reviewed(self):
        """The token that is to be reviewed, or ""."""
        token = member(self.json, "spec", "token")
        if self.is_token_review and isinstance(token, str):
            return token
        # Of protobuf requests the answer tells.
        token = member(self.answer.json, "spec", "token")
        return token if self.is_token_review and isinstance(token, str) else ""


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [Exchange(json.loads(line)) for line in lines]
