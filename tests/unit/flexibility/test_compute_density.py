import pytest

from vpp.flexibility.compute_density import Hardware, least_compute_first
from vpp.foundation.errors import InvalidInput


def test_the_less_efficient_loses_less_per_kw() -> None:
    old, new = Hardware("old", 100.0, 50.0), Hardware("new", 100.0, 200.0)
    assert (old.kw_per_pflops, new.pflops_lost_per_kw) == (2.0, 2.0)
    assert least_compute_first((new, old)) == (old, new)


@pytest.mark.parametrize("quantities", [(0.0, 1.0), (1.0, -1.0)])
def test_what_draws_or_does_nothing_is_refused(quantities: tuple[float, float]) -> None:
    with pytest.raises(InvalidInput, match="expected a number in"):
        Hardware("none", *quantities)
