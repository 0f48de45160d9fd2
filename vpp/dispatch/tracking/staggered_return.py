"""When sites are let go, so that what comes back of all of them together stays within limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Return:
    """What comes back of a site once it is let go.

    Attributes:
        site_id: The site.
        rebound_kw: Expected rebound per interval after its release, kW, 0 or more. Shape (T,) of any.
        offset: How long after the end it is let go as planned.
    """

    site_id: str
    rebound_kw: tuple[float, ...]
    offset: timedelta


@dataclass(frozen=True, slots=True, eq=False)
class ReturnLimit:
    """How much may come back of some sites together: a connection, a feeder, a zone.

    Attributes:
        name: Its name.
        site_ids: The sites behind it.
        room_kw: Rebound that it bears per interval after the end, kW; what follows is as the last. Shape
            (T,), at least one.
    """

    name: str
    site_ids: frozenset[str]
    room_kw: tuple[float, ...]


def staggered_return(
    returns: Sequence[Return], limits: Sequence[ReturnLimit], step: timedelta, longest_delay: timedelta
) -> dict[str, timedelta]:
    """Choose the offsets at which sites are let go.

    Sites keep their planned offset unless a limit would be broken; then they are let go later, one
    after the other, those with the smallest rebound first. A site for which no delay within the longest
    helps is let go as planned: holding it back for ever is no answer, and its own guard still holds
    its connection's limit.

    Args:
        returns: What comes back of each site.
        limits: What connections, feeders and zones bear.
        step: Length of an interval; delays are counted in whole ones.
        longest_delay: Longest delay beside the planned offset.

    Returns:
        Offset by site, of those that are let go later than planned.

    Example:
        >>> quarter, none = timedelta(minutes=15), timedelta(0)
        >>> both = [Return("a", (100.0, 50.0), none), Return("b", (100.0, 50.0), none)]
        >>> feeder = ReturnLimit("feeder", frozenset({"a", "b"}), (160.0,))
        >>> staggered_return(both, [feeder], quarter, 2 * quarter)
        {'b': datetime.timedelta(seconds=900)}
    """
    longest = longest_delay // step
    length = max((len(each.rebound_kw) for each in returns), default=0) + longest + 1
    used = [np.zeros(length) for _ in limits]
    rooms = [_padded(limit.room_kw, length) for limit in limits]
    behind: Mapping[str, list[int]] = {
        each.site_id: [n for n, limit in enumerate(limits) if each.site_id in limit.site_ids]
        for each in returns
    }
    later = {}
    for each in sorted(returns, key=lambda one: (max(one.rebound_kw, default=0.0), one.site_id)):
        concerned = behind[each.site_id]
        fitting = (
            shift
            for shift in range(longest + 1)
            if all(
                np.all(used[n] + _shifted(each.rebound_kw, shift, length) <= rooms[n] + 1e-9)
                for n in concerned
            )
        )
        shift = next(fitting, 0)
        for n in concerned:
            used[n] += _shifted(each.rebound_kw, shift, length)
        if shift:
            later[each.site_id] = max(each.offset, shift * step)
    return later


def _padded(room_kw: Sequence[float], length: int) -> npt.NDArray[np.float64]:
    return np.array([*room_kw, *[room_kw[-1]] * length][:length])


def _shifted(rebound_kw: Sequence[float], shift: int, length: int) -> npt.NDArray[np.float64]:
    values = np.zeros(length)
    values[shift : shift + len(rebound_kw)] = rebound_kw
    return values
