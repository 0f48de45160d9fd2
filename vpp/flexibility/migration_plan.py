"""Which receivers take how much of the work, for the largest net benefit.

    maximise  sum over used receivers of (b_i W_i - f_i)
    subject to  0 <= W_i <= most_i,  sum W_i <= W

with b_i the benefit per kW moved and f_i what using the receiver costs at all. For a given set of used
receivers the best is to fill them in order of b_i; the sets are tried one by one, so that the answer is
exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations

from vpp.flexibility.migration import MigrationObstacle, Shift, largest_it_kw, obstacle, shift
from vpp.flexibility.migration_site import MigrationEnd, MigrationReceiver, MovableWork
from vpp.flexibility.offer import exact_ratio
from vpp.foundation.errors import InvalidInput

MOST_RECEIVERS = 12
"""4,096 sets of them; an operator with more sites gives those near enough."""


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """Where the work goes.

    Attributes:
        shifts: One per receiver that is used, in order of the receiver's site.
        staying_it_kw: IT power that does not move, kW.
        obstacles: Why each other receiver takes nothing, by its site.
    """

    shifts: tuple[Shift, ...]
    staying_it_kw: float
    obstacles: dict[str, MigrationObstacle]

    @property
    def net_benefit(self) -> Decimal:
        """Payments less costs of all shifts."""
        return sum((each.net_benefit for each in self.shifts), Decimal(0))

    @property
    def avoided_kg(self) -> Decimal:
        """Emissions avoided by all shifts, kg CO2e."""
        return sum((each.avoided_kg for each in self.shifts), Decimal(0))


@dataclass(frozen=True, slots=True)
class _Choice:
    receiver: MigrationReceiver
    most_kw: float
    benefit_per_kw: Decimal


def plan_migration(
    donor: MigrationEnd, work: MovableWork, receivers: Sequence[MigrationReceiver]
) -> MigrationPlan:
    """Choose receivers and amounts.

    Args:
        donor: Where the work runs.
        work: What may move.
        receivers: Where it could go; at most `MOST_RECEIVERS`, each site once, none of them the donor's.

    Returns:
        The plan; without shifts if nothing may move or nothing pays.

    Raises:
        InvalidInput: Too many receivers, a site given twice, or in the donor's own zone.
    """
    _check(donor, receivers)
    obstacles: dict[str, MigrationObstacle] = {}
    choices: list[_Choice] = []
    for receiver in sorted(receivers, key=lambda each: each.end.site_id):
        site_id, blocked = receiver.end.site_id, obstacle(work, receiver)
        most_kw = largest_it_kw(donor, work, receiver)
        if blocked is not None or most_kw <= 0.0:
            obstacles[site_id] = blocked or MigrationObstacle.NO_ROOM
            continue
        whole = shift(donor, work, replace(receiver, network_cost=Decimal(0)), most_kw)
        choice = _Choice(receiver, most_kw, whole.net_benefit / exact_ratio(most_kw))
        if choice.benefit_per_kw > 0:
            choices.append(choice)
        else:
            obstacles[site_id] = MigrationObstacle.NO_GAIN
    best = _best(choices, work.it_kw)
    shifts = [shift(donor, work, choice.receiver, it_kw) for choice, it_kw in best]
    used = {each.receiver.end.site_id for each in shifts}
    for choice in choices:
        if choice.receiver.end.site_id not in used:
            alone = choice.benefit_per_kw * exact_ratio(choice.most_kw) - choice.receiver.network_cost
            why = MigrationObstacle.NOT_NEEDED if alone > 0 else MigrationObstacle.NO_GAIN
            obstacles[choice.receiver.end.site_id] = why
    shifts.sort(key=lambda each: each.receiver.end.site_id)
    moved_kw = sum(each.it_kw for each in shifts)
    return MigrationPlan(tuple(shifts), max(0.0, work.it_kw - moved_kw), obstacles)


def _best(choices: Sequence[_Choice], it_kw: float) -> list[tuple[_Choice, float]]:
    """Return the most valuable set of receivers, filled; the smaller and earlier one of equals."""
    # Sorting is stable, and what it sorts is in order of the site, so that equals are filled by name.
    ranked = sorted(choices, key=lambda each: -each.benefit_per_kw)
    best: list[tuple[_Choice, float]] = []
    best_value = Decimal(0)
    for count in range(1, len(ranked) + 1):
        for chosen in combinations(ranked, count):
            filled = _filled(chosen, it_kw)
            value = sum(
                (
                    choice.benefit_per_kw * exact_ratio(kw) - choice.receiver.network_cost
                    for choice, kw in filled
                ),
                Decimal(0),
            )
            if len(filled) == count and value > best_value:
                best, best_value = filled, value
    return best


def _filled(chosen: Sequence[_Choice], it_kw: float) -> list[tuple[_Choice, float]]:
    left_kw, filled = it_kw, []
    for choice in chosen:
        taken_kw = min(choice.most_kw, left_kw)
        if taken_kw > 0.0:
            filled.append((choice, taken_kw))
        left_kw -= taken_kw
    return filled


def _check(donor: MigrationEnd, receivers: Sequence[MigrationReceiver]) -> None:
    if len(receivers) > MOST_RECEIVERS:
        raise InvalidInput(f"{len(receivers)} receivers are given, expected {MOST_RECEIVERS} at most")
    sites = [receiver.end.site_id for receiver in receivers]
    if len(set(sites)) < len(sites):
        raise InvalidInput(f"receivers are {', '.join(sorted(sites))}, expected each site once")
    for receiver in receivers:
        if receiver.end.zone == donor.zone:
            raise InvalidInput(
                f"{receiver.end.site_id} lies in the donor's zone {donor.zone}, expected another grid"
            )
