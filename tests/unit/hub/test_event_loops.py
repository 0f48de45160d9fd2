import asyncio

from vpp.hub.event_loops import loop_factory


def test_pythons_own_loop_needs_no_factory() -> None:
    assert loop_factory("asyncio") is None


def test_uvloop_makes_a_loop_that_runs() -> None:
    async def answer() -> str:
        return type(asyncio.get_running_loop()).__module__

    with asyncio.Runner(loop_factory=loop_factory("uvloop")) as runner:
        assert runner.run(answer()) == "uvloop"
