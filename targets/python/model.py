"""A model that speaks the OpenAI chat completions API."""

import json
from collections.abc import AsyncIterator

import httpx


class ModelError(Exception):
    """The model failed; the text has the reason."""


class Model:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def ask(self, messages: list[dict], tools: list[dict] | None = None) -> AsyncIterator[dict]:
        """Starts a completion and yields its deltas. Closing the iterator cancels it."""
        body = {"model": "stub", "stream": True, "messages": messages}
        if tools:
            body["tools"] = tools
        request = self.client.build_request("POST", "/v1/chat/completions", json=body)
        try:
            response = await self.client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise ModelError(f"the model cannot be reached: {error}") from error
        if response.status_code != httpx.codes.OK:
            await response.aclose()
            raise ModelError(f"the model answered {response.status_code}")
        return deltas(response)


async def deltas(response: httpx.Response) -> AsyncIterator[dict]:
    """Reads to the end of the body, so that the connection can be reused."""
    done = False
    try:
        async for line in response.aiter_lines():
            if done or not line.startswith("data:"):
                continue
            data = line.removeprefix("data:").strip()
            if data == "[DONE]":
                done = True
            elif delta := parse(data):
                yield delta
    except httpx.HTTPError as error:
        raise ModelError(f"the model broke off: {error}") from error
    finally:
        await response.aclose()
    if not done:
        raise ModelError("the model broke off")


def parse(data: str) -> dict | None:
    """Returns a chunk's delta. The chunk with the usage has an empty one."""
    try:
        choices = json.loads(data)["choices"]
    except ValueError as error:
        raise ModelError(f"the model sent what is not JSON: {error}") from error
    return choices[0]["delta"] if choices else None
