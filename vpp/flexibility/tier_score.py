r"""How well jobs of several tiers fared in an event, as one figure.

Each job's performance q_j (its work rate over that at full speed) counts with the floor f_j that its
tier guarantees, since who may be slowed down more should weigh less:

    score = sum_j f_j q_j / sum_j f_j,    f = 1 - largest cut of the tier

Source:
    Field trial of May 2025 in Phoenix, ai-emerald/emerald-ai-demo-may-2025, Fig2_data.xlsx: weights are
    the floors over their sum.
"""

from collections.abc import Sequence

from vpp.flexibility.bounds import check_within
from vpp.flexibility.job_class import Tier
from vpp.foundation.errors import InvalidInput


def floor_ratio(tier: Tier) -> float:
    """Return the least average performance that a tier guarantees, 0..1.

    Example:
        >>> floor_ratio(Tier.FLEX2)
        0.75
    """
    return 1.0 - tier.value


def weighted_performance_ratio(jobs: Sequence[tuple[Tier, float]]) -> float:
    """Return the performance of an event over all jobs, weighted by their floors.

    Args:
        jobs: Tier and performance of each job; 1 is full speed.

    Raises:
        InvalidInput: There is no job, or a performance is negative.

    Example:
        >>> weighted_performance_ratio([(Tier.FLEX2, 1.0), (Tier.FLEX3, 0.5)])
        0.8
    """
    if not jobs:
        raise InvalidInput("jobs is empty, expected at least one")
    for _, performance in jobs:
        check_within(performance, "performance")
    weights = [floor_ratio(tier) for tier, _ in jobs]
    achieved = sum(weight * performance for weight, (_, performance) in zip(weights, jobs, strict=True))
    return achieved / sum(weights)


def breaches(jobs: Sequence[tuple[Tier, float]]) -> tuple[int, ...]:
    """Return the positions of jobs that fell below their tier's floor."""
    return tuple(n for n, (tier, performance) in enumerate(jobs) if performance < floor_ratio(tier) - 1e-9)
