from contextlib import ExitStack

import pytest

from vpp.foundation.errors import Overloaded
from vpp.rpc.nameless_quota import NamelessQuota


def test_one_connection_and_all_of_them_have_a_bound() -> None:
    quota = NamelessQuota(most_of_connection=2, most_of_all=3)
    with ExitStack() as stack:
        for connection in ("a", "a", "b"):
            stack.enter_context(quota.call_on(connection))
        for connection in ("a", "b", "c"):
            with pytest.raises(Overloaded, match="not known"), quota.call_on(connection):
                pytest.fail("it was let in")
        assert len(quota) == 3
    assert len(quota) == 0
    with quota.call_on("a"):
        assert len(quota) == 1


def test_one_partys_certificates_leave_room_for_probes() -> None:
    quota = NamelessQuota(most_of_connection=1, most_of_all=10, most_of_party=2)
    with ExitStack() as stack:
        for connection in ("a", "b"):
            stack.enter_context(quota.call_on(connection, "north"))
        with pytest.raises(Overloaded, match="not known"), quota.call_on("c", "north"):
            pytest.fail("it was let in")
        stack.enter_context(quota.call_on("c", "south"))
        stack.enter_context(quota.call_on("d"))
    assert len(quota) == 0
    with quota.call_on("a", "north"), quota.call_on("b", "north"):
        assert len(quota) == 2
