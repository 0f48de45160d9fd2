"""Fleets in parallel: local processes, a Dask cluster, or this process, by configuration."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar

import joblib
from threadpoolctl import threadpool_limits

from vpp.foundation.errors import InvalidInput

ChunkT = TypeVar("ChunkT")
ResultT = TypeVar("ResultT")

# A scheduler that answers does so at once; a typing error should not cost minutes.
_CONNECT_S = 10.0


@dataclass(frozen=True, slots=True)
class FleetPool:
    """Where a fleet's chunks are worked on.

    Attributes:
        kind: "local" for processes of this machine, "dask" for a cluster, "inline" for this process.
        workers: Processes of a local pool, at least 1; None for one per processor. A cluster has its own.
        scheduler_address: Of a cluster, such as "tcp://10.0.0.5:8786"; only for "dask".
    """

    kind: Literal["local", "inline", "dask"] = "local"
    workers: int | None = None
    scheduler_address: str | None = None

    def __post_init__(self) -> None:
        """Refuse what does not fit the kind of pool."""
        if self.workers is not None and (self.kind != "local" or self.workers < 1):
            raise InvalidInput(
                f"workers is {self.workers} for a pool of kind {self.kind!r}, expected at least 1, and local",
                workers=str(self.workers),
            )
        if (self.kind == "dask") != (self.scheduler_address is not None):
            raise InvalidInput(
                f"scheduler_address is {self.scheduler_address!r} for a pool of kind {self.kind!r}, "
                "expected an address for dask and none otherwise",
                scheduler_address=str(self.scheduler_address),
            )


def run_fleet(
    function: Callable[[ChunkT], ResultT],
    chunks: Sequence[ChunkT],
    *,
    pool: FleetPool,
    on_done: Callable[[int, int], None] | None = None,
) -> list[ResultT]:
    """Apply a function to every chunk of a fleet.

    Each worker's linear algebra runs on one thread: two threads on two cores have been measured to cost
    small fits ten times the processor time, and the processes already use every core.

    Args:
        function: Works on one chunk; can be pickled, unless the pool is inline.
        chunks: Parts of the fleet, each worth a process's while: some hundreds of sites.
        pool: Where to work.
        on_done: Told after each finished chunk how many are done, and of how many.

    Returns:
        The results in the order of the chunks. Shape (len(chunks),).

    Raises:
        InvalidInput: A cluster is asked for and the extra that speaks to one is not installed, or it
            does not answer.

    Example:
        >>> run_fleet(len, ["north", "east wing"], pool=FleetPool("inline"))
        [5, 9]
    """
    results: dict[int, ResultT] = {}
    with _backend(pool):
        tasks = (joblib.delayed(_pinned)(function, n, chunk) for n, chunk in enumerate(chunks))
        for n, result in joblib.Parallel(return_as="generator_unordered")(tasks):
            results[n] = result
            if on_done is not None:
                on_done(len(results), len(chunks))
    return [results[n] for n in range(len(chunks))]


def _pinned(function: Callable[[ChunkT], ResultT], n: int, chunk: ChunkT) -> tuple[int, ResultT]:
    with threadpool_limits(limits=1):
        return n, function(chunk)


@contextmanager
def _backend(pool: FleetPool) -> Iterator[None]:
    """Make joblib work in the pool while the context lasts."""
    if pool.scheduler_address is not None:
        with _client(pool.scheduler_address), joblib.parallel_config(backend="dask"):
            yield
        return
    config: partial[Any] = partial(joblib.parallel_config, backend="sequential")
    if pool.kind == "local":
        config = partial(
            joblib.parallel_config, backend="loky", n_jobs=pool.workers or -1, inner_max_num_threads=1
        )
    with config():
        yield


def _client(address: str) -> Any:  # noqa: ANN401  a cluster's client; the library ships no types
    try:
        from distributed import Client  # noqa: PLC0415  an extra: only those who ask for a cluster need it
    except ImportError as error:
        raise InvalidInput(
            "a pool of kind 'dask' needs the cluster's client: pip install vpp[cluster]", kind="dask"
        ) from error
    try:
        return Client(address, timeout=_CONNECT_S, set_as_default=True)
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"scheduler_address is {address!r}, expected that of a running scheduler ({error})",
            scheduler_address=address,
        ) from error
