# departures.py - where we differ from kube-apiserver on purpose. Each rule is a row of the table
# "Departures" in doc/kubernetes.md; it says for which requests it holds and what our answer has to
# be then, so that it excuses nothing else. Rules look at requests and answers, never at names.
# SPDX-License-Identifier: Apache-2.0
import collections
import json
import re

from golden.compare import compare, mask_claims, mask_metadata
from golden.recording import is_jwt, member, text_of, texts_of, token_parts

GROUP = "/apis/authentication.k8s.io"
PUBLIC = ("/.well-known/openid-configuration", "/openid/v1/jwks")
INDEXES = ("/api", "/api/v1", "/apis", GROUP, GROUP + "/v1", GROUP + "/v1beta1")
REVIEWS = tuple(
    "%s/%s/%s" % (GROUP, version, kind)
    for version, kind in (
        ("v1", "tokenreviews"), ("v1beta1", "tokenreviews"), ("v1", "selfsubjectreviews"))
)
V1BETA1 = GROUP + "/v1beta1"
HEALTH = re.compile(r"/(healthz|livez|metrics|readyz)(/|$)")
OTHER_FORMS = ("application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor")
VIEWS = ("PartialObjectMetadata", "Table")
# What the answer differs in, if it is the same in all else.
VERSION_MEMBERS = re.compile(
    r"\.body\.(build|git|go|compiler|platform|minCompatibility|emulation|major|minor)")
INDEX_MEMBERS = re.compile(r"\.body\.(groups|resources|versions|preferredVersion)\b")

RULES = []


def rule(name):
    def add(function):
        RULES.append((name, function))
        return function
    return add


class Case:
    """One exchange, our answer to it, the lines in which that differs, and how to ask more."""

    def __init__(self, world, exchange, ours, differences, ask):
        self.world = world
        self.exchange = exchange
        self.theirs = exchange.answer
        self.ours = ours
        self.differences = differences
        self.ask = ask
        self.path = exchange.path.rstrip("/")

    @property
    def is_served(self):
        return (self.exchange.account is not None or self.path in INDEXES + REVIEWS
                or self.path == "/version")

    @property
    def is_anonymous_to_them(self):
        return self.exchange.bearer is None

    @property
    def is_refused(self):
        """Is our answer a Status that says no? (One to HEAD has no body.)"""
        return (400 <= self.ours.status < 500 and self.ours.media_type == "application/json"
                and (self.exchange.method == "HEAD" or (
                    self.ours.json.get("kind") == "Status"
                    and self.ours.json.get("code") == self.ours.status)))

    def we_refuse(self, status, reason):
        """Is our answer such a Status?"""
        return self.is_refused and self.ours.status == status and (
            self.exchange.method == "HEAD" or self.ours.json.get("reason") == reason)

    def differs_only_in(self, pattern):
        return all(re.match(pattern, line) for line in self.differences)

    def both(self, status):
        return self.theirs.status == status == self.ours.status


@rule("public-documents")
def public_documents(case):
    """Discovery and JWKS are for everybody: credentials, Accept and rights are not looked at."""
    if case.path not in PUBLIC or case.theirs.status in (404, 405):
        return False
    if case.exchange.method not in ("GET", "HEAD"):
        return case.we_refuse(405, "MethodNotAllowed")
    return case.theirs.status != 200 and case.ours.status == 200 and (
        bool(case.ours.json) or case.exchange.method == "HEAD")


@rule("public-caching")
def public_caching(case):
    """They have an ETag, and may be asked for with HEAD."""
    if case.path not in PUBLIC:
        return False
    if case.exchange.header("If-None-Match"):
        return case.ours.status == 304 and not case.ours.body
    return (case.exchange.method == "HEAD" and case.ours.status == 200
            and case.theirs.status == 405)


@rule("jwks-uri")
def jwks_uri(case):
    """The keys are where the issuer is."""
    return case.both(200) and case.differs_only_in(r"\.body\.jwks_uri:") and (
        case.ours.json["jwks_uri"] == case.world.issuer + PUBLIC[1])


@rule("health")
def health(case):
    """Health is /livez and /readyz, beside /metrics on the listener for operators."""
    if not HEALTH.match(case.exchange.path):
        return False
    if case.path not in ("/livez", "/readyz", "/metrics"):
        return case.we_refuse(404, "NotFound") or case.we_refuse(401, "Unauthorized")
    if case.exchange.method not in ("GET", "HEAD"):
        return case.we_refuse(405, "MethodNotAllowed")
    return case.ours.status == 200 and case.ours.media_type == "text/plain"


@rule("two-credentials")
def two_credentials(case):
    """Which of two did they mean?"""
    headers = [name for name, _ in case.exchange.headers if name.lower() == "authorization"]
    return len(headers) > 1 and case.we_refuse(401, "Unauthorized")


@rule("impersonation")
def impersonation(case):
    return case.exchange.is_impersonating and case.we_refuse(403, "Forbidden")


@rule("anonymous")
def anonymous(case):
    """Nobody is system:anonymous: who shows nothing that we know gets 401, whatever the path."""
    if not case.is_anonymous_to_them:
        return False
    if case.exchange.header("Authorization") is not None or (
            case.is_served and case.path != "/version"):
        return case.we_refuse(401, "Unauthorized")
    return False


@rule("open-version")
def open_version(case):
    """/version is for everybody, as kube-apiserver has it by default."""
    return (case.path == "/version" and case.exchange.header("Authorization") is None
            and case.theirs.status in (401, 403) and case.ours.status == 200)


@rule("other-resources")
def other_resources(case):
    """There is a token API here, and no other part of Kubernetes."""
    is_theirs = case.theirs.status != 404 or case.theirs.media_type != "text/plain"
    return (is_theirs and not case.is_served and case.path not in PUBLIC
            and case.we_refuse(404, "NotFound"))


@rule("not-found")
def not_found(case):
    """404 is a Status, too."""
    return (case.theirs.status == 404 and case.theirs.media_type == "text/plain"
            and case.we_refuse(404, "NotFound"))


@rule("method-first")
def method_first(case):
    """What no caller can do is said before what this caller may do."""
    return case.theirs.status == 403 and case.is_served and case.we_refuse(405, "MethodNotAllowed")


@rule("timeout")
def timeout(case):
    """Whoever waits decides how long; `timeout` in the query is not looked at."""
    said = text_of(member(case.theirs.json, "message"))
    return case.theirs.status == 400 and "invalid timeout" in said and case.ours.status < 300


def range_has_json(one):
    """Does this element of an Accept header allow an object as it is, in JSON?"""
    name, *parameters = [part.strip().lower() for part in one.split(";")]
    return name in ("*/*", "application/*", "application/json") and not any(
        re.match(r"as=|q=[0.]+$", parameter) for parameter in parameters)


def accepts_json(exchange):
    return not exchange.accept.strip() or any(
        range_has_json(one) for one in exchange.accept.split(","))


def is_json_of_theirs(case):
    """Is ours the object that is theirs in another form? The recording decodes its token."""
    kind = text_of(case.ours.json.get("kind"))
    token = case.exchange.jwt
    claims = token_parts(member(case.ours.json, "status", "token"))[1]
    return (
        case.ours.status == case.theirs.status and case.ours.media_type == "application/json"
        and kind != "" and kind.encode() in case.theirs.body
        and case.differs_only_in(r"\.(body|type|is indented):")
        and (token is None or claims is not None
             and mask_claims(claims) == mask_claims(token["payload"])))


@rule("views")
def views(case):
    """Objects are whole, or not acceptable."""
    asked = [view for view in VIEWS if "as=" + view in case.exchange.accept]
    if case.theirs.status >= 300 or not any(view.encode() in case.theirs.body for view in asked):
        return False
    if not accepts_json(case.exchange):
        return case.we_refuse(406, "NotAcceptable")
    metadata, ours = (mask_metadata(member(answer.json, "metadata") or {})
                      for answer in (case.theirs, case.ours))
    return (case.ours.status == case.theirs.status and case.differs_only_in(r"\.(body|type):")
            and (metadata == ours or case.theirs.json.get("kind") != "PartialObjectMetadata"))


@rule("json-only")
def json_only(case):
    """Requests are JSON or protobuf, answers JSON."""
    if case.exchange.content_type in ("application/yaml", "application/cbor") and (
            case.we_refuse(415, "UnsupportedMediaType")):
        return True
    if case.theirs.media_type not in OTHER_FORMS:
        return False
    if not accepts_json(case.exchange) and case.we_refuse(406, "NotAcceptable"):
        return True
    if case.theirs.status < 400:
        return accepts_json(case.exchange) and is_json_of_theirs(case)
    # Refusals come in JSON, whatever is asked for.
    return case.is_refused and case.ours.status == case.theirs.status


@rule("quality-zero")
def quality_zero(case):
    """What has quality 0 is not sent (RFC 9110 12.4.2)."""
    return re.search(r";\s*q=0(\.0*)?\s*(;|,|$)", case.exchange.accept) is not None and (
        case.theirs.status < 300 and case.we_refuse(406, "NotAcceptable"))


@rule("request-ids")
def request_ids(case):
    """An Audit-Id that is long, or not printable, is replaced."""
    given = case.exchange.header("Audit-Id")
    return given is not None and not re.fullmatch("[!-~]{1,64}", given) and (
        case.differs_only_in(r"\.audit-id: .*, ours [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"))


@rule("aggregated-discovery")
def aggregated_discovery(case):
    """The plain lists, which clients fall back to, are short enough."""
    if "apidiscovery.k8s.io" not in case.exchange.accept or case.path not in INDEXES:
        return False
    if not accepts_json(case.exchange):
        return case.we_refuse(406, "NotAcceptable")
    return case.ours.status == 200 and case.ours.media_type == "application/json"


@rule("index")
def index(case):
    """We list what we serve."""
    if case.path not in INDEXES or case.exchange.method != "GET" or case.ours.status != 200:
        return False
    return case.theirs.status == 200 and case.differs_only_in(INDEX_MEMBERS)


@rule("version")
def version(case):
    return (case.path == "/version" and case.both(200)
            and set(case.theirs.json) == set(case.ours.json)
            and case.differs_only_in(VERSION_MEMBERS))


@rule("v1beta1")
def v1beta1(case):
    """kube-apiserver has given up TokenReview v1beta1; old clients have not."""
    if case.theirs.status != 404 or not (case.path + "/").startswith(V1BETA1 + "/"):
        return False
    if case.path == V1BETA1 and case.exchange.method == "GET" and case.ours.status == 200:
        return member(case.ours.json, "groupVersion") == "authentication.k8s.io/v1beta1"
    return case.is_refused or (
        case.ours.status == 201
        and member(case.ours.json, "apiVersion") == "authentication.k8s.io/v1beta1")


@rule("secret-binding")
def secret_binding(case):
    ref = member(case.exchange.json, "spec", "boundObjectRef")
    return member(ref, "kind") == "Secret" and case.we_refuse(400, "BadRequest")


@rule("long-pod-tokens")
def long_pod_tokens(case):
    """A token lives as long as the answer says."""
    return case.differs_only_in(
        r"\.body\.status\.token\.claims\.(exp|kubernetes\.io\.warnafter):") and case.both(201) and (
            member(case.exchange.jwt, "payload", "kubernetes.io", "warnafter") is not None)


def has_odd_text(body):
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return True
    try:
        text = json.dumps(json.loads(text), ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return True
    except (ValueError, RecursionError):
        return False
    return "\\u0000" in text


@rule("text")
def text_rule(case):
    """Text is Unicode, and without zero bytes: what no policy can compare is not signed."""
    return has_odd_text(case.exchange.body) and (
        case.we_refuse(400, "BadRequest") or case.we_refuse(403, "Forbidden"))


def has_huge_number(body):
    """One beyond 64 bits, or beyond a double?"""
    try:
        found = re.findall(r"-?\d+[\d.eE+-]*", re.sub(r'"(\\.|[^"\\])*"', "", body.decode()))
        return any(not -2 ** 63 <= float(number) < 2 ** 63 for number in found)
    except ValueError:
        return False


@rule("huge-numbers")
def huge_numbers(case):
    """Numbers are read even where nobody needs them."""
    return (case.theirs.status < 300 and has_huge_number(case.exchange.body)
            and case.we_refuse(400, "BadRequest"))


class Members(list):
    """The members of an object as they stand there: a name may come twice."""


def has_repeated_objects(value):
    if not isinstance(value, list):
        return False
    if not isinstance(value, Members):
        return any(has_repeated_objects(one) for one in value)
    names = collections.Counter(name for name, one in value if isinstance(one, Members))
    return any(count > 1 for count in names.values()) or any(
        has_repeated_objects(one) for _, one in value)


def merged(value, before=None):
    """As Go reads it: a repeated object is added to what came before."""
    if isinstance(value, Members):
        whole = before if isinstance(before, dict) else {}
        for name, one in value:
            whole[name] = merged(one, whole.get(name))
        return whole
    return [merged(one) for one in value] if isinstance(value, list) else value


def merged_body(body):
    """With no object twice; None if none is, or nobody can tell."""
    try:
        members = json.loads(body, object_pairs_hook=Members)
        return json.dumps(merged(members)).encode() if has_repeated_objects(members) else None
    except (ValueError, RecursionError):
        return None


@rule("repeated-members")
def repeated_members(case):
    """Of objects of one name the last counts, whole; Go merges them. So we warn as they do, and
    answer what is merged already as they answer this."""
    body = merged_body(case.exchange.body)
    differs_in_warnings = any(line.startswith(".warnings") for line in case.differences)
    if body is None or (case.both(201) and differs_in_warnings):
        return False
    ours = case.ask(case.exchange.with_body(body))
    return all(line.startswith(".warnings") for line in compare(case.exchange, ours))


WARNINGS_MAX = 16  # on members of a body
WARNING_TEXT_MAX = 256  # bytes
WARNINGS_SIZE_MAX = 1024  # bytes of header


def text_of_warning(warning):
    """What it says, as bytes."""
    quoted = re.fullmatch(r'299 - "(.*)"', warning, re.DOTALL)
    return re.sub(r"\\(.)", r"\1", quoted.group(1)).encode() if quoted else warning.encode()


def is_start(whole, start):
    """Cut where there is no room for more, but no character in two."""
    return whole == start or (
        len(whole) > WARNING_TEXT_MAX >= len(start) > WARNING_TEXT_MAX - 4
        and whole.startswith(start))


def those_with_room(warnings):
    kept, size = [], 0
    for warning in warnings[:WARNINGS_MAX]:
        length = min(len(warning.encode()), WARNING_TEXT_MAX + len('299 - ""'))
        if size + length <= WARNINGS_SIZE_MAX:
            kept.append(warning)
            size += len("Warning: ") + length + len("\r\n")
    return kept


@rule("many-warnings")
def many_warnings(case):
    """As many as there is room for in an answer's head."""
    theirs = [text_of_warning(one) for one in those_with_room(case.theirs.all("Warning"))]
    ours = [text_of_warning(one) for one in case.ours.all("Warning")]
    return (case.differs_only_in(r"\.warnings:") and len(theirs) == len(ours)
            and all(is_start(*pair) for pair in zip(theirs, ours)))


TOKEN_MAX = 65536  # characters
CLAIMS_MAX = (TOKEN_MAX - 1024) * 3 // 4  # bytes; the rest is for header and signature


def size_of_claims(case):
    """Of the token that they mint; its audiences alone may be long enough."""
    token = text_of(member(case.theirs.json, "status", "token"))
    audiences = texts_of(member(case.exchange.json, "spec", "audiences"))
    written = json.dumps(audiences, ensure_ascii=False, separators=(",", ":"))
    return max(len((token.split(".") + [""])[1]) * 3 // 4, len(written.encode(errors="replace")))


@rule("limits")
def limits(case):
    """A token must be short enough for its verifiers."""
    if case.exchange.is_token_review:
        return (len(case.exchange.reviewed) > TOKEN_MAX and they_accept(case)
                and is_refused_token(case))
    return (case.exchange.account is not None and case.theirs.status == 201
            and size_of_claims(case) > CLAIMS_MAX and case.we_refuse(400, "BadRequest"))


def claims_are_loose(header, claims):
    """Would we never sign that?"""
    about = member(claims, "kubernetes.io")
    subject = "system:serviceaccount:%s:%s" % (
        member(about, "namespace"), member(about, "serviceaccount", "name"))
    return (
        header.get("alg") not in ("RS256", "ES256")
        or not header.get("kid")
        or any(type(claims.get(name)) is not int for name in ("exp", "iat", "nbf"))
        or not claims.get("aud")
        or claims.get("sub") != subject
        or not member(about, "serviceaccount", "uid")
    )


def is_refused_token(case):
    status = member(case.ours.json, "status")
    if case.exchange.is_token_review:
        return case.ours.status == 201 and not member(status, "authenticated") and bool(
            member(status, "error"))
    return case.we_refuse(401, "Unauthorized")


def token_in_question(case):
    token = case.exchange.reviewed or case.exchange.bearer or ""
    return token_parts(token) if is_jwt(token) else [None, None]


def they_accept(case):
    if case.exchange.is_token_review:
        return bool(member(case.theirs.json, "status", "authenticated"))
    return case.theirs.status < 400


@rule("strict-tokens")
def strict_tokens(case):
    """Only what we would sign is good: RS256 or ES256, a kid, all claims, an own sub."""
    header, claims = token_in_question(case)
    return (header is not None and claims is not None and they_accept(case)
            and claims_are_loose(header, claims) and is_refused_token(case))


@rule("one-issuer")
def one_issuer(case):
    header, claims = token_in_question(case)
    return (header is not None and they_accept(case)
            and member(claims, "iss") != case.world.issuer and is_refused_token(case))


# What we say of a token where kube-apiserver says that. In a pattern of ours, \1 is what the first
# group of theirs has found.
SIGNATURE = (r"signature is not good|algorithm is '|critical header extensions|"
             r"not as RFC 7519 has them")
KEY = r"signed by an unknown key|names no key"
FORM = r"not a JWT: |no whole-number '|is malformed|names no service account|not for audience"
REVIEW_ERRORS = tuple((re.compile(theirs), ours) for theirs, ours in (
    (r"token has expired", r"the token expired at "),
    (r"token is not valid yet", r"not valid before "),
    (r"token is issued in the future", r"issued in the future"),
    (r"is invalid for the target audiences",
     r"not for audience|for this API, and no other audience"),
    (r"token has been invalidated", r"token has been invalidated"),
    (r"(service account|pod|node|secret) UID \([^)]*\) does not match",
     r"\1 UID \([^)]*\) does not match"),
    (r'(\w+ "[^"]*") not found', r"\1 not found"),
    (r"service account \S+/(\S+) has been deleted", r'serviceaccounts "\1" not found'),
    (r"no keys found", KEY),
    (r"error in cryptographic primitive", SIGNATURE),
    (r"Token does not match server's copy", r"the token's issuer is '"),
    (r"resource name may not be empty", r"names no service account"),
    (r"unmarshal|unexpected|go-jose", FORM),
))
# Theirs is nobody's: no JWT, or of another issuer.
NOBODYS = (r"not a JWT: |unknown secret|for this API, and no other audience|"
           r"longer than \d+ characters")
# The reasons of strict-tokens, which may come before another that they have.
STRICT = r"algorithm is '|names no key|%s|sub is not the service account it names" % FORM


def our_reasons(case, said):
    """Patterns of what we may say of the token of which they have `said` that."""
    header, claims = token_in_question(case)
    if said == "invalid bearer token":
        yield NOBODYS
        if claims is not None and claims.get("iss") != case.world.issuer:
            yield "the token's issuer is '|" + SIGNATURE + "|" + KEY
    for theirs, ours in REVIEW_ERRORS:
        found = theirs.search(said)
        if found:
            yield ours.replace("\\1", re.escape((found.groups() or ("",))[0]))
            break
    if header is not None and claims is not None and claims_are_loose(header, claims):
        yield STRICT


@rule("review-errors")
def review_errors(case):
    """Why a token is not good: the same reason, in our words, and more of them."""
    if not (case.exchange.is_token_review and case.both(201)
            and case.differs_only_in(r"\.body\.status\.error:")):
        return False
    said = text_of(member(case.theirs.json, "status", "error"))
    ours = re.fullmatch(r"\[invalid bearer token, (.+)\]",
                        text_of(member(case.ours.json, "status", "error")))
    return ours is not None and any(
        re.search(pattern, ours.group(1)) for pattern in our_reasons(case, said))


@rule("client-uid")
def client_uid(case):
    """Clients have names, and no uids."""
    return case.both(201) and case.differs_only_in(
        r"\.body\.status\.(user|userInfo)\.uid: theirs .*, ours \(absent\)$")


def explain(world, exchange, ours, differences, ask):
    """The name of the rule that allows these differences, or None; `ask` gives our answer to an
    exchange."""
    case = Case(world, exchange, ours, differences, ask)
    for name, holds in RULES:
        if holds(case):
            return name
    return None
