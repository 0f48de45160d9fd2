"""`vpp auction` as people run it: real processes, real files, one after the other."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def vpp(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vpp.cli.main", "auction", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=55,
    )


def done(folder: Path, *arguments: str) -> str:
    ended = vpp(folder, *arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds a book of every kind of bid, its result, report and drawing."""
    folder = tmp_path_factory.mktemp("auction")
    done(folder, "generate", "--bids", "40", "--intervals", "8", "--seed", "5", "--out", "book.json")
    done(
        folder,
        *("clear", "book.json", "--out", "result.json", "--report", "report.html", "--plot", "plot.png"),
    )
    return folder


def test_a_generated_book_is_cleared_drawn_and_reported(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "book.json",
        "plot.png",
        "report.html",
        "result.json",
    ]
    assert (folder / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert "data:image/png;base64," in (folder / "report.html").read_text()


def test_its_result_verifies(folder: Path) -> None:
    assert "Everything holds." in done(folder, "verify", "book.json", "result.json")


def test_a_changed_result_does_not(folder: Path, tmp_path: Path) -> None:
    document = json.loads((folder / "result.json").read_text())
    document["objectiveAmount"]["units"] = "1"
    (tmp_path / "changed.json").write_text(json.dumps(document))
    ended = vpp(folder, "verify", "book.json", str(tmp_path / "changed.json"))
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "Does not hold" in ended.stdout


def test_every_bid_has_an_explanation(folder: Path) -> None:
    book = json.loads((folder / "book.json").read_text())
    bid_id = book["bids"][0]["name"].removeprefix("bids/")
    output = done(folder, "explain", "result.json", "--bid", bid_id, "--book", "book.json")
    assert "reason" in output
    assert "By interval" in output


def test_both_solvers_cost_the_same_within_their_gaps(folder: Path) -> None:
    costs = {}
    for solver in ("glpk", "highs"):
        arguments = ("clear", "book.json", "--solver", solver, "--out", f"{solver}.json", "--json")
        summary = json.loads(done(folder, *arguments))
        (folder / f"{solver}.json").unlink()
        costs[solver] = float(summary["objective"])
        assert summary["gap_ratio"] <= 1e-3
    assert costs["glpk"] == pytest.approx(costs["highs"], rel=2e-3)


def test_a_missing_book_is_one_line(tmp_path: Path) -> None:
    ended = vpp(tmp_path, "clear", "absent.json", "--out", "result.json")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.startswith("error: NOT_FOUND: book absent.json does not exist; check the path")
    assert ended.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
