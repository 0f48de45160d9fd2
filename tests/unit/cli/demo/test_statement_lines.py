from decimal import Decimal

from vpp.cli.demo.statement_lines import delivered_kwh_by_event, statement_lines, total

CSV = (
    '"party_id","site_id","event_id","line_code","amount","currency","delivered_kwh","note"\r\n'
    '"owner","north-1","evening","ENERGY","10.10","GBP","40.125","first, with a comma"\r\n'
    '"owner","north-1","evening","ENERGY","10.20","GBP","40.250",""\r\n'
    '"owner","north-1","evening","AGG_FEE","-2.03","GBP","",""\r\n'
    '"owner","north-1","emergency","PENALTY","-0.07","GBP","",""\r\n'
)


def test_lines_add_up_exactly() -> None:
    lines = statement_lines(CSV)
    assert total(lines) == Decimal("18.20")
    assert delivered_kwh_by_event(lines) == {"evening": Decimal("80.375")}
