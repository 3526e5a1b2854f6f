"""Who is kept out of a case: declared for oneself or, with a reason, for somebody else; resolved by somebody else."""

from msgspec.structs import replace

from catch.domain import case as case_stream
from catch.domain.case.recusal import (
    DeclareRecusal,
    NobodyRecused,
    OwnRecusal,
    RecusalDeclared,
    RecusalNeedsReason,
    RecusalResolved,
    ResolveRecusal,
)
from catch.domain.case.state import Recusal
from tests.cases import BY_OWNER, CASE, GIVEN, NOW, SHARED, TEXT, case_given, folded, history

own = DeclareRecusal(CASE, "hana", "housing-1")
for_another = replace(own, reason=TEXT)
declared = RecusalDeclared("hana", "housing-1")
resolve = ResolveRecusal(CASE, "hana", TEXT)
resolved = RecusalResolved("hana", TEXT)


def test_somebody_says_that_they_have_an_interest_and_once():
    outcome = case_given(*SHARED).when(own, BY_OWNER).then(declared)
    assert outcome.state is not None
    assert outcome.state.recusals == (Recusal("hana", "housing-1", NOW),)
    assert outcome.state.recused("hana")
    assert not outcome.state.recused("henry")
    case_given(*SHARED, declared).when(own, BY_OWNER).then()


def test_somebody_else_is_kept_out_with_a_reason():
    case_given(*SHARED).when(own, GIVEN).refused(RecusalNeedsReason)
    case_given(*SHARED).when(for_another, GIVEN).then(RecusalDeclared("hana", "housing-1", True, TEXT))
    case_given(*SHARED, declared).when(own, GIVEN).then()


def test_nobody_resolves_their_own():
    case_given(*SHARED, declared).when(resolve, BY_OWNER).refused(OwnRecusal)
    case_given(*SHARED).when(resolve, BY_OWNER).refused(OwnRecusal)
    outcome = case_given(*SHARED, declared).when(resolve, GIVEN).then(resolved)
    assert outcome.state is not None
    assert not outcome.state.recused("hana")
    assert outcome.state.cleared("hana")
    case_given(*SHARED, declared, resolved).when(resolve, GIVEN).then()
    case_given(*SHARED).when(resolve, GIVEN).refused(NobodyRecused, user="hana")


def test_an_interest_may_come_back():
    case = folded(*SHARED, declared, resolved, declared)
    assert case.recused("hana")
    assert not case.cleared("hana")


def test_it_holds_whatever_becomes_of_the_case():
    state = None
    for fact in history(*SHARED, declared, *SHARED[1:]):
        state = case_stream.evolve(state, fact)
    assert state is not None
    assert state.recused("hana")
