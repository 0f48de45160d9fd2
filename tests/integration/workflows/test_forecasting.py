"""Forecasts: daily, through the day and on request; kept, compared with what came, and added up."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar

import numpy as np
import pytest
from support.market import FIVE, NOON, OPERATOR, RULES, Market, agent_of

from vpp.foundation.errors import AlreadyExists, InvalidInput, NotFound, NotPermitted, Overloaded, WrongState
from vpp.foundation.interval import Interval
from vpp.hub.inline_pool import InlinePool
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.site import Site
from vpp.workflows.due_work import BACKGROUND, MARKET, next_due_at, run_due
from vpp.workflows.enrolling import create_party, create_site
from vpp.workflows.forecast_records import ForecastErrorRecord, ForecastKind, ForecastRecord
from vpp.workflows.forecasting import owe_forecast, run_forecasts, run_intraday_forecasts
from vpp.workflows.identity import Principal, Role
from vpp.workflows.portfolio_forecasting import get_portfolio_forecast
from vpp.workflows.ports import DueKind
from vpp.workflows.requesting_forecasts import MOST_PER_HOUR, create_forecast, create_load_plan
from vpp.workflows.viewing_forecasts import get_forecast, list_forecasts
from vpp.workflows.visibility import PageRequest

P = ParamSpec("P")
T = TypeVar("T")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIDNIGHT = NOON.replace(hour=0)
TOMORROW = Interval(MIDNIGHT + DAY, MIDNIGHT + 2 * DAY)
EVERY_3_H = replace(RULES, intraday_interval=3 * HOUR)
OWNER_1 = Principal("someone", "owner-north-1", None, frozenset({Role.SITE_OWNER}))


def made(market: Market, site_id: str = "north-1", kind: ForecastKind | None = None) -> list[ForecastRecord]:
    with market.units(write=False) as uow:
        return uow.forecasts.newest(site_id, kind=kind)


def errors(market: Market, site_id: str = "north-1") -> list[ForecastErrorRecord]:
    span = Interval(MIDNIGHT - 100 * DAY, MIDNIGHT + 100 * DAY)
    with market.units(write=False) as uow:
        return uow.forecasts.errors([site_id], ForecastKind.DAY_AHEAD, span)


def audited(market: Market, action: str) -> list[str]:
    with market.units(write=False) as uow:
        return [record.subject for record in uow.audit.page(limit=10_000) if record.action == action]


def remember_errors(market: Market, site_id: str, rows_kw: np.ndarray) -> None:
    """Keep day-ahead forecasts of 1000 kW for the days up to today, and what they were wrong by."""
    with market.units() as uow:
        for back, row in zip(range(len(rows_kw), 0, -1), rows_kw, strict=True):
            start = TOMORROW.start - back * DAY
            flat = (1000.0,) * 96
            horizon = Interval(start, start + DAY)
            at = start - 11 * HOUR
            uow.forecasts.add(
                ForecastRecord(site_id, at, horizon, 900, "test", flat, flat, flat, point_kw=flat)
            )
            uow.forecasts.note_error(
                ForecastErrorRecord(site_id, ForecastKind.DAY_AHEAD, start, at, 900, tuple(row.tolist()))
            )
        uow.commit()


def enrol_unread(market: Market, site_id: str, time_zone: str = "Europe/London") -> None:
    """Enrol a site whose meter was never read."""
    agent = agent_of(site_id)
    create_party(market.units, OPERATOR, Party(agent.party_id, "Owner", PartyKind.SITE_OWNER), request_id="")
    site = Site(site_id, agent.party_id, site_id, "far", time_zone, 3000.0, FIVE)
    create_site(market.units, agent, site, request_id="")


def enrol_noisy(market: Market, site_id: str) -> None:
    """Enrol a site with forty days of history, enough for models, around 1000 kW."""
    market.enrol(site_id, days=1)
    noise_kw = np.random.default_rng(len(site_id)).normal(0.0, 5.0, 40 * 288 + 144)
    market.meter(site_id, 100, MIDNIGHT - 40 * DAY, 1000.0 + noise_kw)


def test_every_site_is_forecast_for_its_next_civil_day(market: Market) -> None:
    for site_id, time_zone in (("east", "Asia/Shanghai"), ("west", "America/Los_Angeles")):
        enrol_unread(market, site_id, time_zone)
        market.meter(site_id, 1, NOON - 3 * DAY, np.full(3 * 288, 50.0))
    owe_forecast(market.units, RULES)
    market.advance(MIDNIGHT + 13 * HOUR)
    spans = {site_id: made(market, site_id)[0].horizon for site_id in ("north-1", "east", "west")}
    assert spans["north-1"] == TOMORROW
    assert spans["east"] == Interval(MIDNIGHT + 16 * HOUR, MIDNIGHT + 40 * HOUR)
    assert spans["west"] == Interval(MIDNIGHT + 32 * HOUR, MIDNIGHT + 56 * HOUR)
    forecast = made(market)[0]
    assert forecast.p50_kw == pytest.approx((1000.0,) * 96)
    assert forecast.centre_kw == pytest.approx((1000.0,) * 96)
    assert (forecast.kind, forecast.made_at) == (ForecastKind.DAY_AHEAD, MIDNIGHT + 13 * HOUR)
    with market.units(write=False) as uow:
        assert [due.due_at for due in uow.due.open() if due.kind is DueKind.FORECAST] == [
            MIDNIGHT + DAY + 13 * HOUR
        ]


def test_a_round_that_was_cut_off_goes_on_where_it_was(market: Market) -> None:
    market.clock.advance_to(MIDNIGHT + 13 * HOUR)
    run_forecasts(market.units, market.pool, RULES, "2026-03-05")
    market.clock.advance_to(MIDNIGHT + 14 * HOUR)
    market.enrol("north-3", days=2)
    run_forecasts(market.units, market.pool, RULES, "2026-03-05")
    assert [len(made(market, f"north-{n}")) for n in (1, 2, 3)] == [1, 1, 1]
    assert made(market, "north-3")[0].made_at == MIDNIGHT + 14 * HOUR


def test_a_day_that_is_over_is_not_forecast(market: Market) -> None:
    market.clock.advance_to(MIDNIGHT + 3 * DAY)
    run_forecasts(market.units, market.pool, RULES, "2026-03-05")
    assert made(market) == []


def test_a_site_without_readings_is_written_down(market: Market) -> None:
    enrol_unread(market, "silent")
    owe_forecast(market.units, RULES)
    market.advance(MIDNIGHT + 13 * HOUR)
    assert made(market, "silent") == []
    assert len(made(market)) == 1
    assert audited(market, "no_forecast") == ["sites/silent"]


class Refusing(InlinePool):
    """A pool whose models refuse some sites."""

    def __init__(self, *refused: str) -> None:
        super().__init__()
        self.refused = set(refused)

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        requests = args[0]
        assert isinstance(requests, list)
        if self.refused & {request.site_id for request in requests}:
            raise InvalidInput("metered_kw is infinite in places")
        return super().run(function, *args, **kwargs)


def test_a_site_that_the_models_refuse_holds_up_no_other(market: Market) -> None:
    market.clock.advance_to(MIDNIGHT + 13 * HOUR)
    run_forecasts(market.units, Refusing("north-1"), RULES, "2026-03-05")
    assert made(market) == []
    assert len(made(market, "north-2")) == 1
    assert audited(market, "no_forecast") == ["sites/north-1"]


def test_a_round_in_which_every_site_is_refused_has_failed(market: Market) -> None:
    market.clock.advance_to(MIDNIGHT + 13 * HOUR)
    with pytest.raises(InvalidInput):
        run_forecasts(market.units, Refusing("north-1", "north-2"), RULES, "2026-03-05")
    assert made(market, "north-2") == []


def test_a_refused_site_does_not_hold_up_a_round_that_is_taken_up_again(market: Market) -> None:
    market.clock.advance_to(MIDNIGHT + 13 * HOUR)
    for _ in range(2):  # the second time it is the only one of its portion that is left
        run_forecasts(market.units, Refusing("north-1"), RULES, "2026-03-05")
    assert len(made(market, "north-2")) == 1


@pytest.mark.parametrize("kind", [DueKind.FORECAST, DueKind.INTRADAY_FORECAST])
def test_a_round_that_fails_is_not_the_last(market: Market, kind: DueKind) -> None:
    owe_forecast(market.units, EVERY_3_H)
    market.clock.advance_to(MIDNIGHT + 13 * HOUR if kind is DueKind.FORECAST else NOON + 3 * HOUR)
    [failed] = run_due(
        market.units, Refusing("north-1", "north-2"), EVERY_3_H, kinds=frozenset({kind}), limit=1
    )
    assert "infinite in places" in failed.detail
    with market.units(write=False) as uow:
        open_at = [due.due_at for due in uow.due.open() if due.kind is kind]
    assert len(open_at) == 2
    assert open_at[-1] == (TOMORROW.start + 13 * HOUR if kind is DueKind.FORECAST else NOON + 6 * HOUR)


class Elsewhere(InlinePool):
    """A pool whose calls and results go through bytes, as to another process and back."""

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        there, there_args, there_kwargs = pickle.loads(pickle.dumps((function, args, kwargs)))  # noqa: S301  our own
        result: T = pickle.loads(pickle.dumps(there(*there_args, **there_kwargs)))  # noqa: S301  our own
        return result


def test_forecasts_can_be_made_in_another_process(market: Market) -> None:
    market.clock.advance_to(MIDNIGHT + 13 * HOUR)
    run_forecasts(market.units, Elsewhere(), RULES, "2026-03-05")
    assert len(made(market)) == len(made(market, "north-2")) == 1


def test_a_reading_that_cannot_be_true_is_not_learnt_from(market: Market) -> None:
    for site_id in ("spiked", "smooth"):
        enrol_noisy(market, site_id)
    # Three quarters of an hour at four times the load, a day ago at six in the evening.
    market.meter("spiked", 900, MIDNIGHT - DAY + 18 * HOUR, np.full(9, 4400.0))
    owe_forecast(market.units, RULES)
    market.advance(MIDNIGHT + 13 * HOUR)
    assert max(made(market, "spiked")[0].p90_kw) < 1100.0
    assert max(made(market, "smooth")[0].p90_kw) < 1100.0


def test_errors_are_noted_once_the_readings_are_in(market: Market) -> None:
    owe_forecast(market.units, RULES)
    market.advance(TOMORROW.start)
    market.meter("north-1", 1000, NOON, np.full(144, 1000.0))
    market.advance(TOMORROW.start + 13 * HOUR)
    assert errors(market) == []  # the day is not over
    market.advance(TOMORROW.end)
    readings = np.full(288, 1010.0)
    readings[:144] = 990.0
    market.meter("north-1", 2000, TOMORROW.start, readings)
    market.advance(TOMORROW.end + 13 * HOUR)
    (error,) = errors(market)
    assert error.horizon_start_at == TOMORROW.start
    assert error.error_kw == pytest.approx((-10.0,) * 48 + (10.0,) * 48, abs=1e-6)
    assert errors(market, "north-2") == []  # nothing was metered


def test_errors_of_a_day_with_gaps_wait_three_days_for_the_rest(market: Market) -> None:
    owe_forecast(market.units, RULES)
    market.advance(TOMORROW.end)
    market.meter("north-1", 2000, TOMORROW.start, np.full(144, 1010.0))
    market.advance(TOMORROW.end + 2 * DAY + 13 * HOUR)
    assert errors(market) == []
    market.advance(TOMORROW.end + 3 * DAY + 13 * HOUR)
    first = errors(market)[0]
    assert first.error_kw[:48] == pytest.approx((10.0,) * 48, abs=1e-6)
    assert np.isnan(first.error_kw[48:]).all()


def test_the_band_comes_from_what_earlier_forecasts_were_wrong_by(market: Market) -> None:
    for site_id in ("remembered", "replayed"):
        enrol_noisy(market, site_id)
    remember_errors(market, "remembered", np.random.default_rng(5).normal(0.0, 40.0, (30, 96)))
    owe_forecast(market.units, RULES)
    market.advance(MIDNIGHT + 13 * HOUR)
    widths_kw = {
        site_id: np.mean(np.subtract(made(market, site_id)[0].p90_kw, made(market, site_id)[0].p10_kw))
        for site_id in ("remembered", "replayed")
    }
    # 80 % of a normal distribution lie within 1.2816 standard deviations.
    assert widths_kw["remembered"] == pytest.approx(2 * 1.2816 * 40.0, rel=0.25)
    assert widths_kw["replayed"] < 20.0


def test_the_day_is_forecast_again_with_the_latest_readings(market: Market) -> None:
    owe_forecast(market.units, EVERY_3_H)
    market.advance(MIDNIGHT + 13 * HOUR)
    market.clock.advance_to(MIDNIGHT + 15 * HOUR)
    market.meter("north-1", 1000, NOON, np.full(36, 1500.0))
    run_due(market.units, market.pool, EVERY_3_H)
    day_ahead, intraday = (made(market, kind=kind)[0] for kind in list(ForecastKind)[:2])
    assert intraday.horizon == Interval(NOON + 3 * HOUR, NOON + 27 * HOUR)
    assert day_ahead.horizon == TOMORROW
    assert get_forecast(market.units, OPERATOR, "north-1", TOMORROW.start) == intraday
    assert (
        get_forecast(market.units, OPERATOR, "north-1", TOMORROW.start, ForecastKind.DAY_AHEAD) == day_ahead
    )
    assert next_due_at(market.units, frozenset({DueKind.INTRADAY_FORECAST})) == NOON + 6 * HOUR


def test_rounds_that_were_missed_are_not_made_up_for(market: Market) -> None:
    owe_forecast(market.units, EVERY_3_H)
    late = MIDNIGHT + 22 * HOUR + timedelta(minutes=10)
    market.clock.advance_to(late)
    run_due(market.units, market.pool, EVERY_3_H)
    assert [record.horizon.start for record in made(market, kind=ForecastKind.INTRADAY)] == [
        MIDNIGHT + 21 * HOUR
    ]
    assert next_due_at(market.units, frozenset({DueKind.INTRADAY_FORECAST})) == MIDNIGHT + DAY


def test_a_hub_that_no_longer_forecasts_through_the_day_owes_no_more(market: Market) -> None:
    owe_forecast(market.units, EVERY_3_H)
    market.clock.advance_to(MIDNIGHT + 15 * HOUR)
    run_intraday_forecasts(market.units, market.pool, RULES, (MIDNIGHT + 15 * HOUR).isoformat())
    assert made(market, kind=ForecastKind.INTRADAY) == []


def test_forecasts_that_are_due_hold_up_nothing_else(market: Market) -> None:
    owe_forecast(market.units, EVERY_3_H)
    market.open_auction()
    market.clock.advance_to(MIDNIGHT + 15 * HOUR)  # after the forecasts are due, and the gate closes
    assert next_due_at(market.units, MARKET) == NOON + 2 * HOUR
    outcomes = run_due(market.units, market.pool, RULES, kinds=MARKET)
    assert {outcome.due.kind for outcome in outcomes} == {DueKind.GATE_CLOSURE, DueKind.CLEARING}
    assert made(market) == []
    outcomes = run_due(market.units, market.pool, EVERY_3_H, kinds=BACKGROUND)
    assert {outcome.due.kind for outcome in outcomes} == {DueKind.FORECAST, DueKind.INTRADAY_FORECAST}


def test_a_forecast_is_made_when_somebody_asks_and_only_once(market: Market) -> None:
    def ask(request_id: str, horizon: Interval | None = None) -> ForecastRecord:
        return create_forecast(
            market.units,
            OPERATOR,
            market.pool,
            RULES,
            site_id="north-1",
            horizon=horizon,
            request_id=request_id,
        )

    market.clock.advance_to(NOON + timedelta(minutes=20))
    first = ask("one")
    assert first.horizon == Interval(NOON + timedelta(minutes=15), NOON + DAY + timedelta(minutes=15))
    assert first.p50_kw == pytest.approx((1000.0,) * 96)
    market.clock.advance_to(NOON + timedelta(minutes=40))
    assert ask("one") == first
    assert ask("two").horizon.start == NOON + timedelta(minutes=30)
    assert len(made(market, kind=ForecastKind.ON_REQUEST)) == 2
    with pytest.raises(AlreadyExists):
        ask("one", TOMORROW)
    assert audited(market, "create_forecast") == ["sites/north-1"] * 2


@pytest.mark.parametrize(
    ("start", "length"),
    [
        (NOON - timedelta(minutes=15), HOUR),
        (NOON + timedelta(minutes=5), HOUR),
        (NOON, timedelta(minutes=20)),
        (NOON, timedelta(days=7, minutes=15)),
        (NOON + timedelta(days=15), HOUR),
    ],
    ids=["past", "off the grid", "a part of an interval", "too long", "too far"],
)
def test_a_span_that_cannot_be_forecast_is_refused(
    market: Market, start: datetime, length: timedelta
) -> None:
    with pytest.raises(InvalidInput, match="horizon_interval is"):
        create_forecast(
            market.units,
            OPERATOR,
            market.pool,
            RULES,
            site_id="north-1",
            horizon=Interval(start, start + length),
            request_id="",
        )


def test_a_site_that_was_never_read_cannot_be_forecast_and_others_sites_are_not_seen(market: Market) -> None:
    enrol_unread(market, "new")
    ask = {"horizon": None, "request_id": ""}
    with pytest.raises(WrongState, match="has no usable readings"):
        create_forecast(market.units, agent_of("new"), market.pool, RULES, site_id="new", **ask)  # type: ignore[arg-type]  # as its signature
    with pytest.raises(NotFound):
        create_forecast(market.units, OWNER_1, market.pool, RULES, site_id="north-2", **ask)  # type: ignore[arg-type]  # as its signature


def test_forecasts_are_listed_from_the_newest_in_pages(market: Market) -> None:
    owe_forecast(market.units, EVERY_3_H)
    for hours in (13, 15, 18):
        market.clock.advance_to(MIDNIGHT + hours * HOUR)
        run_due(market.units, market.pool, EVERY_3_H)
    listed, token = [], ""
    while True:
        page = list_forecasts(market.units, OPERATOR, "north-1", PageRequest(1, token))
        listed += page.items
        token = page.next_page_token
        if not token:
            break
    assert listed == made(market)
    assert [record.made_at.hour for record in listed] == [18, 15, 13]
    only = list_forecasts(market.units, OPERATOR, "north-1", PageRequest(), ForecastKind.DAY_AHEAD)
    assert [record.made_at.hour for record in only.items] == [13]
    with pytest.raises(InvalidInput, match="page_token is 'what'"):
        list_forecasts(market.units, OPERATOR, "north-1", PageRequest(1, "what"))
    with pytest.raises(NotFound):
        list_forecasts(market.units, OWNER_1, "north-2", PageRequest())


def test_a_sites_own_plan_is_kept_and_used(market: Market) -> None:
    agent = agent_of("north-1")
    history_kw = np.tile(np.repeat([800.0, 1200.0], 144), 15)
    start = MIDNIGHT - 15 * DAY
    plan_kw = np.append(history_kw[::12], np.full(36, 500.0))  # hourly, up to the end of tomorrow's noon
    with market.units(write=False) as uow:
        now = uow.now
    stored = create_load_plan(
        market.units,
        agent,
        site_id="north-1",
        start_at=start,
        step=HOUR,
        plan_kw=tuple(plan_kw.tolist()),
        request_id="plan",
    )
    again = create_load_plan(
        market.units,
        agent,
        site_id="north-1",
        start_at=start,
        step=HOUR,
        plan_kw=tuple(plan_kw.tolist()),
        request_id="plan",
    )
    assert again == stored
    assert (stored.received_at, stored.end_at) == (now, start + len(plan_kw) * HOUR)
    with market.units(write=False) as uow:
        assert uow.plans.overlapping("north-1", TOMORROW) == [stored]
        assert uow.plans.overlapping("north-2", TOMORROW) == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"plan_kw": ()}, "plan has 0 intervals"),
        ({"plan_kw": (1.0,) * 24 * 61}, "expected at most 60 days"),
        ({"step": timedelta(minutes=7)}, "divide an hour"),
        ({"step": timedelta(0)}, "divide an hour"),
        ({"start_at": MIDNIGHT + timedelta(minutes=30)}, "on their own grid"),
        ({"plan_kw": (1.0, float("nan"))}, "not finite"),
    ],
)
def test_a_plan_that_is_none_is_refused(market: Market, changes: dict[str, object], complaint: str) -> None:
    fields = {"site_id": "north-1", "start_at": MIDNIGHT, "step": HOUR, "plan_kw": (1.0,), "request_id": ""}
    with pytest.raises(InvalidInput, match=complaint):
        create_load_plan(market.units, agent_of("north-1"), **{**fields, **changes})  # type: ignore[arg-type]  # as its signature


def test_a_site_is_not_forecast_on_request_without_end(market: Market) -> None:
    ask = {"site_id": "north-1", "horizon": None, "request_id": ""}
    for n in range(MOST_PER_HOUR):
        market.clock.advance_to(NOON + timedelta(minutes=n + 1))
        create_forecast(market.units, agent_of("north-1"), market.pool, RULES, **ask)  # type: ignore[arg-type]  # as its signature
    with pytest.raises(Overloaded, match="ask again after 2026-03-04T13:01"):
        create_forecast(market.units, OPERATOR, market.pool, RULES, **ask)  # type: ignore[arg-type]  # as its signature
    market.clock.advance_to(NOON + HOUR + timedelta(minutes=1))
    create_forecast(market.units, OPERATOR, market.pool, RULES, **ask)  # type: ignore[arg-type]  # as its signature
    assert len(made(market, kind=ForecastKind.ON_REQUEST)) == MOST_PER_HOUR + 1


def test_errors_of_forecasts_on_request_are_noted_too(market: Market) -> None:
    quarter = Interval(NOON, NOON + timedelta(minutes=15))
    for at, horizon in ((NOON, quarter), (quarter.end, None)):
        market.clock.advance_to(at)
        if at > NOON:
            market.meter("north-1", 1000, NOON, np.full(3, 1010.0))
        create_forecast(
            market.units,
            agent_of("north-1"),
            market.pool,
            RULES,
            site_id="north-1",
            horizon=horizon,
            request_id="",
        )
    with market.units(write=False) as uow:
        [error] = uow.forecasts.errors(["north-1"], ForecastKind.ON_REQUEST, quarter)
    assert error.error_kw == pytest.approx((10.0,), abs=1e-6)


def test_only_the_site_itself_plans(market: Market) -> None:
    with pytest.raises(NotPermitted):
        create_load_plan(
            market.units,
            agent_of("north-2"),
            site_id="north-1",
            start_at=MIDNIGHT,
            step=HOUR,
            plan_kw=(1.0,),
            request_id="",
        )


def test_sites_together_have_a_band_of_their_own(market: Market) -> None:
    rows_kw = np.random.default_rng(5).normal(0.0, 40.0, (30, 96))
    for site_id, sign in (("one", 1.0), ("other", -1.0)):
        enrol_noisy(market, site_id)
        remember_errors(market, site_id, sign * rows_kw)
    owe_forecast(market.units, RULES)
    market.advance(MIDNIGHT + 13 * HOUR)
    view = get_portfolio_forecast(market.units, OPERATOR, RULES, site_ids=["one", "other"])
    assert view.forecast.site_ids == ("one", "other")
    assert (view.missing_sites, view.made_at) == ((), MIDNIGHT + 13 * HOUR)
    assert view.forecast.p50_kw.index[0] == TOMORROW.start
    assert view.forecast.error_day_count == 30
    # What one has too much the other has too little.
    assert float((view.forecast.p90_kw - view.forecast.p10_kw).max()) == pytest.approx(0.0, abs=1e-6)
    alone = get_portfolio_forecast(market.units, OPERATOR, RULES, site_ids=["one"]).forecast
    stored = made(market, "one")[0]
    for summed_kw, own_kw in (
        (alone.p10_kw, stored.p10_kw),
        (alone.p50_kw, stored.p50_kw),
        (alone.p90_kw, stored.p90_kw),
    ):
        np.testing.assert_allclose(summed_kw, own_kw, rtol=1e-9)


def test_what_is_summed_is_what_the_caller_sees_and_is_forecast(market: Market) -> None:
    with pytest.raises(NotFound, match="none of 2 sites has a day-ahead forecast"):
        get_portfolio_forecast(market.units, OPERATOR, RULES)
    owe_forecast(market.units, RULES)
    market.advance(MIDNIGHT + 13 * HOUR)
    market.enrol("north-3", days=1)
    view = get_portfolio_forecast(market.units, OPERATOR, RULES)
    assert (view.forecast.site_ids, view.missing_sites) == (("north-1", "north-2"), ("north-3",))
    assert view.forecast.error_day_count == 0
    own = get_portfolio_forecast(market.units, OWNER_1, RULES)
    assert own.forecast.site_ids == ("north-1",)
    with pytest.raises(NotFound):
        get_portfolio_forecast(market.units, OWNER_1, RULES, site_ids=["north-1", "north-2"])
    with pytest.raises(NotFound, match="no site of zone south"):
        get_portfolio_forecast(market.units, OPERATOR, RULES, zone="south")


@pytest.mark.parametrize(
    "span",
    [
        Interval(TOMORROW.start + FIVE, TOMORROW.end),
        Interval(TOMORROW.start, TOMORROW.start + 49 * HOUR),
        Interval(TOMORROW.start, TOMORROW.start + timedelta(minutes=20)),
    ],
)
def test_a_span_that_cannot_be_summed_is_refused(market: Market, span: Interval) -> None:
    with pytest.raises(InvalidInput, match="horizon_interval is"):
        get_portfolio_forecast(market.units, OPERATOR, RULES, horizon=span)


def test_an_afternoon_across_the_end_of_a_day_is_joined_from_two_forecasts(market: Market) -> None:
    owe_forecast(market.units, RULES)
    market.advance(TOMORROW.start + 13 * HOUR)
    span = Interval(TOMORROW.start + 20 * HOUR, TOMORROW.start + 28 * HOUR)
    forecast = get_portfolio_forecast(market.units, OPERATOR, RULES, horizon=span).forecast
    assert forecast.p50_kw.to_list() == pytest.approx([2000.0] * 32)
    assert forecast.p50_kw.index[0] == datetime(2026, 3, 5, 20, tzinfo=UTC)
