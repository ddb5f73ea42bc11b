"""A chat that remembers."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from agent import hear
from answers import answer, model, stream_of
from events import Emit
from threads import ID, Keepable, Threads

# Messages of the thread that the model is told.
REMEMBERED = 20

router = APIRouter()


class HistoryRequest(BaseModel):
    thread: str = Field(pattern=ID)
    message: Keepable


@router.post("/history")
async def history(body: HistoryRequest, request: Request) -> Response:
    """An answer in a thread."""
    threads: Threads = request.app.state.threads
    messages = await threads.latest(body.thread, REMEMBERED) + [{"role": "user", "content": body.message}]

    async def work(deltas: AsyncIterator[dict], emit: Emit) -> None:
        text, _ = await hear(deltas, emit)
        await threads.record(body.thread, body.message, text)

    return await answer(request, model(request).ask(messages), stream_of(work))
