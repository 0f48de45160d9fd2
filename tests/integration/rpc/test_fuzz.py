"""A slice of what `tools/fuzz` does for hours, and that its judgement and its watch see what they should."""

import random
from pathlib import Path

import grpc
import pytest
from sqlalchemy import text
from support.fuzz.byte_changes import changed
from support.fuzz.campaign import report_of, run_campaign
from support.fuzz.foreign_parsers import EXPECTED, PARSERS
from support.fuzz.fuzzed_hub import Answer, all_methods
from support.fuzz.judgement import faults_of
from support.fuzz.write_watch import WriteWatch, digests_of
from support.market import make_market

from vpp.rpc.roles import ALLOWED
from vpp.storage.engine import make_engine

Code = grpc.StatusCode
GET = "/vpp.v1.EventService/GetEvent"


async def test_made_up_messages_break_nothing_and_every_method_gets_some() -> None:
    findings = await run_campaign(seed=1, messages=400, brief=True)
    assert not findings.faults, report_of([findings])
    assert findings.messages > 400
    assert findings.by_code.keys() == {path.rpartition("/")[2] for path in all_methods()}


@pytest.mark.parametrize("name", PARSERS)
def test_changed_bytes_are_refused_or_read(name: str) -> None:
    parser, rng = PARSERS[name], random.Random(name)
    examples = parser.examples()
    read = 0
    for example in examples:
        parser.read(example)
    for _ in range(60):
        try:
            parser.read(changed(rng, rng.choice(examples), examples))
        except EXPECTED:
            continue
        read += 1
    assert read < 60, "none of the changes was noticed"


def test_every_method_of_the_table_of_roles_is_fuzzed() -> None:
    assert set(all_methods()) == set(ALLOWED)


@pytest.mark.parametrize(
    ("answer", "logged", "fault"),
    [
        (Answer(Code.INTERNAL, "broken", "BROKEN_PROMISE"), (), "answered INTERNAL: broken"),
        (Answer(Code.UNKNOWN, "ValueError", "X"), (), "answered UNKNOWN: ValueError"),
        (Answer(Code.OK, "", escaped=ValueError("no")), (), "raised past the interceptors: ValueError('no')"),
        (Answer(Code.NOT_FOUND, "no", "NOT_FOUND", hung=True), (), "did not end"),
        (Answer(Code.NOT_FOUND, "no"), (), "refused with NOT_FOUND without an ErrorInfo: no"),
        (
            Answer(Code.NOT_FOUND, "no", "NOT_FOUND", written=frozenset({"bids", "audit_entries"})),
            (),
            "refused with NOT_FOUND (no) and changed bids",
        ),
        (Answer(Code.OK, "", responses=(b"in sqlalchemy.engine",)), (), "shows sqlalchemy"),
        (Answer(Code.OK, ""), ("it broke",), "logged it broke"),
    ],
)
def test_what_must_not_be_is_a_fault(answer: Answer, logged: tuple[str, ...], fault: str) -> None:
    assert fault in faults_of(GET, answer, logged)


def test_what_may_be_is_none() -> None:
    written = frozenset({"audit_entries", "audit_heads"})
    assert not faults_of(GET, Answer(Code.PERMISSION_DENIED, "no", "NOT_PERMITTED", written=written), ())
    assert not faults_of(GET, Answer(Code.OK, "", written=frozenset({"bids"})), ())


def test_writes_are_seen_once_they_are_committed(tmp_path: Path) -> None:
    make_market(tmp_path).units.close()
    file = tmp_path / "hub.sqlite"
    engine = make_engine(f"sqlite:///{file}")
    watch = WriteWatch(engine)
    before = digests_of(file)
    change = text("UPDATE parties SET revision = revision + 1")
    with engine.connect() as connection, connection.begin() as transaction:
        connection.execute(change)
        assert watch.take() == set()
        transaction.rollback()
    assert watch.take() == set()
    assert digests_of(file) == before
    with engine.connect() as connection, connection.begin():
        connection.execute(change)
    assert watch.take() == {"parties"}
    assert [name for name, digest in digests_of(file).items() if digest != before[name]] == ["parties"]
    engine.dispose()
