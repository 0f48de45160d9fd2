"""What must be done before the hub can serve: database, products, parties, workers, rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version

from protovalidate import Validator

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.public_holidays import public_holidays
from vpp.baseline.scoring.season import HALF_YEARS, SeasonStart, season_of
from vpp.foundation.clock import AcceleratedClock, Clock, Speed, SystemClock
from vpp.foundation.errors import InvalidInput
from vpp.hub.baseline_rule_files import load_rule_files
from vpp.hub.inline_pool import InlinePool
from vpp.hub.process_pool import ProcessPool
from vpp.hub.product_files import load_product_files
from vpp.hub.seeding import ensure_parties, ensure_products
from vpp.hub.settings import ClockSettings, HubSettings, PrincipalSettings, SeasonSettings
from vpp.portfolio.party import Party
from vpp.rpc.identity_interceptor import token_digest
from vpp.rpc.server import warm_up
from vpp.storage.engine import make_engine
from vpp.storage.migrate import migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.choosing_rules import owe_choices
from vpp.workflows.forecasting import owe_forecast
from vpp.workflows.identity import Principal
from vpp.workflows.market_rules import MarketRules

A_YEAR = 2026  # any year will do to see whether a country is known
EXTRA_CONNECTIONS = 3
"""Database connections beside those of the workflow threads: the two tickers', and one to spare."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A hub that is ready to serve and does not serve yet.

    Attributes:
        settings: What the owner set.
        clock: The hub's clock.
        units: Makes transactions on the database, which is migrated.
        close_database: Closes its connections.
        pool: Runs solvers and models; warm.
        background_pool: Runs long work that nobody waits for, apart from what has to be on time; the
            same if it shares.
        rules: The hub's market rules.
        validator: Checks requests; warm.
        principals: SHA-256 of a token to whom it proves.
    """

    settings: HubSettings
    clock: Clock
    units: SqlUnitOfWorkFactory
    close_database: Callable[[], None]
    pool: ProcessPool | InlinePool
    background_pool: ProcessPool | InlinePool
    rules: MarketRules
    validator: Validator
    principals: Mapping[str, Principal]


def prepare(settings: HubSettings) -> Prepared:
    """Do everything that must be done before the hub can serve.

    Raises:
        InvalidInput: A setting, a product file or a token file does not fit.
        AlreadyExists: A product version is known with other content.
        Overloaded: The database is locked or away.
    """
    principals = principals_by_token(settings)
    baseline_rules = load_rule_files(settings.path(settings.rule_directory))
    profiles = load_product_files(settings.path(settings.product_directory), baseline_rules)
    clock = make_clock(settings.clock)
    connection_count = settings.work.rpc_threads + EXTRA_CONNECTIONS
    engine = make_engine(_database_url(settings), pool_size=connection_count, max_overflow=0)
    migrate(engine)
    units = SqlUnitOfWorkFactory(engine, clock)
    ensure_products(units, profiles)
    ensure_parties(
        units, [Party(party.party_id, party.display_name, party.kind) for party in settings.parties]
    )
    rules = market_rules(settings)
    owe_forecast(units, rules)
    owe_choices(units, rules)
    processes = settings.work.worker_processes
    pool = ProcessPool(processes) if processes else InlinePool()
    pool.warm_up()
    behind = settings.forecasts.worker_processes
    background_pool = ProcessPool(behind, is_background=True) if behind else pool
    validator = Validator()
    warm_up(validator)
    return Prepared(
        settings, clock, units, engine.dispose, pool, background_pool, rules, validator, principals
    )


def make_clock(settings: ClockSettings | None) -> Clock:
    """Make the machine's clock, or the accelerated one that the settings describe."""
    if settings is None:
        return SystemClock()
    return AcceleratedClock(
        settings.machine_start, [Speed(speed.start, speed.factor) for speed in settings.speeds]
    )


def market_rules(settings: HubSettings) -> MarketRules:
    """Turn settings into what workflows take."""
    market = settings.market
    return MarketRules(
        solver=market.solver,
        time_limit=market.solver_time_limit,
        relative_gap=market.solver_relative_gap,
        aggregator_party_id=market.aggregator_party_id,
        holidays=market.holidays,
        holiday_countries=_holiday_countries(market.holiday_countries),
        seasons=_seasons(market.seasons),
        code_version=version("vpp"),
        forecast_hour_utc=market.forecast_hour_utc,
        forecast_mix=settings.forecasts.mix,
        intraday_interval=settings.forecasts.intraday_interval or None,
        claim_lease=market.claim_lease,
        telemetry_allowance=market.telemetry_allowance,
        measurement_allowance=market.measurement_allowance,
        uniform_price=market.uniform_price,
        tie_rule=market.tie_rule,
    )


def _holiday_countries(countries: Mapping[str, str]) -> Mapping[str, str]:
    """Refuse a time zone or a country that is not known before a baseline needs it."""
    for time_zone, code in countries.items():
        SiteCalendar(time_zone)
        public_holidays(code, [A_YEAR])
    return countries


def _seasons(seasons: Sequence[SeasonSettings]) -> tuple[SeasonStart, ...]:
    starts = tuple(SeasonStart(one.name, one.month, one.day) for one in seasons) or HALF_YEARS
    season_of(date(A_YEAR, 1, 1), starts)  # refuses seasons that begin on one day
    return starts


def principals_by_token(settings: HubSettings) -> dict[str, Principal]:
    """Return who is proved by which token's SHA-256.

    Raises:
        InvalidInput: A token file cannot be read or is empty, a token is given twice, or a
            principal acts for a party that the settings do not name.
    """
    parties = {party.party_id for party in settings.parties}
    found: dict[str, Principal] = {}
    for one in settings.principals:
        if one.party_id not in parties:
            raise InvalidInput(
                f"principal {one.principal_id} acts for {one.party_id}, expected one of the parties",
                party=one.party_id,
            )
        digest = _digest(settings, one)
        if digest in found:
            raise InvalidInput(
                f"principals {found[digest].principal_id} and {one.principal_id} have the same token",
                principal=one.principal_id,
            )
        found[digest] = Principal(one.principal_id, one.party_id, one.site_id, one.roles)
    return found


def _digest(settings: HubSettings, principal: PrincipalSettings) -> str:
    if principal.token_file is None:
        return str(principal.token_sha256).lower()
    return token_digest(_secret(settings, principal.token_file.as_posix()))


def _database_url(settings: HubSettings) -> str:
    database = settings.database
    if database.url_file is None:
        return database.url.get_secret_value()
    return _secret(settings, database.url_file.as_posix())


def _secret(settings: HubSettings, file: str) -> str:
    path = settings.base_directory / file
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InvalidInput(f"secret file {path} cannot be read: {error.strerror}", file=str(path)) from error
    if not secret:
        raise InvalidInput(f"secret file {path} is empty", file=str(path))
    return secret
