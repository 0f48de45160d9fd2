import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import ID_PATTERN
from vpp.foundation.spiffe_name import SpiffeName

NAMES = (
    "spiffe://vpp.example/hub/hub",
    "spiffe://vpp.example/party/grid/operator",
    "spiffe://vpp.example/party/north-owner/site/north-1/agent-north-1",
    "spiffe://vpp.example/party/party/party",
    "spiffe://vpp.example/party/site/site",
)


@pytest.mark.parametrize("uri", NAMES)
def test_a_name_is_read_and_written_the_same(uri: str) -> None:
    assert str(SpiffeName.parse(uri)) == uri


def test_the_parts_of_a_name_are_told_apart() -> None:
    hub, operator, agent = (SpiffeName.parse(uri) for uri in NAMES[:3])
    assert (hub.is_hub, hub.hub_name, hub.party_id) == (True, "hub", None)
    assert (operator.is_hub, operator.party_id, operator.site_id) == (False, "grid", None)
    assert (agent.party_id, agent.site_id, agent.principal_id) == ("north-owner", "north-1", "agent-north-1")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "spiffe://",
        "spiffe://vpp.example",
        "spiffe://vpp.example/",
        "spiffe:///hub/hub",
        "SPIFFE://vpp.example/hub/hub",
        "https://vpp.example/hub/hub",
        "spiffe://VPP.example/hub/hub",
        "spiffe://vpp.example:443/hub/hub",
        "spiffe://user@vpp.example/hub/hub",
        "spiffe://vpp.example/hub/hub/",
        "spiffe://vpp.example//hub/hub",
        "spiffe://vpp.example/hub//hub",
        "spiffe://vpp.example/hub/hub?x=1",
        "spiffe://vpp.example/hub/hub#x",
        "spiffe://vpp.example/hub/%68ub",
        "spiffe://vpp.example/hub/..",
        "spiffe://vpp.example/hub/./hub",
        "spiffe://vpp.example/hub/hub\x00",
        "spiffe://vpp.example/hub/hub\n",
        "spiffe://vpp.example/hub/hub ",
        " spiffe://vpp.example/hub/hub",
        "spiffe://vpp.example/hub/Hub",
        "spiffe://vpp.example/hub/\uff48ub",
        "spiffe://vpp.example/hub/1hub",
        "spiffe://vpp.example/party/grid",
        "spiffe://vpp.example/party/grid/site/north-1",
        "spiffe://vpp.example/party/grid/sites/north-1/agent",
        "spiffe://vpp.example/party/grid/site/north-1/agent/more",
        "spiffe://vpp.example/site/north-1/agent",
        "spiffe://vpp.example/hub/" + "a" * 64,
        "spiffe://vpp.example/hub/" + "a" * 3000,
    ],
)
def test_what_is_written_otherwise_is_refused(uri: str) -> None:
    with pytest.raises(InvalidInput, match="expected spiffe://domain/hub/name") as refusal:
        SpiffeName.parse(uri)
    assert len(str(refusal.value)) < 500


@pytest.mark.parametrize(
    "parts",
    [
        {"trust_domain": "vpp.example"},
        {"trust_domain": "vpp.example", "party_id": "grid"},
        {"trust_domain": "vpp.example", "principal_id": "operator"},
        {"trust_domain": "vpp.example", "party_id": "grid", "principal_id": "a", "hub_name": "hub"},
        {"trust_domain": "vpp.example", "site_id": "north-1", "hub_name": "hub"},
        {"trust_domain": "", "hub_name": "hub"},
        {"trust_domain": "vpp_example", "hub_name": "hub"},
        {"trust_domain": "vpp.example", "party_id": "grid", "principal_id": "a/b"},
    ],
)
def test_a_name_is_a_hubs_or_a_principals(parts: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        SpiffeName(**parts)


IDS = st.from_regex(ID_PATTERN, fullmatch=True)


@given(IDS, st.none() | IDS, IDS)
def test_every_name_of_a_principal_is_read_back(
    party_id: str, site_id: str | None, principal_id: str
) -> None:
    name = SpiffeName("vpp.example", party_id, site_id, principal_id)
    assert SpiffeName.parse(str(name)) == name


@given(st.sampled_from(NAMES), st.integers(min_value=0, max_value=70), st.characters(codec="utf-8"))
def test_a_changed_name_is_refused_or_another_name(uri: str, place: int, character: str) -> None:
    changed = uri[:place] + character + uri[place + 1 :]
    try:
        read = SpiffeName.parse(changed)
    except InvalidInput:
        return
    assert str(read) == changed
