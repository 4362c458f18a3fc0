"""Scene files of a branch in another process, passed on under the page's own origin."""

from random import Random

import pytest

from branchxr.identity.tokens import Session
from branchxr.testing import Fault, InProcessBranch
from branchxr.transport.http import BranchHttp
from branchxr_webxr.proxy import SceneProxy

from .conftest import Hosting, PageHost


def proxy_of(place: InProcessBranch) -> SceneProxy:
    def http() -> BranchHttp:
        return BranchHttp(
            place.url,
            session=Session(clock=place.clock),
            transport=place.faults,
            clock=place.clock,
            random=Random(1),
        )

    return SceneProxy(http)


async def through(host: PageHost, path: str) -> tuple[int, bytes]:
    proxied = PageHost(host.place, proxy_of(host.place))
    answer = await proxied.get(path)
    return answer.status, answer.body


async def test_a_file_comes_through_as_it_is(hosting: Hosting) -> None:
    async with hosting() as host:
        scene = await (await host.page()).heard("scene")
        chunk = next(path for path in scene["files"] if path.startswith("c/"))
        for path in ("branch.json", chunk):
            status, body = await through(host, f"/{path}")
            assert status == 200
            async with host.place.connect() as branch:
                assert body == await branch.scene.chunk(path)


@pytest.mark.parametrize(
    "path",
    ["/", "/..", "/../v1/accounts", "/c/../../v1/session", "//evil.test/x", "/a%2fb", "/c/", "/?x"],
)
async def test_nothing_but_plain_files_is_asked_for(hosting: Hosting, path: str) -> None:
    async with hosting() as host:
        asked = len(host.place.faults.log)
        assert (await through(host, path))[0] == 404
        assert len(host.place.faults.log) == asked


async def test_a_file_that_is_missing_and_a_branch_that_is_away(hosting: Hosting) -> None:
    async with hosting() as host:
        assert (await through(host, "/c/nothing.glb"))[0] == 404
        host.place.faults.add("scene", Fault.LOSE_REQUEST, times=50)
        assert (await through(host, "/branch.json"))[0] == 502
