"""Pay, with a software passkey that lives as long as this program. Fake money, of course.

Start a branch first: `branchxr demo`.
"""

import asyncio

import branchxr


async def main(connect=branchxr.connect) -> None:
    key = branchxr.SoftKey.in_memory("Ada")
    async with connect("http://localhost:8710", authenticator=key, name="Ada") as branch:
        (account,) = await branch.accounts()
        print(f"{account.balance} {account.currency} in {account.id}")
        payee = await branch.payee("CITY-UTILITIES")
        receipt = await branch.pay(
            to=payee.account,
            amount=branchxr.Money("25.00", "RUB"),
            reference="electricity",
            payee_name=payee.name,  # the intent to sign must name the payee as we saw it
        )
        print(f"{receipt.state}: {receipt.amount} to {payee.name}, transfer {receipt.transfer}")


if __name__ == "__main__":
    asyncio.run(main())
