"""Denied calls are written down, and a flood of them fills nothing."""

from collections.abc import Sequence

from vpp.rpc.denials import FURTHER, MOST_METHODS, Denial, DenialBook
from vpp.rpc.minute_counts import MinuteCounts
from vpp.workflows.identity import Principal, Role

AGENT = Principal("agent-a", "owner-a", "a", frozenset({Role.SITE_AGENT}))
OTHER = Principal("agent-b", "owner-b", "b", frozenset({Role.SITE_AGENT}))


class Book:
    """A book over a record that is kept here, with a stopwatch that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.written: list[Denial] = []

        def counts() -> MinuteCounts[str]:
            return MinuteCounts(MOST_METHODS, stopwatch=lambda: self.seconds)

        self.book = DenialBook(self.write, counts)

    async def write(self, denials: Sequence[Denial]) -> None:
        self.written.extend(denials)


async def test_a_flood_of_one_method_is_one_record_and_a_count() -> None:
    book = Book()
    for _ in range(10_000):
        await book.book.note(AGENT, "/x/Clear")
    assert book.written == [Denial(AGENT, "/x/Clear")]
    await book.book.flush()
    assert len(book.written) == 1
    book.seconds = 60.0
    await book.book.flush()
    assert book.written[1:] == [Denial(AGENT, "/x/Clear", repeats=9_999)]
    await book.book.flush()
    assert len(book.written) == 2


async def test_a_flood_of_many_methods_is_bounded_too() -> None:
    book = Book()
    for n in range(1_000):
        await book.book.note(AGENT, f"/x/Method{n}")
    assert len(book.written) == MOST_METHODS + 1
    assert book.written[-1] == Denial(AGENT, FURTHER)
    book.seconds = 60.0
    await book.book.flush()
    assert sum(1 + one.repeats for one in book.written if one.repeats) + len(
        [one for one in book.written if not one.repeats]
    ) == 1_000 + len([one for one in book.written if one.repeats])


async def test_one_caller_does_not_hide_another() -> None:
    book = Book()
    for n in range(1_000):
        await book.book.note(AGENT, f"/x/Method{n}")
    await book.book.note(OTHER, "/x/Clear")
    assert book.written[-1] == Denial(OTHER, "/x/Clear")
