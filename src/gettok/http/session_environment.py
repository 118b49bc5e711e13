"""What a session of requests takes from the environment: certificates and proxies."""

import requests

from gettok.http.loopback import is_loopback_url


def fix_environment(session: requests.Session, url: str) -> None:
    """Take certificates from the environment once, and proxies unless the URL is this machine's.

    Nothing is taken from a .netrc, which would replace a token. requests would read the whole environment again for
    each request.
    """
    environment = session.merge_environment_settings(url, {}, None, None, None)
    session.trust_env = False
    session.verify = environment["verify"]
    session.proxies = {} if is_loopback_url(url) else environment["proxies"]
