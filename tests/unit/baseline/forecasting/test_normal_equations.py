import numpy as np

from vpp.baseline.forecasting.normal_equations import independent, solve_ridge, solve_stacked


def products(columns: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return columns @ columns.transpose(0, 2, 1), (columns @ target[:, :, None])[:, :, 0]


def test_sites_are_solved_as_if_each_were_alone() -> None:
    rng = np.random.default_rng(1)
    columns, target = rng.normal(size=(5, 3, 40)), rng.normal(size=(5, 40))
    columns[:, 1] *= 1e6  # a scale of its own
    found = solve_stacked(*products(columns, target))
    for site in range(5):
        alone = np.linalg.lstsq(columns[site].T, target[site])[0]
        np.testing.assert_allclose(found[site], alone, rtol=1e-9)


def test_columns_that_depend_on_each_other_are_declined_and_no_other_site() -> None:
    rng = np.random.default_rng(2)
    columns, target = rng.normal(size=(4, 3, 40)), rng.normal(size=(4, 40))
    columns[1, 2] = columns[1, 0] + 1e-5 * columns[1, 2]
    columns[2, 0] = 0.0
    found = solve_stacked(*products(columns, target))
    assert np.isnan(found).all(axis=1).tolist() == [False, True, True, False]


def test_evidence_for_nothing_halves_a_single_coefficient() -> None:
    columns, target = np.ones((1, 1, 10)), np.full((1, 10), 6.0)
    assert solve_ridge(*products(columns, target), np.ones(1), 1e-18).tolist() == [[3.0]]


def test_a_column_that_vanishes_has_no_coefficient() -> None:
    columns = np.stack([np.ones((1, 10)), np.full((1, 10), 1e-12)], axis=1)
    found = solve_ridge(*products(columns, np.full((1, 10), 6.0)), np.ones(2), 1e-18)
    assert found.tolist() == [[3.0, 0.0]]


def test_one_of_each_pair_of_equal_columns_is_kept() -> None:
    column = np.arange(6.0)
    design = np.stack([np.ones(6), column, 2 * column, np.zeros(6), column**2], axis=1)
    kept = independent(design)
    assert kept[[0, 4]].all()
    assert kept[1:3].sum() == 1
    assert not kept[3]
    assert not independent(np.zeros((4, 2))).any()
