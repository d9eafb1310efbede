"""Who may talk to the server: the browser that was given the token, from the server's own pages."""

import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse

NAMES = "127.0.0.1", "localhost"
FIRST_PAGE = "/review"
MOST_BODY = 2**20  # bytes of a request
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",  # or the browser keeps pictures on the disk
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Access:
    """Lets only those requests through that come from the server's own pages, as middleware.

    The name that the browser calls the server by must be this computer's own, or another site's
    name could be made to lead here; where a request tells the page that sent it, that must be one
    of ours; and there must be the token: in the address at the first visit, which makes it a cookie
    and leaves the address, or in the cookie.

    Args:
        app: What answers.
        token: The token.
        port: Port of the server.
    """

    def __init__(self, app, token, port):
        self._app, self._token, self._port = app, token, port
        self._cookie = f"keras-vabc-{port}"  # cookies do not tell ports apart

    async def __call__(self, scope, receive, send):
        """Answers a request, or refuses it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no web sockets here
            return
        answer = self._refusal(Request(scope)) or self._first_visit(Request(scope)) or self._app
        await answer(scope, _bounded(receive), _with_headers(send))

    def _refusal(self, request):
        """The answer to a request that may not pass; `None` for one that may."""
        headers = request.headers
        if not self._is_ours(headers, self._is_first_visit(request)):
            return PlainTextResponse("This page may not be reached from elsewhere.", 403)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MOST_BODY:
            return PlainTextResponse("The request is too large.", 413)
        if not (self._knows(request.cookies.get(self._cookie)) or self._is_first_visit(request)):
            return PlainTextResponse(
                "The address needs the token that keras-vabc review printed.", 403
            )
        return None

    def _first_visit(self, request):
        """Makes a cookie of the token in the address; `None` if none is there."""
        if not self._is_first_visit(request):
            return None
        # The page goes on by itself: where another site's link led here, cookies are not sent
        # along when the server redirects.
        refresh = f'<meta http-equiv="refresh" content="0; url={FIRST_PAGE}">'
        answer = HTMLResponse(f'<link rel="icon" href="data:,">{refresh}')
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
        return answer

    def _is_first_visit(self, request):
        return request.method == "GET" and self._knows(request.query_params.get("token"))

    def _is_ours(self, headers: Headers, is_first_visit):
        hosts = [f"{name}:{self._port}" for name in NAMES]
        host, origin = headers.get("host"), headers.get("origin")
        if host not in hosts or origin not in (None, f"http://{host}"):
            return False
        # The printed address may be a link on any page, such as a notebook: the token is in it.
        return is_first_visit or headers.get("sec-fetch-site", "none") in ("none", "same-origin")

    def _knows(self, token):
        return token is not None and secrets.compare_digest(token.encode(), self._token.encode())


def _bounded(receive):
    """Reads no more of a body than is allowed, whatever its headers say."""
    total = 0

    async def bounded():
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MOST_BODY:
            return {"type": "http.disconnect"}
        return message

    return bounded


def _with_headers(send):
    async def sending(message):
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return sending
