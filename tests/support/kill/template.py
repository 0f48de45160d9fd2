"""What every trial begins with: a hub that knows two sites, and sites that know their hub."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import make_url, text
from support.fixed_sealing import FIXED_SEALING
from support.kill.forking import ForkServer
from support.kill.hub_role import KEYS, SITES
from support.kill.trial import NOON, Deaths, Trial, copy_files
from support.market import OPERATOR
from support.products import shipped_products

from vpp.cli.key_files import write_key_pair
from vpp.foundation.clock import ManualClock
from vpp.portfolio.party import Party, PartyKind
from vpp.storage.engine import make_engine
from vpp.storage.migrate import migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.enrolling import create_party

_NUMBERS = count(1)
NOBODY_DIES = Deaths()
Databases = Callable[[str | None], str]
"""Makes a database like another one (None for an empty one) and returns its URL."""


@dataclass(frozen=True)
class Stage:
    """Where trials of one kind of database take place.

    Attributes:
        server: Starts processes.
        folder: Their files.
        template: URL of the database that trials begin with.
        databases: Makes databases.
    """

    server: ForkServer
    folder: Path
    template: str
    databases: Databases

    @contextmanager
    def trial(self, deaths: Deaths = NOBODY_DIES) -> Iterator[Trial]:
        """Prepare a trial; its files are removed if it ends well."""
        folder = self.folder / f"trial-{next(_NUMBERS)}"
        folder.mkdir()
        copy_files(self.folder / "template", folder)
        trial = Trial(self.server, folder, self.databases(self.template), deaths)
        try:
            yield trial
        finally:
            trial.close()
        shutil.rmtree(folder)


def make_stage(server: ForkServer, folder: Path, databases: Databases) -> Stage:
    """Let hub and agents meet once without a death, and keep what they know then."""
    template = folder / "template"
    template.mkdir(parents=True)
    write_key_pair(template / KEYS[0].removesuffix(".key"))
    url = databases(None)
    _seed(url)
    trial = Trial(server, template, url)
    try:
        trial.start()
        trial.wait("both sites are enrolled", lambda: trial.welcomes() >= len(SITES))
        trial.wait("both sites stand by", lambda: _standing(trial) == len(SITES))
    finally:
        trial.close()
    return Stage(server, folder, url, databases)


def _standing(trial: Trial) -> int:
    with trial.units(write=False) as uow:
        return len(uow.bids.page())


def _seed(url: str) -> None:
    engine = make_engine(url)
    migrate(engine)
    units = SqlUnitOfWorkFactory(engine, ManualClock(NOON), sealing=FIXED_SEALING)
    with units() as uow:
        for product in shipped_products().values():
            uow.products.add(product)
        uow.commit()
    parties = [
        Party("grid", "Grid operator", PartyKind.OPERATOR),
        Party("hub", "Aggregator", PartyKind.AGGREGATOR),
        *(Party(f"owner-{site}", f"Owner of {site}", PartyKind.SITE_OWNER) for site in SITES),
    ]
    for party in parties:
        create_party(units, OPERATOR, party, request_id="")
    engine.dispose()


def sqlite_databases(folder: Path) -> Databases:
    """Make SQLite files in a folder."""

    def make(like: str | None) -> str:
        path = folder / f"hub-{next(_NUMBERS)}.sqlite"
        if like is not None:
            shutil.copy(str(make_url(like).database), path)
        return f"sqlite:///{path}"

    return make


def postgresql_databases(server_url: str) -> Databases:
    """Make databases on a PostgreSQL server; they go with the server.

    The server itself is never killed, so nothing is lost if it does not wait for the disk; making and
    leaving databases takes a fraction of the time.
    """

    def on_server(*statements: str) -> None:
        engine = make_engine(server_url)
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    def make(like: str | None) -> str:
        name = f"kill_{next(_NUMBERS)}"
        template = "" if like is None else f" TEMPLATE {make_url(like).database}"
        on_server(f"CREATE DATABASE {name}{template}")
        return make_url(server_url).set(database=name).render_as_string(hide_password=False)

    on_server("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    return make
