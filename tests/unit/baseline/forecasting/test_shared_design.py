import numpy as np
import pytest
from support.hourly_panels import M, panel_of, weekly_kw

from vpp.baseline.forecasting.shared_design import DesignTerms, shared_design


def test_panels_of_one_calendar_share_one_design() -> None:
    terms = DesignTerms(30 * M, 0, 28 * M, 8, 14.0)
    designs = [shared_design(panel_of(weekly_kw(28) + shift), terms) for shift in (0.0, 5.0)]
    assert designs[0] is designs[1]
    with pytest.raises(ValueError, match="read-only"):
        designs[0].columns[0, 0] = 2.0


def test_columns_are_independent_where_they_are_learnt() -> None:
    terms = DesignTerms(30 * M, M, 28 * M, 8, 14.0)
    design = shared_design(panel_of(weekly_kw(28)), terms)
    assert np.linalg.matrix_rank(design.weighted) == design.columns.shape[1]
    np.testing.assert_allclose(design.inverse @ design.weighted, np.eye(design.columns.shape[1]), atol=1e-9)
    np.testing.assert_allclose(design.weighted, design.columns[M : 28 * M] * design.root[:, None])


def test_kinds_of_day_can_be_told_from_outside() -> None:
    def count(*told: bool) -> int:
        terms = DesignTerms(28 * M, 0, 28 * M, 8, 14.0, told)
        return shared_design(panel_of(weekly_kw(28)), terms).columns.shape[1]

    assert count(False, False, False, False) == 1 + 16
    assert count(True, False, False, False) == 1 + 16 + 17
