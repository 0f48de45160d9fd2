"""What is on or off in the hours to come, as the newest schedule has decided it.

A schedule takes longer than a control step may wait, so it is made beside it, when something is agreed and
again at every step. The splits hold what the newest one says, and search for no whole numbers themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from vpp.flexibility.planning.site_terms import SiteTerms


@dataclass(frozen=True, slots=True)
class Decided:
    """The decisions of one schedule.

    Attributes:
        start: Start of its first interval, UTC.
        step: Length of its intervals.
        is_on: Whether a group is paused or a generator runs, by the id of the part. Shape (N,) each.
    """

    start: datetime
    step: timedelta
    is_on: Mapping[str, tuple[bool, ...]]

    def on_grid(
        self, site: SiteTerms, start: datetime, step: timedelta, must: Mapping[str, tuple[bool, ...]]
    ) -> dict[str, tuple[bool, ...]]:
        """Return the decisions for another horizon.

        What is not decided begins nothing, and what must go on does.

        Args:
            site: The site over that horizon.
            start: Start of its first interval, UTC.
            step: Length of its intervals.
            must: What must go on, by the id of each part that can be on or off. Shape (N,) each.

        Example:
            >>> from datetime import UTC
            >>> from vpp.flexibility.planning.terms import GeneratorTerms, flat
            >>> noon, hour = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(hours=1)
            >>> genset = GeneratorTerms("genset", 10.0, flat(50.0, 3), (True,) * 3, 9.0)
            >>> site = SiteTerms(1.0, flat(100.0, 3), flat(0.1, 3), flat(200.0, 3), (genset,))
            >>> decided = Decided(noon, hour, {"genset": (False, True, True)})
            >>> decided.on_grid(site, noon + hour, hour, {"genset": (False,) * 3})
            {'genset': (True, True, False)}
        """
        found = {}
        for key, goes_on in must.items():
            flags = self.is_on.get(key, ())
            places = [(start + n * step - self.start) // self.step for n in range(site.interval_count)]
            said = [0 <= place < len(flags) and flags[place] for place in places]
            found[key] = tuple(one or other for one, other in zip(said, goes_on, strict=True))
        return found
