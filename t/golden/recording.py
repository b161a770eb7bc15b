# recording.py - recorded exchanges with a kube-apiserver, read from a *.jsonl file: a line is one
# request, its answer, and what the token in the answer says. A line that is none of that is told
# apart, and spoils no other.
# SPDX-License-Identifier: Apache-2.0
import base64
import copy
import email.utils
import gzip
import json
import re
import time


def headers_of(part, name):
    return [value for key, value in part["headers"] if key.lower() == name.lower()]


def body_of(part):
    """Its bytes; one that is absent is empty."""
    encoded, text = part.get("body_base64"), part.get("body")
    if not isinstance(encoded, (str, type(None))) or not isinstance(text, (str, type(None))):
        raise ValueError("a body is not a text")
    return base64.b64decode(encoded) if encoded is not None else (text or "").encode()


def json_of(data):
    """None for what is no JSON, or so deep that nobody means it."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def object_of(data):
    value = json_of(data)
    return value if isinstance(value, dict) else {}


def member(value, *path):
    """What lies at a path of members; None if there is nothing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_of(value):
    return value if isinstance(value, str) else ""


def texts_of(value):
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def token_parts(token):
    """Header and claims of a token, unverified; None for each that is not a JSON object."""
    parts = []
    for part in (text_of(token).strip().split(".") + ["", ""])[:2]:
        try:
            parts.append(json_of(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
        except ValueError:
            parts.append(None)
    return [part if isinstance(part, dict) else None for part in parts]


def is_jwt(token):
    return token_parts(token)[0] is not None


def why(error):
    """An exception in one line."""
    return "%s: %s" % (type(error).__name__, " ".join(str(error).split()))


def part_of(record, name):
    """Request or response of a record, if it is one; ValueError says what it lacks."""
    part = member(record, name)
    if not isinstance(part, dict):
        raise ValueError("it has no " + name)
    headers = part.get("headers") or []
    if not isinstance(headers, list) or not all(
            isinstance(header, list) and len(header) == 2 and texts_of(header) == header
            for header in headers):
        raise ValueError("a header of its %s is not a name and a text" % name)
    return {**part, "headers": headers}


def status_of(response):
    found = re.match(r"HTTP/\S+ ([1-9]\d\d)\b", text_of(response.get("status_line")))
    if not found:
        raise ValueError("its answer has no status line")
    return int(found.group(1))


def as_utf8(text):
    """Header values are bytes: one who reads them as Latin-1 sees other characters in them."""
    try:
        return text.encode("latin-1").decode()
    except ValueError:
        return text


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = [(name, as_utf8(value)) for name, value in headers]
        self.body = gzip.decompress(body) if self.one("Content-Encoding") == "gzip" else body
        self.json = object_of(self.body)

    def all(self, name):
        return headers_of({"headers": self.headers}, name)

    def one(self, name):
        return (self.all(name) + [None])[0]

    @property
    def media_type(self):
        return (self.one("Content-Type") or "").split(";")[0]

    @property
    def date(self):
        """In seconds; None if it does not say."""
        try:
            return int(email.utils.parsedate_to_datetime(self.one("Date")).timestamp())
        except (TypeError, ValueError, OverflowError):
            return None


class Broken:
    """A line that is no exchange, and why."""

    def __init__(self, name, broken):
        self.id = name
        self.broken = broken


class Exchange:
    broken = None

    def __init__(self, name, record):
        request, response = part_of(record, "request"), part_of(record, "response")
        self.id = name
        self.method = text_of(request.get("method"))
        self.target = text_of(request.get("path"))
        if not self.method or not self.target.startswith("/"):
            raise ValueError("its request has no method, or no path")
        self.path = self.target.split("?")[0]
        self.query = self.target.partition("?")[2]
        self.headers = request["headers"]
        self.body = body_of(request)
        self.json = object_of(self.body)
        self.answer = Answer(status_of(response), response["headers"], body_of(response))
        # Of other answers the recording decodes what was reviewed.
        self.jwt = self.minted(record.get("jwt")) if self.account else None
        self.date = self.answer.date
        self.left_out = None
        if request.get("body_note"):
            self.left_out = "its request's body was not recorded"
        elif response.get("body_note"):
            self.left_out = "its answer's body was not recorded"

    def minted(self, decoded):
        """Header and payload of the token in the answer; answers that are not JSON are `decoded`
        in the recording."""
        header, payload = token_parts(member(self.answer.json, "status", "token"))
        if header is None or payload is None:
            header, payload = member(decoded, "header"), member(decoded, "payload")
        is_token = isinstance(header, dict) and isinstance(payload, dict)
        return {"header": header, "payload": payload} if is_token else None

    def with_body(self, body):
        """The same request but for its body."""
        other = copy.copy(self)
        other.body = body
        other.headers = [header for header in self.headers
                         if header[0].lower() not in ("content-length", "transfer-encoding")]
        other.headers.append(["Content-Length", str(len(body))])
        return other

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


def read_line(number, line):
    name = "line-%d" % number
    try:
        record = json.loads(line.decode("utf-8-sig"))
        name = text_of(member(record, "id")) or name
        return Exchange(name, record)
    except Exception as error:  # whatever is wrong with it, the other lines may be good
        return Broken(name, str(error) if type(error) is ValueError else why(error))


def fill_dates(exchanges):
    """An answer without a date came when the one before it did; the first, with the next."""
    date = next((exchange.date for exchange in exchanges if exchange.date), int(time.time()))
    for exchange in exchanges:
        exchange.date = date = exchange.date or date


def read(path):
    try:
        with open(path, "rb") as lines:
            exchanges = [read_line(*one) for one in enumerate(lines, 1) if one[1].strip()]
    except OSError as error:
        return [Broken("file", why(error))]
    fill_dates([exchange for exchange in exchanges if not exchange.broken])
    return exchanges
