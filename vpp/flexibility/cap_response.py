"""How much work a power cap costs.

Data: throughput lost for a measured cut in the power of 400 W boards, derived from
`data/dvfs_sweep.csv` of ai-emerald/emerald-ai-demo-may-2025, Apache License 2.0
(http://www.apache.org/licenses/LICENSE-2.0). Changes made: cut and loss computed against the
400 W cap, linear interpolation between the caps 400, 350, 300, 250, 200 and 100 W, mean and
largest loss over the workloads of a class, rounded to three decimals.

Limits: one board type, six workloads. Cuts beyond about 43 to 49 % lie on a straight line between
the 200 W and the 100 W point and are coarse. The cut is measured power: a cap above what a job
draws changes nothing, so a site learns its own response by a test dispatch and bids its p10.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from vpp.flexibility.bounds import check_within
from vpp.flexibility.job_class import JobClass
from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class CapPoint:
    """One measured point of a class.

    Attributes:
        power_cut_ratio: Cut of the measured power per board, 0..1.
        mean_loss_ratio: Throughput lost, mean over the workloads of the class, 0..1.
        worst_loss_ratio: Throughput lost, largest among the workloads of the class, 0..1.
    """

    power_cut_ratio: float
    mean_loss_ratio: float
    worst_loss_ratio: float


CAP_RESPONSE = MappingProxyType(
    {
        JobClass.BATCH_INFERENCE: (
            CapPoint(0.0, 0.0, 0.0),
            CapPoint(0.05, 0.012, 0.012),
            CapPoint(0.1, 0.025, 0.025),
            CapPoint(0.15, 0.044, 0.044),
            CapPoint(0.2, 0.063, 0.063),
            CapPoint(0.25, 0.085, 0.085),
            CapPoint(0.3, 0.109, 0.109),
            CapPoint(0.35, 0.134, 0.134),
            CapPoint(0.4, 0.169, 0.169),
            CapPoint(0.45, 0.204, 0.204),
            CapPoint(0.5, 0.279, 0.279),
        ),
        JobClass.FINETUNE: (
            CapPoint(0.0, 0.0, 0.0),
            CapPoint(0.05, 0.017, 0.021),
            CapPoint(0.1, 0.034, 0.04),
            CapPoint(0.15, 0.05, 0.057),
            CapPoint(0.2, 0.069, 0.077),
            CapPoint(0.25, 0.089, 0.099),
            CapPoint(0.3, 0.111, 0.121),
            CapPoint(0.35, 0.146, 0.157),
            CapPoint(0.4, 0.182, 0.193),
            CapPoint(0.45, 0.241, 0.254),
            CapPoint(0.5, 0.342, 0.354),
        ),
        JobClass.PRETRAIN: (
            CapPoint(0.0, 0.0, 0.0),
            CapPoint(0.05, 0.033, 0.036),
            CapPoint(0.1, 0.065, 0.073),
            CapPoint(0.15, 0.092, 0.099),
            CapPoint(0.2, 0.116, 0.121),
            CapPoint(0.25, 0.142, 0.149),
            CapPoint(0.3, 0.176, 0.181),
            CapPoint(0.35, 0.21, 0.214),
            CapPoint(0.4, 0.267, 0.27),
            CapPoint(0.45, 0.328, 0.332),
            CapPoint(0.5, 0.397, 0.401),
        ),
    }
)
"""Points per class, cuts rising from none to the largest one measured."""


def _interpolated(value: float, from_points: Sequence[float], to_points: Sequence[float]) -> float:
    """Read a piecewise linear, rising relation; beyond the last point its end holds."""
    for n in range(1, len(from_points)):
        if value <= from_points[n]:
            share = (value - from_points[n - 1]) / (from_points[n] - from_points[n - 1])
            return to_points[n - 1] + share * (to_points[n] - to_points[n - 1])
    return to_points[-1]


def _points(job_class: JobClass) -> tuple[CapPoint, ...]:
    points = CAP_RESPONSE.get(job_class)
    if points is None:
        expected = ", ".join(known.value for known in CAP_RESPONSE)
        raise InvalidInput(
            f"job_class is {job_class.value}, expected one with a measured response to caps: {expected}",
            job_class=job_class.value,
        )
    return points


def largest_measured_cut_ratio(job_class: JobClass) -> float:
    """Return the deepest cut for which the class was measured, 0..1.

    Raises:
        InvalidInput: The class was not measured.
    """
    return _points(job_class)[-1].power_cut_ratio


def mean_loss_ratio(job_class: JobClass, power_cut_ratio: float) -> float:
    """Return the throughput lost to a cap, mean over the class's workloads, 0..1.

    Args:
        job_class: A class with measurements.
        power_cut_ratio: Cut of the measured power, 0 to the largest one measured.

    Raises:
        InvalidInput: The class was not measured, or not at this cut.

    Example:
        >>> mean_loss_ratio(JobClass.FINETUNE, 0.25)
        0.089
    """
    points = _points(job_class)
    check_within(power_cut_ratio, "power_cut_ratio", 0.0, points[-1].power_cut_ratio)
    cuts = [point.power_cut_ratio for point in points]
    return _interpolated(power_cut_ratio, cuts, [point.mean_loss_ratio for point in points])


def worst_loss_ratio(job_class: JobClass, power_cut_ratio: float) -> float:
    """Return the throughput lost to a cap by the class's most sensitive workload, 0..1.

    Args:
        job_class: A class with measurements.
        power_cut_ratio: Cut of the measured power, 0 to the largest one measured.

    Raises:
        InvalidInput: The class was not measured, or not at this cut.

    Example:
        >>> worst_loss_ratio(JobClass.FINETUNE, 0.25)
        0.099
    """
    points = _points(job_class)
    check_within(power_cut_ratio, "power_cut_ratio", 0.0, points[-1].power_cut_ratio)
    cuts = [point.power_cut_ratio for point in points]
    return _interpolated(power_cut_ratio, cuts, [point.worst_loss_ratio for point in points])


def largest_cut_ratio(job_class: JobClass, loss_ratio: float) -> float:
    """Return the deepest cut at which the most sensitive workload loses no more than a share.

    Args:
        job_class: A class with measurements.
        loss_ratio: Throughput that may be lost, 0 or more.

    Returns:
        Cut of the measured power, 0 to the largest one measured.

    Raises:
        InvalidInput: The class was not measured, or the loss is negative.

    Example:
        >>> largest_cut_ratio(JobClass.FINETUNE, 0.099)
        0.25
    """
    points = _points(job_class)
    check_within(loss_ratio, "loss_ratio")
    losses = [point.worst_loss_ratio for point in points]
    return _interpolated(loss_ratio, losses, [point.power_cut_ratio for point in points])
