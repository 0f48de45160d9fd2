from vpp.agent.deliveries import Deliveries


def admit(deliveries: Deliveries, *sequences: int, first: bool = False) -> list[bool]:
    return [
        deliveries.admit(sequence, first_of_session=first and n == 0) for n, sequence in enumerate(sequences)
    ]


def test_a_gap_holds_the_acknowledgement_back() -> None:
    deliveries = Deliveries()
    assert admit(deliveries, 1, 3) == [True, True]
    assert deliveries.held == 1
    assert admit(deliveries, 2) == [True]
    assert deliveries.held == 3


def test_the_first_of_a_session_proves_that_nothing_older_is_open() -> None:
    deliveries = Deliveries(held=2)
    assert admit(deliveries, 7, 8, first=True) == [True, True]
    assert deliveries.held == 8


def test_a_repeat_above_a_gap_proves_that_the_gap_is_closed() -> None:
    deliveries = Deliveries()
    assert admit(deliveries, 1, 4, 4) == [True, True, False]
    assert deliveries.held == 4


def test_what_is_below_the_acknowledgement_is_never_new() -> None:
    assert admit(Deliveries(held=5), 5, 3, first=True) == [False, False]


def test_a_refused_delivery_stays_open_however_often_later_ones_are_repeated() -> None:
    deliveries = Deliveries(held=4)
    deliveries.refuse(5)
    assert admit(deliveries, 6) == [True]
    for _ in range(3):  # the hub repeats what is open, in order
        deliveries.refuse(5)
        assert admit(deliveries, 6) == [False]
        assert deliveries.held == 4
    deliveries.refuse(5)
    assert admit(deliveries, 6, 7) == [False, True]
    assert admit(deliveries, 6, 7) == [False, False]  # repeated without it: the hub has closed it
    assert deliveries.held == 7


def test_a_refused_delivery_that_comes_whole_closes_the_gap() -> None:
    deliveries = Deliveries(held=4)
    deliveries.refuse(5)
    assert admit(deliveries, 6, 5) == [True, True]
    assert (deliveries.held, deliveries.refused) == (6, set())
