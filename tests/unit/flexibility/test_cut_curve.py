import pytest

from vpp.flexibility.cap_response import worst_loss_ratio
from vpp.flexibility.cut_curve import CutCurve, published_curve
from vpp.flexibility.job_class import JobClass
from vpp.foundation.errors import InvalidInput

CURVE = CutCurve((0.0, 0.2, 0.4), (0.0, 0.1, 0.5))


@pytest.mark.parametrize(("cut", "loss"), [(0.0, 0.0), (0.1, 0.05), (0.2, 0.1), (0.3, 0.3), (0.4, 0.5)])
def test_a_loss_is_read_between_points(cut: float, loss: float) -> None:
    assert CURVE.loss_at(cut) == pytest.approx(loss)
    assert CURVE.cut_at(loss) == pytest.approx(cut)


def test_what_loses_nothing_is_cut_first() -> None:
    assert CutCurve((0.0, 0.1, 0.3), (0.0, 0.0, 0.2)).cut_at(0.0) == pytest.approx(0.1)
    assert CutCurve((0.0, 0.4), (0.0, 0.0)).cut_at(0.0) == 0.4
    assert CURVE.cut_at(1.0) == 0.4


def test_a_curve_can_be_shortened_and_lengthened() -> None:
    assert CURVE.up_to(0.3).deepest_cut_ratio == 0.3
    assert CURVE.up_to(0.2) == CutCurve((0.0, 0.2), (0.0, 0.1))
    assert CURVE.up_to(0.9) is CURVE
    assert CURVE.up_to(0.0) == CutCurve()
    assert CURVE.then(0.6, 0.7).loss_at(0.5) == pytest.approx(0.6)
    assert CURVE.then(0.3, 0.7) is CURVE


def test_segments_of_a_convex_curve_are_exact() -> None:
    (first, second) = CURVE.convex_segments()
    assert first == pytest.approx((0.2, 0.5))
    assert second == pytest.approx((0.2, 2.0))


@pytest.mark.parametrize("job_class", [JobClass.BATCH_INFERENCE, JobClass.FINETUNE, JobClass.PRETRAIN])
def test_segments_never_understate_the_loss(job_class: JobClass) -> None:
    curve = published_curve(job_class)
    cut = loss = 0.0
    slopes = []
    for width, slope in curve.convex_segments():
        cut, loss = cut + width, loss + width * slope
        slopes.append(slope)
        assert loss >= curve.loss_at(min(cut, 0.5)) - 1e-12
    assert slopes == sorted(slopes)
    assert cut == pytest.approx(0.5)
    assert curve.loss_at(0.33) == worst_loss_ratio(job_class, 0.33)


@pytest.mark.parametrize(
    ("cuts", "losses", "words"),
    [
        ((0.0, 0.2, 0.2), (0.0, 0.1, 0.2), "expected a deeper cut"),
        ((0.0, 0.2, 0.3), (0.0, 0.2, 0.1), "loses no less"),
        ((0.1, 0.2), (0.0, 0.1), "expected 0 and 0"),
        ((0.0, 1.2), (0.0, 0.1), r"cut_ratio is 1\.2"),
        ((0.0,), (0.0, 0.1), "expected as many"),
    ],
)
def test_what_is_no_curve_is_refused(cuts: tuple[float, ...], losses: tuple[float, ...], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        CutCurve(cuts, losses)


def test_a_class_that_was_not_measured_has_no_published_curve() -> None:
    with pytest.raises(InvalidInput, match="measured response"):
        published_curve(JobClass.ETL_RENDER_HPC)
