"""Whether what would have been promised was delivered: each response against the promise before it.

A promise that is learned from responses is met by those very responses nine times in ten by construction.
So each response is compared with what had been learned, or configured, before it came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vpp.flexibility.delivery_confidence import (
    DeliveryObservation,
    delivered_ratios,
    learned_confidence,
)
from vpp.flexibility.envelope import DeliveryConfidence


@dataclass(frozen=True, slots=True)
class KeptPromise:
    """One response beside what would have been promised of it.

    Attributes:
        at: When it was commanded, UTC.
        commanded_kw: All that the model said was available, kW.
        promised_ratio: Share of it that would have been promised then.
        delivered_ratio: Share of it that came.
    """

    at: datetime
    commanded_kw: float
    promised_ratio: float
    delivered_ratio: float

    @property
    def is_kept(self) -> bool:
        """Whether at least what was promised came."""
        return self.delivered_ratio >= self.promised_ratio


def kept_promises(
    observations: Sequence[DeliveryObservation], prior: DeliveryConfidence
) -> tuple[KeptPromise, ...]:
    """Return each response beside the promise before it.

    Args:
        observations: Responses of one resource in order of time. Shape (n,).
        prior: What its configuration says; it holds until enough has been seen.

    Returns:
        One per response. Shape (n,).
    """
    ratios = delivered_ratios(observations)
    return tuple(
        KeptPromise(
            at=observation.at,
            commanded_kw=observation.commanded_kw,
            promised_ratio=min(1.0, learned_confidence(observations[:n], prior).p10_ratio),
            delivered_ratio=ratio.ratio,
        )
        for n, (observation, ratio) in enumerate(zip(observations, ratios, strict=True))
    )
