from typing import Any

import pytest
from support.rule_cases import MONDAY, before, high

from vpp.baseline.rules.rule_notes import rule_notes

TOLD = "the time of notice is not given: nothing was left out for it"


def source(tag: str, *unverified: str) -> dict[str, Any]:
    return {"tag": tag, "title": "a test", "read_on": "2026-11-25", "unverified": list(unverified)}


@pytest.mark.parametrize(
    ("tag", "unverified", "note"),
    [
        ("S", (), ()),
        ("P", ("adjustment.windows", "gate"), ("unverified values of the rule: adjustment.windows, gate",)),
        ("S", ("*",), ("unverified: no value of the rule was checked against a source",)),
        ("M", (), ("unverified: no value of the rule was checked against a source",)),
        ("M", ("days",), ("unverified values of the rule: days",)),
    ],
)
def test_what_nobody_checked_is_said(tag: str, unverified: tuple[str, ...], note: tuple[str, ...]) -> None:
    assert rule_notes(high(source=source(tag, *unverified)), None) == note


def test_a_notice_that_is_not_known_is_said_where_the_rule_asks_for_it() -> None:
    for rule in (high(before_notice=True), high(adjustment=before(4, 1, before_notice=True))):
        assert rule_notes(rule, None) == (TOLD,)
        assert rule_notes(rule, MONDAY) == ()
    assert rule_notes(high(adjustment=before(4, 1)), None) == ()
