"""The demo hub's settings file, its products, and everybody's certificates."""

import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vpp.cli.certs.trial import TrialTrust, write_trial_trust
from vpp.cli.demo.agent_files import SIGNING_KEY, AgentFiles
from vpp.cli.demo.callers import AGGREGATOR_PARTY, OPERATOR_PARTY, STAFF
from vpp.cli.demo.plan import DemoPlan
from vpp.cli.rule_folder import rule_folder
from vpp.foundation.clock import SystemClock
from vpp.foundation.errors import InvalidInput
from vpp.simulator.toml_text import toml_text

_HOST = "127.0.0.1"
PRODUCT_FILES = ("example_peak_shaving.toml", "example_emergency.toml")


@dataclass(frozen=True, slots=True)
class HubFiles:
    """What the demo needs to start its hub and to call it.

    Attributes:
        settings: The hub's settings file.
        port_file: Where the hub writes its port.
        trust: The authority, and the certificates that it gave out.
    """

    settings: Path
    port_file: Path
    trust: TrialTrust


def write_hub_files(
    folder: Path, clock: Mapping[str, object], port: int, agents: AgentFiles, *, forecast_hour_utc: int
) -> HubFiles:
    """Write the hub's settings and copy its products and baseline rules beside them.

    Args:
        folder: Folder of the run; it exists.
        clock: The clock's profile, as a table of the settings.
        port: Where the hub listens.
        agents: The sites, with their owners.
        forecast_hour_utc: When the next day is forecast.
    """
    products = folder / "products"
    products.mkdir()
    for name in PRODUCT_FILES:
        shutil.copy(_product_folder() / name, products / name)
    shutil.copytree(rule_folder(), folder / "baselines")
    callers = [*STAFF, *agents.callers]
    trust = write_trial_trust(folder, _HOST, callers, SystemClock().now())
    owners = agents.owner_by_site
    document = {
        "product_directory": "products",
        "rule_directory": "baselines",
        "server": {"port": port, "port_file": "hub.port", "tls": trust.server_table},
        "signing": {"key_file": f"{SIGNING_KEY}.key"},
        "metrics": {"port": 0},  # the log says which
        "database": {"url": f"sqlite:///{folder.resolve() / 'hub.sqlite'}"},
        "work": {"worker_processes": 2},
        # The heartbeat is in the clock's own time, which runs a thousand times the machine's.
        "session": {"heartbeat_interval": "PT2H"},
        # At that pace the way from a look to a site's devices takes minutes of the clock's own time.
        "tracking": {"interval": "PT15M", "lead": "PT10M"},
        "market": {
            "aggregator_party_id": AGGREGATOR_PARTY,
            "automatic_approval": True,
            "forecast_hour_utc": forecast_hour_utc,
            "claim_lease": "PT6H",
            "clearing_allowance": "PT15M",
        },
        "clock": clock,
        "parties": [
            _party(OPERATOR_PARTY, "North grid operator", "operator"),
            _party(AGGREGATOR_PARTY, "Example aggregator", "aggregator"),
            *(_party(owner, f"Compute {owner}", "site_owner") for owner in sorted(set(owners.values()))),
        ],
        "principals": [caller.table() for caller in callers],
    }
    settings = folder / "hub.toml"
    settings.touch(mode=0o600)
    settings.write_text(toml_text(document), encoding="utf-8")
    return HubFiles(settings, folder / "hub.port", trust)


def clock_table(plan: DemoPlan, machine_start: datetime) -> dict[str, object]:
    """Write the clock's profile as the hub and every agent read it.

    Args:
        plan: The day.
        machine_start: When the profile begins, in the machine's time, UTC.
    """
    return {
        "machine_start": machine_start,
        "speeds": [{"start": speed.start, "factor": float(speed.factor)} for speed in plan.speeds],
    }


def free_port() -> int:
    """Find a port that is free now; sites must be told it before the hub listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _party(party_id: str, display_name: str, kind: str) -> dict[str, object]:
    return {"party_id": party_id, "display_name": display_name, "kind": kind}


def _product_folder() -> Path:
    folder = Path(__file__).resolve().parents[3] / "configs" / "products"
    if not folder.is_dir():
        raise InvalidInput(
            f"{folder} is missing; play the demo from a clone of the project", folder=str(folder)
        )
    return folder
