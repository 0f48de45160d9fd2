"""Which site's session is open here: one per site."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from vpp.foundation.errors import VppError, WrongState
from vpp.portfolio.site import Site
from vpp.workflows.delivery_contents import OpenDelivery


class OpenSession(Protocol):
    """A session that can be told things."""

    @property
    def taken_sequence(self) -> int:
        """Up to which sequence it has taken in what its site is owed."""
        ...

    @property
    def room(self) -> int:
        """How many deliveries it takes in now."""
        ...

    def note_rest(self, *, has_more: bool) -> None:
        """Take note whether more is owed than it had room for."""
        ...

    def deliver(self, deliveries: Sequence[OpenDelivery]) -> None:
        """Send what the site is owed."""
        ...

    def repeat(self) -> list[OpenDelivery]:
        """Send again what waits for too long; returns what must not be sent any more."""
        ...

    def close(self, error: BaseException | None) -> None:
        """End the session, in order if no error is given."""
        ...

    def site_changed(self, site: Site) -> None:
        """Check readings against the site's new limits from now on."""
        ...


class SessionRegistry:
    """The open sessions by site, in the order they were opened. Used on the event loop alone."""

    def __init__(self) -> None:
        """Begin with none."""
        self._sessions: dict[str, OpenSession] = {}
        self._wanting: dict[str, None] = {}
        self._listeners: list[Callable[[], None]] = []

    def __len__(self) -> int:
        """Return how many sessions are open."""
        return len(self._sessions)

    def __iter__(self) -> Iterator[tuple[str, OpenSession]]:
        """Go through the sessions as they are now, with their sites."""
        return iter(tuple(self._sessions.items()))

    def site_ids(self) -> frozenset[str]:
        """Return the sites that have a session open."""
        return frozenset(self._sessions)

    def get(self, site_id: str) -> OpenSession | None:
        """Return a site's session, or None."""
        return self._sessions.get(site_id)

    def add(self, site_id: str, session: OpenSession) -> None:
        """Register a session, which wants what its site is owed; an older one of the site is closed."""
        older = self._sessions.pop(site_id, None)
        self._sessions[site_id] = session
        if older is not None:
            error: VppError = WrongState(
                f"a newer session of sites/{site_id} took this one's place", site=site_id
            )
            older.close(error)
        self.want(site_id)

    def remove(self, site_id: str, session: OpenSession) -> None:
        """Forget a session that has ended; one that took its place stays."""
        if self._sessions.get(site_id) is session:
            del self._sessions[site_id]

    def want(self, site_id: str) -> None:
        """Have a site looked at that has room for what it is owed."""
        self._wanting[site_id] = None
        for listener in self._listeners:
            listener()

    def take_wanting(self) -> list[str]:
        """Return, and forget, the sites to look at that are still connected."""
        wanting, self._wanting = self._wanting, {}
        return [site_id for site_id in wanting if site_id in self._sessions]

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever a site is to be looked at."""
        self._listeners.append(listener)

    def site_changed(self, site: Site) -> None:
        """Tell a site's session about the site's new values."""
        session = self._sessions.get(site.site_id)
        if session is not None:
            session.site_changed(site)

    def close_all(self) -> None:
        """End every session in order; agents come back to whoever serves them next."""
        for session in tuple(self._sessions.values()):
            session.close(None)
