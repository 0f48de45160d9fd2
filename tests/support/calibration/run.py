"""One run: a site is drawn, tried for a while, promises what it has learned, and is called."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from support.calibration.drawn_site import DAYS, KINDS, START, STEP, DrawnSite, draw_site
from support.calibration.operator import Operator
from support.calibration.trial import (
    MARGIN,
    SETTLE,
    SPAN,
    WIDTH,
    Response,
    activate,
    placebo_noise_kw,
    potential_kw,
    response_at_meter_kw,
    span_of,
    test_dispatch,
)

from vpp.flexibility.delivery_confidence import DeliveryObservation, learned_confidence
from vpp.flexibility.envelope import DeliveryConfidence
from vpp.simulator.faults import Fault

SITE = "site"
TESTS = 9
EVENTS = 3
"""Calls of each run after it has learned."""
PRIOR = DeliveryConfidence(0.5)
"""Never used: every run learns before it promises."""
FAULT_SHARE = 0.005
"""Share of its time in which a device is at fault, and that something begins as an event begins."""
FAULT_KINDS = ("lost", "deaf", "failing", "lying", "alarming", "stale", "garbage")
HISTORY = timedelta(days=3)
"""What the meter remembers of the time before anything was commanded."""
WORK_DUE_S = 3.0 * 3600.0
"""Work that is due sooner is caught up before the next test."""
FAULT_SPAN = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised of a resource, or of the site, and what was delivered.

    Attributes:
        kind: Kind of the resource; `site` for all of it.
        modelled_kw: What the model said, kW.
        p10_ratio: What had been learned of it.
        delivered_kw: Mean true reduction, kW.
    """

    kind: str
    modelled_kw: float
    p10_ratio: float
    delivered_kw: float

    @property
    def promised_kw(self) -> float:
        """What was promised, kW."""
        return self.modelled_kw * self.p10_ratio

    @property
    def is_met(self) -> bool:
        """Whether at least the promise was delivered."""
        return self.delivered_kw >= self.promised_kw


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run.

    Attributes:
        seed: Its seed.
        promises: In each event one per resource that promised something, and one for the site.
        margins: Smallest distance to each hard limit by the plant's own truth, below 0 if broken.
        died: Whether the agent's process died in the middle of an event.
    """

    seed: int
    promises: tuple[Promise, ...]
    margins: Mapping[str, float]
    died: bool


def play(seed: int, *, test_count: int = TESTS, is_faulty: bool = True) -> Run:
    """Play one run.

    Args:
        seed: Of everything.
        test_count: How often each resource, and the site, is tried before the event.
        is_faulty: Whether devices fail now and then, and agents die in mid-event.
    """
    draw = np.random.default_rng([7, seed])
    site = draw_site(seed, _faults if is_faulty else lambda _: ())
    operator = Operator(site, START + HISTORY)
    noise_kw = placebo_noise_kw(operator, HISTORY // STEP)
    operator.idle(12)
    seen: dict[str, list[DeliveryObservation]] = {name: [] for name in [*site.units, SITE]}
    for _ in range(test_count):
        for name in _slots(operator, draw):
            observation = _test(operator, name, noise_kw)
            if observation is not None:
                seen[name].append(observation)
    promises: list[Promise] = []
    died = False
    for _ in range(EVENTS):
        for name in _slots(operator, draw):
            if name == SITE:
                break
            _test(operator, name, noise_kw)  # what came before an event is what came before a test
        operator.keep_still(MARGIN)
        dies_after = int(draw.integers(1, SPAN)) if is_faulty and draw.random() < FAULT_SHARE else None
        response = activate(operator, potential_kw(operator, site.units), dies_after=dies_after)
        died = died or dies_after is not None
        promises += _promises(site, seen, response)
    operator.idle(24)
    return Run(seed, tuple(promises), site.plant.margins(), died)


def _slots(operator: Operator, draw: np.random.Generator) -> Iterator[str]:
    """Yield the resources and the site in random order, with some rest before each."""
    for name in draw.permutation([*sorted(operator.site.units), SITE]):
        operator.idle(int(draw.integers(2, 9)))
        _let_work_finish(operator)
        yield str(name)


def _test(operator: Operator, name: str, noise_kw: Mapping[int, float]) -> DeliveryObservation | None:
    """Try one resource, or the site as a whole."""
    return _site_test(operator, noise_kw) if name == SITE else test_dispatch(operator, name, noise_kw)


def _let_work_finish(operator: Operator) -> None:
    """Let work be caught up before its deadline presses: a test keeps everything else still for an hour."""
    while True:
        readings = [operator.site.plant.state(name, operator.now) for name in operator.site.units]
        dues = [
            value
            for reading in readings
            for key, value in reading.items()
            if key.startswith("backlog_due_s") and reading[key.replace("due_s", _backlog_unit(key))] > 0.0
        ]
        if min(dues, default=WORK_DUE_S) >= WORK_DUE_S:
            return
        operator.idle(6)


def _backlog_unit(key: str) -> str:
    return "gpu_h" if "." in key else "kwh"


def _faults(draw: np.random.Generator) -> tuple[Fault, ...]:
    """Draw faults over the whole time, the same share of it for every device."""
    hours = DAYS * 24.0
    found = []
    for name, _ in KINDS.values():
        count = draw.poisson(FAULT_SHARE * hours / (FAULT_SPAN / timedelta(hours=1)))
        for at in draw.uniform(0.0, hours, count):
            start = START + at * timedelta(hours=1)
            kind = FAULT_KINDS[draw.integers(0, len(FAULT_KINDS))]
            found.append(Fault(resource_id=name, start=start, end=start + FAULT_SPAN, kind=kind))
    return tuple(found)


def _site_test(operator: Operator, noise_kw: Mapping[int, float]) -> DeliveryObservation | None:
    """Try all resources at once."""
    operator.keep_still(MARGIN)
    potential = potential_kw(operator, operator.site.units)
    if not potential:
        return None
    response = activate(operator, potential)
    operator.keep_still(SETTLE + MARGIN)
    readings = operator.metered_kw(response.begun_at - MARGIN * STEP, WIDTH)
    return DeliveryObservation(
        response.begun_at,
        response.site_commanded_kw(operator.site),
        response_at_meter_kw(readings.tolist(), SPAN),
        _shown_site_kw(operator.site, response),
        noise_kw[SPAN],
    )


def _shown_site_kw(site: DrawnSite, response: Response) -> float | None:
    total_kw = 0.0
    for name, shown_kw in response.shown_kw.items():
        if shown_kw is None:
            return None
        total_kw += shown_kw * span_of(site, name) / SPAN
    return total_kw


def _promises(
    site: DrawnSite, seen: Mapping[str, list[DeliveryObservation]], response: Response
) -> list[Promise]:
    found = []
    for name, modelled_kw in response.commanded_kw.items():
        if len(seen[name]) >= 9:
            p10_ratio = learned_confidence(seen[name], PRIOR).p10_ratio
            if p10_ratio > 0.0:  # nothing promised is no promise
                found.append(Promise(site.kinds[name], modelled_kw, p10_ratio, response.true_kw[name]))
    if response.commanded_kw and len(seen[SITE]) >= 9:
        p10_ratio = learned_confidence(seen[SITE], PRIOR).p10_ratio
        modelled_kw = response.site_commanded_kw(site)
        found.append(Promise(SITE, modelled_kw, p10_ratio, response.true_site_kw))
    return found
