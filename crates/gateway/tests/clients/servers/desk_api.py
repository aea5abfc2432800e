"""A FastAPI application whose documentation page has its scripts from here, as FastAPI's documentation shows."""

import fastapi
import swagger_ui_bundle
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

application = fastapi.FastAPI(title="Desks", docs_url=None, redoc_url=None)
application.openapi_version = "3.0.3"
application.mount("/static", StaticFiles(directory=swagger_ui_bundle.swagger_ui_path))


class Desk(BaseModel):
    name: str
    note: str = ""


@application.get("/docs", include_in_schema=False)
def docs():
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Desks",
        swagger_js_url="/static/swagger-ui-bundle.js",
        swagger_css_url="/static/swagger-ui.css",
        swagger_favicon_url="/static/favicon-32x32.png",
    )


@application.get("/desks/{number}")
def get(number: int, q: str | None = None):
    return {"number": number, "q": q}


@application.post("/desks", status_code=201)
def post(desk: Desk):
    return desk
