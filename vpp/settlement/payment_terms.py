"""Tax and payment as a party has configured them: never advice, nothing is assumed.

What a payment for flexibility is to the tax office differs from place to place and is often unsettled, so
rates, codes and dates come from the hub's settings alone. Tax is reckoned once per statement and rate, on the
sum of rounded lines, and never enters the ledger.

Source:
    Settlement reference, section 2, rule 2, and section 4: the Japanese qualified invoice rounds tax once per
    invoice and rate. That a rate may be about some line codes alone is ours.
"""

import calendar
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

from vpp.foundation.errors import InvalidInput
from vpp.foundation.money import minor_unit
from vpp.settlement.line_code import LineCode
from vpp.settlement.version_calendar import ONE_DAY, business_day

MONTHS_PER_YEAR = 12


class PaymentMethod(enum.Enum):
    """How a balance is paid.

    Attributes:
        TRANSFER: By bank transfer.
        BILL_CREDIT: Deducted from or added to the electricity bill.
    """

    TRANSFER = "transfer"
    BILL_CREDIT = "bill_credit"


class TaxRounding(enum.Enum):
    """How tax is rounded to the minor unit; the signs of payments and charges are treated alike.

    Attributes:
        HALF_UP: To the nearest; halves away from zero.
        DOWN: Towards zero.
        UP: Away from zero.
    """

    HALF_UP = "half_up"
    DOWN = "down"
    UP = "up"


_DECIMAL_ROUNDING = {
    TaxRounding.HALF_UP: ROUND_HALF_UP,
    TaxRounding.DOWN: ROUND_DOWN,
    TaxRounding.UP: ROUND_UP,
}


class FreeDay(enum.Enum):
    """What becomes of a due date that is a Saturday, a Sunday or a public holiday.

    Attributes:
        STAY: It stays.
        AFTER: The next business day takes its place.
        BEFORE: The business day before it does.
    """

    STAY = "stay"
    AFTER = "after"
    BEFORE = "before"


@dataclass(frozen=True, slots=True)
class TaxRate:
    """One rate, and what it is about.

    Attributes:
        rate_ratio: Tax on the sum of the lines, 0..1.
        code: Name of the rate in the party's books.
        line_codes: Lines that it is about; empty for all that no other rate names.
    """

    rate_ratio: Decimal
    code: str
    line_codes: frozenset[LineCode] = frozenset()


@dataclass(frozen=True, slots=True)
class DueRule:
    """When a balance is due: some days after the statement, or on a day of a month after the period.

    Attributes:
        days_after_statement: Days after the statement was written, UTC; None with the other way.
        months_after_period: Months after the settlement period; None with the other way.
        day: Day of that month; a shorter month's last day instead.
        free_day: What becomes of a date that is no business day.
        country: ISO 3166 code of the country, or part of one, whose public holidays are no business days;
            empty where only weekends are none.
    """

    days_after_statement: int | None = None
    months_after_period: int | None = None
    day: int = 31
    free_day: FreeDay = FreeDay.STAY
    country: str = ""

    def __post_init__(self) -> None:
        """Refuse both ways at once and neither, and places without known holidays."""
        business_day(date(2026, 1, 1), 1, self.country)
        if (self.days_after_statement is None) == (self.months_after_period is None):
            raise InvalidInput("a due rule has either days_after_statement or months_after_period")

    def due_on(self, period: str, written_on: date) -> date:
        """Return the day on which a statement's balance is due.

        Args:
            period: Settlement period, YYYY-MM.
            written_on: When the statement was written.

        Example:
            >>> DueRule(months_after_period=2).due_on("2025-12", date(2026, 1, 8))
            datetime.date(2026, 2, 28)
            >>> DueRule(days_after_statement=30).due_on("2025-12", date(2026, 1, 8))
            datetime.date(2026, 2, 7)
            >>> DueRule(months_after_period=2, free_day=FreeDay.BEFORE).due_on("2025-12", date(2026, 1, 8))
            datetime.date(2026, 2, 27)
        """
        day = self._agreed_on(period, written_on)
        if self.free_day is FreeDay.STAY:
            return day
        step = -ONE_DAY if self.free_day is FreeDay.BEFORE else ONE_DAY
        while business_day(day - ONE_DAY, 1, self.country) != day:
            day += step
        return day

    def _agreed_on(self, period: str, written_on: date) -> date:
        if self.days_after_statement is not None:
            return written_on + timedelta(days=self.days_after_statement)
        months = int(period[:4]) * MONTHS_PER_YEAR + int(period[5:7]) - 1 + (self.months_after_period or 0)
        year, month = divmod(months, MONTHS_PER_YEAR)
        return date(year, month + 1, min(self.day, calendar.monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """Tax and payment of one party.

    Attributes:
        rates: Rates; lines that none is about are shown without tax.
        rounding: How each rate's tax is rounded.
        payment_method: How the balance is paid.
        due: When; None if that is not agreed.
        invoice_registration_no: Registration of the issuer of qualified invoices; empty if none.
        self_billing: Whether the payer writes the invoice.
    """

    rates: tuple[TaxRate, ...] = ()
    rounding: TaxRounding = TaxRounding.HALF_UP
    payment_method: PaymentMethod = PaymentMethod.TRANSFER
    due: DueRule | None = None
    invoice_registration_no: str = ""
    self_billing: bool = False

    def __post_init__(self) -> None:
        """Refuse rates outside 0..1, and lines that two rates are about."""
        named: list[LineCode] = []
        for rate in self.rates:
            if not 0 <= rate.rate_ratio <= 1:
                raise InvalidInput(
                    f"rate {rate.code!r} is {rate.rate_ratio}, expected 0 to 1", rate=rate.code
                )
            named += rate.line_codes
        if len(named) != len(set(named)) or sum(not rate.line_codes for rate in self.rates) > 1:
            codes = ", ".join(repr(rate.code) for rate in self.rates)
            raise InvalidInput(f"rates {codes} are about the same lines, expected one rate for each line")

    def codes_by_rate(self) -> list[tuple[TaxRate | None, frozenset[LineCode]]]:
        """Return which lines each rate is about, in the order of the rates; None last, for what is left."""
        left = frozenset(LineCode).difference(*(rate.line_codes for rate in self.rates))
        shares: list[tuple[TaxRate | None, frozenset[LineCode]]] = [
            (rate, rate.line_codes or left) for rate in self.rates
        ]
        if all(rate.line_codes for rate in self.rates):
            shares.append((None, left))
        return shares

    def tax(self, rate: TaxRate, base: Decimal, currency: str) -> Decimal:
        """Return the tax on a sum, a whole number of minor units.

        Args:
            rate: The rate.
            base: Sum of rounded lines; positive is paid to the party.
            currency: ISO 4217 code.
        """
        exact = base * rate.rate_ratio
        return (
            exact.quantize(minor_unit(currency), _DECIMAL_ROUNDING[self.rounding]) + minor_unit(currency) * 0
        )


@dataclass(frozen=True, slots=True)
class PaymentBook:
    """The terms of all parties.

    Attributes:
        default: Terms of parties that have none of their own; None assumes nothing.
        by_party: Terms by party id.
    """

    default: PaymentTerms | None = None
    by_party: Mapping[str, PaymentTerms] = field(default_factory=dict)

    def terms_of(self, party_id: str) -> PaymentTerms | None:
        """Return a party's terms; None where nothing is configured."""
        return self.by_party.get(party_id, self.default)
