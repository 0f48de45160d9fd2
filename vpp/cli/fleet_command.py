"""`vpp fleet`: write everything that a hub, a few simulated sites and people need to be run by hand."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vpp.cli.key_files import write_key_pair
from vpp.cli.product_folder import product_folder
from vpp.cli.rule_folder import rule_folder
from vpp.cli.trial_caller import TrialCaller, site_caller, write_token
from vpp.foundation.clock import SystemClock
from vpp.foundation.errors import AlreadyExists
from vpp.foundation.hub_address import is_local
from vpp.simulator.fleet_files import FleetPlan, FleetSite, write_fleet
from vpp.simulator.toml_text import toml_text

ZONE = "north"
AUCTION_PRODUCT = "example-peak-shaving"
EMERGENCY_PRODUCT = "example-emergency"
SIGNING_KEY = "deliveries"
STAFF = (
    TrialCaller("operator", "grid", ("market_operator", "dispatcher")),
    TrialCaller("settlement-a", "aggregator", ("settlement_officer",)),
    TrialCaller("settlement-b", "aggregator", ("settlement_officer",)),
    TrialCaller("auditor", "aggregator", ("auditor",)),
    TrialCaller("administrator", "aggregator", ("administrator",)),
)
"""Who works with the hub; two settle, because what one proposes another decides."""


@dataclass(frozen=True, slots=True)
class FleetPlace:
    """Where a fleet is written, and where its hub will be.

    Attributes:
        folder: The folder.
        host: Host name or address of the hub.
        port: Its port.
        is_plaintext: Whether it does without TLS.
    """

    folder: Path
    host: str
    port: int
    is_plaintext: bool

    @property
    def address(self) -> str:
        """The hub's host and port."""
        return f"{self.host}:{self.port}"


def run_fleet(  # noqa: PLR0913  one argument per option
    *,
    out: Annotated[Path, typer.Option(help="Folder for the files; made if it is missing.")],
    sites: Annotated[int, typer.Option(min=1, max=99, help="How many sites.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of sizes, equipment and load.")] = 1,
    host: Annotated[str, typer.Option(help="Host under which all others reach the hub.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the hub.")] = 50051,
    plaintext: Annotated[
        bool, typer.Option("--plaintext", help="Do without TLS, on this machine alone: tokens in its place.")
    ] = False,
    if_missing: Annotated[bool, typer.Option(help="Do nothing if the files are there.")] = False,
) -> None:
    """Write a hub's settings, simulated sites on real cluster load, certificates; say how to start."""
    place = FleetPlace(out, host, port, plaintext)
    settings = out / "hub.toml"
    if settings.exists() and if_missing:
        return
    if settings.exists():
        raise AlreadyExists(f"{settings} exists; choose another folder or remove it", out=str(out))
    if plaintext and not is_local(place.address):
        raise typer.BadParameter(f"--plaintext is for this machine alone, and --host is {host}")
    now = SystemClock().now()
    keys = write_key_pair(out / SIGNING_KEY)
    plan = FleetPlan(
        hub_address=place.address,
        day=now.date(),
        products=[AUCTION_PRODUCT, EMERGENCY_PRODUCT],
        emergency_products=[EMERGENCY_PRODUCT],
        zone=ZONE,
        verify_key=keys.public_file.read_bytes(),
        has_tls=not plaintext,
    )
    written = write_fleet(out, plan, site_count=sites, seed=seed)
    agents = [site_caller(site.site_id, f"owner-{site.site_id}", site.config.parent) for site in written]
    server = {"port": port, **_prove(place, [*STAFF, *agents], now)}
    principals = [caller.table(_token(place, caller)) for caller in (*STAFF, *agents)]
    settings.touch(mode=0o600)
    settings.write_text(toml_text(_hub_document(place, written, principals, server)), encoding="utf-8")
    _explain(place, written, now)


def _prove(place: FleetPlace, callers: list[TrialCaller], now: datetime) -> dict[str, object]:
    """Write what everybody proves themselves by; returns what the hub's `[server]` says of it."""
    if place.is_plaintext:
        for caller in STAFF:
            write_token(_token_file(place, caller))
        return {"plaintext": True}
    from vpp.cli.certs.trial import write_trial_trust  # noqa: PLC0415  other commands start faster

    trust = write_trial_trust(place.folder, place.host, callers, now)
    everywhere = "0.0.0.0"  # noqa: S104  with mutual TLS  # nosec B104
    listen = {} if is_local(place.address) else {"listen_address": everywhere}
    return {**listen, "tls": trust.server_table}


def _token_file(place: FleetPlace, caller: TrialCaller) -> Path:
    return place.folder / f"{caller.principal_id}.token" if caller.folder is None else caller.folder / "token"


def _token(place: FleetPlace, caller: TrialCaller) -> str | None:
    return _token_file(place, caller).read_text(encoding="utf-8").strip() if place.is_plaintext else None


def _hub_document(
    place: FleetPlace, sites: list[FleetSite], principals: list[dict[str, object]], server: dict[str, object]
) -> dict[str, object]:
    parties = [("grid", "Grid operator", "operator"), ("aggregator", "Aggregator", "aggregator")]
    parties += [(f"owner-{site.site_id}", f"Owner of {site.site_id}", "site_owner") for site in sites]
    return {
        "product_directory": str(product_folder()),
        "rule_directory": str(rule_folder()),
        "server": server,
        "signing": {"key_file": f"{SIGNING_KEY}.key"},
        "database": {"url": f"sqlite:///{place.folder.resolve() / 'hub.sqlite'}"},
        "market": {"aggregator_party_id": "aggregator", "automatic_approval": True},
        "parties": [
            {"party_id": party_id, "display_name": display_name, "kind": kind}
            for party_id, display_name, kind in parties
        ],
        "principals": principals,
    }


def environment_lines(place: FleetPlace, principal_id: str) -> list[str]:
    """Return what a shell has to be told so that its commands are a principal's."""
    hub, folder = f"export VPP_HUB={place.address}", place.folder
    if place.is_plaintext:
        return [f"{hub} VPP_PLAINTEXT=1 VPP_TOKEN_FILE={folder}/{principal_id}.token"]
    return [
        f"{hub} VPP_CA_FILE={folder}/authority/ca.pem",
        f"export VPP_CERT_FILE={folder}/tls/{principal_id}.pem VPP_KEY_FILE={folder}/tls/{principal_id}.key",
    ]


def _explain(place: FleetPlace, sites: list[FleetSite], now: datetime) -> None:
    out = place.folder
    configs = " ".join(f"--config {site.config}" for site in sites)
    start = (now + timedelta(days=1)).replace(hour=17, minute=0, second=0, microsecond=0)
    gate = now.replace(second=0, microsecond=0) + timedelta(minutes=10)
    target_kw = max(10, round(sum(site.mean_load_kw for site in sites) * 0.1))
    auction = (
        f"vpp operator auction open --product {AUCTION_PRODUCT} --zone {ZONE} --start {start:%Y-%m-%dT%H:%MZ}"
        f" --end {start + timedelta(hours=1):%Y-%m-%dT%H:%MZ} --target-kw {target_kw} --cap-price 500"
        f" --gate-closure {gate:%Y-%m-%dT%H:%MZ}"
    )
    people = ", ".join(caller.principal_id for caller in STAFF)
    proof = "tokens" if place.is_plaintext else "certificates in tls/ (their authority in authority/)"
    lines = [
        f"Wrote {out}/hub.toml, {proof} for {people}, and {len(sites)} sites.",
        "Start hub and agents, each in a terminal of its own:",
        f"  vpp hub --config {out}/hub.toml",
        f"  vpp agent run {configs}",
        "and be the operator in a third:",
        *(f"  {line}" for line in environment_lines(place, "operator")),
        "  vpp operator sites list",
        f"  {auction}",
    ]
    if not place.is_plaintext:
        lines.append("Certificates hold for 7 days, the hub's for 30; one is renewed, without a restart, by")
        lines.append(f"  vpp certs rotate --authority {out}/authority {out}/tls/operator.pem")
    console = Console(highlight=False)
    for line in lines:
        console.print(line, soft_wrap=True, markup=False)
