"""One resource in its site's report."""

import math
from dataclasses import dataclass, replace

from vpp.agent.local_files import LocalFiles
from vpp.agent.local_test import TrialState
from vpp.agent.settings import AgentSettings
from vpp.agent.site_flexibility import SiteFlexibility
from vpp.flexibility.envelope import DeliveryConfidence, Envelope, FlexDirection
from vpp.flexibility.kept_promises import KeptPromise, kept_promises
from vpp.flexibility.mosaic_numbers import MosaicNumbers, nothing, resource_numbers
from vpp.flexibility.site_grade import Known, NotKnownYet, Score, controllability
from vpp.foundation.interval import Interval


@dataclass(frozen=True, slots=True)
class ResourceReport:
    """What is known of one resource.

    Attributes:
        resource_id: The flexible resource.
        kind: Its kind, as in the configuration.
        health: How its device is, as last written down; empty if never.
        down: How far it can be lowered, with what has been learned; None if that is not known.
        up: How far it can be raised; None if it cannot be, or that is not known.
        down_numbers: Its four numbers downwards.
        up_numbers: The same upwards.
        is_learned: Whether the promise is learned; otherwise it is the configuration's.
        promises: Its responses, each beside the promise before it, oldest first.
        test_count: How many of them were tries ordered at the site.
        unclear_count: Tries without a clear result.
        failed_count: Commands that its device did not carry out.
        noise_ratio: Error of a try's result over its command, one standard deviation, the median of all
            of which it is known; None if of none.
    """

    resource_id: str
    kind: str
    health: str
    down: Envelope | None
    up: Envelope | None
    down_numbers: MosaicNumbers
    up_numbers: MosaicNumbers
    is_learned: bool
    promises: tuple[KeptPromise, ...]
    test_count: int
    unclear_count: int
    failed_count: int
    noise_ratio: float | None

    @property
    def controllability(self) -> Score:
        """How much of what it was commanded came, in time."""
        if not self.promises:
            return NotKnownYet("it has not been tried yet")
        ratios = {self.resource_id: [each.delivered_ratio for each in self.promises]}
        return controllability(ratios, {self.resource_id: 1.0}, "its tests and events")

    @property
    def measurability(self) -> Score:
        """Whether its response can be told from the load around it, at the site's meter."""
        if self.noise_ratio is None:
            return NotKnownYet(
                "how the load varies around its tests and events is not known"
                if self.promises
                else "it has not been tried yet"
            )
        ratio = max(0.0, 1.0 - self.noise_ratio)
        return Known(ratio, len(self.promises), "the load's scatter around its tests and events")


def resource_reports(
    settings: AgentSettings, files: LocalFiles, flexibility: SiteFlexibility, span: Interval
) -> tuple[ResourceReport, ...]:
    """Return the reports of all resources, in order of their id.

    Args:
        settings: The site's configuration.
        files: What its agent keeps.
        flexibility: What its resources can do.
        span: Responses outside of it are not shown; the promise is learned from all.
    """
    configured = {key for tables in settings.resources.values() for key in tables}
    health = {each["resource_id"]: str(each["health"]) for each in (files.status or {}).get("devices", ())}
    local = files.memory.local
    found = []
    for each in flexibility.resources:
        key = each.resource_id
        if key not in configured:
            continue
        prior_ratio = 1.0 if each.down is None else min(1.0, each.down.confidence.p10_ratio)
        confidence = local.learned.confidence(key, prior_ratio)
        observations = sorted(local.learned.observations.get(key, ()), key=lambda seen: seen.at)
        prior = DeliveryConfidence(prior_ratio, max(1.0, prior_ratio), max(1.0, prior_ratio))
        kept = tuple(one for one in kept_promises(observations, prior) if one.at in span)
        tests = [test for test in local.tests.by_id.values() if test.resource_id == key]
        tried_at = {test.span.start for test in tests}
        # An error of 0 says that none was known.
        noises = sorted(
            seen.noise_kw / seen.commanded_kw
            for seen in observations
            if seen.at in span and seen.noise_kw > 0.0
        )
        down = _learned(each.down, confidence)
        up = _learned(each.up, confidence)
        found.append(
            ResourceReport(
                resource_id=key,
                kind=each.kind,
                health=health.get(key, ""),
                down=down,
                up=up,
                down_numbers=nothing(FlexDirection.LOAD_DOWN) if down is None else resource_numbers(down),
                up_numbers=nothing(FlexDirection.LOAD_UP) if up is None else resource_numbers(up),
                is_learned=local.learned.is_learned(key),
                promises=kept,
                test_count=sum(1 for one in kept if one.at in tried_at),
                unclear_count=sum(
                    1
                    for test in tests
                    if test.state is TrialState.DONE and test.observation is None and test.span.start in span
                ),
                failed_count=files.failed_commands.get(key, 0),
                noise_ratio=noises[len(noises) // 2] if noises else None,
            )
        )
    return tuple(found)


def _learned(envelope: Envelope | None, confidence: DeliveryConfidence) -> Envelope | None:
    if envelope is None:
        return None
    finite = math.isfinite(envelope.recovery.cap_kw)
    recovery = envelope.recovery if finite else replace(envelope.recovery, cap_kw=envelope.p_max_kw)
    return replace(envelope, confidence=confidence, recovery=recovery)
