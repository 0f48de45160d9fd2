from collections.abc import Sequence

from vpp.foundation.errors import WrongState
from vpp.portfolio.site import Site
from vpp.rpc.session_registry import SessionRegistry
from vpp.workflows.delivery_contents import OpenDelivery


class Recorder:
    """A session that only notes what it is told."""

    taken_sequence = 0
    room = 1

    def __init__(self) -> None:
        self.closed: list[BaseException | None] = []

    def note_rest(self, *, has_more: bool) -> None:
        del has_more

    def deliver(self, deliveries: Sequence[OpenDelivery]) -> None:
        del deliveries

    def repeat(self) -> list[OpenDelivery]:
        return []

    def close(self, error: BaseException | None) -> None:
        self.closed.append(error)

    def site_changed(self, site: Site) -> None:
        del site


def test_a_newer_session_takes_the_olders_place() -> None:
    registry, older, newer = SessionRegistry(), Recorder(), Recorder()
    registry.add("a", older)
    registry.add("a", newer)
    assert [type(error) for error in older.closed] == [WrongState]
    assert newer.closed == []
    registry.remove("a", older)  # it ends after the other has taken its place
    assert registry.get("a") is newer
    assert (len(registry), registry.site_ids()) == (1, {"a"})
    registry.remove("a", newer)
    assert registry.get("a") is None


def test_a_new_session_wants_what_it_is_owed_and_the_gone_want_nothing() -> None:
    registry, rings = SessionRegistry(), [0]

    def count() -> None:
        rings[0] += 1

    registry.listen(count)
    session = Recorder()
    registry.add("a", session)
    registry.add("b", Recorder())
    registry.remove("a", session)
    assert rings == [2]
    assert registry.take_wanting() == ["b"]
    assert registry.take_wanting() == []
    registry.want("b")
    registry.want("b")
    assert registry.take_wanting() == ["b"]


def test_all_sessions_end_in_order() -> None:
    registry = SessionRegistry()
    sessions = [Recorder(), Recorder()]
    for site_id, session in zip("ab", sessions, strict=True):
        registry.add(site_id, session)
    registry.close_all()
    assert [session.closed for session in sessions] == [[None], [None]]
