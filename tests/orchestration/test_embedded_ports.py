"""Choosing a port: a default gives way, a person's wish does not."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from millrace.errors import SpecError
from millrace.orchestration.embedded import address, ports
from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.ports import choose_port, is_free


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_that_was_asked_for_and_is_taken_is_refused(busy: int) -> None:
    with pytest.raises(SpecError, match=f"port {busy}: the port is taken.*MILLRACE_PORT"):
        choose_port(busy, 8080)


def test_a_default_that_is_taken_gives_way_to_the_next_free_one(busy: int) -> None:
    assert choose_port(None, busy) > busy


def test_no_free_port_is_a_sentence(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_TRIES", 1)
    with pytest.raises(SpecError, match="no port is free"):
        choose_port(None, busy)


def test_a_listener_on_all_addresses_counts() -> None:
    with socket.socket() as listener:
        listener.bind(("", 0))
        listener.listen()
        assert not is_free(listener.getsockname()[1])


def test_the_port_of_last_time_is_taken_again(installation: Installation) -> None:
    first = address.new_port(installation)
    assert address.known_port(installation) == first
    assert address.new_port(installation) == first


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"port": "x"}'])
def test_a_damaged_address_file_is_ignored(installation: Installation, text: str) -> None:
    (installation.run / "address.json").write_text(text)
    assert address.known_port(installation) is None
