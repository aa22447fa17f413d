"""Pages of the Admin API that the Status API shows too: the supervisor asks the api process, which answers itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gwctl.kit.asgi import Application, Message
from gwctl.node.crew import Member
from gwctl.node.messages import MAX_LINE, Question, Reply
from gwctl.node.questions import Asking, NoAnswer

FETCH = "fetch"
"""To the api process: the answer to a GET of ``path`` with ``query``."""
_MOST_BYTES = MAX_LINE // 4


class Fetching:
    """The supervisor's side; ``api`` returns the process that serves the Admin API, when there is one."""

    def __init__(self, api: Callable[[], Member | None]) -> None:
        self._api = api
        self._asking = Asking()

    async def get(self, path: str, query: str) -> tuple[int, bytes]:
        """Status and JSON body. An api process that is away, or an answer that is too long, is a 503."""
        api = self._api()
        if api is None:
            return 503, b'{"message":"the Admin API of this node is starting"}'
        try:
            values = await self._asking.ask(api.link, FETCH, {"path": path, "query": query})
        except NoAnswer as error:
            return 503, b'{"message":"%b"}' % str(error).encode()
        return int(values["status"]), str(values["body"]).encode()

    def heard(self, reply: Reply) -> None:
        self._asking.heard(reply)


async def fetched(app: Application, question: Question) -> Reply:
    """The api process's side: what ``app`` answers."""
    status, pieces = 500, []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            pieces.append(message.get("body", b""))

    await app(_scope(question.arguments), receive, send)
    body = b"".join(pieces)
    if len(body) > _MOST_BYTES:
        return Reply(question.number, error="the answer is too long: ask for less with size")
    return Reply(question.number, {"status": status, "body": body.decode()})


def _scope(arguments: dict[str, Any]) -> dict[str, Any]:
    path = str(arguments["path"])
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": str(arguments["query"]).encode(),
        "root_path": "",
        "headers": [],
        "client": None,
        "server": None,
    }
