from vpp.cli.charts.kinds import KindEnergy, kinds_chart


def test_the_chart_names_every_kind_and_its_ratio() -> None:
    kinds = [KindEnergy("battery", 100.0, 92.0), KindEnergy("ups", 0.0, -3.0)]
    chart = kinds_chart("kinds", "Promised and delivered", kinds)
    assert chart.png.startswith(b"\x89PNG")
    for text in ("battery", "0.92", "not sold"):
        assert text in chart.svg
