"""The endpoint's list of models: one that reads all of a text, and a small one that reads its beginning."""

from sandbox.clock import START
from sandbox.exchange import JsonObject, Refusal
from sandbox.world import World

MODEL, SMALL = "sandbox-vision", "sandbox-vision-small"
WORDS_READ = {MODEL: None, SMALL: 12}
"""How many words of the text to be judged each model reads; None: all."""


def list_models(world: World) -> JsonObject:
    return {
        "object": "list",
        "data": [] if _is_shut_down(world) else [_model(world, name) for name in WORDS_READ],
    }


def model_named(world: World, name: str) -> JsonObject:
    """The model with this name; refused if there is none, or if it has been shut down."""
    if name not in WORDS_READ:
        message = f"The model `{name}` does not exist or you do not have access to it."
        raise Refusal(404, "model_not_found", message, "model")
    if _is_shut_down(world):
        message = f"The model `{name}` has been deprecated, learn more on the page of deprecations."
        raise Refusal(404, "model_not_found", message, "model")
    return _model(world, name)


def _is_shut_down(world: World) -> bool:
    last_day = world.profile.shutdown_date
    return bool(last_day) and world.clock.now().date().isoformat() >= last_day


def _model(world: World, name: str) -> JsonObject:
    return {
        "id": name,
        "object": "model",
        "created": int(START.timestamp()),
        "owned_by": "sandbox",
        "shutdown_date": world.profile.shutdown_date or None,
    }
