import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import checked_id, identifier, name, resource_ids, resource_name


@pytest.mark.parametrize("bad", ["", "3e2", "00123", "North", "a_b", "-a", "a-", "a" * 64, "=1+1", "a/b"])
def test_an_id_never_reads_as_a_number_or_a_formula(bad: str) -> None:
    with pytest.raises(InvalidInput, match="site_id"):
        checked_id(bad, "site_id")


def test_names_come_apart_as_they_were_built() -> None:
    assert identifier(name("sites", "north-1"), "sites") == "north-1"
    assert resource_ids(resource_name("north-1", "ups")) == ("north-1", "ups")
    derived = "a" * 60 + "-m0-" + "b" * 60
    assert identifier(name("instructions", derived), "instructions") == derived


@pytest.mark.parametrize("bad", ["events/a", "sites/", "sites/A", "north-1", "sites/a/b"])
def test_a_name_of_another_kind_is_refused(bad: str) -> None:
    with pytest.raises(InvalidInput, match="name is"):
        identifier(bad, "sites")


@pytest.mark.parametrize("bad", ["sites/a", "sites/a/resources/", "x/a/resources/b", "sites/a/b/c"])
def test_a_resource_name_has_two_ids(bad: str) -> None:
    with pytest.raises(InvalidInput):
        resource_ids(bad)
