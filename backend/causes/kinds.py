"""Every cause there is: its code, which people can search for, what it means, and how to mend it.

docs/troubleshooting.md is made from `EXPLANATIONS`: a cause without one is an error at import.
"""

from dataclasses import dataclass
from enum import StrEnum


class CauseKind(StrEnum):
    """Why something can't be used; the values are the codes in messages and in docs/troubleshooting.md."""

    CERTIFICATE_UNKNOWN = "certificate-unknown"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_HOST = "certificate-host"
    CERTIFICATE_REFUSED = "certificate-refused"
    CERTIFICATE_FILE = "certificate-file"
    CLIENT_CERTIFICATE = "client-certificate"
    TLS_NOT_SPOKEN = "tls-not-spoken"
    TLS_NEEDED = "tls-needed"
    TLS_FAILED = "tls-failed"
    PROXY_AWAY = "proxy-away"
    PROXY_REFUSES = "proxy-refuses"
    PROXY_ADDRESS = "proxy-address"
    UNKNOWN_HOST = "unknown-host"
    NAMES_AWAY = "names-away"
    CONNECTION_REFUSED = "connection-refused"
    NO_ROUTE = "no-route"
    NO_CONNECTION_IN_TIME = "no-connection-in-time"
    NO_ANSWER_IN_TIME = "no-answer-in-time"
    CONNECTION_CLOSED = "connection-closed"
    ADDRESS_MALFORMED = "address-malformed"
    REDIRECTED = "redirected"
    REDIRECTED_FOR_EVER = "redirected-for-ever"
    PAGE_ANSWERS = "page-answers"
    GATEWAY = "gateway"
    TOKEN_REFUSED = "token-refused"  # noqa: S105 - a code, not a token
    NOT_ALLOWED = "not-allowed"
    NOT_FOUND = "not-found"
    REQUEST_REFUSED = "request-refused"
    TOO_MANY_REQUESTS = "too-many-requests"
    SERVER_ERROR = "server-error"
    IMAGE_UNREADABLE = "image-unreadable"
    IMAGE_TOO_LARGE = "image-too-large"
    IMAGE_ADDRESS = "image-address"
    HOST_GIVEN_UP = "host-given-up"
    ADDRESS_REFUSED = "address-refused"
    REDIS_PASSWORD = "redis-password"  # noqa: S105 - a code, not a password
    REDIS_FULL = "redis-full"
    REDIS_CANNOT_SAVE = "redis-cannot-save"
    REDIS_READ_ONLY = "redis-read-only"
    REDIS_LOADING = "redis-loading"
    REDIS_CLIENTS = "redis-clients"
    REDIS_IS_NONE = "redis-is-none"
    DATABASE_PASSWORD = "database-password"  # noqa: S105 - a code, not a password
    DATABASE_MISSING = "database-missing"
    DATABASE_CLIENTS = "database-clients"
    DATABASE_BUSY = "database-busy"
    DATABASE_CORRUPT = "database-corrupt"
    DATABASE_UNREADABLE = "database-unreadable"
    DATABASE_SCHEMA = "database-schema"
    DISK_FULL = "disk-full"
    DISK_READ_ONLY = "disk-read-only"
    DISK_DENIED = "disk-denied"
    DISK_FAILS = "disk-fails"
    FILES_OPEN = "files-open"
    MEMORY = "memory"
    OTHER = "other"


@dataclass(frozen=True)
class Explanation:
    """What a code means.

    Attributes:
        meaning: why, in words that follow "… can't be used: "; without a full stop.
        mend: what to do, in whole sentences.
    """

    meaning: str
    mend: str


_AUTHORITY = (
    "Give this machine the certificate of the authority that signed it, a PEM file: in REQUESTS_CA_BUNDLE for Label "
    "Studio and for images, as ?ssl_ca_certs=FILE in REDIS_URL for Redis, as ?sslrootcert=FILE in DATABASE_URL for "
    "PostgreSQL. In a container, mount the file."
)
_PROXY = (
    "Correct HTTP_PROXY and HTTPS_PROXY in the environment of this process; or list the host in NO_PROXY, if it is to "
    "be reached without the proxy."
)
_START = "Start it, and check host and port of its address. In a container, localhost is the container itself."
_SPACE = "Make room, or give MODEL_DIR (and SQLite in it) a larger disk; what was left undone is taken up by itself."

EXPLANATIONS: dict[CauseKind, Explanation] = {
    CauseKind.CERTIFICATE_UNKNOWN: Explanation(
        "its certificate is self-signed, or signed by an authority that this machine does not know", _AUTHORITY
    ),
    CauseKind.CERTIFICATE_EXPIRED: Explanation(
        "its certificate is not valid today: expired, or not valid yet",
        "Renew the certificate on that server. If it is good, set the clock of this machine.",
    ),
    CauseKind.CERTIFICATE_HOST: Explanation(
        "its certificate was made for another host name",
        "Write the address with the name that the certificate was made for, or have one made for this name, too.",
    ),
    CauseKind.CERTIFICATE_REFUSED: Explanation(
        "its certificate is not accepted", "Look at it with `openssl s_client -connect HOST:PORT`, and renew it."
    ),
    CauseKind.CERTIFICATE_FILE: Explanation(
        "the file with certificates of authorities is missing or no PEM file",
        "Let REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE, SSL_CERT_FILE) name a PEM file that this process can read, or "
        "unset it.",
    ),
    CauseKind.CLIENT_CERTIFICATE: Explanation(
        "it asks for a client certificate, and this backend has none",
        "Let the backend in without one, for example at an address of the internal network.",
    ),
    CauseKind.TLS_NOT_SPOKEN: Explanation(
        "it speaks no TLS at this port",
        "Write http:// instead of https:// (redis:// instead of rediss://), or give the port that TLS is spoken at.",
    ),
    CauseKind.TLS_NEEDED: Explanation(
        "it speaks TLS only at this port",
        "Write https:// instead of http:// (rediss:// instead of redis://), or give the port without TLS.",
    ),
    CauseKind.TLS_FAILED: Explanation(
        "the two found no way to speak TLS",
        "Have the server offer TLS 1.2 or 1.3; look with `openssl s_client -connect HOST:PORT`.",
    ),
    CauseKind.PROXY_AWAY: Explanation("the proxy of the environment does not answer", _PROXY),
    CauseKind.PROXY_REFUSES: Explanation(
        "the proxy of the environment refuses to connect to it",
        "Put user and password of the proxy into HTTP_PROXY and HTTPS_PROXY (http://user:password@proxy:3128), have "
        "the proxy allow the host, or list the host in NO_PROXY.",
    ),
    CauseKind.PROXY_ADDRESS: Explanation("the address of the proxy in the environment is none", _PROXY),
    CauseKind.UNKNOWN_HOST: Explanation(
        "its host name is not known here",
        "Check the host's spelling. In a container, use a name or number that is known in there: the service's name "
        "in compose, host.docker.internal for the host.",
    ),
    CauseKind.NAMES_AWAY: Explanation(
        "this machine's name server (DNS) does not answer", "Check the machine's network, and /etc/resolv.conf."
    ),
    CauseKind.CONNECTION_REFUSED: Explanation("nothing listens at this address", _START),
    CauseKind.NO_ROUTE: Explanation(
        "this machine's network does not lead there", "Check network, VPN and firewall of this machine, or container."
    ),
    CauseKind.NO_CONNECTION_IN_TIME: Explanation(
        "it can't be connected to in time",
        "Check host and port of its address, and firewalls between the two: they drop what they don't let through.",
    ),
    CauseKind.NO_ANSWER_IN_TIME: Explanation(
        "it is connected to, but does not answer in time",
        "Look into its log, and whether its machine is overloaded. It is tried again.",
    ),
    CauseKind.CONNECTION_CLOSED: Explanation(
        "it closes the connection before it has answered",
        "Look into its log, and into that of a proxy in front of it; at a port for TLS, write https:// (rediss://). It "
        "is tried again.",
    ),
    CauseKind.ADDRESS_MALFORMED: Explanation(
        "the address is malformed", "Write it as http://host:port or https://host, without blanks."
    ),
    CauseKind.REDIRECTED: Explanation(
        "it sends its callers on to another address, where what is written gets lost",
        "Set LABEL_STUDIO_URL to the address that it sends to, often the one with https://. If that is a log-in page, "
        "let the backend reach Label Studio without it.",
    ),
    CauseKind.REDIRECTED_FOR_EVER: Explanation(
        "it sends its callers round in a circle",
        "Mend the redirections of the server, or of the proxy in front of it; try the address that a browser ends at.",
    ),
    CauseKind.PAGE_ANSWERS: Explanation(
        "a web page answers where Label Studio's API was asked: a proxy's, or a log-in page",
        "Check LABEL_STUDIO_URL, sub-path included; let the backend reach Label Studio without the log-in of a proxy. "
        "If it is a proxy's error, it passes when Label Studio is back.",
    ),
    CauseKind.GATEWAY: Explanation(
        "the proxy in front of it does not reach it",
        "Start the server behind the proxy, and look into both logs. It is tried again.",
    ),
    CauseKind.TOKEN_REFUSED: Explanation(
        "it does not know the token (401)",
        "Set LABEL_STUDIO_API_KEY to a token of this Label Studio: `connect --check` says what is wrong with it.",
    ),
    CauseKind.NOT_ALLOWED: Explanation(
        "it does not let us (403)",
        "For Label Studio, use the token of a user who may see and change the project; for images elsewhere, let this "
        "machine read them without a log-in.",
    ),
    CauseKind.NOT_FOUND: Explanation(
        "there is nothing at this address (404)", "Mend the address in the task, or put the file back."
    ),
    CauseKind.REQUEST_REFUSED: Explanation(
        "it refuses the request", "Open the address in a browser on this machine, and look what it says."
    ),
    CauseKind.TOO_MANY_REQUESTS: Explanation(
        "it is asked too often (429)", "Wait: it is tried again. If it stays so, raise the limit of the server."
    ),
    CauseKind.SERVER_ERROR: Explanation("it fails (HTTP 5xx)", "Look into its log. It is tried again."),
    CauseKind.IMAGE_UNREADABLE: Explanation(
        "it is no image of a format that is read, or a broken one",
        "Convert it to PNG or JPEG (WebP, GIF, TIFF, BMP, AVIF and HEIC are read, too; SVG, PDF and raw files of "
        "cameras are not), or upload it once more.",
    ),
    CauseKind.IMAGE_TOO_LARGE: Explanation(
        "the image is over a limit of bytes, pixels, or time or memory to decode it",
        "Make it smaller, or raise the limit that the message names: IMAGE_MAX_BYTES, IMAGE_MAX_PIXELS, "
        "IMAGE_DECODE_SECONDS or IMAGE_DECODE_MEGABYTES.",
    ),
    CauseKind.IMAGE_ADDRESS: Explanation(
        "the task holds no address that an image can be fetched from",
        "Mend the task's data: the label config's Image tag names the key whose value is taken for the address.",
    ),
    CauseKind.HOST_GIVEN_UP: Explanation(
        "its host did not answer for other images, and is left alone for a while",
        "Mend or start the host; it is asked again by itself.",
    ),
    CauseKind.ADDRESS_REFUSED: Explanation(
        "its host is at a private address, where tasks may not send the backend",
        "List the network in IMAGE_ALLOW_PRIVATE, in CIDR notation, if images are kept there.",
    ),
    CauseKind.REDIS_PASSWORD: Explanation(
        "Redis refuses the user or password, or asks for one",
        "Put the password into REDIS_URL: redis://:PASSWORD@host:6379/0.",
    ),
    CauseKind.REDIS_FULL: Explanation(
        "Redis is out of memory",
        "Raise its `maxmemory`, or empty what else is kept in it. Nothing of yours is in it: it holds hints only.",
    ),
    CauseKind.REDIS_CANNOT_SAVE: Explanation(
        "Redis can't save to its disk and takes no writes",
        "Make room on Redis's disk, or set its stop-writes-on-bgsave-error to no.",
    ),
    CauseKind.REDIS_READ_ONLY: Explanation(
        "this Redis is a read-only replica", "Let REDIS_URL name the primary Redis."
    ),
    CauseKind.REDIS_LOADING: Explanation("Redis is still loading its data", "Wait: it is tried again."),
    CauseKind.REDIS_CLIENTS: Explanation("Redis has too many clients", "Raise its `maxclients`, or end other clients."),
    CauseKind.REDIS_IS_NONE: Explanation(
        "what answers there is not Redis", "Check host and port of REDIS_URL: something else listens there."
    ),
    CauseKind.DATABASE_PASSWORD: Explanation(
        "the database refuses the user or password", "Correct user and password in DATABASE_URL."
    ),
    CauseKind.DATABASE_MISSING: Explanation(
        "the server has no such database", "Make it (`createdb NAME`), or correct its name in DATABASE_URL."
    ),
    CauseKind.DATABASE_CLIENTS: Explanation(
        "the database has too many clients", "Raise its max_connections, or end other clients."
    ),
    CauseKind.DATABASE_BUSY: Explanation(
        "another process holds SQLite's lock",
        "Wait: it is tried again. If it stays so, end the process that has the file open, and keep MODEL_DIR off "
        "network disks, or use PostgreSQL.",
    ),
    CauseKind.DATABASE_CORRUPT: Explanation(
        "the SQLite file is damaged",
        "Nothing: it is set aside, and made anew from Label Studio. If it happens again, look at the disk (`dmesg`).",
    ),
    CauseKind.DATABASE_UNREADABLE: Explanation(
        "the SQLite file can't be opened",
        "Check that its folder (MODEL_DIR, or that of DATABASE_URL) is there, and that this process may write to it.",
    ),
    CauseKind.DATABASE_SCHEMA: Explanation(
        "the database is of another release",
        "Restart web process and workers with the same release; the newest one brings the database up to date.",
    ),
    CauseKind.DISK_FULL: Explanation("the disk is full, or a quota reached", _SPACE),
    CauseKind.DISK_READ_ONLY: Explanation(
        "the disk is read-only", "Mount it for writing: `dmesg` tells whether it was made read-only after an error."
    ),
    CauseKind.DISK_DENIED: Explanation(
        "this process may not read or write there",
        "Give MODEL_DIR to the user that the process runs as (in the images, 1000: `chown -R 1000 DIR`).",
    ),
    CauseKind.DISK_FAILS: Explanation("the disk fails (input/output error)", "Look at `dmesg`, and replace the disk."),
    CauseKind.FILES_OPEN: Explanation(
        "this process has too many files open", "Raise its limit (`ulimit -n`), and restart it."
    ),
    CauseKind.MEMORY: Explanation(
        "this machine, or container, has too little memory", "Give it more memory, or lower IMAGE_MAX_PIXELS."
    ),
    CauseKind.OTHER: Explanation("it fails in a way that has no name yet", "Look into the log, which has all of it."),
}


@dataclass(frozen=True)
class Cause:
    """Why something can't be used, here and now.

    Attributes:
        detail: what is particular to this time, such as a status or the words of a server; may be empty.
    """

    kind: CauseKind
    detail: str = ""

    @property
    def message(self) -> str:
        """What is wrong, without a full stop."""
        meaning = EXPLANATIONS[self.kind].meaning
        return f"{meaning} ({self.detail})" if self.detail else meaning

    @property
    def mend(self) -> str:
        """What to do."""
        return EXPLANATIONS[self.kind].mend

    @property
    def sentence(self) -> str:
        """What is wrong, what to do, and the code to search for."""
        return f"{self.message}. {self.mend} [{self.kind}]"


_unexplained = set(CauseKind) - EXPLANATIONS.keys()
if _unexplained:
    raise RuntimeError(f"Causes without an explanation: {sorted(_unexplained)}.")
