from dataclasses import fields

from vpp.hub.quota_settings import QuotaSettings
from vpp.hub.settings import WorkSettings
from vpp.rpc.quota_limits import QuotaLimits


def test_what_ships_is_what_the_interceptors_begin_with() -> None:
    assert QuotaSettings().limits() == QuotaLimits()


def test_every_limit_can_be_set() -> None:
    assert {field.name for field in fields(QuotaLimits)} <= set(QuotaSettings.model_fields)


def test_no_caller_has_all_threads() -> None:
    assert QuotaSettings().max_running_requests < WorkSettings().rpc_threads
