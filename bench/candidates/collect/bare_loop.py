"""What a careful person writes in twenty lines: requests every page, and writes each to disk before the next."""

import json

import requests

from bench.candidates.collect.task import KEY, KEYWORD, Task

FIELDS = (
    "id,video_description,create_time,region_code,share_count,view_count,like_count,comment_count,music_id,"
    "hashtag_names,username,effect_ids,playlist_id,voice_to_text,is_stem_verified,favorites_count,video_duration,"
    "hashtag_info_list,sticker_info_list,effect_info_list,video_mention_list,video_label,video_tag"
)
QUERY = {"and": [{"field_name": "keyword", "operation": "IN", "field_values": [KEYWORD]}]}


def collect(task: Task) -> None:
    session = requests.Session()
    form = {"client_key": KEY, "client_secret": KEY, "grant_type": "client_credentials"}
    token = session.post(f"{task.base}/v2/oauth/token/", data=form, timeout=60).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    url = f"{task.base}/v2/research/video/query/?fields={FIELDS}"
    with (task.folder / "pages.jsonl").open("w", encoding="utf-8") as file:
        for start, end in task.windows(30):
            body = {
                "query": QUERY,
                "start_date": f"{start:%Y%m%d}",
                "end_date": f"{end:%Y%m%d}",
                "max_count": 100,
            }
            has_more = True
            while has_more:
                response = session.post(url, json=body, timeout=300)
                response.raise_for_status()
                page = response.json()["data"]
                file.write(json.dumps(page) + "\n")
                file.flush()
                has_more = page["has_more"]
                body |= {"cursor": page["cursor"], "search_id": page.get("search_id")}
