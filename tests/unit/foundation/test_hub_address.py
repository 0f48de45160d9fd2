import pytest

from vpp.foundation.hub_address import is_local


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("localhost:50051", True),
        ("127.0.0.1:50051", True),
        ("127.8.9.1:50051", True),
        ("[::1]:1", True),
        ("unix:/run/vpp", True),
        ("10.0.0.1:50051", False),
        ("[::ffff:10.0.0.1]:1", False),
        ("hub.example:443", False),
        ("localhost.example:443", False),
        ("127.0.0.1.example:443", False),
        ("0.0.0.0:1", False),
        ("", False),
    ],
)
def test_only_this_machine_is_local(address: str, *, expected: bool) -> None:
    assert is_local(address) is expected
