"""An OpenAI-compatible endpoint, with one model that analyses what it is sent."""

import time

from sandbox.exchange import Refusal, Reply, Request, json_body, json_reply
from sandbox.faults import INSTEAD, Fault, with_damage
from sandbox.model.batches import BATCHES_PATH, Batches
from sandbox.model.capabilities import check_load, overloaded
from sandbox.model.chat import messages_sha256
from sandbox.model.completion import CHAT_PATH, complete, read_chat
from sandbox.model.files import FILES_PATH, ModelFiles
from sandbox.model.limits import ModelLimits
from sandbox.model.models import list_models, model_named
from sandbox.model.refusal import refusal_reply
from sandbox.world import World

KEY = "sandbox"
MODELS_PATH = "/v1/models"

FAULTS = {
    "401": (401, "invalid_api_key", "Incorrect API key provided."),
    "429_rate": (429, "rate_limit_exceeded", "Rate limit reached. Please try again later."),
    "insufficient_quota": (429, "insufficient_quota", "You exceeded your current quota."),
    "500": (500, "server_error", "The server had an error while processing your request."),
}


class ModelApi:
    def __init__(self, world: World) -> None:
        self._world = world
        self._limits = ModelLimits(world)
        self._files = ModelFiles(world)
        self._batches = Batches(world, self._files)

    def subject(self, request: Request) -> str:
        """The model and the hash of the messages; for a new batch, its input file."""
        body = json_body(request) if request.path in {CHAT_PATH, BATCHES_PATH} else None
        if body is None:
            return ""
        if request.path == BATCHES_PATH:
            return str(body.get("input_file_id"))
        return f"{body.get('model')} {messages_sha256(body)}"

    def answer(self, request: Request, fault: Fault) -> Reply:
        if fault.do in INSTEAD:
            return with_damage(INSTEAD[fault.do], fault)
        try:
            return with_damage(self._respond(request, fault), fault)
        except Refusal as refusal:
            return with_damage(refusal_reply(refusal), fault)

    def _respond(self, request: Request, fault: Fault) -> Reply:
        if fault.do in FAULTS:
            raise Refusal(*FAULTS[fault.do])
        if fault.do == "529":
            raise overloaded()
        if request.headers.get("authorization", "").strip() != f"Bearer {KEY}":
            raise Refusal(*FAULTS["401"])
        path, method = request.path, request.method
        if path == CHAT_PATH and method == "POST":
            return self._chat(request, fault)
        if path == FILES_PATH or path.startswith(f"{FILES_PATH}/"):
            return self._files.answer(request)
        if path == BATCHES_PATH or path.startswith(f"{BATCHES_PATH}/"):
            return self._batches.answer(request, fault)
        if path == MODELS_PATH and method == "GET":
            return json_reply(200, list_models(self._world))
        if path.startswith(f"{MODELS_PATH}/") and method == "GET":
            return json_reply(200, model_named(self._world, path.removeprefix(f"{MODELS_PATH}/")))
        raise Refusal(404, "unknown_url", f"Unknown request URL: {method} {path}.")

    def _chat(self, request: Request, fault: Fault) -> Reply:
        with self._limits.slot():
            check_load(self._world, request)
            chat = read_chat(self._world, request, fault)
            headers = self._limits.charge(chat)
            time.sleep(self._world.profile.model_latency_s)
            return json_reply(200, complete(self._world, request, chat, fault), headers)
