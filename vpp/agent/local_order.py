"""What a person at the site tells the agent."""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vpp.agent.mode import Mode
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import checked_id

LONGEST_TEXT = 200
LONGEST_TEST = timedelta(hours=4)


class OrderKind(enum.Enum):
    """What is ordered.

    Attributes:
        VETO: Say no to everything, to events of a pattern, or to the use of a resource.
        ALLOW: Take such a veto back.
        CONFIRM: Say yes to what waits for a person.
        DECLINE: Say no to it.
        MODE: Say who decides from now on.
        TEST: Try what a resource does when it is commanded.
        STOP_TEST: End such a try.
    """

    VETO = "veto"
    ALLOW = "allow"
    CONFIRM = "confirm"
    DECLINE = "decline"
    MODE = "mode"
    TEST = "test"
    STOP_TEST = "stop_test"


@dataclass(frozen=True, slots=True)
class LocalOrder:
    """One order.

    Attributes:
        order_id: Names it, so that it has its effect once, however often it is found.
        kind: What is ordered.
        subject: What it is about: `site`, `resources/{resource}` or an event's name or pattern for
            vetoes; a name on the wire for decisions; the mode; the resource of a test.
        made_at: When it was given, UTC.
        expires_at: Not to be taken up from this instant on, UTC; None for no such limit.
        made_by: Who gave it, as the machine knows them.
        kw: With a test, the change: a reduction above 0, an increase below 0, kW.
        duration: With a test, how long.
    """

    order_id: str
    kind: OrderKind
    subject: str
    made_at: datetime
    expires_at: datetime | None = None
    made_by: str = ""
    kw: float = 0.0
    duration: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        """Refuse an order that says nothing, or too much."""
        checked_id(self.order_id, "order_id")
        for field in ("subject", "made_by"):
            value = getattr(self, field)
            if len(value) > LONGEST_TEXT or not value.isprintable():
                raise InvalidInput(
                    f"{field} is {value!r}, expected at most {LONGEST_TEXT} printable characters", field=field
                )
        if self.kind is not OrderKind.STOP_TEST and not self.subject:
            raise InvalidInput(f"subject of {self.kind.value} is empty, expected what it is about")
        for field in ("made_at", "expires_at"):
            value = getattr(self, field)
            if value is not None and value.utcoffset() != timedelta(0):
                raise InvalidInput(f"{field} is {value}, expected an instant in UTC", field=field)
        if self.kind is OrderKind.MODE:
            _mode_of(self.subject)
        if self.kind is OrderKind.TEST:
            if not math.isfinite(self.kw) or self.kw == 0.0:
                raise InvalidInput(f"kw is {self.kw}, expected a finite number other than 0")
            if not timedelta(0) < self.duration <= LONGEST_TEST:
                raise InvalidInput(
                    f"duration is {self.duration}, expected above 0 and at most {LONGEST_TEST}"
                )

    @property
    def mode(self) -> Mode:
        """The mode that is ordered."""
        return _mode_of(self.subject)

    def document(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {
            "order_id": self.order_id,
            "kind": self.kind.value,
            "subject": self.subject,
            "made_at": self.made_at.isoformat(),
            "expires_at": None if self.expires_at is None else self.expires_at.isoformat(),
            "made_by": self.made_by,
            "kw": self.kw,
            "duration_s": self.duration.total_seconds(),
        }

    def is_expired(self, now: datetime) -> bool:
        """Tell whether it is too late to take it up."""
        return self.expires_at is not None and now >= self.expires_at


def _mode_of(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise InvalidInput(
            f"mode is {text!r}, expected one of {', '.join(mode.value for mode in Mode)}", mode=text
        ) from None


def order_of(document: Mapping[str, Any]) -> LocalOrder:
    """Read an order from its document.

    Raises:
        InvalidInput: A field is missing, unknown or nonsense.

    Example:
        >>> from datetime import UTC
        >>> order = LocalOrder("a-1", OrderKind.VETO, "site", datetime(2026, 3, 2, tzinfo=UTC))
        >>> order_of(order.document()) == order
        True
    """
    known = {"order_id", "kind", "subject", "made_at", "expires_at", "made_by", "kw", "duration_s"}
    unknown = sorted(set(document) - known)
    if unknown:
        raise InvalidInput(f"an order has unknown fields {', '.join(unknown)}")
    try:
        expires_at = document["expires_at"]
        return LocalOrder(
            order_id=str(document["order_id"]),
            kind=OrderKind(document["kind"]),
            subject=str(document["subject"]),
            made_at=datetime.fromisoformat(document["made_at"]),
            expires_at=None if expires_at is None else datetime.fromisoformat(expires_at),
            made_by=str(document["made_by"]),
            kw=float(document["kw"]),
            duration=timedelta(seconds=float(document["duration_s"])),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"an order cannot be read: {error!r}") from error
