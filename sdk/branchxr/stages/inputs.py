"""What a person does at a stage, waiting to be read by a script."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from .stage import InputEvent

INPUTS_MAX: Final = 256


class InputQueue:
    """At most `INPUTS_MAX` wait; the oldest are dropped."""

    def __init__(self) -> None:
        self._waiting: deque[InputEvent] = deque(maxlen=INPUTS_MAX)
        self._wakes = asyncio.Event()
        self._is_closed = False

    def put(self, event: InputEvent) -> None:
        """Take what the person did."""
        self._waiting.append(event)
        self._wakes.set()

    def close(self) -> None:
        """End `read`, once what waits has been read."""
        self._is_closed = True
        self._wakes.set()

    async def read(self) -> AsyncIterator[InputEvent]:
        """Yield what the person does, until the stage closes."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._is_closed:
                return
            self._wakes.clear()
            await self._wakes.wait()
