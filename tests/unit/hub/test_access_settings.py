"""How soon the hub notices: never later than it promises."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from vpp.hub.access_settings import AccessSettings


def test_by_default_it_looks_every_second() -> None:
    settings = AccessSettings()
    assert settings.check_interval == timedelta(seconds=1)
    assert settings.revocation_grace == timedelta(days=7)


@pytest.mark.parametrize(
    "values",
    [
        {"check_interval": "PT4.1S"},
        {"check_interval": "PT0S"},
        {"check_interval": 1},
        {"revocation_grace": "P367D"},
        {"revocation_grace": "-P1D"},
        {"revocation_grace": 7},
        {"skip_verify": True},
    ],
    ids=str,
)
def test_what_would_break_the_promise_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AccessSettings.model_validate(values)


def test_it_may_be_as_strict_as_the_owner_likes() -> None:
    settings = AccessSettings.model_validate({"check_interval": "PT4S", "revocation_grace": "PT0S"})
    assert (settings.check_interval, settings.revocation_grace) == (timedelta(seconds=4), timedelta(0))
