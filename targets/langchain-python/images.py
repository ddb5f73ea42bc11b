"""Image input and output."""

import base64
import re
from collections.abc import Iterator
from typing import Any

from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI

# Bytes of an image per event.
PART = 48 * 1024


class Drawing(ChatOpenAI):
    """LangChain drops images from the model's answer; this class keeps those of each chunk."""

    def _convert_chunk_to_generation_chunk(self, chunk: dict, *rest: Any) -> ChatGenerationChunk | None:
        generation = super()._convert_chunk_to_generation_chunk(chunk, *rest)
        choices = chunk.get("choices")
        if generation and choices and (images := choices[0]["delta"].get("images")):
            generation.message.additional_kwargs["images"] = images
        return generation


def picture(message: str, url: str) -> dict[str, Any]:
    """Returns a message and an image as parts of one user message."""
    content = [{"type": "text", "text": message}, {"type": "image_url", "image_url": {"url": url}}]
    return {"role": "user", "content": content}


def decode(url: str) -> tuple[str, bytes]:
    """Returns the media type and the content of an image's data: URL."""
    head = re.match(r"data:(image/[\w.+-]+);base64,", url)
    if not head:
        raise ValueError("not the data: URL of an image")
    image = base64.b64decode(url[head.end() :], validate=True)
    if not image:
        raise ValueError("the image is empty")
    return head[1], image


def parts(url: str) -> Iterator[dict[str, Any]]:
    """Yields the events of an image from the model."""
    kind, image = decode(url)
    count = -(-len(image) // PART)
    for part in range(count):
        data = base64.b64encode(image[part * PART : (part + 1) * PART]).decode()
        yield {"image": {"type": kind, "part": part, "parts": count, "data": data}}
