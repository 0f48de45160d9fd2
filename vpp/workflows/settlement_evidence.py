"""Everything a settlement is reckoned from, gathered for a whole period at once.

Sites, awards, instructions, baselines and readings are read for all sites of an event together, so that a
month of a thousand sites takes some dozens of statements, not one for each site and event.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vpp.dispatch.attribution import Claim
from vpp.dispatch.event import Event, EventState
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.portfolio.product import ProductProfile
from vpp.settlement.evidence import SiteEvidence
from vpp.workflows.aggregate_evidence import aggregate_evidence
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.civil_time import site_calendar
from vpp.workflows.event_claims import EventClaims, paid_span
from vpp.workflows.event_frame import EventFrame, SiteParts
from vpp.workflows.event_loads import event_loads
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Stored, UnitOfWork
from vpp.workflows.recording import product_of, promised
from vpp.workflows.records import AwardRecord
from vpp.workflows.site_evidence import site_evidence
from vpp.workflows.windows_beside import windows_beside

PAYABLE = frozenset({EventState.MEASURED, EventState.SETTLED, EventState.CANCELLED})
"""States of events whose delivery is over and paid."""
Progress = Callable[[int, int], None]
"""Is told how many of how many events have been gathered."""


@dataclass(frozen=True, slots=True, eq=False)
class GatheredPeriod:
    """What a period's settlement is reckoned from.

    Attributes:
        period: Settlement period, YYYY-MM.
        evidence: Of every site of every paid event that has a site in the period, by start, event and site;
            sites whose civil month is another one count in what their event is judged by.
        products: Products by id and version, as the evidence cites them.
        event_revisions: Revisions of the events near the period at which it was read, by event.
    """

    period: str
    evidence: tuple[SiteEvidence, ...]
    products: Mapping[tuple[str, int], ProductProfile]
    event_revisions: Mapping[str, int]


def gather_period(  # noqa: PLR0913  which period, by which rules, known when, corrected how
    uow: UnitOfWork,
    period: str,
    rules: MarketRules,
    *,
    as_of: datetime | None = None,
    versions: Mapping[str, int] | None = None,
    progress: Progress | None = None,
) -> GatheredPeriod:
    """Gather the evidence of a period.

    Args:
        uow: The transaction; it only reads.
        period: Settlement period, YYYY-MM.
        rules: The hub's rules.
        as_of: Readings received later are left out; None for none.
        versions: Version of its product that an event is settled under in place of the one it was called
            under, by event.
        progress: Is told how far it has come.
    """
    near = events_near(uow, period)
    events = [stored.value for stored in near if stored.value.state in PAYABLE]
    by_event = gather_events(uow, events, rules, as_of=as_of, versions=versions, progress=progress)
    evidence = [
        site
        for sites in by_event.values()
        if any(one.settlement_period == period for one in sites)
        for site in sites
    ]
    evidence.sort(key=lambda one: (one.span.start, one.event_id, one.site_id))
    cited = sorted({(one.product_id, one.product_version) for one in evidence})
    return GatheredPeriod(
        period=period,
        evidence=tuple(evidence),
        products={key: product_of(uow, *key) for key in cited},
        event_revisions={stored.value.event_id: stored.revision for stored in near},
    )


def events_near(uow: UnitOfWork, period: str) -> list[Stored[Event]]:
    """Return the paid events of a UTC month and a day around it: sites' civil months begin at other times."""
    first = datetime.fromisoformat(f"{period}-01").replace(tzinfo=UTC)
    following = (first + timedelta(days=32)).replace(day=1)
    margin = timedelta(days=1)
    events = uow.claims.events_during(Interval(first - margin, following + margin))

    def is_near(event: Event) -> bool:
        return event.purpose.is_paid and first - margin <= event.delivery.start

    near = uow.events.get_all(event.event_id for event in events if is_near(event))
    return [near[event_id] for event_id in sorted(near)]


def gather_events(  # noqa: PLR0913  which events, by which rules, known when, corrected how
    uow: UnitOfWork,
    events: Sequence[Event],
    rules: MarketRules,
    *,
    as_of: datetime | None = None,
    versions: Mapping[str, int] | None = None,
    progress: Progress | None = None,
) -> dict[str, tuple[SiteEvidence, ...]]:
    """Gather the evidence of events, each site's own.

    Args:
        uow: The transaction; it only reads.
        events: Events whose delivery is over, or that were cancelled in its course.
        rules: The hub's rules.
        as_of: Readings received later are left out; None for none.
        versions: Version of its product that an event is settled under in place of its own, by event.
        progress: Is told how far it has come.

    Returns:
        By event in order of start and id: the evidence of every instructed site, by site; none where nothing
        is to be measured. What counts for other events at the same site and time is told of the baseline, so
        that no kW is counted twice.
    """
    gatherer = _Gatherer(uow, rules, as_of, versions or {})
    ordered = sorted(events, key=lambda event: (event.delivery.start, event.event_id))
    found = {}
    for number, event in enumerate(ordered, start=1):
        found[event.event_id] = gatherer.of_event(event)
        if progress is not None:
            progress(number, len(ordered))
    return found


class _Gatherer:
    """Reads what events share once."""

    def __init__(
        self, uow: UnitOfWork, rules: MarketRules, as_of: datetime | None, versions: Mapping[str, int]
    ) -> None:
        self._uow, self._rules, self._as_of, self._versions = uow, rules, as_of, versions
        self._claims = EventClaims(uow)
        self._products: dict[tuple[str, int], ProductProfile] = {}
        self._baseline_rules: dict[tuple[str, int], dict[str, BaselineRule]] = {}
        self._party_names: dict[str, str] | None = None
        self._with_revenue = uow.revenue.sites()

    def of_event(self, event: Event) -> tuple[SiteEvidence, ...]:
        """Gather an event's evidence, by site."""
        product = self._product(event.product_id, self._versions.get(event.event_id, event.product_version))
        span = paid_span(event, product)
        instructions = self._claims.instructions(event.event_id) if span is not None else []
        if span is None or not instructions:
            return ()
        uow = self._uow
        frame = EventFrame(event, product, self._rules_of(event), span, _window(span, product))
        site_ids = [instruction.site_id for instruction in instructions]
        stored = uow.sites.get_all(site_ids)
        sites = {one: promised(stored.get(one), f"sites/{one}").value for one in site_ids}
        names = self._names()
        awards = self._awards(event)
        keys = {f"{event.event_id}-{site_id}": site_id for site_id in site_ids}
        baselines = {keys[key]: one.value for key, one in uow.baselines.get_all(keys).items()}
        loads = event_loads(uow, sites, frame.window, span, as_of=self._as_of)
        metered = sorted(self._with_revenue.intersection(site_ids))
        revenue = uow.revenue.load_many(metered, frame.window, as_of=self._as_of) if metered else {}
        others = self._claims.beside(event, span)
        beside = _called_beside(self._claims.beside(event, frame.window), span)
        aggregate = aggregate_evidence(uow, frame, baselines)
        return tuple(
            site_evidence(
                frame,
                SiteParts(
                    site=sites[instruction.site_id],
                    party_name=names[sites[instruction.site_id].party_id],
                    instruction=instruction,
                    awards=awards.get(instruction.site_id, ()),
                    baseline=baselines.get(instruction.site_id),
                    load=loads[instruction.site_id],
                    revenue=revenue.get(instruction.site_id, ()),
                    others=others.get(instruction.site_id, ()),
                    is_called_beside=instruction.site_id in beside,
                    aggregate=aggregate,
                    emission_factor=self._rules.emission_factors.get(sites[instruction.site_id].zone),
                ),
                site_calendar(sites[instruction.site_id], self._rules, uow.now),
            )
            for instruction in instructions
        )

    def _product(self, product_id: str, version: int) -> ProductProfile:
        key = (product_id, version)
        if key not in self._products:
            self._products[key] = product_of(self._uow, *key)
        return self._products[key]

    def _rules_of(self, event: Event) -> dict[str, BaselineRule]:
        """Return the rules that the event's baselines may have been made by, by digest."""
        key = (event.product_id, event.product_version)
        if key not in self._baseline_rules:
            terms = self._product(*key).baseline
            self._baseline_rules[key] = {"": terms.rule} | {rule.digest: rule for rule in terms.rules}
        return self._baseline_rules[key]

    def _names(self) -> dict[str, str]:
        if self._party_names is None:
            parties = self._uow.parties.page(limit=EVERYTHING)
            self._party_names = {one.value.party_id: one.value.display_name for one in parties}
        return self._party_names

    def _awards(self, event: Event) -> dict[str, list[AwardRecord]]:
        found: dict[str, list[AwardRecord]] = defaultdict(list)
        for award in self._uow.claims.awards_of([event.event_id]):
            found[award.site_id].append(award)
        return found


def _window(span: Interval, product: ProductProfile) -> Interval:
    """Return a span with what is reported before and after it."""
    bounds = [span, *windows_beside(span, product)]
    return Interval(min(one.start for one in bounds), max(one.end for one in bounds))


def _called_beside(claims: Mapping[str, Iterable[Claim]], span: Interval) -> frozenset[str]:
    """Return the sites that another event calls before or after a span."""
    return frozenset(
        site_id
        for site_id, each in claims.items()
        if any(claim.start < span.start or claim.until > span.end for claim in each)
    )
