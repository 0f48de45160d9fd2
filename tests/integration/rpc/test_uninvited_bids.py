"""Whoever bids where its site is not invited learns nothing of the auction, whatever else is wrong."""

from itertools import product
from pathlib import Path

from google.protobuf.json_format import ParseDict
from support.hub_in_process import HubInProcess, hub_in_process
from support.populated_hub import populated_market

from vpp.v1.auction_pb2 import CreateBidRequest

NOT_INVITED, ABSENT = "rival-later", "rival-never"


async def answered(hub: HubInProcess, auction: str, resource: str, shortest: str, currency: str) -> bytes:
    """Bid for the site alder; returns all that comes back, with the auction's name taken out."""
    price = {"currencyCode": currency, "units": "50"}
    steps = [{"steps": [{"reductionKw": 10, "pricePerMwh": price}]}] * 8
    bid = {
        "resource": f"sites/alder/resources/{resource}",
        "auction": f"auctions/{auction}",
        "deliveryRatio": 0.9,
        "stepOffer": {"intervals": steps},
        "runLimits": {"minRunDuration": shortest} if shortest else {},
    }
    request = ParseDict({"bid": bid}, CreateBidRequest())
    answer = await hub.call("owner-alder", "/vpp.v1.AuctionService/CreateBid", request)
    assert not answer.is_ok
    return answer.received().replace(auction.encode(), b"")


async def test_an_auction_of_others_is_as_one_that_there_is_not(tmp_path: Path) -> None:
    async with hub_in_process(populated_market(tmp_path), tmp_path) as hub:
        for faults in product(("battery", "nothing"), ("", "420s", "900s"), ("GBP", "EUR")):
            told = [await answered(hub, auction, *faults) for auction in (NOT_INVITED, ABSENT)]
            assert told[0] == told[1], faults
