"""Notes what came of each event once its delivery is over, while the meter's readings are still at hand."""

import logging
from datetime import datetime, timedelta

from vpp.agent.activation_log import ActivationLog
from vpp.agent.core import SiteAgent
from vpp.agent.event_responses import measured, newest_items, sign_of
from vpp.agent.meter_history import MeterHistory
from vpp.agent.plan import PlanItem
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.site_response import ResponseChoices
from vpp.flexibility.yearly_flexibility import Activation

READINGS_WITHIN = timedelta(hours=6)
"""Readings that are still missing so long after the end will not come any more: a choice."""
log = logging.getLogger(__name__)


class ActivationDesk:
    """Keeps one site's log of activations."""

    def __init__(self, agent: SiteAgent) -> None:
        """Take the agent whose events are noted."""
        self._agent = agent

    @property
    def _log(self) -> ActivationLog:
        return self._agent.memory.local.activations

    def note(self, now: datetime) -> None:
        """Write down what came of the events that are over; a full disk leaves it to the next time.

        Args:
            now: Present instant, UTC.
        """
        step = self._agent.settings.site.metering_interval
        entries = [] if self._log.since is not None else [self._log.begin_entry(now)]
        for item in newest_items(self._agent.memory.plan):
            instruction = item.instruction
            is_over = instruction.delivery.end + step <= now
            was_served = item.was_agreed and item.begun_at is not None and instruction.purpose.moves_devices
            if is_over and was_served and instruction.event not in self._log.by_event:
                activation = self._activation(item, now)
                if activation is not None:
                    entries.append(self._log.entry(instruction.event, activation))
        if not entries:
            return
        try:
            self._agent.memory.record_together(entries)
        except OSError:
            log.exception("%s: activations cannot be kept", self._agent.settings.site_name)

    def _activation(self, item: PlanItem, now: datetime) -> Activation | None:
        """Return what the meter shows of an event; None if it does not show it, or not yet all of it."""
        meter = self._agent.steering.meter
        history = MeterHistory(
            meter.begin, self._agent.settings.site.metering_interval, tuple(meter.since(meter.begin).tolist())
        )
        response, _ = measured(item, self._agent.memory.plan.baselines, history, ResponseChoices())
        if response is None:
            return None
        if response.metered_ratio < 1.0 and now < item.instruction.delivery.end + READINGS_WITHIN:
            return None
        is_down = sign_of(item.instruction.direction) > 0.0
        direction = FlexDirection.LOAD_DOWN if is_down else FlexDirection.LOAD_UP
        return Activation(item.instruction.delivery, direction, response.delivered_kwh)
