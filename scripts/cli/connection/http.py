"""Requests of the commands: with the certificates that the backend's own requests trust, errors told by their cause."""

import os
import ssl
from pathlib import Path

import httpx

from backend.causes.exceptions import cause_of
from backend.transport.session import USER_AGENT
from scripts.cli.commands import CommandError

BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Environment variables that name certificates of authorities; httpx itself reads SSL_CERT_FILE only."""


def trust() -> ssl.SSLContext | bool:
    """Whose certificates are believed: those of the environment's file or folder, or httpx's own choice.

    Raises:
        CommandError: the file is missing, or holds no certificate.
    """
    named = next((os.environ[name] for name in BUNDLES if os.environ.get(name)), None)
    if named is None:
        return True
    try:
        if Path(named).is_dir():
            return ssl.create_default_context(capath=named)
        return ssl.create_default_context(cafile=named)
    except OSError as error:
        cause = cause_of(error)
        raise CommandError(f"REQUESTS_CA_BUNDLE={named} can't be used: {cause.message}. {cause.mend}") from error


def client(seconds: float) -> httpx.Client:
    """A client with a time limit for each step of a request.

    Raises:
        CommandError: the environment's certificates, or its proxy, can't be used.
    """
    try:
        named = {"User-Agent": USER_AGENT}
        return httpx.Client(timeout=seconds, follow_redirects=True, verify=trust(), headers=named)
    except (ValueError, ImportError) as error:
        cause = cause_of(error)
        raise CommandError(f"No request can be made: {cause.message}. {cause.mend}") from error
