"""A column type gives back what it was given, or refuses it."""

import math
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from vpp.foundation.errors import InvalidInput
from vpp.storage.column_types import MicroAmount, Profile, Span

DIALECT = SQLiteDialect_pysqlite()
CENTURY = timedelta(days=36_525)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_an_amount_is_kept_exactly_or_refused(amount: Decimal) -> None:
    kind = MicroAmount()
    try:
        kept = kind.process_bind_param(amount, DIALECT)
    except InvalidInput:
        exact = amount * 10**6 if abs(amount) < 10**12 else None
        assert exact is None or exact != int(exact) or len(amount.as_tuple().digits) > 28
    else:
        assert kind.process_result_value(kept, DIALECT) == amount


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_every_number_of_millionths_is_kept(micro_units: int) -> None:
    amount = Decimal(micro_units).scaleb(-6)
    assert MicroAmount().process_bind_param(amount, DIALECT) == micro_units


@given(st.timedeltas(-CENTURY, CENTURY))
def test_a_span_is_kept_to_the_microsecond(span: timedelta) -> None:
    kind = Span()
    assert kind.process_result_value(kind.process_bind_param(span, DIALECT), DIALECT) == span


@given(st.lists(st.floats(allow_infinity=False)))
def test_a_profile_is_kept_with_its_gaps(values: list[float]) -> None:
    kind = Profile()
    back = kind.process_result_value(kind.process_bind_param(tuple(values), DIALECT), DIALECT)
    assert back is not None
    assert [None if math.isnan(value) else value for value in back] == [
        None if math.isnan(value) else value for value in values
    ]
