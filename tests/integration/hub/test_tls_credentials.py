"""The files of mutual TLS: refused at the start if wrong, and afterwards never taken in half."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from support.certificates import DAY, SERVER, TestAuthority, issue_hub, now, uri, write_hub_files

from vpp.foundation.certificate_pair import next_file
from vpp.foundation.clock import ManualClock, SystemClock
from vpp.foundation.errors import InvalidInput
from vpp.hub.tls_credentials import TlsCredentials, TlsFiles
from vpp.rpc.revocation_list import authority_id
from vpp.rpc.standing import Standing

CA = TestAuthority()
CALLER = CA.issue(uri("spiffe://vpp.example/party/grid/operator"))

ODD = b"""\
-----BEGIN CERTIFICATE-----
MIIBSzCCARWgAwIBAgIUI4Yi3QUEYMaZTxx2YeDLVOfH+hUwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBeDAeFw0yNjExMjYxMTAwNTZaFw0yNjEyMjYxMTAwNTZaMAwx
CjAIBgNVBAMMAXgwMjAQBgcqhkjOPQIBBgUrgQQABgMeAARoQBHndM/n8R7a9Ibe
9Vn5IVW9cO5MdnUD1gE6o3wwejAdBgNVHQ4EFgQUZA1MguLc4NK/Wr5zfXWDQbgt
1wgwHwYDVR0jBBgwFoAUZA1MguLc4NK/Wr5zfXWDQbgt1wgwDwYDVR0TAQH/BAUw
AwEB/zAnBgNVHREEIDAehhxzcGlmZmU6Ly92cHAuZXhhbXBsZS9odWIvaHViMAoG
CCqGSM49BAMCAyQAMCECDwCsztndyJPHj/hnKxlj4gIOfoT399pqEsavIRaYcdA=
-----END CERTIFICATE-----
"""
"""A certificate with a key on a curve that nobody has asked for in decades (secp112r1)."""


class Place:
    """A hub's files, and what reads them."""

    def __init__(self, folder: Path) -> None:
        self.tls = folder / "tls"
        write_hub_files(folder, CA, issue_hub(CA))
        self.standing = Standing(SystemClock(), timedelta(days=7))

    def credentials(self) -> TlsCredentials:
        tls = self.tls
        files = TlsFiles(tls / "hub.pem", tls / "hub.key", tls / "ca.pem", tls / "ca.crl")
        return TlsCredentials(files, "vpp.example", SystemClock())

    def write(self, name: str, content: bytes) -> None:
        """Replace a file as a careful writer does; the time stamp moves even within a clock's tick."""
        file = self.tls / name
        partial = file.with_name(f"{name}.partial")
        partial.write_bytes(content)
        partial.replace(file)

    def take(self, credentials: TlsCredentials) -> list[str]:
        """Read again and take in; returns the problems."""
        credentials.take(credentials.read(), self.standing)
        return list(credentials.content.problems)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_has_not_changed_is_not_read_again(place: Place) -> None:
    credentials = place.credentials()
    assert credentials.read() is None
    place.write("ca.crl", CA.revocation_list(number=2))
    assert credentials.read() is not None
    assert credentials.read() is None


WRONG: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "no key": ("hub.key", lambda: b"", "no private key"),
    "another's key": ("hub.key", lambda: issue_hub(CA).key_pem, "is not the key of"),
    "no certificate": ("hub.pem", lambda: b"", "no certificate"),
    "an odd certificate": ("hub.pem", lambda: ODD, "a key of an unknown kind"),
    "an odd authority": ("ca.pem", lambda: CA.pem + ODD, "no certificates in PEM"),
    "no authority": ("ca.pem", lambda: b"", "no certificates in PEM"),
    "no list": ("ca.crl", lambda: b"", "no revocation list"),
    "another's list": ("ca.crl", TestAuthority().revocation_list, "none of the authorities has signed"),
    "cut short": ("ca.crl", lambda: CA.revocation_list()[:200], "no revocation list"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_the_hub_starts_with_nothing_wrong(place: Place, wrong: str) -> None:
    name, make, why = WRONG[wrong]
    place.write(name, make())
    with pytest.raises(InvalidInput, match=why) as error:
        place.credentials()
    assert "PRIVATE KEY" not in str(error.value)


@pytest.mark.parametrize("wrong", WRONG)
def test_what_goes_wrong_later_leaves_what_was_good(
    place: Place, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    credentials = place.credentials()
    before = credentials.content
    name, make, why = WRONG[wrong]
    good = (place.tls / name).read_bytes()
    place.write(name, make())
    (problem,) = place.take(credentials)
    assert why in problem
    assert (credentials.content.pair, credentials.content.lists) == (before.pair, before.lists)
    assert credentials.content.authority_pem == before.authority_pem
    assert any(why in record.getMessage() for record in caplog.records)
    assert any(why in warning for warning in credentials.warnings())
    place.write(name, good)
    assert place.take(credentials) == []
    assert credentials.warnings() == []


def test_a_missing_file_is_named(place: Place) -> None:
    for name in ("hub.pem", "hub.key", "ca.pem", "ca.crl"):
        content = (place.tls / name).read_bytes()
        (place.tls / name).unlink()
        with pytest.raises(InvalidInput, match=f"{name}.*cannot be read"):
            place.credentials()
        place.write(name, content)


@pytest.mark.parametrize(
    ("name", "end", "why"),
    [
        ("spiffe://vpp.example/party/grid/operator", 1 * DAY, "expected spiffe://vpp.example/hub/"),
        ("spiffe://other.example/hub/hub", 1 * DAY, "expected spiffe://vpp.example/hub/"),
        ("spiffe://vpp.example/hub/hub", -1 * DAY, "ended at"),
    ],
)
def test_the_hub_shows_its_own_certificate_alone(place: Place, name: str, end: timedelta, why: str) -> None:
    held = CA.issue(uri(name), purposes=[SERVER], start=now() - 3 * DAY, end=now() + end)
    place.write("hub.key", held.key_pem)
    place.write("hub.pem", held.pem)
    with pytest.raises(InvalidInput, match=why):
        place.credentials()


def test_a_failed_rotation_does_not_keep_a_revocation_out(place: Place) -> None:
    credentials = place.credentials()
    place.write("hub.key", b"")
    place.write("ca.crl", CA.revocation_list(CALLER, number=2))
    (problem,) = place.take(credentials)
    assert "no private key" in problem
    (revoked,) = place.standing.trust.lists.values()
    assert revoked.serials == {CALLER.certificate.serial_number}


def test_what_could_not_be_read_is_read_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = place.credentials()
    place.write("ca.crl", CA.revocation_list(CALLER, number=2))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", _fails)
        with pytest.raises(MemoryError):
            credentials.read()
    assert place.take(credentials) == []
    (revoked,) = place.standing.trust.lists.values()
    assert revoked.serials == {CALLER.certificate.serial_number}


def _fails(path: Path) -> bytes:
    raise MemoryError(path)


def test_an_older_list_takes_nothing_back(place: Place) -> None:
    place.write("ca.crl", CA.revocation_list(CALLER, number=2))
    credentials = place.credentials()
    place.write("ca.crl", CA.revocation_list(number=1))
    (problem,) = place.take(credentials)
    assert "older" in problem
    (revoked,) = place.standing.trust.lists.values()
    assert revoked.serials == {CALLER.certificate.serial_number}


@pytest.mark.parametrize("is_foreign", [True, False])
def test_a_list_of_no_use_keeps_no_other_from_counting(place: Place, *, is_foreign: bool) -> None:
    other, foreign = TestAuthority(), TestAuthority("foreign")  # the first has our authority's own name
    place.write("ca.pem", CA.pem + other.pem)
    place.write("ca.crl", CA.revocation_list() + other.revocation_list(number=5))
    credentials = place.credentials()
    useless = foreign.revocation_list() if is_foreign else other.revocation_list(number=4)
    place.write("ca.crl", useless + CA.revocation_list(CALLER, number=2))
    (problem,) = place.take(credentials)
    assert ("none of the authorities" if is_foreign else "older") in problem
    lists = place.standing.trust.lists
    assert lists[authority_id(CA.certificate)].serials == {CALLER.certificate.serial_number}
    assert lists[authority_id(other.certificate)].number == 5


def test_a_pair_is_taken_whole_while_it_is_being_replaced(place: Place) -> None:
    credentials = place.credentials()
    fresh = issue_hub(CA)
    waiting = next_file(place.tls / "hub.pem")
    waiting.write_bytes(fresh.pem)
    place.write("hub.key", fresh.key_pem)  # between the two steps of a rotation
    assert place.take(credentials) == []
    assert credentials.content.pair.serial == fresh.certificate.serial_number
    waiting.replace(place.tls / "hub.pem")
    assert place.take(credentials) == []
    assert credentials.content.pair.serial == fresh.certificate.serial_number


def test_two_authorities_side_by_side_and_then_one(place: Place) -> None:
    other = TestAuthority("other")
    credentials = place.credentials()
    place.write("ca.pem", CA.pem + other.pem)
    place.write("ca.crl", CA.revocation_list(CALLER, number=2) + other.revocation_list())
    assert place.take(credentials) == []
    assert place.standing.warnings() == []
    assert len(place.standing.trust.lists) == 2
    place.write("ca.pem", other.pem)
    place.write("ca.crl", other.revocation_list(number=2))
    assert place.take(credentials) == []
    assert list(place.standing.trust.lists) == [authority_id(other.certificate)]


def test_the_owner_is_warned_before_the_certificate_ends(place: Place) -> None:
    held = issue_hub(CA, start=now() - 9 * DAY, end=now() + 1 * DAY)
    write_hub_files(place.tls.parent, CA, held)
    (warning,) = place.credentials().warnings()
    assert "the hub's certificate ends at" in warning
    assert place.credentials().objections() == []


def test_with_an_ended_certificate_the_hub_is_not_ready(place: Place) -> None:
    clock = ManualClock(now())
    tls = place.tls
    files = TlsFiles(tls / "hub.pem", tls / "hub.key", tls / "ca.pem", tls / "ca.crl")
    credentials = TlsCredentials(files, "vpp.example", clock)
    clock.advance_to(credentials.content.pair.not_after)
    (objection,) = credentials.objections()
    assert "no caller accepts it" in objection


def test_grpc_is_handed_a_change_once(place: Place) -> None:
    credentials = place.credentials()
    fetch = credentials._fetch  # noqa: SLF001  what gRPC calls at every handshake
    assert fetch() is None
    place.write("ca.crl", CA.revocation_list(number=2))
    place.take(credentials)
    assert fetch() is None  # what others' certificates are worth is none of TLS's business
    write_hub_files(place.tls.parent, CA, issue_hub(CA))
    os.utime(place.tls / "hub.pem")
    place.take(credentials)
    assert fetch() is not None
    assert fetch() is None
