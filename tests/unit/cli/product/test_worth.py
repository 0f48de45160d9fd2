"""What delivery is worth at some shares of the commitment, as `vpp product show` tells it."""

from fractions import Fraction

import pytest
from support.products import changed_product, shipped_products

from vpp.cli.product.worth import depends_on_delivery, example_shares, worth_at


def worths(product_id: str, *shares: str) -> list[tuple[Fraction, Fraction]]:
    money = shipped_products()[product_id].money
    return [(each.paid, each.penalised) for each in worth_at(money, [Fraction(share) for share in shares])]


def fractions(*pairs: tuple[str, str]) -> list[tuple[Fraction, Fraction]]:
    return [(Fraction(paid), Fraction(penalised)) for paid, penalised in pairs]


def test_sichuan_pays_half_above_its_bend_and_assesses_what_is_paid() -> None:
    assert worths("example-cn-sichuan", "0.8", "1.1", "1.3") == fractions(
        ("0.8", "0.1"), ("1.1", "0"), ("1.2", "0")
    )


def test_a_band_pays_nothing_below_it_and_no_more_above() -> None:
    assert worths("example-cn-day-ahead", "0.79", "0.8", "1.2", "1.5") == fractions(
        ("0", "0"), ("0.8", "0"), ("1.2", "0"), ("1.2", "0")
    )


def test_what_moves_the_wrong_way_is_short_of_more_than_the_order() -> None:
    assert worths("example-uftp", "1.5", "1", "0.5", "0", "-0.5") == fractions(
        ("1", "0"), ("1", "0"), ("0.5", "0.5"), ("0", "1"), ("0", "1.5")
    )


def test_readiness_alone_pays_no_energy() -> None:
    assert worths("example-nordic-ffr", "0", "1") == fractions(("0", "0"), ("0", "0"))
    assert not depends_on_delivery(shipped_products()["example-nordic-ffr"].money)


@pytest.mark.parametrize(
    ("product_id", "ready"),
    [
        ("example-jp-hatsudo", ["0", "0.5", "1"]),
        ("example-nordic-ffr", ["1", "1", "1"]),
        ("example-uftp", [None, None, None]),
    ],
)
def test_readiness_follows_performance_where_the_terms_say_so(
    product_id: str, ready: list[str | None]
) -> None:
    shares = [Fraction("-0.5"), Fraction("0.5"), Fraction("1.5")]
    found = [each.ready for each in worth_at(shipped_products()[product_id].money, shares)]
    assert found == [None if each is None else Fraction(each) for each in ready]


def test_an_excess_is_charged_for_where_the_terms_say_so() -> None:
    sichuan = shipped_products()["example-cn-sichuan"]
    penalty = {"threshold_ratio": "0.9", "counts": "paid", "price_ratio": "1.1", "excess_above_ratio": "1.1"}
    livelihood = changed_product(
        sichuan,
        money={
            "penalty": penalty,
            "response": {
                "points": [
                    {"delivered_ratio": "0", "paid_ratio": "0"},
                    {"delivered_ratio": "1.1", "paid_ratio": "1.1"},
                ]
            },
        },
    )
    [worth] = worth_at(livelihood.money, [Fraction("1.3")])
    assert (worth.paid, worth.penalised) == (Fraction("1.1"), Fraction("0.2"))
    assert Fraction("1.1") in example_shares(livelihood.money)


@pytest.mark.parametrize("product_id", sorted(shipped_products()))
def test_the_example_shows_every_corner_and_what_lies_just_below_a_step(product_id: str) -> None:
    money = shipped_products()[product_id].money
    shares = example_shares(money)
    assert list(shares) == sorted(set(shares))
    for point in money.response_table.points:
        assert Fraction(point.delivered_ratio) in shares or point.delivered_ratio > 2
    if money.band_low_ratio and money.response is None:
        low = Fraction(money.band_low_ratio)
        below = [share for share in shares if share < low][-1]
        before, at = worth_at(money, [below, low])
        assert (before.paid, at.paid) == (0, low)
        assert low - below == Fraction(1, 100)
