"""R44: the chat page answers its own page on this computer, and nobody else."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from mothertongue.errors import InputError
from mothertongue.report.web import BODY_LIMIT, MESSAGE_LIMIT, ChatServer, conversations, open_server

from .fakes import Broken, Echo

SEED = 44
QUESTION = {"conversations": [[{"role": "user", "content": "hello there"}]] * 2}


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    opened = open_server({"before": Echo("before", "b:"), "after": Echo("after", "a:")})
    opened.start()
    yield opened
    opened.close()


def ask(server: ChatServer, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """The status, the headers and the body that a raw request is answered with."""
    with socket.create_connection(server.server_address[:2], timeout=10) as connection:
        connection.sendall(request)
        raw = b""
        while piece := connection.recv(65536):
            raw += piece
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return int(first.split(" ")[1]), {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}, body


def request(
    server: ChatServer,
    method: str = "POST",
    path: str | None = None,
    body: bytes | None = None,
    drop: tuple[str, ...] = (),
    add: tuple[tuple[str, str], ...] = (),
    **change: str,
) -> bytes:
    """A good request of the server's own page, with some of it changed; header names in `change` use underscores."""
    host = server.hosts[0]
    content = json.dumps(QUESTION).encode() if body is None else body
    headers = {"Host": host, "Connection": "close"}
    if method == "POST":
        headers |= {"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
        headers["Content-Length"] = str(len(content))
    headers |= {key.replace("_", "-"): value for key, value in change.items()}
    lines = [f"{key}: {value}" for key, value in headers.items() if key not in drop]
    lines += [f"{key}: {value}" for key, value in add]
    where = path if path is not None else f"/{server.token}/" + ("chat" if method == "POST" else "")
    head = f"{method} {where} HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n"
    return head.encode("latin-1", "replace") + (content if method == "POST" else b"")


def asked(server: ChatServer) -> int:
    return sum(len(subject.asked) for subject in server.subjects.values())  # type: ignore[attr-defined]


def chunks(body: bytes) -> list[dict[str, Any]]:
    found, rest = b"", body
    while True:
        size, _, rest = rest.partition(b"\r\n")
        if int(size, 16) == 0:
            return [json.loads(line) for line in found.splitlines()]
        found, rest = found + rest[: int(size, 16)], rest[int(size, 16) + 2 :]


Case = tuple[str, bytes, set[int]]


def wrong_places(server: ChatServer, chance: random.Random) -> Iterator[Case]:
    port = server.server_address[1]
    hosts = [
        "attacker.example",
        f"attacker.example:{port}",
        "127.0.0.1",
        "localhost",
        f"0.0.0.0:{port}",
        f"[::1]:{port}",
    ]
    hosts += [f"127.0.0.1:{port + 1}", f"user@127.0.0.1:{port}", f"127.0.0.1.nip.io:{port}", f"2130706433:{port}", ""]
    hosts += [f"localhost.:{port}", f"LOCALHOST:{port}", f"127.1:{port}", f"127.0.0.2:{port}", f"127.0.0.1:{port}, x"]
    for host in hosts:
        for method in ("GET", "POST"):
            yield f"host {host}", request(server, method, Host=host), {403}
    for method in ("GET", "POST"):
        yield "no host", request(server, method, drop=("Host",)), {403}
        yield "two hosts", request(server, method, add=(("Host", "attacker.example"),)), {403}
    origins = ["null", "", "http://attacker.example", f"https://127.0.0.1:{port}", "http://127.0.0.1", "file://"]
    origins += [f"http://localhost:{port}", f"http://127.0.0.1:{port + 1}", f"http://127.0.0.1:{port}.attacker.example"]
    origins += [f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{port} http://x", "chrome-extension://abc", "*"]
    for origin in origins:
        for method in ("GET", "POST"):
            yield f"origin {origin}", request(server, method, Origin=origin), {403}
    yield "two origins", request(server, add=(("Origin", "http://attacker.example"),)), {403}
    for site in ("cross-site", "same-site", "", "none, same-origin", "x"):
        yield f"site {site}", request(server, Sec_Fetch_Site=site), {403}
        yield f"site {site}", request(server, "GET", Sec_Fetch_Site=site), {403}
    yield "a page without origin", request(server, drop=("Origin",)), {403}
    for _ in range(60):
        token = list(server.token)
        token[chance.randrange(len(token))] = "!"
        yield "token", request(server, path=f"/{''.join(token)}/chat"), {403}
    for path in (
        "/",
        "/chat",
        "//chat",
        f"/{server.token[:-1]}/chat",
        f"/{server.token}x/chat",
        f"/{server.token.upper()}/",
    ):
        yield f"path {path}", request(server, path=path), {403, 404}
        yield f"path {path}", request(server, "GET", path=path), {403, 404}


def wrong_paths(server: ChatServer, chance: random.Random) -> Iterator[Case]:
    parts = [
        "..",
        "%2e%2e",
        "..%2f",
        "..\\",
        "....//",
        "%c0%ae",
        ".",
        "//",
        "etc/passwd",
        "%00",
        "chat",
        "report.json",
        "?x",
    ]
    for _ in range(80):
        tail = "/".join(chance.choice(parts) for _ in range(chance.randint(1, 6)))
        if tail in ("chat", ""):
            continue
        start = chance.choice([f"/{server.token}/", "/", f"/{server.token}/../"])
        yield f"traversal {tail}", request(server, "GET", path=start + tail), {403, 404}
    yield "absolute", request(server, "GET", path=f"http://127.0.0.1/{server.token}/"), {403, 404}
    yield "get of chat", request(server, "GET", path=f"/{server.token}/chat"), {404}
    yield "post of page", request(server, path=f"/{server.token}/"), {404}


def wrong_forms(server: ChatServer, chance: random.Random) -> Iterator[Case]:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "HEAD", "PROPFIND", "get", "X"):
        yield method, request(server, method, path=f"/{server.token}/chat"), {405}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/json"):
        yield f"type {kind}", request(server, Content_Type=kind), {415}
    yield "no type", request(server, drop=("Content-Type",)), {415}
    for length in ("-1", "1e3", "0x10", "+5", "", "5, 5", "\u0665", "9" * 13):
        yield f"length {length}", request(server, Content_Length=length), {411}
    yield "no length", request(server, drop=("Content-Length",)), {411}
    yield "two lengths", request(server, add=(("Content-Length", "1"),)), {411}
    yield "chunked", request(server, add=(("Transfer-Encoding", "chunked"),)), {411}
    for length in (str(BODY_LIMIT + 1), "999999999", "9" * 12):
        yield f"length {length}", request(server, body=b"", Content_Length=length), {413}
    for body in _wrong_bodies(chance):
        yield f"body {body[:60]!r}", request(server, body=body), {400}
    yield "garbage", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400}
    yield "long line", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", {414}
    yield "many headers", request(server, add=tuple((f"X-{i}", "y") for i in range(150))), {431}


def _wrong_bodies(chance: random.Random) -> Iterator[bytes]:
    yield from (b"", b"null", b"[]", b"{}", b"[" * 100_000, b'{"a":' * 40_000, b"\xff\xfe", b"\xed\xa0\x80", b"NaN")
    good = {"role": "user", "content": "x"}
    for wrong in (
        [[good]],
        [[good]] * 3,
        [[], []],
        [[good], {}],
        [[good], "x"],
        [[good], [good, {"role": "assistant", "content": "x"}]],
        [[good], [{"role": "tool", "content": "x"}]],
        [[good], [{"role": ["user"], "content": "x"}]],
        [[good], [{"role": "user", "content": 1}]],
        [[good], [{"role": "user", "content": ["x"]}]],
        [[good], [{"role": "user"}]],
        [[good], [{**good, "name": "x"}]],
        [[good], [good] * (MESSAGE_LIMIT + 1)],
        None,
        "x",
        7,
    ):
        yield json.dumps({"conversations": wrong}).encode()
    yield json.dumps({**QUESTION, "more": 1}).encode()
    whole = json.dumps(QUESTION).encode()
    for _ in range(30):
        yield whole[: chance.randrange(1, len(whole) - 1)]


def test_three_hundred_requests_that_are_refused(server: ChatServer) -> None:
    chance, before = random.Random(SEED), asked(server)
    cases = [case for make in (wrong_places, wrong_paths, wrong_forms) for case in make(server, chance)]
    assert len(cases) >= 300
    wrong = []
    for name, raw, allowed in cases:
        status, headers, body = ask(server, raw)
        cross = [key for key in headers if key.startswith("access-control")]
        if status not in allowed or cross or server.token.encode() in body or headers["x-frame-options"] != "DENY":
            wrong.append((name, status, headers))
    assert wrong == []
    assert asked(server) == before


def test_the_good_request_is_answered_in_a_stream(server: ChatServer) -> None:
    before = asked(server)
    status, headers, body = ask(server, request(server))
    entries = chunks(body)
    assert status == 200
    assert headers["transfer-encoding"] == "chunked"
    texts = ["".join(entry.get("text", "") for entry in entries if entry["subject"] == index) for index in (0, 1)]
    assert texts == ["b:hello there ", "a:hello there "]
    assert sum(entry.get("done", False) for entry in entries) == 2
    assert len(entries) > 4
    assert asked(server) == before + 2


def test_a_program_without_a_page_may_ask(server: ChatServer) -> None:
    assert ask(server, request(server, drop=("Origin", "Sec-Fetch-Site")))[0] == 200


def test_the_page_is_served_with_its_protection_and_changes_nothing(server: ChatServer) -> None:
    before = asked(server)
    status, headers, body = ask(server, request(server, "GET"))
    assert status == 200
    assert body.startswith(b"<!doctype html>")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers or "Python" not in headers["server"]
    assert asked(server) == before


def test_a_slow_body_is_given_up() -> None:
    server = open_server({"x": Echo("x")})
    server.slow_seconds = 0.15
    server.start()
    try:
        status, _, _ = ask(server, request(server, body=b"{", Content_Length="50"))
        assert status == 408
    finally:
        server.close()


def test_a_failing_model_says_so_without_its_secrets() -> None:
    server = open_server({"x": Broken()})
    server.start()
    try:
        body = json.dumps({"conversations": [[{"role": "user", "content": "x"}]]}).encode()
        _, _, answer = ask(server, request(server, body=body))
        assert chunks(answer)[-1] == {"subject": 0, "error": "ValueError"}
        assert b"secret" not in answer
    finally:
        server.close()


def test_it_binds_to_loopback_with_a_fresh_secret(server: ChatServer) -> None:
    other = open_server({"x": Echo("x")})
    assert server.server_address[0] == other.server_address[0] == "127.0.0.1"
    assert other.token != server.token
    assert len(other.token) >= 40
    other.server_close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "localhost", "", "example.org", "127.0.0.1.nip.io"])
def test_other_addresses_refuse_to_start(host: str) -> None:
    with pytest.raises(InputError, match="MT704"):
        open_server({"x": Echo("x")}, host=host)


def test_a_taken_or_impossible_port_is_refused(server: ChatServer) -> None:
    for port in (server.server_address[1], 70_000):
        with pytest.raises(InputError, match="MT705"):
            open_server({"x": Echo("x")}, port)


def test_nobody_to_talk_to_is_refused() -> None:
    with pytest.raises(InputError, match="MT703"):
        open_server({})


def test_conversations_are_checked_by_hand() -> None:
    assert conversations(QUESTION, 2) == QUESTION["conversations"]
    assert conversations(QUESTION, 1) is None
