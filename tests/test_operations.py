"""The table of operations is consistent with itself."""

import re

from branchxr.operations import COMMON_ERRORS, OPERATIONS


def test_names_and_routes_are_unique() -> None:
    assert len({o.name for o in OPERATIONS}) == len(OPERATIONS)
    assert len({(o.method, o.path) for o in OPERATIONS}) == len(OPERATIONS)


def test_money_moves_only_with_a_key() -> None:
    for operation in OPERATIONS:
        if operation.path.startswith("/v1/payments") and operation.method == "POST":
            assert operation.is_keyed, operation.name


def test_links_lead_to_operations_and_fields() -> None:
    by_name = {o.name: o for o in OPERATIONS}
    for operation in OPERATIONS:
        for target, parameters in operation.links.items():
            wanted = set(re.findall(r"{(\w+)}", by_name[target].path))
            assert set(parameters) == wanted
            assert set(parameters.values()) <= set(operation.response.__struct_fields__)


def test_error_codes_are_words_and_not_repeated() -> None:
    for operation in OPERATIONS:
        assert len(set(operation.errors)) == len(operation.errors)
        for code in (*operation.errors, *COMMON_ERRORS):
            assert re.fullmatch(r"[a-z_]+", code)
        assert not set(operation.errors) & set(COMMON_ERRORS)
