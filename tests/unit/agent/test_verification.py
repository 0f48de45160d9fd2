"""A delivery is believed if the hub signed it, for this site, under this sequence, just now."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from support.agent_site import MORNING, Site, connected, held, instruction, start_site, statuses, write_site

from vpp.agent.verification import Verification, verification_of
from vpp.agent.wire import timestamp
from vpp.foundation.command_keys import key_id, new_key_pair, read_signing_key, read_verify_keys
from vpp.foundation.errors import InvalidInput, NotAuthenticated
from vpp.rpc.signing import DeliverySigner
from vpp.v1.session_pb2 import ConnectRequest, ConnectResponse, Delivery, SignedDelivery

PAIRS = [new_key_pair() for _ in range(2)]
HUB, STRANGER = (DeliverySigner(read_signing_key(private, "key")) for private, _ in PAIRS)
AGE = timedelta(minutes=5)
Change = Callable[[Delivery], None]


def order(sequence: int = 1, *, site: str = "sites/site-001", age: timedelta = timedelta(0)) -> Delivery:
    return Delivery(
        sequence=sequence, site=site, issue_time=timestamp(MORNING - age), instruction=instruction([5.0])
    )


def verification(keys: bytes | None = PAIRS[0][1]) -> Verification:
    trusted = None if keys is None else read_verify_keys(keys, "keys")
    return Verification("sites/site-001", trusted, AGE, lambda instant: instant)


def test_what_the_hub_signed_is_opened() -> None:
    checked = verification()
    assert checked.opened(HUB.signed(order()), MORNING) == order()
    assert checked.refused_count == 0


@pytest.mark.parametrize("age", [AGE, -AGE])
def test_a_difference_of_clocks_is_borne_up_to_the_limit(age: timedelta) -> None:
    assert verification().opened(HUB.signed(order(age=age)), MORNING) == order(age=age)


def _flip(message: Delivery) -> None:
    content = bytearray(message.signed_delivery.delivery)
    content[-1] ^= 1
    message.signed_delivery.delivery = bytes(content)


def _as(sequence: int) -> Change:
    def change(message: Delivery) -> None:
        message.sequence = sequence

    return change


def _key(name: str) -> Change:
    def change(message: Delivery) -> None:
        message.signed_delivery.key_id = name

    return change


@pytest.mark.parametrize(
    ("message", "change", "reason"),
    [
        (order(), None, "delivery 1 is not signed, expected a signature"),
        (HUB.signed(order()), _flip, "delivery 1 is not what key .* signed"),
        (STRANGER.signed(order()), None, "signed by key .*, expected"),
        (STRANGER.signed(order()), _key(HUB.key_id), "is not what key"),
        (HUB.signed(order()), _key(""), "signed by key '', expected"),
        (HUB.signed(order()), _as(2), "delivery 2 holds one of sequence 1"),
        (HUB.signed(order(site="sites/site-002")), None, "is for sites/site-002, expected sites/site-001"),
        (HUB.signed(order(site="")), None, "is for no site, expected sites/site-001"),
        (HUB.signed(order(age=AGE + timedelta(seconds=1))), None, "was issued at .*, expected at most"),
        (HUB.signed(order(age=-AGE - timedelta(seconds=1))), None, "was issued at"),
        (HUB.signed(Delivery(sequence=1, site="sites/site-001")), None, "was issued at 1970"),
        (HUB.signed(HUB.signed(order())), None, "signed once"),
    ],
    ids=[
        "unsigned",
        "changed",
        "a stranger's",
        "a stranger's under the hub's name",
        "no key named",
        "another sequence",
        "another site's",
        "nobody's",
        "old",
        "from the future",
        "no time",
        "signed twice",
    ],
)
def test_everything_else_is_refused_and_counted(
    message: Delivery, change: Change | None, reason: str
) -> None:
    arrived = Delivery.FromString(message.SerializeToString())
    if change is not None:
        change(arrived)
    checked = verification()
    with pytest.raises(NotAuthenticated, match=reason):
        checked.opened(arrived, MORNING)
    assert checked.refused_count == 1


def test_signed_bytes_that_are_no_delivery_are_refused() -> None:
    key = read_signing_key(PAIRS[0][0], "key")
    garbage = b"\xff\xff"
    signature = key.sign(b"vpp-delivery-1\x00" + garbage)
    message = Delivery(
        sequence=1,
        signed_delivery=SignedDelivery(
            delivery=garbage, signature=signature, key_id=key_id(key.public_key())
        ),
    )
    with pytest.raises(NotAuthenticated, match="no delivery"):
        verification().opened(message, MORNING)


def test_without_keys_signatures_are_not_looked_at_but_sites_are() -> None:
    unchecked = verification(None)
    old = order(age=timedelta(days=9))
    assert unchecked.opened(STRANGER.signed(old), MORNING) == old
    bare = Delivery(sequence=3, instruction=instruction([5.0]))
    assert unchecked.opened(bare, MORNING) == bare
    with pytest.raises(NotAuthenticated, match="is for sites/site-002"):
        unchecked.opened(order(site="sites/site-002"), MORNING)


def test_either_of_two_keys_will_do() -> None:
    both = verification(PAIRS[0][1] + PAIRS[1][1])
    for signer in (HUB, STRANGER):
        assert both.opened(signer.signed(order()), MORNING) == order()


def _given(site: Site, message: Delivery) -> list[ConnectRequest]:
    return site.agent.receive(ConnectResponse(delivery=message), site.now)


def test_an_agent_keeps_nothing_of_what_it_refuses_and_takes_it_when_it_comes_whole(tmp_path: Path) -> None:
    (tmp_path / "site-001").mkdir()
    (tmp_path / "site-001" / "hub.pub").write_bytes(PAIRS[0][1])
    settings = write_site(tmp_path, hub__verify_key_file="hub.pub")
    with connected(start_site(settings)) as site:
        assert _given(site, order(1)) == []
        assert _given(site, STRANGER.signed(order(1))) == []
        assert site.agent.memory.plan.items == {}
        # What comes after it is taken, and the gap stays open until it is filled.
        later = order(2)
        later.instruction.name = "instructions/other-m0-site-001"
        later.instruction.event = "events/other"
        answers = _given(site, HUB.signed(later))
        assert (held(answers), statuses(answers)) == ([], [("ACCEPTED", "UNSPECIFIED")])
        with site.restart() as again:
            connected(again)
            answers = _given(again, HUB.signed(order(1)))
            assert (held(answers), statuses(answers)) == ([2], [("ACCEPTED", "UNSPECIFIED")])


def test_a_forged_repeat_closes_no_gap(tmp_path: Path) -> None:
    (tmp_path / "site-001").mkdir()
    (tmp_path / "site-001" / "hub.pub").write_bytes(PAIRS[0][1])
    with connected(start_site(write_site(tmp_path, hub__verify_key_file="hub.pub"))) as site:
        assert held(_given(site, HUB.signed(order(1)))) == [1]
        beyond = order(3)
        assert held(_given(site, HUB.signed(beyond))) == [1]
        assert _given(site, STRANGER.signed(beyond)) == []
        assert held(_given(site, HUB.signed(beyond))) == [3]  # the hub's own repeat says that 2 is closed


def test_a_key_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    settings = write_site(tmp_path, hub__verify_key_file="none.pub")
    with pytest.raises(InvalidInput, match=r"hub.verify_key_file .*none\.pub cannot be read"):
        verification_of(settings, lambda instant: instant)
