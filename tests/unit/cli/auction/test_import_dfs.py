import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vpp.auction.book_json import book_from_document

Vpp = Callable[..., tuple[int, str, str]]

HEADER = "start_utc,end_utc,event_type,despatch,unit_id,volume_mw,price_gbp_per_mwh,status"
DAY = "2024-03-14"


def row(hours: str, offer: str) -> str:
    start, end = hours.split("-")
    return f"{DAY} {start}:00+00:00,{DAY} {end}:00+00:00,Test,within-day,{offer}"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "bids.csv"
    rows = [
        HEADER,
        row("18:00-18:30", "Axle-01,10.0,495.0,Accepted"),
        row("18:00-18:30", "DRAX-02,4.0,545.0,Rejected"),
        row("18:30-19:00", "Axle-01,8.0,500.0,Accepted"),
    ]
    path.write_text("\n".join(rows))
    return path


def test_each_half_hour_becomes_a_book(vpp: Vpp, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "books"
    code, output, errors = vpp("auction", "import-dfs", source, "--out", out)
    assert (code, errors) == (0, "")
    names = sorted(path.name for path in out.iterdir())
    assert names == ["gb-dfs-2024-03-14-1800.json", "gb-dfs-2024-03-14-1830.json"]
    book = book_from_document(json.loads((out / names[0]).read_text()))
    assert book.target_kw == (10_000.0,)
    assert sorted(bid.bid_id for bid in book.bids) == ["axle-01", "drax-02"]
    assert "2,475.00" in output  # 10 MW for half an hour at 495


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("a,b\n1,2\n", "start_utc in line 1 is missing"),
        (HEADER, "has no bids below its header"),
        ("", "start_utc in line 1 is missing"),
        (f"{HEADER}\n{row('18:00-18:30', 'x,much,1,Accepted')}", "volume_mw in line 2 is 'much'"),
    ],
    ids=["other", "empty", "nothing", "number"],
)
def test_a_file_of_something_else_is_refused(vpp: Vpp, tmp_path: Path, content: str, complaint: str) -> None:
    source = tmp_path / "bids.csv"
    source.write_text(content)
    code, _, errors = vpp("auction", "import-dfs", source, "--out", tmp_path / "books")
    assert code == 3
    assert complaint in errors
    assert str(source) in errors
    assert not (tmp_path / "books").exists()


def test_a_missing_file_is_named(vpp: Vpp, tmp_path: Path) -> None:
    code, _, errors = vpp("auction", "import-dfs", tmp_path / "absent.csv", "--out", tmp_path / "books")
    assert code == 3
    assert "absent.csv does not exist; check the path" in errors


def test_a_folder_that_is_a_file_is_refused(vpp: Vpp, source: Path) -> None:
    code, _, errors = vpp("auction", "import-dfs", source, "--out", source)
    assert code == 3
    assert "cannot be a folder: File exists; choose another" in errors
