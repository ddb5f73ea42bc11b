"""The routes that need a database."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from fastapi import APIRouter, FastAPI

import crud
import history
from threads import Threads


def opened(database: str) -> AbstractAsyncContextManager[Threads]:
    """Opens the threads in a file, or on a server if given a URL. Loads only the needed client."""
    if database.startswith("postgres:"):
        import postgres

        return postgres.opened(database)
    import sqlite

    return nullcontext(sqlite.SqliteThreads(database))


def routes(database: str) -> APIRouter:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened(database) as threads:
            app.state.threads = threads
            yield

    router = APIRouter(lifespan=lifespan)
    router.include_router(crud.router)
    router.include_router(history.router)
    return router
