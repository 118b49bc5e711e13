"""A bare client of the Research API, which exposes whole answers."""

from collections.abc import Iterator, Sequence
from typing import Any

import requests

from sandbox.server import Sandbox

CASTILLO = {"operation": "EQ", "field_name": "keyword", "field_values": ["castillo"]}


def error(answer: requests.Response) -> tuple[int, str, str]:
    """Status, code and message of an answer in the envelope."""
    details = answer.json()["error"]
    return answer.status_code, details["code"], details["message"]


class Caller:
    def __init__(self, sandbox: Sandbox, session: requests.Session, ids: Sequence[str]) -> None:
        self.sandbox = sandbox
        self.session = session
        self.ids = list(ids)
        self.log_in()

    def log_in(self) -> None:
        self.headers = {"Authorization": f"Bearer {self.token()}"}

    def token(self, **form: str) -> str:
        answer = self.login(**form)
        return str(answer.json()["access_token"])

    def login(self, **form: str) -> requests.Response:
        whole = {
            "client_key": "sandbox",
            "client_secret": "sandbox",
            "grant_type": "client_credentials",
        } | form
        return self.session.post(f"{self.sandbox.research_api}/oauth/token/", data=whole, timeout=10)

    def ask(self, path: str, **body: Any) -> requests.Response:
        """Call an endpoint, given its path without `/v2/research/`, with its fields if it has any."""
        url = f"{self.sandbox.research_api}/research/{path}"
        return self.session.post(url, json=body, headers=self.headers, timeout=10)

    def data(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.ask(path, **body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["data"])

    def query(self, fields: str = "id,create_time", **body: Any) -> requests.Response:
        whole = {"query": {"and": [CASTILLO]}, "start_date": "20221201", "end_date": "20221231"} | body
        return self.ask(f"video/query/?fields={fields}", **whole)

    def pages(self, **body: Any) -> Iterator[dict[str, Any]]:
        """The data of each page, by the paging rules."""
        answer = self.query(**body).json()["data"]
        yield answer
        while answer["has_more"]:
            place = {"cursor": answer["cursor"], "search_id": answer["search_id"]}
            answer = self.query(**body, **place).json()["data"]
            yield answer

    def found(self, *conditions: tuple[str, str, list[str]], group: str = "and", **body: Any) -> list[int]:
        """The numbers of the videos that a query finds, in ascending order."""
        lines = [
            {"field_name": name, "operation": op, "field_values": values} for name, op, values in conditions
        ]
        answer = self.query(query={group: lines}, max_count=100, **body).json()
        assert answer["error"]["code"] == "ok", answer["error"]
        return sorted(self.ids.index(str(video["id"])) + 1 for video in answer["data"]["videos"])

    def switch(self, **switches: Any) -> None:
        answer = self.session.post(f"{self.sandbox.base}/__sandbox__/switches", json=switches, timeout=10)
        assert answer.status_code == 200, answer.text

    def advance(self, seconds: float) -> None:
        """Advance the virtual clock, and renew the token, which may have expired then."""
        self.sandbox.clock.advance(seconds)
        self.log_in()

    def quota(self) -> dict[str, Any]:
        return dict(self.session.get(f"{self.sandbox.base}/__sandbox__/quota", timeout=10).json())
