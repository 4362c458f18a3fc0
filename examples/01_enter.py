"""Enter a branch and see who is there.

Start one first with `branchxr demo`, then `python examples/01_enter.py`.
"""

import asyncio

import branchxr


async def main(connect=branchxr.connect) -> None:
    async with connect("http://localhost:8710", name="Ada") as branch:
        you = await branch.enter()
        print(f"{you.name} is in {branch.describe.name!r} as a {you.role}, at {branch.position}")
        for participant in branch.participants.values():
            print(f"- {participant.name} ({participant.role})")


if __name__ == "__main__":
    asyncio.run(main())
