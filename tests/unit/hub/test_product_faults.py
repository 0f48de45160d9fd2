"""All that is wrong with a product file is told in one go."""

from pathlib import Path

import pytest
from support.products import PRODUCT_FOLDER, shipped_rules

from vpp.foundation.errors import InvalidInput
from vpp.hub.product_files import load_product_file, read_product_file

SOUND = (PRODUCT_FOLDER / "example_uftp.toml").read_text(encoding="utf-8")

UNKNOWN_PLACE = 'calendar = {holidays = "only", holiday_calendar = "QQ"}'


def written(folder: Path, **replaced: str) -> Path:
    """Write the sound file with some lines, told by their keys, replaced."""
    lines = SOUND.splitlines()
    for key, line in replaced.items():
        [at] = [n for n, each in enumerate(lines) if each.startswith(f"{key} =")]
        lines[at] = line
    file = folder / "product.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def faults_of(file: Path) -> dict[str, str]:
    _, faults = read_product_file(file, shipped_rules())
    return {fault.field: fault.message for fault in faults}


def test_a_sound_file_has_no_fault() -> None:
    product, faults = read_product_file(PRODUCT_FOLDER / "example_uftp.toml", shipped_rules())
    assert (product is None, faults) == (False, [])


def test_every_fault_is_named_with_its_value_and_in_the_file_s_order(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        status="",
        time_zone='time_zone = "Mars/Olympus"\nstacking_excludes = ["example-uftp"]',
        settlement_interval='settlement_interval = "PT25M"',
        recovery_window='recovery_window = "-PT1H"',
        direction='direction = "sideways"',
        min_bid_kw="min_bid_kw = -1",
        rule='rule = "forecast-rob"',
        currency='currency = "XYZ"',
        band_cap_ratio='band_cap_ration = "1"',
    )
    faults = faults_of(file)
    assert list(faults) == [
        "status",
        "time_zone",
        "settlement_interval",
        "call.direction",
        "call.recovery_window",
        "bid.min_bid_kw",
        "baseline.rule",
        "money.currency",
        "money.band_cap_ration",
        "stacking_excludes",
    ]
    assert faults["status"] == "status is missing, expected a value"
    assert faults["time_zone"].startswith("time_zone is 'Mars/Olympus', expected an IANA name")
    assert "0:25:00 does not divide an hour" in faults["settlement_interval"]
    assert "is -1 day, 23:00:00, expected greater" in faults["call.recovery_window"]
    assert "names example-uftp itself" in faults["stacking_excludes"]
    assert faults["call.direction"] == "call.direction is 'sideways', expected 'load_down' or 'load_up'"
    assert faults["bid.min_bid_kw"] == "bid.min_bid_kw is -1, expected greater than or equal to 0"
    assert faults["baseline.rule"].startswith("baseline.rule is 'forecast-rob', expected one of: aemo-wdr")
    assert faults["money.currency"].startswith("money.currency is 'XYZ', expected one of CNY, DKK, EUR")
    assert (
        "expected no field of that name; did you mean money.band_cap_ratio?"
        in faults["money.band_cap_ration"]
    )
    with pytest.raises(InvalidInput) as refusal:
        load_product_file(file, shipped_rules())
    assert all(message in str(refusal.value) for message in faults.values())


@pytest.mark.parametrize(
    ("field", "replaced", "message"),
    [
        (
            "call.max_duration",
            {"min_duration": 'min_duration = "PT20M"', "max_duration": 'max_duration = "PT25M"'},
            "expected an event of whole settlement intervals of 0:15:00 to fit between",
        ),
        (
            "call",
            {"notice_min": 'notice_min = "PT1H"\ngate_close = "PT30M"'},
            "call: gate_close is 0:30:00, expected at least notice_min 1:00:00",
        ),
        (
            "call.calendar.holiday_calendar",
            {"notice_min": f'notice_min = "PT1H"\n{UNKNOWN_PLACE}'},
            "holidays are 'QQ', expected an ISO 3166 country",
        ),
        (
            "provenance.unverified_fields",
            {
                "read_on": "read_on = 2026-11-22",
                "unverified_fields": 'unverified_fields = ["call.notise_min",',
            },
            "names 'call.notise_min', expected fields of a product; did you mean call.notice_min?",
        ),
        (
            "money.penalty",
            {"price_per_mwh": 'price_per_mwh = "11"\nprice_ratio = "1"'},
            "price_ratio is 1 and price_per_mwh is 11, expected one of them, and not both",
        ),
        (
            "money",
            {"penalty_formula_id": 'penalty_formula_id = "none"\nfixed_price_per_mwh = "7"'},
            "expected a price with fixed, and only with it; penalty_formula_id is none and the group penalty",
        ),
        (
            "money.fixed_price_per_mwh",
            {"pay_rule": 'pay_rule = "fixed"\nfixed_price_per_mwh = "1000.01"'},
            "is 1000.01, expected at most bid.price_cap_per_mwh 1000",
        ),
        (
            "money.pays_energy",
            {"commitment": "pays_energy = false"},
            "is false, expected true, or a group availability: nothing is paid",
        ),
        (
            "money.availability.price_per_kw_h",
            {"commitment": "availability = {within_load = true}"},
            "is absent, expected a price: the award's own is paid for the energy already",
        ),
        (
            "money.penalty_ratio",
            {"commitment": 'penalty_ratio = "0.5"'},
            "is 0.5, expected none with penalty_formula_id parts",
        ),
        (
            "money.aggregator_fee_ratio",
            {"commitment": 'share = {kind = "ratio", ratio = "0.2"}'},
            "is 0.1, expected none: the group share stands in its place",
        ),
        ("bid.min_bid_kw", {"min_bid_kw": "min_bid_kw = inf"}, "is inf, expected a finite number"),
        ("", {"version": "version = "}, "the file is no TOML"),
    ],
)
def test_what_no_hub_could_work_with_is_a_fault(
    tmp_path: Path, field: str, replaced: dict[str, str], message: str
) -> None:
    faults = faults_of(written(tmp_path, **replaced))
    assert list(faults) == [field]
    assert message in faults[field]


def test_a_file_that_is_missing_is_a_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "none.toml") == {"": "the file cannot be read: No such file or directory"}


def test_without_any_rule_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    _, faults = read_product_file(written(tmp_path, min_bid_kw="min_bid_kw = -1"), {})
    assert {fault.field for fault in faults} >= {"baseline.rule", "bid.min_bid_kw"}
