import pytest

from vpp.foundation.errors import Overloaded
from vpp.rpc.stream_quota import StreamQuota


def test_one_caller_has_no_more_than_its_share_and_others_are_unaffected() -> None:
    quota = StreamQuota(2)
    with quota.stream_of("a"), quota.stream_of("a"):
        with (
            pytest.raises(Overloaded, match="a has 2 streams open, expected at most 2"),
            quota.stream_of("a"),
        ):
            pytest.fail("a third stream was let in")
        with quota.stream_of("b"):
            pass
    with quota.stream_of("a"), quota.stream_of("a"):
        pass


def test_a_stream_that_fails_is_closed_all_the_same() -> None:
    quota = StreamQuota(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), quota.stream_of("a"):
            raise ZeroDivisionError
    with quota.stream_of("a"):
        pass
