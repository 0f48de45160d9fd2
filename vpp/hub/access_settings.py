"""What the hub's owner sets about who is refused, and how soon."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from vpp.hub.setting_types import Group, Wait, iso_text

LONGEST_INTERVAL = timedelta(seconds=4)
"""A stream whose caller is refused ends within five seconds."""


class AccessSettings(Group):
    """How soon the hub notices that somebody is to be refused. Spans are in the machine's time.

    Attributes:
        check_interval: How often it looks at certificates, revocation list and database; 4 s at most.
        revocation_grace: How long a revocation list is relied on after it should have been renewed; from
            then on everybody is refused, because nobody can be told from those who were revoked.
    """

    check_interval: Wait = timedelta(seconds=1)
    revocation_grace: Annotated[timedelta, BeforeValidator(iso_text)] = Field(
        default=timedelta(days=7), ge=timedelta(0), le=timedelta(days=366)
    )

    @model_validator(mode="after")
    def _is_soon(self) -> Self:
        if self.check_interval > LONGEST_INTERVAL:
            raise ValueError(f"check_interval is {self.check_interval}, expected at most {LONGEST_INTERVAL}")
        return self
