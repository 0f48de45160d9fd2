"""What each device was told last, and what became of it; made of journal entries alone.

A command is written down before it is given and its outcome after, so that an agent that was killed in
between knows that it may have been given. Whatever is not known to be released counts as held.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from vpp.agent.journal import Entry
from vpp.foundation.device_terms import Applied, Outcome, Setpoint

SAME_KW = 1e-6
DONE = frozenset({Outcome.APPLIED, Outcome.UNCHANGED})


@dataclass(frozen=True, slots=True)
class Action:
    """One command to one device.

    Attributes:
        resource_id: The device's resource.
        at: When it was given, UTC.
        setpoint: What was asked.
        outcome: What became of it; PENDING until something is known.
        detail: The same in words; stays at the site.
        since: When a command that held the device away from its own programme was given first, with
            none between that is known to have released it, UTC; None while nothing holds it.
    """

    resource_id: str
    at: datetime
    setpoint: Setpoint
    outcome: Outcome
    detail: str = ""
    since: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Whether the command itself changes what the device would do."""
        return self.setpoint.reduction_kw > 0.0 or self.setpoint.increase_kw > 0.0

    @property
    def may_hold(self) -> bool:
        """Whether the device may still be doing what it was told, now or before."""
        return self.since is not None


@dataclass(slots=True)
class DeviceActions:
    """The newest command of every device.

    Attributes:
        newest: By resource id.
        unwritten: Resources whose newest command the journal does not know.
    """

    newest: dict[str, Action] = field(default_factory=dict)
    unwritten: set[str] = field(default_factory=set)

    def held(self) -> list[Action]:
        """List the devices that may be held away from their own programme."""
        return [action for action in self.newest.values() if action.may_hold]

    def entry(self, resource_id: str, setpoint: Setpoint, at: datetime) -> Entry | None:
        """Return the journal entry of a command that is about to be given; None if it says nothing new."""
        known = self.newest.get(resource_id)
        is_told = (
            resource_id not in self.unwritten and known is not None and known.outcome is not Outcome.FAILED
        )
        if is_told and known is not None and is_same(known.setpoint, setpoint):
            return None
        return _entry(resource_id, setpoint, Applied(Outcome.PENDING, at))

    def outcome_entry(self, resource_id: str, applied: Applied | None) -> Entry | None:
        """Return the journal entry of what became of the newest command; None if it is known already."""
        known = self.newest.get(resource_id)
        if known is None or applied is None or applied.at < known.at:
            return None
        if (applied.outcome, applied.detail) == (known.outcome, known.detail):
            return None
        return _entry(resource_id, known.setpoint, replace(applied, at=max(applied.at, known.at)))

    def apply(self, entry: Entry, *, is_written: bool = True) -> None:
        """Take up a journal entry of kind `action`, or one that could not be written."""
        resource_id = entry["resource_id"]
        (self.unwritten.discard if is_written else self.unwritten.add)(resource_id)
        at, outcome = datetime.fromisoformat(entry["at"]), Outcome(entry["outcome"])
        limit_kw = entry["recovery_limit_kw"]
        setpoint = Setpoint(
            entry["reduction_kw"],
            entry["increase_kw"],
            math.inf if limit_kw is None else limit_kw,
        )
        action = Action(resource_id, at, setpoint, outcome, entry["detail"])
        known = self.newest.get(resource_id)
        since = known.since if known is not None else None
        if "since" in entry:  # of a shortened journal
            since = None if entry["since"] is None else datetime.fromisoformat(entry["since"])
        elif action.is_active:
            since = since or at
        elif outcome in DONE:
            since = None
        self.newest[resource_id] = replace(action, since=since)

    def snapshot(self) -> Iterator[Entry]:
        """Give the entries from which the newest commands can be restored."""
        for action in self.newest.values():
            entry = _entry(
                action.resource_id, action.setpoint, Applied(action.outcome, action.at, action.detail)
            )
            yield {**entry, "since": None if action.since is None else action.since.isoformat()}


def is_same(one: Setpoint, other: Setpoint) -> bool:
    """Tell whether two setpoints ask for the same, but for rounding."""
    return (
        abs(one.reduction_kw - other.reduction_kw) <= SAME_KW
        and abs(one.increase_kw - other.increase_kw) <= SAME_KW
        and (
            one.recovery_limit_kw == other.recovery_limit_kw
            or abs(one.recovery_limit_kw - other.recovery_limit_kw) <= SAME_KW
        )
    )


def _entry(resource_id: str, setpoint: Setpoint, applied: Applied) -> Entry:
    limit_kw = setpoint.recovery_limit_kw
    return {
        "kind": "action",
        "resource_id": resource_id,
        "at": applied.at.isoformat(),
        "reduction_kw": setpoint.reduction_kw,
        "increase_kw": setpoint.increase_kw,
        "recovery_limit_kw": None if math.isinf(limit_kw) else limit_kw,
        "outcome": applied.outcome.value,
        "detail": applied.detail,
    }


def action_document(action: Action) -> Mapping[str, Any]:
    """Return an action for the status page."""
    return {
        "at": action.at.isoformat(),
        "reduction_kw": action.setpoint.reduction_kw,
        "increase_kw": action.setpoint.increase_kw,
        "outcome": action.outcome.value,
        "detail": action.detail,
        "held_since": None if action.since is None else action.since.isoformat(),
    }
