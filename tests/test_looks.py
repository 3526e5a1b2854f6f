"""What an answer has shown is what was noted, whatever was given again in between and however often it is asked."""

from typing import NamedTuple
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from catch.personal.looks import Look, Looks

IDS = [UUID(int=number) for number in range(1, 5)]
CATEGORIES = ("health", "plan")


class Step(NamedTuple):
    """`what` is noted of a case, a person and a category; or it is asked, given again, or begun anew."""

    what: str
    case: UUID
    person: UUID
    category: str


WHAT = ["sighted", "opened", "told", "told of whom", "of_person", "passed_over", "all", "again", "anew"]
STEPS = st.lists(st.builds(Step, *map(st.sampled_from, (WHAT, IDS, IDS, CATEGORIES))), max_size=30)


class Simple:
    """The same, each thing in a set of its own, and merged at once."""

    def __init__(self) -> None:
        self.people: dict[UUID, UUID] = {}
        self.told: dict[UUID, set[str]] = {}
        self.sighted: set[UUID] = set()
        self.glass: set[UUID] = set()
        self.others: set[UUID] = set()

    def again(self, other: "Simple") -> None:
        self.people |= other.people
        for case, categories in other.told.items():
            self.told[case] = self.told.get(case, set()) | categories
        self.sighted |= other.sighted
        self.glass |= other.glass
        self.others |= other.others

    def all(self) -> frozenset[Look]:
        cases = self.sighted | self.told.keys()
        found = {
            Look(self.people.get(case), case, tuple(sorted(self.told.get(case, ()))), case in self.glass)
            for case in cases
        }
        return frozenset(found | {Look(each, None) for each in self.others - {self.people.get(case) for case in cases}})


def noted(looks: Looks, simple: Simple, step: Step) -> None:
    case, person = step.case, step.person
    match step.what:
        case "sighted" | "opened":
            glass = step.what == "opened"
            looks.sighted(case, person, glass=glass)
            simple.people[case] = person
            simple.sighted.add(case)
            simple.glass |= {case} if glass else set()
        case "told":
            looks.told(case, step.category)
            simple.told.setdefault(case, set()).add(step.category)
        case "told of whom":
            looks.told(case, None, person)
            simple.people[case] = person
            simple.told.setdefault(case, set())
        case "of_person":
            looks.of_person(person)
            simple.others.add(person)
        case "passed_over":
            looks.passed_over([case])
            simple.sighted.discard(case)
        case _:
            assert looks.all() == simple.all()


@given(STEPS)
def test_what_was_noted_is_told_whatever_is_given_again(steps: list[Step]):
    looks, simple = Looks(), Simple()
    kept: list[tuple[Looks, Simple]] = []
    for step in steps:
        if step.what == "anew":
            kept.append((looks, simple))
            looks, simple = Looks(), Simple()
        elif step.what == "again" and kept:
            given_again, as_simple = kept[step.case.int % len(kept)]
            looks.add(given_again)
            simple.again(as_simple)
        else:
            noted(looks, simple, step)
        assert [each.all() for each, _ in kept] == [each.all() for _, each in kept]
    assert looks.all() == simple.all()
