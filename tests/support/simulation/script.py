"""What the operator and the sites' owners do on a day, drawn from its seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from support.simulation.faults import AnySite
from support.simulation.light_site import LightSite
from support.simulation.operator import Operator
from support.simulation.sim_clock import SimClock
from support.simulation.template import MIDNIGHT

from vpp.foundation.interval import Interval

QUARTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Step:
    """One thing that is done.

    Attributes:
        at: When.
        what: Its kind: open, call, lower, end_early, cancel, opt_out.
        event: The event's id.
        delivery: Of the event.
        target_kw: Of the event, or the ratio of a lowering.
        gate: Of an auction.
        purpose: Of a call.
    """

    at: datetime
    what: str
    event: str
    delivery: Interval
    target_kw: float = 0.0
    gate: datetime | None = None
    purpose: str = "MARKET"


@dataclass(frozen=True)
class Script:
    """A day's steps, in order."""

    steps: tuple[Step, ...] = field(default=())

    def hot(self) -> list[datetime]:
        """Return the instants in which something happens."""
        found = []
        for step in self.steps:
            found += [step.at, step.delivery.start, step.delivery.end]
            if step.gate is not None:
                found.append(step.gate)
        return found

    def names(self) -> set[str]:
        """Return every event that is asked for."""
        return {step.event for step in self.steps if step.what in {"open", "call"}}


ORDERED = ("MANDATORY", "TEST", "DRY_RUN")


def draw_script(seed: int, load_kw: float) -> Script:
    """Draw a day: an auction, emergencies, orders, some modified, some cancelled, some overlapping."""
    rng = random.Random(f"script/{seed}")
    steps: list[Step] = []
    opened = MIDNIGHT + timedelta(minutes=rng.randrange(20, 180))
    start = MIDNIGHT + timedelta(hours=rng.randrange(9, 15))
    evening = Interval(start, start + rng.randrange(3, 9) * QUARTER)
    gate = start - timedelta(minutes=rng.randrange(150, 300))
    share = rng.uniform(0.02, 0.08)
    steps.append(Step(opened, "open", "evening", evening, round(share * load_kw), gate))
    steps += _changes(rng, "evening", evening, gate + timedelta(minutes=10))
    for number in range(rng.randint(1, 2)):
        # Half of the calls meet the auction's event, at its side or back to back.
        call_start = (
            rng.choice([evening.start, evening.end, evening.start + QUARTER])
            if rng.random() < 0.5
            else MIDNIGHT + timedelta(minutes=15 * rng.randrange(12, 72))
        )
        storm = Interval(call_start, call_start + rng.randrange(1, 7) * QUARTER)
        called = call_start - timedelta(minutes=rng.randrange(20, 70))
        name = f"storm-{number}"
        steps.append(Step(called, "call", name, storm, round(rng.uniform(0.005, 0.03) * load_kw)))
        steps += _changes(rng, name, storm, called + timedelta(minutes=1))
    for purpose in ORDERED:
        if rng.random() < 0.5:
            continue
        order_start = MIDNIGHT + timedelta(minutes=15 * rng.randrange(8, 74))
        span = Interval(order_start, order_start + rng.randrange(1, 5) * QUARTER)
        ordered = order_start - timedelta(minutes=rng.randrange(5, 60))
        name = f"order-{purpose.lower().replace('_', '-')}"
        steps.append(Step(ordered, "call", name, span, round(0.01 * load_kw), purpose=purpose))
        steps += _changes(rng, name, span, ordered + timedelta(minutes=1))
    return Script(tuple(sorted(steps, key=lambda step: (step.at, step.event, step.what))))


def _changes(rng: random.Random, event: str, delivery: Interval, not_before: datetime) -> list[Step]:
    """Draw what happens to an event after it was called, with a liking for its first and last seconds."""

    def instant() -> datetime:
        near = rng.choice([not_before, delivery.start, delivery.start, delivery.end])
        drawn = near + timedelta(seconds=rng.uniform(-90.0, 240.0))
        return max(not_before, min(drawn, delivery.end + timedelta(minutes=3)))

    steps = [
        Step(instant(), "lower", event, delivery, rng.uniform(0.4, 0.95))
        for _ in range(rng.choice([0, 0, 1, 2]))
    ]
    dice = rng.random()
    if dice < 0.2 and delivery.duration > QUARTER:
        steps.append(Step(instant(), "end_early", event, delivery))
    elif dice < 0.4:
        steps.append(Step(instant(), "cancel", event, delivery))
    if rng.random() < 0.5:
        steps.append(Step(instant(), "opt_out", event, delivery))
    return steps


async def play(script: Script, operator: Operator, clock: SimClock, sites: Sequence[AnySite]) -> None:
    """Do everything in its time; a step that is answered late delays those after it."""
    for number, step in enumerate(script.steps):
        await clock.sleep_until(step.at)
        if step.what == "open" and step.gate is not None:
            await operator.open_auction(step.event, step.delivery, step.gate, step.target_kw)
        elif step.what == "call":
            await operator.call(step.event, step.delivery, step.target_kw, step.purpose)
        elif step.what == "lower":
            await operator.lower(step.event, step.target_kw, f"lower-{number}")
        elif step.what == "end_early":
            await operator.end_early(step.event, step.delivery.end - QUARTER, f"end-{number}")
        elif step.what == "cancel":
            await operator.cancel(step.event)
        else:
            light = [site for site in sites if isinstance(site, LightSite) and site.is_alive]
            if light:
                light[number % len(light)].opt_out(step.event)
