from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from support.products import shipped_products

from vpp.dispatch.instruction import Instruction, InstructionState, RefusalReason
from vpp.foundation.interval import Interval
from vpp.workflows.award_terms import awarded_kw, declined_readiness, make_whole_due, mean_price
from vpp.workflows.records import AwardRecord

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def award(
    reduction_kw: tuple[float, ...],
    price: str = "60",
    *,
    rebound_kw: tuple[float, ...] = (),
    make_whole: str = "0",
) -> AwardRecord:
    return AwardRecord(
        award_id="evening-bid",
        event_id="evening",
        bid_id="bid",
        site_id="north-1",
        resource_id="battery",
        delivery=Interval(NOON, NOON + timedelta(hours=1)),
        reduction_kw=reduction_kw,
        rebound_kw=rebound_kw or (0.0,) * len(reduction_kw),
        price_per_mwh=(Decimal(price),) * len(reduction_kw),
        make_whole=Decimal(make_whole),
        reason="ACCEPTED",
    )


def test_awards_add_up_net_of_the_rebound_they_expect() -> None:
    assert awarded_kw([award((30.0, 30.0)), award((10.0,))]) == [40.0, 30.0]
    assert awarded_kw([award((30.0, 5.0), rebound_kw=(0.0, 10.0))]) == [30.0, 0.0]
    assert awarded_kw([]) == []


@pytest.mark.parametrize(
    ("awards", "price"),
    [
        ([award((30.0,), "60")], "60"),
        ([award((0.0,), "60")], "0"),
        ([award((30.0,), "60"), award((10.0,), "60")], "60"),
        ([award((30.0,), "60"), award((10.0,), "100")], "70"),
        ([award((1.0,), "10"), award((2.0,), "20")], "16.666667"),
        ([award((30.0,), "60"), award((0.0,), "100")], "60"),
        ([award((0.0,), "60"), award((0.0,), "100")], "0"),
        ([], "0"),
    ],
)
def test_a_site_has_one_price_weighted_by_power(awards: list[AwardRecord], price: str) -> None:
    assert mean_price(awards, 0) == Decimal(price)


def test_an_award_of_fewer_intervals_sets_no_price_in_the_others() -> None:
    awards = [award((30.0,), "60"), award((10.0, 10.0), "100")]
    assert mean_price(awards, 1) == Decimal(100)
    assert mean_price([award((30.0,), "60")], 1) == Decimal(0)


@pytest.mark.parametrize(
    ("paid_target_kw", "due"),
    [((30.0, 30.0), "9"), ((40.0, 40.0), "9"), ((30.0,), "4.5"), ((10.0, 10.0), "3"), ((), "0")],
)
def test_a_make_whole_is_due_for_what_is_called(paid_target_kw: tuple[float, ...], due: str) -> None:
    assert make_whole_due([award((30.0, 30.0), make_whole="9")], paid_target_kw) == Decimal(due)


def test_without_a_make_whole_nothing_is_due() -> None:
    assert make_whole_due([award((30.0,))], (5.0,)) == Decimal(0)


@pytest.mark.parametrize(
    ("state", "answer", "said"),
    [
        (InstructionState.REFUSED, None, "the site refused (device_fault) and did not stand ready"),
        (InstructionState.ABORTED, None, "the site ended early (device_fault)"),
        (InstructionState.SUPERSEDED, InstructionState.REFUSED, "the site refused"),
        (InstructionState.SUPERSEDED, InstructionState.ACCEPTED, ""),
        (InstructionState.COMPLETED, None, ""),
        (InstructionState.EXPIRED, None, ""),
    ],
)
def test_a_site_that_says_so_did_not_stand_ready(
    state: InstructionState, answer: InstructionState | None, said: str
) -> None:
    told = Instruction(
        instruction_id="evening-m0-north-1",
        event_id="evening",
        site_id="north-1",
        modification_number=0,
        delivery=Interval(NOON, NOON + timedelta(hours=1)),
        interval=timedelta(hours=1),
        target_reduction_kw=(0.0,),
        resource_targets=(),
        expires_at=NOON,
        state=state,
        reason=RefusalReason.DEVICE_FAULT,
        answer=answer,
    )
    products = shipped_products()
    why = declined_readiness(products["example-nordic-ffr"], told)
    assert why.startswith(said)
    assert bool(why) == bool(said)
    assert not declined_readiness(products["example-jp-hatsudo"], told)
