"""Tagger `domain`: the user's patterns first, then metadata, folder and host in the order that is asked for."""

import pytest
from tests.corpus.taggers.samples import tag_one

from mothertongue.corpus.taggers.domain import folder_of, host_of


@pytest.mark.parametrize(
    ("meta", "settings", "domain", "evidence"),
    [
        ({"domain": "law"}, {}, "law", "meta"),
        ({"domain": 3}, {}, "news", "folder"),
        ({"url": "https://www.Krant.nl:80/a"}, {}, "news", "folder"),
        ({"url": "https://www.Krant.nl:80/a"}, {"evidence": ["host", "meta"]}, "krant.nl", "host"),
        ({"url": "https://www.krant.nl/a"}, {"names": {"*.be": "b", "krant.nl": "kranten"}}, "kranten", "names"),
        ({}, {"names": {"news/*": "nieuws"}}, "nieuws", "names"),
        ({}, {"evidence": ["meta", "host"]}, None, None),
    ],
)
def test_what_decides(meta, settings, domain, evidence):
    assert tag_one("domain", "x", settings=settings, **meta) == {"domain": domain, "evidence": evidence}


def test_hosts_and_folders():
    assert [host_of(url) for url in ("http://[", "geen", "http://a.b/c")] == ["", "", "a.b"]
    assert [folder_of(source) for source in ("a.txt", "a/b/c.txt", "https://a.nl/b")] == ["", "a", ""]
