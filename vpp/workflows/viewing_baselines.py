"""What callers read back of baselines beside their figures: rules chosen, readings edited."""

from dataclasses import dataclass

from vpp.baseline.scoring.season import season_of
from vpp.foundation.errors import InvalidInput, NotFound
from vpp.workflows.baseline_records import MeterEdit, RuleChoiceRecord
from vpp.workflows.baselines import edits_key
from vpp.workflows.choosing_rules import choice_key
from vpp.workflows.civil_time import site_calendar
from vpp.workflows.identity import Principal
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.records import BaselineRecord
from vpp.workflows.viewing import visible, visible_site
from vpp.workflows.visibility import Page, PageRequest, SeenParts, page_by_id, seen_sites


@dataclass(frozen=True, slots=True)
class EditsPage:
    """Some of the readings that were edited for a baseline, in order of time.

    Attributes:
        edits: The readings.
        next_page_token: Asks for what follows; empty if nothing does.
    """

    edits: tuple[MeterEdit, ...]
    next_page_token: str


def visible_baseline(
    uow: UnitOfWork, principal: Principal, event_id: str, site_id: str
) -> Stored[BaselineRecord]:
    """Return a baseline inside a transaction.

    Raises:
        NotFound: It does not exist, or is not the caller's to see.
    """
    is_seen = SeenParts(uow, principal)(event_id, site_id)
    return visible(
        uow.baselines.get(f"{event_id}-{site_id}"),
        f"the baseline of sites/{site_id} in events/{event_id}",
        lambda _: is_seen,
    )


def get_rule_choice(  # noqa: PLR0913, PLR0917  who asks, by which rules, and the three parts of the name
    units: UnitOfWorkFactory,
    principal: Principal,
    rules: MarketRules,
    site_id: str,
    product_id: str,
    season_id: str,
) -> Stored[RuleChoiceRecord]:
    """Return by which rule a site that the caller may see is measured in a season.

    Args:
        units: Makes the transaction.
        principal: Who asks.
        rules: The hub's rules, which say when seasons begin.
        site_id: The site.
        product_id: The product.
        season_id: The season; empty for the present one.
    """
    with units(write=False) as uow:
        site = visible_site(uow, principal, site_id).value
        calendar = site_calendar(site, rules, uow.now)
        season = season_id or season_of(calendar.civil_date(uow.now), rules.seasons).season_id
        stored = uow.rule_choices.get(choice_key(site_id, product_id, season))
    if stored is None:
        raise NotFound(
            f"sites/{site_id} has no rule for products/{product_id} in {season} yet; one is chosen within a "
            "day of there being enough readings, or with its first event",
            site=site_id,
        )
    return stored


def list_rule_choices(
    units: UnitOfWorkFactory,
    principal: Principal,
    request: PageRequest,
    *,
    site_id: str = "",
    product_id: str = "",
) -> Page[Stored[RuleChoiceRecord]]:
    """List the rules chosen for sites that the caller may see, by site."""
    where = {"site_id": site_id, "product_id": product_id}
    with units(write=False) as uow:
        is_seen = seen_sites(uow, principal)
        return page_by_id(
            uow.rule_choices,
            request,
            lambda record: record.choice_id,
            lambda stored: is_seen(stored.value.site_id),
            {column: value for column, value in where.items() if value},
        )


def list_meter_edits(
    units: UnitOfWorkFactory, principal: Principal, event_id: str, site_id: str, request: PageRequest
) -> EditsPage:
    """List the readings that were edited or flagged for a baseline, in order of time.

    Raises:
        NotFound: There is no such baseline that the caller may see.
        InvalidInput: The page token is none that was given.
    """
    with units(write=False) as uow:
        provenance = visible_baseline(uow, principal, event_id, site_id).value.provenance
        key = "" if provenance is None else edits_key(site_id, provenance.data_version)
        stored = uow.meter_edits.get(key) if key else None
    edits = () if stored is None else stored.value.edits
    first = _position(request.page_token)
    following = first + request.limit
    return EditsPage(edits[first:following], str(following) if following < len(edits) else "")


def _position(token: str) -> int:
    if not token:
        return 0
    if not token.isdecimal():
        raise InvalidInput(f"page_token is {token!r}, expected one of a previous page", page_token=token)
    return int(token)
