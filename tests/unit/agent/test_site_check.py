"""Everything that is wrong with a configuration is told in one go."""

import shutil
from pathlib import Path

import pytest
from support.agent_site import write_site
from support.made_certificates import AGENT, issued, new_authority

from vpp.agent.site_check import Checked, check_file, problems_together

EXAMPLE = Path(__file__).resolve().parents[3] / "configs" / "site.toml"


def plain_example() -> str:
    """Return the example without TLS: its files are made by `vpp certs`."""
    text = EXAMPLE.read_text()
    begin, end = text.index("\n[hub.tls]"), text.index("# [clock]")
    return text[:begin].replace("[hub]\n", "[hub]\nplaintext = true\n") + text[end:]


def nothing_wrong(table: object, checked: Checked) -> list[str]:
    del table, checked
    return []


def problems(tmp_path: Path, *changes: tuple[str, str]) -> str:
    text = plain_example()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = tmp_path / "site.toml"
    path.write_text(text)
    return "\n".join(check_file(path, nothing_wrong).problems)


def test_a_sound_configuration_has_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path) == ""


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        ('zone = "GB"', 'zone = "GB"\nregion = "north"'),
        ("import_limit_kw = 1600.0", 'import_limit_kw = "200兆ワット"'),
        ("capacity_kwh = 600.0", "capacity_kwh = -600.0\ncolour = 1"),
        ("max_soc_ratio = 0.9", "max_soc_ratio = 1.2"),
        ('ride_through = "PT3M"', 'ride_through = "PT30M"'),
        ('method = "capping"', 'method = "magic"'),
        ("rated_capacity_kw = 1200.0", ""),
    )
    for named in (
        "site.region is no key that the agent knows",
        "site.import_limit_kw",
        "resources.battery.bess.capacity_kwh is -600.0",
        "resources.battery.bess.max_soc_ratio is 1.2",
        "colour",
        "resources.ups.ups",
        "resources.deferrable_load.batch.method is 'magic'",
        "resources.chiller.cooling lacks rated_capacity_kw",
    ):
        assert named in told, named


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("max_reduction_kw = 500.0", "max_reduction_kw = 5000.0", "limits.max_reduction_kw is 5000.0"),
        ("vetoed_resources = []", 'vetoed_resources = ["flywheel"]', "names flywheel"),
        (
            "# [[standing_bids]] # for",
            '[[standing_bids]]\nproduct = "other"\nresources = ["gone"]\n# for',
            "standing_bids.0.product is other",
        ),
        (
            "# [[maintenance]] # instructions",
            "[[maintenance]]\nstart = 2026-12-01T08:00:00Z\nend = 2026-12-01T07:00:00Z\n#",
            "maintenance.0.end",
        ),
        ("# verify_key_file", 'verify_key_file = "gone.pub"\n#', "cannot be read"),
        ("[resources.ups.ups]", "[resources.ups.bess]", "the id bess is taken by"),
        ('confirm_within = "PT15M"', 'confirm_within = "PT1S"', "nobody is so quick"),
        ("import_limit_kw = 1600.0", 'import_limit_kw = "1.6兆瓦"', ""),
        (
            "import_limit_kw = 1600.0",
            'import_limit_kw = 1600.0\ntransformer_limit_kw = "400 kW"',
            "between transformer_limit_kw and",
        ),
        ("[resources.ups.ups]", '[resources.ups.ups]\nexcludes = ["diesle"]', "excludes names diesle"),
        ('ride_through = "PT3M"', 'ride_through = "PT30M"', "expected at most autonomy"),
    ],
)
def test_what_cannot_hold_together_is_told(tmp_path: Path, old: str, new: str, named: str) -> None:
    told = problems(tmp_path, (old, new))
    assert named in told if named else told == ""


def test_a_subsidy_for_a_resource_that_is_not_there_is_told(tmp_path: Path) -> None:
    tariff = EXAMPLE.parent / "tariffs" / "example_time_of_use.toml"
    table = f"""[tariff]
file = "{tariff}"
[tariff.subsidy]
reduction_ratio = 0.5
[[tariff.subsidy.sub_meters]]
sub_meter_id = "hall-2"
eligible_share_ratio = 1
site_share_ratio = 0.4
resources = ["bess", "gpus"]
[bidding]"""
    told = problems(tmp_path, ("[bidding]", table))
    assert "tariff.subsidy.sub_meters.0.resources names gpus, which is no resource of this site" in told
    assert "names bess" not in told


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert "cannot be read" in check_file(tmp_path / "gone.toml", nothing_wrong).problems[0]
    broken = tmp_path / "broken.toml"
    broken.write_text("[site\n")
    assert "cannot be read" in check_file(broken, nothing_wrong).problems[0]


def test_two_configurations_must_not_share_a_site_a_journal_or_a_device(tmp_path: Path) -> None:
    write_site(tmp_path)
    path = next(tmp_path.rglob("site.toml"))
    twin = path.with_name("twin.toml")
    shutil.copyfile(path, twin)
    checks = [check_file(each, nothing_wrong) for each in (path, twin)]
    told = "\n".join(problems_together(checks, lambda _: {"bess": "modbus 10.0.0.4 2"}))
    for named in ("site_id site-001", "journal_file", "state_file", "the device modbus 10.0.0.4 2"):
        assert named in told
    assert problems_together(checks[:1], lambda _: {"bess": "modbus 10.0.0.4 2"}) == []


def test_a_driver_and_its_resource_must_know_the_same_groups(tmp_path: Path) -> None:
    cluster = """
[[resources.job_groups.gpu.groups]]
group_id = "tune"
[[resources.job_groups.gpu.groups]]
group_id = "train"
[driver.devices.gpu.groups.tune]
[driver.devices.gpu.groups.night]
"""
    path = tmp_path / "site.toml"
    path.write_text(plain_example() + cluster)
    told = "\n".join(check_file(path, nothing_wrong).problems)
    assert "driver.devices.gpu.groups lacks train, which the resource has" in told
    assert "driver.devices.gpu.groups.night is no group of the resource" in told
    assert "tune" not in "".join(line for line in told.splitlines() if "driver.devices" in line)


def test_what_devices_draw_left_alone_is_noted_and_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(plain_example())
    checked = check_file(path, nothing_wrong)
    assert checked.problems == []
    [note] = checked.notes
    assert "240.0 kW recover at once: bess, ups" in note


def test_certificates_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(EXAMPLE.read_text())
    problems_found = check_file(path, nothing_wrong).problems
    assert [problem.split()[0] for problem in problems_found] == [
        "hub.tls.authority_file",
        "hub.tls.certificate_file",
        "hub.tls.key_file",
    ]
    (tmp_path / "tls").mkdir()
    with new_authority(tmp_path / "ca") as authority:
        issued(authority, AGENT, tmp_path / "tls" / "site")
    (tmp_path / "tls" / "ca.pem").write_bytes((tmp_path / "ca" / "ca.pem").read_bytes())
    [problem] = check_file(path, nothing_wrong).problems
    assert "site-001/agent-site-001's, expected one for site north-1" in problem
