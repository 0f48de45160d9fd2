"""What the hub's owner sets about tax and payment: figures of the owner, never advice of ours."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Self

from pydantic import Field, model_validator

from vpp.foundation.errors import InvalidInput
from vpp.hub.setting_types import Group, Id
from vpp.settlement.line_code import LineCode
from vpp.settlement.payment_terms import (
    DueRule,
    FreeDay,
    PaymentBook,
    PaymentMethod,
    PaymentTerms,
    TaxRate,
    TaxRounding,
)


class RateSettings(Group):
    """One rate of tax.

    Attributes:
        rate: Tax on the sum of the lines, 0..1.
        code: Name of the rate in the party's books.
        lines: Line codes that it is about, lower case; empty for all that no other rate names.
    """

    rate: Decimal = Field(ge=0, le=1)
    code: str = Field(min_length=1, max_length=40)
    lines: tuple[LineCode, ...] = ()


class DueSettings(Group):
    """When a balance is due; one of the two ways.

    Attributes:
        days_after_statement: Days after the statement was written.
        months_after_period: Months after the settlement period.
        day: Day of that month; a shorter month's last day instead.
        free_day: What becomes of a date at a weekend or on a public holiday.
        holiday_country: ISO 3166 code of the country, or part of one, whose public holidays count.
    """

    days_after_statement: int | None = Field(default=None, ge=0, le=366)
    months_after_period: int | None = Field(default=None, ge=0, le=24)
    day: int = Field(default=31, ge=1, le=31)
    free_day: FreeDay = FreeDay.STAY
    holiday_country: str = ""


class TaxSettings(Group):
    """Tax and payment of one party, or of all that have no terms of their own.

    Attributes:
        party_id: The party; absent for all others.
        rates: Rates of tax; lines that none is about are shown without.
        rounding: How each rate's tax is rounded to the minor unit.
        payment_method: How the balance is paid.
        due: When; absent if that is not agreed.
        invoice_registration_no: Registration of the issuer of qualified invoices.
        self_billing: Whether the payer writes the invoice.
    """

    party_id: Id | None = None
    rates: tuple[RateSettings, ...] = ()
    rounding: TaxRounding = TaxRounding.HALF_UP
    payment_method: PaymentMethod = PaymentMethod.TRANSFER
    due: DueSettings | None = None
    invoice_registration_no: str = Field(default="", max_length=40)
    self_billing: bool = False

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        try:
            self.terms()
        except InvalidInput as error:
            raise ValueError(str(error)) from error
        return self

    def terms(self) -> PaymentTerms:
        """Return them as statements take them."""
        due = None
        if self.due is not None:
            due = DueRule(
                self.due.days_after_statement,
                self.due.months_after_period,
                self.due.day,
                self.due.free_day,
                self.due.holiday_country,
            )
        return PaymentTerms(
            rates=tuple(TaxRate(each.rate, each.code, frozenset(each.lines)) for each in self.rates),
            rounding=self.rounding,
            payment_method=self.payment_method,
            due=due,
            invoice_registration_no=self.invoice_registration_no,
            self_billing=self.self_billing,
        )


def payment_book(entries: Sequence[TaxSettings], party_ids: Collection[str]) -> PaymentBook:
    """Put the terms of all parties together.

    Args:
        entries: One per party, and one without for all others.
        party_ids: The parties that there are.

    Raises:
        InvalidInput: Two entries are for the same party, or two for all others, or a party is not known.
    """
    parties = [entry.party_id for entry in entries]
    for party_id in parties:
        if party_id is not None and party_id not in party_ids:
            raise InvalidInput(
                f"settlement.tax is for {party_id}, expected one of the parties", party=party_id
            )
        if parties.count(party_id) > 1:
            whose = f"party {party_id}" if party_id else "all parties without an entry of their own"
            raise InvalidInput(
                f"settlement.tax has {parties.count(party_id)} entries for {whose}, expected one"
            )
    terms = {entry.party_id: entry.terms() for entry in entries}
    default = terms.pop(None, None)
    return PaymentBook(default, {party_id: one for party_id, one in terms.items() if party_id})
