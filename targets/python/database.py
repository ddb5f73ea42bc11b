"""The routes that need a database."""

from fastapi import FastAPI

import crud
import history
from threads import Threads


def remember(app: FastAPI, path: str) -> None:
    app.state.threads = Threads(path)
    app.include_router(crud.router)
    app.include_router(history.router)
