"""Keeping posts staffed: each slot of each process kind has one process, and a successor when it ends unasked."""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from gwctl.kit.tasks import Tasks
from gwctl.node.bus import Link, SocketLink
from gwctl.node.forkclient import ForkClient, ForkServerGone, Process
from gwctl.node.linux import bury_orphans
from gwctl.node.messages import Drain, Failed, Message, Ready, Stats
from gwctl.node.plan import Assignment
from gwctl.node.respawn import Respawn
from gwctl.node.rows import Rows
from gwctl.observe.logs import NOTICE

KILL_SECONDS = 2.0
"""How long after its deadline a process that was told to end is killed."""

_log = logging.getLogger("gwctl.node")


@dataclass(slots=True, eq=False)
class Member:
    """One living process and what it last said."""

    assignment: Assignment
    process: Process
    link: Link
    ready: bool = False
    failure: Failed | None = None
    ready_at: float = 0.0
    silent_ticks: int = 0
    listener: asyncio.Task[None] | None = None
    stats: dict[str, Any] = field(default_factory=dict)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def kind(self) -> str:
        return self.assignment.kind


@dataclass(slots=True, eq=False)
class Post:
    """A place for one process. ``settled`` is set when its first process is ready, failed to start or ended."""

    assignment: Assignment
    sockets: list[socket.socket]
    member: Member | None = None
    failure: Failed | None = None
    respawn: Respawn = field(default_factory=Respawn)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    relieved: asyncio.Event = field(default_factory=asyncio.Event)
    keeper: asyncio.Task[None] | None = None
    until: float = math.inf


class Crew:
    """``hear`` gets every message of a member but ``Stats``; ``left`` is called when a member has ended."""

    def __init__(
        self,
        forks: ForkClient,
        *,
        stall_seconds: float,
        hear: Callable[[Member, Message], None],
        left: Callable[[Member], None],
    ) -> None:
        self._forks = forks
        self._stall_ticks = stall_seconds
        self._hear = hear
        self._left = left
        self._tasks = Tasks(_log)
        self._posts: list[Post] = []
        self._hurried = asyncio.Event()
        self._rows = Rows()
        self.strangers: set[int] = set()
        """Children of this process that somebody else waits for."""
        self.changed = asyncio.Condition()
        """Notified when a member came, said something or left."""

    @property
    def posts(self) -> list[Post]:
        return [post for post in self._posts if not post.relieved.is_set()]

    @property
    def all_posts(self) -> list[Post]:
        """Those of relieved processes that still finish too."""
        return list(self._posts)

    @property
    def members(self) -> list[Member]:
        """Processes on their posts; those that were relieved and still finish are not among them."""
        return [post.member for post in self.posts if post.member is not None]

    def of(self, *kinds: str) -> list[Member]:
        return [member for member in self.members if member.kind in kinds]

    def everyone(self) -> list[Member]:
        """Relieved processes too."""
        return [post.member for post in self._posts if post.member is not None]

    def staff(self, post: Post) -> None:
        """Put a process on the post and keep it there until ``relieve``."""
        self._posts.append(post)
        post.keeper = self._tasks.spawn(post.assignment.name, self._keep(post))

    async def relieve(self, posts: Iterable[Post], seconds: float) -> None:
        """Let the processes finish within ``seconds`` and wait until they are gone; the late ones are killed."""
        going = list(posts)
        for post in going:
            post.relieved.set()
            self._tell_to_end(post, seconds)
        loop = asyncio.get_running_loop()
        while going and (left := max(post.until for post in going) + KILL_SECONDS - loop.time()) > 0:
            self._hurried.clear()
            sooner = self._tasks.spawn("hurried", wait_for(self._hurried))
            keepers = [post.keeper for post in going if post.keeper is not None]
            await asyncio.wait([sooner, *keepers], timeout=left, return_when=asyncio.FIRST_COMPLETED)
            sooner.cancel()
            going = [post for post in going if post.keeper is not None and not post.keeper.done()]
        self._kill(going)
        await asyncio.gather(*(post.keeper for post in going if post.keeper is not None), return_exceptions=True)

    def _tell_to_end(self, post: Post, seconds: float) -> None:
        post.until = min(post.until, asyncio.get_running_loop().time() + seconds)
        if post.member is not None:
            post.member.link.send(Drain(seconds))

    @staticmethod
    def _kill(posts: Iterable[Post]) -> None:
        for post in posts:
            if post.member is not None:
                _log.warning("%s (%d) is killed: it did not end", post.assignment.name, post.member.pid)
                post.member.process.signal(signal.SIGKILL)
            elif post.keeper is not None:
                post.keeper.cancel()  # it waits for a fork server

    def hurry(self, seconds: float) -> None:
        """Give everyone that was told to end ``seconds`` at most."""
        for post in self._posts:
            if post.relieved.is_set():
                self._tell_to_end(post, seconds)
        self._hurried.set()

    async def watch(self) -> None:
        """Kill members that stall, for ever.

        A tick counts only while this process runs, so a stopped machine kills nobody.
        """
        while True:
            await asyncio.sleep(1.0)
            bury_orphans({pid for pid in (self._forks.pid, *self.strangers) if pid is not None})
            for member in self.members:
                member.silent_ticks += 1
                if member.silent_ticks == self._stall_ticks:
                    _log.error("%s (%d) stalls; it is replaced", member.assignment.name, member.pid)
                    member.process.signal(signal.SIGUSR2)  # writes its stacks to the error log, unless it is stopped
                elif member.silent_ticks > self._stall_ticks:
                    member.process.signal(signal.SIGKILL)

    async def close(self) -> None:
        await self._tasks.close()

    async def _keep(self, post: Post) -> None:
        loop = asyncio.get_running_loop()
        try:
            while not post.relieved.is_set():
                with self._rows.taken(post.assignment.kind) as row:
                    member = await self._spawn(post, row)
                    post.assignment = replace(post.assignment, first=False)
                    if member is None:
                        continue  # no fault of the process: the next fork server is waited for
                    await self._outlive(member)
                served = loop.time() - member.ready_at if member.ready else 0.0
                await self._gone(post, member)
                if not post.relieved.is_set():
                    await _first(post.relieved, post.respawn.delay(served))
        finally:
            self._posts.remove(post)
            post.settled.set()

    async def _spawn(self, post: Post, row: int | None) -> Member | None:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await self._forks.spawn(replace(post.assignment, row=row), [theirs, *post.sockets])
        except ForkServerGone as error:
            ours.close()
            _log.error("%s cannot be started: %s", post.assignment.name, error)
            post.failure = Failed(error.message, error.hint or "", error.code)
            post.settled.set()
            await self.notify()
            return None
        except BaseException:
            ours.close()
            raise
        member = post.member = Member(post.assignment, process, await SocketLink.adopt(ours))
        _log.info("started %s (%d)", post.assignment.name, member.pid)
        member.listener = self._tasks.spawn(f"listen to {post.assignment.name}", self._listen(post, member))
        if post.relieved.is_set():
            member.link.send(Drain(max(0.0, post.until - asyncio.get_running_loop().time())))
        return member

    async def _listen(self, post: Post, member: Member) -> None:
        while (message := await member.link.receive()) is not None:
            member.silent_ticks = 0
            match message:
                case Stats(values):
                    member.stats = values
                case Ready():
                    member.ready = True
                    member.ready_at = asyncio.get_running_loop().time()
                    post.settled.set()
                case Failed():
                    member.failure = post.failure = message
            self._hear(member, message)
            await self.notify()

    @staticmethod
    async def _outlive(member: Member) -> None:
        await member.process.gone.wait()
        # Its last words may still be on their way, and so may the fork server's word on how it ended.
        if member.listener is not None:
            await asyncio.wait({member.listener}, timeout=0.2)
        await _first(member.process.explained, 0.05)

    async def _gone(self, post: Post, member: Member) -> None:
        post.member = None
        member.link.close()
        asked = post.relieved.is_set()
        level = NOTICE if asked else logging.ERROR
        _log.log(logging.INFO if asked else level, "%s (%d) ended%s", post.assignment.name, member.pid, _how(member))
        if not member.ready and post.failure is None:
            post.failure = Failed(f"{post.assignment.name} ended while it was starting{_how(member)}")
        post.settled.set()
        self._left(member)
        await self.notify()

    async def notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()


def _how(member: Member) -> str:
    code = member.process.code
    if code is None:
        return ""
    if code < 0:
        return f": killed by {signal.Signals(-code).name}"
    return f" with exit code {code}"


async def wait_for(event: asyncio.Event) -> None:
    """``event.wait()`` for a task."""
    await event.wait()


async def _first(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, at most ``seconds``."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
