"""`vpp fleet`: write everything that a hub, a few simulated sites and an operator need to be run by hand."""

import hashlib
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vpp.cli.key_files import write_key_pair
from vpp.cli.product_folder import product_folder
from vpp.cli.rule_folder import rule_folder
from vpp.foundation.clock import SystemClock
from vpp.foundation.errors import AlreadyExists
from vpp.simulator.fleet_files import FleetPlan, FleetSite, write_fleet
from vpp.simulator.toml_text import toml_text

ZONE = "north"
AUCTION_PRODUCT = "example-peak-shaving"
EMERGENCY_PRODUCT = "example-emergency"
SIGNING_KEY = "deliveries"
_TOKEN_BYTES = 32


def run_fleet(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the files; made if it is missing.")],
    sites: Annotated[int, typer.Option(min=1, max=99, help="How many sites.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of sizes, equipment and load.")] = 1,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the hub.")] = 50051,
    if_missing: Annotated[bool, typer.Option(help="Do nothing if the files are there.")] = False,
) -> None:
    """Write a hub's settings, simulated sites on real cluster load, keys, tokens; say how to start."""
    settings = out / "hub.toml"
    if settings.exists() and if_missing:
        return
    if settings.exists():
        raise AlreadyExists(f"{settings} exists; choose another folder or remove it", out=str(out))
    now = SystemClock().now()
    keys = write_key_pair(out / SIGNING_KEY)
    plan = FleetPlan(
        hub_address=f"127.0.0.1:{port}",
        day=now.date(),
        products=[AUCTION_PRODUCT, EMERGENCY_PRODUCT],
        emergency_products=[EMERGENCY_PRODUCT],
        zone=ZONE,
        verify_key=keys.public_file.read_bytes(),
    )
    written = write_fleet(out, plan, site_count=sites, seed=seed)
    principals = [
        _principal(
            "operator",
            "grid",
            ["market_operator", "dispatcher", "auditor"],
            _write_token(out / "operator.token"),
        ),
        _principal(
            "settlement", "aggregator", ["settlement_officer"], _write_token(out / "settlement.token")
        ),
    ]
    settings.touch(mode=0o600)
    settings.write_text(toml_text(_hub_document(out, written, principals, port)), encoding="utf-8")
    _explain(out, written, now, f"127.0.0.1:{port}")


def _write_token(path: Path) -> str:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    path.touch(mode=0o600)
    path.write_text(f"{token}\n", encoding="utf-8")
    return token


def _principal(name: str, party: str, roles: list[str], token: str, **more: str) -> dict[str, object]:
    digest = hashlib.sha256(token.encode()).hexdigest()
    return {"principal_id": name, "party_id": party, "roles": roles, "token_sha256": digest, **more}


def _hub_document(
    out: Path, sites: list[FleetSite], principals: list[dict[str, object]], port: int
) -> dict[str, object]:
    agents = [
        _principal(
            f"agent-{site.site_id}",
            f"owner-{site.site_id}",
            ["site_agent"],
            site.token_file.read_text(encoding="utf-8").strip(),
            site_id=site.site_id,
        )
        for site in sites
    ]
    parties = [("grid", "Grid operator", "operator"), ("aggregator", "Aggregator", "aggregator")]
    parties += [(f"owner-{site.site_id}", f"Owner of {site.site_id}", "site_owner") for site in sites]
    return {
        "product_directory": str(product_folder()),
        "rule_directory": str(rule_folder()),
        "server": {"port": port, "plaintext": True},
        "signing": {"key_file": f"{SIGNING_KEY}.key"},
        "database": {"url": f"sqlite:///{out.resolve() / 'hub.sqlite'}"},
        "market": {"aggregator_party_id": "aggregator", "automatic_approval": True},
        "parties": [
            {"party_id": party_id, "display_name": display_name, "kind": kind}
            for party_id, display_name, kind in parties
        ],
        "principals": [*principals, *agents],
    }


def _explain(out: Path, sites: list[FleetSite], now: datetime, address: str) -> None:
    configs = " ".join(f"--config {site.config}" for site in sites)
    start = (now + timedelta(days=1)).replace(hour=17, minute=0, second=0, microsecond=0)
    gate = now.replace(second=0, microsecond=0) + timedelta(minutes=10)
    target_kw = max(10, round(sum(site.mean_load_kw for site in sites) * 0.1))
    auction = (
        f"vpp operator auction open --product {AUCTION_PRODUCT} --zone {ZONE} --start {start:%Y-%m-%dT%H:%MZ}"
        f" --end {start + timedelta(hours=1):%Y-%m-%dT%H:%MZ} --target-kw {target_kw} --cap-price 500"
        f" --gate-closure {gate:%Y-%m-%dT%H:%MZ}"
    )
    console = Console(highlight=False)
    console.print(
        f"Wrote {out}/hub.toml, operator.token and settlement.token beside it, and {len(sites)} sites.",
        soft_wrap=True,
    )
    console.print("Start hub and agents, each in a terminal of its own:")
    console.print(f"  vpp hub --config {out}/hub.toml", soft_wrap=True)
    console.print(f"  vpp agent run {configs}", soft_wrap=True)
    console.print("and be the operator in a third:")
    console.print(f"  export VPP_HUB={address} VPP_TOKEN_FILE={out}/operator.token", soft_wrap=True)
    console.print("  vpp operator sites list")
    console.print(f"  {auction}", soft_wrap=True)
