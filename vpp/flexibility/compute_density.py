"""What a curtailed kW costs in lost compute, by hardware.

Hardware that needs more power for the same work loses less work per kW curtailed, so a site with two
kinds of it curtails the less efficient first. At the same value of a unit of compute the ratio of the
two is the ratio of their reservation prices before the tariff.
"""

from dataclasses import dataclass

from vpp.flexibility.bounds import check_above_zero


@dataclass(frozen=True, slots=True)
class Hardware:
    """A system of accelerators, with all that it takes to run them.

    Attributes:
        name: In the site's words.
        power_kw: At full speed, kW.
        compute_pflops: Work rate at full speed, PFLOPS of one stated precision.
    """

    name: str
    power_kw: float
    compute_pflops: float

    def __post_init__(self) -> None:
        """Refuse quantities that are not above zero."""
        check_above_zero(self.power_kw, "power_kw")
        check_above_zero(self.compute_pflops, "compute_pflops")

    @property
    def kw_per_pflops(self) -> float:
        """Power behind a unit of compute."""
        return self.power_kw / self.compute_pflops

    @property
    def pflops_lost_per_kw(self) -> float:
        """Compute lost per kW curtailed by standing still; a power cap loses less (`cap_response`)."""
        return self.compute_pflops / self.power_kw


def least_compute_first(hardware: tuple[Hardware, ...]) -> tuple[Hardware, ...]:
    """Return hardware in the order in which a kW should be curtailed.

    Example:
        >>> [each.name for each in least_compute_first((Hardware("b", 1.0, 2.0), Hardware("a", 2.0, 1.0)))]
        ['a', 'b']
    """
    return tuple(sorted(hardware, key=lambda each: (each.pflops_lost_per_kw, each.name)))
