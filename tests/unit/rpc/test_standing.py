"""Who is refused, and from when on."""

from datetime import timedelta

import pytest
from support.certificates import DAY, Held, TestAuthority, now, read_lists, uri

from vpp.foundation.clock import ManualClock
from vpp.rpc.peer_certificate import PeerCertificate, read_peer_certificate
from vpp.rpc.standing import Standing, Trust
from vpp.workflows.access_records import Barred
from vpp.workflows.identity import Principal, Role

CA = TestAuthority()
HELD = CA.issue(uri("spiffe://vpp.example/party/grid/operator"))
OPERATOR = Principal("operator", "grid", None, frozenset({Role.MARKET_OPERATOR}))
GRACE = timedelta(days=7)


def read(held: Held) -> PeerCertificate:
    return read_peer_certificate(held.pem, "vpp.example")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(now())


@pytest.fixture
def standing(clock: ManualClock) -> Standing:
    made = Standing(clock, GRACE)
    made.set_trust(trust(CA))
    return made


def trust(*authorities: TestAuthority, pem: bytes = b"") -> Trust:
    certificates = tuple(one.certificate for one in authorities)
    pem = pem or b"".join(one.revocation_list() for one in authorities)
    return Trust(certificates, read_lists(pem, certificates))


def test_who_is_in_good_standing_is_let_in(standing: Standing) -> None:
    assert standing.reason_against(OPERATOR, read(HELD)) == ""
    assert standing.reason_against(OPERATOR, None) == ""
    assert standing.warnings() == standing.objections() == []


def test_dates_are_half_open(standing: Standing, clock: ManualClock) -> None:
    certificate = read(HELD)
    early = Standing(ManualClock(certificate.not_before - timedelta(microseconds=1)), GRACE)
    early.set_trust(trust(CA))
    assert "does not hold yet" in early.reason_against(OPERATOR, certificate)
    clock.advance_to(certificate.not_after - timedelta(microseconds=1))
    assert standing.reason_against(OPERATOR, certificate) == ""
    clock.advance_to(certificate.not_after)
    assert "expired" in standing.reason_against(OPERATOR, certificate)


def test_a_proof_that_ends_earlier_counts_until_then(standing: Standing, clock: ManualClock) -> None:
    ends_at = clock.now() + timedelta(minutes=10)
    assert standing.reason_against(OPERATOR, read(HELD), ends_at) == ""
    clock.advance_to(ends_at)
    assert "expired" in standing.reason_against(OPERATOR, read(HELD), ends_at)


def test_a_suspended_principal_is_refused_however_it_calls(standing: Standing) -> None:
    standing.barred = Barred(principal_ids=frozenset({"operator"}))
    other = Principal("desk", "grid", None, frozenset({Role.DISPATCHER}))
    assert "suspended" in standing.reason_against(OPERATOR, None)
    assert "suspended" in standing.reason_against(other, read(HELD))  # a token does not hide its holder
    assert standing.reason_against(other, None) == ""


def test_a_certificate_is_revoked_here_or_by_its_authority(standing: Standing) -> None:
    other = read(CA.issue(uri("spiffe://vpp.example/party/grid/operator")))
    standing.barred = Barred(serials=frozenset({HELD.serial}))
    assert "at the hub" in standing.reason_against(OPERATOR, read(HELD))
    assert standing.reason_against(OPERATOR, other) == ""
    standing.barred = Barred()
    standing.set_trust(trust(CA, pem=CA.revocation_list(HELD)))
    assert "by its authority" in standing.reason_against(OPERATOR, read(HELD))
    assert standing.reason_against(OPERATOR, other) == ""


def test_a_revoked_certificate_with_another_signature_stays_revoked(standing: Standing) -> None:
    altered = HELD.with_another_signature()
    assert altered.fingerprint != HELD.fingerprint
    assert standing.reason_against(OPERATOR, read(altered)) == ""  # it is as valid as the first
    standing.barred = Barred(serials=frozenset({HELD.serial}))
    assert "at the hub" in standing.reason_against(OPERATOR, read(altered))
    standing.barred = Barred()
    standing.set_trust(trust(CA, pem=CA.revocation_list(HELD)))
    assert "by its authority" in standing.reason_against(OPERATOR, read(altered))


def test_an_authority_revokes_its_own_certificates_alone(standing: Standing) -> None:
    for other in (TestAuthority("other"), TestAuthority()):  # one has the same name
        standing.set_trust(trust(CA, other, pem=CA.revocation_list() + other.revocation_list(HELD, number=2)))
        assert standing.reason_against(OPERATOR, read(HELD)) == ""


def test_a_revocation_outlives_a_second_authority_of_the_same_name(standing: Standing) -> None:
    successor = TestAuthority()
    pem = CA.revocation_list(HELD) + successor.revocation_list(number=9)
    for authorities in ((CA, successor), (successor, CA)):
        standing.set_trust(trust(*authorities, pem=pem))
        assert "by its authority" in standing.reason_against(OPERATOR, read(HELD))
        new = read(successor.issue(uri("spiffe://vpp.example/party/grid/operator")))
        assert standing.reason_against(OPERATOR, new) == ""


def test_an_authority_that_is_dropped_takes_its_certificates_along(standing: Standing) -> None:
    assert standing.reason_against(OPERATOR, read(HELD)) == ""
    for others in ((TestAuthority("other"),), (TestAuthority(),)):  # one has the same name
        standing.set_trust(trust(*others))
        assert "none of the authorities" in standing.reason_against(OPERATOR, read(HELD))
    standing.set_trust(trust(CA))
    assert standing.reason_against(OPERATOR, read(HELD)) == ""


def test_nobody_is_let_in_before_an_authority_is_known(clock: ManualClock) -> None:
    standing = Standing(clock, GRACE)
    assert "none of the authorities" in standing.reason_against(OPERATOR, read(HELD))
    assert standing.objections() == []  # without TLS there is none, and tokens count


def test_an_overdue_list_is_warned_of_and_then_refuses_everybody(clock: ManualClock) -> None:
    held = read(CA.issue(uri("spiffe://vpp.example/party/grid/operator"), end=now() + 100 * DAY))
    next_at = clock.now() + DAY
    standing = Standing(clock, GRACE)
    standing.set_trust(trust(CA, pem=CA.revocation_list(next_at=next_at)))
    clock.advance_to(next_at)
    assert standing.warnings() == []
    clock.advance_to(next_at + GRACE)
    (warning,) = standing.warnings()
    assert "will refuse everybody" in warning
    assert standing.reason_against(OPERATOR, held) == ""
    clock.advance_to(next_at + GRACE + timedelta(seconds=1))
    assert "too old" in standing.reason_against(OPERATOR, held)
    (warning,) = standing.warnings()
    assert "refuses everybody" in warning
    assert len(standing.objections()) == 1
    standing.set_trust(trust(CA, TestAuthority(), pem=CA.revocation_list(next_at=next_at)))
    assert standing.objections() == []  # the other authority has no list, and its certificates count


def test_an_authority_ends_with_its_certificates(clock: ManualClock) -> None:
    standing = Standing(clock, 366 * 20 * DAY)
    standing.set_trust(trust(CA))
    ends_at = CA.certificate.not_valid_after_utc
    held = read(CA.issue(uri("spiffe://vpp.example/party/grid/operator"), end=ends_at + DAY))
    assert standing.reason_against(OPERATOR, held) == ""
    clock.advance_to(ends_at - timedelta(microseconds=1))
    assert any("an authority ends at" in warning for warning in standing.warnings())
    assert (standing.reason_against(OPERATOR, held), standing.objections()) == ("", [])
    clock.advance_to(ends_at)
    assert "none of the authorities" in standing.reason_against(OPERATOR, held)
    assert len(standing.objections()) == 1


def test_an_authority_without_a_list_is_warned_of(standing: Standing) -> None:
    standing.set_trust(Trust((CA.certificate,)))
    (warning,) = standing.warnings()
    assert "no revocation list" in warning
    assert standing.reason_against(OPERATOR, read(HELD)) == ""
