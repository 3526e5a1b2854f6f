"""axe-core, run on a page in a real browser, by the rules of WCAG 2.2 AA."""

from playwright.async_api import Page

from tests.node_clients import FOLDER, installed

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FOUND = """async (tags) => (await axe.run(document, {runOnly: {type: "tag", values: tags}}))
    .violations.map(each => `${each.id}: ${each.nodes.map(node => node.target.join(" ")).slice(0, 5).join(", ")}`)"""


def script() -> str:
    installed()
    return (FOLDER / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


async def problems(page: Page, axe: str) -> list[str]:
    """What is wrong with the page. `axe` is the script."""
    await page.evaluate(axe)
    return await page.evaluate(FOUND, RULES)
