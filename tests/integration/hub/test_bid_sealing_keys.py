"""A new hub makes its sealing key; after that a hub without the right keys does not start."""

import logging
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.market import GATE, Market, make_enrolled_market, step_bid

from vpp.foundation.errors import InvalidInput
from vpp.foundation.sealing_keys import SealingKeys, new_sealing_keys, sealing_key_lines
from vpp.hub.bid_sealing_keys import ensure_sealing_keys
from vpp.storage.bid_sealing import BidSealing
from vpp.storage.unit_of_work import SqlUnitOfWork, SqlUnitOfWorkFactory
from vpp.workflows.records import BidState
from vpp.workflows.sealing import SEAL_BROKEN


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return make_enrolled_market(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sealing.key"


def started(market: Market, keys: SealingKeys) -> Market:
    """Go on with the same market under these keys, as a hub does that starts with them."""
    engine = market.units._engine  # noqa: SLF001  the same database
    units = SqlUnitOfWorkFactory(engine, market.clock, sealing=BidSealing(keys))
    return Market(units, market.clock, market.pool)


def test_a_new_hub_makes_its_key_once(market: Market, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    keys = ensure_sealing_keys(market.units, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ensure_sealing_keys(market.units, file) == keys
    assert file.read_text().strip() not in caplog.text
    assert f"made sealing key {keys.key_ids[0]}" in caplog.text
    with market.units(write=False) as uow:
        noted = [one.subject for one in uow.audit.page(limit=10_000) if one.action == "use_sealing_key"]
    assert noted == [f"sealingKeys/{keys.key_ids[0]}"]


def test_a_file_that_is_gone_is_not_made_anew(market: Market, file: Path) -> None:
    keys = ensure_sealing_keys(market.units, file)
    file.unlink()
    with pytest.raises(InvalidInput, match=f"does not exist, expected the file with key {keys.key_ids[0]}"):
        ensure_sealing_keys(market.units, file)
    assert not file.exists()


def test_a_second_hub_with_a_key_of_its_own_does_not_start(market: Market, file: Path) -> None:
    keys = ensure_sealing_keys(market.units, file)
    other = new_sealing_keys()
    file.write_text(sealing_key_lines(other))
    with pytest.raises(
        InvalidInput, match=f"holds {other.key_ids[0]}, expected {keys.key_ids[0]} among them"
    ):
        ensure_sealing_keys(market.units, file)


def test_a_key_that_a_standing_bid_needs_cannot_be_left_out(market: Market, file: Path) -> None:
    old = ensure_sealing_keys(market.units, file)
    hub = started(market, old)
    hub.open_auction()
    hub.bid("north-1", 100.0, "60")
    standing = step_bid("north-2", 100.0, "60", intervals=1)
    hub.bid("north-2", 0.0, "0", bid=standing, auction_id=None, product_id="example-emergency")
    new = SealingKeys((*new_sealing_keys().keys, *old.keys))
    file.write_text(sealing_key_lines(new))
    hub = started(hub, ensure_sealing_keys(hub.units, file))
    file.write_text(sealing_key_lines(SealingKeys(new.keys[:1])))
    with pytest.raises(InvalidInput, match=f"expected {old.key_ids[0]} among them"):
        ensure_sealing_keys(hub.units, file)
    hub.bid("north-2", 100.0, "60")
    hub.advance(GATE + timedelta(minutes=1))
    assert hub.event().awarded_reduction_kw[0] == pytest.approx(150.0)  # one bid under each key
    with hub.units() as uow:  # the standing bid is written anew, under the key that seals now
        for stored in uow.bids.page(where={"product_id": "example-emergency"}):
            uow.bids.update(stored.value.bid.bid_id, stored.value, revision=stored.revision)
        uow.commit()
    assert ensure_sealing_keys(hub.units, file).keys == new.keys[:1]


def test_a_lost_key_is_given_up_once_and_its_bids_are_refused(market: Market, file: Path) -> None:
    lost = ensure_sealing_keys(market.units, file).key_ids[0]
    hub = started(market, ensure_sealing_keys(market.units, file))
    hub.open_auction()
    bid_id = hub.bid("north-1", 100.0, "60").value.bid.bid_id
    file.unlink()
    with pytest.raises(InvalidInput, match=f"start once with --sealing-key-lost {lost}, and those bids"):
        ensure_sealing_keys(hub.units, file)
    hub = started(hub, ensure_sealing_keys(market.units, file, lost=[lost]))
    assert ensure_sealing_keys(market.units, file).key_ids != (lost,)  # said once
    with hub.units(write=False) as uow:
        refused = uow.bids.get(bid_id)
        told = {one.action: one.subject for one in uow.audit.page(limit=10_000)}
    assert refused is not None
    assert (refused.value.state, refused.value.reason) == (BidState.REJECTED, SEAL_BROKEN)
    assert f"the hub has lost key {lost}" in refused.value.reason_detail
    assert (told["lose_sealing_key"], told["refuse_bid"]) == (f"sealingKeys/{lost}", f"bids/{bid_id}")
    hub.bid("north-1", 100.0, "60")
    hub.advance(GATE + timedelta(minutes=1))
    assert hub.event().awarded_reduction_kw[0] == pytest.approx(100.0)


def test_what_an_older_hub_left_in_the_clear_is_sealed_at_the_first_start_alone(
    market: Market, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def seals() -> list[bool]:
        with market.units(write=False) as uow:
            return [stored.value.covered is not None for stored in uow.bids.page()]

    def put_in_the_clear() -> None:
        with market.units() as uow:
            for stored in uow.bids.page():
                older = replace(stored.value, seal=None, covered=None, bid=bid)
                uow.bids.update(bid.bid_id, older, revision=stored.revision)
            uow.commit()

    market.open_auction()
    bid = market.bid("north-1", 100.0, "60").value.bid
    put_in_the_clear()
    ensure_sealing_keys(market.units, file)
    assert seals() == [True]
    assert "1 bids stood in the clear and are sealed now" in caplog.text
    put_in_the_clear()  # as somebody would who can write to the database
    hub = started(market, ensure_sealing_keys(market.units, file))
    assert seals() == [False]
    hub.advance(GATE + timedelta(minutes=1))
    with hub.units(write=False) as uow:
        stored = uow.bids.get(bid.bid_id)
    assert stored is not None
    assert stored.value.reason == SEAL_BROKEN


def test_a_key_that_is_not_lost_is_not_given_up(market: Market, file: Path) -> None:
    keys = ensure_sealing_keys(market.units, file)
    with pytest.raises(InvalidInput, match=r"which is in sealing\.key_file"):
        ensure_sealing_keys(market.units, file, lost=keys.key_ids)
    with pytest.raises(InvalidInput, match="which is none of this database's keys"):
        ensure_sealing_keys(market.units, file, lost=["0" * 16])


def test_of_two_hubs_that_start_side_by_side_one_key_counts(market: Market, tmp_path: Path) -> None:
    """Each with a folder of its own: the second one looked before the first one had noted its key."""
    first, second = tmp_path / "one.key", tmp_path / "two.key"
    beside = _Beside(market.units, lambda: ensure_sealing_keys(market.units, first))
    with pytest.raises(InvalidInput, match="among them: bids of this database are sealed with it"):
        ensure_sealing_keys(beside, second)  # type: ignore[arg-type]  all that is asked of the units


class _Beside:
    """Lets another hub start between this one's first look and its writing."""

    def __init__(self, units: SqlUnitOfWorkFactory, other: Callable[[], object]) -> None:
        self._units, self._other = units, other

    def __call__(self, *, write: bool = True) -> SqlUnitOfWork:
        return self._units(write=write)

    def sealing_with(self, sealing: BidSealing) -> SqlUnitOfWorkFactory:
        self._other()
        return self._units.sealing_with(sealing)


def test_a_key_file_is_whole_or_not_there(
    market: Market, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", dies)
        with pytest.raises(InvalidInput, match="cannot be made: No space left on device"):
            ensure_sealing_keys(market.units, file)
    assert list(file.parent.glob("*sealing*")) == []
    ensure_sealing_keys(market.units, file)


def test_a_file_that_others_can_read_is_told(
    market: Market, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_text(sealing_key_lines(new_sealing_keys()))
    file.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        ensure_sealing_keys(market.units, file)
    assert "can be read by others than the hub; expected mode 600" in caplog.text


def test_a_folder_that_takes_no_file_is_told(market: Market, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"cannot be made: .*vpp keys create --sealing"):
        ensure_sealing_keys(market.units, tmp_path / "nowhere" / "sealing.key")


def test_what_is_no_key_file_is_refused(market: Market, file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match="cannot be read"):
        ensure_sealing_keys(market.units, file)
