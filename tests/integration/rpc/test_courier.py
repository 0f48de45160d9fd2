"""What sites are owed comes to the right session, once, in order, and never late."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from support.market import EVENING, GATE, Market

from vpp.foundation.clock import pause
from vpp.foundation.errors import Overloaded
from vpp.portfolio.site import Site
from vpp.rpc.courier import Courier, CourierRules
from vpp.rpc.currencies import Currencies
from vpp.rpc.delivery_window import DeliveryWindow, ResendRules
from vpp.rpc.effects import Effects
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.session_registry import SessionRegistry
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.delivery_contents import InstructionContent, OpenDelivery
from vpp.workflows.outbox_ports import MessageKind, Owed
from vpp.workflows.owed_deliveries import JustOwed
from vpp.workflows.ports import UnitOfWork, UnitOfWorkFactory

LONG = timedelta(seconds=30)


class Session:
    """A session that notes what it is given."""

    def __init__(self, window_size: int = 64) -> None:
        self.window = DeliveryWindow(ResendRules(LONG, LONG, window_size), "a")
        self.market: Market | None = None
        self.got: list[int] = []
        self.closed: list[BaseException | None] = []
        self.wakes = asyncio.Event()

    @property
    def taken_sequence(self) -> int:
        return self.window.taken_sequence

    @property
    def room(self) -> int:
        return self.window.room

    def note_rest(self, *, has_more: bool) -> None:
        self.window.has_more = has_more

    def deliver(self, deliveries: Sequence[OpenDelivery]) -> None:
        if not self.closed:
            self.got += [each.sequence for each in self.window.take(deliveries, EVENING.start)]
            self.wakes.set()

    def repeat(self) -> list[OpenDelivery]:
        over = [] if self.market is None else self.window.over(self.market.clock.now())
        self.window.drop(each.sequence for each in over)
        return over

    def close(self, error: BaseException | None) -> None:
        self.closed.append(error)

    def site_changed(self, site: Site) -> None:
        del site

    async def until(self, *sequences: int) -> None:
        async with asyncio.timeout(20):
            while self.got != list(sequences):
                self.wakes.clear()
                await self.wakes.wait()


class Units:
    """Units of work that are counted, and can be made to fail."""

    def __init__(self, units: UnitOfWorkFactory) -> None:
        self._units = units
        self.reads = 0
        self.is_away = False

    def __call__(self, *, write: bool = True) -> UnitOfWork:
        self.reads += not write
        if self.is_away:
            raise Overloaded("the database takes no work now")
        return self._units(write=write)


class Office:
    """A courier at work."""

    courier: Courier

    def __init__(self, market: Market, units: Units, registry: SessionRegistry, metrics: HubMetrics) -> None:
        self.market, self.units, self.registry, self.metrics = market, units, registry, metrics
        self.effects = Effects()

    async def seen_everything(self) -> None:
        """Wait until a look finds nothing new: it asks for no more than the count."""
        while True:
            reads = self.units.reads
            self.effects.ring()
            await pause(0.1)
            if self.units.reads == reads + 1:
                return

    def owe(self, site_id: str, *auction_ids: str) -> None:
        """Owe a site invitations; those to nothing cannot be read."""
        with self.market.units() as uow:
            uow.outbox.append_all([Owed(site_id, MessageKind.INVITATION, each) for each in auction_ids])
            uow.commit()
        self.effects.ring()


@pytest.fixture
def sites(two_sites: Market) -> Market:
    """Sites a and b with their first invitation."""
    two_sites.open_auction()
    return two_sites


@asynccontextmanager
async def at_work(market: Market, interval: timedelta = LONG, chunk_size: int = 2) -> AsyncIterator[Office]:
    units, registry, metrics = Units(market.units), SessionRegistry(), HubMetrics()
    office = Office(market, units, registry, metrics)
    with ThreadPoolExecutor(2) as threads:
        courier = office.courier = Courier(
            units,
            WorkflowCalls(threads, office.effects),
            office.effects,
            registry,
            Currencies(market.units),
            CourierRules(interval, chunk_size),
            metrics,
        )
        task = asyncio.create_task(courier.run())
        try:
            yield office
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_new_session_gets_what_is_open_and_then_what_is_new(sites: Market) -> None:
    async with at_work(sites) as office:
        session = Session()
        office.registry.add("a", session)
        await session.until(1)
        office.owe("a", "evening", "evening", "evening")
        await session.until(1, 2, 3, 4)  # in two chunks
        other = Session()
        office.registry.add("b", other)
        await other.until(1)
        assert session.got == [1, 2, 3, 4]


async def test_rings_that_owe_nothing_read_nothing(sites: Market) -> None:
    async with at_work(sites) as office:
        session = Session()
        office.registry.add("a", session)
        await session.until(1)
        await pause(0.05)
        before = office.units.reads
        for _ in range(5):
            office.effects.ring()
            await pause(0.02)
        assert office.units.reads - before <= 5  # only whether there is anything new
        assert session.got == [1]


async def test_what_finds_no_room_stays_and_comes_later(sites: Market) -> None:
    async with at_work(sites) as office:
        session = Session(window_size=2)
        office.owe("a", *["evening"] * 6)
        office.registry.add("a", session)
        await session.until(1, 2)
        assert session.window.has_more
        session.window.acknowledge(1, EVENING.start)
        assert session.window.wants_more
        office.registry.want("a")
        await session.until(1, 2, 3)
        session.window.acknowledge(3, EVENING.start)
        office.registry.want("a")
        await session.until(1, 2, 3, 4, 5)
        session.window.acknowledge(5, EVENING.start)
        office.registry.want("a")
        await session.until(1, 2, 3, 4, 5, 6, 7)
        assert not session.window.has_more


async def test_a_session_that_takes_anothers_place_gets_everything(sites: Market) -> None:
    """Else its first delivery would tell the agent that nothing below it is open."""
    async with at_work(sites, chunk_size=1) as office:
        newer = Session()

        class Replaced(Session):
            def deliver(self, deliveries: Sequence[OpenDelivery]) -> None:
                super().deliver(deliveries)
                if self.got == [1] and not self.closed:
                    office.registry.add("a", newer)  # in the middle of what was read for the older

        older = Replaced()
        office.owe("a", "evening", "evening")
        office.registry.add("a", older)
        await newer.until(1, 2, 3)
        assert len(older.closed) == 1


async def test_what_cannot_be_read_ends_that_sites_session_alone(
    sites: Market, caplog: pytest.LogCaptureFixture
) -> None:
    async with at_work(sites, chunk_size=10) as office:
        office.owe("a", "no-such-auction")
        office.owe("b", "evening")
        hurt, well = Session(), Session()
        office.registry.add("a", hurt)
        office.registry.add("b", well)
        await well.until(1, 2)
        assert hurt.got == [1]
        assert ["referred to and missing" in str(error) for error in hurt.closed] == [True]
    assert "could not be read together" in caplog.text


async def test_a_database_that_is_away_ends_no_session(
    sites: Market, caplog: pytest.LogCaptureFixture
) -> None:
    async with at_work(sites, interval=timedelta(milliseconds=20)) as office:
        office.units.is_away = True
        session = Session()
        office.registry.add("a", session)
        await pause(0.1)
        assert (session.got, session.closed) == ([], [])
        office.units.is_away = False
        await session.until(1)
    assert "could not bring sites what they are owed" in caplog.text


async def test_an_instruction_that_is_over_is_closed_in_place_of_being_sent(sites: Market) -> None:
    sites.bid("a", 150.0, "50")
    sites.advance(GATE)
    sites.clock.advance_to(EVENING.end)
    async with at_work(sites) as office:
        session = Session()
        office.registry.add("a", session)
        await session.until(1, 2)
        async with asyncio.timeout(20):
            while not office.metrics.count("vpp_hub_deliveries_expired_total"):
                await pause(0.01)
        with sites.units(write=False) as uow:
            assert [message.sequence for message in uow.outbox.open("a")] == [1, 2]
            stored = uow.instructions.get("evening-m0-a")
            assert stored is not None
            assert stored.value.state.name == "EXPIRED"


async def test_an_instruction_that_is_over_meanwhile_is_not_repeated(sites: Market) -> None:
    sites.bid("a", 150.0, "50")
    sites.advance(GATE)
    async with at_work(sites, interval=timedelta(milliseconds=20)) as office:
        session = Session()
        session.market = sites
        office.registry.add("a", session)
        await session.until(1, 2, 3)
        sites.clock.advance_to(EVENING.end)
        async with asyncio.timeout(20):
            while not office.metrics.count("vpp_hub_deliveries_expired_total"):
                await pause(0.01)
        assert len(session.window) == 2


def instruct(market: Market, number: int, *, ahead: bool = False) -> list[JustOwed]:
    """Instruct site a once more, and b too; returns what is told of it."""
    told: list[JustOwed] = []
    units = SqlUnitOfWorkFactory(market.units._engine, market.clock)  # noqa: SLF001  the same database
    units.owed.listen(told.append)
    with units() as uow:
        (first,) = uow.instructions.get_all(["evening-m0-a"]).values()
        new = {
            f"evening-m{number}-{site}": replace(
                first.value,
                instruction_id=f"evening-m{number}-{site}",
                site_id=site,
                modification_number=number,
            )
            for site in ("a", "b")
        }
        uow.instructions.add_all(new)
        if ahead:
            uow.outbox.append("a", MessageKind.AWARD_NOTICE, "evening")
        uow.outbox.append_all([Owed(each.site_id, MessageKind.INSTRUCTION, key) for key, each in new.items()])
        uow.commit()
    return told


@pytest.fixture
def instructed(sites: Market) -> Market:
    """Site a has an instruction; it is owed 1 to 3, and b is owed 1."""
    sites.bid("a", 150.0, "50")
    sites.advance(GATE)
    return sites


async def test_what_was_owed_just_now_is_brought_without_being_read(instructed: Market) -> None:
    async with at_work(instructed) as office:
        session = Session()
        office.registry.add("a", session)
        await session.until(1, 2, 3)
        await office.seen_everything()
        reads = office.units.reads
        for news in instruct(instructed, 1):
            office.courier.hear(news)
        await session.until(1, 2, 3, 4)
        assert office.units.reads == reads
        (delivery,) = [each for each in session.window.over(EVENING.end) if each.sequence == 4]
        assert isinstance(delivery.content, InstructionContent)
        with instructed.units(write=False) as uow:
            assert delivery.content.instruction == uow.instructions.get("evening-m1-a")
        office.effects.ring()
        await pause(0.2)
        assert office.units.reads == reads + 1  # nobody else wrote: no more than the count is asked for
        assert session.got == [1, 2, 3, 4]


async def test_what_does_not_follow_is_read(instructed: Market) -> None:
    """News that were lost or come in the wrong order leave no gap and send nothing twice."""
    async with at_work(instructed) as office:
        session = Session()
        office.registry.add("a", session)
        await session.until(1, 2, 3)
        await office.seen_everything()
        instruct(instructed, 1)  # nobody hears of it
        second, third = instruct(instructed, 2), instruct(instructed, 3)
        for news in (*third, *second):
            office.courier.hear(news)
        await session.until(1, 2, 3, 4, 5, 6)
        other = Session()
        office.registry.add("b", other)
        await other.until(1, 2, 3, 4)


async def test_what_another_hub_wrote_meanwhile_is_noticed(instructed: Market) -> None:
    async with at_work(instructed) as office:
        session, other = Session(), Session()
        office.registry.add("a", session)
        office.registry.add("b", other)
        await session.until(1, 2, 3)
        await office.seen_everything()
        news = instruct(instructed, 1)
        office.owe("b", "evening")  # and rings
        for each in news:
            office.courier.hear(each)
        await other.until(1, 2, 3)
        await session.until(1, 2, 3, 4)


async def test_what_comes_with_something_else_is_read(instructed: Market) -> None:
    async with at_work(instructed) as office:
        session = Session()
        office.registry.add("a", session)
        await session.until(1, 2, 3)
        await office.seen_everything()
        for news in instruct(instructed, 1, ahead=True):
            office.courier.hear(news)
        await session.until(1, 2, 3, 4, 5)


async def test_what_a_session_has_no_room_for_stays_in_the_database(instructed: Market) -> None:
    async with at_work(instructed) as office:
        session = Session(window_size=3)
        office.registry.add("a", session)
        await session.until(1, 2, 3)
        for news in instruct(instructed, 1):
            office.courier.hear(news)
        await pause(0.2)
        assert session.got == [1, 2, 3]
        assert session.window.has_more
        session.window.acknowledge(3, EVENING.start)
        office.registry.want("a")
        await session.until(1, 2, 3, 4)


def test_what_is_told_of_a_transaction(instructed: Market) -> None:
    (news,) = instruct(instructed, 1)
    assert [(each.site_id, each.sequence) for each in news.messages] == [("a", 4), ("b", 2)]
    assert sorted(news.instructions) == ["evening-m1-a", "evening-m1-b"]
    assert news.count_after == news.count_before + 2
    with instructed.units(write=False) as uow:
        assert uow.outbox.appended_count() == news.count_after
    instructed.clock.advance_to(EVENING.end)
    (news,) = instruct(instructed, 2)
    assert news.instructions == {}  # they came too late
    told: list[JustOwed] = []
    units = SqlUnitOfWorkFactory(instructed.units._engine, instructed.clock)  # noqa: SLF001  the same database
    units.owed.listen(told.append)
    with units() as uow:
        uow.outbox.append("a", MessageKind.AWARD_NOTICE, "evening")
    with units() as uow:
        uow.commit()
    assert told == []  # nothing was committed, or nothing is owed
