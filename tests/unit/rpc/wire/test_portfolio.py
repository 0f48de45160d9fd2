"""Products on the wire: limits that a product has not are absent, not zero."""

import json
from datetime import timedelta

from support.products import changed_product, shipped_products

from vpp.portfolio.product import ProductProfile
from vpp.rpc.wire.portfolio import product_message
from vpp.v1 import portfolio_pb2 as pb


def test_limits_are_sent_where_there_are_any() -> None:
    product = changed_product(
        shipped_products()["example-nordic-ffr"],
        telemetry_interval="PT1M",
        call={"notice_max": "P2D", "gate_close": "PT6H"},
        bid={"max_bid_kw": 5000.0},
    )
    message = product_message(product)
    assert message.max_bid_kw == 5000.0
    assert message.activation == pb.Product.ACTIVATION_LOCAL
    assert message.notice_max_duration.ToTimedelta() == timedelta(days=2)
    assert message.gate_closure_lead_duration.ToTimedelta() == timedelta(hours=6)
    assert message.telemetry_interval.ToTimedelta() == timedelta(minutes=1)
    assert list(message.excluded_products) == ["products/example-uftp"]
    assert ProductProfile.model_validate(json.loads(message.profile_json)) == product


def test_limits_that_are_none_are_absent() -> None:
    message = product_message(shipped_products()["example-emergency"])
    for field in ("max_bid_kw", "notice_max_duration", "gate_closure_lead_duration", "telemetry_interval"):
        assert not message.HasField(field)
    assert message.activation == pb.Product.ACTIVATION_INSTRUCTED


def test_an_auction_s_gate_closes_with_the_notice_where_nothing_else_is_said() -> None:
    message = product_message(shipped_products()["example-peak-shaving"])
    assert message.gate_closure_lead_duration == message.notice_min_duration
