"""Which addresses a stranger may name: those that anybody on the internet could reach as well."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from backend.transport.sockets import IpAddress

Network = IPv4Network | IPv6Network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE = IPv6Network("::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)
_NEVER_PUBLIC = (
    IPv4Network("168.63.129.16/32"),  # Azure's metadata, on an address that the registries have as a public one.
    IPv4Network("192.0.0.0/24"),  # Oracle's, and protocols'; later releases of Python have some of it as global.
    IPv4Network("192.88.99.0/24"),  # Relays of 6to4.
    IPv6Network("2001::/23"),  # Protocols': Teredo, benchmarks, ORCHID.
    IPv6Network("3fff::/20"),  # Documentation, unknown to Python as yet.
    IPv6Network("5f00::/16"),  # Segment routing.
)
_INSIDE = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("127.0.0.0/8"),
    IPv6Network("fc00::/7"),
    IPv6Network("::1/128"),
)
_METADATA = (IPv6Network("fd00:ec2::/32"), IPv6Network("fd20:ce::254/128"))


@dataclass(frozen=True)
class AddressGuard:
    """What may be connected to.

    Attributes:
        allowed: networks beside the public ones.
        inside: private and loopback addresses, too, but none that has to do with the network itself or with the
            machine's metadata.
    """

    allowed: tuple[Network, ...] = ()
    inside: bool = False

    def __call__(self, address: IpAddress) -> bool:
        """Whether an address may be connected to, whatever other address is wrapped in it."""
        if _is_in(address, self.allowed):
            return True
        return all(self._is_reachable(each) for each in _unwrapped(address))

    def _is_reachable(self, address: IpAddress) -> bool:
        if _is_in(address, self.allowed) or _is_public(address):
            return True
        return self.inside and _is_in(address, _INSIDE) and not _is_in(address, _METADATA)


def read_networks(text: str) -> tuple[Network, ...]:
    """Networks in CIDR notation with commas between them; a bare address is a network of its own.

    Raises:
        ValueError: one of them is none.
    """
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _is_in(address: IpAddress, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _is_public(address: IpAddress) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not _is_in(address, _NEVER_PUBLIC)


def _unwrapped(address: IpAddress) -> list[IpAddress]:
    """The addresses at which a connection to this one may end: those wrapped in it, or itself."""
    if isinstance(address, IPv4Address):
        return [address]
    low = IPv4Address(int(address) & 0xFFFFFFFF)
    if address.ipv4_mapped is not None or address in _NAT64 or (address in _IPV4_COMPATIBLE and int(address) > 1):
        return [low]
    if address.sixtofour is not None:
        return [address.sixtofour]
    is_isatap = (int(address) >> 32) & 0xFFFFFFFF in _ISATAP
    return [address, low] if is_isatap else [address]
