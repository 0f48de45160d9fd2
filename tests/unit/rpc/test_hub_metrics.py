import re

from prometheus_client.parser import text_string_to_metric_families

from vpp.rpc.hub_metrics import HubMetrics


def everything() -> HubMetrics:
    metrics = HubMetrics()
    metrics.session_opened()
    metrics.session_ended("OVERLOADED")
    metrics.message_refused("telemetry", "INVALID_INPUT")
    metrics.delivery_sent("instruction")
    metrics.delivery_sent("instruction", again=True)
    metrics.delivery_acknowledged("instruction", 0.3)
    metrics.deliveries_expired(2)
    metrics.fanned_out(1000, 0.2)
    metrics.agent_clock(-0.4)
    metrics.agent_lag(61.0)
    metrics.readings_kept(600)
    metrics.readings_refused(60, "INVALID_INPUT")
    metrics.group_committed("telemetry", 20, 0.01)
    metrics.writer_waited(0.001)
    metrics.committed(0.002)
    metrics.called("/vpp.v1.EventService/GetEvent", "OK", 0.01)
    metrics.quota_refused("rate")
    metrics.job_ran("clearing", late_s=0.5, took_s=3.0, failed=True)
    metrics.loop_lagged(0.001)
    metrics.pull("outbox_open", "Open messages.", lambda: 7.0)
    return metrics


def test_every_metric_can_be_read_back() -> None:
    families = {one.name: one for one in text_string_to_metric_families(everything().exposition().decode())}
    assert len([name for name in families if not name.endswith("_created")]) == 23
    assert all(name.startswith("vpp_hub_") for name in families)
    assert all(family.documentation.endswith(".") for family in families.values())
    assert {sample.value for sample in families["vpp_hub_outbox_open"].samples} == {7.0}


def test_samples_count_what_happened() -> None:
    metrics = everything()
    assert metrics.count("vpp_hub_deliveries_sent_total", kind="instruction", again="yes") == 1
    assert metrics.count("vpp_hub_delivery_seconds_sum", kind="instruction") == 0.3
    assert metrics.count("vpp_hub_fan_out_deliveries_sum") == 1000
    assert metrics.count("vpp_hub_readings_kept_total") == 600
    assert metrics.count("vpp_hub_job_failures_total", kind="clearing") == 1
    assert metrics.count("vpp_hub_job_failures_total", kind="never") == 0


def test_a_deadline_that_came_early_is_not_late() -> None:
    metrics = HubMetrics()
    metrics.job_ran("clearing", late_s=-3.0, took_s=0.1, failed=False)
    assert metrics.count("vpp_hub_job_delay_seconds_sum", kind="clearing") == 0.0


def test_two_hubs_in_one_process_do_not_share_counts() -> None:
    one, other = HubMetrics(), HubMetrics()
    one.session_opened()
    assert other.count("vpp_hub_sessions_opened_total") == 0.0


def test_no_label_could_name_a_site_a_party_or_a_caller() -> None:
    text = everything().exposition().decode()
    labels = set(re.findall(r"[{,](\w+)=", text))
    assert labels == {"reason", "kind", "again", "le", "group", "method", "code", "limit"}
