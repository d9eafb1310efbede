"""A server on this computer alone: its port, its token, its address."""

import contextlib
import errno
import secrets
import socket
import threading
import time

import uvicorn

from keras_vabc.review.app import create_app

HOST = "127.0.0.1"
PORT = 8421
TRIED = 100  # ports from the first on
STARTS = 30  # seconds that the start may take


class Server:
    """Serves a `Desk`.

    Args:
        desk: `Desk`, which stays its attribute.
        port: Port, or `None` for 8421; the next free one where it is taken.

    Attributes:
        asked: The port that was asked for.
        port: The port that was free.
        url: Address with the token; who has it may look at everything and decide.

    Raises:
        OSError: If no port is free.
    """

    def __init__(self, desk, port=None):
        self.desk, self._thread, self.asked = desk, None, PORT if port is None else port
        self._socket = _free_socket(self.asked)
        self.port = self._socket.getsockname()[1]
        token = secrets.token_urlsafe(32)
        self.url = f"http://{HOST}:{self.port}/?token={token}"
        config = uvicorn.Config(
            create_app(desk, token, self.port),
            access_log=False,  # addresses hold the token
            log_level="warning",
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)

    def run(self):
        """Serves until a signal to stop comes."""
        with contextlib.closing(self.desk), contextlib.closing(self._socket):
            self._server.run(sockets=[self._socket])

    def start(self):
        """Serves in the background from now on; returns the server itself."""
        self._thread = threading.Thread(target=self.run, daemon=True)
        self._thread.start()
        until = time.monotonic() + STARTS
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.01)
        return self

    def stop(self):
        """Ends serving in the background."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()

    def __repr__(self):
        """Where it is."""
        return f"Review at {self.url}"


def _free_socket(port):
    """A socket that listens at a port, or at the next free one."""
    for own in range(port, min(port + TRIED, 2**16)):
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((HOST, own))
            bound.listen()  # who is told the address early waits, and is not refused
            return bound
        except OSError as error:
            bound.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    raise OSError(f"port must be free, or one of the {TRIED} after it. Received: port={port}.")
