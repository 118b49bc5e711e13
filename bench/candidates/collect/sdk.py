"""`TikTokResearchApi`, TikTok's own client, used as in its README; what it returns is written to disk at the end."""

import json

from tiktok_research_api import Criteria, Query, QueryVideoRequest, TikTokResearchAPI

from bench.candidates.collect.redirect import redirect_to
from bench.candidates.collect.task import KEY, KEYWORD, Task


def client(base: str) -> TikTokResearchAPI:
    """The client with its defaults. It requests one token at the start and never renews it."""
    redirect_to(base)
    return TikTokResearchAPI(KEY, KEY)


def request(task: Task, **more: object) -> QueryVideoRequest:
    query = Query(and_criteria=[Criteria(operation="IN", field_name="keyword", field_values=[KEYWORD])])
    return QueryVideoRequest(query, f"{task.start:%Y%m%d}", f"{task.end:%Y%m%d}", 100, **more)


def collect(task: Task) -> None:
    videos, *_ = client(task.base).query_videos(request(task), fetch_all_pages=True)
    (task.folder / "pages.jsonl").write_text(json.dumps({"videos": videos}) + "\n", "utf-8")
