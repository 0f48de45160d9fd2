"""What the hub's owner sets about settlement."""

from pathlib import Path

from pydantic import Field, field_validator

from vpp.foundation.money import MINOR_DIGITS
from vpp.hub.setting_types import Group
from vpp.hub.tax_settings import TaxSettings
from vpp.settlement.version_calendar import VersionCalendar
from vpp.workflows.settlement_rules import SettlementRules


class SettlementSettings(Group):
    """How periods are settled.

    Dates are parameters, not law: what they are by default is this project's proposal (see
    `vpp.settlement.version_calendar`).

    Attributes:
        home_currency: ISO 4217 code of the hub's own currency, whose statements do not name it; needed as
            soon as products of several currencies are settled.
        rolling: Whether statements follow each event, after its product's `initial_statement_delay`, and
            late readings the day after they came; else they are written on the dates below alone.
        holiday_country: ISO 3166 code of the country, or part of one, whose public holidays are no business
            days; empty where only weekends are none.
        initial_days: Business days from a month's end to its first version, unless `rolling`.
        recalc_days: Business days from a month's end to each recalculation, unless `rolling`; rising.
        final_days: Business days from a month's end to its final version.
        dispute_days: Business days in which a line may be disputed, once written or changed.
        tax: Tax and payment by party, for summaries; nothing is assumed without.
        emission_factor_file: File of emission factors by zone; without it the CO2 columns stay empty.
    """

    home_currency: str = ""
    rolling: bool = True
    holiday_country: str = ""
    initial_days: int = Field(default=5, ge=1, le=100)
    recalc_days: tuple[int, ...] = (12, 55)
    final_days: int = Field(default=60, ge=1, le=500)
    dispute_days: int = Field(default=20, ge=1, le=500)
    tax: tuple[TaxSettings, ...] = ()
    emission_factor_file: Path | None = None

    @field_validator("home_currency")
    @classmethod
    def _known(cls, currency: str) -> str:
        if currency and currency not in MINOR_DIGITS:
            raise ValueError(
                f"home_currency is {currency!r}, expected one of {', '.join(sorted(MINOR_DIGITS))}"
            )
        return currency


def settlement_rules(settings: SettlementSettings) -> SettlementRules:
    """Turn settings into what workflows take.

    Raises:
        InvalidInput: The dates are out of order, or the country's holidays are not known.
    """
    return SettlementRules(
        home_currency=settings.home_currency,
        rolling=settings.rolling,
        calendar=VersionCalendar(
            country=settings.holiday_country,
            initial_days=settings.initial_days,
            recalc_days=settings.recalc_days,
            final_days=settings.final_days,
            dispute_days=settings.dispute_days,
        ),
    )
