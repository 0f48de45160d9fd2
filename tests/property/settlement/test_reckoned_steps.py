"""Every formula that an explanation shows gives what stands behind its sign of equality."""

import re
from collections import defaultdict
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from support.random_months import PERIOD, random_month

from vpp.settlement.charge import Charge
from vpp.settlement.reckoned_steps import steps
from vpp.settlement.reckoning import reckon
from vpp.settlement.step import Step

WORDS = re.compile(r"\b(?!max|min)[A-Za-z_][A-Za-z_/.']*")
RESULT = re.compile(r"-?[0-9]+([.][0-9]+)?")
TOLERANCES = {"cut": 1.01, **dict.fromkeys(("response", "shortfall", "share", "share of it"), 0.0011)}
"""What a step rounds to by its own words: a minor unit, or 0.001 kWh."""


@given(st.integers(0, 2**32))
@settings(max_examples=12)
def test_the_numbers_in_a_formula_give_its_result(seed: int) -> None:
    month = random_month(Random(seed))
    charges = reckon(PERIOD, month.deliveries, run=month.run, adjustments=month.adjustments).charges
    beside: dict[tuple[str, str], list[Charge]] = defaultdict(list)
    for charge in charges:
        beside[charge.event_id, charge.site_id].append(charge)
    for charge in charges:
        told = steps(charge, beside[charge.event_id, charge.site_id])
        assert f"{charge.amount} {charge.currency}" in told[-1].text
        for step in told:
            if step.name not in {"note", "not judged"} and not step.name.startswith("adj"):
                check(step)


def check(step: Step) -> None:
    """Work a step out from its own text."""
    left, equals, right = step.text.partition(" = ")
    result = RESULT.match(right)
    if not equals or result is None:
        return
    if step.name == "committed":  # the award, and of it what was called
        left = left.rpartition(", ")[2]
    formula = (
        left.replace(", of", " *")
        .split("; ")[-1]
        .split(", whole")[0]
        .rpartition(": ")[2]
        .replace("paid share", "")
    )
    formula = WORDS.sub("", formula.replace(", as the energy was cut,", "").replace("...", ""))
    found = eval(formula)  # noqa: S307  digits, brackets, max and min are all that is left
    assert abs(found - float(result[0])) <= TOLERANCES.get(step.name, 2e-5), (step, formula)
