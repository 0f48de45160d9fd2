from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.dispatch.late_answer import ANSWER_GRACE, was_answered_in_time
from vpp.foundation.interval import Interval

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
END = START + timedelta(hours=2)
SECOND = timedelta(seconds=1)
EXPIRED = Instruction(
    "evening-m0-north-1",
    "evening",
    "north-1",
    0,
    Interval(START, END),
    timedelta(hours=1),
    (10.0, 10.0),
    (),
    END,
    InstructionState.EXPIRED,
)
IN_TIME: dict[str, object] = {
    "instruction": EXPIRED,
    "answer": InstructionState.ACCEPTED,
    "answered_at": START - SECOND,
    "expired_at": START,
    "now": START + SECOND,
}


def counts(**changes: object) -> bool:
    given = IN_TIME | changes
    instruction, answer = given.pop("instruction"), given.pop("answer")
    return was_answered_in_time(instruction, answer, **given)  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize("answer", ["ACCEPTED", "PARTIAL", "REFUSED"])
def test_an_answer_given_before_the_start_counts_though_it_arrives_after(answer: str) -> None:
    assert counts(answer=InstructionState[answer])


def test_a_site_that_joins_answers_in_time_before_anything_is_asked_of_it() -> None:
    count = len(EXPIRED.target_reduction_kw)
    joining = replace(
        EXPIRED,
        interval=EXPIRED.delivery.duration / (2 * count),
        target_reduction_kw=(0.0,) * count + (10.0,) * count,
    )
    middle = EXPIRED.delivery.start + EXPIRED.delivery.duration / 2
    assert counts(instruction=joining, answered_at=middle - SECOND, expired_at=middle, now=middle)
    assert not counts(instruction=joining, answered_at=middle, expired_at=middle, now=middle)


def test_the_grace_runs_from_when_the_hub_wrote_it_off_not_from_the_start() -> None:
    late_hub = START + timedelta(minutes=40)  # it was down over the start
    assert counts(expired_at=late_hub, now=late_hub + ANSWER_GRACE - SECOND)
    assert not counts(expired_at=late_hub, now=late_hub + ANSWER_GRACE)
    assert not counts(now=START + ANSWER_GRACE)


@pytest.mark.parametrize(
    "changes",
    [
        {"answered_at": START},
        {"now": END, "expired_at": END - SECOND},
        {"answer": InstructionState.STARTED},
        {"answer": InstructionState.COMPLETED},
        {"instruction": replace(EXPIRED, state=InstructionState.SUPERSEDED)},
        {"instruction": replace(EXPIRED, state=InstructionState.REFUSED)},
    ],
)
def test_what_is_no_answer_in_time_does_not(changes: dict[str, object]) -> None:
    assert not counts(**changes)
