"""Calls the admin endpoint of a running local cluster; synchronous, for the command line."""

import http.client
import json
from typing import Any, Final
from urllib.parse import urlsplit

from gungnir.errors import RetryableError, UserError

_ADMIN_PATH: Final = "/_gungnir/cluster"
_TIMEOUT_S: Final = 10
_BAD_REQUEST: Final = 400


class AdminClient:
    """Speaks to one local cluster."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc

    def describe(self) -> dict[str, Any]:
        """Everything about the cluster, see ``overview``.

        Raises:
            RetryableError: The cluster does not answer.
        """
        described: dict[str, Any] = json.loads(self.request("GET", _ADMIN_PATH))
        return described

    def act(self, action: str, **fields: Any) -> None:
        """Carry out an action of the admin endpoint.

        Raises:
            UserError: The cluster refused it; the text says why.
            RetryableError: The cluster does not answer.
        """
        self.request("POST", f"{_ADMIN_PATH}/{action}", json.dumps(fields))

    def request(self, method: str, path: str, body: str | None = None) -> bytes:
        """Send one request and return the body of its answer.

        Raises:
            UserError: The answer is an error; the text is the server's message.
            RetryableError: The cluster does not answer.
        """
        connection = http.client.HTTPConnection(self._address, timeout=_TIMEOUT_S)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as exc:
            raise RetryableError(f"the local cluster at http://{self._address} does not answer: {exc}") from exc
        finally:
            connection.close()
        if response.status >= _BAD_REQUEST:
            raise UserError(str(json.loads(answer).get("message", answer)))
        return answer
