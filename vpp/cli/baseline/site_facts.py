"""What differs from one site of a fleet to the next."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What is known of a site besides its meter.

    Attributes:
        time_zone: IANA name of its civil time.
        holidays: ISO 3166 code of the place whose public holidays it keeps; None for none.
        contract_kw: Contract capacity, kW.
        export_limit_kw: Largest export, kW.
        nominated_kw: Level it nominated, such as its peak load contribution, kW.
    """

    time_zone: str
    holidays: str | None = None
    contract_kw: float | None = None
    export_limit_kw: float | None = None
    nominated_kw: float | None = None
