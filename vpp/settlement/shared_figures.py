"""What one site's lines owe to other sites: sums over an event, and the shares of rounding.

With these figures a site's lines can be reckoned without the other sites' readings. Everything is a whole
number, so that nothing is lost on the way into a file and back.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from vpp.foundation.interval import Interval

Cell = tuple[str, str]
"""Site id, and the start of the interval as ISO 8601."""
Weighing = Literal["own", "commitment", "equal"]
"""By what a group's energy is shared: what each did itself, or what each had promised, or equally."""
BudgetKey = tuple[str, str, int, str]
"""Operator, product id, its version, and the event id; without an event where a budget is for the period."""
Paid = tuple[str, str, str, str]
"""Event id, site id, start of the interval as ISO 8601, name of the line code."""


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """What the judged intervals of all sites of an event add up to.

    Attributes:
        delivered_wh: Delivery, Wh, signed.
        committed: Commitment, W times microseconds.
        payable_wh: What is paid of it, Wh.
        basis_wh: Shortfall that is charged for, Wh.
        paid_by: By what the payable energy is shared: own delivery, where anybody delivered.
        paid_weight: Sum of those weights.
        charged_by: By what the penalised energy is shared: own shortfall, where anybody fell short.
        charged_weight: Sum of those weights.
        paid_up: Cells whose share of the payable energy was rounded up.
        charged_up: Cells whose share of the penalised energy was rounded up.
    """

    delivered_wh: int
    committed: int
    payable_wh: int
    basis_wh: int
    paid_by: Weighing
    paid_weight: int
    charged_by: Weighing
    charged_weight: int
    paid_up: frozenset[Cell] = frozenset()
    charged_up: frozenset[Cell] = frozenset()


@dataclass(frozen=True, slots=True)
class BudgetFigures:
    """What a budget was asked for.

    Attributes:
        owed: All payments before the cut, minor units.
        event_ids: Events whose payments share it.
        paid_up: Payments whose share was rounded up.
    """

    owed: int
    event_ids: frozenset[str]
    paid_up: frozenset[Paid] = frozenset()


@dataclass(frozen=True, slots=True)
class SharedFigures:
    """What one site's lines owe to other sites.

    Attributes:
        groups: By event id and the judged interval, which is the whole delivery where an event is judged as
            a whole.
        budgets: What each budget was asked for.
        whole_event_ids: Events that are reckoned with all their sites, so that what rounding them leaves
            over is known as well.
    """

    groups: Mapping[tuple[str, Interval], GroupFigures] = field(default_factory=dict)
    budgets: Mapping[BudgetKey, BudgetFigures] = field(default_factory=dict)
    whole_event_ids: frozenset[str] = frozenset()

    def of_pairs(
        self, pairs: Collection[tuple[str, str]], whole_event_ids: Collection[str] = ()
    ) -> "SharedFigures":
        """Return what is needed for some sites in some events, and of others nothing but sums.

        Args:
            pairs: Event id and site id of each.
            whole_event_ids: Events whose sites are all among them.
        """
        event_ids = frozenset(event_id for event_id, _ in pairs)
        return SharedFigures(
            groups={
                key: replace(
                    group,
                    paid_up=frozenset(cell for cell in group.paid_up if (key[0], cell[0]) in pairs),
                    charged_up=frozenset(cell for cell in group.charged_up if (key[0], cell[0]) in pairs),
                )
                for key, group in self.groups.items()
                if key[0] in event_ids
            },
            budgets={
                key: replace(
                    budget,
                    event_ids=budget.event_ids & event_ids,
                    paid_up=frozenset(paid for paid in budget.paid_up if paid[:2] in pairs),
                )
                for key, budget in self.budgets.items()
                if budget.event_ids & event_ids
            },
            whole_event_ids=frozenset(whole_event_ids),
        )
