"""Exit status 0 when the server in this container is ready, 1 when it is not: for the engine's health check.

Standard library only. http.client and not urllib, because the latter would ask a proxy that the environment names.
"""

import http.client
import os
import sys


def ready(port: int, *, within: float = 4) -> bool:
    """`within` is in seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=within)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not ready(int(os.environ.get("CATCH_PORT") or 8000)))
