from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from vpp.foundation.errors import InvalidInput
from vpp.hub.tax_settings import TaxSettings, payment_book
from vpp.settlement.line_code import LineCode
from vpp.settlement.payment_terms import PaymentMethod, PaymentTerms, TaxRate, TaxRounding

JAPAN = {
    "party_id": "acme",
    "rates": [{"rate": "0.10", "code": "JP-10", "lines": ["energy", "availability"]}],
    "rounding": "down",
    "payment_method": "bill_credit",
    "due": {"months_after_period": 2},
    "invoice_registration_no": "T0000000000000",
    "self_billing": True,
}


def test_settings_become_the_terms_of_a_party() -> None:
    terms = TaxSettings.model_validate(JAPAN).terms()
    due = terms.due
    assert due is not None
    assert due.due_on("2026-03", date(2026, 4, 9)) == date(2026, 5, 31)
    assert terms == PaymentTerms(
        rates=(TaxRate(Decimal("0.10"), "JP-10", frozenset({LineCode.ENERGY, LineCode.AVAILABILITY})),),
        rounding=TaxRounding.DOWN,
        payment_method=PaymentMethod.BILL_CREDIT,
        due=due,
        invoice_registration_no="T0000000000000",
        self_billing=True,
    )


def test_nothing_is_assumed() -> None:
    assert TaxSettings().terms() == PaymentTerms()
    assert payment_book([], ["acme"]).terms_of("acme") is None


def test_parties_without_terms_of_their_own_have_the_default() -> None:
    everyone = TaxSettings(invoice_registration_no="for all")
    book = payment_book([everyone, TaxSettings.model_validate(JAPAN)], ["acme", "bolt"])
    own, default = book.terms_of("acme"), book.terms_of("bolt")
    assert own is not None
    assert default is not None
    assert (own.rounding, default.invoice_registration_no) == (TaxRounding.DOWN, "for all")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rates": [{"rate": "1.1", "code": "x"}]}, "rate"),
        ({"rates": [{"rate": 0.1, "code": ""}]}, "code"),
        ({"rates": [{"rate": 0.1, "code": "x", "lines": ["energie"]}]}, "lines"),
        ({"rates": [{"rate": 0.1, "code": "x"}, {"rate": 0.2, "code": "y"}]}, "are about the same lines"),
        ({"due": {}}, "either days_after_statement or months_after_period"),
        ({"due": {"days_after_statement": 1, "months_after_period": 1}}, "either days_after_statement"),
        ({"due": {"months_after_period": 1, "day": 32}}, "day"),
        ({"rounding": "bankers"}, "rounding"),
        ({"payment_method": "cash"}, "payment_method"),
        ({"party_id": "../x"}, "party_id"),
        ({"vat": 1}, "vat"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TaxSettings.model_validate(JAPAN | change)


@pytest.mark.parametrize(
    ("party_ids", "message"),
    [
        (["acme", "acme"], "2 entries for party acme"),
        ([None, None], "2 entries for all parties without an entry of their own"),
        (["nobody"], "is for nobody, expected one of the parties"),
    ],
)
def test_each_party_is_configured_once(party_ids: list[str | None], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        payment_book([TaxSettings(party_id=party_id) for party_id in party_ids], ["acme"])
