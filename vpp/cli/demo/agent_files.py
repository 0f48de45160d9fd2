"""The demo's sites: their files, who owns them, and which program runs which."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from vpp.cli.demo.plan import AUCTION_PRODUCT, EMERGENCY_PRODUCT, ZONE, DemoPlan
from vpp.cli.demo.processes import ProgramRun
from vpp.cli.key_files import write_key_pair
from vpp.cli.trial_caller import TrialCaller, site_caller
from vpp.simulator.fleet_files import FleetPlan, FleetSite, write_fleet

SIGNING_KEY = "deliveries"
SINGLE_SITE_PROGRAMS = 6
SHARED_PROGRAMS = 3
SITES_PER_OWNER = 4
_CHEAP_SITES = 5
_MAINTENANCE_MARGIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class AgentFiles:
    """The demo's sites on disk and the programs that run them.

    Attributes:
        sites: The sites.
        programs: Agent programs: six with one site each, then three that share the rest.
        killed: The program that is killed.
        killed_site: Its site.
        refusing_site: The site that is in maintenance during the emergency.
        history_start: Where the sites' history begins, UTC.
    """

    sites: Sequence[FleetSite]
    programs: Sequence[ProgramRun]
    killed: ProgramRun
    killed_site: str
    refusing_site: str
    history_start: datetime

    @property
    def folders(self) -> dict[str, Path]:
        """Folder of each site's files, by site id."""
        return {site.site_id: site.config.parent for site in self.sites}

    @property
    def callers(self) -> list[TrialCaller]:
        """The sites' agents, as the hub knows them."""
        owners = self.owner_by_site
        return [site_caller(site_id, owners[site_id], folder) for site_id, folder in self.folders.items()]

    @property
    def owner_by_site(self) -> dict[str, str]:
        """Party that owns each site: every owner has a few."""
        return {
            site.site_id: f"owner-{chr(ord('a') + number // SITES_PER_OWNER)}"
            for number, site in enumerate(self.sites)
        }

    @property
    def journals(self) -> dict[str, Path]:
        """Journal of each site's agent, by site id."""
        return {site.site_id: site.config.parent / "journal.jsonl" for site in self.sites}


def write_agents(  # noqa: PLR0913  what the sites are told, and how many there are
    folder: Path, plan: DemoPlan, clock: Mapping[str, object], hub_address: str, *, site_count: int, seed: int
) -> AgentFiles:
    """Write the sites' files, and the key pair by which they know the hub.

    Args:
        folder: Folder of the run; it exists.
        plan: The day.
        clock: The clock's profile, as a table of the configuration.
        hub_address: host:port of the hub.
        site_count: How many sites.
        seed: Of everything that is drawn.
    """
    fleet = FleetPlan(
        hub_address=hub_address,
        day=plan.begin.date(),
        products=[AUCTION_PRODUCT, EMERGENCY_PRODUCT],
        emergency_products=[EMERGENCY_PRODUCT],
        zone=ZONE,
        clock=clock,
        verify_key=write_key_pair(folder / SIGNING_KEY).public_file.read_bytes(),
        is_varied=True,
        has_tls=True,
    )
    sites = write_fleet(folder / "sites", fleet, site_count=site_count, seed=seed)
    singles, shared = sites[:SINGLE_SITE_PROGRAMS], sites[SINGLE_SITE_PROGRAMS:]
    groups = [[site] for site in singles] + [shared[n::SHARED_PROGRAMS] for n in range(SHARED_PROGRAMS)]
    programs = [_program(folder, group) for group in groups if group]
    # The cheapest are the ones that will be called, so that there is something to kill and to refuse.
    # The refusing one is small, because what it owes and does not deliver counts against the band.
    killed_site = _by_cost(singles)[0]
    cheap = _by_cost(shared)[: max(1, min(_CHEAP_SITES, len(shared) // 2))]
    refusing_site = min(cheap, key=lambda site: (site.mean_load_kw, site.site_id))
    begin, end = plan.emergency.start - _MAINTENANCE_MARGIN, plan.emergency.end + _MAINTENANCE_MARGIN
    _add_maintenance(refusing_site.config, begin, end)
    killed = programs[singles.index(killed_site)]
    midnight = plan.begin.replace(hour=0, minute=0)
    return AgentFiles(
        sites,
        programs,
        killed,
        killed_site.site_id,
        refusing_site.site_id,
        midnight - timedelta(days=fleet.history_days),
    )


def _program(folder: Path, sites: Sequence[FleetSite]) -> ProgramRun:
    """Describe the program that runs some sites."""
    label = sites[0].site_id if len(sites) == 1 else f"{sites[0].site_id} and {len(sites) - 1} more"
    arguments = ["agent", "run", *(part for site in sites for part in ("--config", str(site.config)))]
    return ProgramRun(f"agent of {label}", arguments, folder / f"agent_{sites[0].site_id}.log")


def _by_cost(sites: Sequence[FleetSite]) -> list[FleetSite]:
    """Sort sites by what a call of their battery costs: its wear, and the energy it loses."""

    def cost(site: FleetSite) -> tuple[float, str]:
        table = tomllib.loads(site.config.read_text(encoding="utf-8"))
        battery, bidding = table["resources"]["battery"]["bess"], table["bidding"]
        losses_ratio = 1.0 / battery["round_trip_ratio"] - 1.0
        per_kwh = float(battery["wear_cost_per_kwh"]) + float(bidding["tariff_per_kwh"]) * losses_ratio
        return per_kwh * (1.0 + float(bidding["price_margin_ratio"])), site.site_id

    return sorted(sites, key=cost)


def _add_maintenance(config: Path, start: datetime, end: datetime) -> None:
    """Announce planned work to a site's agent."""
    with config.open("a", encoding="utf-8") as file:
        file.write(f"\n[[maintenance]]\nstart = {start.isoformat()}\nend = {end.isoformat()}\n")
