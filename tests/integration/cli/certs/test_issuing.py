import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from support.made_certificates import AGENT, HUB, NOON, OPERATOR, issued, new_authority

from vpp.cli.certs.authority import new_key
from vpp.cli.certs.issuing import (
    install_pair,
    issue_for_request,
    issue_pair,
    rotate_pair,
    write_request,
)
from vpp.foundation.certificate_name import name_of
from vpp.foundation.certificate_pair import next_file, read_certificate, read_pair
from vpp.foundation.errors import AlreadyExists, InvalidInput, NotFound, WrongState

DAY = timedelta(days=1)
SHORT = rsa.generate_private_key(65537, 1024)  # noqa: S505  short on purpose


def test_a_key_is_its_holders_alone_and_nothing_is_written_over(tmp_path: Path) -> None:
    with new_authority(tmp_path / "ca") as authority:
        written = issue_pair(authority, AGENT, tmp_path / "tls" / "site", NOON)
        assert written.key_file is not None
        assert stat.S_IMODE(written.key_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(written.certificate_file.stat().st_mode) == 0o644
        before = written.key_file.read_bytes()
        with pytest.raises(AlreadyExists, match=r"site\.pem exists; `vpp certs rotate`"):
            issue_pair(authority, AGENT, tmp_path / "tls" / "site", NOON)
        assert len(authority.log.certificates) == 1
    assert written.key_file.read_bytes() == before


def test_a_request_gives_its_key_and_nothing_else(tmp_path: Path) -> None:
    request_file, key_file = write_request(tmp_path / "site")
    key_before = key_file.read_bytes()
    with new_authority(tmp_path / "ca") as authority:
        issue_for_request(authority, AGENT, request_file, tmp_path / "site", NOON)
    assert read_pair(tmp_path / "site.pem", key_file).name == AGENT.name
    assert key_file.read_bytes() == key_before
    with pytest.raises(AlreadyExists, match=r"site\.csr exists"):
        write_request(tmp_path / "site")


def test_names_that_a_request_asks_for_are_not_given(tmp_path: Path) -> None:
    asked = x509.SubjectAlternativeName(
        [x509.UniformResourceIdentifier(str(HUB.name)), x509.DNSName("localhost")]
    )
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub")]))
        .add_extension(asked, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(new_key(), hashes.SHA256())
    )
    (tmp_path / "greedy.csr").write_bytes(request.public_bytes(Encoding.PEM))
    with new_authority(tmp_path / "ca") as authority:
        written = issue_for_request(authority, AGENT, tmp_path / "greedy.csr", tmp_path / "site", NOON)
    assert name_of(written.certificate) == AGENT.name
    names = written.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == []
    assert not written.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert written.certificate.subject.rfc4514_string() == "CN=agent-site-001"


def forged() -> bytes:
    """Return a request whose key is another's: signed with one, naming one after it."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    true, other = (builder.sign(new_key(), hashes.SHA256()).public_bytes(Encoding.DER) for _ in range(2))
    place = true.index(b"\x03\x42\x00\x04") + 4
    swapped = true[:place] + other[place : place + 64] + true[place + 64 :]
    return x509.load_der_x509_csr(swapped).public_bytes(Encoding.PEM)


def signed_with(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM)  # type: ignore[arg-type]  # either is allowed


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (lambda: b"", "is no certificate request in PEM"),
        (forged, "not signed with the key that it asks for"),
        (lambda: signed_with(SHORT), "RSA of at least 2048 bits"),
        (lambda: signed_with(ed25519.Ed25519PrivateKey.generate()), "expected P-256"),
    ],
)
def test_requests_that_prove_nothing_are_refused(
    tmp_path: Path, content: Callable[[], bytes], complaint: str
) -> None:
    (tmp_path / "odd.csr").write_bytes(content())
    with new_authority(tmp_path / "ca") as authority:
        with pytest.raises(InvalidInput, match=complaint):
            issue_for_request(authority, AGENT, tmp_path / "odd.csr", tmp_path / "site", NOON)
        assert not authority.log.certificates
    assert not (tmp_path / "site.pem").exists()


@pytest.mark.parametrize("revokes_old", [False, True])
def test_a_rotation_keeps_the_name_and_makes_a_new_key(tmp_path: Path, *, revokes_old: bool) -> None:
    with new_authority(tmp_path / "ca") as authority:
        old = issued(authority, HUB, tmp_path / "hub")
        later = NOON + 20 * DAY
        rotate_pair(authority, tmp_path / "hub.pem", tmp_path / "hub.key", later, revokes_old=revokes_old)
        new = read_pair(tmp_path / "hub.pem", tmp_path / "hub.key")
        assert authority.known(old.serial).state(later) == ("revoked" if revokes_old else "valid")
        assert authority.known(new.serial).state(later) == "valid"
        assert (
            authority.known(new.serial).dns_names == authority.known(old.serial).dns_names == ("localhost",)
        )
    assert (new.name, new.not_after) == (old.name, later + 30 * DAY)
    assert new.key_pem != old.key_pem
    assert stat.S_IMODE((tmp_path / "hub.key").stat().st_mode) == 0o600
    names = read_certificate(new.certificate_pem, "hub").extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == ["localhost"]
    assert not list(tmp_path.glob("*.next"))


def test_a_revoked_certificate_and_a_strangers_are_not_rotated(tmp_path: Path) -> None:
    with new_authority(tmp_path / "other") as other:
        issued(other, OPERATOR, tmp_path / "stranger")
    with new_authority(tmp_path / "ca") as authority:
        pair = issued(authority, OPERATOR, tmp_path / "operator")
        authority.revoke(pair.serial, "key_compromise", NOON)
        for stem, kind in (("operator", WrongState), ("stranger", NotFound)):
            files = tmp_path / f"{stem}.pem", tmp_path / f"{stem}.key"
            before = [file.read_bytes() for file in files]
            with pytest.raises(kind):
                rotate_pair(authority, *files, NOON)
            assert [file.read_bytes() for file in files] == before


def test_a_new_pair_is_installed_over_one_of_the_same_name_alone(tmp_path: Path) -> None:
    with new_authority(tmp_path / "ca") as authority:
        issued(authority, AGENT, tmp_path / "site")
        new = issued(authority, AGENT, tmp_path / "new")
        issued(authority, OPERATOR, tmp_path / "operator")
    with pytest.raises(
        InvalidInput, match=r"the new certificate is spiffe://vpp.example/party/grid/operator's"
    ):
        install_pair(tmp_path / "operator", tmp_path / "site.pem", tmp_path / "site.key")
    install_pair(tmp_path / "new", tmp_path / "site.pem", tmp_path / "site.key")
    assert read_pair(tmp_path / "site.pem", tmp_path / "site.key") == new


class Crash(Exception):
    """The machine stops here."""


@dataclass
class Machine:
    """Stops at the n-th thing that is done to a file."""

    left: int

    def step(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*arguments: object, **more: object) -> object:
            self.left -= 1
            if self.left < 0:
                raise Crash
            return act(*arguments, **more)

        return stepped


@pytest.mark.parametrize("again", [4, 5, 6, 8])
@pytest.mark.parametrize("survived", range(4, 11))
def test_a_crash_in_a_rotation_leaves_two_files_that_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: int, again: int
) -> None:
    """Stop at every open and every rename, and once more in the rotation after that."""
    files = tmp_path / "site.pem", tmp_path / "site.key"
    with new_authority(tmp_path / "ca") as authority:
        issued(authority, AGENT, tmp_path / "site")
        for limit in (survived, again):
            machine = Machine(limit)
            with monkeypatch.context() as patched:
                patched.setattr(Path, "replace", machine.step(Path.replace))
                patched.setattr(os, "open", machine.step(os.open))
                with suppress(Crash):
                    rotate_pair(authority, *files, NOON)
            assert read_pair(*files).name == AGENT.name
        rotate_pair(authority, *files, NOON)
        assert read_pair(*files).certificate_pem == files[0].read_bytes()
    assert not next_file(files[0]).exists()
