"""The sockets to serve on: taken, given back, and refused with a reason."""

import socket

import pytest

from aia_mas.interfaces.listening import PortUnavailable, listen


def test_listens_and_takes_the_port_it_was_given() -> None:
    (listener,) = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    try:
        with pytest.raises(PortUnavailable, match=f"port {port} on 127.0.0.1 is taken"):
            listen("127.0.0.1", port)
    finally:
        listener.close()


def test_port_that_was_just_left_is_free_at_once() -> None:
    (first,) = listen("127.0.0.1", 0)
    port = first.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)):
        first.setblocking(True)
        first.accept()[0].close()
    first.close()

    (again,) = listen("127.0.0.1", port)
    again.close()


def test_name_of_this_machine_is_listened_on_under_one_port() -> None:
    listeners = listen("localhost", 0)
    ports = {listener.getsockname()[1] for listener in listeners}
    for listener in listeners:
        listener.close()

    assert len(ports) == 1


def test_address_of_another_machine_is_refused() -> None:
    with pytest.raises(PortUnavailable, match="no address of this machine"):
        listen("192.0.2.1", 0)
    with pytest.raises(PortUnavailable, match="no address of this machine"):
        listen("host.invalid", 0)
