"""What a reader of any result of a rule must be told about the rule itself."""

from datetime import datetime

from vpp.portfolio.baseline_rule import BaselineRule


def rule_notes(rule: BaselineRule, notice_at: datetime | None) -> tuple[str, ...]:
    """Return what holds for every result of a rule: unverified values, and a notice that is not known."""
    notes = []
    if rule.source.unverified == ("*",) or (rule.source.tag == "M" and not rule.source.unverified):
        notes.append("unverified: no value of the rule was checked against a source")
    elif rule.source.unverified:
        notes.append(f"unverified values of the rule: {', '.join(rule.source.unverified)}")
    asks_notice = (rule.days is not None and rule.days.before_notice) or (
        rule.adjustment is not None and rule.adjustment.before_notice
    )
    if asks_notice and notice_at is None:
        notes.append("the time of notice is not given: nothing was left out for it")
    return tuple(notes)
