"""A sealed pack: opened by its passphrase alone, by Python and by a browser from disk, and telling nothing before."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from catch.cli.packs import pack
from catch.web.console import sealing
from catch.web.console.sealing import NotSealed, OtherPassphrase, opened, sealed, suggested, weakness
from tests.browser import browser

TITLE = "Meeting pack, 1 December 2026, sealed"
INSIDE = "<h1>Agenda</h1><p><bdi>Zoë “Ada” Example &amp; دالیا</bdi></p>"
FEW = 1_000
"""Iterations: what is tried here is not how long it takes."""
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@settings(deadline=None, max_examples=50)
@given(texts, texts, texts)
def test_what_was_sealed_comes_out_whole_and_by_no_other_passphrase(inside: str, passphrase: str, other: str):
    file = sealed(TITLE, inside, passphrase, FEW)
    assert opened(file, passphrase).inside == inside
    if sealing.tidy(other) != sealing.tidy(passphrase):
        with pytest.raises(OtherPassphrase):
            opened(file, other)


def test_a_file_tells_nothing_but_its_title():
    file = sealed(TITLE, INSIDE, suggested(), FEW)
    for secret in ("Example", "Agenda", "Ada", "Zoë"):
        assert secret not in file
    assert file.count(TITLE) == 2
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', file)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy[1]
    assert "http:" not in file
    assert "https:" not in file


def test_the_same_is_never_sealed_the_same_way_twice():
    one, other = (sealed(TITLE, INSIDE, "the same", FEW) for _ in range(2))
    for part in ("data-salt", "data-nonce"):
        assert re.findall(f'{part}="([^"]+)"', one) != re.findall(f'{part}="([^"]+)"', other)


def test_it_takes_as_long_as_owasp_asks_for():
    assert 'data-iterations="600000"' in sealed(TITLE, INSIDE, "x")


CHANGES = {
    "its title": (">Meeting pack, 1 ", ">Meeting pack, 2 "),
    "its salt": ('salt="', 'salt="AAAA'),
    "its nonce": ('nonce="', 'nonce="AAAA'),
    "how long it takes": (f'iterations="{FEW}"', f'iterations="{FEW + 1}"'),
    "its end": ("</script>", ""),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_does_not_open(what: str):
    file, (before, after) = sealed(TITLE, INSIDE, "x", FEW), CHANGES[what]
    assert before in file
    with pytest.raises((NotSealed, OtherPassphrase)):
        opened(file.replace(before, after, 1), "x")


@pytest.mark.parametrize("file", ["", "<html>", TITLE, f"<title>{TITLE}</title>", "\x00" * 100])
def test_what_is_no_pack_is_said_to_be_none(file: str):
    with pytest.raises(NotSealed):
        opened(file, "x")


def test_somebody_elses_file_does_not_keep_the_machine_busy():
    file = sealed(TITLE, INSIDE, "x", FEW).replace(f'iterations="{FEW}"', 'iterations="99999999"')
    with pytest.raises(NotSealed):
        opened(file, "x")


def test_what_is_suggested_is_strong_and_never_the_same():
    made = [suggested() for _ in range(500)]
    assert len({*made}) == len(made)
    assert len(sealing.LETTERS) ** (sealing.GROUPS * sealing.OF_A_GROUP) > 2**80
    assert all(re.fullmatch(r"[a-hj-km-np-z2-9]{4}(-[a-hj-km-np-z2-9]{4}){4}", each) for each in made)
    assert {weakness(each) for each in made} == {None}


@pytest.mark.parametrize(
    "weak",
    ["", " " * 99, "password", "a" * 60, "abcdefghijklmnopqrstuvwxyz", "0123456789" * 5, "passwordpasswordpassword",
     "ab" * 50, "Meeting 1 Dec", "🧑‍🦽" * 20],
)  # fmt: skip
def test_what_could_be_guessed_is_refused_with_what_to_do(weak: str):
    said = weakness(weak)
    assert said is not None
    assert "suggested" in said


def test_what_is_too_long_is_refused():
    assert "too long" in (weakness("x9" * 200) or "")


def test_letters_that_a_keyboard_composes_otherwise_are_the_same():
    file = sealed(TITLE, INSIDE, "Zo\u00eb", FEW)
    assert opened(file, " Zoe\u0308 ").inside == INSIDE


def test_it_opens_in_a_terminal(tmp_path: Path):
    path = tmp_path / "pack.html"
    path.write_text(sealed(TITLE, INSIDE, "k7qm-2xtd", FEW), encoding="utf-8")
    answer = CliRunner().invoke(pack, ["open", str(path)], input="k7qm-2xtd\n")
    assert answer.exit_code == 0
    assert INSIDE in answer.stdout
    assert "not sealed" in answer.stderr
    assert "k7qm" not in answer.output
    wrong = CliRunner().invoke(pack, ["open", str(path)], input="other\n")
    assert isinstance(wrong.exception, OtherPassphrase)
    assert wrong.stdout == ""


async def test_a_browser_opens_it_from_disk_without_a_network(tmp_path: Path):
    """Chromium itself, offline: a wrong passphrase says so and loses nothing, the right one shows it."""
    path, passphrase = tmp_path / "pack.html", suggested()
    hostile = f"{INSIDE}<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
    path.write_text(sealed(TITLE, hostile, passphrase), encoding="utf-8")
    async with browser() as running:
        context = await running.new_context(offline=True)
        page = await context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(path.as_uri())
        assert await page.title() == TITLE
        assert "Example" not in await page.inner_text("body")
        await page.get_by_label("Passphrase").fill("another one")
        await page.get_by_role("button", name="Open").click()
        await page.get_by_text("It did not open").wait_for()
        assert await page.get_by_label("Passphrase").input_value() == "another one"
        await page.get_by_label("Passphrase").fill(f" {passphrase} ")
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Agenda").wait_for()
        assert "Zoë “Ada” Example & دالیا" in await page.inner_text("#pack")
        assert not await page.get_by_label("Passphrase").is_visible()
        assert await page.title() == TITLE
        assert {each for each in asked if not each.startswith("file:")} == set()
        await page.get_by_role("button", name="Close it").click()
        await page.get_by_label("Passphrase").wait_for()
        assert "Example" not in await page.inner_text("body")
        assert await page.get_by_label("Passphrase").input_value() == ""
        await context.close()


async def test_control_a_file_whose_script_was_changed_does_not_run(tmp_path: Path):
    path = tmp_path / "pack.html"
    file = sealed(TITLE, INSIDE, "x", FEW)
    path.write_text(file.replace('"use strict";', '"use strict"; document.title = "run";'), encoding="utf-8")
    async with browser() as running:
        page = await running.new_page()
        await page.goto(path.as_uri())
        assert await page.title() == TITLE
        assert not await page.get_by_label("Passphrase").is_visible()
