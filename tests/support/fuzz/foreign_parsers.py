"""What reads bytes that somebody else made, beside the requests themselves; each with good examples.

A parser may say no, by the error that stands for bad input; anything else that it raises is a defect.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from google.protobuf.message import DecodeError
from support.proved_month import ProvedMonth, first_evidence

from vpp.agent.verification import Verification
from vpp.auction.dfs_rows import read_dfs_rows
from vpp.cli.settle.meter_file import read_meter_file
from vpp.flexibility.quantity_text import parse_quantity
from vpp.foundation.audit_export import ExportWriter, documents_of
from vpp.foundation.audit_verification import verify_export
from vpp.foundation.command_keys import read_verify_keys
from vpp.foundation.errors import InvalidInput, VppError
from vpp.foundation.spiffe_name import SpiffeName
from vpp.hub.baseline_rule_files import load_rule_files
from vpp.hub.product_files import read_product_text
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.rpc.peer_certificate import read_peer_certificate
from vpp.rpc.revocation_list import read_revocation_list
from vpp.rpc.token_keys import read_key_set
from vpp.settlement.bundle import bundle_bytes, read_bundle
from vpp.settlement.green_certificate_file import read_certificates
from vpp.settlement.manifest_check import read_manifest, verify
from vpp.settlement.statement_file import parse_csv
from vpp.v1.session_pb2 import Delivery, SignedDelivery

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
EXPECTED = (VppError, DecodeError, UnicodeDecodeError)
"""What a parser may say no with. Those that take text are handed text: bytes that are none end before."""
_PUBLISHED = b"""\
start_utc,end_utc,unit_id,volume_mw,price_gbp_per_mwh,status
2024-03-01 18:00:00+00:00,2024-03-01 18:30:00+00:00,EDF-01,18.0,750.0,Accepted
"""
_NOW = datetime(2026, 3, 4, tzinfo=UTC)
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Parser:
    """Something that reads foreign bytes.

    Attributes:
        read: Reads them.
        examples: Returns bytes that it takes, to begin with.
    """

    read: Callable[[bytes], object]
    examples: Callable[[], list[bytes]]


@cache
def _authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vpp")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = (
        builder.serial_number(1)
        .not_valid_before(_NOW)
        .not_valid_after(_NOW + _WEEK)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made, key


def _certificates() -> list[bytes]:
    authority, key = _authority()
    uri = x509.UniformResourceIdentifier("spiffe://vpp.example/party/owner-a/site/a/agent-a")
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(authority.subject)
    made = (
        builder.public_key(key.public_key())
        .serial_number(2)
        .not_valid_before(_NOW)
        .not_valid_after(_NOW + _WEEK)
        .add_extension(x509.SubjectAlternativeName([uri]), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return [made.public_bytes(serialization.Encoding.PEM)]


def _revocation_lists() -> list[bytes]:
    authority, key = _authority()
    revoked = x509.RevokedCertificateBuilder().serial_number(7).revocation_date(_NOW).build()
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.subject)
    made = (
        builder.last_update(_NOW)
        .next_update(_NOW + _WEEK)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_revoked_certificate(revoked)
        .sign(key, hashes.SHA256())
    )
    return [made.public_bytes(serialization.Encoding.PEM)]


def _public_keys() -> list[bytes]:
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    return [public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)]


@cache
def _month() -> ProvedMonth:
    return ProvedMonth(first_evidence())


@cache
def _statement() -> tuple[bytes, bytes]:
    files = _month().files("owner-b")
    [table] = [content for name, content in files.items() if name.endswith("_v1.csv")]
    [manifest] = [content for name, content in files.items() if name.endswith(".json")]
    return table, manifest


def _export() -> list[bytes]:
    writer = ExportWriter()
    content = writer.header(["market"], _NOW.isoformat())
    content += writer.trailer()
    return [content]


def _deliveries() -> list[bytes]:
    inner = Delivery(sequence=3, site="sites/a")
    signed = SignedDelivery(delivery=inner.SerializeToString(), signature=b"s" * 64, key_id="0" * 16)
    return [Delivery(sequence=3, signed_delivery=signed).SerializeToString(), inner.SerializeToString()]


def _key_sets() -> list[bytes]:
    numbers = _authority()[1].public_key().public_numbers()
    x, y = (urlsafe_b64encode(one.to_bytes(32)).rstrip(b"=").decode() for one in (numbers.x, numbers.y))
    key = {"kty": "EC", "kid": "one", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256"}
    return [json.dumps({"keys": [key]}).encode()]


def _in_a_file(suffix: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    def parse(content: bytes) -> object:
        with NamedTemporaryFile(suffix=suffix, dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as file:  # noqa: S108  in memory, where there is that
            file.write(content)
            file.flush()
            return read(Path(file.name))

    return parse


def _open_delivery(content: bytes) -> object:
    opened = Verification("sites/a", None, timedelta(minutes=5), lambda moment: moment)
    return opened.opened(Delivery.FromString(content), _NOW)


def _verified(content: bytes) -> object:
    lines = content.splitlines(keepends=True)
    verdict = verify_export(lines, keys={})
    if verdict.faults:
        raise InvalidInput(str(verdict.faults[0]))
    return list(documents_of(lines))


def _agreeing(content: bytes) -> object:
    table, _, manifest = content.partition(b"\x00")
    problems = verify(table, manifest)
    if problems:
        raise InvalidInput(problems[0])
    return manifest


@cache
def _rules() -> Mapping[str, BaselineRule]:
    return load_rule_files(CONFIGS / "baselines")


def _of_products() -> list[bytes]:
    return [file.read_bytes() for file in sorted((CONFIGS / "products").glob("*.toml"))[:3]]


PARSERS: Mapping[str, Parser] = {
    "names": Parser(
        lambda content: SpiffeName.parse(content.decode()),
        lambda: [b"spiffe://vpp.example/party/owner-a/site/a/agent-a", b"spiffe://vpp.example/hub/hub"],
    ),
    "certificates": Parser(lambda content: read_peer_certificate(content, "vpp.example"), _certificates),
    "revocation_lists": Parser(
        lambda content: read_revocation_list(content, [_authority()[0]]), _revocation_lists
    ),
    "public_keys": Parser(lambda content: read_verify_keys(content, "key"), _public_keys),
    "key_sets": Parser(lambda content: read_key_set(content, "keys"), _key_sets),
    "deliveries": Parser(_open_delivery, _deliveries),
    "audit_exports": Parser(_verified, _export),
    "statements": Parser(parse_csv, lambda: [_statement()[0]]),
    "manifests": Parser(read_manifest, lambda: [_statement()[1]]),
    "statements_and_manifests": Parser(
        _agreeing,
        lambda: [b"\x00".join(_statement())],
    ),
    "bundles": Parser(read_bundle, lambda: [bundle_bytes(_month().bundle("owner-b"))]),
    "green_certificates": Parser(
        lambda content: read_certificates(content, "owner-a"),
        lambda: [b"issuer,serial,kind,first_day,last_day,mwh\nrego,G1,wind,2026-02-01,2026-02-28,1\n"],
    ),
    "meter_files": Parser(
        _in_a_file(".csv", lambda path: read_meter_file(path, "a")),
        lambda: [b"start_time,net_power_kw\n2026-02-01T00:00:00Z,1.5\n2026-02-01T00:15:00Z,2\n"],
    ),
    "products": Parser(lambda content: read_product_text(_rules(), content.decode()), _of_products),
    "published_rows": Parser(
        lambda content: read_dfs_rows(content.decode()),
        lambda: [_PUBLISHED],
    ),
    "quantities": Parser(lambda content: parse_quantity(content.decode()), lambda: [b"5 MW", b"1.5 kWh"]),
}
"""By what they read."""
