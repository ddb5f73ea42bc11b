"""Image input and output."""

import base64
import re
from collections.abc import AsyncIterator

from events import Emit
from model import ModelError

# Bytes of an image per event.
PART = 48 * 1024


def decode(url: str) -> tuple[str, bytes]:
    """Returns the media type and the content of an image's data: URL."""
    head = re.match(r"data:(image/[\w.+-]+);base64,", url)
    if not head:
        raise ValueError("not the data: URL of an image")
    image = base64.b64decode(url[head.end() :], validate=True)
    if not image:
        raise ValueError("the image is empty")
    return head[1], image


async def show(deltas: AsyncIterator[dict], emit: Emit) -> None:
    """Yields the events of the model's text and images."""
    async for delta in deltas:
        if content := delta.get("content"):
            emit({"content": content})
        for image in delta.get("images") or []:
            show_image(image["image_url"]["url"], emit)


def show_image(url: str, emit: Emit) -> None:
    try:
        kind, image = decode(url)
    except ValueError as error:
        raise ModelError(f"the model sent a broken image: {error}") from error
    parts = -(-len(image) // PART)
    for part in range(parts):
        data = base64.b64encode(image[part * PART : (part + 1) * PART]).decode()
        emit({"image": {"type": kind, "part": part, "parts": parts, "data": data}})
