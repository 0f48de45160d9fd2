"""`vpp product` as people run it, on files and in one process."""

import json
from pathlib import Path

import pytest
from support.products import PRODUCT_FOLDER, shipped_products

from vpp.cli.main import main

SOUND = PRODUCT_FOLDER / "example_uftp.toml"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["product", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def broken(folder: Path) -> Path:
    file = folder / "broken.toml"
    text = SOUND.read_text(encoding="utf-8").replace('direction = "load_down"', 'direction = "sideways"')
    file.write_text(text.replace("min_bid_kw = 10.0", "min_bid_kw = -1"), encoding="utf-8")
    return file


def test_list_has_every_product(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "list", "--json")
    listed = json.loads(out)["products"]
    assert code == 0
    assert [each["product_id"] for each in listed] == sorted(shipped_products())
    assert {each["status"] for each in listed} == {"example"}
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert "claims no compliance" in " ".join(out.split())


@pytest.mark.parametrize("product_id", sorted(shipped_products()))
def test_show_tells_every_product(capsys: pytest.CaptureFixture[str], product_id: str) -> None:
    product = shipped_products()[product_id]
    code, out, _ = run(capsys, "show", product_id)
    assert code == 0
    assert f"{product_id}, version {product.version}" in out
    assert ("checked against no source" in out) == bool(product.provenance.unverified_fields)


def test_show_draws_and_says_where(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    picture = tmp_path / "curve.png"
    code, out, _ = run(capsys, "show", str(SOUND), "--picture", str(picture))
    assert (code, picture.read_bytes()[:4]) == (0, b"\x89PNG")
    assert f"Wrote {picture}." in out
    code, _, err = run(capsys, "show", str(SOUND), "--picture", str(tmp_path / "none" / "curve.png"))
    assert code == 3
    assert "cannot be written" in err


def test_show_as_json_is_the_whole_profile_and_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "show", "example-uftp", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["money"]["penalty"]["price_per_mwh"] == "11"
    half = next(each for each in document["example"] if each["delivered_ratio"] == 0.5)
    assert half == {
        "delivered_ratio": 0.5,
        "paid_ratio": 0.5,
        "penalised_ratio": 0.5,
        "readiness_ratio": None,
    }


def test_show_does_not_tell_that_readiness_pays_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "show", "example-nordic-ffr")
    assert "What is delivered changes nothing: readiness alone is paid." in out
    _, out, _ = run(capsys, "show", "example-jp-hatsudo")
    assert "readiness paid" in out
    assert "paid for" not in out


def test_check_names_every_fault_and_says_no(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "check", str(broken(tmp_path)), str(SOUND))
    assert code == 1
    assert "2 faults" in out
    assert "call.direction is 'sideways', expected 'load_down' or 'load_up'" in out
    assert "bid.min_bid_kw is -1, expected greater than or equal to 0" in out
    assert f"{SOUND}: sound, example-uftp version 1" in out
    code, out, _ = run(capsys, "check", str(broken(tmp_path)), "--json")
    [document] = json.loads(out)["files"]
    assert code == 1
    assert [fault["field"] for fault in document["faults"]] == ["call.direction", "bid.min_bid_kw"]


def test_check_of_every_shipped_file_says_yes(capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(str(path) for path in PRODUCT_FOLDER.glob("*.toml"))
    code, out, _ = run(capsys, "check", *files)
    assert code == 0
    assert out.count(": sound, ") == len(files)


def test_diff_tells_what_changed_and_that_a_version_says_two_things(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    changed = tmp_path / "changed.toml"
    text = SOUND.read_text(encoding="utf-8")
    changed.write_text(text.replace('price_per_mwh = "11"', 'price_per_mwh = "12"'), encoding="utf-8")
    code, out, _ = run(capsys, "diff", "example-uftp", str(changed))
    assert code == 0
    assert "money.penalty.price_per_mwh" in out
    assert "The same version says two things" in out
    code, out, _ = run(capsys, "diff", str(SOUND), str(changed), "--json")
    assert json.loads(out)["changes"] == [{"field": "money.penalty.price_per_mwh", "a": "11", "b": "12"}]
    code, out, _ = run(capsys, "diff", "example-uftp", str(SOUND))
    assert out.strip() == "They say the same."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "example-uft"), "did you mean example-uftp or "),
        (("show", "none.toml"), "none.toml does not exist; check the path"),
        (("show", "x", "--products", "nowhere"), "--products nowhere is no folder"),
        (("list", "--rules", "nowhere"), "--rules nowhere is no folder"),
    ],
)
def test_what_is_not_there_is_named(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 3
    assert message in err
