"""What must be done before the hub can serve: database, products, parties, workers, rules."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from protovalidate import Validator

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.public_holidays import public_holidays
from vpp.baseline.scoring.season import HALF_YEARS, SeasonStart, season_of
from vpp.foundation.clock import AcceleratedClock, Clock, Speed, SystemClock
from vpp.foundation.command_keys import read_signing_key
from vpp.foundation.errors import InvalidInput
from vpp.foundation.random_source import SYSTEM_RANDOM_SOURCE
from vpp.hub.baseline_rule_files import load_rule_files
from vpp.hub.bid_sealing_keys import ensure_sealing_keys
from vpp.hub.database_checks import check_database
from vpp.hub.emission_factor_file import load_emission_factors
from vpp.hub.inline_pool import InlinePool
from vpp.hub.principal_settings import PrincipalSettings
from vpp.hub.process_pool import ProcessPool, warm_up_all
from vpp.hub.product_files import load_product_files
from vpp.hub.seeding import ensure_parties
from vpp.hub.settings import ClockSettings, HubSettings, SeasonSettings
from vpp.hub.settlement_settings import settlement_rules
from vpp.hub.tax_settings import payment_book
from vpp.hub.tls_credentials import TlsCredentials, TlsFiles
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.portfolio.party import Party
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.identity_interceptor import token_digest
from vpp.rpc.server import warm_up
from vpp.rpc.signing import DeliverySigner
from vpp.settlement.manifest_signature import StatementSigner
from vpp.settlement.site_delivery import EmissionFactor
from vpp.storage.bid_sealing import BidSealing
from vpp.storage.engine import SQLITE, make_engine
from vpp.storage.migrate import migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.choosing_rules import owe_choices
from vpp.workflows.due_lanes import MARKET_LANES
from vpp.workflows.forecasting import owe_forecast
from vpp.workflows.founding_products import found_products
from vpp.workflows.identity import Principal
from vpp.workflows.keeping_telemetry import owe_upkeep
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.rebuilding_deadlines import forget_claims, rebuild_deadlines
from vpp.workflows.settlement_dues import owe_settlement_look
from vpp.workflows.signing_heads import adopt_rows

_log = logging.getLogger(__name__)
A_YEAR = 2026  # any year will do to see whether a country is known
EXTRA_CONNECTIONS = len(MARKET_LANES) + 4
"""Database connections beside those of the workflow threads: the tickers', the access watch's, a spare."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A hub that is ready to serve and does not serve yet.

    Attributes:
        settings: What the owner set.
        clock: The hub's clock.
        units: Makes transactions on the database, which is migrated.
        close_database: Closes its connections.
        pool: Runs solvers and models; warm.
        emergency_pool: Runs the solver for emergencies, apart from auctions; warm; the same if it shares.
        background_pool: Runs long work that nobody waits for, apart from what has to be on time; the
            same if it shares.
        rules: The hub's market rules.
        validator: Checks requests; warm.
        principals: SHA-256 of a token to whom it proves; counts without TLS alone.
        signer: Signs what sites are told; None if the settings name no key.
        metrics: Where the hub counts what it does.
        credentials: What the hub shows and asks for; None does without TLS.
        named: Everybody whom the settings name, by id; those with tokens if absent.
        baseline_rules: Baseline rules that products name, by name.
        signing_key: Signs the heads of the audit record; None if the settings name no key.
    """

    settings: HubSettings
    clock: Clock
    units: SqlUnitOfWorkFactory
    close_database: Callable[[], None]
    pool: ProcessPool | InlinePool
    emergency_pool: ProcessPool | InlinePool
    background_pool: ProcessPool | InlinePool
    rules: MarketRules
    validator: Validator
    principals: Mapping[str, Principal]
    signer: DeliverySigner | None = None
    metrics: HubMetrics = field(default_factory=HubMetrics)
    credentials: TlsCredentials | None = None
    named: Mapping[str, Principal] | None = None
    baseline_rules: Mapping[str, BaselineRule] = field(default_factory=dict)
    signing_key: Ed25519PrivateKey | None = None

    @property
    def known(self) -> Mapping[str, Principal]:
        """Everybody who may call, by id."""
        if self.named is not None:
            return self.named
        return {one.principal_id: one for one in self.principals.values()}


def prepare(
    settings: HubSettings, *, after_restore: bool = False, lost_sealing_keys: Collection[str] = ()
) -> Prepared:
    """Do everything that must be done before the hub can serve.

    Args:
        settings: What the owner set.
        after_restore: Whether the owner lets it go on from a database restored from a backup.
        lost_sealing_keys: Keys that nobody has any more; bids that need them are refused.

    Raises:
        WrongState: The database was restored, and nobody has confirmed it.
        InvalidInput: A setting, a product file, a token file or a file of TLS does not fit.
        AlreadyExists: A product version is known with other content.
        Overloaded: The database is locked or away.
    """
    principals = principals_by_token(settings) if settings.server.plaintext else {}
    named = principals_by_id(settings)
    credentials = tls_credentials(settings)
    signer = delivery_signer(settings)
    baseline_rules = load_rule_files(settings.path(settings.rule_directory))
    profiles = load_product_files(settings.path(settings.product_directory), baseline_rules)
    clock = make_clock(settings.clock)
    connection_count = settings.work.rpc_threads + EXTRA_CONNECTIONS
    engine = make_engine(_database_url(settings), pool_size=connection_count, max_overflow=0)
    migrate(engine)
    check_database(engine, clock, after_restore=after_restore)
    adopted = adopt_rows(SqlUnitOfWorkFactory(engine, clock))
    if adopted:
        _log.info("%d rows of an older hub have been taken up into the audit record", adopted)
    metrics = HubMetrics()
    key_file = settings.path(settings.sealing.key_file)
    keys = ensure_sealing_keys(SqlUnitOfWorkFactory(engine, clock), key_file, lost=lost_sealing_keys)
    sealing = BidSealing(keys, SYSTEM_RANDOM_SOURCE)
    units = SqlUnitOfWorkFactory(engine, clock, observer=metrics, sealing=sealing)
    found_products(units, profiles)
    ensure_parties(
        units, [Party(party.party_id, party.display_name, party.kind) for party in settings.parties]
    )
    rules = market_rules(settings)
    owe_forecast(units, rules)
    owe_choices(units, rules)
    owe_upkeep(units, rules.telemetry)
    owe_settlement_look(units)
    if engine.dialect.name == SQLITE:  # one hub alone: its predecessor is gone, and so are its claims
        forget_claims(units)
    for due in rebuild_deadlines(units, rules):
        _log.warning("the deadline %s of %s was missing", due.kind.value, due.subject_id)
    processes = settings.work.worker_processes
    pool = ProcessPool(processes) if processes else InlinePool()
    urgent = settings.emergency.worker_processes if processes else 0
    emergency_pool = ProcessPool(urgent, only_clears=True) if urgent else pool
    warm_up_all([pool, emergency_pool])
    behind = settings.forecasts.worker_processes
    background_pool = ProcessPool(behind, is_background=True) if behind else pool
    validator = Validator()
    warm_up(validator)
    return Prepared(
        settings,
        clock,
        units,
        engine.dispose,
        pool,
        emergency_pool,
        background_pool,
        rules,
        validator,
        principals,
        signer,
        metrics,
        credentials,
        named,
        baseline_rules,
        _signing_key(settings),
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
        clearing_allowance=market.clearing_allowance,
        emergency_time_limit=settings.emergency.solver_time_limit,
        uniform_price=market.uniform_price,
        tie_rule=market.tie_rule,
        telemetry=settings.telemetry.rules(),
        reliability=settings.scores.choices(),
        start_spread=settings.dispatch.start_spread,
        release_spread=settings.dispatch.release_spread,
        tracking=settings.tracking.rules(),
        settlement=settlement_rules(settings.settlement),
        payment_book=payment_book(settings.settlement.tax, {one.party_id for one in settings.parties}),
        statement_signer=statement_signer(settings),
        emission_factors=emission_factors(settings),
    )


def emission_factors(settings: HubSettings) -> Mapping[str, EmissionFactor]:
    """Read the emission factors that the settings name, by zone; none without.

    Raises:
        InvalidInput: The file is missing or holds something else.
    """
    file = settings.settlement.emission_factor_file
    return {} if file is None else load_emission_factors(settings.path(file))


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


def tls_credentials(settings: HubSettings) -> TlsCredentials | None:
    """Read the files of mutual TLS; None if the settings do without.

    Raises:
        InvalidInput: One is missing or does not hold what it should.
    """
    if settings.server.plaintext:
        return None
    tls = settings.server.tls
    files = TlsFiles(
        certificate=settings.path(tls.certificate_file),
        key=settings.path(tls.key_file),
        authority=settings.path(tls.authority_file),
        revocations=settings.path(tls.revocation_file),
    )
    try:
        # Certificates are dated in the world's time, whatever clock the market runs on.
        return TlsCredentials(files, tls.trust_domain, SystemClock())
    except InvalidInput as error:
        raise InvalidInput(
            f"{error}; make certificates with `vpp certs`, or set server.plaintext = true to listen on "
            "loopback without TLS",
            **error.metadata,
        ) from error


def principals_by_id(settings: HubSettings) -> dict[str, Principal]:
    """Return everybody whom the settings name, by id.

    Raises:
        InvalidInput: One acts for a party that the settings do not name.
    """
    parties = {party.party_id for party in settings.parties}
    for one in settings.principals:
        if one.party_id not in parties:
            raise InvalidInput(
                f"principal {one.principal_id} acts for {one.party_id}, expected one of the parties",
                party=one.party_id,
            )
    return {
        one.principal_id: Principal(one.principal_id, one.party_id, one.site_id, one.roles, one.person_id)
        for one in settings.principals
    }


def principals_by_token(settings: HubSettings) -> dict[str, Principal]:
    """Return who is proved by which token's SHA-256.

    Raises:
        InvalidInput: A token file cannot be read or is empty, a token is given twice, or a
            principal acts for a party that the settings do not name.
    """
    known = principals_by_id(settings)
    found: dict[str, Principal] = {}
    for one in settings.principals:
        if one.token_sha256 is None and one.token_file is None:
            continue
        digest = _digest(settings, one)
        if digest in found:
            raise InvalidInput(
                f"principals {found[digest].principal_id} and {one.principal_id} have the same token",
                principal=one.principal_id,
            )
        found[digest] = known[one.principal_id]
    return found


def delivery_signer(settings: HubSettings) -> DeliverySigner | None:
    """Return what signs deliveries; None if the settings name no key.

    Raises:
        InvalidInput: The key file cannot be read, or holds no Ed25519 private key.
    """
    key = _signing_key(settings)
    return DeliverySigner(key) if key else None


def statement_signer(settings: HubSettings) -> StatementSigner | None:
    """Return what signs manifests of statements, with the same key; None if the settings name none.

    Raises:
        InvalidInput: The key file cannot be read, or holds no Ed25519 private key.
    """
    key = _signing_key(settings)
    return StatementSigner(key) if key else None


def _signing_key(settings: HubSettings) -> Ed25519PrivateKey | None:
    file = settings.signing.key_file
    if file is None:
        return None
    secret = _secret(settings, file.as_posix())
    return read_signing_key(secret.encode(), f"signing.key_file {file}")


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
