"""Packed readings are little-endian doubles, whatever machine packed them."""

import numpy as np

from vpp.storage.packing import packed, unpacked


def test_the_bytes_are_little_endian() -> None:
    assert packed(np.array([1.0, -2.0])) == bytes.fromhex("000000000000f03f00000000000000c0")


def test_big_endian_values_are_turned() -> None:
    assert packed(np.array([1.0], dtype=">f8")) == packed(np.array([1.0]))


def test_nothing_is_nothing() -> None:
    assert unpacked(packed(np.array([]))).shape == (0,)


def test_what_is_unpacked_can_be_written() -> None:
    values = unpacked(packed(np.array([1.0])))
    values[0] = 2.0
    assert values.dtype == np.float64
    assert values[0] == 2.0
