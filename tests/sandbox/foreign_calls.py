"""Calls of foreign clients other than collecting, each in its own process; prints JSON.

python foreign_calls.py BASE CALL [ARGUMENTS]
"""

import json
import sys
import time
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path

from tiktok_research_api import QueryUserInfoRequest, QueryVideoCommentsRequest

from bench.candidates.collect.sdk import client, request
from bench.candidates.collect.task import Task


def resume(base, start, end):
    """Read the first page of each window, then resume from the place that it returns; gives both numbers of videos."""
    task = Task(base, Path(), date.fromisoformat(start), date.fromisoformat(end))
    foreign = client(base)
    first, search_id, cursor, *_ = foreign.query_videos(request(task))
    more, *_ = foreign.query_videos(request(task, cursor=cursor, search_id=search_id), fetch_all_pages=True)
    return [len(first), len(more)]


def user_info(base, username):
    return client(base).query_user_info(QueryUserInfoRequest(username))


def comments(base, video_id):
    query = QueryVideoCommentsRequest(int(video_id), max_count=100)
    found, cursor, has_more = client(base).query_video_comments(query, fetch_all_pages=True)
    return {"comments": found, "cursor": cursor, "has_more": has_more}


def library(base, folder, day, *options):
    """Let the library collect one day into its database in the folder."""
    from bench.candidates.collect import tiktok_library  # noqa: PLC0415 - slow, and only this call needs it

    that_day = date.fromisoformat(day)
    tiktok_library.collect(Task(base, Path(folder), that_day, that_day), *options)


CALLS = {"resume": resume, "user_info": user_info, "comments": comments, "library": library}

if __name__ == "__main__":
    time.sleep = lambda _: None
    base, call, *arguments = sys.argv[1:]
    with redirect_stdout(sys.stderr):
        result = CALLS[call](base, *arguments)
    sys.stdout.write(json.dumps(result))
