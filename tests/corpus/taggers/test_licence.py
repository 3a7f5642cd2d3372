"""Tagger `licence`: one name for every way to write a licence, claims apart, phrases of the user."""

import pytest
from tests.corpus.taggers.samples import tag_one


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Zie https://creativecommons.org/licenses/by-sa/4.0/", "CC-BY-SA-4.0"),
        ("CC BY-SA 4.0", "CC-BY-SA-4.0"),
        ("cc-by-nc-nd-3.0", "CC-BY-NC-ND-3.0"),
        ("CC BY", "CC-BY"),
        ("CC0 1.0", "CC0-1.0"),
        ("creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("# SPDX-License-Identifier: Apache-2.0", "Apache-2.0"),
        ("gnu.org/licenses/old-licenses/gpl-2.0.html", "GPL-2.0"),
        ("GPLv3", "GPL-3.0"),
        ("GNU Free Documentation License", "GFDL"),
        ("GFDL 1.3", "GFDL-1.3"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("Mozilla Public License, v. 2.0", "MPL-2.0"),
        ("https://opensource.org/licenses/mit", "MIT"),
        ("BSD 3-Clause", "BSD-3-Clause"),
        ("opendatacommons.org/licenses/by/1.0", "ODC-By-1.0"),
        ("EUPL v1.2", "EUPL-1.2"),
        ("© 2020 Jan", "LicenseRef-Copyright"),
        ("Copyright (c) 2019 Jan", "LicenseRef-Copyright"),
        ("All rights reserved.", "LicenseRef-AllRightsReserved"),
        ("(c) ten derde; stand-by CC by the way", None),
    ],
)
def test_names_by_hand(text, name):
    assert tag_one("licence", text)["licence"] == name


def test_a_licence_counts_before_a_claim_and_claims_are_lines():
    found = tag_one("licence", "Tekst\n© 2020 Jan. Alle rechten.\nOnder GPL-3.0 of MIT License")
    assert found["licence"] == "GPL-3.0"
    assert found["count"] == 3
    assert found["statements"] == [("© 2020 Jan. Alle rechten.", 0.5), ("GPL-3.0", 1), ("MIT License", 1)]


def test_phrases_of_the_language_come_from_the_settings():
    phrases = {"vrij te gebruiken": "LicenseRef-Free"}
    assert (
        tag_one("licence", "Deze tekst is Vrij te gebruiken.", settings={"phrases": phrases})["licence"]
        == "LicenseRef-Free"
    )
    assert tag_one("licence", "Deze tekst is vrij te gebruiken.")["licence"] is None
