"""Walk to a counter: over the floor, around walls and furniture.

Start a branch with a scene first: `branchxr demo`.
"""

import asyncio

import branchxr


async def main(connect=branchxr.connect) -> None:
    async with connect("http://localhost:8710", name="Ada") as branch:
        await branch.enter()
        print("from", branch.position)
        arrived = await branch.walk_to("counter")  # a kind, a name or a path of an anchor
        print("to  ", arrived)


if __name__ == "__main__":
    asyncio.run(main())
