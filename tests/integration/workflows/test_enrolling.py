"""Who may enrol what, and what cannot be enrolled."""

import math
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from support.market import FIVE, OPERATOR, Market, agent_of

from vpp.foundation.errors import (
    AlreadyExists,
    InvalidInput,
    NotFound,
    NotPermitted,
    StaleWrite,
    WrongState,
)
from vpp.portfolio.enrolment import EnrolmentState
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.portfolio.site import Site
from vpp.workflows.enrolling import (
    change_enrolment,
    create_enrolment,
    create_party,
    create_resource,
    create_site,
    update_resource,
    update_site,
)
from vpp.workflows.identity import Principal, Role

HOUR = timedelta(hours=1)
OWNER = Principal("owner", "owner-north-1", None, frozenset({Role.SITE_OWNER}))
ENVELOPE = FlexibilityEnvelope(200.0, 10.0, FIVE, FIVE, HOUR, 100.0, 1.0, HOUR)
SITE = Site("third", "ignored", "Third", "north", "Europe/London", 500.0, FIVE)
ENROLMENT = "north-1-example-peak-shaving"


def test_the_owner_of_a_new_site_is_the_caller(market: Market) -> None:
    stored = create_site(market.units, OWNER, SITE, request_id="")
    assert stored.value == replace(SITE, party_id="owner-north-1")
    with market.units(write=False) as uow:
        last = uow.audit.page(limit=100_000)[-1]
    assert (last.actor, last.action, last.subject) == ("owner", "create_site", "sites/third")


def test_a_caller_whose_party_is_unknown_enrols_nothing(market: Market) -> None:
    stranger = Principal("x", "nobody", None, frozenset({Role.SITE_OWNER}))
    with pytest.raises(NotFound, match="parties/nobody does not exist"):
        create_site(market.units, stranger, SITE, request_id="")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"site_id": "Third"}, "site_id is 'Third'"),
        ({"site_id": "3rd"}, "site_id is '3rd'"),
        ({"time_zone": "Mars/Olympus"}, "time_zone is 'Mars/Olympus'"),
        ({"time_zone": ""}, "time_zone is ''"),
        ({"time_zone": "/etc/localtime"}, "time_zone is '/etc/localtime'"),
        ({"import_limit_kw": 0.0}, "import_limit_kw is 0.0"),
        ({"import_limit_kw": math.nan}, "import_limit_kw is nan"),
        ({"import_limit_kw": math.inf}, "import_limit_kw is inf"),
        ({"metering_interval": timedelta(0)}, "metering_interval is 0:00:00"),
        ({"metering_interval": timedelta(minutes=7)}, "metering_interval is 0:07:00"),
        ({"metering_interval": 2 * HOUR}, "metering_interval is 2:00:00"),
    ],
    ids=str,
)
def test_a_site_that_cannot_be_is_refused(market: Market, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        create_site(market.units, OWNER, replace(SITE, **changes), request_id="")  # type: ignore[arg-type]  # its fields
    assert str(refusal.value).startswith(message)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"max_reduction_kw": 0.0}, "max_reduction_kw"),
        ({"max_reduction_kw": 5.0}, "max_reduction_kw"),
        ({"min_reduction_kw": -1.0}, "min_reduction_kw"),
        ({"energy_budget_kwh": math.nan}, "energy_budget_kwh"),
        ({"recovery_ratio": -0.1}, "recovery_ratio"),
        ({"max_duration": timedelta(0)}, "max_duration"),
        ({"min_duration": 2 * HOUR}, "max_duration"),
    ],
    ids=str,
)
def test_an_envelope_that_cannot_be_is_refused(
    market: Market, changes: dict[str, object], field: str
) -> None:
    resource = Resource("north-1", "ups", ResourceKind.UPS, replace(ENVELOPE, **changes))  # type: ignore[arg-type]  # its fields
    with pytest.raises(InvalidInput, match=rf"envelope\.{field} is"):
        create_resource(market.units, OWNER, resource, request_id="")


def test_a_resource_is_changed_on_the_copy_that_was_read(market: Market) -> None:
    resource = Resource("north-1", "ups", ResourceKind.UPS, ENVELOPE)
    stored = create_resource(market.units, OWNER, resource, request_id="")
    bigger = replace(ENVELOPE, max_reduction_kw=300.0)
    etag = str(stored.revision)
    changed = update_resource(
        market.units, OWNER, "north-1", "ups", envelope=bigger, etag=etag, request_id=""
    )
    assert changed.value.envelope.max_reduction_kw == 300.0
    with pytest.raises(StaleWrite):
        update_resource(market.units, OWNER, "north-1", "ups", envelope=ENVELOPE, etag=etag, request_id="")
    with pytest.raises(NotFound):
        update_resource(market.units, OWNER, "north-1", "none", envelope=ENVELOPE, etag="", request_id="")


@pytest.mark.parametrize("site_id", ["north-2", "nowhere"])
def test_anothers_site_is_refused_as_an_absent_one_is(market: Market, site_id: str) -> None:
    expected = f"sites/{site_id} is not yours, or does not exist"
    resource = Resource(site_id, "ups", ResourceKind.UPS, ENVELOPE)
    calls = [
        lambda: create_resource(market.units, OWNER, resource, request_id=""),
        lambda: update_resource(
            market.units, OWNER, site_id, "battery", envelope=ENVELOPE, etag="", request_id=""
        ),
        lambda: update_site(
            market.units, OWNER, site_id, display_name="mine", import_limit_kw=None, etag="", request_id=""
        ),
        lambda: create_enrolment(
            market.units, OWNER, site_id, "example-emergency", request_id="", automatic_approval=True
        ),
        lambda: create_site(market.units, agent_of("north-1"), replace(SITE, site_id=site_id), request_id=""),
    ]
    for call in calls:
        with pytest.raises(NotPermitted) as refusal:
            call()
        assert str(refusal.value) == expected


def test_a_site_without_a_change_is_refused(market: Market) -> None:
    with pytest.raises(InvalidInput, match="names no field"):
        update_site(
            market.units, OWNER, "north-1", display_name=None, import_limit_kw=None, etag="", request_id=""
        )


def test_repeats_of_updates_have_one_effect(market: Market) -> None:
    request_id = str(uuid.uuid4())

    def update(limit_kw: float) -> int:
        stored = update_site(
            market.units,
            OWNER,
            "north-1",
            display_name=None,
            import_limit_kw=limit_kw,
            etag="",
            request_id=request_id,
        )
        return stored.revision

    assert update(900.0) == update(900.0)
    with pytest.raises(AlreadyExists, match="was used for another request"):
        update(901.0)


def test_a_meter_too_coarse_for_the_product_is_refused(market: Market) -> None:
    create_site(market.units, OWNER, replace(SITE, metering_interval=HOUR), request_id="")
    with pytest.raises(InvalidInput, match="metering_interval of sites/third is 1:00:00"):
        create_enrolment(
            market.units, OWNER, "third", "example-peak-shaving", request_id="", automatic_approval=True
        )


def change(market: Market, caller: Principal, enrolment_id: str, wanted: EnrolmentState) -> EnrolmentState:
    stored = change_enrolment(
        market.units, caller, enrolment_id, wanted, deciding_party_id="grid", etag="", request_id=""
    )
    return stored.value.state


def test_an_enrolment_waits_for_approval_if_the_hub_says_so(market: Market) -> None:
    create_site(market.units, OWNER, SITE, request_id="")
    stored = create_enrolment(
        market.units, OWNER, "third", "example-peak-shaving", request_id="", automatic_approval=False
    )
    assert stored.value.state is EnrolmentState.PENDING
    with pytest.raises(NotPermitted, match="ACTIVE is for a market operator"):
        change_enrolment(
            market.units,
            OWNER,
            stored.value.enrolment_id,
            EnrolmentState.ACTIVE,
            deciding_party_id="grid",
            etag="",
            request_id="",
        )
    approved = change_enrolment(
        market.units,
        OPERATOR,
        stored.value.enrolment_id,
        EnrolmentState.ACTIVE,
        deciding_party_id="grid",
        etag="1",
        request_id="",
    )
    assert approved.value.state is EnrolmentState.ACTIVE
    with pytest.raises(NotFound, match="products/none does not exist"):
        create_enrolment(market.units, OWNER, "third", "none", request_id="", automatic_approval=True)


def test_an_ended_enrolment_is_ended_for_good(market: Market) -> None:
    change(market, OWNER, ENROLMENT, EnrolmentState.WITHDRAWN)
    with pytest.raises(WrongState, match="WITHDRAWN, cannot become ACTIVE"):
        change(market, OPERATOR, ENROLMENT, EnrolmentState.ACTIVE)
    with pytest.raises(AlreadyExists):
        create_enrolment(
            market.units, OWNER, "north-1", "example-peak-shaving", request_id="", automatic_approval=True
        )


def test_an_auditor_ends_nothing(market: Market) -> None:
    auditor = Principal("auditor", "hub", None, frozenset({Role.AUDITOR}))
    with pytest.raises(NotFound, match=f"enrolments/{ENROLMENT} does not exist"):
        change(market, auditor, ENROLMENT, EnrolmentState.WITHDRAWN)


def test_of_several_operators_one_decides_about_enrolments(market: Market) -> None:
    rival = Principal("rival", "rival", None, frozenset({Role.MARKET_OPERATOR}))
    for wanted in (EnrolmentState.ACTIVE, EnrolmentState.SUSPENDED):
        for enrolment_id in (ENROLMENT, "none"):  # the same of what does not exist
            with pytest.raises(
                NotPermitted, match=f"^{wanted.name} is for a market operator to decide, of the"
            ):
                change(market, rival, enrolment_id, wanted)
    with pytest.raises(NotFound, match=f"enrolments/{ENROLMENT} does not exist"):
        change(market, rival, ENROLMENT, EnrolmentState.WITHDRAWN)
    assert change(market, OPERATOR, ENROLMENT, EnrolmentState.SUSPENDED) is EnrolmentState.SUSPENDED


def test_a_party_is_entered_once(market: Market) -> None:
    party = Party("new", "New", PartyKind.SITE_OWNER)
    create_party(market.units, OPERATOR, party, request_id="")
    with pytest.raises(AlreadyExists):
        create_party(market.units, OPERATOR, party, request_id="")
    with pytest.raises(InvalidInput, match="party_id is 'New one'"):
        create_party(market.units, OPERATOR, replace(party, party_id="New one"), request_id="")
