r"""One store that several sites own together: energy accounts that nobody overdraws.

With the account a_i of member i, its share s_i of the store (sum s_i <= 1), capacity C and stored S:

    sum_i a_i = S,   0 <= a_i <= s_i C
    x_i <= s_i X + what others do not use,   sum_i x_i <= X        power: own share first; charging alike

Losses and what a measurement corrects are borne in proportion to the accounts. A member may hand energy
to another, at no change of the store. A member may be anything with an account: a cluster, a site, a
yard of charging vehicles.

Source:
    Shared storage among compute clusters, joint use with vehicle chargers: requirement F15 of this
    project's reference; the rule of the split is a choice of this project.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.flexibility.energy_ledger import ROUNDING_KWH
from vpp.foundation.errors import InvalidInput

ROUNDING_RATIO = 1e-9


@dataclass(frozen=True, slots=True)
class SharedStore:
    """A store with the accounts of its members.

    Attributes:
        capacity_kwh: Energy that the full store delivers, kWh.
        max_discharge_kw: Largest discharge of all together, kW.
        max_charge_kw: Largest charge of all together, kW.
        charge_ratio: Deliverable energy per energy drawn, in (0, 1].
        share_ratio: Share of each member, by member.
        account_kwh: Deliverable energy of each member, kWh, by member; none for a missing one.

    Example:
        >>> store = SharedStore(100.0, 50.0, 50.0, 0.8, {"east": 0.6, "west": 0.4})
        >>> store, drawn_kwh = store.charge("east", 50.0)
        >>> store.account_kwh, store.stored_kwh
        ({'east': 40.0, 'west': 0.0}, 40.0)
        >>> store.discharge("west", 10.0)[1]
        0.0
    """

    capacity_kwh: float
    max_discharge_kw: float
    max_charge_kw: float
    charge_ratio: float
    share_ratio: Mapping[str, float]
    account_kwh: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse shares above the whole and accounts beyond their share."""
        check_above_zero(self.capacity_kwh, "capacity_kwh")
        check_above_zero(self.max_discharge_kw, "max_discharge_kw")
        check_above_zero(self.max_charge_kw, "max_charge_kw")
        check_above_zero(self.charge_ratio, "charge_ratio", 1.0)
        for value in self.share_ratio.values():
            check_within(value, "share_ratio", 0.0, 1.0)
        check_within(math.fsum(self.share_ratio.values()), "share_ratio", 0.0, 1.0 + ROUNDING_RATIO)
        for member, value in self.account_kwh.items():
            check_within(value, "account_kwh", 0.0, self.limit_kwh(member) + ROUNDING_KWH)
        accounts = {member: self.account_kwh.get(member, 0.0) for member in self.share_ratio}
        object.__setattr__(self, "account_kwh", accounts)

    @property
    def stored_kwh(self) -> float:
        """Energy of all members, kWh."""
        return math.fsum(self.account_kwh.values())

    def limit_kwh(self, member: str) -> float:
        """Return the most that a member may hold, kWh.

        Raises:
            InvalidInput: It is no member.
        """
        if member not in self.share_ratio:
            raise InvalidInput(f"member is {member}, expected one of {', '.join(self.share_ratio)}")
        return self.share_ratio[member] * self.capacity_kwh

    def charge(self, member: str, drawn_kwh: float) -> tuple["SharedStore", float]:
        """Charge for a member; return the store and the energy drawn, kWh, as far as its share goes."""
        check_within(drawn_kwh, "drawn_kwh")
        room_kwh = max(0.0, self.limit_kwh(member) - self.account_kwh[member])
        added_kwh = min(drawn_kwh * self.charge_ratio, room_kwh)
        return self._changed({member: added_kwh}), added_kwh / self.charge_ratio

    def discharge(self, member: str, energy_kwh: float) -> tuple["SharedStore", float]:
        """Discharge for a member; return the store and the energy given, kWh, out of its own account."""
        check_within(energy_kwh, "energy_kwh")
        self.limit_kwh(member)
        given_kwh = min(energy_kwh, self.account_kwh[member])
        return self._changed({member: -given_kwh}), given_kwh

    def hand_over(self, giver: str, taker: str, energy_kwh: float) -> tuple["SharedStore", float]:
        """Move energy between accounts; return the store and what was moved, kWh, as far as both allow."""
        check_within(energy_kwh, "energy_kwh")
        room_kwh = max(0.0, self.limit_kwh(taker) - self.account_kwh[taker])
        self.limit_kwh(giver)
        moved_kwh = 0.0 if giver == taker else min(energy_kwh, self.account_kwh[giver], room_kwh)
        return self._changed({giver: -moved_kwh, taker: moved_kwh}), moved_kwh

    def measured(self, stored_kwh: float) -> "SharedStore":
        """Take up what the store really holds: what is missing or found, in proportion to the accounts.

        What is found beyond every account's share belongs to nobody and is left out.
        """
        check_within(stored_kwh, "stored_kwh", 0.0, self.capacity_kwh + ROUNDING_KWH)
        if self.stored_kwh <= 0.0:
            return self
        ratio = stored_kwh / self.stored_kwh
        accounts = {
            member: min(self.limit_kwh(member), kwh * ratio) for member, kwh in self.account_kwh.items()
        }
        return replace(self, account_kwh=accounts)

    def discharge_powers_kw(self, wanted_kw: Mapping[str, float], step_hours: float) -> dict[str, float]:
        """Share the store's discharge for a step: own share first, then what others do not use.

        Args:
            wanted_kw: What each member asks for, kW, by member.
            step_hours: Length of the step, h; above 0.

        Returns:
            Discharge of each member, kW, within its account; the sum within the store's power.
        """
        check_above_zero(step_hours, "step_hours")
        most_kw = {member: kwh / step_hours for member, kwh in self.account_kwh.items()}
        return self._powers_kw(wanted_kw, most_kw, self.max_discharge_kw)

    def charge_powers_kw(self, wanted_kw: Mapping[str, float], step_hours: float) -> dict[str, float]:
        """Share the store's charge for a step, drawn from the grid: own share first, as for discharges.

        Returns:
            Charge of each member, kW, within the room of its account; the sum within the store's power.
        """
        check_above_zero(step_hours, "step_hours")
        most_kw = {
            member: max(0.0, self.limit_kwh(member) - kwh) / self.charge_ratio / step_hours
            for member, kwh in self.account_kwh.items()
        }
        return self._powers_kw(wanted_kw, most_kw, self.max_charge_kw)

    def _powers_kw(
        self, wanted_kw: Mapping[str, float], most_kw: Mapping[str, float], limit_kw: float
    ) -> dict[str, float]:
        wanted = {}
        for member, kw in wanted_kw.items():
            check_within(kw, "wanted_kw")
            self.limit_kwh(member)
            wanted[member] = min(kw, most_kw[member])
        powers = {member: min(kw, self.share_ratio[member] * limit_kw) for member, kw in wanted.items()}
        left_kw = max(0.0, limit_kw - math.fsum(powers.values()))
        more = {member: kw - powers[member] for member, kw in wanted.items()}
        total_kw = math.fsum(more.values())
        ratio = min(1.0, left_kw / total_kw) if total_kw > 0.0 else 0.0
        return {member: powers[member] + ratio * more[member] for member in powers}

    def _changed(self, change_kwh: Mapping[str, float]) -> "SharedStore":
        accounts = {
            member: min(self.limit_kwh(member), max(0.0, kwh + change_kwh.get(member, 0.0)))
            for member, kwh in self.account_kwh.items()
        }
        return replace(self, account_kwh=accounts)
