from datetime import timedelta

from vpp.rpc import paced_link
from vpp.rpc.message_size import measured
from vpp.rpc.paced_link import MessageRates, PacedLink
from vpp.rpc.rates import Rate
from vpp.v1.session_pb2 import ConnectRequest, ConnectResponse


class Source:
    """An agent that says the same for ever; counts how often it is read."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.read = 0

    async def receive(self) -> ConnectRequest | None:
        self.read += 1
        return measured(lambda _: ConnectRequest())(b"x" * self.size)  # type: ignore[no-any-return]  # a request

    async def send(self, response: ConnectResponse) -> None:
        raise AssertionError(response)


class Counted(Rate):
    """A rate that lets everything through from the n-th question on; counts the questions."""

    def __init__(self, refused: int = 0) -> None:
        super().__init__(1_000_000, timedelta(seconds=10))
        self.taken: list[int] = []
        self.refused = refused

    def take(self, who: str, cost: int = 1) -> bool:
        assert who == "agent-a"
        if self.refused:
            self.refused -= 1
            return False
        self.taken.append(cost)
        return True


async def test_messages_are_counted_many_at_a_time_and_none_is_left_out() -> None:
    source, messages, content = Source(10), Counted(), Counted()
    link = PacedLink(source, "agent-a", MessageRates(messages, content))
    for _ in range(64 * 5 + 1):
        assert await link.receive() == ConnectRequest()
    assert messages.taken == [64] * 5
    assert content.taken == [640] * 5


async def test_large_messages_are_counted_sooner() -> None:
    source, messages, content = Source(200_000), Counted(), Counted()
    link = PacedLink(source, "agent-a", MessageRates(messages, content))
    for _ in range(3):
        await link.receive()
    assert content.taken == [200_000, 200_000]


async def test_nothing_is_read_while_it_is_too_much() -> None:
    source, messages, content = Source(10), Counted(refused=1), Counted(refused=1)
    link = PacedLink(source, "agent-a", MessageRates(messages, content))
    assert paced_link._PAUSE_S <= 0.25  # noqa: SLF001  a pause each: half a second in all
    for _ in range(65):
        await link.receive()
    assert (messages.refused, content.refused, messages.taken, content.taken) == (0, 0, [64], [640])
    assert source.read == 65
