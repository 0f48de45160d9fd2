"""The limits by which readings are validated and estimated."""

from dataclasses import dataclass
from datetime import timedelta

from vpp.foundation.errors import InvalidInput
from vpp.telemetry.reading_flag import ReadingFlag

# Goes up with every change that can change an edited value or a flag.
EDITING_VERSION = "editing-1"


@dataclass(frozen=True, slots=True)
class EditRules:
    """How readings are validated and estimated.

    Attributes:
        linear_gap: Longest gap that is filled by a line between its neighbours.
        like_gap: Longest gap that is filled from like days; longer ones stay empty.
        like_count: Like readings that an estimate is the mean of, at least 1; the nearest in time.
        like_span: How far away, before or after, a like reading may lie.
        neighbour_span: How much on either side of a gap scales the like days.
        max_scale_ratio: The scaling stays between this and its inverse: beyond it the neighbours say
            more about themselves than about the gap.
        spike_ratio: How many times the largest reading of `spike_history` makes a spike.
        spike_history: What a spike is compared with.
        min_spike_history: Readings that must precede before a spike can be told at all.
        longest_spike: A run above the line that lasts longer is a new level, not a spike.
        stuck: How long one non-zero value must repeat to be flagged.
        is_zero_missing: Whether a site that never rests shows no zeros: a zero is then a gap.
        is_export_expected: Whether a negative reading is ordinary and not flagged.
        replaced: Readings with any of these flags are replaced by estimates; the others stay.

    Source:
        Gaps, spikes and flat lines: the project's rules for meter data. Zero as missing: CalTRACK
        methods 2.0, section 2.
    """

    linear_gap: timedelta = timedelta(hours=2)
    like_gap: timedelta = timedelta(days=7)
    like_count: int = 6
    like_span: timedelta = timedelta(days=45)
    neighbour_span: timedelta = timedelta(hours=2)
    max_scale_ratio: float = 2.0
    spike_ratio: float = 3.0
    spike_history: timedelta = timedelta(days=30)
    min_spike_history: timedelta = timedelta(days=1)
    longest_spike: timedelta = timedelta(hours=2)
    stuck: timedelta = timedelta(hours=4)
    is_zero_missing: bool = False
    is_export_expected: bool = False
    replaced: ReadingFlag = (
        ReadingFlag.SPIKE
        | ReadingFlag.ZERO
        | ReadingFlag.CONFLICT
        | ReadingFlag.RESET
        | ReadingFlag.REPORTED_BAD
    )

    def __post_init__(self) -> None:
        """Refuse limits that mean nothing."""
        for name in ("like_count", "max_scale_ratio", "spike_ratio"):
            value = getattr(self, name)
            if not value >= 1:
                raise InvalidInput(f"{name} is {value}, expected at least 1", **{name: str(value)})
        if self.linear_gap > self.like_gap:
            raise InvalidInput(
                f"linear_gap is {self.linear_gap}, expected at most like_gap, {self.like_gap}",
                linear_gap=str(self.linear_gap),
            )
