"""Which site's session is open here: one per site."""

from collections.abc import Iterable
from typing import Protocol

from vpp.foundation.errors import VppError, WrongState
from vpp.portfolio.site import Site


class OpenSession(Protocol):
    """A session that can be told things."""

    def wake(self) -> None:
        """Look for what the site is owed."""
        ...

    def close(self, error: VppError | None) -> None:
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

    def __len__(self) -> int:
        """Return how many sessions are open."""
        return len(self._sessions)

    def add(self, site_id: str, session: OpenSession) -> None:
        """Register a session; an older one of the same site is closed."""
        older = self._sessions.pop(site_id, None)
        self._sessions[site_id] = session
        if older is not None:
            older.close(WrongState(f"a newer session of sites/{site_id} took this one's place", site=site_id))

    def remove(self, site_id: str, session: OpenSession) -> None:
        """Forget a session that has ended; one that took its place stays."""
        if self._sessions.get(site_id) is session:
            del self._sessions[site_id]

    def wake(self, site_ids: Iterable[str]) -> None:
        """Tell the sessions of these sites to look for what they are owed."""
        for site_id in site_ids:
            session = self._sessions.get(site_id)
            if session is not None:
                session.wake()

    def wake_all(self) -> None:
        """Tell every session to look for what its site is owed."""
        self.wake(tuple(self._sessions))

    def site_changed(self, site: Site) -> None:
        """Tell a site's session about the site's new values."""
        session = self._sessions.get(site.site_id)
        if session is not None:
            session.site_changed(site)

    def close_all(self) -> None:
        """End every session in order; agents come back to whoever serves them next."""
        for session in tuple(self._sessions.values()):
            session.close(None)
