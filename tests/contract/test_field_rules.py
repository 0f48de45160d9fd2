"""Every field of every answer has one rule, and the interceptor clears what the rules forbid."""

import pytest
from google.protobuf.descriptor import Descriptor

from vpp.rpc.field_interceptor import FieldInterceptor, answer_of
from vpp.rpc.field_plans import OWN_PACKAGE, FieldPlans, own_message
from vpp.rpc.field_rules import CALLERS, FIELDS, NOT_BUYERS, SETTLING, WHOLE, readers_by_field
from vpp.rpc.roles import ALLOWED
from vpp.rpc.server import SERVICE_NAMES
from vpp.v1 import auction_pb2, event_pb2, portfolio_pb2
from vpp.workflows.identity import Role

ROLES = sorted(Role, key=lambda role: role.value)


def answers() -> dict[str, Descriptor]:
    """Return every message that can be part of an answer, by its name without the package."""
    found: dict[str, Descriptor] = {}
    waiting = [answer_of(method) for method in ALLOWED]
    while waiting:
        descriptor = waiting.pop()
        name = descriptor.full_name.removeprefix(OWN_PACKAGE)
        if name not in found:
            found[name] = descriptor
            waiting += [inner for field in descriptor.fields if (inner := own_message(field)) is not None]
    return found


def test_every_field_of_every_answer_has_one_rule() -> None:
    fields = {name: sorted(field.name for field in one.fields) for name, one in answers().items()}
    rules = {
        name: sorted(" ".join([rule] if isinstance(rule, str) else rule.values()).split())
        for name, rule in FIELDS.items()
    }
    assert rules == fields


@pytest.mark.parametrize("readers", [WHOLE, SETTLING, NOT_BUYERS])
def test_whoever_audits_reads_everything(readers: frozenset[Role]) -> None:
    assert Role.AUDITOR in readers < CALLERS


def test_what_sums_over_all_bids_is_not_for_sites() -> None:
    readers = readers_by_field()
    for message, field in (
        ("Event", "awarded_reduction_kw"),
        ("Clearing", "shortfall_kw"),
        ("Clearing", "input_hash"),
        ("WatchEventResponse", "reserve_kw"),
    ):
        assert not readers[message][field] & {Role.SITE_AGENT, Role.SITE_OWNER}, (message, field)


def test_a_session_has_nothing_to_clear() -> None:
    connect = "/vpp.v1.SessionService/Connect"
    plans = FieldPlans()
    assert [plans.plan(answer_of(connect), frozenset({role})) for role in ALLOWED[connect]] == [None]


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.value)
def test_what_is_cleared_is_what_the_role_may_not_read(role: Role) -> None:
    plans, readers = FieldPlans(), readers_by_field()
    for name, descriptor in answers().items():
        plan = plans.plan(descriptor, frozenset({role}))
        expected = {field for field, allowed in readers[name].items() if role not in allowed}
        assert set(plan.cleared if plan else ()) == expected, name


def test_fields_are_cleared_in_single_messages_and_in_lists() -> None:
    site = frozenset({Role.SITE_AGENT})
    event = event_pb2.Event(name="events/e", target_reduction_kw=[1.0], awarded_reduction_kw=[2.0])
    watched = event_pb2.WatchEventResponse(event=event, reserve_kw=3.0, present_target_kw=4.0)
    listed = event_pb2.ListEventsResponse(events=[event, event])
    for message in (watched, listed):
        plan = FieldPlans().plan(message.DESCRIPTOR, site)
        assert plan is not None
        plan.apply(message)
    without = event_pb2.Event(name="events/e", target_reduction_kw=[1.0])
    assert watched == event_pb2.WatchEventResponse(event=without, present_target_kw=4.0)
    assert listed == event_pb2.ListEventsResponse(events=[without, without])


def test_nothing_is_made_where_there_was_nothing() -> None:
    empty = event_pb2.WatchEventResponse()
    plan = FieldPlans().plan(empty.DESCRIPTOR, frozenset({Role.SITE_AGENT}))
    assert plan is not None
    plan.apply(empty)
    assert not empty.HasField("event")


def test_several_roles_read_what_one_of_them_may() -> None:
    plans, clearing = FieldPlans(), auction_pb2.Clearing.DESCRIPTOR
    assert plans.plan(clearing, frozenset({Role.SITE_OWNER, Role.AUDITOR})) is None
    assert plans.plan(clearing, frozenset({Role.SITE_OWNER})) is not None


def test_a_field_without_a_rule_is_read_by_nobody() -> None:
    plan = FieldPlans({"Party": {"name": CALLERS}}).plan(portfolio_pb2.Party.DESCRIPTOR, CALLERS)
    assert plan is not None
    assert set(plan.cleared) == {field.name for field in portfolio_pb2.Party.DESCRIPTOR.fields} - {"name"}


def test_methods_without_anything_to_clear_are_not_wrapped() -> None:
    wrapped = FieldInterceptor(ALLOWED)._answers  # noqa: SLF001  what it costs is what is tested
    assert "/vpp.v1.EventService/GetEvent" in wrapped
    assert "/vpp.v1.SessionService/Connect" not in wrapped
    assert "/vpp.v1.AuctionService/ListBids" not in wrapped
    assert {name.split("/")[1] for name in wrapped} <= set(SERVICE_NAMES)
