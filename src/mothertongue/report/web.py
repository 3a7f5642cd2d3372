"""The chat as a page on this computer: loopback only, a secret in the link, no state on the server.

Every request must name the server's own host, come from its own page, and carry the secret in its path; nothing is
changed by a GET, no answer allows another origin. The browser holds the conversations and sends them whole.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import re
import secrets
import threading
import time
from collections.abc import Generator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mothertongue.errors import InputError, Problem
from mothertongue.report.chat import Message, Streamer, chosen_subjects, page_texts, together
from mothertongue.report.html import asset, page_head, source_hash
from mothertongue.report.markup import Asset, Element, element, language_tag, render, user_text
from mothertongue.report.words import Words, load_words

BODY_LIMIT = 256 * 1024
MESSAGE_LIMIT = 200
SLOW_SECONDS = 10.0
_ROLES = ("system", "user", "assistant")


def chat_page(names: list[str], words: Words) -> str:
    """The page for subjects of these names; it holds no conversation."""
    style, script = asset("report.css") + asset("chat.css"), asset("chat.js")
    texts = page_texts(words)
    attributes = {f"data_{key}": text for key, text in texts.items()}
    talks = [
        element(
            "section",
            element("h2", user_text(name)),
            element("div", class_="turns", aria_live="polite"),
            class_="talk",
            data_name=name,
        )
        for name in names
    ]
    body = element(
        "body",
        element("header", element("h1", words("chat.title")), element("p", words("chat.local"), class_="aside")),
        element("noscript", element("p", words("chat.script"))),
        element("main", *talks, class_="talks"),
        _form(words, len(names) > 1),
        element("script", Asset(script), **attributes),
        class_="chat",
    )
    page = element(
        "html",
        page_head(words("chat.title"), style, page_policy()),
        body,
        lang=language_tag(words.tag),
        dir=words("page.direction"),
    )
    return "<!doctype html>\n" + render(page) + "\n"


def _form(words: Words, several: bool) -> Element:
    return element(
        "form",
        element("label", words("chat.prompt"), for_="prompt"),
        element("textarea", id="prompt", rows=2, dir="auto", maxlength=20_000, autocomplete="off"),
        element(
            "div",
            element("button", words("chat.send"), type="submit", class_="send"),
            element("button", words("chat.stop"), type="button", class_="stop", hidden=True),
            element("button", words("chat.new"), type="button", class_="new"),
            element("p", words("chat.wait"), class_="aside") if several else None,
            class_="buttons",
        ),
        hidden=True,
    )


def page_policy() -> str:
    """The content security policy of the chat page: its own style and script, and requests to its own server."""
    style, script = asset("report.css") + asset("chat.css"), asset("chat.js")
    return (
        f"default-src 'none'; style-src {source_hash(style)}; script-src {source_hash(script)}; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'"
    )


class ChatServer(ThreadingHTTPServer):
    """A server of the chat page that is open from its creation to `close`; `url` is the link with the secret."""

    daemon_threads = True
    slow_seconds = SLOW_SECONDS
    allow_reuse_address = False

    def __init__(self, subjects: Mapping[str, Streamer], port: int, words: Words, host: str = "127.0.0.1") -> None:
        self.subjects = dict(subjects)
        self.token = secrets.token_urlsafe(32)
        self.page = chat_page(list(self.subjects), words).encode()
        # Models are not made for two threads at a time: one answer after the other.
        self.turn = threading.Lock()
        super().__init__((host, port), ChatHandler)
        self.host = host

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host headers that name this server."""
        port = self.server_address[1]
        names = (f"[{self.host}]" if ":" in self.host else self.host, "localhost")
        return tuple(f"{name}:{port}" for name in names)

    @property
    def url(self) -> str:
        """The link to the page."""
        return f"http://{self.hosts[0]}/{self.token}/"

    def start(self) -> None:
        """Answers requests in a thread of its own."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        """Stops answering and frees the port."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keeps the terminal quiet when a browser goes away in the middle of an answer."""


class ChatHandler(BaseHTTPRequestHandler):
    """One request: checked first, then the page or an answer."""

    server: ChatServer
    server_version = "mothertongue"
    sys_version = ""
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """Gives the connection a time limit before anything is read from it."""
        self.request.settimeout(self.server.slow_seconds)
        super().setup()

    def do_GET(self) -> None:
        """The page, and nothing else."""
        if not self._trusted():
            return
        if self.path != f"/{self.server.token}/":
            self._refuse(404)
            return
        self._head(200, "text/html; charset=utf-8", len(self.server.page))
        self.wfile.write(self.server.page)

    def do_POST(self) -> None:
        """The answers of all subjects as lines of JSON while they are made."""
        if not self._trusted():
            return
        if self.path != f"/{self.server.token}/chat":
            self._refuse(404)
            return
        found = self._conversations()
        if isinstance(found, int):
            self._refuse(found)
        else:
            self._stream(found)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuses what the base class does not understand, without its page of explanations."""
        del message, explain
        # A request line that was not understood counts as HTTP/0.9, which has no status to answer with.
        self.request_version = self.protocol_version
        self._refuse(405 if code == 501 else code)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a log would hold the secret of the link."""

    def _trusted(self) -> bool:
        """Whether the request names this server, comes from its own page and knows the secret; else it is refused."""
        hosts, origins = self.headers.get_all("Host", []), self.headers.get_all("Origin", [])
        own = len(hosts) == 1 and hosts[0] in self.server.hosts
        same = not origins or (len(origins) == 1 and own and origins[0] == f"http://{hosts[0]}")
        if self.command == "POST" and not origins:
            # Every browser sends Origin with a POST; a client without one must at least not be a browser's page.
            same = self.headers.get("Sec-Fetch-Site") is None
        site = self.headers.get("Sec-Fetch-Site", "none")
        given = self.path.lstrip("/").split("/", 1)[0].encode("utf-8", "replace")
        knows = hmac.compare_digest(given, self.server.token.encode())
        if own and same and site in ("none", "same-origin") and knows:
            return True
        self._refuse(403)
        return False

    def _conversations(self) -> list[list[Message]] | int:
        """The conversations of the body, one for each subject, or the status of a refusal."""
        if self.headers.get_content_type() != "application/json":
            return 415
        lengths = self.headers.get_all("Content-Length", [])
        if len(lengths) != 1 or not re.fullmatch("[0-9]{1,12}", lengths[0]) or "Transfer-Encoding" in self.headers:
            return 411
        if int(lengths[0]) > BODY_LIMIT:
            return 413
        body = self._body(int(lengths[0]))
        if body is None:
            return 408
        try:
            found = conversations(json.loads(body), len(self.server.subjects))
        except (ValueError, RecursionError):
            found = None
        return 400 if found is None else found

    def _body(self, length: int) -> bytes | None:
        """The body, or None if it does not come in time, all of it within one limit."""
        deadline, body = time.monotonic() + self.server.slow_seconds, b""
        while len(body) < length:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.connection.settimeout(left)
            try:
                piece = self.rfile.read1(length - len(body))
            except OSError:
                return None
            if not piece:
                return None
            body += piece
        self.connection.settimeout(self.server.slow_seconds)
        return body

    def _stream(self, found: list[list[Message]]) -> None:
        self._head(200, "application/x-ndjson; charset=utf-8", None)
        with self.server.turn:
            lines = answer_lines(self.server.subjects, found)
            try:
                for entry in lines:
                    data = json.dumps(entry).encode() + b"\n"
                    self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                self.wfile.write(b"0\r\n\r\n")
            except OSError:
                self.close_connection = True
            finally:
                lines.close()

    def _refuse(self, status: int) -> None:
        """Refuses with a status and no explanation: what is wrong would help only an attacker."""
        self.close_connection = True
        self._head(status, "text/plain; charset=utf-8", 0)

    def _head(self, status: int, kind: str, length: int | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        for name, value in (
            ("Content-Security-Policy", page_policy() + "; frame-ancestors 'none'"),
            ("X-Frame-Options", "DENY"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()


def conversations(data: Any, count: int) -> list[list[Message]] | None:
    """The conversations in decoded JSON, one for each of `count` subjects; None if anything about it is wrong."""
    found = data.get("conversations") if isinstance(data, dict) and len(data) == 1 else None
    if not isinstance(found, list) or len(found) != count:
        return None
    for conversation in found:
        if not isinstance(conversation, list) or not 0 < len(conversation) <= MESSAGE_LIMIT:
            return None
        if not all(_is_message(message) for message in conversation) or conversation[-1]["role"] != "user":
            return None
    return found


def _is_message(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and message.keys() == {"role", "content"}
        and message["role"] in _ROLES
        and isinstance(message["content"], str)
    )


def answer_lines(subjects: Mapping[str, Streamer], found: list[list[Message]]) -> Generator[dict[str, Any]]:
    """What the page receives: pieces of text, then for each subject that it is done, or why the answer failed."""
    names, start = list(subjects), time.monotonic()
    pieces = together(subjects, dict(zip(names, found, strict=True)))
    try:
        for name, piece in pieces:
            yield {"subject": names.index(name), "text": piece}
        for index in range(len(names)):
            yield {"subject": index, "done": True, "seconds": round(time.monotonic() - start, 3)}
    except Exception as error:
        # The page must say that an answer failed; the kind of error is enough there, its text may hold paths.
        for index in range(len(names)):
            yield {"subject": index, "error": type(error).__name__}
    finally:
        pieces.close()


def open_server(
    subjects: Mapping[str, Streamer],
    port: int = 0,
    compare: bool = True,
    *,
    host: str = "127.0.0.1",
    language: str = "en",
) -> ChatServer:
    """A server bound to the loopback address but not yet answering (`start` or `serve_forever` does that).

    Port 0 takes a free one. Raises InputError: MT703 without subjects, MT704 for an address that is not loopback,
    MT705 for a port that cannot be taken.
    """
    chosen = chosen_subjects(subjects, compare)
    if not _is_loopback(host):
        problem = Problem(
            "MT704", "the chat answers on this computer only", key="host", value=host, allowed="127.0.0.1"
        )
        raise InputError(problem)
    try:
        return ChatServer(chosen, port, load_words(language), host)
    except (OSError, OverflowError) as error:
        remedy = "leave the port away, or choose another"
        raise InputError(
            Problem("MT705", f"cannot be taken: {error}", key="port", value=str(port), do=remedy)
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.version == 4 and address.is_loopback


def serve(subjects: Mapping[str, Streamer], port: int = 0, compare: bool = True, *, language: str = "en") -> None:
    """Serves the chat page until Ctrl-C and says its link on standard error. Raises as `open_server` does."""
    from mothertongue.console import say

    server = open_server(subjects, port, compare, language=language)
    say(server.url)
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        say("")
    finally:
        server.server_close()
