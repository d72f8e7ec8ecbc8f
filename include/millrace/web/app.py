"""`create_app`: the pages. Read-only; who asks, and what they may see, is the caller's to say."""

# No `from __future__ import annotations`: FastAPI resolves the routes' local annotation.

from collections.abc import Callable, Sequence
from functools import partial
from importlib.resources import files
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.params import Depends as Dependency
from starlette.exceptions import HTTPException as HTTPError
from starlette.responses import HTMLResponse, Response

from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.errors import DataError, MillraceError, Withheld
from millrace.settings import Settings
from millrace.web.files import file_response
from millrace.web.headers import SecurityHeaders
from millrace.web.library import Library, Lineage, Permission
from millrace.web.overview import overview
from millrace.web.render import Renderer
from millrace.web.report import report

_TITLES = {401: "Please log in", 403: "Not allowed", 404: "Not found"}


def create_app(
    settings: Settings,
    permission: Callable[..., Permission],
    dependencies: Sequence[Dependency] = (),
) -> FastAPI:
    """Return the app. Opens nothing yet: a missing catalog is a page that says what to do.

    Args:
        settings: where catalog and store are.
        permission: a FastAPI dependency that returns whether the asking user may read a DAG; it
            raises an HTTPException with status 401 where nobody is logged in.
        dependencies: FastAPI dependencies of every route.
    """
    app = FastAPI(
        title="Millrace",
        dependencies=dependencies,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_middleware(SecurityHeaders)
    renderer = Renderer()
    app.add_exception_handler(MillraceError, partial(_failed, renderer))
    app.add_exception_handler(HTTPError, partial(_refused, renderer))
    _add_pages(app, renderer, _libraries(settings, permission))
    return app


def _libraries(settings: Settings, permission: Callable[..., Permission]) -> Callable[..., Library]:
    catalog = Catalog(settings.catalog)
    store = Store(settings.store, settings.home / "cache", shows=True)

    def library(may_read: Annotated[Permission, Depends(permission)]) -> Library:
        return Library(catalog, store, may_read)

    return library


def _add_pages(app: FastAPI, renderer: Renderer, libraries: Callable[..., Library]) -> None:
    Reader = Annotated[Library, Depends(libraries)]  # noqa: N806
    style = files("millrace.web").joinpath("style.css").read_bytes()

    @app.get("/", response_class=HTMLResponse)
    def show_overview(request: Request, library: Reader) -> Response:
        return renderer.page(request, "overview.html", workflows=overview(library))

    @app.get("/runs", response_class=HTMLResponse)
    def show_run(request: Request, library: Reader, dag_id: str = "", run_id: str = "") -> Response:
        run = library.run(dag_id, run_id)
        if run is None:
            raise HTTPException(404, "Millrace knows no such run (yet).")
        return renderer.page(request, "run.html", report=report(library, run))

    @app.get("/artifacts/{key}", response_class=HTMLResponse)
    def show_artifact(request: Request, library: Reader, key: str) -> Response:
        return renderer.page(request, "artifact.html", lineage=_lineage(library, key))

    @app.get("/artifacts/{key}/files/{name:path}")
    def show_file(library: Reader, key: str, name: str) -> Response:
        response = file_response(_lineage(library, key).artifact, name)
        if response is None:
            raise HTTPException(404, "The artifact has no such file.")
        return response

    @app.get("/style.css")
    def show_style() -> Response:
        return Response(style, media_type="text/css")


def _lineage(library: Library, key: str) -> Lineage:
    found = library.lineage(key)
    if found is None:
        raise HTTPException(404, "There is no such artifact; it may have been collected.")
    return found


def _failed(renderer: Renderer, request: Request, error: Any) -> Response:
    """Answer with what Millrace could not do: damaged data, or an installation that is not up."""
    if isinstance(error, Withheld):
        return renderer.page(request, "error.html", 403, title=_TITLES[403], message=str(error))
    status = 500 if isinstance(error, DataError) else 503
    title = "Something stored is damaged" if status == 500 else "Not available"
    return renderer.page(request, "error.html", status, title=title, message=str(error))


def _refused(renderer: Renderer, request: Request, error: Any) -> Response:
    title = _TITLES.get(error.status_code, "This did not work")
    page = renderer.page(
        request, "error.html", error.status_code, title=title, message=str(error.detail)
    )
    page.headers.update(error.headers or {})
    return page
