"""What must be done before the hub can serve: database, products, parties, workers, rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from protovalidate import Validator

from vpp.foundation.clock import AcceleratedClock, Clock, Speed, SystemClock
from vpp.foundation.errors import InvalidInput
from vpp.hub.inline_pool import InlinePool
from vpp.hub.process_pool import ProcessPool
from vpp.hub.product_files import load_product_files
from vpp.hub.seeding import ensure_parties, ensure_products
from vpp.hub.settings import ClockSettings, HubSettings, PrincipalSettings
from vpp.portfolio.party import Party
from vpp.rpc.identity_interceptor import token_digest
from vpp.rpc.server import warm_up
from vpp.storage.engine import make_engine
from vpp.storage.migrate import migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.forecasting import owe_forecast
from vpp.workflows.identity import Principal
from vpp.workflows.market_rules import MarketRules

EXTRA_CONNECTIONS = 2
"""Database connections beside those of the workflow threads: the ticker's, and one to spare."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A hub that is ready to serve and does not serve yet.

    Attributes:
        settings: What the owner set.
        clock: The hub's clock.
        units: Makes transactions on the database, which is migrated.
        close_database: Closes its connections.
        pool: Runs solvers and models; warm.
        rules: The hub's market rules.
        validator: Checks requests; warm.
        principals: SHA-256 of a token to whom it proves.
    """

    settings: HubSettings
    clock: Clock
    units: SqlUnitOfWorkFactory
    close_database: Callable[[], None]
    pool: ProcessPool | InlinePool
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
    profiles = load_product_files(settings.path(settings.product_directory))
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
    processes = settings.work.worker_processes
    pool = ProcessPool(processes) if processes else InlinePool()
    pool.warm_up()
    validator = Validator()
    warm_up(validator)
    return Prepared(settings, clock, units, engine.dispose, pool, rules, validator, principals)


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
        code_version=version("vpp"),
        forecast_hour_utc=market.forecast_hour_utc,
        claim_lease=market.claim_lease,
        telemetry_allowance=market.telemetry_allowance,
        measurement_allowance=market.measurement_allowance,
        uniform_price=market.uniform_price,
        tie_rule=market.tie_rule,
    )


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
