from pathlib import Path

import pytest
from pydantic import ValidationError

from vpp.hub.oauth_settings import OauthSettings


def test_no_token_is_taken_unless_an_issuer_is_named() -> None:
    assert OauthSettings().issuer is None


@pytest.mark.parametrize("keys", [{"jwks_file": Path("jwks.json")}, {"key_file": Path("tokens.key")}])
def test_an_issuer_has_keys_of_one_kind(keys: dict[str, Path]) -> None:
    assert OauthSettings(issuer="https://tokens.example", **keys).issuer == "https://tokens.example"  # type: ignore[arg-type]  # paths alone


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://tokens.example"},
        {"issuer": "https://tokens.example", "jwks_file": "a", "key_file": "b"},
        {"issuer": "http://tokens.example", "key_file": "b"},
        {"issuer": "https://tokens.example?a=b", "key_file": "b"},
        {"key_file": "b"},
        {"jwks_file": "a"},
        {"token_lifetime": "PT2H"},
        {"unknown": 1},
    ],
)
def test_what_does_not_go_together_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        OauthSettings.model_validate(wrong)
