from datetime import timedelta

from vpp.flexibility.job_class import JobClass
from vpp.flexibility.knob import KNOB_ORDER, MOST_PAUSES, RESPONSE_TIME, Knob


def test_every_class_has_an_order_and_users_who_wait_are_left_alone() -> None:
    assert set(KNOB_ORDER) == set(JobClass)
    assert KNOB_ORDER[JobClass.INTERACTIVE_INFERENCE] == ()
    assert KNOB_ORDER[JobClass.BATCH_INFERENCE] == (Knob.CAP, Knob.REPLICAS, Knob.PAUSE)
    assert MOST_PAUSES == {JobClass.PRETRAIN: 1}


def test_the_slower_a_knob_the_later_it_comes() -> None:
    assert RESPONSE_TIME[Knob.CAP] < RESPONSE_TIME[Knob.PAUSE] < RESPONSE_TIME[Knob.REPLICAS]
    assert timedelta(minutes=8) <= RESPONSE_TIME[Knob.REPLICAS] <= timedelta(minutes=13)
