"""Forecasts that somebody asks for, and the load that sites say they plan."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.foundation.errors import BrokenPromise, InvalidInput, Overloaded, WrongState
from vpp.foundation.interval import Interval
from vpp.foundation.series import on_grid
from vpp.workflows.enrolling import own_site
from vpp.workflows.forecast_inputs import (
    ForecastOutcome,
    forecast_inputs,
    forecast_sites,
    forecast_step,
    on_step,
)
from vpp.workflows.forecast_records import ForecastKind, ForecastRecord, SitePlanRecord
from vpp.workflows.forecasting import record_of
from vpp.workflows.identity import Principal
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import UnitOfWork, UnitOfWorkFactory, WorkerPool
from vpp.workflows.recording import audit
from vpp.workflows.requesting import fingerprint, remember, replayed
from vpp.workflows.viewing import visible_site

DEFAULT_LENGTH = timedelta(hours=24)
LONGEST_HORIZON = timedelta(days=7)
FURTHEST_START = timedelta(days=14)
LONGEST_PLAN = timedelta(days=60)
MOST_PER_HOUR = 12
"""Forecasts of one site on request; each takes a worker and is kept for good."""
HOUR = timedelta(hours=1)


def create_forecast(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    pool: WorkerPool,
    rules: MarketRules,
    *,
    site_id: str,
    horizon: Interval | None,
    request_id: str,
) -> ForecastRecord:
    """Forecast a site's load now, from the latest readings, and keep the forecast.

    Args:
        units: Makes the transactions.
        principal: Who asks.
        pool: Runs the models.
        rules: The hub's rules.
        site_id: The site.
        horizon: The span, from the present interval on; None for the next 24 hours.
        request_id: Makes repeats harmless; empty if not given.

    Raises:
        NotFound: There is no such site that the caller may see.
        InvalidInput: The span is past, too far, too long or off the site's grid.
        WrongState: Nothing is known of the site's load.
        Overloaded: The site was forecast on request twelve times within the hour.
        AlreadyExists: The request id was used for something else.
    """
    digest = fingerprint(site_id, horizon)
    with units(write=False) as uow:
        site = visible_site(uow, principal, site_id).value
        known = replayed(uow, principal, "create_forecast", request_id, digest)
        if known is not None:
            return _kept(uow, site_id, known)
        made_at, step = uow.now, forecast_step(site.metering_interval)
        first = on_step(made_at, step)
        span = horizon or Interval(first, first + DEFAULT_LENGTH)
        _check_horizon(span, first, step)
        _check_rate(uow, site_id)
        inputs = forecast_inputs(uow, site, rules, ForecastKind.ON_REQUEST, span)
    outcome = ForecastOutcome(InsufficientHistory(0, 1), ())
    if inputs is not None:
        [outcome] = pool.run(forecast_sites, [inputs], mix=rules.forecast_mix)
    if inputs is None or isinstance(outcome.forecast, InsufficientHistory):
        raise WrongState(f"sites/{site_id} has no usable readings; read its meter before", site=site_id)
    record = record_of(outcome.forecast, inputs)
    with units() as uow:
        known = replayed(uow, principal, "create_forecast", request_id, digest)
        if known is not None:
            return _kept(uow, site_id, known)
        _check_rate(uow, site_id)  # others may have asked meanwhile
        for error in outcome.errors:  # else the next request would compare them all again
            uow.forecasts.note_error(error)
        uow.forecasts.add(record)
        subject = f"{made_at.isoformat()} {span.start.isoformat()}"
        audit(uow, principal.principal_id, "create_forecast", f"sites/{site_id}", method=record.method)
        remember(uow, principal, "create_forecast", request_id, digest, subject)
        uow.commit()
    return record


def _kept(uow: UnitOfWork, site_id: str, subject: str) -> ForecastRecord:
    """Return the forecast that an earlier request made."""
    made_at, start_at = (datetime.fromisoformat(part) for part in subject.split(" "))
    moment = Interval(start_at, start_at + timedelta(microseconds=1))
    for record in uow.forecasts.overlapping([site_id], ForecastKind.ON_REQUEST, moment):
        if (record.made_at, record.horizon.start) == (made_at, start_at):
            return record
    raise BrokenPromise(
        f"the forecast of sites/{site_id} that an earlier request made is missing", site=site_id
    )


def _check_rate(uow: UnitOfWork, site_id: str) -> None:
    latest = uow.forecasts.newest(site_id, limit=MOST_PER_HOUR, kind=ForecastKind.ON_REQUEST)
    if len(latest) == MOST_PER_HOUR and latest[-1].made_at > uow.now - HOUR:
        raise Overloaded(
            f"sites/{site_id} was forecast on request {MOST_PER_HOUR} times within the hour; "
            f"ask again after {(latest[-1].made_at + HOUR).isoformat()}",
            site=site_id,
        )


def _check_horizon(span: Interval, first: datetime, step: timedelta) -> None:
    is_on_grid = on_grid(span.start, step) and not span.duration % step
    is_near = first <= span.start <= first + FURTHEST_START
    if not (is_on_grid and is_near and span.duration <= LONGEST_HORIZON):
        raise InvalidInput(
            f"horizon_interval is {span.start.isoformat()} to {span.end.isoformat()}, expected at most "
            f"{LONGEST_HORIZON.days} days that begin between {first.isoformat()} and "
            f"{FURTHEST_START.days} days later, with bounds on the grid of {step}",
            horizon_interval=span.start.isoformat(),
        )


def create_load_plan(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    *,
    site_id: str,
    start_at: datetime,
    step: timedelta,
    plan_kw: Sequence[float],
    request_id: str,
) -> SitePlanRecord:
    """Keep what load one's own site plans; forecasts that are made later take it into account.

    Args:
        units: Makes the transaction.
        principal: Who plans.
        site_id: The site.
        start_at: Start of the first interval.
        step: Length of an interval; divides an hour.
        plan_kw: Planned load, kW, consumption positive. Shape (N,).
        request_id: Makes repeats harmless; empty if not given.

    Raises:
        NotPermitted: The site is another's, or there is none of that name.
        InvalidInput: The plan is empty, too long, off its own grid or not finite.
        AlreadyExists: The request id was used for something else.
    """
    values_kw = np.asarray(plan_kw, dtype=np.float64)
    is_regular = step > timedelta(0) and not timedelta(hours=1) % step and on_grid(start_at, step)
    if not is_regular or not timedelta(0) < len(values_kw) * step <= LONGEST_PLAN:
        raise InvalidInput(
            f"plan has {len(values_kw)} intervals of {step} from {start_at.isoformat()}, expected at most "
            f"{LONGEST_PLAN.days} days of intervals that divide an hour, on their own grid",
            plan=str(step),
        )
    if not np.isfinite(values_kw).all():
        raise InvalidInput("plan is not finite in places, expected finite values in kW", plan="nan")
    digest = fingerprint(site_id, start_at, step, tuple(plan_kw))
    with units() as uow:
        own_site(uow, principal, site_id)
        record = SitePlanRecord(site_id, start_at, step, tuple(values_kw.tolist()), uow.now)
        known = replayed(uow, principal, "create_load_plan", request_id, digest)
        if known is not None:
            return replace(record, received_at=datetime.fromisoformat(known))
        uow.plans.add(record)
        audit(
            uow,
            principal.principal_id,
            "create_load_plan",
            f"sites/{site_id}",
            start=start_at.isoformat(),
            intervals=len(values_kw),
        )
        remember(uow, principal, "create_load_plan", request_id, digest, uow.now.isoformat())
        uow.commit()
        return record
