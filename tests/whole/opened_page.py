"""A page that is open in Chromium: what it asked for, what is wrong with it, and what its tables say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page

_FAULTS = Path(__file__).with_name("page_faults.js").read_text("utf-8")


@dataclass
class Opened:
    """The page; the addresses that it asked for, and the errors in the browser's console."""

    page: Page
    width: int
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def faults(self) -> dict[str, list[str]]:
        """The faulty texts and images, by the kind of fault; kinds without any are left out."""
        return {kind: found for kind, found in self.page.evaluate(_FAULTS).items() if found}

    def rows(self, table: str) -> list[list[str]]:
        """The text of each cell of the body of a table, row by row."""
        return self.page.locator(table).evaluate(
            "table => [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))"
        )

    def terms(self, of: str) -> dict[str, int]:
        """The numbers of a list of terms, by term."""
        found = self.page.locator(of).evaluate(
            "list => [...list.children].map(pair => [...pair.children].map(part => part.innerText.trim()))"
        )
        return {term: int(number) for term, number in found}

    def wider_than_shown(self) -> list[Locator]:
        """What a reader has to scroll sideways: by more than the room that a last column has on its right."""
        return [
            part
            for part in self.page.locator(".wide").all()
            if part.evaluate("part => part.scrollWidth > part.clientWidth + 24")
        ]


@contextmanager
def opened(browser: Browser, file: Path, width: int, scheme: str) -> Iterator[Opened]:
    """Open a file without a network, and unfold all that is folded on a page of ours."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    found = Opened(context.new_page(), width)
    page = found.page
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("pageerror", lambda error: found.errors.append(str(error)))
    page.on("console", lambda said: found.errors.append(said.text) if said.type == "error" else None)
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('main details').forEach(details => { details.open = true })")
    # on a busy machine there is nothing to take a picture of until a frame was drawn
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    yield found
    context.close()


def shaded(part: Locator) -> tuple[bool, bool]:
    """Whether the left and the right edge of a part are darker or lighter than the page, along nearly all of it."""
    paper = part.evaluate(
        "part => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    )
    with Image.open(BytesIO(part.screenshot())) as shot:
        picture = shot.convert("RGB")
    edges = [[picture.getpixel((x, y)) for y in range(picture.height)] for x in (1, picture.width - 2)]
    left, right = (sum(pixel != tuple(paper) for pixel in edge) > 0.9 * len(edge) for edge in edges)
    return left, right
