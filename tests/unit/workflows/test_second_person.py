"""Who may take which decision about what somebody proposed."""

import pytest

from vpp.foundation.errors import NotPermitted, WrongState
from vpp.settlement.adjustment import AdjustmentState
from vpp.workflows.identity import Principal, Role
from vpp.workflows.second_person import check_decision, is_same_person

ANNA = Principal("anna", "hub", None, frozenset({Role.SETTLEMENT_OFFICER}))
BEN = Principal("ben", "hub", None, frozenset({Role.SETTLEMENT_OFFICER}))
WAITS = AdjustmentState.PROPOSED


@pytest.mark.parametrize(
    ("decides", "wanted", "refused"),
    [
        (ANNA, AdjustmentState.APPROVED, True),
        (ANNA, AdjustmentState.REJECTED, True),
        (ANNA, AdjustmentState.WITHDRAWN, False),
        (BEN, AdjustmentState.APPROVED, False),
        (BEN, AdjustmentState.REJECTED, False),
        (BEN, AdjustmentState.WITHDRAWN, True),
    ],
)
def test_another_person_decides_and_the_same_person_withdraws(
    decides: Principal, wanted: AdjustmentState, *, refused: bool
) -> None:
    def decide() -> None:
        check_decision(
            decides,
            "adjustments/x",
            state=WAITS,
            proposed_by="anna",
            proposed_person="anna",
            wanted=wanted,
        )

    if refused:
        with pytest.raises(NotPermitted, match="adjustments/x was proposed by"):
            decide()
    else:
        decide()


@pytest.mark.parametrize("state", [one for one in AdjustmentState if one is not WAITS])
@pytest.mark.parametrize("wanted", [one for one in AdjustmentState if one is not WAITS])
@pytest.mark.parametrize("decides", [ANNA, BEN])
def test_what_is_decided_stays_decided(
    decides: Principal, state: AdjustmentState, wanted: AdjustmentState
) -> None:
    with pytest.raises(WrongState, match=f"is {state.name}, expected PROPOSED"):
        check_decision(
            decides,
            "adjustments/x",
            state=state,
            proposed_by="anna",
            proposed_person="anna",
            wanted=wanted,
        )


@pytest.mark.parametrize(
    ("principal_id", "person_id", "proposed_by", "proposed_person", "same"),
    [
        ("anna", None, "anna", "anna", True),
        ("anna", None, "anna", "", True),  # kept before persons were
        ("anna-night", "anna", "anna-day", "anna", True),
        ("anna-night", "anna", "anna", "", True),
        ("anna", None, "anna-day", "anna", True),
        ("ben", None, "anna-day", "anna", False),
        ("ben", "anna-2", "anna", "anna", False),
        ("anna", "ben", "anna", "carla", True),  # a principal that changed hands decides nothing of its own
    ],
)
def test_people_are_told_apart_by_the_person_behind_a_principal(
    principal_id: str, person_id: str | None, proposed_by: str, proposed_person: str, *, same: bool
) -> None:
    caller = Principal(principal_id, "hub", None, frozenset(), person_id)
    assert is_same_person(caller, principal_id=proposed_by, person=proposed_person) is same


def test_a_second_principal_of_the_same_person_approves_nothing() -> None:
    other = Principal("anna-night", "hub", None, frozenset({Role.SETTLEMENT_OFFICER}), "anna")
    with pytest.raises(NotPermitted, match="was proposed by you; another person makes it APPROVED"):
        check_decision(
            other,
            "adjustments/x",
            state=WAITS,
            proposed_by="anna-day",
            proposed_person="anna",
            wanted=AdjustmentState.APPROVED,
        )
