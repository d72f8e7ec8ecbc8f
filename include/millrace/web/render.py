"""`Renderer`: templates to answers. Every value is escaped; an undefined one is an error."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from millrace.web.formats import FILTERS


class Renderer:
    """The pages' templates."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("millrace.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(FILTERS)

    def page(
        self, request: Request, template: str, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Return a page; the template also gets ``url(path, name=value, …)``."""
        text = self._environment.get_template(template).render(url=_link(request), **values)
        return HTMLResponse(text, status)


def _link(request: Request) -> Callable[..., str]:
    """Return a function that makes links, which hold wherever the app is mounted."""
    root = str(request.scope.get("root_path", "")).rstrip("/")

    def link(path: str, **query: str) -> str:
        return root + quote(path) + (f"?{urlencode(query)}" if query else "")

    return link
