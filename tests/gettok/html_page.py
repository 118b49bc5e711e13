"""Reads an HTML page for the tests: its elements, attributes and isolated texts."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """The elements of a page in order, the texts inside `<bdi>`, and all attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.isolated: list[str] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag == "bdi":
            self._inside = True
            self.isolated.append("")

    def handle_endtag(self, tag):
        if tag == "bdi":
            self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.isolated[-1] += data

    def values(self, wanted: str) -> list[str | None]:
        return [value for _, name, value in self.attributes if name == wanted]
