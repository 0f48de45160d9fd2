"""What the hub's owner sets. Market rules are not settings: they are product profiles."""

import ipaddress
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    Field,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from vpp.auction.rules import TieRule, UniformPrice
from vpp.hub.access_settings import AccessSettings
from vpp.hub.dispatch_settings import DispatchSettings
from vpp.hub.emergency_settings import EmergencySettings
from vpp.hub.event_loops import LoopName
from vpp.hub.forecast_settings import ForecastSettings
from vpp.hub.oauth_settings import OauthSettings
from vpp.hub.observability_settings import (
    LogSettings,
    MetricsSettings,
    ReadinessSettings,
    TracingSettings,
)
from vpp.hub.principal_settings import PrincipalSettings, check_people
from vpp.hub.quota_settings import QuotaSettings
from vpp.hub.score_settings import ScoreSettings
from vpp.hub.sealing_settings import SealingSettings
from vpp.hub.session_settings import SessionSettings
from vpp.hub.setting_types import Group, Id, Span, UtcInstant, Wait
from vpp.hub.settlement_settings import SettlementSettings
from vpp.hub.signing_settings import SigningSettings
from vpp.hub.telemetry_settings import TelemetrySettings
from vpp.hub.tracking_settings import TrackingSettings
from vpp.portfolio.party import PartyKind
from vpp.solver.report import SolverName

_FORMER = {
    "tls_certificate_file": "certificate_file of [server.tls]",
    "tls_key_file": "key_file of [server.tls]",
    "tls_client_ca_file": "authority_file of [server.tls], with the authority's list in revocation_file",
    "allow_plaintext": "plaintext, for loopback alone; beyond it [server.tls] names certificates",
}
"""What settings of [server] were called before every caller had a certificate."""


class TlsSettings(Group):
    """Files of mutual TLS, as `vpp certs` writes them; read again when they change.

    Attributes:
        certificate_file: PEM chain of the hub.
        key_file: PEM key of the hub.
        authority_file: PEM of the authority that every caller's certificate must come from.
        revocation_file: The authority's list of certificates that count no more.
        trust_domain: Whose names the certificates carry: spiffe://{trust_domain}/...
    """

    certificate_file: Path = Path("tls/hub.pem")
    key_file: Path = Path("tls/hub.key")
    authority_file: Path = Path("tls/ca.pem")
    revocation_file: Path = Path("tls/ca.crl")
    trust_domain: str = Field(default="vpp.example", pattern="^[a-z0-9][a-z0-9.-]{0,252}$")


class ServerSettings(Group):
    """Where the hub listens, and what connections may cost.

    Attributes:
        listen_address: Address of a network interface.
        port: TCP port; 0 lets the system choose.
        port_file: Where the bound port is written, for those who let the system choose.
        tls: Files of mutual TLS.
        plaintext: Do without TLS, on loopback alone: for trying things out, and for tests.
        reflection: Whether anybody may read the schema from the server.
        keepalive_interval: How often an idle peer is asked whether it is there.
        keepalive_deadline: How long it has to answer.
        min_ping_interval: Peers that ping more often are cut.
        handshake_deadline: A connection that has not shaken hands by then is cut.
        max_message_bytes: Largest message taken.
        max_metadata_bytes: Largest metadata taken.
        max_concurrent_streams: Most calls of one connection at a time.
        max_idle: A connection without calls is closed after this; whoever needs it again connects again.
        max_connections: Most connections of all callers; twice work.max_sessions and 200 if absent.
        stop_grace: How long calls may take to end when the hub stops.
    """

    listen_address: str = "127.0.0.1"
    port: int = Field(default=50051, ge=0, le=65535)
    port_file: Path | None = None
    tls: TlsSettings = TlsSettings()
    plaintext: bool = False
    reflection: bool = True
    keepalive_interval: Wait = timedelta(seconds=10)
    keepalive_deadline: Wait = timedelta(seconds=5)
    min_ping_interval: Wait = timedelta(seconds=5)
    handshake_deadline: Wait = timedelta(seconds=3)
    max_message_bytes: int = Field(default=4 * 1024 * 1024, ge=65536, le=64 * 1024 * 1024)
    max_metadata_bytes: int = Field(default=8192, ge=1024, le=65536)
    max_concurrent_streams: int = Field(default=100, ge=1, le=100_000)
    max_idle: Wait = timedelta(minutes=5)
    max_connections: int | None = Field(default=None, ge=10, le=1_000_000)
    stop_grace: Span = timedelta(seconds=1)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.listen_address == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.listen_address).is_loopback
        except ValueError:
            return False

    @model_validator(mode="before")
    @classmethod
    def _present(cls, values: object) -> object:
        for former, present in _FORMER.items():
            if isinstance(values, dict) and former in values:
                raise ValueError(
                    f"{former} is now {present}: every caller has a certificate (`vpp certs`; see "
                    "configs/README.md)"
                )
        return values

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if self.plaintext and not self.is_loopback:
            raise ValueError(
                f"plaintext is for loopback alone, and listen_address is {self.listen_address}: "
                "make certificates with `vpp certs` and name them in [server.tls]"
            )
        return self


class DatabaseSettings(Group):
    """Where the hub keeps its state.

    Attributes:
        url: `sqlite:///file`, relative to where the hub is started, or
            `postgresql+psycopg://...`; may hold a password, and so comes best from the environment.
        url_file: File that holds the URL, in its place.
    """

    url: SecretStr = SecretStr("sqlite:///vpp.db")
    url_file: Path | None = None


class WorkSettings(Group):
    """How many work side by side.

    Attributes:
        worker_processes: Processes for solvers and models; 0 runs them in the hub itself.
        rpc_threads: Threads for workflows; the database pool is a little larger.
        max_sessions: Site agents that the hub is meant for; bounds the connections.
        event_loop: Python's own, or uvloop from the extra of that name.
    """

    worker_processes: int = Field(default=1, ge=0, le=64)
    rpc_threads: int = Field(default=8, ge=1, le=64)
    max_sessions: int = Field(default=500, ge=1, le=100_000)
    event_loop: LoopName = "asyncio"


class SeasonSettings(Group):
    """When a season begins each year.

    Attributes:
        name: Its name, lower case.
        month: Month, 1..12.
        day: Day of the month that every month has, 1..28.
    """

    name: Id
    month: int = Field(ge=1, le=12)
    day: int = Field(default=1, ge=1, le=28)


class MarketSettings(Group):
    """What the hub's owner decides once for all markets.

    Attributes:
        aggregator_party_id: Who runs the hub and keeps the fee; one of the parties.
        automatic_approval: Whether enrolments may bid at once or wait for an operator.
        enrolment_party_id: Whose market operators approve, suspend and end enrolments; else the only party
            that has some, and of several the aggregator.
        solver: Which solver clears.
        solver_time_limit: How long a clearing may look for a better answer once it has one, a whole
            number of seconds.
        solver_relative_gap: A clearing within this share of the bound counts as optimal.
        uniform_price: Which uniform price is published, unless an auction says otherwise.
        tie_rule: Who serves when several ask the same, unless an auction says otherwise.
        holidays: Civil days that count as holidays in every baseline, beside the countries' own.
        holiday_countries: Time zone of sites to the country whose public holidays they keep, as
            ISO 3166: "Europe/London" = "GB-ENG".
        seasons: When seasons begin, for which each site keeps one baseline rule; the half years from
            April and October if empty.
        forecast_hour_utc: Hour of the day at which tomorrow is forecast.
        claim_lease: How long a claimed deadline is kept from other hubs.
        telemetry_allowance: How long readings may take before baselines are frozen.
        measurement_allowance: How long readings may take before delivery is measured.
        clearing_allowance: How much of a product's notice a clearing may take; one that is later is
            refused, and its event fails.
    """

    aggregator_party_id: Id
    automatic_approval: bool = False
    enrolment_party_id: Id | None = None
    solver: SolverName = SolverName.GLPK
    solver_time_limit: Wait = timedelta(seconds=30)
    solver_relative_gap: float = Field(default=1e-3, ge=0, le=0.1)
    uniform_price: UniformPrice = UniformPrice.FIXED_BINARIES
    tie_rule: TieRule = TieRule.PRICE_TIME
    holidays: frozenset[date] = frozenset()
    holiday_countries: dict[str, str] = Field(default_factory=dict)
    seasons: tuple[SeasonSettings, ...] = ()
    forecast_hour_utc: int = Field(default=9, ge=0, le=23)
    claim_lease: Wait = timedelta(minutes=10)
    telemetry_allowance: Span = timedelta(minutes=10)
    measurement_allowance: Span = timedelta(minutes=30)
    clearing_allowance: Span = timedelta(minutes=5)


class JobSettings(Group):
    """When the hub looks for what is due, in the machine's time.

    Attributes:
        longest_wait: It looks at least this often.
        retry_wait: After a failure it looks again this much later.
    """

    longest_wait: Wait = timedelta(minutes=1)
    retry_wait: Wait = timedelta(seconds=5)


class SpeedSettings(Group):
    """One speed of an accelerated clock.

    Attributes:
        start: From when on, in the clock's own time.
        factor: Seconds of the clock per second of the machine.
    """

    start: UtcInstant
    factor: float = Field(gt=0, le=1_000_000)


class ClockSettings(Group):
    """A clock that runs faster than the machine's; for demonstrations alone.

    Attributes:
        machine_start: When the machine's clock shows this, the first speed begins.
        speeds: In order of their start; the last one goes on for ever.
    """

    machine_start: UtcInstant
    speeds: tuple[SpeedSettings, ...] = Field(min_length=1)


class PartySettings(Group):
    """A party that the hub makes sure of at start.

    Attributes:
        party_id: Last part of `parties/{party}`.
        display_name: Name on the statement.
        kind: What the party does in the market.
    """

    party_id: Id
    display_name: str = Field(min_length=1, max_length=200)
    kind: PartyKind


class HubSettings(BaseSettings):
    """Everything that the hub's owner sets.

    Attributes:
        base_directory: What relative paths are relative to: the folder of the settings file.
        product_directory: Folder of the product profiles.
        rule_directory: Folder of the baseline rules that products name.
        log_level: Least severity that is logged.
        server: Where the hub listens.
        access: How soon the hub notices that somebody is to be refused.
        database: Where it keeps its state.
        work: How many work side by side.
        session: How sessions are held.
        quotas: How much one caller may ask of the hub.
        oauth: Whose access tokens count beside a certificate.
        signing: How sites can tell that what they are told is the hub's.
        sealing: What keeps bids unreadable until their gate closes.
        telemetry: How readings are kept.
        forecasts: Which models forecast, how often, and where.
        market: What is decided once for all markets.
        dispatch: How events call sites and let them go.
        tracking: How closely events are followed in their course.
        emergency: How emergencies are cleared while everybody waits.
        scores: How much of what a site offers counts, by what it has shown.
        settlement: How periods are settled.
        jobs: When the hub looks for what is due.
        metrics: Where the hub says how it does.
        readiness: When it says that it is ready.
        tracing: Where spans are sent.
        log: How it logs.
        clock: An accelerated clock; the machine's if absent.
        parties: Parties that the hub makes sure of.
        principals: Who may call.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="VPP_HUB_", env_nested_delimiter="__", case_sensitive=False
    )

    base_directory: Path
    product_directory: Path = Path("products")
    rule_directory: Path = Path("baselines")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    server: ServerSettings = ServerSettings()
    access: AccessSettings = AccessSettings()
    database: DatabaseSettings = DatabaseSettings()
    work: WorkSettings = WorkSettings()
    session: SessionSettings = SessionSettings()
    quotas: QuotaSettings = QuotaSettings()
    oauth: OauthSettings = OauthSettings()
    signing: SigningSettings = SigningSettings()
    sealing: SealingSettings = SealingSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    market: MarketSettings
    dispatch: DispatchSettings = DispatchSettings()
    tracking: TrackingSettings = TrackingSettings()
    emergency: EmergencySettings = EmergencySettings()
    forecasts: ForecastSettings = ForecastSettings()
    scores: ScoreSettings = ScoreSettings()
    settlement: SettlementSettings = SettlementSettings()
    jobs: JobSettings = JobSettings()
    metrics: MetricsSettings = MetricsSettings()
    readiness: ReadinessSettings = ReadinessSettings()
    tracing: TracingSettings = TracingSettings()
    log: LogSettings = LogSettings()
    clock: ClockSettings | None = None
    parties: tuple[PartySettings, ...] = ()
    principals: tuple[PrincipalSettings, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        party_ids = [party.party_id for party in self.parties]
        principal_ids = [principal.principal_id for principal in self.principals]
        for kind, ids in (("party", party_ids), ("principal", principal_ids)):
            twice = sorted({one for one in ids if ids.count(one) > 1})
            if twice:
                raise ValueError(f"{kind} {', '.join(twice)} is given twice")
        if self.server.plaintext:  # then tokens are all that proves who is calling
            for one in self.principals:
                if one.token_sha256 is None and one.token_file is None:
                    raise ValueError(f"principal {one.principal_id} needs either token_sha256 or token_file")
        if self.market.aggregator_party_id not in party_ids:
            raise ValueError(
                f"market.aggregator_party_id {self.market.aggregator_party_id} is not one of the parties"
            )
        if self.market.enrolment_party_id not in {None, *party_ids}:
            raise ValueError(
                f"market.enrolment_party_id {self.market.enrolment_party_id} is not one of the parties"
            )
        check_people(self.principals)
        return self

    @property
    def max_connections(self) -> int:
        """Most connections: agents may all come back before their old connections are noticed to be dead."""
        return self.server.max_connections or 2 * self.work.max_sessions + 200

    def path(self, relative: Path) -> Path:
        """Return a path of the settings as one that can be opened from anywhere."""
        return self.base_directory / relative
