"""The bound that duals prove, against duals worked out by hand.

Duals are in thousandths of the currency per row unit. With intervals of an hour, a price p per MWh
is p thousandths per kW.
"""

from dataclasses import replace
from decimal import Decimal
from math import nan

import pytest
from support.hand_cleared import bid, book, cleared, steps

from vpp.auction.bid import BlockOffer, Migration, Rebound, ReboundProfile, RunLimits, StoreOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms, FeederLimit, PathLimit, SiteLimit, ZoneLimit
from vpp.auction.result import Certificate, RowDual
from vpp.auction.verification import certified_bound, findings
from vpp.foundation.direction import Direction

Key = tuple[str | int, ...]


def certificate(bound: str, *rows: tuple[str, Key, float]) -> Certificate:
    return Certificate(Decimal(bound), tuple(RowDual(family, key, dual) for family, key, dual in rows))


def prices(*per_mwh: float, zone: str = "") -> tuple[tuple[str, Key, float], ...]:
    """Balance rows of all zones without limits, and the target's row."""
    balance = tuple(("balance", ("zone", zone, t), price) for t, price in enumerate(per_mwh))
    system = tuple(("system", (t,), price) for t, price in enumerate(per_mwh) if price)
    return (*balance, *system)


# Known answer A1: 12 * 150 - 6 * (150 - 80) - 5 * (150 - 110) = 1180.
A1_BOOK = book((12.0,), steps("a", (6, 80)), steps("b", (5, 110)), steps("c", (9, 150)))
A1 = cleared(A1_BOOK, {"a": ((6,), ()), "b": ((5,), ()), "c": ((1,), ())}, objective="1.18", prices=(150,))
A1_PROOF = certificate("1.18", *prices(150))

# Known answer A11b: 4 kW are deferred, each comes back 1.5-fold into headroom worth 100:
# 6 * 200 - 2 * 3 * 100 = 600.
DEFER_BOOK = book(
    (6.0, 0.0, 0.0),
    steps("defer", (6, 50), None, None, rebound=Rebound(1.5, 2, 100.0)),
    steps("simple", (10, 200), None, None),
    rebound_headroom_kw=3.0,
)
DEFER_PROOF = certificate(
    "0.6",
    ("balance", ("zone", "Z1", 0), 200),
    ("balance", ("zone", "Z1", 1), 100),
    ("balance", ("zone", "Z1", 2), 100),
    ("system", (0,), 200),
    *(("rebound_headroom", (t,), 100.0) for t in (1, 2)),
    *(("owed", ("defer", t), 100.0) for t in (0, 1, 2)),
)

# Known answer A12: a stored kWh saves 0.8 * (250 - 10) = 192, so that charging in interval 0 gains
# 0.8 * 192 - 40 = 113.6 per kW: 5 * 160 + 5 * 250 - 2 * 192 - 3 * 113.6 = 1325.2.
STORE_BOOK = book(
    (0.0, 5.0, 5.0),
    steps("simple", (10, 40), (10, 160), (10, 250)),
    bid("store", StoreOffer(4.0, 3.0, 6.0, 0.0, 2.0, 0.0, Decimal(10), 0.8, 0.8)),
    rebound_headroom_kw=0.0,
)
STORE_PROOF = certificate(
    "1.3252",
    *(("balance", ("zone", "Z1", t), price) for t, price in enumerate((40, 160, 250))),
    ("system", (1,), 160),
    ("system", (2,), 250),
    ("rebound_headroom", (0,), 40),
    *(("stored", ("store", t), -192.0) for t in (0, 1, 2)),
)

# Known answer A7 at its hull price: 6 * 100 - 5 * (100 - 50) = 350.
BLOCK_BOOK = book(
    (6.0,), steps("a", (5, 50)), bid("block", BlockOffer((6.0,), Decimal(100))), steps("c", (5, 120))
)

# Of two that exclude each other the first gains 10 * (100 - 10) = 900: 15 * 100 - 900 = 600.
GROUP_BOOK = book(
    (15.0,),
    bid("one", BlockOffer((10.0,), Decimal(10)), site_id="north", exclusive_group="g"),
    bid("two", BlockOffer((10.0,), Decimal(20)), site_id="north", exclusive_group="g"),
    steps("simple", (10, 100)),
)

# The parent loses 300 and the child gains 600: 20 * 120 - (600 - 300) = 2100.
LINK_BOOK = book(
    (10.0, 10.0),
    bid("child", BlockOffer((0.0, 10.0), Decimal(60)), site_id="north", parent_bid_id="parent"),
    bid("parent", BlockOffer((10.0,), Decimal(150)), site_id="north"),
    steps("simple", (10, 120), (10, 120)),
)

# Known answer A18: a run gains 6 * (95 - 40) - 50 = 280 of 6 * 95.
RUN_BOOK = book(
    (0.0, 6.0, 0.0),
    steps("run", *((6.0, 40.0),) * 3, run_limits=RunLimits(4.0, max_calls=1, start_cost=Decimal("0.05"))),
    steps("simple", *((9.0, 95.0),) * 3),
)

# 10 kWh that save 40 each: 2 * 10 * 50 - 10 * 40 = 600.
ENERGY_BOOK = book(
    (10.0, 10.0), steps("a", (10, 10), (10, 10), energy_limit_kwh=10.0), steps("b", (20, 50), (20, 50))
)

# Known answer A17: 15 * 130 - 4 * (130 - 60) - 9 * (130 - 100) = 1400.
ZONE_BOOK = book(
    (15.0,),
    steps("a", (9, 60), zone="1"),
    steps("b", (9, 130), zone="2"),
    steps("c", (9, 100), zone="3"),
    terms=BuyerTerms(zones=(ZoneLimit("1", None, (4.0,)), ZoneLimit("3", (3.0,)))),
)

# Known answer A16 with a path of 4: 10 * 100 + (200 - 100) * 8 - 4 * (200 - 30 - 125) = 1620.
PATH_BOOK = book(
    (10.0,),
    steps("a", (20, 200), zone="A"),
    steps("b", (20, 100), zone="B"),
    steps("move", (5, 30), zone="A", migration=Migration("B", 1.25)),
    terms=BuyerTerms(zones=(ZoneLimit("A", (8.0,)),), paths=(PathLimit("A", "B", (4.0,)),)),
)

# Half of what is shed for 30 comes back where a kW costs 80, so that shedding costs 70:
# 10 * 70 + 5 * 80 = 1100.
CHILLER_BOOK = book(
    (10.0, 5.0),
    steps("chiller", (10, 30), None, rebound=ReboundProfile((0.5,))),
    steps("simple", (10, 100), (20, 80)),
)

# Nothing beyond the target: known answer A10 relaxed, the block takes part of its size.
EQUAL_BOOK = book(
    (4.0,),
    bid("block", BlockOffer((6.0,), Decimal(20))),
    steps("e", (5, 30), direction=Direction.LOAD_UP),
    terms=BuyerTerms(allows_over_delivery=False),
)


# 10 kW of one resource, its feeder or its site at most, save 40 each: 20 * 50 - 10 * 40 = 600.
SHARED_BOOK = book(
    (20.0,),
    steps("a", (10, 10), site_id="north"),
    steps("b", (10, 20), site_id="north"),
    steps("simple", (20, 50)),
)
RESOURCE_BOOK = replace(SHARED_BOOK, resource_limit_kw={("north", "load"): 10.0})
FEEDER_BOOK = replace(
    SHARED_BOOK, terms=BuyerTerms(feeders=(FeederLimit("f", ("north", "nowhere"), (10.0,), (5.0,)),))
)
EITHER_BOOK = replace(
    SHARED_BOOK,
    bids=tuple(replace(one, exclusive_group="g") for one in SHARED_BOOK.bids[:2]) + SHARED_BOOK.bids[2:],
)

# Of two blocks that do not fit together the first gains 8 * 40: 16 * 50 - 320 = 480.
CONFLICT_BOOK = book(
    (16.0,),
    bid("a", BlockOffer((8.0,), Decimal(10)), site_id="north"),
    bid("b", BlockOffer((8.0,), Decimal(20)), site_id="north"),
    steps("simple", (20, 50)),
    resource_limit_kw={("north", "load"): 10.0},
)

# No site may serve more than half: 10 * 50 - 5 * 40 = 300.
SHARE_BOOK = book(
    (10.0,),
    steps("a", (10, 10)),
    steps("b", (10, 50)),
    terms=BuyerTerms(min_site_count=2, sites=(SiteLimit("site-a", "", (3.0,)),)),
)

# Losing any of three must leave 10: all serve, 5 * (50 + 60 + 70) = 900.
LOSS_BOOK = book(
    (10.0,),
    steps("a", (5, 50)),
    steps("b", (5, 60)),
    steps("c", (5, 70)),
    terms=BuyerTerms(has_loss_reserve=True),
)

# Rising by 5 an interval leaves 5 short at 5000: 5 * 10 + 5 * 5000 + 10 * 10 = 25150.
START_BOOK = book((10.0, 10.0), steps("a", (10, 10), (10, 10)), terms=BuyerTerms(max_start_ramp_kw=5.0))

# Falling by 5 an interval takes 5 more kW afterwards: 10 * 10 + 5 * 10 = 150.
RELEASE_BOOK = book((10.0, 0.0), steps("a", (10, 10), (10, 10)), terms=BuyerTerms(max_release_ramp_kw=5.0))


@pytest.mark.parametrize(
    ("of", "proof", "bound"),
    [
        (A1_BOOK, A1_PROOF, "1.18"),
        (DEFER_BOOK, DEFER_PROOF, "0.6"),
        (STORE_BOOK, STORE_PROOF, "1.3252"),
        (BLOCK_BOOK, certificate("0", *prices(100)), "0.35"),
        (GROUP_BOOK, certificate("0", *prices(100), ("group", ("north", "g"), -900)), "0.6"),
        (LINK_BOOK, certificate("0", *prices(120, 120), ("link", ("child",), -300)), "2.1"),
        (
            RUN_BOOK,
            certificate(
                "0",
                *prices(0, 95, 0),
                ("run_max", ("run", 1, 0), -55),
                ("start", ("run", 0), -50),
                ("start", ("run", 1), -50),
            ),
            "0.29",
        ),
        (ENERGY_BOOK, certificate("0", *prices(50, 50), ("energy_limit", ("a",), -40)), "0.6"),
        (
            ZONE_BOOK,
            certificate(
                "0",
                ("balance", ("zone", "1", 0), 60),
                ("balance", ("zone", "2", 0), 130),
                ("balance", ("zone", "3", 0), 130),
                ("system", (0,), 130),
            ),
            "1.4",
        ),
        (
            PATH_BOOK,
            certificate(
                "0",
                ("balance", ("zone", "A", 0), 200),
                ("balance", ("zone", "", 0), 100),
                ("system", (0,), 100),
                ("local", ("A", 0), 100),
                ("balance", ("path", "A>B", 0), -45),
            ),
            "1.62",
        ),
        (CHILLER_BOOK, certificate("0", *prices(70, 80)), "1.1"),
        (EQUAL_BOOK, certificate("0", *prices(20)), "0.08"),
        (RESOURCE_BOOK, certificate("0", *prices(50), ("resource_limit", ("north", "load", 0), -40)), "0.6"),
        (FEEDER_BOOK, certificate("0", *prices(50), ("balance", ("feeder", "f", 0), -40)), "0.6"),
        (
            EITHER_BOOK,
            certificate(
                "0",
                *prices(50),
                ("group_step", ("a", 0, 0), -40),
                ("group_step", ("b", 0, 0), -30),
                ("group", ("north", "g"), -400),
            ),
            "0.6",
        ),
        (CONFLICT_BOOK, certificate("0", *prices(50), ("conflict", ("north", "load", 0), -320)), "0.48"),
        (SHARE_BOOK, certificate("0", *prices(50), ("balance", ("site", "site-a", 0), -40)), "0.3"),
        (
            LOSS_BOOK,
            certificate(
                "0",
                *prices(300),
                *(("balance", ("site", f"site-{name}", 0), -100.0) for name in "abc"),
                *(("loss", (f"site-{name}", 0), 100.0) for name in "abc"),
            ),
            "0.9",
        ),
        (
            START_BOOK,
            certificate(
                "0",
                ("balance", ("zone", "", 0), 10),
                ("balance", ("zone", "", 1), 10),
                ("system", (0,), 5000),
                ("system", (1,), 10),
                ("start_ramp", (0,), -4990),
            ),
            "25.15",
        ),
        (
            RELEASE_BOOK,
            certificate(
                "0",
                ("balance", ("zone", "", 0), 10),
                ("balance", ("zone", "", 1), 10),
                ("system", (0,), 20),
                ("release_ramp", (1,), -10),
            ),
            "0.15",
        ),
        (A1_BOOK, certificate("0"), "0"),
        (book((12.0,)), certificate("0", *prices(5000)), "60"),
    ],
)
def test_the_bound_follows_from_the_duals(of: Book, proof: Certificate, bound: str) -> None:
    assert certified_bound(of, proof) == pytest.approx(Decimal(bound), abs=Decimal("0.000002"))


def test_any_duals_prove_something_and_never_too_much() -> None:
    for price in (-50, 0, 40, 100, 149, 151, 4000, 9000):
        assert certified_bound(A1_BOOK, certificate("0", *prices(price))) <= Decimal("1.18")
    for value in (-500, -193, -191, 0, 10):
        rows = tuple(replace(row, dual=value) if row.family == "stored" else row for row in STORE_PROOF.duals)
        assert certified_bound(STORE_BOOK, replace(STORE_PROOF, duals=rows)) <= Decimal("1.3252")


def test_a_dual_of_the_wrong_sign_proves_nothing() -> None:
    wrong = certificate("0", *prices(50, 50), ("energy_limit", ("a",), 40))
    right = certificate("0", *prices(50, 50))
    assert certified_bound(ENERGY_BOOK, wrong) == certified_bound(ENERGY_BOOK, right)


def test_the_same_row_twice_counts_twice() -> None:
    halves = tuple(replace(row, dual=row.dual / 2) for row in A1_PROOF.duals * 2)
    assert certified_bound(A1_BOOK, replace(A1_PROOF, duals=halves)) == Decimal("1.18")


def found(of: Book, proof: Certificate, words: str) -> None:
    told = findings(of, replace(A1, certificate=proof))
    assert any(words in text for text in told), told


def test_a_sound_certificate_passes() -> None:
    assert findings(A1_BOOK, replace(A1, certificate=A1_PROOF)) == ()
    lower = replace(A1, certificate=replace(A1_PROOF, bound=Decimal("1.1")))
    assert findings(A1_BOOK, lower) == ()


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (
            replace(A1_PROOF, bound=Decimal("1.19")),
            "the certificate states the bound 1.19, its duals prove 1.18",
        ),
        (certificate("1.18"), "states the bound 1.18, its duals prove 0"),
        (certificate("0", ("magic", ("a",), 1)), "the certificate has unknown rows magic"),
        (certificate("0", ("energy_limit", ("a",), -1)), "unknown row energy_limit ['a']"),
        (certificate("0", ("balance", ("zone", "Z9", 0), 1)), "unknown row balance ['zone', 'Z9', 0]"),
        (certificate("0", ("balance", ("zone", "Z1", 1), 1)), "unknown row balance ['zone', 'Z1', 1]"),
        (certificate("0", ("balance", ("zone", "Z1", -1), 1)), "unknown row balance ['zone', 'Z1', -1]"),
        (certificate("0", ("balance", ("zone", "Z1"), 1)), "unknown row balance ['zone', 'Z1']"),
        (certificate("0", ("system", ("a",), 1)), "unknown row system ['a']"),
        (certificate("0", ("system", (0,), nan)), "the dual of system [0] is nan"),
        (certificate("0", ("rebound_headroom", (0,), 1)), "unknown row rebound_headroom [0]"),
        (certificate("0", ("loss", ("site-a", 0), 1)), "unknown row loss ['site-a', 0]"),
        (certificate("0", ("local", ("Z1", 0), 1)), "unknown row local ['Z1', 0]"),
        (certificate("0", ("start_ramp", (0,), -1)), "unknown row start_ramp [0]"),
    ],
)
def test_a_tampered_certificate_is_found(proof: Certificate, words: str) -> None:
    found(A1_BOOK, proof, words)


def test_sound_duals_beside_unknown_ones_still_prove() -> None:
    mixed = replace(A1_PROOF, duals=(*A1_PROOF.duals, RowDual("balance", ("zone", "Z9", 0), 1.0)))
    assert certified_bound(A1_BOOK, mixed) == Decimal("1.18")


def test_awards_that_cost_less_than_what_is_proved_are_found() -> None:
    found(replace(A1_BOOK, bids=A1_BOOK.bids[1:]), A1_PROOF, "not one award per bid")
    dearer = replace(A1_BOOK, bids=(*A1_BOOK.bids[:2], steps("c", (9, 200))))
    found(dearer, certificate("1.18", *prices(200)), "less than the 1.23 that the duals prove")


def test_the_result_states_no_less_than_its_certificate() -> None:
    told = findings(A1_BOOK, replace(A1, certificate=A1_PROOF, bound=Decimal("1.00"), gap_ratio=0.18 / 1.18))
    assert any("the bound 1.00 is below 1.18 of its own certificate" in text for text in told), told


def test_many_unknown_rows_are_counted() -> None:
    rows = tuple((f"magic-{n}", (0,), 1.0) for n in range(30))
    told = findings(A1_BOOK, replace(A1, certificate=certificate("0", *rows)))
    assert "and 10 more unknown rows" in told
