"""The one small interface behind which every driver for real equipment stands."""

from collections.abc import Mapping
from typing import Protocol

from vpp.foundation.device_terms import Applied, DeviceCondition, Reading, Setpoint


class DeviceMemory(Protocol):
    """What a driver keeps over a restart, durably and at the site only: for example which jobs it paused."""

    def recall(self) -> Mapping[str, object]:
        """Return what was remembered last; empty if nothing."""
        ...

    def remember(self, content: Mapping[str, object]) -> None:
        """Keep JSON-able values in place of what was remembered; on return they are on the disk."""
        ...


class Device(Protocol):
    """One piece of equipment behind its driver.

    Calls may block for as long as the driver's own timeout: the site calls each device from a
    thread of its own. Only one call to a device is under way at a time.
    """

    def read(self) -> Reading:
        """Read the instruments.

        Raises:
            DeviceError: The device does not answer, or answers nonsense.
        """
        ...

    def apply(self, setpoint: Setpoint) -> Applied:
        """Do what is asked, and tell what became of it; saying it twice changes nothing.

        A command that the device did not carry out is an outcome (`FAILED`), and never taken
        for done because it was sent.

        Raises:
            DeviceError: The device does not answer: what became of the command is not known.
        """
        ...

    def release(self) -> Applied:
        """Give the device back to the site's own control, whatever it was told; also after a restart.

        Raises:
            DeviceError: The device does not answer.
        """
        ...

    def health(self) -> DeviceCondition:
        """Return how the device is, from what is known without asking it again."""
        ...

    def close(self) -> None:
        """Let connections go; commands that it holds stay."""
        ...
