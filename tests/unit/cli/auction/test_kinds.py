from vpp.auction.book import Book
from vpp.cli.auction.kinds import kind_of
from vpp.cli.charts.auction_kinds import ResourceKind


def test_every_kind_is_told_apart(book: Book) -> None:
    kinds = {bid.bid_id: kind_of(bid, book.direction) for bid in book.bids}
    assert kinds == {
        "steps-a": ResourceKind.STEPS,
        "block-b": ResourceKind.BLOCK,
        "store-c": ResourceKind.STORE,
        "defer-d": ResourceKind.DEFERRABLE,
        "run-e": ResourceKind.COMMITTED,
        "move-f": ResourceKind.MIGRATION,
        "up-g": ResourceKind.OPPOSITE,
    }


def test_no_two_kinds_share_a_colour() -> None:
    assert len({kind.colour for kind in ResourceKind}) == len(ResourceKind)
