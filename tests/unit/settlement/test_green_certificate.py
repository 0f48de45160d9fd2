from dataclasses import replace
from datetime import date

import pytest

from vpp.foundation.errors import InvalidInput, WrongState
from vpp.settlement.green_certificate import (
    GREEN_CERTIFICATE_TRANSITIONS,
    GreenCertificate,
    GreenCertificateKind,
    GreenCertificateState,
    check_certificate_transition,
)

ONE = GreenCertificate(
    "rego", "G01-77", "owner", GreenCertificateKind.WIND, date(2026, 3, 1), date(2026, 3, 31)
)
USED = replace(ONE, state=GreenCertificateState.ALLOCATED, site_id="a", period="2026-03")


@pytest.mark.parametrize("serial", ["G01.77", "g01/77", "G01_77", "g01-77"])
def test_serials_that_differ_in_case_or_punctuation_are_the_same_certificate(serial: str) -> None:
    assert replace(ONE, serial=serial).certificate_id == "rego-g01-77"


def test_issuers_never_meet() -> None:
    other = replace(ONE, issuer="regog01", serial="77")
    assert other.certificate_id == "regog01-77" != ONE.certificate_id


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"issuer": "re-go"}, "issuer is 're-go', expected 1 to 31 lower-case letters"),
        ({"issuer": "9go"}, "issuer is '9go'"),
        ({"issuer": ""}, "issuer is ''"),
        ({"issuer": "r" * 32}, "issuer is 'r+'"),
        ({"serial": ""}, "serial is ''"),
        ({"serial": "=1+1"}, "serial is '=1.1', expected 1 to 100 letters"),
        ({"serial": "6.43E+29"}, r"serial is '6.43E\+29'"),
        ({"serial": "../77"}, "serial is '../77'"),
        ({"serial": "77-"}, "serial is '77-'"),
        ({"serial": "7" * 101}, "serial is '7+'"),
        (
            {"last_day": date(2026, 2, 28)},
            "last_day of rego-g01-77 is 2026-02-28, expected 2026-03-01 or later",
        ),
        ({"site_id": "a", "period": "2026-03"}, "is HELD with site 'a' and period '2026-03'"),
        ({"state": GreenCertificateState.RETIRED}, "is RETIRED with site '' and period ''"),
        (
            {"state": GreenCertificateState.ALLOCATED, "site_id": "a"},
            "is ALLOCATED with site 'a' and period ''",
        ),
        ({"state": GreenCertificateState.WITHDRAWN, "period": "2026-03"}, "is WITHDRAWN with site ''"),
    ],
)
def test_what_cannot_be_a_certificate_is_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        replace(ONE, **changes)  # type: ignore[arg-type]  # fields of the certificate


def test_one_day_is_a_period_of_generation_and_the_longest_names_are_kept() -> None:
    longest = replace(ONE, issuer="r" * 31, serial="7" * 100, last_day=ONE.first_day)
    assert len(longest.certificate_id) == 132


def test_what_is_used_up_or_withdrawn_stays_so() -> None:
    for state in (GreenCertificateState.RETIRED, GreenCertificateState.WITHDRAWN):
        assert GREEN_CERTIFICATE_TRANSITIONS[state] == frozenset()
    retired = replace(USED, state=GreenCertificateState.RETIRED)
    told = "certificate rego-g01-77 is RETIRED for a in 2026-03, cannot become HELD"
    with pytest.raises(WrongState, match=told) as refused:
        check_certificate_transition(retired, GreenCertificateState.HELD)
    assert refused.value.metadata == {"certificate": "rego-g01-77", "state": "RETIRED"}


def test_only_what_is_held_is_set_aside_and_only_what_is_set_aside_is_used_up() -> None:
    check_certificate_transition(ONE, GreenCertificateState.ALLOCATED)
    check_certificate_transition(ONE, GreenCertificateState.WITHDRAWN)
    check_certificate_transition(USED, GreenCertificateState.HELD)
    check_certificate_transition(USED, GreenCertificateState.RETIRED)
    with pytest.raises(WrongState, match="is HELD, cannot become RETIRED"):
        check_certificate_transition(ONE, GreenCertificateState.RETIRED)
    with pytest.raises(WrongState, match="is ALLOCATED for a in 2026-03, cannot become WITHDRAWN"):
        check_certificate_transition(USED, GreenCertificateState.WITHDRAWN)
