"""Load that moves to another site: two linked legs, in two grids, metered and settled each for itself.

The donor draws less and the receiver more, in the same interval. With W the IT power moved, kW at the donor,
g its work per kWh of IT relative to the receiver's, h hours and powers P at the points of connection:

    P_d = (1 + k_d) W        E_d = P_d h
    P_r = P_d (s_r / s_d) g  E_r = P_r h       s = 1 + k if both k are measured, else the PUE
    avoided = E_d EF_d - E_r EF_r
    net benefit = E_d pay_d + E_r pay_r - (E_r tau_r - E_d tau_d) - network - data x price per GB

    subject to   accelerator of the receiver = accelerator of the work
                 residence of the receiver in the residences allowed to the work
                 latency of the receiver <= latency budget
                 data / bandwidth <= notice
                 g W <= free IT power of the receiver
                 max(P_r, (1 + k_r) g W) <= room at its connection

The donor promises what an IT change is worth at its meter, (1 + k) times itself and never PUE times, which
also shares out the overhead that stays. Between the two ends the ratio of PUEs stands in until a test
dispatch has measured both k; the room at the receiver must hold for either reading.

Source:
    Legs, net benefit, constraints and energies by PUE and performance: domain reference of this project,
    spatial migration; case K1 (Nantong to Zhangbei): 150 kWh, 120 kg, net factor 0.80 kg per kWh.
"""

import enum
from dataclasses import dataclass
from decimal import Decimal

from vpp.flexibility.bounds import check_above_zero
from vpp.flexibility.measurement_boundary import at_connection_kw
from vpp.flexibility.migration_site import MigrationEnd, MigrationReceiver, MovableWork
from vpp.flexibility.offer import exact_ratio
from vpp.foundation.direction import Direction

MBIT_PER_GB = 8000.0


class MigrationObstacle(enum.Enum):
    """Why a receiver cannot take the work.

    Attributes:
        ACCELERATOR: It has another type of accelerator.
        RESIDENCE: The data may not lie there.
        LATENCY: It is too far from the users.
        BANDWIDTH: There is no notice in which data could be copied.
        NO_ROOM: Nothing is free, at the machines or at the connection.
        NO_GAIN: It would cost more than it earns.
        NOT_NEEDED: Better ones take all of the work.
    """

    ACCELERATOR = "accelerator"
    RESIDENCE = "residence"
    LATENCY = "latency"
    BANDWIDTH = "bandwidth"
    NO_ROOM = "no_room"
    NO_GAIN = "no_gain"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True)
class MigrationLeg:
    """One half of a move, at one meter.

    Attributes:
        end: The site.
        direction: Down at the donor, up at the receiver.
        power_kw: Change at the point of connection, kW, 0 or more.
        energy_kwh: Over the whole move, kWh.
    """

    end: MigrationEnd
    direction: Direction
    power_kw: float
    energy_kwh: float


@dataclass(frozen=True, slots=True)
class Shift:
    """Work moved to one receiver: both legs, and what they bring.

    Attributes:
        donor: The leg that sheds.
        receiver: The leg that takes on.
        it_kw: IT power moved, kW at the donor.
        cost: Power there less power here, network and transfer, in the sites' currency; negative where
            power is that much cheaper there.
        net_benefit: Payments for both legs less that cost.
        avoided_kg: Emissions avoided, kg CO2e; negative if more is emitted.
    """

    donor: MigrationLeg
    receiver: MigrationLeg
    it_kw: float
    cost: Decimal
    net_benefit: Decimal
    avoided_kg: Decimal

    @property
    def receiving_ratio(self) -> float:
        """Increase there per reduction here, at the points of connection."""
        return self.receiver.power_kw / self.donor.power_kw

    @property
    def net_kg_per_kwh(self) -> Decimal:
        """Emissions avoided per kWh that the donor sheds."""
        return self.avoided_kg / exact_ratio(self.donor.energy_kwh)


def energy_ratio(donor: MigrationEnd, receiver: MigrationEnd) -> float:
    """Return the energy drawn at the receiver's meter per energy saved at the donor's.

    By the slopes of both ends if both are measured, else by both PUEs, never by one of each.
    """
    if donor.overhead_slope_ratio is None or receiver.overhead_slope_ratio is None:
        overheads = receiver.pue / donor.pue
    else:
        overheads = (1.0 + receiver.overhead_slope_ratio) / (1.0 + donor.overhead_slope_ratio)
    return overheads * _speed(donor, receiver)


def _speed(donor: MigrationEnd, receiver: MigrationEnd) -> float:
    """Return the IT power needed at the receiver per IT power moved."""
    return donor.work_per_kwh / receiver.work_per_kwh


def obstacle(work: MovableWork, receiver: MigrationReceiver) -> MigrationObstacle | None:
    """Return why a receiver cannot take the work at all; None if it could."""
    if receiver.accelerator != work.accelerator:
        return MigrationObstacle.ACCELERATOR
    if work.residences and receiver.residence not in work.residences:
        return MigrationObstacle.RESIDENCE
    if work.latency_budget_ms is not None and receiver.latency_ms > work.latency_budget_ms:
        return MigrationObstacle.LATENCY
    if work.data_gb > 0.0 and work.notice_s <= 0.0:
        return MigrationObstacle.BANDWIDTH
    return None


def largest_it_kw(donor: MigrationEnd, work: MovableWork, receiver: MigrationReceiver) -> float:
    """Return the most IT power that a receiver can take, kW at the donor; 0 if it cannot take any."""
    if obstacle(work, receiver) is not None:
        return 0.0
    speed = _speed(donor, receiver.end)
    drawn_per_it = max(
        at_connection_kw(1.0, donor.slope_ratio) * energy_ratio(donor, receiver.end),
        at_connection_kw(speed, receiver.end.slope_ratio),
    )
    most_kw = min(work.it_kw, receiver.free_it_kw / speed, receiver.room_kw / drawn_per_it)
    if work.data_gb > 0.0:
        copied_gb = receiver.bandwidth_mbit_per_s * work.notice_s / MBIT_PER_GB
        most_kw = min(most_kw, work.it_kw * copied_gb / work.data_gb)
    return most_kw


def shift(donor: MigrationEnd, work: MovableWork, receiver: MigrationReceiver, it_kw: float) -> Shift:
    """Return what moving so much work brings.

    Args:
        donor: Where it runs.
        work: What moves.
        receiver: Where it goes.
        it_kw: IT power moved, kW at the donor, above 0.

    Raises:
        InvalidInput: The receiver cannot take so much.

    Example:
        >>> half = Decimal("0.5")
        >>> shared = ("", "", 1.3, 1.0, half, half)
        >>> donor = MigrationEnd("nantong", "search", "JS", *shared, Decimal("0.95"), 0.25)
        >>> there = MigrationEnd("zhangbei", "search", "HE", *shared, Decimal("0.15"), 0.25)
        >>> to = MigrationReceiver(there, "cpu", "CN", 500.0, 500.0, 30.0, 10_000.0)
        >>> moved = shift(donor, MovableWork("cpu", 80.0, 1.5, 0.0, 60.0), to, 80.0)
        >>> moved.donor.energy_kwh, moved.receiver.energy_kwh, moved.avoided_kg == 120
        (150.0, 150.0, True)
    """
    check_above_zero(it_kw, "it_kw", largest_it_kw(donor, work, receiver) * (1.0 + 1e-9))
    donor_kw = at_connection_kw(it_kw, donor.slope_ratio)
    receiver_kw = donor_kw * energy_ratio(donor, receiver.end)
    down = MigrationLeg(donor, Direction.LOAD_DOWN, donor_kw, donor_kw * work.hours)
    up = MigrationLeg(receiver.end, Direction.LOAD_UP, receiver_kw, receiver_kw * work.hours)
    saved, drawn = exact_ratio(down.energy_kwh), exact_ratio(up.energy_kwh)
    there = receiver.end
    copied_gb = exact_ratio(work.data_gb * it_kw / work.it_kw)
    cost = drawn * there.power_price_per_kwh - saved * donor.power_price_per_kwh
    cost += copied_gb * receiver.transfer_cost_per_gb + receiver.network_cost
    earned = saved * donor.payment_per_kwh + drawn * there.payment_per_kwh
    avoided = saved * donor.kg_per_kwh - drawn * there.kg_per_kwh
    return Shift(down, up, it_kw, cost, earned - cost, avoided)
