"""What duals make a kW of each bid worth: through its accounts, its migration and its resource."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.duals import Duals
from vpp.auction.verification.telling import Floats, Integers


@dataclass(frozen=True, slots=True)
class AccountWorth:
    """Duals of the balance rows, gathered by bid.

    Attributes:
        own: Worth of a counted kW of each bid in its zone, site and feeders. Shape (n, T).
        zone: Worth of a counted kW in each zone. Shape (Z, T).
        path: Worth of a kW moved along each path. Shape (P, T).
    """

    own: Floats
    zone: Floats
    path: Floats


@dataclass(frozen=True, slots=True)
class Worth:
    """What a kW of each bid is worth by the duals, in thousandths.

    Attributes:
        reduced: Of reduction, before the bid's own rows. Shape (n, N).
        returned: Of rebound or charge. Shape (n, T).
        limits: Duals times right-hand sides of the resource limits.
    """

    reduced: Floats
    returned: Floats
    limits: float

    @classmethod
    def read(cls, book: BookArrays, duals: Duals, accounts: AccountWorth) -> Self:
        """Gather what each bid's kW is worth.

        balance:        contributions - net = 0
        resource_limit: sum of a resource's reductions <= its limit, kW

        Args:
            book: The book.
            duals: The duals; the resource limits' are taken.
            accounts: Duals of the balance rows.

        Returns:
            The worths.
        """
        delivery = book.delivery
        reduced = accounts.own[:, :delivery] * book.counts_reduced[:, None]
        paths = {(path.from_zone, path.to_zone): p for p, path in enumerate(book.book.terms.paths)}
        for i, migration in book.migrations:
            receiving = accounts.zone[book.zones[migration.receiving_zone], :delivery]
            reduced[i] += book.counts_returned[i] * migration.receiving_ratio * receiving
            path = paths.get((book.bids[i].zone, migration.receiving_zone))
            if path is not None:
                reduced[i] += accounts.path[path, :delivery]
        keys = list(book.resources)
        resources = duals.table(
            "resource_limit", {key: place for place, key in enumerate(keys)}, (delivery,), sense=-1
        )
        limits = 0.0
        for key, row in zip(keys, resources, strict=True):
            if row.any():
                reduced[book.resources[key]] += row
                limits += float(row.sum()) * book.book.resource_limit_kw[key]
        return cls(reduced, accounts.own * book.counts_returned[:, None], limits)


def least(reduced_cost: Floats, high: Floats | float) -> float:
    """Return the least that columns from 0 to a limit can add to the bound.

    Args:
        reduced_cost: Reduced cost of each column. Any shape.
        high: Largest value of each column.

    Returns:
        Sum of min(0, reduced cost * limit).

    Example:
        >>> least(np.array([2.0, -3.0]), np.array([10.0, 5.0]))
        -15.0
    """
    return float((np.minimum(reduced_cost, 0.0) * high).sum())


def window_sums(rows: Floats, width: Integers) -> Floats:
    """Add up each row from every interval on over its own number of intervals, as far as it reaches.

    Args:
        rows: Shape (m, T).
        width: How many intervals from each on. Shape (m,).

    Returns:
        sums[t] = rows[t] + ... + rows[t + width - 1]. Shape (m, T).

    Example:
        >>> window_sums(np.array([[1.0, 2.0, 4.0]]), np.array([2])).tolist()
        [[3.0, 6.0, 4.0]]
    """
    count = rows.shape[1]
    running = np.concatenate((np.zeros((len(rows), 1)), np.cumsum(rows, axis=1)), axis=1)
    ends = np.minimum(np.arange(count) + width[:, None], count)
    return np.asarray(np.take_along_axis(running, ends, axis=1) - running[:, :count], dtype=float)
