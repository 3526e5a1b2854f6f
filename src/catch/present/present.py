"""What a process holds in memory between facts, in one value: all whom it serves share it, nobody else keeps any."""

from typing import Any

from catch.domain.erasing import PersonErased
from catch.domain.facts import Recorded
from catch.log import Log
from catch.personal import Keyring
from catch.present.answers import Answers
from catch.present.appearances import Appearances
from catch.present.follower import Follower
from catch.present.merges import Merges
from catch.present.rights import Rights
from catch.present.states import States
from catch.present.trails import Trails
from catch.present.works import Works
from catch.readside import ReadSide


class Present:
    """Folded streams, which case is on which agenda, viewers' rights, kept answers; the follower keeps them current."""

    def __init__(self, log: Log, keyring: Keyring, readside: ReadSide) -> None:
        self.states = States(log)
        self.appearances = Appearances(log, self.states)
        self.follower = Follower(log, self.states, self.appearances)
        self.rights = Rights(log, self.states, self.appearances)
        self.answers = Answers(self.states, self.appearances, keyring, readside, log.clock.now)
        self.works = Works()
        self.merges = Merges(log)
        self.trails = Trails(log)
        self._keyring = keyring
        # Before all others that hear of it: what they answer from then on reads nothing of the person.
        self.follower.listeners.append(self._heard)

    def _heard(self, recorded: Recorded[Any]) -> None:
        if isinstance(recorded.event, PersonErased):
            subjects = recorded.event.subjects(recorded.stream)
            self._keyring.forget(subjects)
            if self._keyring.listed is not None:
                self._keyring.listed.noted(subjects)
