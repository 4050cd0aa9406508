"""The client's address and scheme, as trusted proxies report them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

from resonance_logs.web.request_headers import BadRequest

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address

_SECURE: Final = {"http": False, "ws": False, "https": True, "wss": True}
_IPV6_SITE_BITS: Final = 64
"""A household or a machine has a whole network of IPv6 addresses of this prefix."""


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Parse addresses and networks, as 10.0.0.1 or 10.0.0.0/8.

    Raises:
        ValueError: one is neither; the message names it.
    """
    return tuple(map(_read_network, texts))


def _read_network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is neither an IP address nor a network: {error}") from None


class Proxies:
    """The proxies whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` count."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks

    def resolve(self, scope: Scope) -> tuple[Scope, BadRequest | None]:
        """The request with its client's address and scheme, and without forwarding headers.

        If a trusted proxy reports something that cannot be read, the address is the last one that
        is known; the error says what it was.
        """
        headers = Headers(scope=scope)
        plain = [each for each in scope["headers"] if not _is_forwarding(each[0])]
        scope = {**scope, "headers": plain}
        client = scope.get("client") if self._networks else None
        peer = _read_address(client[0]) if client else None
        if peer is None or not self._trusts(peer):
            return scope, None
        address, error = self._client(peer, headers.getlist("x-forwarded-for"))
        scope["client"] = (str(address), 0)
        try:
            if _is_secure(headers):
                scope["scheme"] = "wss" if scope["type"] == "websocket" else "https"
        except BadRequest as found:
            error = error or found
        return scope, error

    def _trusts(self, address: _Address) -> bool:
        return any(address in network for network in self._networks)

    def _client(
        self, peer: _Address, reported: Sequence[str]
    ) -> tuple[_Address, BadRequest | None]:
        """The rightmost address that is not a trusted proxy's: each appends the one it knows."""
        address = peer
        for text in reversed(",".join(reported).split(",")):
            if not text.strip():
                continue
            found = _read_address(_without_port(text.strip()))
            if found is None:
                return address, BadRequest("the header x-forwarded-for cannot be read")
            address = found
            if not self._trusts(address):
                break
        return address, None


@lru_cache(1_000)
def rate_key(address: str) -> str:
    """What counts as one client in limits: an IPv4 address, or an IPv6 network of 64 bits."""
    found = _read_address(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((int(found), _IPV6_SITE_BITS), strict=False))
    return address if found is None else str(found)


def _is_forwarding(name: bytes) -> bool:
    return name.startswith((b"x-forwarded-", b"forwarded"))


def _is_secure(headers: Headers) -> bool:
    reported = ",".join(headers.getlist("x-forwarded-proto"))
    scheme = reported.rpartition(",")[2].strip().lower()
    if reported and scheme not in _SECURE:
        raise BadRequest("the header x-forwarded-proto cannot be read")
    return _SECURE.get(scheme, False)


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _read_address(text: str) -> _Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
