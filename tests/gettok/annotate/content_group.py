"""A group of variables of several kinds, and texts to ask about."""

from codebook_steps import variable

from gettok.annotate.group import Group

WORDS = "Todos a la plaza de Lima, dijo la señora de Cusco."


TEXTS = {"inputs": ["transcript", "caption"], "group": "content"}


CALL = variable("yes_no", **TEXTS)


TOPICS = variable("any_of", labels=["congress", "protest"], **TEXTS)


PLACES = variable("span", **TEXTS)


PEOPLE = variable("number", abstain=True, **TEXTS)


TONE = variable(labels=["calm", "angry"], applies_if={"variable": "call", "has": ["yes"]}, **TEXTS)


CONTENT = Group(
    "content", {"call": CALL, "topics": TOPICS, "places": PLACES, "people": PEOPLE, "tone": TONE}, "X"
)
