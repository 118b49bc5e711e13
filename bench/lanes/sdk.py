"""`TikTokResearchApi`, TikTok's own client, as its README uses it; what it returns is written down afterwards."""

import json

from tiktok_research_api import Criteria, Query, QueryVideoRequest, TikTokResearchAPI

from bench.lanes import redirect
from bench.lanes.task import KEY, KEYWORD, Task


def client(base: str) -> TikTokResearchAPI:
    """The client with its defaults; it buys its token at once, and never another."""
    redirect.to(base)
    return TikTokResearchAPI(KEY, KEY)


def request(task: Task, **more: object) -> QueryVideoRequest:
    query = Query(and_criteria=[Criteria(operation="IN", field_name="keyword", field_values=[KEYWORD])])
    return QueryVideoRequest(query, f"{task.start:%Y%m%d}", f"{task.end:%Y%m%d}", 100, **more)


def collect(task: Task) -> None:
    videos, *_ = client(task.base).query_videos(request(task), fetch_all_pages=True)
    (task.folder / "pages.jsonl").write_text(json.dumps({"videos": videos}) + "\n", "utf-8")
