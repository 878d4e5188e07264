"""Which addresses a stranger may name."""

from ipaddress import ip_address

import pytest

from backend.transport.public import AddressGuard, read_networks

METADATA = ["169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254"]
INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "::1",
    "fc00::1",
    "fd12::1",
]
OTHERS = [
    "0.0.0.0",
    "0.1.2.3",
    "100.64.0.1",
    "169.254.1.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2001:10::1",
    "3fff::1",
    "5f00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
WRAPPED = [
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2001:0:7f00:1::1",
    "fe80::5efe:8.8.8.8",
    "2a00::5efe:10.0.0.1",
    "2a00::200:5efe:10.0.0.1",
]
PUBLIC = [
    "8.8.8.8",
    "172.32.0.1",
    "1.1.1.1",
    "2a00:1450:4001::200e",
    "2606:4700::1111",
    "64:ff9b::808:808",
    "::ffff:8.8.8.8",
]


@pytest.mark.fault("S7")
@pytest.mark.parametrize("address", METADATA + INSIDE + OTHERS + WRAPPED)
def test_what_not_everybody_can_reach_is_refused(address: str) -> None:
    assert not AddressGuard()(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_let_through(address: str) -> None:
    assert AddressGuard()(ip_address(address))


@pytest.mark.parametrize("address", INSIDE)
def test_inside_adds_what_is_private(address: str) -> None:
    assert AddressGuard(inside=True)(ip_address(address))


@pytest.mark.fault("S7")
@pytest.mark.parametrize("address", METADATA + OTHERS)
def test_inside_adds_neither_metadata_nor_what_has_to_do_with_the_network(address: str) -> None:
    assert not AddressGuard(inside=True)(ip_address(address))


@pytest.mark.parametrize(
    ("networks", "address"),
    [
        ("127.0.0.0/8", "127.0.0.1"),
        ("10.1.0.0/16, 192.168.0.0/24", "192.168.0.9"),
        ("10.1.2.3", "10.1.2.3"),
        ("fd12::/16", "fd12::1"),
        ("127.0.0.0/8", "::ffff:127.0.0.1"),
        ("169.254.0.0/16", "169.254.169.254"),
    ],
)
def test_networks_that_are_allowed_are_let_through(networks: str, address: str) -> None:
    assert AddressGuard(read_networks(networks))(ip_address(address))


def test_an_allowed_network_allows_no_other() -> None:
    assert not AddressGuard(read_networks("10.1.0.0/16"))(ip_address("10.2.0.1"))


@pytest.mark.parametrize("text", ["10.0.0.1/8", "localhost", "10.0.0.0/33", "10.0.0.0;11.0.0.0"])
def test_what_is_no_network_is_no_network(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_networks(text)
