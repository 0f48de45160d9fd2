import pytest

from vpp.cli.charts.flexible_kinds import in_order, kind_colour, kind_label
from vpp.cli.charts.ladder import LadderPanel, ladder_chart
from vpp.cli.charts.promises import KindPromise, promises_chart
from vpp.cli.charts.room import HourBand, duration_chart, hours_chart

RUNGS = ("30 s", "5 min", "30 min", "3 h")


def panel(scale: float) -> LadderPanel:
    return LadderPanel(
        title="Consumption lowered",
        rungs=RUNGS,
        together_kw={"ups": [9.0 * scale, 0.0, 0.0, 0.0], "battery": [3.0 * scale] * 4},
        added_up_kw=[12.0 * scale, 5.0 * scale, 3.0 * scale, 3.0 * scale],
        firm_kw=[11.0 * scale, 2.9 * scale, 2.9 * scale, 2.9 * scale],
        bound_kw=None,
        bound_label="load",
    )


def test_the_ladder_names_kinds_and_firm_powers() -> None:
    chart = ladder_chart("ladder", [panel(10.0), panel(1.0)])
    assert chart.png.startswith(b"\x89PNG")
    for text in ("UPS", "battery", "each alone, added up", ">110<", ">29<", *RUNGS):
        assert text in chart.svg
    assert "generator" not in chart.svg


def test_both_panels_have_one_unit() -> None:
    svg = ladder_chart("ladder", [panel(1000.0), panel(1.0)]).svg
    assert svg.count("MW at the point of connection") == 2
    assert "kW at the point" not in svg


def test_a_site_that_can_do_nothing_is_drawn_too() -> None:
    empty = LadderPanel("Consumption raised", RUNGS, {}, [0.0] * 4, [0.0] * 4, 100.0, "room")
    assert "room: 100 kW" in ladder_chart("ladder", [empty]).svg


def test_promises_say_how_many_were_kept_and_who_was_not_tried() -> None:
    kinds = [
        KindPromise("battery", [0.9, 1.0, 0.97], [0.95] * 3, 0.91, 0.97, 0.99, 2),
        KindPromise("chiller", [0.5, 0.5, 0.6], [0.9] * 3, None, 0.5, None, 0),
        KindPromise("ups", [], [], None, None, None, 0),
    ]
    svg = promises_chart("promises", kinds).svg
    for text in ("battery", "chiller", "UPS", "kept 2 of 3", "kept 0 of 3", "not tried yet"):
        assert text in svg


def test_no_room_at_all_is_drawn_too() -> None:
    svg = hours_chart("hours", [HourBand(7, 0.0, 0.0, 0.0)], "Europe/London", 0.0).svg
    assert "below the import limit" in svg


@pytest.mark.parametrize(("firm_kw", "unit"), [(800.0, "kW"), (-50.0, "kW"), (2500.0, "MW")])
def test_the_room_is_drawn_hour_by_hour(firm_kw: float, unit: str) -> None:
    bands = [HourBand(hour, firm_kw, firm_kw + 100.0, firm_kw + 200.0) for hour in (0, 7, 23)]
    svg = hours_chart("hours", bands, "Europe/London", 300.0).svg
    assert f">{unit} below the import limit<" in svg
    assert "Europe/London" in svg
    assert "rebound if all resources recover together" in svg


def test_the_curve_states_load_factor_and_room() -> None:
    svg = duration_chart(
        "duration", [0.0, 0.5, 1.0], [900.0, 500.0, 300.0], limit_kw=1000.0, mean_kw=550.0, firm_load_kw=800.0
    ).svg
    assert "mean load, 55% of the limit" in svg
    assert "200 kW of room in nine cases of ten" in svg


def test_kinds_that_are_new_have_a_colour_and_come_last() -> None:
    assert in_order({"flywheel": 1, "generator": 1, "ups": 1}) == ["ups", "generator", "flywheel"]
    assert kind_colour("flywheel") != kind_colour("ups")
    assert kind_label("job_groups") == "job groups"
