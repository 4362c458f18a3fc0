"""Twelve bots walk about; count the metres.

Start a branch with a scene first: `branchxr demo`.
"""

import asyncio
import functools
import math

import branchxr
from branchxr.bots.crowd import Crowd


async def main(connect=branchxr.connect, seconds=20) -> float:
    here = functools.partial(connect, "http://localhost:8710")
    walked_m = 0.0
    async with Crowd(here, size=12, seed=1) as crowd:
        before = [bot.branch.position for bot in crowd.bots]
        for _ in range(seconds):
            await asyncio.sleep(1)
            after = [bot.branch.position for bot in crowd.bots]
            walked_m += sum(map(math.dist, before, after))
            before = after
    for name, failure in crowd.failures.items():
        print(f"{name} is out: {failure}")
    print(f"{len(crowd.bots)} bots walked {walked_m:.0f} m in {seconds} s")
    return walked_m


if __name__ == "__main__":
    asyncio.run(main())
