from support.baseline_sites import flat_site

from vpp.baseline.scoring.site_chunks import SITES_PER_CHUNK, site_chunks


def test_every_site_is_in_one_part_beside_those_with_its_midnight() -> None:
    zones = ["Asia/Tokyo", "Europe/London"]
    sites = {f"s{n}": flat_site(1, zone=zones[n % 2]) for n in range(2 * SITES_PER_CHUNK + 3)}
    parts = site_chunks(sites)
    assert [len(part) for part in parts] == [SITES_PER_CHUNK, SITES_PER_CHUNK, 3]
    assert sorted(name for part in parts for name in part) == sorted(sites)
    assert len({site.calendar.time_zone for site in parts[0].values()}) == 1
    assert site_chunks({}) == []
