"""What is read of an event before its evidence is put together: what its sites share, and each site's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vpp.dispatch.attribution import Claim
from vpp.dispatch.event import Event
from vpp.dispatch.instruction import Instruction
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.site import Site
from vpp.settlement.evidence import AggregateEvidence
from vpp.settlement.site_delivery import EmissionFactor
from vpp.workflows.event_loads import EventLoad
from vpp.workflows.records import AwardRecord, BaselineRecord
from vpp.workflows.revenue_records import RevenuePiece


@dataclass(frozen=True, slots=True)
class EventFrame:
    """What the sites of an event share.

    Attributes:
        event: The event.
        product: Its product in the version that settles it.
        rules: The baseline rules of the product that it was called under, by digest of their content; the
            product's own under the empty one.
        span: What is paid.
        window: The same with what is reported before and after it.
    """

    event: Event
    product: ProductProfile
    rules: Mapping[str, BaselineRule]
    span: Interval
    window: Interval

    @property
    def count(self) -> int:
        """Settlement intervals of the span."""
        return self.span.duration // self.product.settlement_interval

    @property
    def first(self) -> int:
        """Position of the span's first interval in the window."""
        return (self.span.start - self.window.start) // self.product.settlement_interval


@dataclass(frozen=True, slots=True, eq=False)
class SiteParts:
    """What was read of one site.

    Attributes:
        site: The site.
        party_name: Its owner's name.
        instruction: What it was told.
        awards: What was bought from it.
        baseline: Its frozen baseline; None where no rule gave one.
        load: What its meter showed in the window.
        revenue: What its revenue meters showed.
        others: What other events may expect of it in the span.
        is_called_beside: Whether another event calls it before or after the span: its load there says nothing
            of this one.
        aggregate: The event's baselines together, where the product judges their sum.
        emission_factor: For the CO2 columns.
    """

    site: Site
    party_name: str
    instruction: Instruction
    awards: Sequence[AwardRecord]
    baseline: BaselineRecord | None
    load: EventLoad
    revenue: Sequence[RevenuePiece] = ()
    others: Sequence[Claim] = ()
    is_called_beside: bool = False
    aggregate: AggregateEvidence | None = None
    emission_factor: EmissionFactor | None = None
