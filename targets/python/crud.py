"""Threads over HTTP."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel

from threads import ID, Keepable, StoredMessage, Thread, Threads

T = TypeVar("T")

router = APIRouter(prefix="/threads")


def threads(request: Request) -> Threads:
    return request.app.state.threads


Id = Annotated[str, Path(pattern=ID)]
All = Annotated[Threads, Depends(threads)]


class Title(BaseModel):
    title: Keepable


@router.get("")
async def page(all: All, after: Annotated[str, Query(pattern=rf"^$|{ID}")] = "", limit: Annotated[int, Query(ge=1, le=100)] = 20) -> dict:
    # One more row than needed shows whether there is a next page.
    found = await all.page(after, limit + 1)
    return {"threads": found[:limit], "next": found[limit - 1]["id"] if len(found) > limit else None}


@router.post("", status_code=201)
async def create(all: All, thread: Thread) -> Thread:
    if not await all.create(thread):
        raise HTTPException(409, "there is such a thread")
    return thread


@router.get("/{id}")
async def show(all: All, id: Id) -> dict:
    return existing(await all.read(id))


@router.patch("/{id}")
async def rename(all: All, id: Id, body: Title) -> Thread:
    existing(await all.rename(id, body.title))
    return Thread(id=id, title=body.title)


@router.delete("/{id}", status_code=204)
async def remove(all: All, id: Id) -> Response:
    existing(await all.remove(id))
    return Response(status_code=204)


@router.post("/{id}/messages", status_code=201)
async def append(all: All, id: Id, stored: StoredMessage) -> StoredMessage:
    existing(await all.append(id, stored))
    return stored


def existing(found: T) -> T:
    if not found:
        raise HTTPException(404, "there is no such thread")
    return found
