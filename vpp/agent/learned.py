"""What the site has learned of its resources: how much of a command each really delivers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from vpp.agent.journal import Entry
from vpp.flexibility.delivery_confidence import (
    NEWEST_KEPT,
    OBSERVATIONS_NEEDED,
    DeliveryObservation,
    learned_confidence,
    observation_document,
    observation_from,
)
from vpp.flexibility.envelope import DeliveryConfidence


@dataclass(slots=True)
class Learned:
    """Observed responses by resource id, oldest first; made of journal entries alone."""

    observations: dict[str, list[DeliveryObservation]] = field(default_factory=dict)

    def entry(self, resource_id: str, observation: DeliveryObservation) -> Entry:
        """Return the journal entry of an observation."""
        return {"kind": "observation", "resource_id": resource_id, **observation_document(observation)}

    def apply(self, entry: Entry) -> None:
        """Take up a journal entry of kind `observation`; one that was taken up before changes nothing."""
        known = self.observations.setdefault(entry["resource_id"], [])
        observation = observation_from(entry)
        if all(each.at != observation.at for each in known):
            known.append(observation)
            del known[:-NEWEST_KEPT]

    def snapshot(self) -> Iterator[Entry]:
        """Give the entries from which it can be restored."""
        for resource_id, known in self.observations.items():
            for observation in known:
                yield self.entry(resource_id, observation)

    def confidence(self, resource_id: str, prior_ratio: float) -> DeliveryConfidence:
        """Return what to expect of a resource.

        Args:
            resource_id: The resource.
            prior_ratio: What its model says is delivered nine times in ten; holds until enough was seen.
        """
        prior = DeliveryConfidence(prior_ratio, max(1.0, prior_ratio), max(1.0, prior_ratio))
        return learned_confidence(self.observations.get(resource_id, []), prior)

    def count(self, resource_id: str) -> int:
        """Return how often a resource's response was observed."""
        return len(self.observations.get(resource_id, []))

    def is_learned(self, resource_id: str) -> bool:
        """Tell whether there is enough to say more than the configuration does."""
        return self.count(resource_id) >= OBSERVATIONS_NEEDED
