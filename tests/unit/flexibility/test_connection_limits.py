import pytest

from vpp.flexibility.connection_limits import ConnectionLimits
from vpp.foundation.errors import InvalidInput


def test_the_lower_of_contract_and_transformer_binds() -> None:
    limits = ConnectionLimits(1000.0, transformer_kw=800.0, export_kw=900.0)
    assert (limits.largest_import_kw, limits.largest_export_kw) == (800.0, 800.0)


def test_negative_limits_are_refused() -> None:
    with pytest.raises(InvalidInput, match="import_kw is -1"):
        ConnectionLimits(-1.0)
    with pytest.raises(InvalidInput, match="transformer_kw is nan"):
        ConnectionLimits(1.0, transformer_kw=float("nan"))
