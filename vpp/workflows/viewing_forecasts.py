"""What callers read back of forecasts: a site's newest, and all that were made."""

from datetime import datetime

from vpp.foundation.errors import InvalidInput, NotFound
from vpp.workflows.forecast_ports import ForecastPlace
from vpp.workflows.forecast_records import ForecastKind, ForecastRecord
from vpp.workflows.identity import Principal
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.viewing import visible_site
from vpp.workflows.visibility import Page, PageRequest


def get_forecast(
    units: UnitOfWorkFactory,
    principal: Principal,
    site_id: str,
    covered_at: datetime | None,
    kind: ForecastKind | None = None,
) -> ForecastRecord:
    """Return a site's newest forecast that covers an instant; now if none is given.

    Raises:
        NotFound: There is no such site that the caller may see, or no such forecast.
    """
    with units(write=False) as uow:
        visible_site(uow, principal, site_id)
        instant = covered_at or uow.now
        record = uow.forecasts.covering(site_id, instant, kind)
    if record is None:
        raise NotFound(f"sites/{site_id} has no forecast that covers {instant.isoformat()}", site=site_id)
    return record


def list_forecasts(
    units: UnitOfWorkFactory,
    principal: Principal,
    site_id: str,
    request: PageRequest,
    kind: ForecastKind | None = None,
) -> Page[ForecastRecord]:
    """List the forecasts of a site that the caller may see, as they were made, the newest first.

    Raises:
        NotFound: There is no such site that the caller may see.
        InvalidInput: The page token is none that a list has given.
    """
    after = _place(request.page_token) if request.page_token else None
    with units(write=False) as uow:
        visible_site(uow, principal, site_id)
        records = uow.forecasts.newest(site_id, after=after, limit=request.limit + 1, kind=kind)
    items = tuple(records[: request.limit])
    return Page(items, _token(items[-1]) if len(records) > request.limit else "")


def _token(record: ForecastRecord) -> str:
    return f"{record.made_at.isoformat()} {record.horizon.start.isoformat()} {record.kind.value}"


def _place(token: str) -> ForecastPlace:
    try:
        made_at, start_at, kind = token.split(" ")
        return ForecastPlace(
            datetime.fromisoformat(made_at), datetime.fromisoformat(start_at), ForecastKind(kind)
        )
    except ValueError as error:
        raise InvalidInput(
            f"page_token is {token!r}, expected the next_page_token of an earlier page", page_token=token
        ) from error
