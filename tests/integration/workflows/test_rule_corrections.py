"""An event that is settled under another version of its product: two people, its own product, money alone."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.market import EVENING, OPERATOR, QUARTER, Market
from support.settlement_desk import ANNA, BEN, actions, make_desk

from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.foundation.errors import AlreadyExists, InvalidInput, NotFound, NotPermitted, WrongState
from vpp.settlement.adjustment import AdjustmentState
from vpp.settlement.rule_correction import RuleCorrection
from vpp.workflows.identity import Principal
from vpp.workflows.ports import Stored
from vpp.workflows.recording import product_of
from vpp.workflows.rule_corrections import corrections_in_force, decide_correction, propose_correction
from vpp.workflows.viewing_disputes import get_correction, list_corrections
from vpp.workflows.visibility import PageRequest

APPROVED, REJECTED, WITHDRAWN = (
    AdjustmentState.APPROVED,
    AdjustmentState.REJECTED,
    AdjustmentState.WITHDRAWN,
)


@pytest.fixture
def market(tmp_path: Path) -> Market:
    """An event that is over, called under a version of its product that two others follow."""
    market = make_desk(tmp_path)
    market.open_auction()
    with market.units() as uow:
        stored = uow.events.get("evening")
        assert stored is not None
        ended = replace(stored.value, state=EventState.SETTLED)
        uow.events.update("evening", ended, revision=stored.revision)
        own = product_of(uow, ended.product_id, ended.product_version)
        dearer = own.money.model_copy(update={"energy_price_per_mwh": Decimal(1)})
        uow.products.add(own.model_copy(update={"version": own.version + 1, "money": dearer}))
        euros = own.money.model_copy(update={"currency": "EUR"})
        uow.products.add(own.model_copy(update={"version": own.version + 2, "money": euros}))
        uow.commit()
    return market


def own_version(market: Market) -> int:
    return market.event().product_version


def propose(
    market: Market, more: int = 1, *, principal: Principal = ANNA, request_id: str = ""
) -> Stored[RuleCorrection]:
    return propose_correction(
        market.units,
        principal,
        event_id="evening",
        to_version=own_version(market) + more,
        reason="the tariff sheet was read wrongly",
        request_id=request_id,
    )


def in_force(market: Market) -> dict[str, int]:
    with market.units(write=False) as uow:
        found = corrections_in_force(uow, ["evening", "another"])
    return {event_id: correction.to_version for event_id, correction in found.items()}


def test_nobody_of_the_buyer_or_of_a_called_site_decides_it(market: Market) -> None:
    correction_id = propose(market).value.correction_id
    told = (40.0,) * 8
    state = InstructionState.ACCEPTED
    call = Instruction("call", "evening", "a", 0, EVENING, QUARTER, told, (), EVENING.end, state)
    with market.units() as uow:
        uow.instructions.add_all({"call": call})
        uow.commit()
    for party_id in ("grid", "owner-a"):
        with pytest.raises(NotPermitted, match=f"moves money of parties/{party_id}, for whom you act"):
            decide_correction(market.units, replace(BEN, party_id=party_id), correction_id, APPROVED)
    decide_correction(market.units, replace(BEN, party_id="owner-b"), correction_id, APPROVED)


def test_another_version_applies_once_a_second_person_agrees(market: Market) -> None:
    own = own_version(market)
    proposed = propose(market).value
    assert (proposed.correction_id, proposed.from_version, proposed.to_version) == (
        "evening-r1",
        own,
        own + 1,
    )
    assert in_force(market) == {}
    with pytest.raises(NotPermitted, match="was proposed by you"):
        decide_correction(market.units, ANNA, "evening-r1", APPROVED)
    agreed = decide_correction(market.units, BEN, "evening-r1", APPROVED)
    assert decide_correction(market.units, BEN, "evening-r1", APPROVED) == agreed
    assert in_force(market) == {"evening": own + 1}
    assert get_correction(market.units, ANNA, "evening-r1") == agreed
    assert market.event().product_version == own  # what it was called under stays what it was
    assert actions(market, "ruleCorrections/evening-r1") == [
        ("anna", "propose_correction"),
        ("ben", "decide_correction"),
    ]


def test_a_correction_can_itself_be_corrected(market: Market) -> None:
    own = own_version(market)
    propose(market)
    decide_correction(market.units, BEN, "evening-r1", APPROVED)
    with pytest.raises(InvalidInput, match=f"is {own + 1}, which events/evening is settled under already"):
        propose(market)
    back = propose(market, 0, principal=BEN).value
    assert (back.from_version, back.to_version) == (own + 1, own)
    decide_correction(market.units, ANNA, "evening-r2", APPROVED)
    assert in_force(market) == {"evening": own}


@pytest.mark.parametrize(("decides", "wanted"), [(BEN, REJECTED), (ANNA, WITHDRAWN)])
def test_what_is_not_agreed_changes_nothing(
    market: Market, decides: Principal, wanted: AdjustmentState
) -> None:
    propose(market)
    decide_correction(market.units, decides, "evening-r1", wanted)
    assert in_force(market) == {}
    with pytest.raises(WrongState, match="expected PROPOSED"):
        decide_correction(market.units, BEN, "evening-r1", APPROVED)
    propose(market)


def test_one_correction_of_an_event_waits_at_a_time(market: Market) -> None:
    propose(market)
    with pytest.raises(WrongState, match="ruleCorrections/evening-r1 of events/evening waits"):
        propose(market)


def test_what_was_asked_for_and_measured_is_not_corrected(market: Market) -> None:
    with pytest.raises(InvalidInput, match=r"has another money\.currency than version"):
        propose(market, 2)
    with pytest.raises(NotFound, match=r"version \d+ does not exist"):
        propose(market, 9)
    with pytest.raises(InvalidInput, match="is settled under already"):
        propose(market, 0)


def test_an_event_under_way_is_modified_instead(market: Market) -> None:
    with market.units() as uow:
        stored = uow.events.get("evening")
        assert stored is not None
        uow.events.update("evening", replace(stored.value, state=EventState.ACTIVE), revision=stored.revision)
        uow.commit()
    with pytest.raises(WrongState, match="is ACTIVE, expected that it is over"):
        propose(market)
    with pytest.raises(NotFound, match="events/never does not exist"):
        propose_correction(market.units, OPERATOR, event_id="never", to_version=2, reason="x", request_id="")


def test_a_repeated_request_proposes_nothing_twice(market: Market) -> None:
    first = propose(market, request_id="one")
    assert propose(market, request_id="one") == first
    with pytest.raises(AlreadyExists):
        propose(market, 2, request_id="one")
    assert [one.value.correction_id for one in list_corrections(market.units, ANNA, PageRequest()).items] == [
        "evening-r1"
    ]
    assert not list_corrections(market.units, ANNA, PageRequest(), event_id="another").items
