"""Promised and delivered by kind of resource, from the responses of a site's resources."""

from collections.abc import Sequence
from dataclasses import dataclass

from vpp.agent.resource_report import ResourceReport
from vpp.flexibility.delivery_confidence import OBSERVATIONS_NEEDED
from vpp.flexibility.headroom import HIGH_QUANTILE, LOW_QUANTILE, quantile
from vpp.flexibility.kept_promises import KeptPromise

FEWEST_FOR_MIDDLE = 3
FEWEST_FOR_TAILS = OBSERVATIONS_NEEDED
"""Of fewer responses none says what comes nine times in ten, whatever their lowest."""


@dataclass(frozen=True, slots=True)
class KindResponses:
    """The responses of one kind.

    Attributes:
        kind: The kind, as in the configuration.
        resource_count: Resources of the kind.
        promises: Their responses, oldest first.
        promised_kw: What was promised of them, mean kW; 0 without responses.
        delivered_kw: What came, mean kW.
        low_ratio: Share of the command that came nine times in ten; None where there are too few.
        middle_ratio: Every other time; None where there are too few.
        high_ratio: Once in ten times.
    """

    kind: str
    resource_count: int
    promises: tuple[KeptPromise, ...]
    promised_kw: float
    delivered_kw: float
    low_ratio: float | None
    middle_ratio: float | None
    high_ratio: float | None

    @property
    def kept_count(self) -> int:
        """How many responses came to at least the promise before them."""
        return sum(1 for each in self.promises if each.is_kept)


def responses_by_kind(resources: Sequence[ResourceReport]) -> list[KindResponses]:
    """Return the kinds that a site has, by name."""
    found = []
    for kind in sorted({each.kind for each in resources}):
        of_kind = [each for each in resources if each.kind == kind]
        promises = sorted((one for each in of_kind for one in each.promises), key=lambda one: one.at)
        ratios = [one.delivered_ratio for one in promises]
        enough = len(ratios) >= FEWEST_FOR_TAILS
        count = max(1, len(promises))
        found.append(
            KindResponses(
                kind=kind,
                resource_count=len(of_kind),
                promises=tuple(promises),
                promised_kw=sum(one.promised_ratio * one.commanded_kw for one in promises) / count,
                delivered_kw=sum(one.delivered_ratio * one.commanded_kw for one in promises) / count,
                low_ratio=quantile(ratios, LOW_QUANTILE) if enough else None,
                middle_ratio=quantile(ratios, 0.5) if len(ratios) >= FEWEST_FOR_MIDDLE else None,
                high_ratio=quantile(ratios, HIGH_QUANTILE) if enough else None,
            )
        )
    return found
