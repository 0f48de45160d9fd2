"""`vpp baseline` as people run it: the worked example of its README, real processes, real files."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from vpp.cli.main import main

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "vpp" / "baseline" / "README.md").read_text(encoding="utf-8")
FLEET = Path(os.environ.get("VPP_SHARED_DATA", ROOT.parent / "shared" / "data")) / "fleet"
PNG = b"\x89PNG"


def vpp(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vpp.cli.main", *arguments],
        cwd=folder,
        env=os.environ | {"COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=55,
    )


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold the files that the README's own code makes."""
    folder = tmp_path_factory.mktemp("example")
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (made.returncode, made.stderr) == (0, "")
    return folder


def commands() -> list[str]:
    blocks = re.findall(r"```\n(vpp .*?)```", README, re.DOTALL)
    return [line for block in blocks for line in block.strip().splitlines()]


@pytest.mark.parametrize("command", commands(), ids=lambda command: " ".join(command.split()[1:5]))
def test_every_command_of_the_worked_example_runs(example: Path, command: str) -> None:
    ended = vpp(example, *shlex.split(command)[1:])
    assert (ended.returncode, ended.stderr) == (0, "")
    if " compute " in command:
        [shown] = re.findall(r"```text\n(Baseline of plant.*?)```", README, re.DOTALL)
        printed = [line.rstrip() for line in ended.stdout.splitlines() if not line.startswith("Wrote")]
        assert printed == shown.rstrip().splitlines()
        assert (example / "event.png").read_bytes().startswith(PNG)
    else:
        out = example / command.split("--out ")[1].strip()
        pictures = [path for path in out.iterdir() if path.suffix == ".png"]
        assert len(pictures) == 3
        assert all(path.read_bytes().startswith(PNG) for path in pictures)
        assert json.loads((out / "summary.json").read_text())["series_count"] == 1


def test_a_fleet_of_compute_centres_has_baselines(tmp_path: Path) -> None:
    if not (FLEET / "sites.csv").exists():
        pytest.skip(f"no fleet data in {FLEET}; VPP_SHARED_DATA names the folder that holds it")
    sites = pd.read_csv(FLEET / "sites.csv").groupby("timezone").head(2)
    load = pd.read_parquet(
        FLEET / "fleet_load_15min.parquet",
        columns=["site_id", "start_utc", "facility_mw"],
        filters=[("site_id", "in", list(sites["site_id"]))],
    )
    pd.DataFrame(
        {"site": load.site_id, "start_time": load.start_utc, "net_power_kw": 1000.0 * load.facility_mw}
    ).to_parquet(tmp_path / "meters.parquet", index=False)
    pd.DataFrame({"site": sites.site_id, "time_zone": sites.timezone}).to_csv(
        tmp_path / "sites.csv", index=False
    )
    with pytest.raises(SystemExit) as ended:
        main(
            [
                *(
                    "baseline",
                    "compute",
                    "--method",
                    "ten-of-ten",
                    "--meter",
                    str(tmp_path / "meters.parquet"),
                ),
                *("--sites", str(tmp_path / "sites.csv"), "--event", "2023-01-19T17:00Z/2023-01-19T18:30Z"),
                *("--out", str(tmp_path / "out.csv"), "--plot", str(tmp_path / "out.png"), "--json"),
            ]
        )
    assert not ended.value.code
    rows = pd.read_csv(tmp_path / "out.csv")
    assert rows.groupby("site").size().tolist() == [6] * len(sites)
    # Nobody was called, so that what is left is the rule's error: far from perfect, far from nonsense.
    error = rows["reduction_kw"].sum() / rows["baseline_kw"].sum()
    assert abs(error) < 0.25
