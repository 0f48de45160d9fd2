"""Which baseline rule a site is measured by: scored on days without events, then kept for a season."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from vpp.baseline.engine_version import ENGINE_VERSION
from vpp.baseline.rule_reach import history_days
from vpp.baseline.scoring.data_version import data_version
from vpp.baseline.scoring.gate_verdict import FEWEST_EVENTS
from vpp.baseline.scoring.placebo_plan import PlaceboPlan
from vpp.baseline.scoring.rule_choice import JudgedRule, RuleChoice, choose_rule
from vpp.baseline.scoring.rule_score import RuleScore
from vpp.baseline.scoring.score_rules import score_rules
from vpp.baseline.scoring.season import Season, season_of
from vpp.foundation.errors import VppError
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.portfolio.call_rules import Trigger
from vpp.portfolio.enrolment import EnrolmentState
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.site import Site
from vpp.workflows.baseline_records import RuleChoiceRecord
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.civil_time import site_calendar
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Due, DueKind, UnitOfWork, UnitOfWorkFactory, WorkerPool
from vpp.workflows.recording import HUB, audit, promised
from vpp.workflows.site_readings import SiteReadings, edited_meter, gather_readings

ONE_DAY = timedelta(days=1)
PLACEBO_DAYS = 60
PLACEBO_REACH_DAYS = 100  # sixty working days lie in so many civil ones, holidays and events aside
SITES_AT_A_TIME = 20
"""So few that memory stays bounded and no transaction or worker is held for long."""
NOT_SCORED = "the season's first event came before the site could be scored; the product's own rule holds"


@dataclass(frozen=True, slots=True, eq=False)
class ScoringJob:
    """What a site's rule is chosen from.

    Attributes:
        site_id: The site.
        season: The season to choose for.
        product: The product, with the rules that it allows.
        readings: The site's readings.
    """

    site_id: str
    season: Season
    product: ProductProfile
    readings: SiteReadings


def owe_choices(units: UnitOfWorkFactory, rules: MarketRules) -> None:
    """Make sure that the next day's round of choices is owed; a repeat changes nothing."""
    with units() as uow:
        _owe_next(uow, rules)
        uow.commit()


def choose_rules(units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, day: str) -> None:
    """Choose a rule for every enrolled site that has none for the season, and owe the day after's round.

    The season is that of the next civil day: on a season's first day events may begin before the round.
    A site whose history is too short to judge a rule by is left for later days: until it is scored, or until
    its first event, which is then measured by the product's own rule for the rest of the season.

    Args:
        units: Makes the transactions.
        pool: Scores.
        rules: The hub's rules.
        day: The day of the round, YYYY-MM-DD.
    """
    with units(write=False) as uow:
        wanted = list(_without_choice(uow, rules))
    chosen = 0
    for first in range(0, len(wanted), SITES_AT_A_TIME):
        chosen += _choose_some(units, pool, rules, wanted[first : first + SITES_AT_A_TIME])
    with units() as uow:
        _owe_next(uow, rules)
        audit(uow, HUB, "choose_rules", f"days/{day}", waiting=len(wanted), chosen=chosen)
        uow.commit()


def choice_for(
    uow: UnitOfWork, rules: MarketRules, site: Site, product: ProductProfile, event: Interval
) -> RuleChoiceRecord:
    """Return the choice that holds for an event, and make it now if there is none.

    Needs a transaction that writes where there may be none.
    """
    season = _season(site, rules, uow.now, event.start)
    choice_id = choice_key(site.site_id, product.product_id, season.season_id)
    stored = uow.rule_choices.get(choice_id)
    if stored is not None:
        return stored.value
    own = product.baseline.rule
    record = RuleChoiceRecord(
        choice_id=choice_id,
        site_id=site.site_id,
        product_id=product.product_id,
        product_version=product.version,
        season_id=season.season_id,
        baseline_id=own.baseline_id,
        rule_digest=own.digest,
        recommended=False,
        reason=NOT_SCORED,
        scores=(),
        engine_version=ENGINE_VERSION,
        data_version=None,
    )
    _keep(uow, record)
    return record


def chosen_rules(product: ProductProfile, choice: RuleChoiceRecord) -> tuple[BaselineRule, ...]:
    """Return a product's rules in the order in which they are tried: the chosen one, then its own.

    Where the chosen one gives no baseline, another of the product's rules stands in, and the baseline
    says so. A choice from an older version of the product holds as far as this version has the rule.
    """
    rules = product.baseline.rules
    first = [rule for rule in rules if rule.digest == choice.rule_digest]
    return (*first, *(rule for rule in rules if rule.digest != choice.rule_digest))


def scores_of(choice: RuleChoiceRecord) -> dict[str, Mapping[str, Any]]:
    """Return the scores of a choice by the content of the rule that they are of."""
    return {score["rule_digest"]: score for score in choice.scores if score["scored"]}


def choice_key(site_id: str, product_id: str, season_id: str) -> str:
    """Return the id of the choice of a site for a product and a season."""
    return f"{site_id}-{product_id}-{season_id}"


def scored_choice(job: ScoringJob) -> RuleChoice | None:
    """Score a product's rules at a site and choose; None while too little is known to judge any."""
    product, meter = job.product, edited_meter(job.readings)
    plan = PlaceboPlan(day_count=PLACEBO_DAYS, notice=_usual_notice(product))
    terms = product.baseline
    scores = score_rules(terms.rules, {job.site_id: meter.meter}, plan, library=terms.library)[job.site_id]
    counts = [score.event_count for score in scores.values() if isinstance(score, RuleScore)]
    if max(counts, default=0) < FEWEST_EVENTS:
        return None
    return choose_rule(
        job.site_id,
        job.season,
        terms.rule,
        terms.alternatives,
        scores,
        data_version=data_version(meter.meter, quality=meter.quality),
        engine_version=ENGINE_VERSION,
    )


def _choice_or_error(job: ScoringJob) -> RuleChoice | VppError | None:
    """Score and choose; what is wrong with one site's readings holds up no others."""
    try:
        return scored_choice(job)
    except VppError as error:
        return error


def _usual_notice(product: ProductProfile) -> timedelta:
    """Return how long before an event sites know of it: what is bought a day ahead is told a day ahead."""
    notice = product.call.notice_min
    return max(notice, ONE_DAY) if product.call.trigger is Trigger.DAY_AHEAD_AUCTION else notice


def _choose_some(
    units: UnitOfWorkFactory,
    pool: WorkerPool,
    rules: MarketRules,
    wanted: Sequence[tuple[Site, ProductProfile]],
) -> int:
    jobs = []
    with units(write=False) as uow:
        for site, product in wanted:
            terms = product.baseline
            days = PLACEBO_REACH_DAYS + max(history_days(rule, terms.library) for rule in terms.rules)
            readings = gather_readings(
                uow, site, rules, end=uow.now, days=days, step=product.settlement_interval
            )
            if readings is not None:
                season = _season_to_choose_for(site, rules, uow.now)
                jobs.append(ScoringJob(site.site_id, season, product, readings))
    choices = pool.run_all([partial(_choice_or_error, job) for job in jobs])
    count = 0
    with units() as uow:
        for job, choice in zip(jobs, choices, strict=True):
            if isinstance(choice, VppError):
                audit(uow, HUB, "no_rule_choice", f"sites/{job.site_id}", outcome=choice)
                continue
            key = choice_key(job.site_id, job.product.product_id, job.season.season_id)
            if choice is None or uow.rule_choices.get(key) is not None:
                continue
            _keep(uow, _record(key, job.product, choice))
            count += 1
        uow.commit()
    return count


def _record(key: str, product: ProductProfile, choice: RuleChoice) -> RuleChoiceRecord:
    return RuleChoiceRecord(
        choice_id=key,
        site_id=choice.site_id,
        product_id=product.product_id,
        product_version=product.version,
        season_id=choice.season.season_id,
        baseline_id=choice.baseline_id,
        rule_digest=choice.rule_digest,
        recommended=choice.passed,
        reason=choice.reason,
        scores=tuple(_score_document(judged) for judged in choice.judged),
        engine_version=choice.engine_version,
        data_version=choice.data_version,
    )


def _score_document(judged: JudgedRule) -> dict[str, Any]:
    """State a score as a JSON-able document."""
    return asdict(judged.score) | {
        "scored": isinstance(judged.score, RuleScore),
        "passed": judged.verdict.passed,
        "verdict": judged.verdict.reason,
    }


def _keep(uow: UnitOfWork, record: RuleChoiceRecord) -> None:
    uow.rule_choices.add(record.choice_id, record)
    audit(
        uow,
        HUB,
        "choose_rule",
        f"sites/{record.site_id}",
        product=record.product_id,
        season=record.season_id,
        rule=record.baseline_id,
        recommended=record.recommended,
        reason=record.reason,
    )


def _without_choice(uow: UnitOfWork, rules: MarketRules) -> Iterable[tuple[Site, ProductProfile]]:
    """Yield the enrolled sites that have no rule for the next day's season, by product."""
    for product in uow.products.all_latest():
        enrolled = uow.enrolments.page(where={"product_id": product.product_id}, limit=EVERYTHING)
        for stored in enrolled:
            if stored.value.state is not EnrolmentState.ACTIVE:
                continue
            site = promised(uow.sites.get(stored.value.site_id), f"sites/{stored.value.site_id}").value
            season = _season_to_choose_for(site, rules, uow.now)
            key = choice_key(site.site_id, product.product_id, season.season_id)
            if uow.rule_choices.get(key) is None:
                yield site, product


def _season(site: Site, rules: MarketRules, now: datetime, at: datetime) -> Season:
    return season_of(site_calendar(site, rules, now).civil_date(at), rules.seasons)


def _season_to_choose_for(site: Site, rules: MarketRules, now: datetime) -> Season:
    return _season(site, rules, now, now + ONE_DAY)


def _owe_next(uow: UnitOfWork, rules: MarketRules) -> None:
    at = uow.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    at += timedelta(hours=rules.forecast_hour_utc)
    if at <= uow.now:
        at += ONE_DAY
    uow.due.add(Due(DueKind.RULE_CHOICE, f"{at:%Y-%m-%d}", at))
