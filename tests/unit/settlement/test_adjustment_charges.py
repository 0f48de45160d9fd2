from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.settlement.adjustment import Adjustment, AdjustmentState
from vpp.settlement.adjustment_charges import adjustment_charges
from vpp.settlement.line_code import LineCode
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery

Delivery = Callable[..., SiteDelivery]
RUN = RunTerms(RunType.ADJUSTMENT, "hub", operator_party_ids=frozenset({"wire"}))
AGREED = Adjustment(
    adjustment_id="adj-2026-03-1",
    period="2026-03",
    payer_party_id="grid",
    payee_party_id="acme",
    amount=Decimal("12.5"),
    currency="GBP",
    reason="meter was swapped",
    event_id="evening",
    site_id="north-1",
    dispute_id="dsp-1",
    state=AdjustmentState.APPROVED,
    proposed_by="ann",
    decided_by="ben",
)


def test_an_answer_to_a_dispute_stands_at_its_delivery(delivery: Delivery) -> None:
    [charge] = adjustment_charges("2026-03", [delivery()], RUN, [AGREED])
    assert charge.code is LineCode.ADJ_DISPUTE
    assert (charge.payer.account_id, charge.payee.account_id) == (
        "grid:operator:GBP",
        "acme:site:north-1:GBP",
    )
    assert (str(charge.amount), charge.price, charge.price_unit) == ("12.50", None, "")
    assert charge.note == "meter was swapped; answers dsp-1; proposed by ann, approved by ben"
    assert (charge.interval, charge.local_start) == (delivery().delivery, delivery().local_starts[0])
    assert (charge.product_id, charge.product_version, charge.time_zone) == (
        "evening-peak",
        3,
        "Europe/London",
    )
    assert charge.key.adjustment_id == "adj-2026-03-1"
    assert (charge.event_id, charge.site_id, charge.delivery) == ("evening", "north-1", None)


def test_an_operator_that_owns_the_site_is_paid_as_its_owner(delivery: Delivery) -> None:
    sold_to_grid = delivery(party_id="wire")
    [charge] = adjustment_charges("2026-03", [sold_to_grid], RUN, [replace(AGREED, payee_party_id="wire")])
    assert (charge.payer.account_id, charge.payee.account_id) == (
        "grid:operator:GBP",
        "wire:site:north-1:GBP",
    )


def test_it_stands_where_both_its_parties_know_of(delivery: Delivery) -> None:
    """Another owner's site comes first in the event; what an owner sees must not rest on it."""
    others = delivery(site_id="alpha", party_id="stranger", time_zone="Asia/Tokyo")
    own = delivery()
    whole_event = replace(AGREED, site_id="")
    [seen_by_all] = adjustment_charges("2026-03", [others, own], RUN, [whole_event])
    [seen_by_owner] = adjustment_charges("2026-03", [own], RUN, [whole_event])
    assert seen_by_all == seen_by_owner
    assert seen_by_all.time_zone == "Europe/London"

    [own_site] = adjustment_charges(
        "2026-03", [delivery(site_id="alpha", time_zone="UTC"), own], RUN, [AGREED]
    )
    assert own_site.time_zone == "Europe/London"

    of_nobody_here = replace(whole_event, payee_party_id="newcomer")
    [nowhere] = adjustment_charges("2026-03", [others, own], RUN, [of_nobody_here])
    assert (nowhere.time_zone, nowhere.product_id) == ("UTC", "")


def test_one_by_hand_about_nothing_stands_at_the_month(delivery: Delivery) -> None:
    by_hand = replace(
        AGREED, event_id="", site_id="", dispute_id="", payer_party_id="hub", payee_party_id="wire"
    )
    [charge] = adjustment_charges("2026-03", [delivery()], RUN, [by_hand])
    assert charge.code is LineCode.ADJ_MANUAL
    assert (charge.payer.account_id, charge.payee.account_id) == ("hub:fee:GBP", "wire:operator:GBP")
    march = Interval(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert (charge.interval, charge.local_start) == (march, "2026-03-01T00:00:00+00:00")
    assert (charge.product_id, charge.product_version, charge.time_zone) == ("", None, "UTC")
    assert charge.note == "meter was swapped; proposed by ann, approved by ben"


def test_one_about_an_event_is_of_no_site(delivery: Delivery) -> None:
    [charge] = adjustment_charges("2026-03", [delivery()], RUN, [replace(AGREED, site_id="")])
    assert (charge.payee.account_id, charge.interval) == ("acme:site:GBP", delivery().delivery)


def test_an_owner_of_no_delivery_is_still_paid() -> None:
    [charge] = adjustment_charges(
        "2026-12", [], RUN, [replace(AGREED, period="2026-12", payer_party_id="wire")]
    )
    assert charge.payee.account_id == "acme:site:north-1:GBP"
    assert charge.interval.end == datetime(2027, 1, 1, tzinfo=UTC)


def test_only_approved_ones_of_the_period_count_in_the_order_of_their_ids() -> None:
    others = [
        replace(AGREED, state=state) for state in AdjustmentState if state is not AdjustmentState.APPROVED
    ]
    later = replace(AGREED, adjustment_id="adj-2026-03-2")
    known = [later, *others, replace(AGREED, period="2026-02"), AGREED]
    found = [each.subject.adjustment_id for each in adjustment_charges("2026-03", [], RUN, known)]
    assert found == ["adj-2026-03-1", "adj-2026-03-2"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"amount": Decimal(0)},
            "amount of adj-2026-03-1 is 0 GBP, expected a whole number of minor units above 0",
        ),
        ({"amount": Decimal(-1)}, "is -1 GBP"),
        ({"amount": Decimal("0.005")}, "is 0.005 GBP"),
        ({"currency": "JPY"}, "is 12.5 JPY"),
        ({"payer_party_id": "acme"}, "payer and payee of adj-2026-03-1 are both acme"),
    ],
)
def test_what_cannot_be_booked_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        list(adjustment_charges("2026-03", [], RUN, [replace(AGREED, **changes)]))


def test_a_single_penny_may_be_agreed_to(delivery: Delivery) -> None:
    [charge] = adjustment_charges("2026-03", [delivery()], RUN, [replace(AGREED, amount=Decimal("0.01"))])
    assert str(charge.amount) == "0.01"
