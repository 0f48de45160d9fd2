"""What one person proposes and another decides: amounts by hand, corrections of rules, products."""

from enum import Enum

from vpp.foundation.errors import NotPermitted, WrongState
from vpp.workflows.identity import Principal

BY_ANOTHER = frozenset({"APPROVED", "REJECTED"})
"""Decisions that whoever proposed cannot take."""
_WAITING = "PROPOSED"
_WITHDRAWN = "WITHDRAWN"


def is_same_person(principal: Principal, *, principal_id: str, person: str) -> bool:
    """Tell whether a caller is the person who did something earlier.

    Args:
        principal: The caller.
        principal_id: Principal that did it.
        person: Who stood behind that principal then; empty where it was not kept.

    Example:
        >>> anna = Principal("anna-desk", "grid", None, frozenset(), "anna")
        >>> is_same_person(anna, principal_id="anna-home", person="anna")
        True
        >>> is_same_person(anna, principal_id="bert", person="bert")
        False
    """
    if principal.principal_id == principal_id:
        return True
    return principal.person == (person or principal_id)


def check_decision(  # noqa: PLR0913  who asks, what for, and who proposed it
    principal: Principal,
    full_name: str,
    *,
    state: Enum,
    proposed_by: str,
    proposed_person: str,
    wanted: Enum,
) -> None:
    """Refuse a decision that is not the caller's to take.

    People are told apart by the person that the hub's settings name behind each principal. Somebody with
    two principals and no such name would be taken for two, so the hub's owner names the person.

    Args:
        principal: The caller.
        full_name: What is decided.
        state: Where it is in its life; its states are named as those of an adjustment.
        proposed_by: Principal who proposed it.
        proposed_person: Person behind that principal; empty where it was not kept.
        wanted: What the caller would make of it.

    Raises:
        WrongState: It has been decided.
        NotPermitted: The caller proposed it and would approve or reject it, or did not and would withdraw it.
    """
    if state.name != _WAITING:
        raise WrongState(
            f"{full_name} is {state.name}, expected PROPOSED to make it {wanted.name}", state=state.name
        )
    is_own = is_same_person(principal, principal_id=proposed_by, person=proposed_person)
    if is_own and wanted.name in BY_ANOTHER:
        raise NotPermitted(
            f"{full_name} was proposed by you; another person makes it {wanted.name}", proposed_by=proposed_by
        )
    if not is_own and wanted.name == _WITHDRAWN:
        raise NotPermitted(
            f"{full_name} was proposed by {proposed_by}, who alone can withdraw it; you may reject it",
            proposed_by=proposed_by,
        )
