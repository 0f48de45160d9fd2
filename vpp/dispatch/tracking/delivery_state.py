"""What a site makes of its instruction, as its meter shows it."""

import enum
from dataclasses import dataclass

from vpp.dispatch.instruction import InstructionState

_S = InstructionState
OUT_STATES = frozenset({_S.REFUSED, _S.ABORTED, _S.EXPIRED})
"""States of an instruction by which its site delivers nothing more."""
UNANSWERED_STATES = frozenset({_S.CREATED, _S.DELIVERED})
SMALLEST_ASKED_KW = 1e-6


class DeliveryState(enum.Enum):
    """What a site makes of its instruction.

    Attributes:
        WAITING: Told, not answered yet.
        AGREED: Agreed; delivery has not begun, or cannot be judged yet.
        ON_TARGET: Delivers what it is told to, within the product's band.
        UNDER: Delivers less.
        OVER: Delivers more than can be paid.
        SILENT: Its meter has said nothing for two samples.
        OUT: Refused, aborted or expired.
        DONE: Has done its part.
    """

    WAITING = "waiting"
    AGREED = "agreed"
    ON_TARGET = "on_target"
    UNDER = "under"
    OVER = "over"
    SILENT = "silent"
    OUT = "out"
    DONE = "done"

    @property
    def is_under_way(self) -> bool:
        """Whether the site is expected to deliver."""
        return self in _UNDER_WAY


_UNDER_WAY = frozenset(
    {
        DeliveryState.WAITING,
        DeliveryState.AGREED,
        DeliveryState.ON_TARGET,
        DeliveryState.UNDER,
        DeliveryState.OVER,
    }
)


@dataclass(frozen=True, slots=True)
class Band:
    """Between which shares of its target a site's delivery counts as on target.

    Attributes:
        full_ratio: From this share on there is no penalty.
        cap_ratio: Above this multiple nothing more is paid.
    """

    full_ratio: float
    cap_ratio: float

    def judged(self, delivered_kw: float, asked_kw: float) -> DeliveryState:
        """Compare what a site delivers with what it was asked.

        Example:
            >>> Band(0.9, 1.2).judged(60.0, 100.0)
            <DeliveryState.UNDER: 'under'>
        """
        if asked_kw <= SMALLEST_ASKED_KW:
            return DeliveryState.ON_TARGET
        if delivered_kw < self.full_ratio * asked_kw:
            return DeliveryState.UNDER
        if delivered_kw > self.cap_ratio * asked_kw:
            return DeliveryState.OVER
        return DeliveryState.ON_TARGET


def state_of(
    answer: InstructionState,
    band: Band,
    recent: tuple[float, float] | None,
    *,
    has_begun: bool,
    is_silent: bool,
) -> DeliveryState:
    """Say what a site makes of its instruction.

    Args:
        answer: State of its newest instruction.
        band: What counts as on target.
        recent: Mean of what it delivered and was asked in the last samples that can be judged, kW;
            None if none can.
        has_begun: Whether delivery is under way.
        is_silent: Whether its meter has said nothing for two samples.
    """
    if answer in OUT_STATES:
        return DeliveryState.OUT
    if answer is InstructionState.COMPLETED:
        return DeliveryState.DONE
    if has_begun and is_silent:
        return DeliveryState.SILENT
    if recent is None:
        return DeliveryState.WAITING if answer in UNANSWERED_STATES else DeliveryState.AGREED
    return band.judged(*recent)
