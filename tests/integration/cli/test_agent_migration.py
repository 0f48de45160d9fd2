"""`vpp agent migration`: both legs of case K1, from a site's configuration to the bids."""

import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from google.protobuf import json_format
from support.agent_site import DAY, daily_trace

from vpp.agent.settings import load_settings
from vpp.cli.main import main
from vpp.simulator.fleet_files import FleetPlan, write_fleet
from vpp.v1 import auction_pb2

MIGRATION = """
[migration]
accelerator = "cpu"
it_kw = "100 kW"
notice = "PT10M"

[migration.donor]
site_id = "{site_id}"
resource_id = "bess"
zone = "{zone}"
product = "peak"
baseline = "high-4-of-5"
pue = 1.3
overhead_slope_ratio = 0.0
work_per_kwh = 1.0
power_price_per_kwh = "0.70"
payment_per_kwh = "1.00"
kg_per_kwh = "0.80"

[[migration.receivers]]
accelerator = "cpu"
residence = "CN"
free_it_kw = "0.5 MW"
room_kw = "200 kW"
latency_ms = 25
bandwidth_mbit_per_s = 10000

[migration.receivers.end]
site_id = "zhangbei"
resource_id = "search"
zone = "{there}"
product = "valley"
baseline = "high-4-of-5"
pue = 1.3
overhead_slope_ratio = 0.0
work_per_kwh = 1.0
power_price_per_kwh = "0.35"
payment_per_kwh = "0.10"
kg_per_kwh = "0"
"""


def site(folder: Path, **names: str) -> Path:
    """Write a site's configuration with a `[migration]` whose donor it is."""
    plan = FleetPlan("127.0.0.1:1", DAY, ["example-peak-shaving"])
    (written,) = write_fleet(folder, plan, site_count=1, seed=5, traces=[daily_trace()])
    own = load_settings(written.config).site
    known = {"site_id": own.site_id, "zone": own.zone, "there": "zhangbei-zone"}
    text = written.config.read_text(encoding="utf-8")
    written.config.write_text(f"{text}\n{MIGRATION.format(**{**known, **names})}", encoding="utf-8")
    return written.config


def vpp(*arguments: str) -> tuple[int, str]:
    out, code = StringIO(), 0
    with redirect_stdout(out), redirect_stderr(out):
        try:
            main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
    return code, out.getvalue()


def test_k1_is_planned_from_a_configuration(tmp_path: Path) -> None:
    config = site(tmp_path)
    code, text = vpp("agent", "migration", "--config", str(config), "--minutes", "90", "--json")
    assert code == 0
    (shift,) = json.loads(text)["shifts"]
    assert (shift["donor"]["energy_kwh"], shift["receiver"]["energy_kwh"]) == (150.0, 150.0)
    assert (float(shift["avoided_kg"]), float(shift["net_kg_per_kwh"])) == (120.0, 0.8)
    assert float(shift["cost"]) == pytest.approx(-52.5)  # 150 kWh, each 0.35 cheaper there
    assert float(shift["net_benefit"]) == pytest.approx(217.5)
    code, text = vpp("agent", "migration", "--config", str(config), "--minutes", "90")
    assert code == 0
    assert "zhangbei" in text
    assert "120.0 kg" in text


def test_both_legs_or_one_linked_bid_are_written_for_the_wire(tmp_path: Path) -> None:
    config = site(tmp_path)
    arguments = ["agent", "migration", "--config", str(config), "--minutes", "90", "--auction", "auctions/a"]
    linked = json.loads(vpp(*arguments)[1])["bids"]
    bid = json_format.ParseDict(linked[0], auction_pb2.Bid())
    assert (len(linked), bid.migration_leg.receiving_ratio, len(bid.step_offer.intervals)) == (1, 1.0, 6)
    down, up = json.loads(vpp(*arguments, "--receiver-auction", "auctions/b")[1])["bids"]
    assert (down["auction"], up["auction"]) == ("auctions/a", "auctions/b")
    assert up["direction"] == "DIRECTION_LOAD_UP"


def test_a_table_that_does_not_fit_the_site_is_refused(tmp_path: Path) -> None:
    config = site(tmp_path, site_id="elsewhere")
    code, text = vpp("agent", "check", "--config", str(config))
    assert code == 1
    assert "migration.donor.site_id is elsewhere, expected this site's" in text
    assert "migration.donor.zone" not in text


def test_a_receiver_in_the_sites_own_zone_is_refused(tmp_path: Path) -> None:
    config = site(tmp_path, zone="south", there="south")
    code, text = vpp("agent", "check", "--config", str(config))
    assert code == 1
    assert "migration: zhangbei lies in the donor's zone south" in text
    assert "migration.donor.zone is south, expected this site's" in text


def test_a_site_without_the_table_says_so(tmp_path: Path) -> None:
    config = site(tmp_path)
    text = config.read_text(encoding="utf-8")
    config.write_text(text[: text.index("[migration]")], encoding="utf-8")
    code, text = vpp("agent", "migration", "--config", str(config))
    assert code == 3
    assert "migration is missing" in text
