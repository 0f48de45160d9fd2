"""What people at the site have ordered and still stands; made of journal entries alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vpp.agent.journal import Entry
from vpp.agent.local_order import LocalOrder, OrderKind, order_of
from vpp.agent.mode import Mode
from vpp.agent.settings import AgentSettings

REMEMBERED = timedelta(days=7)
"""How long an order's id and a decision are kept. An order older than this is not taken up any more,
so none can have its effect twice."""
SITE = "site"
RESOURCES = "resources/"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said to something that waits.

    Attributes:
        is_yes: Whether it was confirmed.
        at: When it was made, UTC; it holds for what had come by then.
        by: Who decided.
    """

    is_yes: bool
    at: datetime
    by: str


@dataclass(slots=True)
class StandingOrders:
    """The site's standing orders.

    Attributes:
        mode: Who decides; None for what the configuration says.
        vetoes: Subjects of the vetoes that stand, with the time of each.
        decisions: By the name of what was decided.
        seen: Ids of the orders that have been dealt with, with the time of each.
        latest: The newest orders and what became of them, newest last.
    """

    mode: Mode | None = None
    vetoes: dict[str, datetime] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    seen: dict[str, datetime] = field(default_factory=dict)
    latest: list[Mapping[str, Any]] = field(default_factory=list)

    def apply(self, entry: Entry) -> None:
        """Take up a journal entry of kind `order`."""
        order, at = order_of(entry["order"]), datetime.fromisoformat(entry["at"])
        self.seen[order.order_id] = at
        said = {"at": entry["at"], "kind": order.kind.value, "subject": order.subject, "by": order.made_by}
        self.latest = [*self.latest[-9:], {**said, "answer": entry["answer"], "problem": entry["problem"]}]
        if entry["problem"]:
            return
        match order.kind:
            case OrderKind.VETO:
                self.vetoes[order.subject] = at
            case OrderKind.ALLOW:
                self.vetoes.pop(order.subject, None)
            case OrderKind.CONFIRM | OrderKind.DECLINE:
                is_yes = order.kind is OrderKind.CONFIRM
                # Of an event that was modified meanwhile the person knew what had come by then.
                self.decisions[order.subject] = Decision(is_yes, min(at, order.made_at), order.made_by)
            case OrderKind.MODE:
                self.mode = order.mode
            case OrderKind.TEST | OrderKind.STOP_TEST:
                pass  # the test itself keeps its own entries

    def restore(self, entry: Entry) -> None:
        """Take up a journal entry of kind `standing_orders`, which stands for all before it."""
        self.mode = None if entry["mode"] is None else Mode(entry["mode"])
        self.vetoes = {key: datetime.fromisoformat(at) for key, at in entry["vetoes"].items()}
        self.decisions = {
            key: Decision(each["is_yes"], datetime.fromisoformat(each["at"]), each["by"])
            for key, each in entry["decisions"].items()
        }
        self.seen = {key: datetime.fromisoformat(at) for key, at in entry["seen"].items()}
        self.latest = list(entry["latest"])

    def snapshot(self, now: datetime) -> Iterator[Entry]:
        """Give the entry from which all that still matters can be restored."""
        since = now - REMEMBERED
        yield {
            "kind": "standing_orders",
            "mode": None if self.mode is None else self.mode.value,
            "vetoes": {key: at.isoformat() for key, at in self.vetoes.items()},
            "decisions": {
                key: {"is_yes": each.is_yes, "at": each.at.isoformat(), "by": each.by}
                for key, each in self.decisions.items()
                if each.at > since
            },
            "seen": {key: at.isoformat() for key, at in self.seen.items() if at > since},
            "latest": self.latest,
        }

    def decision_on(self, names: tuple[str, ...], arrived_at: datetime | None) -> Decision | None:
        """Return what a person said to something that goes by several names; None if nothing yet.

        Args:
            names: Its names; the newest decision on any of them holds.
            arrived_at: When it came, UTC; what was said before does not count. None counts everything.
        """
        said = [
            self.decisions[name]
            for name in names
            if name in self.decisions and (arrived_at is None or self.decisions[name].at >= arrived_at)
        ]
        return max(said, key=lambda decision: decision.at, default=None)

    def effective(self, settings: AgentSettings) -> AgentSettings:
        """Return a configuration with the vetoes that stand; they only ever add to its own."""
        if not self.vetoes and self.mode is None:
            return settings
        resources = {key.removeprefix(RESOURCES) for key in self.vetoes if key.startswith(RESOURCES)}
        events = [key for key in self.vetoes if key != SITE and not key.startswith(RESOURCES)]
        limits = settings.limits.model_copy(
            update={
                "site_vetoed": settings.limits.site_vetoed or SITE in self.vetoes,
                "vetoed_events": (*settings.limits.vetoed_events, *events),
                "vetoed_resources": tuple({*settings.limits.vetoed_resources, *resources}),
            }
        )
        operation = settings.operation
        if self.mode is not None:
            operation = operation.model_copy(update={"mode": self.mode})
        return settings.model_copy(update={"limits": limits, "operation": operation})


def refusal_of(order: LocalOrder, settings: AgentSettings, now: datetime) -> str:
    """Return why an order is not followed; empty if it is.

    Args:
        order: The order.
        settings: The site's configuration as it was written.
        now: Present instant, UTC.
    """
    if order.is_expired(now):
        return f"it expired at {order.expires_at}"
    if order.made_at < now - REMEMBERED:
        return f"it was given at {order.made_at}, more than {REMEMBERED.days} days ago"
    if order.subject.startswith(RESOURCES) or order.kind is OrderKind.TEST:
        resource_id = order.subject.removeprefix(RESOURCES)
        known = sorted(key for tables in settings.resources.values() for key in tables)
        if resource_id not in known:
            return f"the site has no resource {resource_id}, expected one of {', '.join(known)}"
    if order.kind is OrderKind.ALLOW:
        limits = settings.limits
        is_written = (
            (order.subject == SITE and limits.site_vetoed)
            or order.subject in limits.vetoed_events
            or order.subject.removeprefix(RESOURCES) in limits.vetoed_resources
        )
        if is_written:
            return "the configuration says no, and only a change of it can allow"
    return ""
