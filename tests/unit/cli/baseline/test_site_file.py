from pathlib import Path

import pytest

from vpp.cli.baseline.site_facts import SiteFacts
from vpp.cli.baseline.site_file import read_sites
from vpp.foundation.errors import InvalidInput

COMMON = SiteFacts("Europe/London", "GB-ENG", contract_kw=500.0)


def written(folder: Path, text: str) -> Path:
    path = folder / "sites.csv"
    path.write_text(text)
    return path


def test_an_empty_cell_takes_what_holds_for_all(tmp_path: Path) -> None:
    text = "site,time_zone,holidays,nominated_kw\nosaka,Asia/Tokyo,JP,\nleeds,,,120.5\n"
    assert read_sites(written(tmp_path, text), COMMON) == {
        "osaka": SiteFacts("Asia/Tokyo", "JP", contract_kw=500.0),
        "leeds": SiteFacts("Europe/London", "GB-ENG", contract_kw=500.0, nominated_kw=120.5),
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("site,contract_kw\na,much\n", "line 2, contract_kw: 'much', expected a power in kW of at least 0"),
        ("site,contract_kw\na,nan\n", "line 2, contract_kw: 'nan'"),
        ("site,export_limit_kw\na,-1\n", "line 2, export_limit_kw: '-1'"),
        ("site\na\na\n", "line 3, site: 'a', expected the name of a site, each once"),
        ("site,zone\na,UTC\n", "has the columns site,zone, expected site"),
    ],
)
def test_a_wrong_file_is_named_with_line_and_column(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        read_sites(written(tmp_path, text), COMMON)
