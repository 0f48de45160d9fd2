import numpy as np
from support.hourly_panels import M, panel_of, weekly_kw

from vpp.baseline.forecasting.shared_design import DesignTerms, shared_design
from vpp.baseline.forecasting.shared_fit import fit_batched, fit_reference

DESIGN = shared_design(panel_of(weekly_kw(28)), DesignTerms(28 * M, 0, 28 * M, 4, 14.0))
RNG = np.random.default_rng(4)
OWN = RNG.normal(size=(3, 2, 28 * M))
LOAD = RNG.normal(size=(3, 28 * M)) + 3 * OWN[:, 0]


def test_absorbing_the_shared_columns_changes_no_coefficient() -> None:
    on_shared, on_own = fit_batched(DESIGN, OWN, LOAD)
    for site in range(3):
        alone = fit_reference(np.hstack([DESIGN.columns, OWN[site].T]), LOAD[site], DESIGN.root**2)
        np.testing.assert_allclose(np.append(on_shared[site], on_own[site]), alone, rtol=1e-9, atol=1e-12)


def test_without_own_columns() -> None:
    on_shared, on_own = fit_batched(DESIGN, OWN[:, :0], LOAD)
    assert on_own.shape == (3, 0)
    np.testing.assert_allclose(
        on_shared[1], fit_reference(DESIGN.columns, LOAD[1], DESIGN.root**2), rtol=1e-9
    )


def test_a_column_that_the_shared_ones_explain_declines_its_site() -> None:
    own = OWN.copy()
    own[1, 0] = DESIGN.columns[:, 3] + 2.0
    on_shared, _ = fit_batched(DESIGN, own, LOAD)
    assert np.isnan(on_shared).all(axis=1).tolist() == [False, True, False]


def test_the_reference_gives_a_dependent_column_no_weight() -> None:
    design = np.stack([np.ones(9), np.arange(9.0), 2.0 * np.arange(9.0)], axis=1)
    found = fit_reference(design, 4.0 + 6.0 * np.arange(9.0), np.ones(9))
    np.testing.assert_allclose(design @ found, 4.0 + 6.0 * np.arange(9.0))
    assert (found == 0.0).sum() == 1
