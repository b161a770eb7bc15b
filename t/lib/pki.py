# pki.py - a CA for callers, and what it signs: certificates of every good and bad kind, and lists
# of those that were revoked. Works in the current directory; FILE stands for FILE.pem and FILE.key.
# Certificates are good for a day before and after $TEST_CLOCK, or now.
#   pki.py ca FILE NAME [CA]                   a CA, of its own or below another
#   pki.py caller CA FILE [OPTION...]          a certificate: --cn NAME, --o GROUP (may be repeated),
#                                              --usage client|server|none, --expired, --early;
#                                              --chain puts the CA's into FILE.pem, too
#   pki.py crl CA FILE [--outdated] [CERTIFICATE...]     a list of those, in FILE
# SPDX-License-Identifier: Apache-2.0
import argparse
import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID



def now():
    clock = os.environ.get("TEST_CLOCK")
    if clock:
        with open(clock, encoding="ascii") as file:
            return datetime.datetime.utcfromtimestamp(int(file.read().split()[0]))
    return datetime.datetime.utcnow().replace(microsecond=0)


NOW = now()
DAY = datetime.timedelta(days=1)
USAGE = {"client": ExtendedKeyUsageOID.CLIENT_AUTH, "server": ExtendedKeyUsageOID.SERVER_AUTH}


def write(path, data):
    # In one step: a daemon may read the file at any time.
    with open(os.open(path + ".new", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    os.rename(path + ".new", path)


def load(name):
    with open(name + ".pem", "rb") as pem:
        certificate = x509.load_pem_x509_certificate(pem.read())
    with open(name + ".key", "rb") as pem:
        return certificate, serialization.load_pem_private_key(pem.read(), None)


def keep(name, certificate, key):
    write(name + ".pem", certificate.public_bytes(serialization.Encoding.PEM))
    write(name + ".key", key.private_bytes(serialization.Encoding.PEM,
                                           serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()))


def builder(subject, issuer, key, first, last):
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(first).not_valid_after(last))


def ca(args):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, args.name)])
    issuer, issuer_key = name, key
    if args.ca:
        above, issuer_key = load(args.ca)
        issuer = above.subject
    certificate = (builder(name, issuer, key, NOW - DAY, NOW + 30 * DAY)
                   .add_extension(x509.BasicConstraints(True, None), critical=True)
                   .sign(issuer_key, hashes.SHA256()))
    keep(args.file, certificate, key)


def caller(args):
    authority, authority_key = load(args.ca)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, o) for o in args.o] +
                        [x509.NameAttribute(NameOID.COMMON_NAME, cn) for cn in args.cn])
    first, last = NOW - DAY, NOW + DAY
    if args.expired:
        first, last = NOW - 2 * DAY, NOW - DAY
    if args.early:
        first, last = NOW + DAY, NOW + 2 * DAY
    made = builder(subject, authority.subject, key, first, last)
    if args.usage in USAGE:
        made = made.add_extension(x509.ExtendedKeyUsage([USAGE[args.usage]]), critical=False)
    keep(args.file, made.sign(authority_key, hashes.SHA256()), key)
    if args.chain:
        with open(args.file + ".pem", "ab") as pem:
            pem.write(authority.public_bytes(serialization.Encoding.PEM))


def crl(args):
    authority, key = load(args.ca)
    made = (x509.CertificateRevocationListBuilder().issuer_name(authority.subject)
            .last_update(NOW - 2 * DAY)
            .next_update(NOW - DAY if args.outdated else NOW + DAY))
    for name in args.certificate:
        made = made.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(load(name)[0].serial_number)
            .revocation_date(NOW - 2 * DAY).build())
    write(args.file, made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


parser = argparse.ArgumentParser()
deeds = parser.add_subparsers(required=True)
deed = deeds.add_parser("ca")
deed.set_defaults(run=ca)
deed.add_argument("file")
deed.add_argument("name")
deed.add_argument("ca", nargs="?")
deed = deeds.add_parser("caller")
deed.set_defaults(run=caller)
deed.add_argument("ca")
deed.add_argument("file")
deed.add_argument("--cn", action="append", default=[])
deed.add_argument("--o", action="append", default=[])
deed.add_argument("--usage", choices=["client", "server", "none"], default="client")
deed.add_argument("--expired", action="store_true")
deed.add_argument("--early", action="store_true")
deed.add_argument("--chain", action="store_true")
deed = deeds.add_parser("crl")
deed.set_defaults(run=crl)
deed.add_argument("ca")
deed.add_argument("file")
deed.add_argument("--outdated", action="store_true")
deed.add_argument("certificate", nargs="*")
args = parser.parse_args()
args.run(args)
