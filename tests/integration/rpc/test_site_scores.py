"""Who may read sites' scores, over real gRPC."""

import grpc
import pytest
from support.market import EVENING, OPERATOR, RULES, Market
from support.serving import Served

from vpp.dispatch.purpose import EventPurpose
from vpp.v1.portfolio_pb2 import ListSiteScoresRequest, ListSiteScoresResponse
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub
from vpp.workflows.ordering import OrderedCall, create_ordered_event


@pytest.fixture
def scored(two_sites: Market) -> Market:
    """Sites a and b have been tested, and were silent."""
    call = OrderedCall(EventPurpose.TEST, "example-peak-shaving", "north", EVENING, (100.0,) * 8)
    create_ordered_event(two_sites.units, OPERATOR, RULES, call, event_id="drill", request_id="")
    two_sites.advance(EVENING.end + RULES.measurement_allowance)
    return two_sites


async def listed(hub: Served, token: str, **request: object) -> ListSiteScoresResponse:
    message = ListSiteScoresRequest(**request)  # type: ignore[arg-type]  # its fields
    answer = await hub.call(token, PortfolioServiceStub, "ListSiteScores", message)
    assert isinstance(answer, ListSiteScoresResponse)
    return answer


@pytest.mark.parametrize(
    ("token", "seen"),
    [("operator", ["a", "b"]), ("auditor", ["a", "b"]), ("owner-a", ["a"]), ("agent-b", ["b"])],
)
async def test_staff_see_every_site_and_others_their_own(
    scored: Market, hub: Served, token: str, seen: list[str]
) -> None:
    assert scored.event("drill").purpose is EventPurpose.TEST
    answer = await listed(hub, token)
    assert [score.site for score in answer.scores] == [f"sites/{site}" for site in seen]
    assert {score.event for score in answer.scores} == {"events/drill"}


async def test_another_owners_site_is_as_good_as_absent(scored: Market, hub: Served) -> None:
    del scored
    told = set()
    for site in ("b", "absent"):
        request = ListSiteScoresRequest(site=f"sites/{site}")
        code, reason, text = await hub.refused("owner-a", PortfolioServiceStub, "ListSiteScores", request)
        told.add((code, reason, text.replace(site, "")))
    assert told == {(grpc.StatusCode.NOT_FOUND, "NOT_FOUND", "sites/ does not exist")}


async def test_pages_follow_one_another_and_a_made_up_token_is_refused(scored: Market, hub: Served) -> None:
    del scored
    first = await listed(hub, "operator", page_size=1)
    second = await listed(hub, "operator", page_size=1, page_token=first.next_page_token)
    assert [one.scores[0].site for one in (first, second)] == ["sites/a", "sites/b"]
    assert second.next_page_token == ""
    made_up = "yesterday"
    request = ListSiteScoresRequest(page_token=made_up)
    code, _, text = await hub.refused("operator", PortfolioServiceStub, "ListSiteScores", request)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "page_token is 'yesterday'" in text
