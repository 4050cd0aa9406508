"""The interactive page of the HTTP API: Swagger UI, served from an installed package."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

PATH: Final = "/api/docs"

_PAGE: Final = (files("resonance_logs.web") / "browser" / "reference.html").read_text("utf-8")
_FOLDERS: Final = {
    "swagger-ui": ("fastapi_swagger", "resources"),
    "page": ("resonance_logs.web", "browser"),
}
"""The folders of the page's files: package and folder within it."""


def add_reference(app: FastAPI) -> None:
    """Add the page and its files; nothing comes from another host, and no script is inline."""
    for name, packaged in _FOLDERS.items():
        served = StaticFiles(packages=[packaged])
        app.mount(f"{PATH}/{name}", GZipMiddleware(served, compresslevel=1))
    app.add_api_route(PATH, _page, include_in_schema=False)


async def _page() -> HTMLResponse:
    return HTMLResponse(_PAGE)
