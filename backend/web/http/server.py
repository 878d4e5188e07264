"""HTTP to WSGI: a request reaches a thread when all of it has arrived, and an answer leaves without one.

One thread, waitress's event loop, waits for all clients; however slowly they send or read, they cost a connection and
nothing else. Connections are limited in number and in time: where all are taken, the one that has kept us waiting
longest makes room for the next.
"""

import heapq
import socket
import time
from collections.abc import Callable, MutableMapping
from enum import Enum
from operator import itemgetter
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented
from waitress.server import TcpWSGIServer, UnixWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask

MOST_BODY_BYTES = 128_000_000
"""Label Studio sends all selected tasks in one request, and a task may hold its image as a data: address."""

MOST_HEADER_BYTES = 65_536
MOST_CONNECTIONS = 400
CLIENTS_AT_ONCE = 16
"""Let in, or shown out for others, in one step."""

READS_AT_ONCE = 4

MOST_BYTES_AT_ONCE = 512_000_000
"""Of all bodies that are arriving, or wait for a thread; what is above a megabyte of each is in a file."""

IDLE_SECONDS = 30.0
RECEIVING_SECONDS = 60.0
SENDING_SECONDS = 60.0
MAINTENANCE_SECONDS = 1.0
POLL_SECONDS = 0.5

BULK_BYTES = 8_000_000

WsgiApp = Callable[..., Any]
Sockets = MutableMapping[int, Any]
"""What the event loop waits for, by file descriptor."""


class Lane(Enum):
    """Requests that are answered side by side, by threads of their own; the value is how many.

    A lane that is full delays no other: `/health` answers while every other thread waits for images.
    """

    HEALTH = 2
    QUICK = 8
    PREDICT = 20
    BULK = 2
    """Bodies that take much memory once they are read."""


LANES = {"/": Lane.HEALTH, "/health": Lane.HEALTH, "/metrics": Lane.HEALTH, "/predict": Lane.PREDICT}


def lane(request: HTTPRequestParser) -> Lane:
    """Where a request that has arrived waits for its thread."""
    if request.body_bytes_received > BULK_BYTES:
        return Lane.BULK
    return LANES.get(getattr(request, "path", ""), Lane.QUICK)


class Lanes:
    """The threads that answer requests; what waitress calls a task dispatcher."""

    def __init__(self) -> None:
        self._lanes = {each: _Threads(each) for each in Lane}

    def add_task(self, connection: "RequestChannel") -> None:
        """Have a connection's next request answered."""
        self._lanes[lane(connection.requests[0])].add_task(connection)


class _Threads(ThreadedTaskDispatcher):  # type: ignore[misc] # waitress has no types
    """The threads of one lane."""

    def __init__(self, lane: Lane) -> None:
        super().__init__()
        self.set_thread_count(lane.value)

    def add_task(self, task: "RequestChannel") -> None:
        # Waitress's own warns of each request that waits: that is what lanes are for.
        with self.lock:
            self.queue.append(task)
            self.queue_cv.notify()


class _Parser(HTTPRequestParser):  # type: ignore[misc] # waitress has no types
    """Reads a request; whatever is wrong with its head is the client's fault, and a 400."""

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except TransferEncodingNotImplemented as error:
            raise ParsingError(error.args[0]) from error
        except ValueError as error:
            # A length of thousands of digits; an address that is none.
            raise ParsingError("Malformed request") from error


class _Task(WSGITask):  # type: ignore[misc] # waitress has no types
    """Answers a request."""

    wrote_header: bool

    def write(self, data: bytes) -> None:
        """Send a part of the answer, its first with the head: in one packet, where it is small."""
        if self.complete and not self.wrote_header and self.content_length == len(data) and self.has_body:
            self.channel.write_soon(self.build_response_header() + data)
            self.wrote_header = True
            self.content_bytes_written = len(data)
        else:
            super().write(data)


class RequestChannel(HTTPChannel):  # type: ignore[misc] # waitress has no types
    """A client's connection, and since when it has kept us waiting."""

    parser_class = _Parser
    task_class = _Task
    requests: list[Any]

    def __init__(self, *arguments: Any, **more: Any) -> None:
        # Before waitress's own, which already lets the event loop know of the connection.
        self._receiving_since = self._answered_at = time.monotonic()
        self._closed = False
        self._begun: HTTPRequestParser | None = None
        super().__init__(*arguments, **more)

    def handle_read(self) -> None:
        """Take what is there: many clients send a request's head and its body one right after the other."""
        for _ in range(READS_AT_ONCE):
            try:
                data = self.socket.recv(self.adj.recv_bytes)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.handle_close()
                return
            self.received(data)
            if self.request is None or self._closed:
                return

    def received(self, data: bytes) -> bool:
        """Take what has arrived of a request, or of several."""
        before = self.request
        taken: bool = super().received(data)
        if self.request is not before:
            self._receiving_since = time.monotonic()
        return taken

    def write_soon(self, data: Any) -> int:
        """Take a part of an answer, from a thread: the last one is when we began to wait for the client again."""
        self._answered_at = time.monotonic()
        written: int = super().write_soon(data)
        return written

    def service(self) -> None:
        """Answer the next request, in a thread; none where it was given up meanwhile."""
        with self.requests_lock:
            if not self.requests:
                return
            self._begun = self.requests[0]
        super().service()

    def give_up(self) -> None:
        """Let go of the client, and of what it sent; no thread may have begun with it."""
        with self.requests_lock:
            if not self.is_being_answered:
                for each in self.requests:
                    each.close()
                self.requests = []
        self.handle_close()

    def handle_close(self) -> None:
        """Let go of the client."""
        self._closed = True
        super().handle_close()

    def readable(self) -> bool:
        """Whether to wait for more; never once it is closed: another connection may have its file descriptor."""
        return not self._closed and bool(super().readable())

    def writable(self) -> bool:
        """Whether there is something to send; likewise."""
        return not self._closed and bool(super().writable())

    @property
    def is_being_answered(self) -> bool:
        """Whether a thread has begun with what the client sent."""
        return self.requests[:1] == [self._begun]

    @property
    def body_bytes(self) -> int:
        """How much has arrived of the bodies of requests that are not answered yet."""
        requests = [*self.requests, self.request]
        return sum(int(each.body_bytes_received) for each in requests if each is not None)

    @property
    def waiting_since(self) -> float | None:
        """When we began to wait for the client; None while the client waits for us."""
        if self.requests:
            return None
        if self.request is not None and not self.total_outbufs_len:
            return self._receiving_since
        return self._answered_at

    def is_overdue(self, now: float) -> bool:
        """Whether the client has kept us waiting for too long."""
        since = self.waiting_since
        if since is None:
            return False
        if self.total_outbufs_len:
            return now - since > SENDING_SECONDS
        return now - since > (IDLE_SECONDS if self.request is None else RECEIVING_SECONDS)


class _Patience:
    """What both kinds of waitress's servers get here: limits of connections, whatever the clients do."""

    channel_class = RequestChannel
    accepting: bool
    active_channels: dict[int, RequestChannel]
    next_channel_cleanup: float

    def readable(self) -> bool:
        """Whether a further client is let in: in the place of another, where all are taken."""
        now = time.monotonic()
        if now >= self.next_channel_cleanup:
            self.next_channel_cleanup = now + MAINTENANCE_SECONDS
            self._close_overdue(now)
        if len(self.active_channels) >= MOST_CONNECTIONS:
            self._make_room()
        return self.accepting and len(self.active_channels) < MOST_CONNECTIONS

    def handle_accept(self) -> None:
        """Let some clients in: each look for events costs as much as there are connections."""
        for _ in range(CLIENTS_AT_ONCE):
            before = len(self.active_channels)
            super().handle_accept()  # type: ignore[misc] # of waitress's server, beside which this stands
            if len(self.active_channels) == before:
                return

    def _make_room(self) -> None:
        waiting = [(since, each) for each in self._connections() if (since := each.waiting_since) is not None]
        for _, each in heapq.nsmallest(CLIENTS_AT_ONCE, waiting, key=itemgetter(0)):
            each.handle_close()

    def _close_overdue(self, now: float) -> None:
        for each in self._connections():
            if each.is_overdue(now):
                each.handle_close()
        sizes = {each: each.body_bytes for each in self._connections()}
        total = sum(sizes.values())
        waiting = (each for each in sizes if not each.is_being_answered)
        for largest in sorted(waiting, key=sizes.__getitem__, reverse=True):
            if total <= MOST_BYTES_AT_ONCE:
                return
            total -= sizes[largest]
            largest.give_up()

    def _connections(self) -> list[RequestChannel]:
        return list(self.active_channels.values())


class _TcpServer(_Patience, TcpWSGIServer):  # type: ignore[misc] # waitress has no types
    """Listens on a port."""


class _UnixServer(_Patience, UnixWSGIServer):  # type: ignore[misc] # waitress has no types
    """Listens on a socket in the file system."""


class Server:
    """Answers on sockets that listen already.

    Args:
        app: the WSGI application.
        sockets: to listen on.
    """

    def __init__(self, app: WsgiApp, sockets: list[socket.socket]) -> None:
        self._map: Sockets = {}
        self._lanes = Lanes()
        adjustments = Adjustments(
            sockets=[],
            ident="label-loop",
            max_request_body_size=MOST_BODY_BYTES,
            max_request_header_size=MOST_HEADER_BYTES,
            recv_bytes=65_536,
            inbuf_overflow=1_000_000,
            # No answer is so large that a thread would wait for its client to read it.
            outbuf_high_watermark=2**40,
            log_socket_errors=False,
        )
        self._servers = [self._listen(app, each, adjustments) for each in sockets]

    def _listen(self, app: WsgiApp, sock: socket.socket, adjustments: Adjustments) -> Any:
        kind = _UnixServer if sock.family == socket.AF_UNIX else _TcpServer
        info = (sock.family, sock.type, sock.proto, sock.getsockname())
        return kind(
            app,
            self._map,
            _sock=sock,
            dispatcher=self._lanes,
            adj=adjustments,
            bind_socket=False,
            sockinfo=info,
        )

    def step(self, seconds: float = POLL_SECONDS) -> None:
        """Do what is due, or wait for something for that long."""
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._map, count=1)

    def refuse_new(self) -> None:
        """Let no further client in."""
        for each in self._servers:
            each.accepting = False
            each.del_channel()

    @property
    def is_at_work(self) -> bool:
        """Whether a client waits for an answer, or for the rest of it."""
        connections = [each for server in self._servers for each in server.active_channels.values()]
        return any(each.requests or each.total_outbufs_len for each in connections)

    def close(self) -> None:
        """Let go of all clients; the threads end with the process."""
        wasyncore.close_all(self._map)
