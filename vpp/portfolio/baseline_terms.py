"""By which baseline rules a product is settled: whole rules, so that its version can never drift."""

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from vpp.portfolio.baseline_method import FirmLevel
from vpp.portfolio.baseline_rule import BaselineRule


class BaselineTerms(BaseModel):
    """What counts as the load without the event.

    A product's file names rules; the loader puts the rules themselves here, as the rule folder has
    them then. A rule that is changed later makes a new version of the product.

    Attributes:
        rule: The product's own rule.
        alternatives: Rules that a site may be measured by instead, if they fit it better; one is chosen
            by its scores and kept for a season.
        named: Rules that those above refer to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: BaselineRule
    alternatives: tuple[BaselineRule, ...] = ()
    named: tuple[BaselineRule, ...] = ()

    @model_validator(mode="after")
    def _usable(self) -> Self:
        ids = [rule.baseline_id for rule in (*self.rules, *self.named)]
        if len(set(ids)) < len(ids):
            raise ValueError(f"rules {', '.join(ids)}: one occurs twice, expected each once")
        for rule in (*self.rules, *self.named):
            if rule.looks_past_start:
                raise ValueError(
                    f"rule {rule.baseline_id} reads the meter after the event's start, expected one that "
                    "can be told to a site before delivery"
                )
            also = rule.method.also_baseline_id if isinstance(rule.method, FirmLevel) else None
            if also is not None and also not in ids:
                raise ValueError(f"rule {rule.baseline_id} refers to {also}, expected it among named")
        return self

    @property
    def rules(self) -> tuple[BaselineRule, ...]:
        """The rules that a site may be measured by, the product's own first."""
        return (self.rule, *self.alternatives)

    @property
    def baseline_id(self) -> str:
        """Name of the product's own rule."""
        return self.rule.baseline_id

    @property
    def library(self) -> dict[str, BaselineRule]:
        """Every rule by its name, for rules that refer to others."""
        return {rule.baseline_id: rule for rule in (*self.rules, *self.named)}

    @property
    def unverified(self) -> tuple[str, ...]:
        """Names of the rules with values that nobody checked."""
        return tuple(rule.baseline_id for rule in self.rules if not rule.is_verified)
