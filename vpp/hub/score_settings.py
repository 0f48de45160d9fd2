"""What the hub's owner sets about scores of sites and the reliability derate."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from vpp.dispatch.reliability import ReliabilityChoices
from vpp.hub.setting_types import Group, iso_text

LONGEST = timedelta(days=730)
_DEFAULT = ReliabilityChoices()


def _days(value: timedelta) -> timedelta:
    if not timedelta(days=1) <= value <= LONGEST:
        raise ValueError(f"{value} is not between a day and {LONGEST}")
    return value


Days = Annotated[timedelta, BeforeValidator(iso_text), AfterValidator(_days)]


class ScoreSettings(Group):
    """How much of what a site offers counts, by what it has shown. Choices, taken from no source.

    Attributes:
        prior_weight: A site's own word counts as much as this many events of today in which it
            delivered all it was asked for.
        half_life: An event counts half as much after this time.
        horizon: An event older than this counts no more.
        least_ratio: No site is counted at less.
    """

    prior_weight: float = Field(default=_DEFAULT.prior_weight, gt=0, le=1000)
    half_life: Days = _DEFAULT.half_life
    horizon: Days = _DEFAULT.horizon
    least_ratio: float = Field(default=_DEFAULT.least_ratio, gt=0, le=1)

    def choices(self) -> ReliabilityChoices:
        """Return them as the derate takes them."""
        return ReliabilityChoices(
            prior_weight=self.prior_weight,
            half_life=self.half_life,
            horizon=self.horizon,
            least_ratio=self.least_ratio,
        )
