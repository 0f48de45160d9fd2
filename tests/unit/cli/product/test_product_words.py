"""A product's rules in words: nothing that its file says is left out."""

import pytest
from support.products import changed_product, shipped_products

from vpp.cli.product.product_words import product_rows, unverified_of
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.product_fields import field_names

UNTOLD = {
    "display_name",
    "provenance.unverified_fields",
    "money.currency",
    "money.response",
    "money.band_low_ratio",
}
UNTOLD |= {"money.band_cap_ratio"}
"""The title, the marks, the unit of every amount, and the curve, which has a table of its own."""


def words_of(product: ProductProfile) -> dict[str, str]:
    return {name: words for name, words, _ in product_rows(product)}


def whole_product() -> ProductProfile:
    """Make a product in which every part is filled."""
    return changed_product(
        shipped_products()["example-cn-sichuan"],
        stacking_excludes=["other"],
        test_rule="Shows 30 minutes.",
        call={"notice_max": "P2D", "gate_close": "P1D", "max_hours_per_year": 60, "max_events_per_year": 12},
        measurement={"aggregate_baseline": "baseline_of_sum"},
        money={
            "measured_as": "aggregate",
            "judged_over": "event",
            "rounding": "event",
            "price_factor": "0.1",
            "availability": {"price_per_kw_h": "0.3", "paid": "when_not_called", "within_load": True},
            "limits": {
                "min_paid_kw": "50",
                "max_paid_kw": "900",
                "max_amount_per_event": "4000",
                "peak_below_baseline": True,
                "min_mean_reduction_ratio": "0.05",
            },
            "budget": {"amount": "100000", "per": "period"},
        },
        provenance={"source_url": "https://example.org/rules"},
    )


def test_every_field_is_told_or_named_as_untold() -> None:
    told = {field for _, _, fields in product_rows(whole_product()) for field in fields} | UNTOLD

    def is_told(name: str) -> bool:
        return any(name == field or name.startswith(f"{field}.") for field in told)

    device = {"measurement.device_metered"}  # only where it is split off
    assert {name for name in field_names() if not is_told(name)} == device


def test_the_words_of_a_full_product() -> None:
    words = words_of(whole_product())
    assert words["called by"] == "an auction that ends at least 24 h before the start"
    assert words["notice"] == "at least 12 h, at most 2 d"
    assert words["how often"] == "at most 2 a day, 12 a year, 60 h a year, per site"
    assert words["energy"] == "0.1 times the clearing price"
    assert words["judged"] == (
        "the sites of an event together against what was awarded and called, over the event as a whole"
    )
    assert words["readiness"] == (
        "at 0.3 CNY per kW and hour, only when not called, as far as the load allowed it"
    )
    assert words["limits"] == (
        "no energy below a mean of 50 kW; no more than 900 kW; at most 4,000 CNY per site and event; only if "
        "the event's highest load lies below the baseline's; only if the mean moved by 5 % of the baseline; "
        "100,000 CNY for each period in all, cut in proportion"
    )
    assert words["the aggregate's baseline"] == "baseline of sum"
    assert words["to be read at"] == "https://example.org/rules"


def test_who_acts_by_itself_is_told_so() -> None:
    words = words_of(shipped_products()["example-nordic-ffr"])
    assert "they are asked for 0 kW" in words["asks for"]
    assert words["not beside"] == "example-uftp"
    assert words["readiness"].startswith("at the clearing price, per MW and hour, always")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        (("call.notice_min",), ["call.notice_min"]),
        (("money.share",), ["money.share.floor_price_per_mwh", "money.share.site_ratio"]),
        (("money",), ["money.share.floor_price_per_mwh", "money.share.site_ratio"]),
        (("money.shar",), []),
        (("money.response",), []),
    ],
)
def test_a_group_is_unverified_where_a_field_of_it_is(fields: tuple[str, ...], named: list[str]) -> None:
    assert unverified_of(shipped_products()["example-cn-sichuan"], fields) == named
