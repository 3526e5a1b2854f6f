"""Which addresses are safe to reach, and to come from: https, and plain http on this machine alone."""

import ipaddress
from urllib.parse import urlsplit


def is_safe(address: str) -> bool:
    """An absolute https address without a user's name in it, or an http one of this machine."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    # What a parser passes over (tabs, other alphabets, an empty part) another one may read otherwise.
    plain = address.isascii() and address.isprintable() and " " not in address and "\\" not in address
    if not plain or not parts.hostname or "@" in parts.netloc or parts.fragment or "#" in address or port == 0:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(address))


def is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
