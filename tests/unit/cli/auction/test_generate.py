import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vpp.auction.book_json import book_from_document
from vpp.auction.generated_book import BookMix

Vpp = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("mix", list(BookMix))
def test_every_mix_is_written_as_a_book(vpp: Vpp, tmp_path: Path, mix: BookMix) -> None:
    out = tmp_path / "book.json"
    code, output, errors = vpp(
        "auction", "generate", "--bids", 30, "--intervals", 4, "--mix", mix.value, "--seed", 3, "--out", out
    )
    assert (code, errors) == (0, "")
    assert "30 bids" in output
    book = book_from_document(json.loads(out.read_text()))
    assert (len(book.bids), book.delivery_interval_count) == (30, 4)


def test_the_same_seed_gives_the_same_bytes(vpp: Vpp, tmp_path: Path) -> None:
    for name in ("one", "two"):
        vpp("auction", "generate", "--bids", 20, "--intervals", 2, "--seed", 7, "--out", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--bids", "0", "--intervals", "4"], 2),
        (["--bids", "5", "--intervals", "4", "--mix", "exotic"], 2),
        (["--bids", "5"], 2),
    ],
)
def test_a_slip_writes_nothing(vpp: Vpp, tmp_path: Path, options: list[str], code: int) -> None:
    ended, _, errors = vpp("auction", "generate", *options, "--out", tmp_path / "book.json")
    assert ended == code
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_named(vpp: Vpp, tmp_path: Path) -> None:
    out = tmp_path / "absent" / "book.json"
    code, _, errors = vpp("auction", "generate", "--bids", 5, "--intervals", 2, "--out", out)
    assert code == 3
    assert f"--out {out} cannot be written: there is no folder {out.parent}; make it first" in errors
