"""What callers read back of results: clearings, baselines, readings, statements."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import pandas as pd

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import on_grid
from vpp.workflows.identity import Principal
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import promised
from vpp.workflows.records import (
    BaselineRecord,
    ClearingRecord,
    StatementRecord,
)
from vpp.workflows.site_load import averaged_load
from vpp.workflows.viewing import site_with_load, visible, visible_event
from vpp.workflows.viewing_baselines import visible_baseline
from vpp.workflows.visibility import (
    Page,
    PageRequest,
    SeenParts,
    own_site_ids,
    page_by_reader,
    page_of_parts,
    sees_party,
    sees_whole,
)

MAX_QUERY_SPAN = timedelta(days=100)
MAX_QUERY_COUNT = 400_000
"""Readings of one answer: eight bytes each, and gRPC's clients take 4 MiB of a message."""


@dataclass(frozen=True, slots=True)
class Load:
    """A site's metered load.

    Attributes:
        load_kw: Mean net power per interval, kW, consumption positive; NaN is a gap. Shape (T,).
        step: Length of an interval.
    """

    load_kw: pd.Series
    step: timedelta


def get_clearing(
    units: UnitOfWorkFactory, principal: Principal, event_id: str
) -> tuple[Stored[ClearingRecord], frozenset[str] | None]:
    """Return how an event was cleared.

    Returns:
        The record, and the sites whose part the caller may see; None means all of it.

    Raises:
        NotFound: There is no such event that the caller may see, or it has not been cleared.
    """
    with units(write=False) as uow:
        event = visible_event(uow, principal, event_id).value
        stored = visible(uow.clearings.get(event_id), f"events/{event_id}/clearing", lambda _: True)
        return stored, None if sees_whole(principal, event) else own_site_ids(uow, principal)


def get_baseline(
    units: UnitOfWorkFactory, principal: Principal, event_id: str, site_id: str
) -> Stored[BaselineRecord]:
    """Return the baseline of an event at the caller's own site, or of an event that its own party buys."""
    with units(write=False) as uow:
        return visible_baseline(uow, principal, event_id, site_id)


def list_baselines(
    units: UnitOfWorkFactory, principal: Principal, event_id: str, request: PageRequest
) -> Page[Stored[BaselineRecord]]:
    """List an event's baselines, by site: to its buyer all of them, to others those of their own sites."""
    with units(write=False) as uow:
        visible_event(uow, principal, event_id)
        return page_of_parts(
            uow.baselines,
            request,
            lambda record: f"{record.event_id}-{record.site_id}",
            SeenParts(uow, principal),
            event_id,
        )


def query_readings(
    units: UnitOfWorkFactory, principal: Principal, site_id: str, span: Interval, step: timedelta | None
) -> Load:
    """Return the metered load of a site whose load the caller may see.

    Args:
        units: Makes the transaction.
        principal: Who asks.
        site_id: The site.
        span: Which readings, at most 100 days.
        step: Length of the intervals to average to; None for the site's metering interval.

    Raises:
        NotFound: There is no such site that the caller may see.
        InvalidInput: The span is too long or off the grid, the step is no whole multiple of the
            metering interval that divides a day, or there would be too many readings for one answer.
    """
    if span.duration > MAX_QUERY_SPAN:
        raise InvalidInput(
            f"interval lasts {span.duration}, expected at most {MAX_QUERY_SPAN}", interval=str(span.duration)
        )
    with units(write=False) as uow:
        site = site_with_load(uow, principal, site_id).value
        wanted = step or site.metering_interval
        if wanted % site.metering_interval or timedelta(days=1) % wanted:
            raise InvalidInput(
                f"sample_interval is {wanted}, expected a multiple of {site.metering_interval} "
                "that divides a day",
                sample_interval=str(wanted),
            )
        if not on_grid(span.start, wanted) or span.duration % wanted:
            raise InvalidInput(
                f"interval is {span.start.isoformat()} to {span.end.isoformat()}, expected bounds on the "
                f"grid of {wanted}",
                start_time=span.start.isoformat(),
            )
        count = span.duration // wanted
        if count > MAX_QUERY_COUNT:
            raise InvalidInput(
                f"sample_interval is {wanted}, of which the interval has {count}, expected at most "
                f"{MAX_QUERY_COUNT}: ask for longer ones or a shorter interval",
                sample_interval=str(wanted),
            )
        return Load(averaged_load(uow, site, span, wanted).net_power_kw, wanted)


def get_statement(
    units: UnitOfWorkFactory, principal: Principal, statement_id: str
) -> Stored[StatementRecord]:
    """Return a statement of a party that the caller may see, without its files."""
    with units(write=False) as uow:
        return visible_statement(uow, principal, statement_id)


def visible_statement(uow: UnitOfWork, principal: Principal, statement_id: str) -> Stored[StatementRecord]:
    """Return a statement without its files inside a transaction.

    Nobody waits for the files of a statement that is not theirs: that would tell it from an absent one.

    Raises:
        NotFound: It does not exist, or is not the caller's to see.
    """
    return visible(
        uow.statements.head(statement_id),
        f"statements/{statement_id}",
        lambda record: sees_party(principal, record.party_id),
    )


def statement_files(units: UnitOfWorkFactory, principal: Principal, statement_id: str) -> Mapping[str, bytes]:
    """Return the files of a statement of a party that the caller may see."""
    with units(write=False) as uow:
        visible_statement(uow, principal, statement_id)
        return promised(uow.statements.get(statement_id), f"statements/{statement_id}").value.files


def list_statements(  # noqa: PLR0913  what may be asked for, by keyword
    units: UnitOfWorkFactory,
    principal: Principal,
    request: PageRequest,
    *,
    party_id: str = "",
    period: str = "",
    as_of: datetime | None = None,
) -> Page[Stored[StatementRecord]]:
    """List the statements of parties that the caller may see, by id, without their files.

    Args:
        units: Makes the transaction.
        principal: Who asks.
        request: Which page.
        party_id: Only of this party; empty for all.
        period: Only of this period, YYYY-MM; empty for all.
        as_of: Only what had been written by this instant, inclusive; None for all. Statements of a run
            count from the run's instant, as its entries do in balances, though they are kept a moment later.
    """
    where = {"party_id": party_id, "period": period}
    with units(write=False) as uow:

        @cache
        def run_at(run_id: str) -> datetime | None:
            run = uow.settlement_runs.get(run_id) if run_id else None
            return None if run is None else run.created_at

        return page_by_reader(
            uow.statements.heads,
            request,
            lambda record: record.statement_id,
            lambda stored: (
                sees_party(principal, stored.value.party_id)
                and (as_of is None or (run_at(stored.value.run_id) or stored.created_at) <= as_of)
            ),
            {column: value for column, value in where.items() if value} or None,
        )
