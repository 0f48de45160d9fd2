import pytest
from cryptography import x509
from support.certificates import LOCAL, TestAuthority, uri

from vpp.foundation.certificate_name import name_of
from vpp.foundation.errors import InvalidInput

NAME = "spiffe://vpp.example/party/grid/operator"
AUTHORITY = TestAuthority()


def test_the_one_uri_is_the_name_whatever_else_there_is() -> None:
    lookalike = x509.DNSName("spiffe-vpp.example")
    certificate = AUTHORITY.issue(uri(NAME), lookalike, *LOCAL, common_name="hub").certificate
    assert str(name_of(certificate)) == NAME


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ((), "carries 0 URIs"),
        (LOCAL, "carries 0 URIs"),
        ((x509.DNSName("operator"), x509.RFC822Name("operator@vpp.example")), "carries 0 URIs"),
        ((uri(NAME), uri("spiffe://vpp.example/party/grid/other")), "carries 2 URIs"),
        ((uri(NAME), uri(NAME)), "carries 2 URIs"),
        ((uri("https://vpp.example/party/grid/operator"),), "expected spiffe://"),
        ((uri(f"{NAME}/"),), "expected spiffe://"),
    ],
)
def test_none_two_and_odd_ones_are_refused(names: tuple[x509.GeneralName, ...], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        name_of(AUTHORITY.issue(*names, common_name=NAME).certificate)
