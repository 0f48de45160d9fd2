"""Answers instructions, and takes them through their life at the site."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from vpp.agent.judgement import Situation, stop_reason, verdict_on
from vpp.agent.memory import AgentMemory
from vpp.agent.outbox import Status
from vpp.agent.plan import Phase, PlanItem
from vpp.agent.settings import AgentSettings
from vpp.agent.unit import Unit
from vpp.flexibility.site_guard import Accept, Partial, Refuse
from vpp.foundation.errors import InvalidInput

LONGEST_DETAIL = 1000
log = logging.getLogger(__name__)


class InstructionDesk:
    """Says what becomes of every instruction, in the journal first.

    Attributes:
        clock_skew: The hub's clock minus the site's, in the machine's time, as of the Welcome.
        price_per_mwh: What a further reduction costs, by resource id.
    """

    def __init__(self, settings: AgentSettings, memory: AgentMemory, units: Mapping[str, Unit[Any]]) -> None:
        """Take the site's configuration, memory and resources."""
        self._settings = settings
        self._memory = memory
        self._units = units
        memory.plan.control_step = settings.site.metering_interval
        self.clock_skew = timedelta(0)
        self.price_per_mwh: dict[str, Decimal] = {}

    def price(self) -> None:
        """Learn what a further reduction of each resource costs; an exhausted one keeps its price."""
        step = self._settings.site.metering_interval
        for unit in self._units.values():
            if unit.state is None:
                continue
            offer = unit.offer(unit.observed, 1, step, self._settings.bidding.tariff_per_kwh)
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
        """Answer every instruction that has no answer yet."""
        waiting = [item for item in self._memory.plan.items.values() if item.phase is Phase.NEW]
        if waiting:
            self.price()
        return [self._answer(item, now) for item in waiting]

    def _answer(self, item: PlanItem, now: datetime) -> Status:
        situation = Situation(now, self.clock_skew, self.price_per_mwh)
        name = item.instruction.name
        try:
            verdict = verdict_on(item, self._memory.plan, self._units, self._settings, situation)
        except InvalidInput as error:
            # What cannot be judged is not promised.
            return self.report(name, "REFUSED", now, "RESOURCE_UNAVAILABLE", str(error))
        match verdict:
            case Accept():
                return self.report(name, "ACCEPTED", now)
            case Partial(reduction_kw, reason, detail):
                return self.report(name, "PARTIAL", now, reason.name, detail, accepted_kw=reduction_kw)
            case Refuse(reason, detail):
                return self.report(name, "REFUSED", now, reason.name, detail)

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
        stop = item.stopped or stop_reason(item, plan, self._units, self._settings, now)
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
                last_step = now - self._settings.site.metering_interval
                statuses = [self.report(name, "STARTED", max(delivery.start, last_step))]
            if item.phase is not Phase.RUNNING:
                missed = "the agent was not running during delivery, or lost what it knew of it"
                return [self.report(name, "ABORTED", now, "RESOURCE_UNAVAILABLE", missed)]
            is_over = stop is not None or now >= plan.lets_go_at(item)
            return [*statuses, self.report(name, "COMPLETED", now)] if is_over else statuses
        if item.phase is not Phase.RUNNING and now >= plan.begins_at(item):
            return [self.report(name, "STARTED", now)]
        return statuses
