"""The endpoints of the Research API v2, and the checks before them.

The order of its checks is a guess that no document contradicts: path and method, transport, token, endpoint, rate,
quota, server errors, the request itself.
"""

import time
from collections.abc import Callable

from sandbox.exchange import JsonObject, Refusal, Reply, Request, json_body, json_reply, text_reply
from sandbox.faults import INSTEAD, Fault, with_damage
from sandbox.research_api.access_tokens import AccessTokens
from sandbox.research_api.comments import Comments
from sandbox.research_api.compliance import Compliance
from sandbox.research_api.follows import Follows
from sandbox.research_api.parameters import invalid_cursor, read_body, requested_fields
from sandbox.research_api.playlists import Playlists
from sandbox.research_api.query import FIELDS, query_from
from sandbox.research_api.quota import TOO_FAST, Quota
from sandbox.research_api.search import Searches
from sandbox.research_api.server_errors import raise_server_error, times_out
from sandbox.research_api.user_videos import UserVideos
from sandbox.research_api.users import Users
from sandbox.world import World

RESEARCH = "/v2/research/"
TOKEN_PATH = "/v2/oauth/token/"  # noqa: S105 - a path
QUERY_PATH = f"{RESEARCH}video/query/"
USER_PATHS = (f"{RESEARCH}user/", f"{RESEARCH}playlist/")
TASK_PATHS = f"{RESEARCH}validation_task"

INVALID_TOKEN = (401, "access_token_invalid", "The access token is invalid or not found in the request.")
NOT_AUTHORIZED = (
    401,
    "scope_not_authorized",
    "The user did not authorize the scope required for completing this request.",
)
SUBJECTS = ("video_id", "comment_id", "username", "task_id", "playlist_id")

Endpoint = Callable[[Request, Fault], JsonObject | Reply]
"""From request and fault to the answer's `data`, or to an answer without the envelope."""


class ResearchApi:
    def __init__(self, world: World) -> None:
        self._world = world
        self.quota = Quota(world)
        self._tokens = AccessTokens(world)
        self._searches = Searches(world)
        users, follows, videos = Users(world), Follows(world), UserVideos(world)
        self._compliance = Compliance(world)
        self._endpoints: dict[str, Endpoint] = {
            QUERY_PATH: self._query,
            f"{RESEARCH}video/comment/list/": Comments(world).page,
            f"{RESEARCH}user/info/": users.info,
            f"{RESEARCH}user/followers/": follows.followers,
            f"{RESEARCH}user/following/": follows.following,
            f"{RESEARCH}user/liked_videos/": videos.liked,
            f"{RESEARCH}user/pinned_videos/": videos.pinned,
            f"{RESEARCH}user/reposted_videos/": videos.reposted,
            f"{RESEARCH}playlist/info/": Playlists(world).info,
            f"{RESEARCH}validation_task/create/": self._compliance.create,
            f"{RESEARCH}validation_task_status/get/": self._compliance.status,
            f"{RESEARCH}validation_task/download/": self._compliance.download,
        }

    def subject(self, request: Request) -> str:
        """`start/end/cursor` of a query; for other endpoints, the requested id or name."""
        path = self._path(request)
        body = json_body(request) if path in self._endpoints else None
        if body is None:
            return self._compliance.subject(request) if path in self._endpoints else ""
        if path == QUERY_PATH:
            return f"{body.get('start_date')}/{body.get('end_date')}/{body.get('cursor') or 0}"
        return next((str(body[name]) for name in SUBJECTS if body.get(name)), "")

    def answer(self, request: Request, fault: Fault) -> Reply:
        time.sleep(self._world.profile.delay_s)
        path = self._path(request)
        exists = path == TOKEN_PATH or path in self._endpoints
        if not exists or request.method != "POST":
            return text_reply(
                405 if exists else 404, "405 method not allowed" if exists else "404 page not found"
            )
        if path == TOKEN_PATH:
            return with_damage(INSTEAD.get(fault.do) or self._tokens.answer(request), fault)
        try:
            reply = self._authorized(request, path, fault)
        except Refusal as refusal:
            reply = self._envelope(request, refusal.status, {}, refusal.code, refusal.message)
        return with_damage(reply, fault)

    def _path(self, request: Request) -> str:
        slash = "" if request.path.endswith("/") or not self._world.profile.slash_optional else "/"
        return request.path + slash

    def _authorized(self, request: Request, path: str, fault: Fault) -> Reply:
        instead = "504_html" if times_out(self._world, request) else fault.do
        if instead in INSTEAD:
            self.quota.charge(path)
            return INSTEAD[instead]
        self._admit(request, path, fault)
        data = self._endpoints[path](request, fault)
        if isinstance(data, Reply):
            return data
        if fault.do == "200_error":
            return self._envelope(request, 200, {}, "unheard_of", "A code that no document lists")
        is_failing_user_endpoint = self._world.profile.user_500_with_data and path.startswith(USER_PATHS)
        return self._envelope(
            request, 500 if is_failing_user_endpoint or fault.do == "500_with_data" else 200, data, "ok", ""
        )

    def _admit(self, request: Request, path: str, fault: Fault) -> None:
        if fault.do == "401" or not self._tokens.is_valid(request.headers.get("authorization", "")):
            if self._world.profile.unauthorized_uses_quota:
                self.quota.charge(path)
            raise Refusal(*INVALID_TOKEN)
        if path in self._world.profile.denied:
            raise Refusal(*NOT_AUTHORIZED)
        if fault.do == "429_rate":
            raise Refusal(*TOO_FAST)
        self.quota.charge_second()
        if fault.do == "429_quota":
            self.quota.spend_all(path)
        self.quota.charge(path)
        raise_server_error(self._world, request, fault)
        if fault.do == "400_cursor":
            raise invalid_cursor()

    def _query(self, request: Request, fault: Fault) -> JsonObject:
        fields = requested_fields(request, FIELDS)
        query = query_from(read_body(request, self._world.profile))
        return self._searches.page(query, fields, fault)

    def _envelope(self, request: Request, status: int, data: JsonObject, code: str, message: str) -> Reply:
        error: JsonObject = {
            "code": code,
            "message": message,
            "log_id": self._world.clock.log_id(request.digest),
        }
        if request.path.startswith(TASK_PATHS):
            error["http_status_code"] = status
        return json_reply(status, {"data": data, "error": error})
