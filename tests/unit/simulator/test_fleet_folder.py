from importlib.util import find_spec
from pathlib import Path

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.simulator.fleet_folder import fleet_load, fleet_site_ids


def test_sites_are_listed_in_the_files_order(tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text("site_id,region\nD002,GB\nD001,GB\n")
    assert fleet_site_ids(tmp_path) == ["D002", "D001"]


def test_a_folder_without_a_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no readable sites"):
        fleet_site_ids(tmp_path)


@pytest.mark.skipif(find_spec("pyarrow") is not None, reason="a Parquet reader is installed")
def test_without_a_parquet_reader_the_error_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="install the package pyarrow"):
        fleet_load(tmp_path, "D001")
