"""Checks and reads JSON schemas as a model endpoint does."""

from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.exchange import JsonObject, Refusal
from sandbox.model.injection import objects_in

TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})


def checked_schema(response_format: Any) -> JsonObject | None:
    """The schema that an answer must follow, or None for free text; an unsupported schema is refused."""
    if response_format is None:
        return None
    kind = response_format.get("type") if isinstance(response_format, dict) else None
    if kind == "text":
        return None
    if kind == "json_object":
        return {}
    if kind != "json_schema":
        raise _invalid(
            f"Invalid value: {kind!r}. Supported values are: 'text', 'json_object' and 'json_schema'.", "type"
        )
    json_schema = response_format.get("json_schema")
    if not isinstance(json_schema, dict) or not isinstance(json_schema.get("name"), str):
        raise _invalid("Missing required parameter: 'response_format.json_schema.name'.", "json_schema.name")
    schema = json_schema.get("schema")
    if not isinstance(schema, dict) or resolved(schema, schema).get("type") != "object":
        raise _invalid("schema must be a JSON Schema of 'type: \"object\"'.", "json_schema.schema")
    problem = next(_problems(schema, schema, strict=bool(json_schema.get("strict"))), None)
    if problem:
        raise _invalid(
            f"Invalid schema for response_format '{json_schema['name']}': {problem}", "response_format"
        )
    return schema


def schema_in_text(texts: Sequence[str]) -> JsonObject | None:
    """The schema that a prompt contains, for servers that do not accept one; an invalid schema is ignored."""
    for text in texts:
        for candidate in objects_in(text):
            if candidate.get("type") == "object" and isinstance(candidate.get("properties"), dict):
                try:
                    problem = next(_problems(candidate, candidate, strict=False), None)
                except (Refusal, TypeError, AttributeError):  # JSON in a prompt can have any form
                    continue
                if not problem:
                    return candidate
    return None


def resolved(node: JsonObject, root: JsonObject) -> JsonObject:
    """The node with its reference followed, and with the first type of `anyOf` that is not null."""
    while "$ref" in node:
        target: Any = root
        for step in str(node["$ref"]).removeprefix("#").strip("/").split("/"):
            target = target.get(step) if isinstance(target, dict) and step else target
        if not isinstance(target, dict) or target is node:
            raise _invalid(f"Invalid schema: cannot follow {node['$ref']}", "response_format")
        node = {**target, **{name: value for name, value in node.items() if name != "$ref"}}
    for choice in node.get("anyOf", []):
        if choice.get("type") != "null":
            return resolved({**{name: node[name] for name in node if name != "anyOf"}, **choice}, root)
    return node


def kind_of(node: JsonObject) -> str:
    """The node's type; of several, the first that is not null."""
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


def _invalid(message: str, param: str) -> Refusal:
    return Refusal(400, "invalid_value", message, param)
