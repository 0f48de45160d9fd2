import shutil
from pathlib import Path

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.hub.baseline_rule_files import load_rule_files

FOLDER = Path(__file__).resolve().parents[3] / "configs" / "baselines"


def copied(folder: Path, *names: str) -> Path:
    for name in names:
        shutil.copy(FOLDER / f"{name}.toml", folder)
    return folder


def test_rules_come_by_id_in_order_of_file_name(tmp_path: Path) -> None:
    rules = load_rule_files(copied(tmp_path, "pjm-economic", "high-4-of-5"))
    assert list(rules) == ["high-4-of-5", "pjm-economic"]
    assert rules["pjm-economic"].baseline_id == "pjm-economic"


def test_other_files_are_left_alone_and_an_empty_folder_holds_no_rules(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("not a rule")
    assert load_rule_files(tmp_path) == {}


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"rule_directory .* does not exist"):
        load_rule_files(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("lookback_days = 45", "lookback_dais = 45"),
            r"(?s)high-4-of-5\.toml is no baseline rule.*lookback_dais",
        ),
        (("average = 4, candidates = 5", "average = 6, candidates = 5"), "expected at least average 6"),
        (('pick = "high"', 'pick = "tallest"'), "is no baseline rule"),
        (("version = 1", "version = "), "is no baseline rule"),
        (
            ('baseline_id = "high-4-of-5"', 'baseline_id = "other"'),
            "holds the rule 'other', expected the one",
        ),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = copied(tmp_path, "high-4-of-5") / "high-4-of-5.toml"
    text = path.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(InvalidInput, match=message):
        load_rule_files(tmp_path)


def test_a_rule_that_names_another_needs_it_beside_it(tmp_path: Path) -> None:
    copied(tmp_path, "pjm-guaranteed-load-drop")
    with pytest.raises(InvalidInput, match="names the rule 'pjm-economic', which is not in the folder"):
        load_rule_files(tmp_path)
    assert len(load_rule_files(copied(tmp_path, "pjm-economic"))) == 2


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match=r"odd\.toml is no baseline rule"):
        load_rule_files(tmp_path)
