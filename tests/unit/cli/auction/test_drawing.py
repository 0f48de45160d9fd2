from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest

from vpp.auction.book import Book
from vpp.auction.result import Clearing
from vpp.cli.auction.drawing import counted_by_kind, draw
from vpp.cli.charts.auction_kinds import ResourceKind


def test_awards_are_added_up_as_they_count(book: Book, clearing: Clearing) -> None:
    served, against = counted_by_kind(book, clearing)
    assert {kind: power.tolist() for kind, power in served.items()} == {
        ResourceKind.STEPS: [600.0, 200.0, 0.0],
        ResourceKind.BLOCK: [300.0, 300.0, 0.0],
        ResourceKind.DEFERRABLE: [100.0, 0.0, 0.0],
    }
    assert {kind: power.tolist() for kind, power in against.items()} == {
        ResourceKind.BLOCK: [0.0, 0.0, 100.0],
        ResourceKind.DEFERRABLE: [0.0, 125.0, 0.0],
    }
    net = sum(served.values(), np.zeros(3)) - sum(against.values(), np.zeros(3))
    assert (net[:2] + clearing.shortfall_kw - clearing.margin_kw).tolist() == list(book.target_kw)


def test_load_that_moves_and_load_that_rises_count_against(book: Book, clearing: Clearing) -> None:
    awards = tuple(
        replace(award, reduction_kw=(80.0, 0.0)) if award.bid_id in {"move-f", "up-g"} else award
        for award in clearing.awards
    )
    served, against = counted_by_kind(book, replace(clearing, awards=awards))
    assert served[ResourceKind.MIGRATION].tolist() == [80.0, 0.0, 0.0]
    assert against[ResourceKind.MIGRATION] == pytest.approx([88.0, 0.0, 0.0])
    assert against[ResourceKind.OPPOSITE].tolist() == [80.0, 0.0, 0.0]


def test_a_sheet_is_a_png_that_repeats(book: Book, clearing: Clearing) -> None:
    before = dict(mpl.rcParams)
    sheet = draw(book, clearing)
    assert sheet.startswith(b"\x89PNG")
    assert draw(book, clearing) == sheet
    assert dict(mpl.rcParams) == before


def test_the_shortfall_changes_the_sheet(book: Book, clearing: Clearing) -> None:
    served_in_full = replace(clearing, shortfall_kw=(0.0, 0.0))
    assert draw(book, served_in_full) != draw(book, clearing)


def test_a_book_without_bids_can_be_drawn(book: Book, clearing: Clearing) -> None:
    empty = replace(clearing, awards=(), zone_prices=(), shortfall_kw=book.target_kw, margin_kw=())
    assert draw(replace(book, bids=()), empty).startswith(b"\x89PNG")


def test_nothing_asked_for_can_be_drawn(book: Book, clearing: Clearing) -> None:
    quiet = replace(book, target_kw=(0.0, 0.0), bids=(), recovery_interval_count=0, currency="")
    nothing = replace(
        clearing, target_kw=(0.0, 0.0), awards=(), shortfall_kw=(0.0, 0.0), zone_prices=(), margin_kw=()
    )
    assert draw(quiet, nothing).startswith(b"\x89PNG")


def test_a_dollar_is_no_formula(book: Book, clearing: Clearing) -> None:
    assert draw(replace(book, currency="$^$"), clearing).startswith(b"\x89PNG")
