"""Requests to the model endpoint, and their contents."""

import base64
import io
import json

from PIL import Image, ImageDraw, ImageFont

SUPPORT = "Fuerza presidente, usted es el presidente legítimo y pedimos su libertad."
AGAINST = "Es un golpista y un corrupto, que siga preso."
LABELS = ["support", "no support", "neutral"]


def picture(*texts, colour="navy", kind="PNG", size=(360, 640)):
    image = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(image)
    for number, text in enumerate(texts):
        draw.text((24, 60 + number * 480), text, fill="white", font=ImageFont.load_default(36))
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def image_part(content, kind="png", **more):
    url = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return {"type": "image_url", "image_url": {"url": url} | more}


def text_part(text):
    return {"type": "text", "text": text}


def block(name, text, mark="c0ffee"):
    return text_part(f"{name}:\n<<<{mark}\n{text}\n{mark}>>>")


def schema(**properties):
    whole = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": whole}}


def stance(ask, *parts):
    return json.loads(ask(*parts, response_format=schema(stance={"type": "string", "enum": LABELS})))[
        "stance"
    ]
