"""The drawing of what delivery is worth."""

import itertools

import pytest
from support.products import shipped_products

from vpp.cli.charts.product_response import draw_response, response_figure


@pytest.mark.parametrize(
    ("product_id", "lines"),
    [
        ("example-cn-sichuan", ["paid for", "charged for"]),
        ("example-gb-dfs", ["paid for"]),
        ("example-nordic-ffr", ["readiness paid"]),
        ("example-jp-hatsudo", ["readiness paid"]),
    ],
)
def test_there_is_a_line_for_what_is_paid_and_one_for_what_is_charged(
    product_id: str, lines: list[str]
) -> None:
    [axes] = response_figure(shipped_products()[product_id]).axes
    drawn = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert len(drawn) == len(lines)
    assert [text.get_text().partition("\n")[0] for text in axes.texts if "\n" in text.get_text()] == lines
    assert max(line.get_ydata().max() for line in drawn) >= 1.0


def test_a_step_is_drawn_upright_and_not_slanting() -> None:
    [axes] = response_figure(shipped_products()["example-cn-day-ahead"]).axes
    [paid] = [line for line in axes.lines if len(line.get_xdata()) > 2]
    points = list(zip(paid.get_xdata(), paid.get_ydata(), strict=True))
    jump = [(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in itertools.pairwise(points) if y1 - y0 > 0.5]
    assert jump == [(pytest.approx(0.0, abs=2e-6), pytest.approx(0.8))]


def test_the_same_product_gives_the_same_bytes() -> None:
    product = shipped_products()["example-emergency"]
    assert draw_response(product) == draw_response(product)
    assert draw_response(product).startswith(b"\x89PNG")
