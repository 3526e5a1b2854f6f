"""Style sheets and scripts, served so that browsers may keep them."""

from collections.abc import Mapping
from typing import Any, cast

from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from catch.web.console.assets import Asset


def served(assets: Mapping[str, Asset]) -> HTTPRouteHandler:
    """What answers at their addresses."""

    @route("/assets/{name:str}", http_method=cast("Any", ["GET", "HEAD"]), name="console assets")
    async def asset(request: Request[Any, Any, Any]) -> Response[bytes]:
        held = assets.get(str(request.path_params["name"]))
        if held is None:
            return Response(b"", status_code=404)
        kept = "public, max-age=31536000, immutable" if request.query_params.get("v") == held.version else "no-cache"
        headers = {"cache-control": kept, "etag": f'"{held.version}"', "vary": "accept-encoding"}
        headers["x-content-type-options"] = "nosniff"
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(b"", status_code=304, headers=headers)
        packed = "gzip" in request.headers.get("accept-encoding", "")
        if packed:
            headers["content-encoding"] = "gzip"
        return Response(held.packed if packed else held.plain, media_type=held.media, headers=headers)

    return asset
