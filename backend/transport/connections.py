"""urllib3's connections on our sockets."""

import socket
from functools import lru_cache
from typing import TYPE_CHECKING

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context, resolve_cert_reqs

from backend.transport import sockets
from backend.transport.sockets import Guard

Pools = dict[str, type[HTTPConnectionPool]]
"""By scheme."""

if TYPE_CHECKING:
    _Base = HTTPConnection
else:
    _Base = object


class _OnTimedSockets(_Base):
    def guard(self) -> Guard | None:
        """What looks at each address before it is connected to."""
        return None

    def _new_conn(self) -> socket.socket:
        # Raises what urllib3's own does, so that all that is built on it tells the same troubles apart.
        limit = self.timeout if isinstance(self.timeout, (int, float)) else None
        try:
            return sockets.connect(self._dns_host, self.port, limit, self.socket_options or (), self.guard())
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"Connection to {self.host} timed out.") from error
        except OSError as error:
            raise NewConnectionError(self, f"Failed to establish a new connection: {error}") from error


class _PlainConnection(_OnTimedSockets, HTTPConnection):
    pass


class _TlsConnection(_OnTimedSockets, HTTPSConnection):
    def connect(self) -> None:
        if self.ssl_context is None:
            self.ssl_context = create_urllib3_context(cert_reqs=resolve_cert_reqs(self.cert_reqs))
            self.ssl_context.sslsocket_class = sockets.TimedTlsSocket
        super().connect()


@lru_cache
def pools(guard: Guard | None = None) -> Pools:
    """Classes of pools for a `PoolManager`, whose connections keep deadlines and are looked at by a guard.

    Args:
        guard: None lets all addresses through.
    """

    class Plain(_PlainConnection):
        def guard(self) -> Guard | None:
            return guard

    class Tls(_TlsConnection):
        def guard(self) -> Guard | None:
            return guard

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}
