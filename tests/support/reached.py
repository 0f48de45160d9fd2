"""All engines that a hub works with on SQLite: its own, and those that callers' transactions run on."""

from sqlalchemy import Engine

from vpp.storage.reach import Reach


def reached(engine: Engine) -> tuple[Reach, tuple[Engine, ...]]:
    """Return a reach with every engine that it will ever use, to look at what they are sent."""
    reach = Reach(engine)
    narrowed = [reach._narrow(writes=writes) for writes in (False, True)]  # noqa: SLF001  else made when first used
    return reach, (engine, *narrowed)
