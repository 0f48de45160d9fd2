"""Where rules come from, for people."""

import pytest
from pydantic import ValidationError

from vpp.portfolio.provenance import Provenance

READ = {"source_tag": "P", "source": "Terms of service", "read_on": "2026-11-22"}


def test_a_source_may_have_an_address() -> None:
    assert Provenance.model_validate(READ).source_url is None
    url = "https://example.org/terms"
    assert Provenance.model_validate(READ | {"source_url": url}).source_url == url


@pytest.mark.parametrize("url", ["example.org", "file:///etc/passwd", "https://example.org/a b", ""])
def test_an_address_is_one_that_a_browser_opens(url: str) -> None:
    with pytest.raises(ValidationError, match="source_url"):
        Provenance.model_validate(READ | {"source_url": url})
