"""Who may take which decision about what somebody proposed."""

import pytest

from vpp.foundation.errors import NotPermitted, WrongState
from vpp.settlement.adjustment import AdjustmentState
from vpp.workflows.identity import Principal, Role
from vpp.workflows.second_person import check_decision

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
        check_decision(decides, "adjustments/x", state=WAITS, proposed_by="anna", wanted=wanted)

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
        check_decision(decides, "adjustments/x", state=state, proposed_by="anna", wanted=wanted)
