"""What the hub counts about itself, for Prometheus to read.

No label names a site, a party, an event or a caller: there would be too many, and whoever reads the
metrics need not be allowed to know them.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SHORT_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
"""Upper bounds, s, of what is over in moments: commits, calls, a late event loop."""
LONG_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 5, 10, 30, 60, 300, 900, 3600)
"""Upper bounds, s, of what waits for an agent, a solver or a deadline."""
OFFSET_S = (-10, -5, -2, -1, -0.5, -0.1, 0, 0.1, 0.5, 1, 2, 5, 10)
"""Upper bounds, s, of how far clocks differ, either way."""
MANY = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
"""Upper bounds of how many are done at once."""


class HubMetrics:
    """The hub's counters and histograms, each with a method that says what happened.

    Every method costs about a microsecond and may be called from any thread. One that nobody reads
    does no harm, so whoever counts makes its own if it is given none. Spans are seconds of the
    machine's time.

    Example:
        >>> metrics = HubMetrics()
        >>> metrics.session_opened()
        >>> metrics.count("vpp_hub_sessions_opened_total")
        1.0
    """

    def __init__(self) -> None:
        """Begin with everything at zero, in a registry of its own."""
        self.registry = CollectorRegistry()
        self._pulled: dict[str, Gauge] = {}
        self._sent_by: dict[tuple[str, bool], Counter] = {}
        self._acknowledged_by: dict[str, Histogram] = {}
        self._make_session_metrics()
        self._make_database_metrics()
        self._make_work_metrics()

    def _make_session_metrics(self) -> None:
        self._opened = self._counter("sessions_opened", "Sessions that said Hello.")
        self._ended = self._counter(
            "sessions_ended", "Sessions that ended, by the hub's reason; OK in order.", "reason"
        )
        self._refused = self._counter(
            "messages_refused", "Messages of agents that were refused, by kind and reason.", "kind", "reason"
        )
        self._sent = self._counter("deliveries_sent", "Deliveries put on a stream.", "kind", "again")
        self._acknowledged = self._histogram(
            "delivery_seconds", "From the commit of a delivery to its acknowledgement.", LONG_S, "kind"
        )
        self._expired = self._counter("deliveries_expired", "Deliveries closed because their time was over.")
        self._fan_out = self._histogram(
            "fan_out_seconds", "How long it took to build and queue what one look owed.", SHORT_S
        )
        self._fan_out_size = self._histogram("fan_out_deliveries", "Deliveries of one look.", MANY)
        self._clock_offset = self._histogram(
            "agent_clock_offset_seconds",
            "The hub's clock less the agent's at its heartbeats, delay of the network included.",
            OFFSET_S,
        )
        self._reading_lag = self._histogram(
            "agent_lag_seconds", "Age of the newest reading of a batch when it came in.", LONG_S
        )

    def _make_database_metrics(self) -> None:
        self._kept = self._counter("readings_kept", "Readings that were committed.")
        self._readings_refused = self._counter("readings_refused", "Readings refused, by reason.", "reason")
        self._group = self._histogram(
            "group_commit_seconds", "Duration of a transaction that many sessions share.", SHORT_S, "group"
        )
        self._group_size = self._histogram(
            "group_commit_items", "Items of a transaction that many sessions share.", MANY, "group"
        )
        self._waited = self._histogram(
            "writer_wait_seconds", "How long a writing transaction waited for its turn.", SHORT_S
        )
        self._committed = self._histogram("commit_seconds", "Duration of a commit itself.", SHORT_S)

    def _make_work_metrics(self) -> None:
        self._calls = self._histogram(
            "rpc_seconds", "Calls by method and gRPC status; streams last.", SHORT_S, "method", "code"
        )
        self._quota_refusals = self._counter(
            "quota_refusals", "Calls refused because they were beyond a bound, by bound.", "limit"
        )
        self._job_delay = self._histogram(
            "job_delay_seconds", "How long after its time a deadline's work began.", LONG_S, "kind"
        )
        self._job = self._histogram("job_seconds", "How long a deadline's work took.", LONG_S, "kind")
        self._job_failures = self._counter("job_failures", "Deadlines whose work failed.", "kind")
        self._loop_lag = self._histogram(
            "event_loop_lag_seconds", "How much later than asked the event loop woke.", SHORT_S
        )

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"vpp_hub_{name}", documentation, labels, registry=self.registry)

    def _histogram(self, name: str, documentation: str, bounds: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"vpp_hub_{name}", documentation, labels, buckets=bounds, registry=self.registry)

    def pull(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        """Ask for a value whenever the metrics are read: what has a present size, such as a queue.

        Args:
            name: Follows `vpp_hub_`; given again, it is read from there from now on.
            documentation: What it says.
            read: Returns it; cheap, and safe to call from any thread. NaN says that it is not known.
        """
        if name not in self._pulled:
            self._pulled[name] = Gauge(f"vpp_hub_{name}", documentation, registry=self.registry)
        self._pulled[name].set_function(read)

    def session_opened(self) -> None:
        """Count a session that said Hello."""
        self._opened.inc()

    def session_ended(self, reason: str = "OK") -> None:
        """Count a session that ended; `reason` as in `VppError.reason`."""
        self._ended.labels(reason).inc()

    def message_refused(self, kind: str, reason: str) -> None:
        """Count a message of an agent that was refused; its kind is the field of `ConnectRequest`."""
        self._refused.labels(kind, reason).inc()

    def delivery_sent(self, kind: str, *, again: bool = False) -> None:
        """Count a delivery put on a stream, the first time or again; `kind` as in `MessageKind`."""
        key = (kind, again)
        if key not in self._sent_by:  # finding a child by its labels costs more than counting
            self._sent_by[key] = self._sent.labels(kind, "yes" if again else "no")
        self._sent_by[key].inc()

    def delivery_acknowledged(self, kind: str, seconds: float) -> None:
        """Count a delivery that was acknowledged so long after its commit."""
        if kind not in self._acknowledged_by:
            self._acknowledged_by[kind] = self._acknowledged.labels(kind)
        self._acknowledged_by[kind].observe(seconds)

    def deliveries_expired(self, count: int = 1) -> None:
        """Count deliveries closed unsent because their time was over."""
        self._expired.inc(count)

    def fanned_out(self, deliveries: int, seconds: float) -> None:
        """Count one look for what is owed: how many deliveries it made, and how long it took."""
        self._fan_out.observe(seconds)
        self._fan_out_size.observe(deliveries)

    def agent_clock(self, offset_s: float) -> None:
        """Note how far the hub's clock was ahead of an agent's, s of the hub's time."""
        self._clock_offset.observe(offset_s)

    def agent_lag(self, seconds: float) -> None:
        """Note how old the newest reading of a batch was when it came in."""
        self._reading_lag.observe(seconds)

    def readings_kept(self, count: int) -> None:
        """Count readings that were committed."""
        self._kept.inc(count)

    def readings_refused(self, count: int, reason: str) -> None:
        """Count readings that were refused; `reason` is the field that was wrong, or `VppError.reason`."""
        self._readings_refused.labels(reason).inc(count)

    def group_committed(self, group: str, items: int, seconds: float) -> None:
        """Count a transaction that many sessions share; `group` says which: telemetry, session."""
        self._group.labels(group).observe(seconds)
        self._group_size.labels(group).observe(items)

    def writer_waited(self, seconds: float) -> None:
        """Note how long a writing transaction waited for its turn."""
        self._waited.observe(seconds)

    def committed(self, seconds: float) -> None:
        """Count a commit."""
        self._committed.observe(seconds)

    def called(self, method: str, code: str, seconds: float) -> None:
        """Count a call that ended: its method's full name, the status's name, how long it lasted."""
        self._calls.labels(method, code).observe(seconds)

    def quota_refused(self, limit: str) -> None:
        """Count a call that was beyond a bound: rate, requests, streams, connections, bytes or hub."""
        self._quota_refusals.labels(limit).inc()

    def job_ran(self, kind: str, *, late_s: float, took_s: float, failed: bool) -> None:
        """Count a deadline whose work was done or failed; `kind` as in `DueKind`."""
        self._job_delay.labels(kind).observe(max(0.0, late_s))
        self._job.labels(kind).observe(took_s)
        if failed:
            self._job_failures.labels(kind).inc()

    def loop_lagged(self, seconds: float) -> None:
        """Note how much later than asked the event loop woke."""
        self._loop_lag.observe(seconds)

    def count(self, name: str, **labels: str) -> float:
        """Return a sample's present value, 0 if nothing was counted: for tests and for the desk.

        Args:
            name: Full name of the sample, with `_total`, `_count` or `_sum`.
            labels: All labels of the sample.
        """
        return self.registry.get_sample_value(name, labels) or 0.0

    def exposition(self) -> bytes:
        """Write everything as Prometheus reads it (text format 0.0.4)."""
        return generate_latest(self.registry)
