from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from vpp.portfolio.product import ProductProfile
from vpp.settlement.pay_terms import PayTerms, PayTermsOf

Product = Callable[..., ProductProfile]


def test_the_bands_are_read_from_the_parts(product: Product) -> None:
    edges = PayTerms.of(product().money).edges
    assert (edges.low, edges.full, edges.cap) == ((1, 2), (9, 10), (6, 5))
    penalty = {"threshold_ratio": "0.7", "price_ratio": "1"}
    parts = PayTerms.of(product(penalty_formula_id="parts", penalty=penalty).money)
    assert parts.edges.full == (7, 10)  # the penalty's threshold, not the shorthand
    assert PayTerms.of(product(penalty_formula_id="none").money).edges.full == (9, 10)


def test_a_price_is_settled_with_its_factor(product: Product) -> None:
    terms = PayTerms.of(product(price_factor="0.1").money)
    price = terms.price(Decimal("80.123456"))
    assert (str(price.per_mwh), str(price.penalty_per_mwh)) == ("8.012346", "4.006173")
    assert (price.micros, price.penalty_micros) == (8_012_346, 4_006_173)
    assert terms.price(Decimal("80.123456")) is price


def test_without_a_penalty_its_price_is_nothing(product: Product) -> None:
    assert PayTerms.of(product(penalty_formula_id="none").money).price(Decimal(80)).penalty_micros == 0


def test_limits_are_told_apart_from_none(product: Product) -> None:
    assert not PayTerms.of(product().money).is_limited
    assert PayTerms.of(product(limits={"min_paid_kw": "1"}).money).is_limited


def test_every_product_is_read_once(product: Product) -> None:
    terms_of, one, other = PayTermsOf(), product(), product(price_factor="2")
    assert terms_of(one) is terms_of(one)
    assert (terms_of(one).factor, terms_of(other).factor) == (Fraction(1), Fraction(2))
