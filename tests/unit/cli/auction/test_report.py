import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

from vpp.auction.book import Book
from vpp.auction.result import Clearing
from vpp.cli.auction.report import render
from vpp.cli.auction.summary import summarise

PNG = b"\x89PNG, not really"
ATTACK = '"><script>alert(1)</script>'


class Page(HTMLParser):
    """Gathers what could reach outside or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.sources: list[str] = []
        self.policy = ""
        self.rows = 0
        self._is_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._is_script = tag == "script"
        self.rows += tag == "tr" and "data-reason" in values
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"] or ""
        self.sources += [value for name, value in attrs if name in {"src", "href"} and value]
        assert not [name for name in values if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self._is_script:
            self.scripts.append(data)
            self._is_script = False


def page(book: Book, clearing: Clearing) -> str:
    return render(book, clearing, summarise(clearing), PNG)


def test_the_page_needs_nothing_but_itself(book: Book, clearing: Clearing) -> None:
    text = page(book, clearing)
    parsed = Page(text)
    assert parsed.sources == [f"data:image/png;base64,{base64.b64encode(PNG).decode()}"]
    assert "@import" not in text
    assert not re.search(r"url\(", text)


def test_only_the_filter_may_run(book: Book, clearing: Clearing) -> None:
    parsed = Page(page(book, clearing))
    assert len(parsed.scripts) == 1
    digest = base64.b64encode(hashlib.sha256(parsed.scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in parsed.policy
    assert "default-src 'none'" in parsed.policy


def test_names_from_outside_are_escaped(book: Book, clearing: Clearing) -> None:
    bids = tuple(replace(bid, zone=ATTACK, site_id=ATTACK) for bid in book.bids)
    awards = tuple(replace(award, site_id=ATTACK, detail=ATTACK) for award in clearing.awards)
    hostile = replace(
        clearing,
        awards=awards,
        currency=ATTACK,
        auction_id=ATTACK,
        local_shortfall_kw=((ATTACK, (1.0, 0.0)),),
    )
    text = page(replace(book, bids=bids, currency=ATTACK), hostile)
    assert len(Page(text).scripts) == 1
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_every_award_has_a_row_with_its_reason(book: Book, clearing: Clearing) -> None:
    text = page(book, clearing)
    assert Page(text).rows == 7
    assert text.count('data-reason="ACCEPTED_IN_PART"') == 3
    assert '<option value="REJECTED_INDIVISIBLE">REJECTED_INDIVISIBLE (1)</option>' in text
    assert "asks 150, the price is 140" in text


def test_a_huge_book_shows_the_accepted_first_and_says_so(book: Book, clearing: Clearing) -> None:
    rejected = next(award for award in clearing.awards if award.bid_id == "store-c")
    more = tuple(replace(rejected, bid_id=f"a-{number}") for number in range(2100))
    template = next(bid for bid in book.bids if bid.bid_id == "store-c")
    bids = (*book.bids, *(replace(template, bid_id=award.bid_id) for award in more))
    text = page(replace(book, bids=bids), replace(clearing, awards=(*more, *clearing.awards)))
    assert Page(text).rows == 2000
    assert "The first 2,000 of 2,107, accepted bids first" in text
    assert text.index("<td>steps-a</td>") < text.index("<td>a-0</td>")


def test_unserved_target_and_make_whole_are_listed(book: Book, clearing: Clearing) -> None:
    text = page(book, clearing)
    assert "<td>all zones</td><td>13:00-14:00</td><td>150.0</td>" in text
    assert "<td>block-b</td><td>5.00</td>" in text
