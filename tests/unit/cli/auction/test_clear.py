import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vpp.auction.clearing_json import clearing_from_document
from vpp.auction.rules import TieRule, UniformPrice
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

Vpp = Callable[..., tuple[int, str, str]]


def test_a_book_is_cleared_and_written(vpp: Vpp, simple_book: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    code, output, errors = vpp("auction", "clear", simple_book, "--out", out)
    assert (code, errors) == (0, "")
    assert "min 150.00, mean 150.00, max 150.00 GBP" in output
    assert "bids accepted" in output
    assert f"vpp auction verify {simple_book} {out}" in output
    clearing = clearing_from_document(json.loads(out.read_text()))
    assert [award.reduction_kw for award in clearing.awards] == [(600.0,), (500.0,), (100.0,)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.json", "result.json"]


def test_report_and_drawing_are_written_with_it(vpp: Vpp, simple_book: Path, tmp_path: Path) -> None:
    report, plot = tmp_path / "report.html", tmp_path / "plot.png"
    out = tmp_path / "result.json"
    code, output, _ = vpp("auction", "clear", simple_book, "--out", out, "--report", report, "--plot", plot)
    assert code == 0
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert report.read_text().startswith("<!doctype html>")
    assert f"Wrote {out}, {report}, {plot}." in output


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], (PayRule.AS_CLEAR, UniformPrice.FIXED_BINARIES, TieRule.PRICE_TIME)),
        (["--pricing", "hull"], (PayRule.AS_CLEAR, UniformPrice.CONVEX_HULL, TieRule.PRICE_TIME)),
        (["--pricing", "as-bid"], (PayRule.AS_BID, UniformPrice.FIXED_BINARIES, TieRule.PRICE_TIME)),
        (
            ["--pricing", "fixed", "--fixed-price", "160"],
            (PayRule.FIXED, UniformPrice.FIXED_BINARIES, TieRule.PRICE_TIME),
        ),
        (["--ties", "pro-rata"], (PayRule.AS_CLEAR, UniformPrice.FIXED_BINARIES, TieRule.PRO_RATA)),
    ],
    ids=["default", "hull", "as-bid", "fixed", "pro-rata"],
)
def test_options_are_the_rules(
    vpp: Vpp,
    simple_book: Path,
    tmp_path: Path,
    options: list[str],
    expected: tuple[PayRule, UniformPrice, TieRule],
) -> None:
    out = tmp_path / "result.json"
    code, _, errors = vpp("auction", "clear", simple_book, "--out", out, *options)
    assert (code, errors) == (0, "")
    clearing = clearing_from_document(json.loads(out.read_text()))
    assert (clearing.pay_rule, clearing.uniform_price, clearing.tie_rule) == expected


@pytest.mark.parametrize("solver", list(SolverName))
def test_both_solvers_can_be_chosen(vpp: Vpp, simple_book: Path, tmp_path: Path, solver: SolverName) -> None:
    out = tmp_path / "result.json"
    code, output, _ = vpp("auction", "clear", simple_book, "--out", out, "--solver", solver.value, "--json")
    assert code == 0
    summary = json.loads(output)
    assert summary["solver"] == solver.value
    # 0.6 MWh at 80, 0.5 at 110, 0.1 at 150
    assert float(summary["objective"]) == pytest.approx(48 + 55 + 15)
    assert summary["price_per_mwh"]["mean"].startswith("150")


def test_a_refused_book_leaves_what_was_there(vpp: Vpp, simple_book: Path, tmp_path: Path) -> None:
    out, plot = tmp_path / "result.json", tmp_path / "plot.png"
    out.write_text("old")
    document = json.loads(simple_book.read_text())
    document["bids"].append(document["bids"][0])
    simple_book.write_text(json.dumps(document))
    code, output, errors = vpp("auction", "clear", simple_book, "--out", out, "--plot", plot)
    assert (code, output) == (3, "")
    assert errors.startswith("error: ")
    assert "bid-a" in errors
    assert errors.count("\n") == 1
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.json", "result.json"]


def test_a_field_that_does_not_read_is_named_with_the_file(
    vpp: Vpp, simple_book: Path, tmp_path: Path
) -> None:
    document = json.loads(simple_book.read_text())
    document["startTime"] = "noon"
    simple_book.write_text(json.dumps(document))
    code, _, errors = vpp("auction", "clear", simple_book, "--out", tmp_path / "r.json")
    assert code == 3
    assert errors.startswith(f"error: INVALID_INPUT: {simple_book} is no book: ")
    assert "startTime" in errors


@pytest.mark.parametrize(
    ("options", "code", "complaint"),
    [
        (["--solver", "gurobi"], 2, "'gurobi' is not one of 'glpk', 'highs'"),
        (["--pricing", "fixed"], 2, "--pricing fixed and --fixed-price PRICE go together"),
        (["--fixed-price", "100"], 2, "--pricing fixed and --fixed-price PRICE go together"),
        (["--pricing", "fixed", "--fixed-price", "much"], 2, "'much' is not a price"),
        (["--time-limit", "0"], 2, "--time-limit"),
        (["--time-limit", "nan"], 2, "--time-limit"),
        (["--gap", "nan"], 2, "--gap"),
        (["--gap", "-1"], 2, "--gap"),
        (["--plot", "/absent/plot.png"], 3, "--plot /absent/plot.png cannot be written: there is no folder"),
    ],
)
def test_a_slip_on_the_command_line_writes_nothing(
    vpp: Vpp,
    simple_book: Path,
    options: list[str],
    code: int,
    complaint: str,
) -> None:
    out = simple_book.with_name("r.json")
    ended, _, errors = vpp("auction", "clear", simple_book, "--out", out, *options)
    assert ended == code
    assert complaint in " ".join(errors.replace("│", "").split())
    assert "Traceback" not in errors
    assert not out.exists()


def test_the_result_may_not_replace_the_book(vpp: Vpp, simple_book: Path) -> None:
    before = simple_book.read_bytes()
    code, _, errors = vpp("auction", "clear", simple_book, "--out", simple_book)
    assert code == 3
    assert "is also BOOK; choose another file name" in errors
    assert simple_book.read_bytes() == before


def test_a_missing_book_says_what_to_do(vpp: Vpp, tmp_path: Path) -> None:
    code, _, errors = vpp("auction", "clear", tmp_path / "absent.json", "--out", tmp_path / "r.json")
    assert code == 3
    assert errors.startswith("error: NOT_FOUND: book ")
    assert "make a book with `vpp auction generate`" in errors
