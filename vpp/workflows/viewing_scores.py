"""What callers read back of sites' scores."""

from datetime import datetime

from vpp.dispatch.site_score import SiteScore
from vpp.foundation.errors import InvalidInput
from vpp.workflows.identity import Principal
from vpp.workflows.ports import UnitOfWork, UnitOfWorkFactory
from vpp.workflows.score_ports import ScorePlace
from vpp.workflows.viewing import visible_site
from vpp.workflows.visibility import MAX_PAGE_SIZE, Page, PageRequest, SeenParts, own_site_ids


def list_site_scores(
    units: UnitOfWorkFactory, principal: Principal, site_id: str | None, request: PageRequest
) -> Page[SiteScore]:
    """List what sites have shown of themselves, the newest event first.

    One sees what one's own sites have shown, and what any site has shown in events that one's party bought.

    Args:
        units: Makes the transaction.
        principal: Who asks.
        site_id: Only this site's; None for every site that the caller may see.
        request: Which page.

    Raises:
        NotFound: There is no such site that the caller may see.
        InvalidInput: The page token is none that a list has given.
    """
    after = _place(request.page_token) if request.page_token else None
    with units(write=False) as uow:
        sites = _sites(uow, principal, site_id)
        is_seen = SeenParts(uow, principal)
        items: list[SiteScore] = []
        while len(items) <= request.limit:
            batch = uow.scores.newest(sites, after=after, limit=MAX_PAGE_SIZE)
            items += [score for score in batch if is_seen(score.event_id, score.site_id)]
            if len(batch) < MAX_PAGE_SIZE:
                break
            after = ScorePlace(batch[-1].delivery_start_at, batch[-1].score_id)
    page = tuple(items[: request.limit])
    return Page(page, _token(page[-1]) if len(items) > request.limit else "")


def _sites(uow: UnitOfWork, principal: Principal, site_id: str | None) -> frozenset[str] | None:
    if site_id is not None:
        visible_site(uow, principal, site_id)
        return frozenset({site_id})
    if principal.sees_everything or principal.buys:  # an operator sees what its events showed of any site
        return None
    return own_site_ids(uow, principal)


def _token(score: SiteScore) -> str:
    return f"{score.delivery_start_at.isoformat()} {score.score_id}"


def _place(token: str) -> ScorePlace:
    instant, _, score_id = token.partition(" ")
    try:
        return ScorePlace(datetime.fromisoformat(instant), score_id)
    except ValueError as error:
        raise InvalidInput(
            f"page_token is {token!r}, expected the next_page_token of an earlier page", page_token=token
        ) from error
