"""Answers instructions, and takes them through their life at the site."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from vpp.agent.judgement import TOLERANCE_KW, Situation, stop_reason, verdict_on
from vpp.agent.memory import AgentMemory
from vpp.agent.outbox import Status
from vpp.agent.plan import Phase, PlanItem
from vpp.agent.settings import AgentSettings
from vpp.agent.site_tariff import SiteTariff, one_step
from vpp.agent.standing_orders import Decision
from vpp.agent.unit import Unit
from vpp.flexibility.site_guard import Accept, GuardReason, Partial, Refuse, Verdict
from vpp.foundation.errors import InvalidInput

LONGEST_DETAIL = 1000
log = logging.getLogger(__name__)


class InstructionDesk:
    """Says what becomes of every instruction, in the journal first.

    Attributes:
        settings: The site's configuration with the orders that stand.
        clock_skew: The hub's clock minus the site's, in the machine's time, as of the Welcome.
        price_per_mwh: What a further reduction costs, by resource id.
        situation: What the site knows of its devices, its meter and its load.
    """

    def __init__(
        self,
        settings: AgentSettings,
        memory: AgentMemory,
        units: Mapping[str, Unit[Any]],
        *,
        moves_devices: bool = True,
    ) -> None:
        """Take the site's configuration, memory and resources.

        Args:
            settings: The configuration with the orders that stand.
            memory: What the agent must not forget.
            units: The site's resources by id.
            moves_devices: Whether devices are commanded; an agent that runs dry agrees to nothing.
        """
        self.settings = settings
        self._memory = memory
        self._units = units
        self._tariff = SiteTariff(settings)
        self._moves_devices = moves_devices
        memory.plan.control_step = settings.control_step
        self.clock_skew = timedelta(0)
        self.price_per_mwh: dict[str, Decimal] = {}
        self.situation = Situation(datetime.min.replace(tzinfo=UTC), timedelta(0), {})

    def price(self, now: datetime) -> None:
        """Learn what a further reduction of each resource costs now; an exhausted one keeps its price."""
        step = self.settings.site.metering_interval
        for unit in self._units.values():
            if unit.state is None:
                continue
            try:
                offer = self._tariff.offer(unit, unit.observed, one_step(now, step), step)
            except InvalidInput:
                log.exception("%s has no price", unit.resource_id)
                continue
            if offer is not None:
                self.price_per_mwh[unit.resource_id] = offer.price_per_mwh

    def report(  # noqa: PLR0913  a status is made of these
        self,
        name: str,
        state: str,
        now: datetime,
        reason: str = "UNSPECIFIED",
        detail: str = "",
        *,
        accepted_kw: float = 0.0,
    ) -> Status:
        """Record a status and return it."""
        number = self._memory.outbox.status_count + 1
        self._memory.record(
            {
                "kind": "status",
                "number": number,
                "instruction": name,
                "state": state,
                "reason": reason,
                "detail": detail[:LONGEST_DETAIL],
                "accepted_kw": accepted_kw,
                "at": now.isoformat(),
            }
        )
        log.info("%s: %s %s %s", name, state, reason, detail, extra={"instruction": name})
        return self._memory.outbox.statuses[number]

    def answers(self, now: datetime) -> list[Status]:
        """Answer every instruction that has no answer yet, but those that wait for a person."""
        waiting = [item for item in self._memory.plan.items.values() if item.phase is Phase.NEW]
        if waiting:
            self.price(now)
        answers = [self._answer(item, now) for item in waiting]
        return [answer for answer in answers if answer is not None]

    def confirm_by(self, item: PlanItem) -> datetime:
        """Return until when a person may confirm an instruction."""
        instruction = item.instruction
        came_at = item.arrived_at or instruction.delivery.start
        begins_at = self._memory.plan.begins_at(item)
        return min(came_at + self.settings.operation.confirm_within, begins_at, instruction.expires_at)

    def waits_for_person(self, item: PlanItem, now: datetime) -> bool:
        """Tell whether an instruction has no answer yet because a person is to give it."""
        is_asked = self.settings.operation.mode.asks_for_instructions and item.phase is Phase.NEW
        return (
            is_asked
            and item.instruction.purpose.moves_devices
            and not item.continues
            and self._decision(item) is None
            and now < self.confirm_by(item)
        )

    def is_answer_due(self, now: datetime) -> bool:
        """Tell whether an instruction has waited for a person for as long as it may."""
        return self.settings.operation.mode.asks_for_instructions and any(
            item.phase is Phase.NEW and self.confirm_by(item) <= now
            for item in self._memory.plan.items.values()
        )

    def _decision(self, item: PlanItem) -> Decision | None:
        names = (item.instruction.name, item.instruction.event)
        return self._memory.local.orders.decision_on(names, item.arrived_at)

    def _answer(self, item: PlanItem, now: datetime) -> Status | None:
        name = item.instruction.name
        situation = replace(
            self.situation, now=now, clock_skew=self.clock_skew, price_per_mwh=self.price_per_mwh
        )
        try:
            verdict = verdict_on(item, self._memory.plan, self._units, self.settings, situation)
        except InvalidInput:
            # What cannot be judged is not promised. Why may name what stays at the site.
            log.exception("%s cannot be judged", name)
            verdict = Refuse(GuardReason.RESOURCE_UNAVAILABLE, "the site cannot tell what it could do")
        if not isinstance(verdict, Refuse):
            if self.waits_for_person(item, now):
                return None
            verdict = self._as_decided(item, verdict)
        if not self._moves_devices and not isinstance(verdict, Refuse):
            said = "in full" if isinstance(verdict, Accept) else f"up to {verdict.reduction_kw:.3f} kW"
            verdict = Refuse(GuardReason.LOCAL_VETO, f"the site runs dry; it would have agreed {said}")
        match verdict:
            case Accept():
                return self.report(name, "ACCEPTED", now)
            case Partial(reduction_kw, reason, detail):
                return self.report(name, "PARTIAL", now, reason.name, detail, accepted_kw=reduction_kw)
            case Refuse(reason, detail):
                return self.report(name, "REFUSED", now, reason.name, detail)

    def _as_decided(self, item: PlanItem, verdict: Accept | Partial) -> Verdict:
        """Return what becomes of a verdict where a person has a say.

        What modifies an instruction that was agreed to needs no further yes as far as it asks for no
        more: waiting for one would end a delivery that runs.
        """
        asks = self.settings.operation.mode.asks_for_instructions
        decision = self._decision(item)
        if decision is not None and not decision.is_yes:
            return Refuse(GuardReason.LOCAL_VETO, "declined at the site")
        if not asks or not item.instruction.purpose.moves_devices or decision is not None:
            return verdict
        if not item.continues:
            by = self.confirm_by(item).isoformat()
            return Refuse(GuardReason.NOT_CONFIRMED, f"nobody at the site confirmed it by {by}")
        peak_kw = max(item.instruction.target_reduction_kw)
        if isinstance(verdict, Partial):
            peak_kw = verdict.reduction_kw
        if peak_kw <= item.replaced_kw + TOLERANCE_KW:
            return verdict
        detail = f"nobody at the site has confirmed more than {item.replaced_kw:.3f} kW"
        if item.replaced_kw <= TOLERANCE_KW:
            return Refuse(GuardReason.NOT_CONFIRMED, detail)
        return Partial(item.replaced_kw, GuardReason.NOT_CONFIRMED, detail)

    def advance(self, now: datetime) -> list[Status]:
        """Answer, begin, end or stop what the time and the site's limits say."""
        statuses = self.answers(now)
        for item in list(self._memory.plan.items.values()):
            if item.phase in {Phase.AGREED, Phase.RUNNING}:
                statuses += self._next_step(item, now)
        return statuses

    def _next_step(self, item: PlanItem, now: datetime) -> list[Status]:
        delivery, name = item.instruction.delivery, item.instruction.name
        plan = self._memory.plan
        situation = replace(self.situation, now=now)
        stop = item.stopped or stop_reason(item, plan, self._units, self.settings, situation)
        if now < delivery.end:
            item.stopped = stop  # it goes no further, even if the disk takes no word of that
        statuses = []
        if item.phase is Phase.AGREED and item.begun_at is not None:  # it has begun without a word
            statuses = [self.report(name, "STARTED", item.begun_at)]
        if item.stopped is not None:
            state = "ABORTED" if now >= delivery.start else "REFUSED"
            return [*statuses, self.report(name, state, now, item.stopped.reason.name, item.stopped.detail)]
        if now >= delivery.end:  # its own end, whether or not the hub can be reached
            if item.phase is Phase.AGREED and item.takes_over:
                # It came after the last control step; until the end the site delivered what it modifies.
                last_step = now - self.settings.control_step
                statuses = [self.report(name, "STARTED", max(delivery.start, last_step))]
            if item.phase is not Phase.RUNNING:
                missed = "the agent was not running during delivery, or lost what it knew of it"
                return [self.report(name, "ABORTED", now, "RESOURCE_UNAVAILABLE", missed)]
            is_over = stop is not None or now >= plan.lets_go_at(item)
            return [*statuses, self._completed(item, now)] if is_over else statuses
        if item.phase is not Phase.RUNNING and now >= plan.begins_at(item):
            return [self.report(name, "STARTED", now)]
        return statuses

    def _completed(self, item: PlanItem, now: datetime) -> Status:
        """Report the end; with it, that the site fell short because devices failed."""
        if item.short_kw <= TOLERANCE_KW:
            return self.report(item.instruction.name, "COMPLETED", now)
        detail = f"up to {item.short_kw:.1f} kW were missing: {item.short_detail}"
        return self.report(item.instruction.name, "COMPLETED", now, GuardReason.DEVICE_FAULT.name, detail)
