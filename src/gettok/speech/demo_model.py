"""The demo's speech model, recognised by its files wherever they are, since its text must not pass for a transcript.

It knows only the demo's synthetic voices, and writes fluent sentences about the demo's subject whatever it hears. No
number of its answers shows that.
"""

#: The digest of the model's files, as `gettok.models` computes it.
DEMO_MODEL_SHA256 = "72d5a94d7d8bcb24e0b04b7577021926dc4749d9a7b8a77e39ed7b7c6cce8352"

WARNING = (
    "this is the demo's speech model, a toy trained on the demo's synthetic voices: for any other speech it invents "
    "fluent sentences. Its transcripts have the quality flag demo_model. Choose a real one, such as asr=small or "
    "asr=large_v3"
)


def is_demo_model(sha256: str | None) -> bool:
    """Whether files with this digest are the demo's model."""
    return sha256 == DEMO_MODEL_SHA256
