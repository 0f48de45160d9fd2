from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from vpp.foundation.errors import BrokenPromise
from vpp.settlement.ledger import Posting, check_balanced, postings
from vpp.settlement.settle_period import settle_period
from vpp.settlement.site_delivery import SiteDelivery


@pytest.fixture
def booked(delivery: Callable[..., SiteDelivery]) -> list[Posting]:
    statements = settle_period(
        "2026-03", [delivery(["60"])], operator_party_id="grid", aggregator_party_id="hub"
    )
    return [posting for statement in statements for posting in postings(statement)]


def test_every_line_is_posted_to_its_party_s_account(booked: list[Posting]) -> None:
    assert sorted((posting.account, str(posting.amount)) for posting in booked) == [
        ("acme:agg_fee", "-0.48"),
        ("acme:energy", "4.80"),
        ("acme:penalty", "-1.20"),
        ("grid:energy", "-4.80"),
        ("grid:penalty", "1.20"),
        ("hub:agg_fee", "0.48"),
    ]
    check_balanced(booked)


def test_a_cent_too_many_is_noticed(booked: list[Posting]) -> None:
    booked[0] = replace(booked[0], amount=booked[0].amount + Decimal("0.01"))
    with pytest.raises(BrokenPromise, match=r"north-1 in evening at .* add up to 0.01 GBP, expected 0"):
        check_balanced(booked)


def test_a_missing_posting_is_noticed(booked: list[Posting]) -> None:
    with pytest.raises(BrokenPromise, match="expected 0"):
        check_balanced(booked[1:])


def test_a_posting_made_twice_is_noticed(booked: list[Posting]) -> None:
    with pytest.raises(BrokenPromise, match="acme:energy is posted twice"):
        check_balanced([*booked, booked[0]])


def test_currencies_do_not_balance_each_other(booked: list[Posting]) -> None:
    booked[0] = replace(booked[0], currency="EUR")
    with pytest.raises(BrokenPromise, match="EUR"):
        check_balanced(booked)
