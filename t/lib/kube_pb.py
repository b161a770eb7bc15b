# kube_pb.py KIND [API-VERSION] - writes the object on standard input, in JSON, as client-go writes it
# in protobuf: in its envelope, and with the empty strings and messages that it puts where there is
# nothing. Knows TokenRequest, TokenReview and SelfSubjectReview. Our own words for the format, apart
# from the server's: only so far as one can be wrong can the other find out.
# SPDX-License-Identifier: Apache-2.0
import json
import sys


def varint(number):
    number &= (1 << 64) - 1  # negative ones take ten bytes
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, data):
    if isinstance(data, str):
        data = data.encode()
    return varint(number << 3 | 2) + varint(len(data)) + data


def integer(number, value):
    return varint(number << 3) + varint(value)


def metadata(meta):
    return field(1, b"".join([
        field(1, meta.get("name", "")), field(2, ""), field(3, meta.get("namespace", "")),
        field(4, ""), field(5, meta.get("uid", "")), field(6, ""), integer(7, 0), field(8, "")]))


def strings(number, values):
    return b"".join(field(number, value) for value in values or [])


def request_spec(spec):
    out = strings(1, spec.get("audiences"))
    ref = spec.get("boundObjectRef")
    if ref is not None:
        out += field(3, b"".join(field(1 + i, ref.get(name, "")) for i, name in
                                 enumerate(["kind", "apiVersion", "name", "uid"])))
    if spec.get("expirationSeconds") is not None:
        out += integer(4, spec["expirationSeconds"])
    return field(2, out)


def review_spec(spec):
    return field(2, field(1, spec.get("token", "")) + strings(2, spec.get("audiences")))


KINDS = {
    "TokenRequest": lambda o: request_spec(o.get("spec", {})) + field(3, field(1, "") + field(2, "")),
    "TokenReview": lambda o: review_spec(o.get("spec", {})) + field(
        3, integer(1, 0) + field(2, field(1, "") + field(2, "")) + field(3, "")),
    "SelfSubjectReview": lambda o: field(2, field(1, field(1, "") + field(2, ""))),
}

kind = sys.argv[1]
version = sys.argv[2] if len(sys.argv) > 2 else "authentication.k8s.io/v1"
thing = json.load(sys.stdin)
raw = metadata(thing.get("metadata", {})) + KINDS[kind](thing)
sys.stdout.buffer.write(b"k8s\0" + field(1, field(1, version) + field(2, kind)) + field(2, raw) +
                        field(3, "") + field(4, ""))
