"""When readings that the hub had no room for are sent again."""

from datetime import datetime, timedelta

from vpp.v1 import session_pb2


class Pacing:
    """Holds readings back for as long as an overloaded hub asks for, in the machine's time."""

    def __init__(self) -> None:
        """Begin with nothing held back."""
        self._again_at: datetime | None = None

    def refused(self, refusal: session_pb2.Refusal, machine_now: datetime) -> None:
        """Take note of a refusal; only one of readings that says when to try again counts."""
        if refusal.refused_message == "telemetry" and refusal.HasField("retry_delay"):
            delay: timedelta = refusal.retry_delay.ToTimedelta()
            self._again_at = machine_now + delay

    def reset(self) -> None:
        """Begin anew with a session, in which everything is sent again anyway."""
        self._again_at = None

    def holds(self, machine_now: datetime) -> bool:
        """Tell whether readings have to wait."""
        return self._again_at is not None and machine_now < self._again_at

    def is_over(self, machine_now: datetime) -> bool:
        """Tell once that a wait is over: what was refused is to be sent again."""
        if self._again_at is None or machine_now < self._again_at:
            return False
        self._again_at = None
        return True
