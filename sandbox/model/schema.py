"""JSON schemas as a model endpoint takes them."""

from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.exchange import JsonObject, Refusal
from sandbox.model.injection import objects_in

TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})


def checked(response_format: Any) -> JsonObject | None:
    """The schema that an answer must follow, None for free text; a schema that cannot be followed is refused."""
    if response_format is None:
        return None
    kind = response_format.get("type") if isinstance(response_format, dict) else None
    if kind == "text":
        return None
    if kind == "json_object":
        return {}
    if kind != "json_schema":
        raise _wrong(
            f"Invalid value: {kind!r}. Supported values are: 'text', 'json_object' and 'json_schema'.", "type"
        )
    told = response_format.get("json_schema")
    if not isinstance(told, dict) or not isinstance(told.get("name"), str):
        raise _wrong("Missing required parameter: 'response_format.json_schema.name'.", "json_schema.name")
    schema = told.get("schema")
    if not isinstance(schema, dict) or resolved(schema, schema).get("type") != "object":
        raise _wrong("schema must be a JSON Schema of 'type: \"object\"'.", "json_schema.schema")
    problem = next(_problems(schema, schema, strict=bool(told.get("strict"))), None)
    if problem:
        raise _wrong(f"Invalid schema for response_format '{told['name']}': {problem}", "response_format")
    return schema


def in_words(texts: Sequence[str]) -> JsonObject | None:
    """A schema that the prompt itself shows, as it must where a server takes none; a broken one is only text."""
    for text in texts:
        for shown in objects_in(text):
            if shown.get("type") == "object" and isinstance(shown.get("properties"), dict):
                try:
                    problem = next(_problems(shown, shown, strict=False), None)
                except (Refusal, TypeError, AttributeError):  # of somebody's JSON anything may be expected
                    continue
                if not problem:
                    return shown
    return None


def resolved(node: JsonObject, root: JsonObject) -> JsonObject:
    """The node with its reference followed and its nullable choice decided for the first kind that is not null."""
    while "$ref" in node:
        target: Any = root
        for step in str(node["$ref"]).removeprefix("#").strip("/").split("/"):
            target = target.get(step) if isinstance(target, dict) and step else target
        if not isinstance(target, dict) or target is node:
            raise _wrong(f"Invalid schema: cannot follow {node['$ref']}", "response_format")
        node = {**target, **{name: value for name, value in node.items() if name != "$ref"}}
    for choice in node.get("anyOf", []):
        if choice.get("type") != "null":
            return resolved({**{name: node[name] for name in node if name != "anyOf"}, **choice}, root)
    return node


def kind_of(node: JsonObject) -> str:
    """Its type; of several, the first that is not null."""
    kind = node.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    return next((str(name) for name in kinds if name and name != "null"), "string")


def _problems(node: JsonObject, root: JsonObject, *, strict: bool, depth: int = 0) -> Iterator[str]:
    node = resolved(node, root)
    kind = kind_of(node)
    if kind not in TYPES:
        yield f"{kind!r} is not a type"
    if depth > 10:
        yield "it is nested too deeply"
        return
    if kind == "object":
        properties = node.get("properties", {})
        if strict and node.get("additionalProperties") is not False:
            yield "'additionalProperties' is required to be supplied and to be false"
        if strict and set(node.get("required", [])) != set(properties):
            yield "'required' is required to be supplied and to be an array including every key in properties"
        for part in properties.values():
            yield from _problems(part, root, strict=strict, depth=depth + 1)
    if kind == "array":
        if "items" not in node:
            yield "array schema missing items"
        else:
            yield from _problems(node["items"], root, strict=strict, depth=depth + 1)


def _wrong(message: str, param: str) -> Refusal:
    return Refusal(400, "invalid_value", message, param)
