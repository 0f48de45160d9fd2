"""However much is wanted, one device that takes its recovery by itself breaks no limit."""

from hypothesis import given
from hypothesis import strategies as st

from vpp.flexibility.secure_recovery import secure_rebound

WANTED = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.0, 500.0), min_size=1)


@given(WANTED, st.permutations("abcdef"), st.floats(0.0, 2000.0), st.sets(st.sampled_from("abcdef")))
def test_at_worst_the_room_is_kept(
    wanted: dict[str, float], urgent: list[str], headroom_kw: float, uncontrolled: set[str]
) -> None:
    allowed = secure_rebound(wanted, urgent, headroom_kw, uncontrolled)
    assert list(allowed) == list(wanted)
    controlled = {name: kw for name, kw in wanted.items() if name not in uncontrolled}
    room_kw = max(0.0, headroom_kw - sum(wanted[name] for name in wanted if name in uncontrolled))
    assert all(0.0 <= allowed[name] <= wanted[name] for name in wanted)
    assert sum(allowed.values()) <= room_kw + 1e-6
    if max(controlled.values(), default=0.0) <= room_kw:
        held_back_kw = max((kw - allowed[name] for name, kw in controlled.items()), default=0.0)
        assert sum(allowed.values()) + held_back_kw <= room_kw + 1e-6


@given(WANTED, st.permutations("abcdef"))
def test_with_room_for_all_nobody_waits(wanted: dict[str, float], urgent: list[str]) -> None:
    assert secure_rebound(wanted, urgent, sum(wanted.values()) + 1e-6) == wanted
