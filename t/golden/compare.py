# compare.py - two answers to one request, the recorded one and ours: in what do they differ, once
# that is masked which no two servers share (keys, times, random ids)?
# SPDX-License-Identifier: Apache-2.0
import re
import urllib.parse

from golden.recording import member, text_of, token_parts

UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
TIMES = ("creationTimestamp", "expirationTimestamp")


def mask_text(text):
    return UUID.sub("<uid>", text)


def kind_of(value):
    """The type of a JSON value; of lists and objects also what is in them."""
    if isinstance(value, dict):
        return {name: kind_of(one) for name, one in value.items()}
    if isinstance(value, list):
        return [kind_of(one) for one in value]
    return type(value).__name__


def mask_key(jwk):
    return {name: value if name in ("use", "kty", "alg", "crv") else kind_of(value)
            for name, value in jwk.items()}


def mask_claims(claims):
    masked = dict(claims)
    issued = claims.get("iat", 0)
    for name in ("exp", "nbf", "iat"):
        if isinstance(masked.get(name), int) and isinstance(issued, int):
            masked[name] = "iat + %d" % (masked[name] - issued)
    if UUID.fullmatch(text_of(masked.get("jti"))):
        masked["jti"] = "<uid>"
    return masked


def mask_token(token):
    header, claims = token_parts(token)
    if header is None or claims is None:
        return token
    return {"header": {**header, "kid": kind_of(header.get("kid"))}, "claims": mask_claims(claims),
            "order": list(claims)}


def mask_metadata(metadata):
    masked = {name: value for name, value in metadata.items() if name != "managedFields"}
    for name in TIMES:
        if name in masked:
            masked[name] = kind_of(masked[name])
    return masked


def mask_status(answer):
    """Of a Status: what a program looks at. Its message is for people, and compared apart."""
    masked = {name: answer.get(name) for name in ("kind", "apiVersion", "status", "reason", "code")}
    details = dict(answer.get("details") or {})
    causes = details.pop("causes", None)
    if causes is not None:
        details["causes"] = [
            {name: cause.get(name) for name in ("reason", "field")} for cause in causes
        ]
    return {**masked, "details": details}


def mask_body(answer):
    body = answer.json
    if body.get("kind") == "Status":
        return mask_status(body)
    if "keys" in body:
        # How many there are is a matter of rotation, not of form.
        return {"keys": sorted({str(sorted(mask_key(key).items())) for key in body["keys"]})}
    if not body:
        return answer.body.decode(errors="replace")
    masked = dict(body)
    if "jwks_uri" in body:
        # kube-apiserver advertises an address of its own there.
        masked["jwks_uri"] = "<server>" + urllib.parse.urlsplit(body["jwks_uri"]).path
    if "serverAddressByClientCIDRs" in body:
        masked["serverAddressByClientCIDRs"] = kind_of(body["serverAddressByClientCIDRs"])
    if isinstance(masked.get("metadata"), dict):
        masked["metadata"] = mask_metadata(masked["metadata"])
    if body.get("kind") == "TokenRequest" and isinstance(body.get("status"), dict):
        masked["status"] = {
            **body["status"],
            "token": mask_token(member(body, "status", "token")),
            "expirationTimestamp": kind_of(body["status"].get("expirationTimestamp")),
        }
    return masked


def is_alike(theirs, ours):
    """Objects of two kinds have nothing to compare member by member."""
    return theirs.get("kind") == ours.get("kind")


def shown(value):
    """The start of it, in one line."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(value)[:160])


def differences(path, theirs, ours):
    """One line per member that differs."""
    if isinstance(theirs, dict) and isinstance(ours, dict) and is_alike(theirs, ours):
        return [
            line
            for name in sorted(set(theirs) | set(ours))
            for line in differences(
                "%s.%s" % (path, name), theirs.get(name, "(absent)"), ours.get(name, "(absent)")
            )
        ]
    if theirs == ours:
        return []
    return ["%s: theirs %s, ours %s" % (path, shown(theirs), shown(ours))]


def caching_of(answer):
    """How long a public document may be kept is a setting."""
    return re.sub(r"max-age=\d+", "max-age=<seconds>", answer.one("Cache-Control") or "")


def view(exchange, answer):
    """What is compared of an answer."""
    return {
        "status": answer.status,
        "type": answer.one("Content-Type"),
        "warnings": [mask_text(warning) for warning in answer.all("Warning")],
        "audit-id": answer.one("Audit-Id") if exchange.header("Audit-Id") else None,
        "caching": caching_of(answer),
        "is indented": answer.status < 300 and answer.body.startswith(b"{\n"),
        "body": mask_body(answer),
    }


def compare(exchange, ours):
    return differences("", view(exchange, exchange.answer), view(exchange, ours))


def same_message(exchange, ours):
    """None if there is no message to compare."""
    theirs = text_of(member(exchange.answer.json, "message"))
    said = text_of(member(ours.json, "message"))
    if not theirs or not said or exchange.answer.status != ours.status:
        return None
    return mask_text(theirs) == mask_text(said)
