"""A backup generator as the agent sees it: every hour that it runs is counted with what it runs for."""

import logging
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from vpp.agent.plausible_reading import power_of, share_of
from vpp.agent.unit import Unit
from vpp.flexibility import generator
from vpp.flexibility.envelope import Envelope
from vpp.flexibility.generator import GeneratorParameters, GeneratorState
from vpp.flexibility.generator_permit import (
    LONGEST_YEAR_HOURS,
    GeneratorRun,
    PermitCount,
    RunCategory,
)
from vpp.flexibility.offer import Offer
from vpp.flexibility.planning.terms import GeneratorTerms
from vpp.v1 import portfolio_pb2

log = logging.getLogger(__name__)
HOUR = timedelta(hours=1)


class GeneratorUnit(Unit[GeneratorState]):
    """A generator that serves only if the site has turned it on.

    The set's own counters, of the calendar year, and the agent's count of what it has seen run both hold:
    what either has left is the most. A set whose counters stand still so runs no longer than its permit.
    """

    kind = portfolio_pb2.Resource.KIND_GENERATOR
    urgency = 4

    def __init__(self, params: GeneratorParameters) -> None:
        """Take the generator's parameters."""
        super().__init__(params.resource_id)
        self._params = params
        self._count: PermitCount | None = None
        self._was_running = False

    def _state_of(self, reading: Mapping[str, float]) -> GeneratorState:
        """Take up hours and fuel; hours whose purpose the set does not tell count as paid.

        Where it does not show the load behind it, its rated output is taken to be there.
        """
        params = self._params
        used_hours = max(0.0, reading["hours_used_nonemergency"])
        paid_hours = min(used_hours, max(0.0, reading.get("hours_used_paid", used_hours)))
        is_running = reading["is_running"] > 0.0
        running_for = timedelta(seconds=max(0.0, reading["run_s"])) if is_running else timedelta(0)
        fuel_kwh = math.inf
        if params.tank_kwh is not None:
            fuel_kwh = share_of(reading, "fuel_ratio") * params.tank_kwh
        return GeneratorState(
            load_kw=power_of(reading, "site_load_kw", params.max_kw),
            paid_hours_left=self._paid_hours_left(used_hours, paid_hours, reading, is_running=is_running),
            running_for=max(running_for, timedelta(seconds=1)) if is_running else running_for,
            fuel_kwh=fuel_kwh,
            is_blocked=not self.is_available or reading.get("alarm_count", 0.0) > 0.0,
        )

    def _paid_hours_left(
        self, used_hours: float, paid_hours: float, reading: Mapping[str, float], *, is_running: bool
    ) -> float:
        """Return what the permit has left by the set's counters and by the agent's own count, h."""
        permit, at = self._params.permit, self._observed_at
        shown = PermitCount(permit)
        start = datetime(2000 if at is None else at.year, 1, 1, tzinfo=UTC)
        for hours, category in ((paid_hours, RunCategory.PAID), (used_hours - paid_hours, RunCategory.OTHER)):
            shown = shown.record(GeneratorRun(start, min(hours, LONGEST_YEAR_HOURS), category))
        left_hours = shown.left_hours(RunCategory.PAID, start.year)
        if at is None:
            return left_hours
        if self._count is None:
            self._count = shown
        elif is_running or self._was_running:
            self._enter(self._count, at, _category(reading))
        self._was_running = is_running
        return min(left_hours, self._count.left_hours(RunCategory.PAID, at.year))

    def _enter(self, count: PermitCount, at: datetime, category: RunCategory) -> None:
        """Count what has run since the last observation, whatever the permit allows."""
        run = GeneratorRun(at - self.elapsed, self.elapsed / HOUR, category)
        self._count = count.record(run)
        if not self._was_running or count.runs[-1].category is not category:
            log.info("%s runs (%s)", self.resource_id, category.value)
        log.debug(
            "%s: %.3f h (%s), %.3f paid hours left",
            self.resource_id,
            run.hours,
            category.value,
            self._count.left_hours(RunCategory.PAID, at.year),
        )

    def envelope(self) -> Envelope:
        """Return the envelope of the set standing ready, with the hours the permit has left."""
        return generator.envelope(self._params, generator.rested(self._params, self.observed))

    def present_envelope(self) -> Envelope:
        """Return the envelope of the set as it is."""
        return generator.envelope(self._params, self.observed)

    def available_kw(self, state: GeneratorState, step: timedelta) -> float:
        """Return the largest output within permit and fuel, kW."""
        return generator.available_kw(self._params, state, step)

    def energy_kwh(self, state: GeneratorState) -> float:
        """Return the energy that permit and fuel leave, kWh."""
        return generator.envelope(self._params, state).energy_budget_kwh

    def recovery_kw(self, state: GeneratorState, step: timedelta) -> float:
        """Return 0.0: nothing is drawn again."""
        return generator.recovery_kw(self._params, state, step)

    def advance(
        self, state: GeneratorState, reduction_kw: float, step: timedelta
    ) -> tuple[GeneratorState, float]:
        """Run for a step."""
        after, change_kw = generator.advance(self._params, state, reduction_kw, step)
        return after, max(0.0, -change_kw)

    def terms(
        self,
        state: GeneratorState,
        interval_count: int,
        step: timedelta,
        prices_per_kwh: Sequence[Decimal],
    ) -> GeneratorTerms:
        """Return what the planner sees of the generator."""
        del prices_per_kwh
        return generator.terms(self._params, state, interval_count, step)

    def offer(
        self, state: GeneratorState, interval_count: int, step: timedelta, tariff_per_kwh: Decimal
    ) -> Offer | None:
        """Return an offer of the whole window at one output."""
        return generator.offer(self._params, state, interval_count, step, tariff_per_kwh=tariff_per_kwh)


def _category(reading: Mapping[str, float]) -> RunCategory:
    """Return what a running set runs for, as far as its instruments tell."""
    if reading.get("grid_failed", 0.0) > 0.0:
        return RunCategory.EMERGENCY
    if reading.get("generator_test", 0.0) > 0.0:
        return RunCategory.TEST
    return RunCategory.PAID if reading["reduction_kw"] > 0.0 else RunCategory.OTHER
