# world.py - what must have been in the recorded server: users and their rights, service accounts,
# pods, nodes and keys. All of it is read from the recorded answers.
# SPDX-License-Identifier: Apache-2.0
import collections
import copy
import re
import uuid

from golden.recording import Broken, is_jwt, member, text_of, texts_of, token_parts, why

USER = re.compile(r'User "([^"]*)" cannot')
UID_SAID = re.compile(r"(service account|pod|node) UID \(([^)]*)\) does not match")
GONE = re.compile(r'^\[invalid bearer token, serviceaccounts "([^"]*)" not found\]$')

ALGORITHMS = ("RS256", "ES256")  # of ours

Pod = collections.namedtuple("Pod", "uid account node")


class Objects:
    """Service accounts, pods and nodes by name."""

    def __init__(self):
        self.accounts = {}  # (namespace, name): uid
        self.pods = {}  # (namespace, name): Pod
        self.nodes = {}  # name: uid

    def kinds(self):
        return (self.accounts, self.pods, self.nodes)

    def learn(self, claims):
        """What a token says that was found good."""
        about = member(claims, "kubernetes.io")
        namespace = member(about, "namespace")
        name = member(about, "serviceaccount", "name")
        if not isinstance(namespace, str) or not isinstance(name, str):
            return
        self.accounts[namespace, name] = text_of(member(about, "serviceaccount", "uid"))
        pod, node = (text_of(member(about, kind, "name")) for kind in ("pod", "node"))
        pod_uid, node_uid = (text_of(member(about, kind, "uid")) for kind in ("pod", "node"))
        if node and node_uid:
            self.nodes[node] = node_uid
        if pod and pod_uid:
            self.pods[namespace, pod] = Pod(pod_uid, name, node or None)

    def rename(self, kind, claims, uid):
        """What such a token is bound to has this uid now."""
        about = member(claims, "kubernetes.io")
        name = member(about, kind, "name")
        if kind == "pod":
            account = member(about, "serviceaccount", "name")
            self.pods[member(about, "namespace"), name] = Pod(uid, account, None)
        else:
            self.nodes[name] = uid

    def forget(self, claims):
        """What such a token is bound to is gone: the pod, or without one the node."""
        about = member(claims, "kubernetes.io")
        if member(about, "pod"):
            self.pods.pop((member(about, "namespace"), member(about, "pod", "name")), None)
        elif member(about, "node"):
            self.nodes.pop(member(about, "node", "name"), None)


def learn_from_review(objects, exchange):
    claims = token_parts(exchange.reviewed)[1]
    status = member(exchange.answer.json, "status")
    error = text_of(member(status, "error"))
    namespace = member(claims, "kubernetes.io", "namespace")
    name = member(claims, "kubernetes.io", "serviceaccount", "name")
    said = UID_SAID.search(error)
    if member(status, "authenticated"):
        objects.learn(claims)
    elif GONE.match(error):
        objects.accounts.pop((namespace, GONE.match(error).group(1)), None)
    elif said and said.group(1) == "service account":
        objects.accounts[namespace, name] = said.group(2)
    elif said:
        objects.learn(claims)
        objects.rename(said.group(1), claims, said.group(2))
    elif "has been invalidated" in error:
        objects.learn(claims)
        objects.forget(claims)


def learn_from_request(objects, exchange):
    namespace, name = exchange.account
    answer = exchange.answer
    bound = text_of(member(exchange.json, "spec", "boundObjectRef", "name"))
    uid = text_of(member(answer.json, "metadata", "uid"))
    if exchange.jwt:
        objects.learn(exchange.jwt["payload"])
    elif answer.status == 201 and uid:
        objects.accounts[namespace, name] = uid
    elif answer.status == 404 and member(answer.json, "details", "kind") == "serviceaccounts":
        objects.accounts.pop((namespace, name), None)
        return
    elif answer.status == 404:
        objects.pods.pop((namespace, bound), None)
        objects.nodes.pop(bound, None)
    elif answer.status == 409 and bound:
        objects.pods.setdefault((namespace, bound), Pod(str(uuid.uuid4()), name, None))
        objects.nodes.setdefault(bound, str(uuid.uuid4()))
    elif "different serviceaccount name" in text_of(member(answer.json, "message")):
        objects.pods[namespace, bound] = Pod(str(uuid.uuid4()), "another-account", None)
    if not exchange.is_impersonating:
        objects.accounts.setdefault((namespace, name), str(uuid.uuid4()))


def learn(objects, exchange):
    if exchange.bearer and is_jwt(exchange.bearer) and exchange.answer.status != 401:
        objects.learn(token_parts(exchange.bearer)[1])
    if exchange.is_token_review and exchange.answer.status == 201:
        learn_from_review(objects, exchange)
    elif exchange.account and exchange.answer.status not in (401, 403, 405, 406, 413, 415):
        learn_from_request(objects, exchange)


class World:
    """Of one file of exchanges."""

    def __init__(self, exchanges):
        self.objects = Objects()
        for exchange in exchanges:
            found = Objects()
            learn(found, exchange)
            for ours, theirs in zip(self.objects.kinds(), found.kinds()):
                for key, value in theirs.items():
                    ours.setdefault(key, value)
        self.issuer = issuer_of(exchanges)
        self.audiences = default_audiences(exchanges) or [self.issuer]
        self.algorithm = algorithm_of(exchanges)
        self.max_lifetime = max_lifetime_of(exchanges)
        self.backdate = 0

    def at(self, exchange):
        """The objects that there were when this exchange was recorded."""
        objects = copy.deepcopy(self.objects)
        learn(objects, exchange)
        return objects


def issuer_of(exchanges):
    for exchange in exchanges:
        issuer = text_of(member(exchange.answer.json, "issuer"))
        if exchange.jwt:
            issuer = text_of(exchange.jwt["payload"].get("iss"))
        if issuer:
            return issuer
    for exchange in exchanges:
        claims = token_parts(exchange.bearer or exchange.reviewed)[1]
        if exchange.answer.status in (200, 201) and text_of(member(claims, "iss")):
            return claims["iss"]
    hosts = [exchange.header("Host") for exchange in exchanges if exchange.header("Host")]
    return "https://" + (hosts + ["localhost"])[0]


def default_audiences(exchanges):
    """What most requests got that named none. (Of odd ones some mean more than they seem to.)"""
    seen = collections.Counter()
    for exchange in exchanges:
        answer = exchange.answer.json
        if member(exchange.json, "spec", "audiences"):
            continue
        if exchange.account and exchange.answer.status == 201:
            seen[tuple(texts_of(member(answer, "spec", "audiences")))] += 1
        elif exchange.is_token_review and member(answer, "status", "authenticated"):
            seen[tuple(texts_of(member(answer, "status", "audiences")))] += 1
    seen.pop((), None)  # of answers that are not JSON
    return list(seen.most_common(1)[0][0]) if seen else None


def algorithm_of(exchanges):
    """The first in use that we have."""
    used = [exchange.jwt["header"].get("alg") for exchange in exchanges if exchange.jwt]
    return ([alg for alg in used if alg in ALGORITHMS] + ["RS256"])[0]


def max_lifetime_of(exchanges):
    """2^32 s is the most that can be asked for; a shorter limit shows in a warning."""
    for exchange in exchanges:
        for warning in exchange.answer.all("Warning"):
            found = re.search(r"shortened to (\d+) seconds", warning)
            if found:
                return int(found.group(1))
    return 1 << 32


def keys_of(exchanges, everything):
    """The public keys of this server's JWKS, by kid; if it shows none, any that are known and of
    the algorithms that its discovery document names."""
    named = [algorithm for exchange in exchanges for algorithm in
             texts_of(exchange.answer.json.get("id_token_signing_alg_values_supported"))]
    return jwks_of(exchanges) or {
        kid: key for kid, key in jwks_of(everything).items()
        if not named or key.get("alg") in named
    }


def jwks_of(exchanges):
    return {
        key["kid"]: key
        for exchange in exchanges
        for key in exchange.answer.json.get("keys") or []
        if text_of(member(key, "kid"))
    }


class User:
    def __init__(self, secret, number):
        self.secret = secret
        self.other_secrets = []
        self.name = "user-%d" % number
        self.groups = []
        self.namespaces = set()  # that they may have tokens of
        self.is_reviewer = False

    def take(self, other):
        """Another who proves to be the same."""
        if self.secret and other.secret:
            self.other_secrets.append(other.secret)
        self.secret = self.secret or other.secret
        self.groups = sorted({*self.groups, *other.groups})
        self.namespaces |= other.namespaces
        self.is_reviewer = self.is_reviewer or other.is_reviewer


def secrets_of(exchanges):
    """Credentials that are no JWTs and were accepted somewhere."""
    return sorted({
        exchange.bearer
        for exchange in exchanges
        if exchange.bearer and not is_jwt(exchange.bearer) and exchange.answer.status != 401
    })


def identify(users, exchanges):
    """Names and groups, as answers tell them."""
    for exchange in exchanges:
        said = USER.search(text_of(member(exchange.answer.json, "message")))
        info = member(exchange.answer.json, "status", "userInfo")
        user = users.get(exchange.bearer)
        if member(exchange.answer.json, "status", "authenticated"):
            info = member(exchange.answer.json, "status", "user")
            user = users.get(exchange.reviewed)
        elif exchange.is_impersonating:
            continue
        if user and text_of(member(info, "username")):
            user.name = info["username"]
            user.groups = sorted({*texts_of(info.get("groups"))} - {"system:authenticated"})
        elif user and said and said.group(1) != "system:anonymous":
            user.name = said.group(1)


def caller_of(exchange, users):
    """The user who asks, known by a secret or named in a token."""
    token = exchange.bearer
    if token and is_jwt(token):
        user = User(None, 0)
        user.name = text_of(member(token_parts(token)[1], "sub"))
        return users.setdefault(token, user)
    return users.get(token)


def allow(users, exchanges):
    """The rights that callers have been seen to have."""
    for exchange in exchanges:
        user = caller_of(exchange, users)
        if not user or exchange.is_impersonating or exchange.answer.status in (401, 403):
            continue
        if exchange.account:
            user.namespaces.add(exchange.account[0])
        user.is_reviewer = user.is_reviewer or bool(exchange.is_token_review)
    for user in users.values():
        if "system:masters" in user.groups:
            user.namespaces = {"*"}
            user.is_reviewer = True


def merged(users):
    """One for each name, who may have several secrets."""
    by_name = {}
    for user in users:
        if user.name in by_name:
            by_name[user.name].take(user)
        else:
            by_name[user.name] = user
    return list(by_name.values())


def users_of(everything, exchanges):
    """All who are known in `exchanges`; their names may stand in any file of `everything`, but who
    tells best is the file itself."""
    users = {
        secret: User(secret, number) for number, secret in enumerate(secrets_of(exchanges))
    }
    identify(users, everything)
    identify(users, exchanges)
    allow(users, exchanges)
    return merged(users.values())


def checked(exchange):
    """It, or why nothing can be learned from it: odd as it is, it must not spoil its file."""
    if exchange.broken:
        return exchange
    try:
        World([exchange]).at(exchange)
        users_of([exchange], [exchange])
        keys_of([exchange], [exchange])
    except Exception as error:
        return Broken(exchange.id, "what it says makes no sense: " + why(error))
    return exchange
