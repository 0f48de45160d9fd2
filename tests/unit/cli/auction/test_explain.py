import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from vpp.auction.book import Book
from vpp.auction.book_json import book_to_document
from vpp.auction.clearing_json import clearing_to_document
from vpp.auction.result import Clearing

Vpp = Callable[..., tuple[int, str, str]]


@pytest.fixture
def result(clearing: Clearing, tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(clearing_to_document(clearing)))
    return path


@pytest.fixture
def book_file(book: Book, tmp_path: Path) -> Path:
    path = tmp_path / "book.json"
    path.write_text(json.dumps(book_to_document(book)))
    return path


def test_a_rejected_bid_learns_why_and_what_would_have_won(vpp: Vpp, result: Path) -> None:
    code, output, errors = vpp("auction", "explain", result, "--bid", "store-c")
    assert (code, errors) == (0, "")
    for text in (
        "REJECTED_PRICE_ABOVE_CLEARING",
        "asks 150, the price is 140",
        "asked price per MWh",
        "1,250",
        "2026-03-02 13:00-14:00 UTC, number 1",
        "140.00 GBP per MWh or less",
        "price in z2",
    ):
        assert text in output
    assert "120.00 to 140.00" not in output


def test_a_result_that_does_not_record_zones_shows_all_of_them(
    vpp: Vpp, clearing: Clearing, tmp_path: Path
) -> None:
    older = replace(clearing, awards=tuple(replace(award, zone="") for award in clearing.awards))
    path = tmp_path / "older.json"
    path.write_text(json.dumps(clearing_to_document(older)))
    _, output, _ = vpp("auction", "explain", path, "--bid", "store-c")
    assert "price in zones" in output
    assert "120.00 to 140.00" in output


def test_an_accepted_bid_sees_what_it_sold(vpp: Vpp, result: Path) -> None:
    _, output, _ = vpp("auction", "explain", result, "--bid", "defer-d")
    assert "125 kWh, at most 125.0 kW" in output
    assert "17.50 GBP" in output
    assert "80.0%" in output
    assert "would have won" not in output


def test_the_book_adds_what_was_offered(vpp: Vpp, result: Path, book_file: Path) -> None:
    _, output, _ = vpp("auction", "explain", result, "--bid", "store-c", "--book", book_file)
    assert "up to 200.0 kW" in output
    assert "asked as it counts" in output
    assert "price in z2" in output


def test_json_has_the_figures(vpp: Vpp, result: Path) -> None:
    _, output, _ = vpp("auction", "explain", result, "--bid", "store-c", "--json")
    document = json.loads(output)
    assert document["figures"] == {"asked_price_per_mwh": 150.0, "offered_kw": 1250.0, "interval": 1.0}
    assert document["winning_price_per_mwh"].startswith("140")
    assert document["zone"] == "z2"
    assert list(document["zone_price_per_mwh"]) == ["z2"]
    assert document["zone_price_per_mwh"]["z2"][0].startswith("120")


def test_an_unknown_bid_names_near_ones(vpp: Vpp, result: Path) -> None:
    code, _, errors = vpp("auction", "explain", result, "--bid", "block-d")
    assert code == 3
    assert errors == "error: NOT_FOUND: bid 'block-d' is not in the result of noon; did you mean block-b?\n"
    _, _, errors = vpp("auction", "explain", result, "--bid", "zzz")
    assert "it has 7 bids, none like it" in errors


def test_a_result_that_is_none_is_refused(vpp: Vpp, book_file: Path) -> None:
    code, _, errors = vpp("auction", "explain", book_file, "--bid", "store-c")
    assert code == 3
    assert f"{book_file} is no result of a clearing: " in errors
