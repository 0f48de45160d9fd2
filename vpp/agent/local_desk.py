"""Takes up what people at the site order, while the agent runs."""

import logging
from datetime import datetime
from typing import Any

from vpp.agent.core import SiteAgent
from vpp.agent.local_order import LocalOrder, OrderKind
from vpp.agent.order_folder import Found, OrderFolder
from vpp.agent.plan import Phase
from vpp.agent.standing_orders import refusal_of
from vpp.v1 import session_pb2

CAREFUL = frozenset({OrderKind.VETO, OrderKind.DECLINE, OrderKind.STOP_TEST})
"""Orders that take effect although the disk takes no word of them: their file stays until it does."""
log = logging.getLogger(__name__)


class LocalDesk:
    """The orders of one site."""

    def __init__(self, agent: SiteAgent, folder: OrderFolder) -> None:
        """Take the agent and where its orders lie."""
        self._agent = agent
        self._folder = folder
        self._unkept: set[str] = set()

    def attend(self, now: datetime) -> bool:
        """Take up orders, and look whether a device complains.

        Returns:
            Whether the site is to be steered again at once.
        """
        is_changed = False
        for found in self._folder.found():
            try:
                is_changed |= self._take(found, now)
            except OSError:
                log.exception("%s: the order %s cannot be kept", self._agent.settings.site_name, found.path)
        return self._agent.steering.glance(now) or is_changed

    def due_answers(self, now: datetime) -> list[session_pb2.ConnectRequest]:
        """Answer what has waited for a person for long enough, and return what is to be sent.

        The next control step would answer it too, but that may lie beyond the time the hub was promised.
        """
        agent = self._agent
        if agent.has_unsaid or not agent.desk.is_answer_due(now):
            return []
        try:
            statuses = agent.desk.answers(now)
            agent.memory.settle(now)
        except OSError:
            log.exception("%s: answers cannot be kept", agent.settings.site_name)
            agent.has_unsaid = True
            return []
        return [status.request() for status in statuses] if agent.is_welcomed else []

    def _take(self, found: Found, now: datetime) -> bool:
        order = found.order
        if order is None:
            log.error("%s: %s is not followed: %s", self._agent.settings.site_name, found.path, found.problem)
            self._folder.done(found, _answer(now, "", found.problem))
            return False
        orders = self._agent.memory.local.orders
        if order.order_id in orders.seen and order.order_id not in self._unkept:
            self._folder.done(found, self._known(order, now))
            return False
        entries, answer, problem = self._judged(order, now)
        entry = {
            "kind": "order",
            "order": order.document(),
            "at": now.isoformat(),
            "answer": answer,
            "problem": problem,
        }
        try:
            self._agent.memory.record_together([entry, *entries])
            self._agent.memory.settle(now)
        except OSError:
            if order.kind not in CAREFUL or problem:
                raise
            log.exception("%s: an order takes effect and cannot be kept yet", self._agent.settings.site_name)
            orders.apply(entry)
            self._follow(order)
            is_new = order.order_id not in self._unkept
            self._unkept.add(order.order_id)
            return is_new
        self._unkept.discard(order.order_id)
        log.warning(
            "%s: %s %s by %s: %s",
            self._agent.settings.site_name,
            order.kind.value,
            order.subject,
            order.made_by or "somebody",
            problem or answer,
        )
        if not problem:
            self._follow(order)
        self._folder.done(found, _answer(now, answer, problem))
        return not problem

    def _follow(self, order: LocalOrder) -> None:
        """Let an order take effect."""
        self._agent.follow_orders()
        if order.kind is OrderKind.STOP_TEST:
            self._agent.steering.tests.stop(f"stopped by {order.made_by or 'somebody at the site'}")

    def _known(self, order: LocalOrder, now: datetime) -> dict[str, Any]:
        return _answer(now, f"the order {order.order_id} was taken up before", "")

    def _judged(self, order: LocalOrder, now: datetime) -> tuple[list[Any], str, str]:
        """Return what else is to be kept of an order, the answer to it, and why it is not followed."""
        agent = self._agent
        problem = refusal_of(order, agent.written, now)
        if problem:
            return [], "", problem
        if order.kind is OrderKind.TEST:
            return self._test(order, now)
        answer, problem = self._said(order, now)
        return [], answer, problem

    def _said(self, order: LocalOrder, now: datetime) -> tuple[str, str]:
        """Return the answer to an order that only stands, and why it is not followed."""
        agent, answer, problem = self._agent, "", ""
        match order.kind:
            case OrderKind.VETO:
                answer = f"no to {order.subject} stands until it is allowed"
            case OrderKind.ALLOW:
                answer = f"{order.subject} is allowed"
                if order.subject not in agent.memory.local.orders.vetoes:
                    problem = f"no veto of {order.subject} stands"
            case OrderKind.CONFIRM | OrderKind.DECLINE:
                answer = f"{order.subject}: {order.kind.value} is noted"
                if order.subject not in waiting_names(agent, now, order.made_at):
                    problem = f"nothing called {order.subject} waits for a person"
            case OrderKind.MODE:
                answer = f"the mode is {order.mode.value}"
            case _:
                answer = "the test is stopped"
                problem = "" if agent.steering.tests.current else "no test runs"
        return ("", problem) if problem else (answer, "")

    def _test(self, order: LocalOrder, now: datetime) -> tuple[list[Any], str, str]:
        agent = self._agent
        if not agent.moves_devices:
            return [], "", "the site runs dry: no device is commanded"
        situation = agent.steering.situation(now)
        test = agent.steering.tests.planned(
            order, agent.settings, situation.load_kw, now, is_meter_stale=situation.is_meter_stale
        )
        if isinstance(test, str):
            return [], "", test
        span = f"{test.span.start.isoformat()} to {test.span.end.isoformat()}"
        return [test.entry()], f"{test.resource_id} is tried from {span}", ""


def _answer(now: datetime, answer: str, problem: str) -> dict[str, Any]:
    return {"at": now.isoformat(), "answer": answer, "problem": problem}


def waiting_names(agent: SiteAgent, now: datetime, made_at: datetime) -> set[str]:
    """Return the names of what waits for a person's yes or no, or may still be taken back unsent.

    Args:
        agent: The site's agent.
        now: Present instant, UTC.
        made_at: When the person said so, UTC: nobody has said yes or no to what came later.
    """
    names: set[str] = set()
    for item in agent.memory.plan.items.values():
        has_seen = item.arrived_at is None or item.arrived_at <= made_at
        if item.phase is Phase.NEW and has_seen and made_at < agent.desk.confirm_by(item):
            names |= {item.instruction.name, item.instruction.event}
    for bid in agent.memory.bids.values():
        is_open = bid.gate_closes_at is None or now < bid.gate_closes_at
        if bid.answer is None and is_open:
            names.add(bid.auction or bid.request.bid.product)
    return names
