"""Weighted least squares on columns that all sites share and columns of their own."""

import numpy as np
from statsmodels.regression.linear_model import WLS

from vpp.baseline.forecasting.normal_equations import independent, solve_stacked
from vpp.baseline.forecasting.panel import Floats
from vpp.baseline.forecasting.shared_design import SharedDesign

# Of a column's square, the share that shared columns must leave: less is rounding, no basis for a fit.
LEAST_LEFT = 1e-8


def fit_batched(design: SharedDesign, own: Floats, load_kw: Floats) -> tuple[Floats, Floats]:
    """Fit every site at once: the shared columns by one pseudo-inverse, their own in what it leaves.

    By Frisch, Waugh and Lovell, the coefficients of a site's own columns are those of a regression of
    what the shared columns leave of the load on what they leave of those columns.

    Args:
        design: The shared columns and the weights.
        own: Columns of the sites' own over the slots learnt from. Shape (S, K, L).
        load_kw: Over the same slots. Shape (S, L).

    Returns:
        Coefficients of the shared columns, shape (S, P), and of the own, shape (S, K); NaN for sites
        whose own columns are too near to depending on others.
    """
    inverse, weighted = design.inverse, design.weighted
    is_even = bool((design.root == 1.0).all())
    target = load_kw if is_even else load_kw * design.root
    site_count, own_count, length = own.shape
    if own_count == 0:
        return target @ inverse.T, np.empty((site_count, 0))
    own_weighted = own if is_even else own * design.root
    flat = own_weighted.reshape(-1, length)
    left = (flat @ inverse.T) @ weighted.T
    np.subtract(flat, left, out=left)
    left = left.reshape(own.shape)
    gram = left @ left.transpose(0, 2, 1)
    whole = np.einsum("skt,skt->sk", own_weighted, own_weighted)
    square = np.diagonal(gram, axis1=1, axis2=2)
    is_vague = (square <= LEAST_LEFT * whole).any(axis=1)
    gram[is_vague] = np.nan
    on_own = solve_stacked(gram, (left @ target[:, :, None])[:, :, 0])
    rest = target - (on_own[:, None, :] @ own_weighted)[:, 0]
    return rest @ inverse.T, on_own


def fit_reference(design: Floats, load_kw: Floats, weights: Floats) -> Floats:
    """Fit one site by statsmodels; a column that depends on others gets a coefficient of 0.

    Args:
        design: Shape (T, K).
        load_kw: Shape (T,).
        weights: At least 0. Shape (T,).

    Returns:
        Coefficients. Shape (K,).
    """
    kept = independent(design * np.sqrt(weights)[:, None])
    coefficients = np.zeros(design.shape[1])
    coefficients[kept] = WLS(load_kw, design[:, kept], weights=weights).fit().params
    return coefficients
