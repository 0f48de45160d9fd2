"""What a clearing was made from, as text: book and rules, from which it can be made again."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from vpp.auction.book import Book
from vpp.auction.book_json import book_from_document, book_to_document
from vpp.auction.clearing import clear
from vpp.auction.clearing_json import clearing_to_document
from vpp.auction.opened_bids import OpenedBids, check_openings, check_standing
from vpp.auction.rules import ClearingRules, TieRule, UniformPrice
from vpp.foundation.audit_chain import canonical
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

STANDING = "standing"
"""Field of what opens the standing bids that an emergency called."""
RUN = "solverRun"
"""Field of a clearing that says how long it took: never twice the same, and left out of the comparison."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A clearing made again.

    Attributes:
        then: The solver of the first time, with its version.
        now: The solver of this time.
        is_same: Whether the two are equal byte for byte, how long they took apart.
        differing: The fields that are not; empty if all are.
        opened: Bids of the book that are what they were committed to before the gate, and what does not hold.
    """

    then: str
    now: str
    is_same: bool
    differing: tuple[str, ...]
    opened: OpenedBids


def clearing_input(
    book: Book,
    rules: ClearingRules,
    openings: Mapping[str, Mapping[str, object]] | None = None,
    *,
    are_standing: bool = False,
) -> str:
    """Write a book and its rules as text, the same for the same input.

    Args:
        book: The book.
        rules: The rules.
        openings: By bid id its `commitment` and what opens it, as the JSON form of a bid has them.
        are_standing: Whether the book holds standing bids as an emergency calls them, and not as they were
            committed to.
    """
    fixed = rules.fixed_price_per_mwh
    document = book_to_document(book)
    standing = {STANDING: openings} if openings and are_standing else {}
    if openings and book.bids and not are_standing:
        opened = zip(document["bids"], book.bids, strict=True)
        document["bids"] = [{**written, **openings.get(bid.bid_id, {})} for written, bid in opened]
    return canonical(
        {
            "book": document,
            "rules": {
                "pay_rule": rules.pay_rule.value,
                "fixed_price_per_mwh": None if fixed is None else str(fixed),
                "solver": rules.solver.value,
                "time_limit_s": rules.time_limit.total_seconds(),
                "relative_gap": rules.relative_gap,
                "uniform_price": rules.uniform_price.value,
                "tie_rule": rules.tie_rule.value,
            },
            **standing,
        }
    )


def read_clearing_input(content: str) -> tuple[Book, ClearingRules]:
    """Read a book and its rules.

    Raises:
        InvalidInput: The text is none that `clearing_input` writes.
    """
    try:
        document = json.loads(content)
        rules = document["rules"]
        fixed = rules["fixed_price_per_mwh"]
        read = ClearingRules(
            pay_rule=PayRule(rules["pay_rule"]),
            fixed_price_per_mwh=None if fixed is None else Decimal(fixed),
            solver=SolverName(rules["solver"]),
            time_limit=timedelta(seconds=rules["time_limit_s"]),
            relative_gap=rules["relative_gap"],
            uniform_price=UniformPrice(rules["uniform_price"]),
            tie_rule=TieRule(rules["tie_rule"]),
        )
        return book_from_document(document["book"]), read
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise InvalidInput(f"the input of a clearing cannot be read: {error}", field="input") from error


def replay(content: str, clearing: str, recorded: Mapping[str, Collection[str]] | None = None) -> Replay:
    """Clear again and compare, and hold each bid against what it was committed to before the gate.

    The search is cut short by time: one that ended within its limit the first time and not this time, or
    the other way round, may give another answer of the same rules. So may another version of the solver.

    Args:
        content: What `clearing_input` wrote.
        clearing: The clearing of the first time, canonical JSON.
        recorded: The commitments that were written down when bids were entered, by their full names.

    Raises:
        InvalidInput: One of the two cannot be read.
    """
    book, rules = read_clearing_input(content)
    before: dict[str, Any] = json.loads(clearing)
    after = clearing_to_document(clear(book, rules))
    then, now = _solver(before), _solver(after)
    told = [{name: value for name, value in each.items() if name != RUN} for each in (before, after)]
    names = sorted(told[0].keys() | told[1].keys())
    differing = tuple(name for name in names if canonical(told[0].get(name)) != canonical(told[1].get(name)))
    is_same = canonical(told[0]) == canonical(told[1])
    return Replay(then, now, is_same, differing, _opened(json.loads(content), book, recorded or {}))


def _opened(document: Mapping[str, Any], book: Book, recorded: Mapping[str, Collection[str]]) -> OpenedBids:
    standing = document.get(STANDING)
    if standing is None:
        bids = document["book"].get("bids", ())
        opened = check_openings(bids, book)
    else:
        bids = [standing.get(bid.bid_id, {}) for bid in book.bids]
        opened = check_standing(standing, book)
    others = tuple(
        f"bids/{bid.bid_id} is not what was committed to when it was entered"
        for written, bid in zip(bids, book.bids, strict=True)
        if set(recorded.get(f"bids/{bid.bid_id}", ())) - {written.get("commitment")}
    )
    return OpenedBids(opened.count, opened.violations + others)


def _solver(document: Mapping[str, Any]) -> str:
    run = document.get(RUN, {})
    return f"{run.get('solver', 'no solver')} {run.get('version', '')}".strip()
