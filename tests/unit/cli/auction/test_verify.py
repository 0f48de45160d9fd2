import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

Vpp = Callable[..., tuple[int, str, str]]


@pytest.fixture
def result(vpp: Vpp, simple_book: Path, tmp_path: Path) -> Path:
    out = tmp_path / "result.json"
    assert vpp("auction", "clear", simple_book, "--out", out)[0] == 0
    return out


def test_what_the_engine_wrote_holds(vpp: Vpp, simple_book: Path, result: Path) -> None:
    code, output, errors = vpp("auction", "verify", simple_book, result)
    assert (code, errors) == (0, "")
    assert "Everything holds." in output
    for promise in ("feasibility", "money", "reasons", "bound"):
        assert promise in output


def test_the_bound_is_computed_anew(vpp: Vpp, simple_book: Path, result: Path) -> None:
    _, output, _ = vpp("auction", "verify", simple_book, result, "--json")
    document = json.loads(output)
    assert document["holds"] is True
    assert Decimal(document["certified_bound"]) <= Decimal(document["objective"])
    assert document["certified_gap_ratio"] == pytest.approx(0.0, abs=1e-6)


def test_a_tampered_result_is_told_apart(vpp: Vpp, simple_book: Path, result: Path) -> None:
    document = json.loads(result.read_text())
    text = json.dumps(document).replace("[600.0]", "[700.0]")
    assert text != json.dumps(document)
    result.write_text(text)
    code, output, _ = vpp("auction", "verify", simple_book, result)
    assert code == 1
    assert "Does not hold" in output
    assert "bid-a" in output


def test_the_wrong_way_round_is_refused(vpp: Vpp, simple_book: Path, result: Path) -> None:
    code, _, errors = vpp("auction", "verify", result, simple_book)
    assert code == 3
    assert f"{result} is no book: " in errors
    assert errors.count("\n") == 1
