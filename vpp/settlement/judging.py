r"""Bands and penalties: each interval by itself, or several together.

Together are judged the intervals of an event, where `judged_over` is `event`; in each interval all sites of
an event, where `measured_as` is `aggregate`; and all intervals of all sites, where both are said. Such a
group is judged once, on its sums over the cells that have data:

    D = sum_k d_k,  C = sum_k c_k
    Q = floor(C * g(D / C))                          payable, cut down to 0.001 kWh
    B = floor(basis(D, C))                           charged for, likewise

and the result is shared among the cells by largest remainder, so that nothing is lost:

    payable_k: in proportion to max(0, d_k)
    basis_k:   in proportion to max(0, theta c_k - d_k) + max(0, d_k - kappa c_k), or with the share of the
               payable energy in place of d_k where the penalty counts what was paid

Where all of these weights are 0 the cells' commitments take their place, and where those are 0 too, the
cells share equally. A cell without data is in no sum and gets no share; it holds up no other. Where a site's
event is judged by itself, nor is an interval in which nothing was asked of it: neither reward nor reproach.

Where the baseline of the summed load is paid by, `D` is moved by what it lies above the sum of the sites'
baselines; only in intervals in which every site has data, as it is known for all of them together alone.

Source:
    Baseline reference, sections 1.6 (per interval, per hour or per event) and 2 (aggregate or per site).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.settlement.exact_units import WATT_US_PER_WH, share_out
from vpp.settlement.pay_terms import PayTerms
from vpp.settlement.performance import BandCode
from vpp.settlement.shared_figures import Cell, GroupFigures, Weighing
from vpp.settlement.site_cells import SiteCells


class Place(NamedTuple):
    """One cell of a group: a site and one of its intervals.

    Attributes:
        site: The site's cells.
        n: Position of the interval.
    """

    site: SiteCells
    n: int

    @property
    def cell(self) -> Cell:
        """What the cell is called in shared figures."""
        return (self.site.site_id, self.site.intervals[self.n].interval.start.isoformat())


def judge_alone(site: SiteCells) -> None:
    """Judge every interval of a site by itself."""
    terms = site.terms
    paid_of, shortfall, pays = terms.curve.paid, terms.shortfall, terms.pays_energy
    for n, delivered_wh in enumerate(site.delivered_wh):
        if delivered_wh is None:
            continue
        delivered, committed = delivered_wh * WATT_US_PER_WH, site.committed[n]
        paid = paid_of(delivered, committed)
        if pays:
            site.payable_wh[n] = paid[0] // (paid[1] * WATT_US_PER_WH)
        if shortfall is not None:
            missing, per = shortfall.basis(delivered, committed, paid)
            if missing:
                site.basis_wh[n] = missing // (per * WATT_US_PER_WH)
        site.bands[n] = band_of(delivered, committed, terms)


def band_of(delivered: int, committed: int, terms: PayTerms) -> BandCode:
    """Place a delivery in its band.

    Args:
        delivered: Delivery, in any unit, signed.
        committed: Commitment in the same unit, 0 or more.
        terms: The product's money rules.
    """
    edges = terms.edges
    share, per = edges.low
    if delivered * per < share * committed:
        return BandCode.BELOW_LOW
    share, per = edges.full
    if delivered * per < share * committed:
        return BandCode.PARTIAL
    share, per = edges.cap
    return BandCode.FULL if delivered * per <= share * committed else BandCode.CAPPED


def judge_together(
    event_id: str,
    sites: Sequence[SiteCells],
    shift_wh: Sequence[int],
    known: Mapping[tuple[str, Interval], GroupFigures] | None,
) -> dict[tuple[str, Interval], GroupFigures]:
    """Judge sites of an event together: in each interval, or over the whole event.

    Args:
        event_id: The event.
        sites: Its sites' cells, of one product, by site id; only one where sites are judged alone.
        shift_wh: What the paid baseline of the sum lies above the sum of baselines, Wh in the event's
            direction, per interval. Shape (N,) or (0,).
        known: Figures of a reckoning with all sites, in place of the sums; None sums.

    Returns:
        What was judged, by event id and interval.

    Raises:
        InvalidInput: Figures are known, but not those of this event.
    """
    terms = sites[0].terms
    groups: dict[Interval, list[Place]] = {}
    whole = Interval(
        min(site.intervals[0].interval.start for site in sites),
        max(site.intervals[-1].interval.end for site in sites),
    )
    seen: dict[Interval, int] = {}
    for site in sites:
        for n, measured in enumerate(site.intervals):
            places = groups.setdefault(whole if terms.by_event else measured.interval, [])
            delivered_wh = site.delivered_wh[n]
            if delivered_wh is None:
                continue
            if terms.by_aggregate or site.committed[n]:
                places.append(Place(site, n))
                seen[measured.interval] = seen.get(measured.interval, 0) + 1
            else:
                site.bands[n] = band_of(delivered_wh, 0, terms)
                site.add_note(n, "nothing was asked for")
    shift_of: dict[Interval, int] = {}
    for measured, shift in zip(sites[0].intervals, shift_wh, strict=False):
        if seen.get(measured.interval) == len(sites):
            judged = whole if terms.by_event else measured.interval
            shift_of[judged] = shift_of.get(judged, 0) + shift
    figures = {}
    for judged, places in groups.items():
        if not places:
            continue
        key = (event_id, judged)
        group = _summed(places, shift_of.get(judged, 0)) if known is None else known.get(key)
        if group is None:
            raise InvalidInput(
                f"shared figures of {event_id} at {judged.start.isoformat()} are missing", event_id=event_id
            )
        figures[key] = group
        _hand_out(places, group)
    return figures


def _summed(places: Sequence[Place], shift_wh: int) -> GroupFigures:
    """Judge a group on its sums, and find out how it is shared."""
    terms = places[0].site.terms
    delivered_wh = shift_wh + sum(_delivered_wh(place) for place in places)
    committed = sum(site.committed[n] for site, n in places)
    delivered = delivered_wh * WATT_US_PER_WH
    paid = terms.curve.paid(delivered, committed)
    payable_wh = paid[0] // (paid[1] * WATT_US_PER_WH)
    paid_by, weights = _first_positive(places, [max(0, _delivered_wh(place)) for place in places])
    paid_weight = sum(weights)
    shares, ups = share_out(payable_wh, weights)
    basis_wh, charged_by, charged_weight, charged_ups = 0, paid_by, paid_weight, ups
    if terms.shortfall is not None:
        missing, per = terms.shortfall.basis(delivered, committed, paid)
        basis_wh = missing // (per * WATT_US_PER_WH)
        own = [_missing(place, share, terms) for place, share in zip(places, shares, strict=True)]
        charged_by, weights = _first_positive(places, own)
        charged_weight = sum(weights)
        _, charged_ups = share_out(basis_wh, weights)
    return GroupFigures(
        delivered_wh=delivered_wh,
        committed=committed,
        payable_wh=payable_wh,
        basis_wh=basis_wh,
        paid_by=paid_by,
        paid_weight=paid_weight,
        charged_by=charged_by,
        charged_weight=charged_weight,
        paid_up=frozenset(place.cell for place, up in zip(places, ups, strict=True) if up),
        charged_up=frozenset(
            place.cell for place, up in zip(places, charged_ups, strict=True) if up and basis_wh
        ),
    )


def _hand_out(places: Sequence[Place], group: GroupFigures) -> None:
    """Give every cell of a group its share; the figures may be of more cells than are here."""
    terms = places[0].site.terms
    band = band_of(group.delivered_wh * WATT_US_PER_WH, group.committed, terms)
    for place in places:
        site, n = place
        weight = _weight(place, group.paid_by, max(0, _delivered_wh(place)))
        share_wh = group.payable_wh * weight // group.paid_weight
        share_wh += place.cell in group.paid_up
        if group.basis_wh:
            weight = _weight(place, group.charged_by, _missing(place, share_wh, terms))
            site.basis_wh[n] = group.basis_wh * weight // group.charged_weight
            site.basis_wh[n] += place.cell in group.charged_up
        site.payable_wh[n] = share_wh if terms.pays_energy else 0
        site.bands[n] = band
        site.groups[n] = group
        site.add_note(n, _judged_with(terms))


def _judged_with(terms: PayTerms) -> str:
    """Say what was judged together."""
    if not terms.by_aggregate:
        return "judged over the whole event"
    over = "over the whole event, " if terms.by_event else ""
    return f"judged {over}together with all sites of the event"


def _delivered_wh(place: Place) -> int:
    return place.site.delivered_wh[place.n] or 0


def _missing(place: Place, share_wh: int, terms: PayTerms) -> int:
    """Weigh what a cell by itself fell short of, and had too much, in one unit for all cells."""
    if terms.shortfall is None:
        return 0
    missing, per = terms.shortfall.basis(
        _delivered_wh(place) * WATT_US_PER_WH, place.site.committed[place.n], (share_wh * WATT_US_PER_WH, 1)
    )
    return missing * (terms.shortfall.unit // per)


def _first_positive(places: Sequence[Place], own: Sequence[int]) -> tuple[Weighing, list[int]]:
    """Return the first weights that are not all 0: own, by commitment, equal."""
    if any(own):
        return "own", list(own)
    committed = [site.committed[n] for site, n in places]
    return ("commitment", committed) if any(committed) else ("equal", [1] * len(places))


def _weight(place: Place, weighing: Weighing, own: int) -> int:
    if weighing == "own":
        return own
    return place.site.committed[place.n] if weighing == "commitment" else 1
