"""What a charge is about that settles no delivery of one site: an adjustment, or an event's rounding."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChargeSubject:
    """What a charge without a delivery of its own is about.

    Attributes:
        event_id: The event; empty for none.
        site_id: The site; empty for none.
        product_id: The event's product; empty where that is not known.
        product_version: Version of its rules; None where that is not known.
        time_zone: IANA name of the civil time of `local_start`.
        adjustment_id: The adjustment; empty for none.
    """

    event_id: str = ""
    site_id: str = ""
    product_id: str = ""
    product_version: int | None = None
    time_zone: str = "UTC"
    adjustment_id: str = ""
