import base64
import copy
from collections.abc import Callable
from typing import Any

import pytest

from gungnir.errors import BugError, UserError
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.secret import existing_password, secret, stored_key

Inputs = Callable[..., BuildInputs]


def decoded(obj: dict[str, Any]) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in obj["data"].items()}


def test_what_is_stored_is_read_back(inputs: Inputs) -> None:
    given = inputs()
    assert stored_key(secret(given), given.cluster) == given.operator_key
    assert decoded(secret(given))["password"] == given.password


def test_same_values_give_the_same_secret(inputs: Inputs) -> None:
    assert secret(inputs()) == secret(inputs())


def test_password_of_a_users_secret_is_not_repeated(inputs: Inputs) -> None:
    given = inputs({"auth": {"existingSecret": "team"}})
    built = secret(given)
    assert set(built["data"]) == {"operator-key", "default.acl"}
    assert "open sesame" not in "".join(decoded(built).values())


def test_without_auth_clients_need_no_password(inputs: Inputs) -> None:
    built = secret(inputs({"auth": {"enabled": False}}, password=None))
    assert set(built["data"]) == {"operator-key", "default.acl"}
    assert decoded(built)["default.acl"].startswith("user default reset on nopass ")


@pytest.mark.parametrize("password", [None, ""])
def test_auth_without_a_password_is_never_open_to_all(password: str | None, inputs: Inputs) -> None:
    with pytest.raises(BugError, match="password"):
        secret(inputs(password=password))


def test_no_secret_value_is_shown_by_repr(inputs: Inputs) -> None:
    given = inputs()
    assert given.operator_key not in repr(given)
    assert "open sesame" not in repr(given)


@pytest.mark.parametrize("value", [None, "", "***", base64.b64encode(b"\xff\xfe").decode(), 3])
def test_a_damaged_secret_is_an_error_that_names_the_key(value: Any, inputs: Inputs) -> None:
    given = inputs()
    live = copy.deepcopy(secret(given))
    live["data"]["operator-key"] = value
    with pytest.raises(UserError, match="Secret demo-secret: operator-key"):
        stored_key(live, given.cluster)


def test_a_shortened_operator_key_is_an_error(inputs: Inputs) -> None:
    given = inputs()
    live = secret(given)
    live["data"]["operator-key"] = base64.b64encode(b"5c" * 31).decode()
    with pytest.raises(UserError, match="64 lower-case hex digits"):
        stored_key(live, given.cluster)


def test_a_secret_without_data_is_an_error(inputs: Inputs) -> None:
    with pytest.raises(UserError, match="operator-key: is missing"):
        stored_key({"metadata": {"name": "demo-secret"}}, inputs().cluster)


def test_users_password_is_read_from_their_secret() -> None:
    live = {"metadata": {"name": "team"}, "data": {"password": base64.b64encode("pä55".encode()).decode()}}
    assert existing_password(live) == "pä55"


@pytest.mark.parametrize("data", [None, {}, {"other": "eA=="}])
def test_users_secret_without_password_is_an_error_that_names_it(data: Any) -> None:
    with pytest.raises(UserError, match=r"spec\.auth\.existingSecret: Secret team: password: is missing"):
        existing_password({"metadata": {"name": "team"}, "data": data})


def test_a_password_with_a_line_break_is_an_error() -> None:
    live = {"metadata": {"name": "team"}, "data": {"password": base64.b64encode(b"secret\n").decode()}}
    with pytest.raises(UserError, match="line break"):
        existing_password(live)


def test_a_damaged_password_is_no_trouble_as_it_follows_from_the_key(inputs: Inputs) -> None:
    given = inputs()
    live = copy.deepcopy(secret(given))
    live["data"]["password"] = "***"
    assert stored_key(live, given.cluster) == given.operator_key
