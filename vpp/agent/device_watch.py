"""Which devices may be relied on now, and why the others are left out.

A device is left out

- at once and for as long as it complains or does not answer;
- for a while after it failed to do what it was told;
- for a while when its own instrument shows nothing of a command although its response time is over;
- for a while when the meter shows nothing of what it claims (`vpp.agent.claim_test`).

What it should have done is then taken over by the others.
"""

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vpp.agent.claim_test import ClaimTest
from vpp.agent.device_actions import Action
from vpp.agent.settings import AgentSettings
from vpp.agent.unit import Unit
from vpp.foundation.device_terms import DeviceCondition, Health, Outcome

PATIENT_STEPS = 2
"""Control steps beyond its response time in which a device may show nothing."""
LEAST_COMMAND_KW = 0.5
MOST_DOUBLINGS = 4
DOUBTFUL = "doubtful"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why a device is left out.

    Attributes:
        kind: In a word that may leave the site: failed, doubtful or silent.
        why: In words, which may name what stays at the site.
        until: Until when, UTC.
    """

    kind: str
    why: str
    until: datetime


class DeviceWatch:
    """Watches the devices of one site.

    Attributes:
        conditions: How each device is, as last asked, by resource id.
    """

    def __init__(self, settings: AgentSettings, resource_ids: Sequence[str]) -> None:
        """Begin by relying on all of them."""
        self._faults = settings.faults
        self._step = settings.control_step
        self._claims = ClaimTest(resource_ids)
        self._left_out: dict[str, LeftOut] = {}
        self._silent_since: dict[str, datetime] = {}
        self._heard: set[str] | None = None
        self._failed_at: dict[str, datetime] = {}
        self._failed_count: dict[str, int] = {}
        self.conditions: dict[str, DeviceCondition] = {}

    @property
    def noise_kw(self) -> float:
        """Standard deviation of the load's own change from step to step, kW."""
        return self._claims.noise_kw

    def prime(self, net_kw: Iterable[float]) -> None:
        """Learn the load's own restlessness from past readings, kW; NaN is a gap."""
        for value in net_kw:
            self._claims.see(value if math.isfinite(value) else None, {})

    def is_real(self, resource_id: str) -> bool:
        """Tell whether what a device claims to do counts: it has not been caught at a false claim."""
        left = self._left_out.get(resource_id)
        return left is None or left.kind != DOUBTFUL

    def reasons(self, at: datetime) -> dict[str, str]:
        """Return why devices are left out at an instant, by resource id."""
        found = {key: left.why for key, left in self._left_out.items() if at < left.until}
        for key, condition in self.conditions.items():
            if condition.health is not Health.OK:
                found[key] = _complaint(condition)
        return found

    def kinds(self, at: datetime) -> dict[str, str]:
        """Return the same in words that may leave the site: no alarm's text, no job's name."""
        found = {key: left.kind for key, left in self._left_out.items() if at < left.until}
        for key, condition in self.conditions.items():
            if condition.health is not Health.OK:
                found[key] = condition.health.value
        return found

    def is_heard(self, resource_id: str) -> bool:
        """Tell whether a device's readings are its own and of now."""
        condition = self.conditions.get(resource_id)
        return condition is None or condition.health not in {Health.LOST, Health.STALE}

    def takes_no_command(self, resource_id: str) -> bool:
        """Tell whether a device is to be left alone altogether: it reports an alarm."""
        condition = self.conditions.get(resource_id)
        return condition is not None and condition.health is Health.ALARM

    def ask(self, resource_id: str, condition: DeviceCondition, *, is_asked: bool) -> bool:
        """Take up how a device is; tell whether it may be relied on otherwise than before.

        Args:
            resource_id: The device.
            condition: How it is.
            is_asked: Whether its newest command asks anything of it, so that a failure of it counts.
        """
        before = self.conditions.get(resource_id)
        self.conditions[resource_id] = condition
        was = Health.OK if before is None else before.health
        is_changed = was is not condition.health
        if is_changed and condition.health is not Health.OK:
            log.error("%s is left out: %s", resource_id, _complaint(condition))
        elif is_changed:
            log.warning("%s is back", resource_id)
        has_failed = is_asked and self._note_failure(resource_id, condition)
        return has_failed or is_changed

    def _note_failure(self, resource_id: str, condition: DeviceCondition) -> bool:
        action = condition.last_action
        if action is not None and action.outcome is Outcome.APPLIED:
            self._failed_count.pop(resource_id, None)
        if action is None or action.outcome is not Outcome.FAILED:
            return False
        if self._failed_at.get(resource_id) == action.at:
            return False
        count = self._failed_count.get(resource_id, 0)
        self._failed_at[resource_id], self._failed_count[resource_id] = action.at, count + 1
        why = f"it did not do what it was told{f': {action.detail}' if action.detail else ''}"
        # One that fails again is tried less and less often: every try costs a part of a delivery.
        wait = self._faults.retry_after * 2 ** min(count, MOST_DOUBLINGS)
        self._leave_out(resource_id, LeftOut("failed", why, action.at + wait))
        return True

    def recall(self, action: Action) -> None:
        """Take up after a restart what the journal says of a device's newest command."""
        if action.outcome is Outcome.FAILED and action.is_active:
            self._failed_at[action.resource_id] = action.at
            why = f"it did not do what it was told{f': {action.detail}' if action.detail else ''}"
            self._leave_out(action.resource_id, LeftOut("failed", why, action.at + self._faults.retry_after))

    def _leave_out(self, resource_id: str, left: LeftOut) -> None:
        log.error("%s is left out until %s: %s", resource_id, left.until.isoformat(), left.why)
        self._left_out[resource_id] = left

    def see(
        self,
        at: datetime,
        net_kw: float | None,
        units: Mapping[str, Unit[Any]],
        actions: Mapping[str, Action],
    ) -> None:
        """Take up what instruments show of the control interval that ended at an instant.

        Args:
            at: End of the interval, UTC.
            net_kw: What the meter showed, kW; None if nothing.
            units: The resources, observed.
            actions: What each device was told last, by resource id.
        """
        for key in [key for key, left in self._left_out.items() if at >= left.until]:
            del self._left_out[key]
            self._claims.trust_again(key)
            self._silent_since.pop(key, None)
        heard = {key for key in units if self.conditions.get(key, _FINE).health is Health.OK}
        if heard != self._heard:  # what a device does that was not heard before is no change
            self._claims.begin_anew()
        self._heard = heard
        claim_kw = {key: unit.reduction_kw for key, unit in units.items() if self.is_real(key)}
        self._claims.see(net_kw, claim_kw)
        for key, unit in units.items():
            if key in self._left_out or self.conditions.get(key, _FINE).health is not Health.OK:
                continue
            if self._claims.is_doubtful(key):
                self._claims.acquit_others(key)
                why = f"it claims to do {unit.reduction_kw:.1f} kW and the meter shows nothing of it"
                self._leave_out(key, LeftOut(DOUBTFUL, why, at + self._faults.doubt_for))
            elif key in actions and self._is_silent(unit, actions[key], at):
                told_kw, shown_kw = _told_kw(actions[key]), _shown_kw(unit, actions[key])
                why = f"it was told {told_kw:.1f} kW and shows {shown_kw:.1f} kW"
                self._leave_out(key, LeftOut("silent", why, at + self._faults.doubt_for))

    def _is_silent(self, unit: Unit[Any], action: Action, at: datetime) -> bool:
        """Tell whether a device has shown nothing of a command for longer than it may take."""
        key, told_kw = unit.resource_id, _told_kw(action)
        limit_kw = self._faults.doubt_below_ratio * told_kw
        if told_kw < LEAST_COMMAND_KW or _shown_kw(unit, action) >= limit_kw:
            self._silent_since.pop(key, None)
            return False
        since = self._silent_since.setdefault(key, max(action.since or action.at, at - self._step))
        patience = response_time_of(unit) + PATIENT_STEPS * self._step
        return at - since > patience


_FINE = DeviceCondition(Health.OK)


def _complaint(condition: DeviceCondition) -> str:
    parts = [part for part in (", ".join(condition.alarms), condition.detail) if part]
    return f"{condition.health.value}{': ' + '; '.join(parts) if parts else ''}"


def _told_kw(action: Action) -> float:
    return max(action.setpoint.reduction_kw, action.setpoint.increase_kw)


def _shown_kw(unit: Unit[Any], action: Action) -> float:
    return unit.reduction_kw if action.setpoint.reduction_kw > 0.0 else -unit.reduction_kw


def response_time_of(unit: Unit[Any]) -> timedelta:
    """Return how long a resource takes from command to the whole change; an hour at most."""
    seconds = unit.present_envelope().response_time.total_seconds() if unit.state is not None else 0.0
    return timedelta(seconds=min(3600.0, seconds if math.isfinite(seconds) else 3600.0))
