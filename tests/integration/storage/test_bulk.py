"""Many values at a time mean the same as one after the other, on both databases."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, event

from vpp.dispatch.instruction import Instruction, InstructionState, RefusalReason
from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import AlreadyExists, BrokenPromise, InvalidInput, StaleWrite
from vpp.storage.unit_of_work import SqlUnitOfWork
from vpp.workflows.instruction_standing import Answered, standing_of
from vpp.workflows.outbox_ports import MessageKind, Owed
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.records import AuditRecord

SITES = [f"south-{n}" for n in range(40)]


@pytest.fixture
def many(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> UnitOfWorkFactory:
    """Forty sites, an event, and an instruction for each."""
    with seeded() as uow:
        uow.auctions.add("evening", samples.tender)
        uow.events.add("evening", samples.event)
        uow.sites.add_all({site_id: replace(samples.site, site_id=site_id) for site_id in SITES})
        uow.instructions.add_all(instructions(samples))
        uow.commit()
    return seeded


def instructions(samples: SimpleNamespace) -> dict[str, Instruction]:
    return {
        f"evening-m0-{site_id}": replace(
            samples.instruction,
            instruction_id=f"evening-m0-{site_id}",
            site_id=site_id,
            target_reduction_kw=(float(n), 0.1 * n),
        )
        for n, site_id in enumerate(SITES)
    }


def answers(instruction: Instruction, revision: int) -> Answered:
    assert instruction.answer is not None
    return Answered(
        revision,
        instruction.state,
        instruction.answer,
        instruction.reason,
        instruction.reason_detail,
        instruction.accepted_reduction_kw,
    )


def test_what_was_added_together_is_read_together(many: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    added = instructions(samples)
    asked = [*reversed(added), "evening-m0-nowhere", *added]
    with many(write=False) as uow:
        found = uow.instructions.get_all(asked)
        assert list(found) == list(reversed(added))  # in the order asked for, each once
        assert {key: stored.value for key, stored in found.items()} == added
        assert {(stored.revision, stored.created_at) for stored in found.values()} == {(1, uow.now)}
        for key in ("evening-m0-south-0", "evening-m0-south-39"):
            assert uow.instructions.get(key) == found[key]
        assert uow.instructions.get_all([]) == {}


def test_a_taken_id_is_named_and_nothing_is_added(
    many: UnitOfWorkFactory, samples: SimpleNamespace, clock: ManualClock
) -> None:
    clock.advance_to(clock.now() + timedelta(hours=1))
    site = replace(samples.site, site_id="south-7")
    with many() as uow, pytest.raises(AlreadyExists, match="sites/south-7 exists already"):
        uow.sites.add_all({"west-1": replace(site, site_id="west-1"), "south-7": site})
    with many(write=False) as uow:
        assert uow.sites.get("west-1") is None
        assert uow.sites.page(after="south-7", limit=1)[0].revision == 1


def test_an_id_taken_in_the_same_transaction_is_refused_too(
    many: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    site = replace(samples.site, site_id="west-1")
    with many() as uow:
        uow.sites.add("west-1", site)
        with pytest.raises(AlreadyExists, match=r"one of 1 ids of sites|sites/west-1 exists already"):
            uow.sites.add_all({"west-1": site})


def test_a_reference_to_nothing_is_refused(many: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    lost = replace(samples.instruction, instruction_id="x", site_id="nowhere")
    with many() as uow, pytest.raises(InvalidInput, match="does not exist"):
        uow.instructions.add_all({"x": lost})
    with many() as uow, pytest.raises(BrokenPromise):
        uow.instructions.add_all({"y": lost})
    with many() as uow, pytest.raises(InvalidInput, match="does not exist"):
        uow.outbox.append_all([Owed("nowhere", MessageKind.INSTRUCTION, "x")])


def test_gaps_are_kept_and_infinities_refused(many: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    first = replace(samples.instruction, instruction_id="x", target_reduction_kw=(math.nan, 1e16, -0.1))
    with many() as uow:
        uow.instructions.add_all({"x": first})
        assert repr(uow.instructions.get_all(["x"])["x"].value) == repr(first)  # NaN is not equal to itself
        uow.instructions.update_all({"x": (replace(first, target_reduction_kw=(0.5, math.nan)), 1)})
        assert repr(uow.instructions.get_all(["x"])["x"].value.target_reduction_kw) == "(0.5, nan)"
        with pytest.raises(InvalidInput, match="infinite"):
            uow.instructions.add_all(
                {"y": replace(first, instruction_id="y", target_reduction_kw=(math.inf,))}
            )


def test_updates_hold_for_their_revision_alone(
    many: UnitOfWorkFactory, samples: SimpleNamespace, clock: ManualClock
) -> None:
    clock.advance_to(clock.now() + timedelta(hours=1))
    added = instructions(samples)
    moved = {key: replace(value, state=InstructionState.DELIVERED) for key, value in added.items()}
    with many() as uow:
        uow.instructions.update_all({key: (value, 1) for key, value in moved.items()})
        uow.instructions.update_all({})
        uow.commit()
    with many(write=False) as uow:
        found = uow.instructions.get_all(moved)
        assert {key: stored.value for key, stored in found.items()} == moved
        assert {stored.revision for stored in found.values()} == {2}
        assert {stored.updated_at - stored.created_at for stored in found.values()} == {timedelta(hours=1)}
    stale = {key: (value, 2 if n != 7 else 1) for n, (key, value) in enumerate(added.items())}
    with many() as uow, pytest.raises(StaleWrite):
        uow.instructions.update_all(stale)
    with many() as uow, pytest.raises(StaleWrite, match="evening-m0-nowhere is not at revision 1"):
        uow.instructions.update_all(
            {"evening-m0-nowhere": (replace(samples.instruction, instruction_id="evening-m0-nowhere"), 1)}
        )
    with many(write=False) as uow:
        assert {stored.revision for stored in uow.instructions.get_all(moved).values()} == {2}


def test_only_created_instructions_become_delivered(
    many: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    keys = list(instructions(samples))
    with many() as uow:
        assert uow.instructions.mark_delivered([]) == []
        assert uow.instructions.mark_delivered([keys[3], keys[1], "nothing"]) == [keys[1], keys[3]]
        assert uow.instructions.mark_delivered(keys[:4]) == [keys[0], keys[2]]
        stored = uow.instructions.get(keys[1])
        assert stored is not None
        assert (stored.value.state, stored.revision) == (InstructionState.DELIVERED, 2)
        assert uow.instructions.has_unanswered("evening")
        assert not uow.instructions.has_unanswered("morning")


def test_an_answer_changes_what_was_answered_and_nothing_else(
    many: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    added = instructions(samples)
    answered = {
        key: replace(
            value,
            state=InstructionState.PARTIAL,
            answer=InstructionState.PARTIAL,
            reason=RefusalReason.SITE_LIMIT,
            reason_detail="“half”",
            accepted_reduction_kw=1 / 3,
        )
        for key, value in added.items()
    }
    with many() as uow:
        uow.instructions.answer_all({})
        uow.instructions.answer_all({key: answers(value, 1) for key, value in answered.items()})
        found = uow.instructions.get_all(answered)
        assert {key: stored.value for key, stored in found.items()} == answered
        assert not uow.instructions.has_unanswered("evening")
        with pytest.raises(StaleWrite):
            uow.instructions.answer_all({key: answers(value, 1) for key, value in answered.items()})
        again = {
            key: replace(answers(value, 2), accepted_reduction_kw=None) for key, value in answered.items()
        }
        uow.instructions.answer_all(again)
        found = uow.instructions.get_all(answered)
        assert {key: stored.value for key, stored in found.items()} == answered  # what it gives at most stays
        assert uow.instructions.standings([*answered, "nothing"]) == {
            key: standing_of(value, 3) for key, value in answered.items()
        }


def test_messages_get_their_sites_next_sequences(many: UnitOfWorkFactory) -> None:
    instruction = MessageKind.INSTRUCTION
    with many() as uow:
        uow.outbox.append("south-1", MessageKind.INVITATION, "evening")
        given = uow.outbox.append_all(
            [
                Owed("south-2", instruction, "a"),
                Owed("south-1", instruction, "b"),
                Owed("south-2", instruction, "c"),
            ]
        )
        assert [(each.site_id, each.sequence, each.subject_id) for each in given] == [
            ("south-2", 1, "a"),
            ("south-1", 2, "b"),
            ("south-2", 2, "c"),
        ]
        assert uow.outbox.append_all([]) == []
        uow.commit()
    with many(write=False) as uow:
        assert uow.outbox.appended_count() == 4
        assert uow.outbox.last_sequences(["south-1", "south-2", "south-3", "nowhere"]) == {
            "south-1": 2,
            "south-2": 2,
        }
        everything = uow.outbox.open_all()
        assert [(each.site_id, each.sequence) for each in everything] == [
            ("south-1", 1),
            ("south-1", 2),
            ("south-2", 1),
            ("south-2", 2),
        ]
        assert uow.outbox.open_all(["south-2", "nowhere"]) == everything[2:]
        assert uow.outbox.open_all([]) == []
        assert uow.outbox.open_after({"south-1": 1, "south-2": 0, "south-3": 0}) == everything[1:]
        assert uow.outbox.open_after({}) == []


def test_sites_are_acknowledged_together(many: UnitOfWorkFactory) -> None:
    with many() as uow:
        uow.outbox.append_all(
            [Owed(site, MessageKind.INSTRUCTION, f"{n}") for site in SITES for n in range(3)]
        )
        uow.commit()
    with many() as uow:
        closed = uow.outbox.acknowledge_all({"south-1": 2, "south-2": 99, "south-3": 0, "nowhere": 5})
        assert [(each.site_id, each.sequence) for each in closed] == [
            ("south-1", 1),
            ("south-1", 2),
            ("south-2", 1),
            ("south-2", 2),
            ("south-2", 3),
        ]
        assert uow.outbox.acknowledge_all({"south-1": 2, "south-2": 3}) == []
        assert uow.outbox.acknowledge_all({}) == []
        uow.commit()
    with many() as uow:
        left = uow.outbox.open("south-3")
        uow.outbox.close(left[1:2])
        uow.outbox.close(left[1:2])
        uow.outbox.close([])
        assert uow.outbox.open("south-3") == [left[0], left[2]]
        assert uow.outbox.appended_count() == 3 * len(SITES)  # what is closed has been owed all the same


def test_records_keep_their_order(many: UnitOfWorkFactory) -> None:
    with many() as uow:
        records = [
            AuditRecord(uow.now, "hub", "instruct", f"instructions/{n}", {"n": str(n)}) for n in range(50)
        ]
        records += [AuditRecord(uow.now, "", "\\N", "a\tb\nc\\.", {"said": "“half\t\n\\ ' \" %s”"})]
        uow.audit.append_all(records)
        uow.audit.append_all([])
        uow.audit.append(replace(records[0], action="last"))
        uow.commit()
    with many(write=False) as uow:
        assert uow.audit.page() == [*records, replace(records[0], action="last")]


def appended(uow: SqlUnitOfWork, _: object) -> None:
    uow.audit.append_all([AuditRecord(uow.now, "a", "b", "c", {})] * 40)
    uow.commit()


@pytest.mark.parametrize(
    ("work", "most"),
    [
        (lambda uow, keys: uow.instructions.get_all(keys), 1),
        (lambda uow, keys: uow.instructions.mark_delivered(keys), 1),
        (
            lambda uow, _: uow.outbox.append_all(
                [Owed(site, MessageKind.INSTRUCTION, site) for site in SITES]
            ),
            2,
        ),
        (lambda uow, _: uow.outbox.acknowledge_all(dict.fromkeys(SITES, 1)), 1),
        (lambda uow, _: uow.outbox.open_after(dict.fromkeys(SITES, 0)), 1),
        (lambda uow, _: uow.outbox.last_sequences(SITES), 1),
        (appended, 5),  # look for the chain's end, make one, look again, append the entry, move the end
    ],
    ids=["get", "deliver", "append", "acknowledge", "open", "last", "audit"],
)
def test_few_statements_do_for_many(
    many: UnitOfWorkFactory,
    engine: Engine,
    samples: SimpleNamespace,
    work: Callable[..., object],
    most: int,
) -> None:
    statements: list[str] = []
    with many() as uow:
        event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        work(uow, list(instructions(samples)))
    is_copied = engine.dialect.name == "postgresql" and most == 1 and not statements  # COPY is no statement
    assert is_copied or 1 <= len(statements) <= most, statements
