from threadpoolctl import threadpool_info

from vpp.baseline.forecasting.one_thread import one_thread


def test_linear_algebra_is_on_one_thread_inside_and_as_before_outside() -> None:
    def counts() -> list[int]:
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    before = counts()
    with one_thread():
        assert set(counts()) == {1}
    assert counts() == before
