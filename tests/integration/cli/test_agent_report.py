"""`vpp agent report` on a played site: beside the running agent, after it, and without it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.agent_site import DAY, MORNING, STEP, Site, connected, daily_trace, instruction, start_site
from typer.testing import CliRunner

from vpp.agent.equipment_meter_file import EPOCH, RECORD
from vpp.agent.local_desk import LocalDesk
from vpp.agent.local_order import LocalOrder, OrderKind
from vpp.agent.order_folder import OrderFolder
from vpp.agent.process_lock import ProcessLock
from vpp.agent.settings import load_settings
from vpp.agent.site_status import status_path, write_status
from vpp.cli.agent.meter_files import kept_history
from vpp.cli.main import app
from vpp.simulator.fleet_files import FleetPlan, write_fleet

TENANT = "acme"
TESTS = (("bess", 20), ("cooling", 20), ("bess", 20), ("batch", 20))
PICTURES = ("ladder.png", "promised_delivered.png", "headroom_by_hour.png", "load_duration.png")


@dataclass(frozen=True)
class Played:
    """A site whose agent has ended.

    Attributes:
        config: Its configuration.
        site: What it was.
    """

    config: Path
    site: Site

    def report(self, *arguments: str) -> str:
        """Run the command and return what it prints."""
        result = CliRunner(env={"COLUMNS": "200"}).invoke(
            app, ["agent", "report", "--config", str(self.config), *arguments]
        )
        assert result.exit_code == 0, result.output
        return result.output


def written_site(folder: Path) -> Path:
    """Write a site with a cluster of jobs whose groups carry a tenant's name."""
    plan = FleetPlan("127.0.0.1:1", DAY, ["example-peak-shaving"], is_varied=True)
    (site,) = write_fleet(folder, plan, site_count=1, seed=5, traces=[daily_trace()])
    text = site.config.read_text()
    assert "tuning" in text
    for group in ("tuning", "pretraining", "serving"):
        text = text.replace(group, f"{TENANT}-{group}")
    site.config.write_text(text)
    return site.config


def tried(site: Site, resource_id: str, minutes: int) -> None:
    """Try a resource with nearly all that it has, and wait until the result is known."""
    unit = site.agent.units[resource_id]
    kw = 0.98 * unit.available_kw(unit.observed, timedelta(minutes=minutes))
    order = LocalOrder(
        f"t{site.now:%d%H%M}",
        OrderKind.TEST,
        resource_id,
        site.now,
        made_by="kim",
        kw=kw,
        duration=timedelta(minutes=minutes),
    )
    folder = OrderFolder(site.settings.journal_path)
    folder.leave(order)
    LocalDesk(site.agent, folder).attend(site.now)
    site.agent.control(site.now)
    site.run_until(site.now + timedelta(minutes=minutes + 40))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    config = written_site(tmp_path_factory.mktemp("site"))
    with connected(start_site(load_settings(config))) as site:
        site.run_until(MORNING + 4 * STEP)
        for resource_id, minutes in TESTS:
            tried(site, resource_id, minutes)
        start = (site.now + timedelta(hours=1)).replace(minute=0)
        baseline_kw = site.natural_kw(start, 4)
        site.deliver(instruction=instruction([300.0] * 4, start=start, baseline_kw=baseline_kw))
        site.run_until(start + timedelta(hours=2))
        write_status(site.agent, status_path(site.settings.journal_path), site.now)
        yield Played(config, site)


def test_all_of_it_is_written_and_names_no_tenant(played: Played, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in played.config.parent.iterdir() if path.is_file()}
    out = tmp_path / "new" / "report"
    said = played.report("--out", str(out))
    names = {path.name for path in out.iterdir()}
    assert names == {
        "report.md",
        "report.json",
        "ladder.csv",
        "responses.csv",
        "headroom_by_hour.csv",
        "load_duration.csv",
        *PICTURES,
    }
    assert all(str(out / name) in said.replace("\n", "") for name in names)
    for name in PICTURES:
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    for path in out.iterdir():
        assert TENANT.encode() not in path.read_bytes(), path.name
    text = (out / "report.md").read_text()
    assert "grade A" in text or "grade B" in text
    for part in ("Seen, measured, steered", "Flex MOSAIC", "Room under the connection", "not tried yet"):
        assert part in text
    after = {path: path.read_bytes() for path in played.config.parent.iterdir() if path.is_file()}
    assert after == before  # nothing at the site was touched


def test_the_figures_agree_with_the_site(played: Played) -> None:
    found = json.loads(played.report("--json"))
    site = played.site
    assert (found["site"], found["agent_runs"]) == (site.settings.site_name, False)
    assert found["until"] == site.now.isoformat()
    (event,) = found["events"]
    assert event["promised_kw"] == 300.0
    assert event["reached_ratio"] > 0.9
    by_id = {each["resource_id"]: each for each in found["resources"]}
    assert by_id["batch"]["kind"] == "job_groups"
    assert by_id["bess"]["test_count"] == 2
    assert by_id["bess"]["controllability"]["ratio"] > 0.9
    assert by_id["ups"]["controllability"]["ratio"] is None
    assert found["scores"]["controllability"]["observation_count"] >= 5
    assert found["headroom"]["load_factor_ratio"] == pytest.approx(
        np.mean(site.plant.meter(site.plant.meter_begins_at, site.now)) / site.settings.site.import_limit_kw
    )
    down = found["mosaic"]["load_down"]
    assert 0.0 < down["magnitude_kw"] < found["headroom"]["nameplate_kw"]
    assert down["magnitude_kw"] <= found["headroom"]["biddable_kw"]
    assert found["release"]["warnings"]


def test_the_terminal_shows_every_table(played: Played) -> None:
    said = played.report()
    for part in ("Simulated compute centre", "The four numbers", "Promised and delivered", "Events", "ups"):
        assert part in said
    assert TENANT not in said


def test_it_works_while_the_agent_runs(played: Played) -> None:
    quiet = json.loads(played.report("--json"))
    with ProcessLock(played.site.settings.journal_path):
        beside = json.loads(played.report("--json"))
    assert beside["agent_runs"] is True
    quiet["agent_runs"] = True
    quiet["made_at"] = beside["made_at"]
    assert beside == quiet


def test_a_span_can_be_chosen(played: Played) -> None:
    since = (MORNING - timedelta(hours=10)).isoformat()
    until = (MORNING + timedelta(hours=2)).isoformat()
    found = json.loads(played.report("--json", "--since", since, "--until", until))
    assert (found["since"], found["until"], found["events"]) == (since, until, [])
    assert sum(each["reading_count"] for each in found["headroom"]["by_hour"]) == 144
    responses = {each["resource_id"]: each["response_count"] for each in found["resources"]}
    assert (responses["bess"], responses["batch"]) == (1, 0)


def test_a_site_that_never_ran_gets_a_report_too(tmp_path: Path) -> None:
    config = written_site(tmp_path)
    fresh = Played(config, None)  # type: ignore[arg-type]  there is none
    said = " ".join(fresh.report().split())
    assert "no grade yet" in said
    assert "the agent has not run yet" in said
    assert not (config.parent / "journal.jsonl").exists()


def test_the_history_of_real_equipment_is_read_from_its_meter_file(tmp_path: Path) -> None:
    settings = load_settings(written_site(tmp_path))
    table = {"kind": "equipment", "state_folder": "state"}
    settings = settings.model_copy(update={"driver": table})
    assert kept_history(settings, MORNING).net_kw == ()
    first = (MORNING - EPOCH) // STEP - 4
    wrong_clock = 7
    records = [(wrong_clock, 5.0), (first, 1.0), (first + 2, 3.0), (first, 10.0), (first + 9, 99.0)]
    state = settings.folder / "state"
    state.mkdir()
    (state / "meter.bin").write_bytes(np.array(records, RECORD).tobytes() + b"torn")
    found = kept_history(settings, MORNING)
    assert found.start == MORNING - 4 * STEP
    assert [None if np.isnan(kw) else kw for kw in found.net_kw] == [10.0, None, 3.0]  # the future is none
