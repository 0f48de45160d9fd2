import json
import stat
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID
from cryptography.x509.verification import PolicyBuilder, Store
from support.made_certificates import AGENT, HUB, NOON, OPERATOR, issued, new_authority

from vpp.cli.certs.authority import REASONS, Authority, new_key
from vpp.cli.certs.issue_log import read_issue_log
from vpp.cli.certs.profile import Holder, checked_key
from vpp.cli.certs.revocation_list import LISTED_AFTER_END
from vpp.foundation.certificate_pair import read_certificate
from vpp.foundation.errors import AlreadyExists, InvalidInput, NotFound
from vpp.foundation.spiffe_name import SpiffeName

DAY = timedelta(days=1)


def revoked_serials(folder: Path) -> set[int]:
    return {each.serial_number for each in x509.load_pem_x509_crl((folder / "ca.crl").read_bytes())}


def list_number(folder: Path) -> int:
    listed = x509.load_pem_x509_crl((folder / "ca.crl").read_bytes())
    return listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_an_authority_is_written_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    with new_authority(folder) as authority:
        assert authority.trust_domain == "vpp.example"
    assert stat.S_IMODE((folder / "ca.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(AlreadyExists, match=r"ca\.key exists"):
        Authority.create(folder, "vpp.example", NOON)
    assert before == {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("present", ["ca.key", "ca.pem", "ca.crl", "issued.jsonl"])
def test_no_file_of_an_authority_is_written_over(tmp_path: Path, present: str) -> None:
    (tmp_path / present).write_text("mine")
    with pytest.raises(AlreadyExists, match=present):
        Authority.create(tmp_path, "vpp.example", NOON)
    assert [file.name for file in tmp_path.iterdir()] == [present]


def test_a_key_with_a_passphrase_opens_with_nothing_else(tmp_path: Path) -> None:
    Authority.create(tmp_path, "vpp.example", NOON, b"right")
    assert b"ENCRYPTED" in (tmp_path / "ca.key").read_bytes()
    with Authority.opened(tmp_path, b"right") as authority:
        authority.issue(OPERATOR, new_key().public_key(), NOON)
    for wrong in (None, b"wrong"):
        with pytest.raises(InvalidInput, match=r"its passphrase is missing or another") as refusal:
            Authority.opened(tmp_path, wrong).__enter__()
        assert "wrong" not in str(refusal.value)


def test_a_folder_without_an_authority_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"holds no authority.*vpp certs init"):
        Authority.opened(tmp_path).__enter__()


def test_certificates_hold_for_what_their_holder_is(tmp_path: Path) -> None:
    with new_authority(tmp_path) as authority:
        hub = authority.issue(HUB, new_key().public_key(), NOON)
        agent = authority.issue(AGENT, new_key().public_key(), NOON)
        store = Store([authority.certificate])
    policy = PolicyBuilder().store(store).time(NOON)
    server = policy.build_server_verifier(x509.DNSName("localhost"))
    assert server.verify(hub, [])[0] == hub
    with pytest.raises(x509.verification.VerificationError):
        server.verify(agent, [])  # it has no host's name, and may not serve
    assert policy.build_client_verifier().verify(agent, []).chain[0] == agent
    with pytest.raises(x509.verification.VerificationError):
        policy.build_client_verifier().verify(hub, [])
    purposes = [
        list(each.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value)
        for each in (hub, agent)
    ]
    assert purposes == [[ExtendedKeyUsageOID.SERVER_AUTH], [ExtendedKeyUsageOID.CLIENT_AUTH]]
    assert [(each.not_valid_after_utc - NOON).days for each in (hub, agent)] == [30, 7]
    assert not agent.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_an_issued_certificate_signs_no_other(tmp_path: Path) -> None:
    with new_authority(tmp_path) as authority:
        assert (
            authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
            == 0
        )


@pytest.mark.parametrize(
    ("holder", "lifetime", "complaint"),
    [
        (
            Holder(SpiffeName("other.example", "grid", None, "operator")),
            None,
            "not of this authority's trust domain",
        ),
        (OPERATOR, timedelta(days=399), "expected more than nothing and 398 days"),
        (OPERATOR, timedelta(0), "expected more than nothing"),
        (OPERATOR, timedelta(days=-1), "expected more than nothing"),
    ],
)
def test_what_the_authority_refuses_is_not_written_down(
    tmp_path: Path, holder: Holder, lifetime: timedelta | None, complaint: str
) -> None:
    with new_authority(tmp_path) as authority:
        with pytest.raises(InvalidInput, match=complaint):
            authority.issue(holder, new_key().public_key(), NOON, lifetime)
        assert not authority.log.certificates


def test_no_certificate_outlives_its_authority(tmp_path: Path) -> None:
    Authority.create(tmp_path, "vpp.example", NOON, lifetime=3 * DAY)
    with Authority.opened(tmp_path) as authority:
        authority.issue(OPERATOR, new_key().public_key(), NOON, 2 * DAY)
        with pytest.raises(InvalidInput, match="its authority only until 2026-03-07T12:00Z"):
            authority.issue(OPERATOR, new_key().public_key(), NOON)


def test_hosts_are_for_hubs_alone() -> None:
    with pytest.raises(InvalidInput, match="needs a host name or an address"):
        Holder(HUB.name)
    with pytest.raises(InvalidInput, match="host names and addresses are for hubs alone"):
        Holder(OPERATOR.name, ("hub.example",))
    with pytest.raises(InvalidInput, match="host names and addresses are for hubs alone"):
        Holder(AGENT.name, (), (ip_address("127.0.0.1"),))


@pytest.mark.parametrize(
    "name", ["", "h\u00fcb.example", "a b", "*.example", "hub..example", "hub.example\n", "127.0.0.1", "-hub"]
)
def test_what_is_no_host_name_gets_no_certificate(name: str) -> None:
    with pytest.raises(InvalidInput, match="is no host name"):
        Holder(HUB.name, ("hub.example", name))


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.SECP521R1()])
def test_keys_that_tls_does_not_take_are_refused(curve: ec.EllipticCurve) -> None:
    with pytest.raises(InvalidInput, match="expected P-256, P-384 or RSA"):
        checked_key(ec.generate_private_key(curve).public_key(), "site.csr")


@pytest.mark.parametrize("reason", REASONS)
def test_a_revocation_is_listed_until_every_clock_says_that_it_ended(tmp_path: Path, reason: str) -> None:
    with new_authority(tmp_path) as authority:
        kept = issued(authority, OPERATOR, tmp_path / "kept")
        lost = issued(authority, OPERATOR, tmp_path / "lost")
        assert revoked_serials(tmp_path) == set()
        authority.revoke(lost.serial, reason, NOON + DAY)
        authority.revoke(lost.serial, reason, NOON + 2 * DAY)  # once more changes nothing
        assert revoked_serials(tmp_path) == {lost.serial}
        assert authority.known(lost.serial).revoked_at == NOON + DAY
        assert authority.known(kept.serial).revoked_at is None
        gone_at = lost.not_after + LISTED_AFTER_END
        authority.write_revocations(gone_at - timedelta(seconds=1))
        assert revoked_serials(tmp_path) == {lost.serial}
        authority.write_revocations(gone_at)
        assert revoked_serials(tmp_path) == set()


def test_revocation_lists_are_signed_numbered_and_fresh(tmp_path: Path) -> None:
    numbers = []
    with new_authority(tmp_path) as authority:
        for n in (0, 1, 2, 2, 1):  # the last two within one second, and by a clock that was set back
            authority.issue(OPERATOR, new_key().public_key(), NOON + n * DAY)
            listed = x509.load_pem_x509_crl((tmp_path / "ca.crl").read_bytes())
            assert listed.is_signature_valid(authority.certificate.public_key())  # type: ignore[arg-type]  # P-256
            assert listed.next_update_utc == NOON + n * DAY + timedelta(days=60)
            numbers.append(list_number(tmp_path))
    assert numbers == sorted(set(numbers))
    assert numbers[0] > 1


@pytest.mark.parametrize("loss", ["removed", "restored"])
def test_after_a_loss_hubs_take_the_next_list(tmp_path: Path, loss: str) -> None:
    with new_authority(tmp_path) as authority:
        pair = issued(authority, OPERATOR, tmp_path / "operator")
        old = (tmp_path / "ca.crl").read_bytes()
        for _ in range(5):
            authority.write_revocations(NOON + DAY)
        known = list_number(tmp_path)
        (tmp_path / "ca.crl").unlink()
        if loss == "restored":
            (tmp_path / "ca.crl").write_bytes(old)
        authority.revoke(pair.serial, "key_compromise", NOON + 2 * DAY)
        assert list_number(tmp_path) > known


def test_what_was_never_issued_cannot_be_revoked(tmp_path: Path) -> None:
    with new_authority(tmp_path) as authority:
        with pytest.raises(NotFound, match="has issued no certificate ff"):
            authority.revoke(255, "superseded", NOON)
        pair = issued(authority, OPERATOR, tmp_path / "operator")
        with pytest.raises(InvalidInput, match="expected one of unspecified"):
            authority.revoke(pair.serial, "because", NOON)
        assert authority.known(pair.serial).revoked_at is None


def test_the_list_of_issues_survives_and_a_line_cut_short_is_dropped(tmp_path: Path) -> None:
    with new_authority(tmp_path) as authority:
        first = issued(authority, HUB, tmp_path / "hub")
    with (tmp_path / "issued.jsonl").open("ab") as file:
        file.write(b'{"event": "issued", "at": "2026-')
    with Authority.opened(tmp_path) as authority:
        second = issued(authority, OPERATOR, tmp_path / "operator")
    assert [each.serial for each in read_issue_log(tmp_path)] == [first.serial, second.serial]
    assert read_issue_log(tmp_path)[0].addresses == ("127.0.0.1",)


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "{}",
        json.dumps(
            {"event": "revoked", "at": "2026-03-04T12:00:00+00:00", "serial": "ff", "reason": "superseded"}
        ),
        json.dumps({"event": "forgotten", "at": "2026-03-04T12:00:00+00:00", "serial": "ff"}),
    ],
)
def test_a_damaged_list_of_issues_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    Authority.create(tmp_path, "vpp.example", NOON)
    (tmp_path / "issued.jsonl").write_text(f"{line}\n")
    with pytest.raises(InvalidInput, match=r"line 1 of .*issued\.jsonl cannot be read"):
        Authority.opened(tmp_path).__enter__()


def test_an_authority_of_another_making_is_refused(tmp_path: Path) -> None:
    with new_authority(tmp_path / "ca") as authority:
        pair = issued(authority, OPERATOR, tmp_path / "operator")
    assert read_certificate(pair.certificate_pem, "operator").serial_number == pair.serial
    with pytest.raises(InvalidInput, match="is no certificate in PEM"):
        read_certificate(b"", "operator")
