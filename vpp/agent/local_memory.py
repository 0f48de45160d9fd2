"""The part of the agent's state that concerns the site alone: orders, device commands, tests, learning."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from vpp.agent.activation_log import ActivationLog
from vpp.agent.device_actions import DeviceActions
from vpp.agent.journal import Entry
from vpp.agent.learned import Learned
from vpp.agent.local_test import LocalTests
from vpp.agent.standing_orders import StandingOrders


@dataclass(slots=True)
class LocalMemory:
    """What must not be forgotten over a restart and never leaves the site.

    Attributes:
        orders: What people have ordered.
        actions: What each device was told last.
        tests: Tries of resources.
        learned: How much of a command each resource delivers.
        activations: What came of the events of more than a year.
    """

    orders: StandingOrders = field(default_factory=StandingOrders)
    actions: DeviceActions = field(default_factory=DeviceActions)
    tests: LocalTests = field(default_factory=LocalTests)
    learned: Learned = field(default_factory=Learned)
    activations: ActivationLog = field(default_factory=ActivationLog)

    def handlers(self) -> dict[str, Callable[[Entry], None]]:
        """Return who takes up which kind of journal entry."""
        return {
            "order": self.orders.apply,
            "standing_orders": self.orders.restore,
            "action": self.actions.apply,
            "local_test": self.tests.apply,
            "observation": self.learned.apply,
            "activations_since": self.activations.apply_since,
            "activation": self.activations.apply,
        }

    def snapshot(self, now: datetime) -> Iterator[Entry]:
        """Give the entries from which all of it can be restored."""
        yield from self.orders.snapshot(now)
        yield from self.actions.snapshot()
        yield from self.tests.snapshot()
        yield from self.learned.snapshot()
        yield from self.activations.snapshot(now)
