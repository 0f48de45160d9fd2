"""What one person proposes and another decides: amounts by hand, corrections of rules."""

from vpp.foundation.errors import NotPermitted, WrongState
from vpp.settlement.adjustment import AdjustmentState
from vpp.workflows.identity import Principal

BY_ANOTHER = frozenset({AdjustmentState.APPROVED, AdjustmentState.REJECTED})
"""Decisions that whoever proposed cannot take."""


def check_decision(
    principal: Principal, full_name: str, *, state: AdjustmentState, proposed_by: str, wanted: AdjustmentState
) -> None:
    """Refuse a decision that is not the caller's to take.

    People are told apart by their principal: one person with two principals would be taken for two, so the
    hub's owner gives each person one.

    Raises:
        WrongState: It has been decided.
        NotPermitted: The caller proposed it and would approve or reject it, or did not and would withdraw it.
    """
    if state is not AdjustmentState.PROPOSED:
        raise WrongState(
            f"{full_name} is {state.name}, expected PROPOSED to make it {wanted.name}", state=state.name
        )
    is_own = principal.principal_id == proposed_by
    if is_own and wanted in BY_ANOTHER:
        raise NotPermitted(
            f"{full_name} was proposed by you; another person makes it {wanted.name}", proposed_by=proposed_by
        )
    if not is_own and wanted is AdjustmentState.WITHDRAWN:
        raise NotPermitted(
            f"{full_name} was proposed by {proposed_by}, who alone can withdraw it; you may reject it",
            proposed_by=proposed_by,
        )
