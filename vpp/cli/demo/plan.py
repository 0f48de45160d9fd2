"""When what happens in the demo, and how fast the clock runs meanwhile."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vpp.foundation.clock import Speed
from vpp.foundation.interval import Interval

ZONE = "north"
AUCTION_PRODUCT = "example-peak-shaving"
EMERGENCY_PRODUCT = "example-emergency"
EVENING_ID = "evening-peak"
EMERGENCY_ID = "emergency"
EVENING_TARGET_RATIO = 0.15
EMERGENCY_TARGET_RATIO = 0.08
CAP_PRICE_PER_MWH = "900"

# Factors of the clock, from instants given as hours after noon of the day before delivery. Slow where
# people, solvers and sites need their time, fast where nothing is due.
_SPEEDS = (
    (-0.5, 180.0),  # sites enrol and upload their history
    (0.0, 1200.0),  # tomorrow is forecast
    (0.9, 400.0),  # the auction opens
    (1.3, 1800.0),
    (2.3, 450.0),  # the gate closes, the auction is cleared
    (2.8, 7200.0),  # the night
    (24.0, 720.0),
    (24.9, 240.0),  # the emergency is called
    (25.55, 1200.0),  # and delivered
    (26.6, 3600.0),
    (28.8, 720.0),  # evening: delivery begins, one agent is killed
    (29.7, 450.0),  # and comes back
    (30.2, 1800.0),
    (31.6, 4800.0),  # measured and settled
)


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """The demo's day.

    Attributes:
        begin: The clock's first instant: shortly before noon of the day before delivery, UTC.
        forecast: When the delivery day is forecast.
        auction_opens: When the operator opens the auction.
        gate_closes: Until when bids are taken.
        emergency_called: When the operator calls the emergency.
        emergency: Its delivery.
        killed: When one agent's process is killed.
        restarted: When it is started again.
        evening: Delivery of the auction.
        statements_due: When the statements should be there.
        end: When the demo gives up waiting for them.
        speeds: Profile of the clock.
    """

    begin: datetime
    forecast: datetime
    auction_opens: datetime
    gate_closes: datetime
    emergency_called: datetime
    emergency: Interval
    killed: datetime
    restarted: datetime
    evening: Interval
    statements_due: datetime
    end: datetime
    speeds: tuple[Speed, ...]

    @property
    def day(self) -> Interval:
        """The delivery day, midnight to midnight UTC."""
        midnight = self.evening.start.replace(hour=0, minute=0)
        return Interval(midnight, midnight + timedelta(days=1))


def make_plan(noon_before: datetime, speed_ratio: float) -> DemoPlan:
    """Lay out the day.

    Args:
        noon_before: Noon UTC of a Monday to Thursday, so that delivery falls on a weekday.
        speed_ratio: Multiplies every speed of the clock; above 0.
    """
    day = noon_before + timedelta(hours=12)
    auction_opens = noon_before + timedelta(hours=1)
    gate_closes = noon_before + timedelta(hours=2, minutes=30)
    emergency_called = day + timedelta(hours=13)
    emergency = Interval(day + timedelta(hours=13, minutes=30), day + timedelta(hours=14, minutes=30))
    evening = Interval(day + timedelta(hours=17), day + timedelta(hours=19))
    statements_due = evening.end + timedelta(hours=2, minutes=30)
    return DemoPlan(
        begin=noon_before + timedelta(hours=_SPEEDS[0][0]),
        forecast=noon_before,
        auction_opens=auction_opens,
        gate_closes=gate_closes,
        emergency_called=emergency_called,
        emergency=emergency,
        killed=evening.start + timedelta(minutes=25),
        restarted=evening.start + timedelta(minutes=50),
        evening=evening,
        statements_due=statements_due,
        end=statements_due + timedelta(hours=6),
        speeds=tuple(
            Speed(noon_before + timedelta(hours=hours), factor * speed_ratio) for hours, factor in _SPEEDS
        ),
    )


def default_noon() -> datetime:
    """Noon of the day before the demo's delivery day: a Tuesday, so delivery is on a Wednesday."""
    return datetime(2026, 3, 3, 12, tzinfo=UTC)
