"""A chat with message history."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from agent import forward
from answers import answer, model, stream_of
from events import Emit
from threads import ID, Keepable, Threads

# The most messages of a thread that the model gets.
REMEMBERED = 20

router = APIRouter()


class HistoryRequest(BaseModel):
    thread: str = Field(pattern=ID)
    message: Keepable


@router.post("/history")
async def history(body: HistoryRequest, request: Request) -> Response:
    """Answers in a thread."""
    threads: Threads = request.app.state.threads
    messages = await threads.latest(body.thread, REMEMBERED) + [{"role": "user", "content": body.message}]

    async def work(deltas: AsyncIterator[dict], emit: Emit) -> None:
        text, _ = await forward(deltas, emit)
        await threads.record(body.thread, body.message, text)

    return await answer(request, model(request).ask(messages), stream_of(work))
