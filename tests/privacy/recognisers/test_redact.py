"""What recognisers find in texts, and what they leave as it is."""

from __future__ import annotations

import time

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from millrace.privacy.keys import PrivacyKey
from millrace.privacy.pseudonyms import Pseudonyms
from millrace.privacy.recognisers.numbers import iban, luhn
from millrace.privacy.recognisers.redact import RECOGNISERS, Redactor, holds_values

redact = Redactor(None)
_USERS = "skype: [USER], facebook.com and [URL]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to anna.k+x@mail.example.org, please", "write to [EMAIL], please"),
        ("or anna (at) example (dot) org now", "or [EMAIL] now"),
        ("see http://host.example/users/anna?x=1 there", "see [URL] there"),
        ("ftp://anna:secret@host.example/x", "[URL]"),
        ("follow @anna_k today", "follow [USER] today"),
        ("from 192.168.1.77 and fe80::1:2", "from [IP] and [IP]"),
        ("ring +44 20 7946 0958 or 08712300220", "ring [PHONE] or [PHONE]"),
        ("(212) 555-0142, 030/1234567, 06 12 34 56 78", "[PHONE], [PHONE], [PHONE]"),
        ("pay 4111 1111 1111 1111 at once", "pay [CARD] at once"),
        ("to DE89 3704 0044 0532 0130 00 please", "to [IBAN] please"),
        ("gb82west12345698765432", "[IBAN]"),
        ("it is 123-45-6789, or QQ123456C, or 12345678Z", "it is [ID], or QQ123456C, or [ID]"),
        ("MRN: 4711-XY-99 and account no 12345678", "MRN: [ID] and account no [ID]"),
        ("born on 12.03.1965", "born on [BIRTH]"),
        ("at 12 High Street, SW1A 1AA", "at [ADDRESS], [ADDRESS]"),
        ("Nachtigallenweg 3", "[ADDRESS]"),
        ("12345 Quellbrunn", "[ADDRESS]"),
        ("12 rue de la Paix", "[ADDRESS]"),
        ("Mrs. van der Berg", "Mrs. van der [NAME]"),
        ("Herr Prof. Dr. med. Müller-Lüdenscheidt", "Herr Prof. Dr. med. [NAME]"),
        ("Dear Xiulan, hello", "Dear [NAME], hello"),
        ("it is so.\nKind regards,\n\nXiulan Wei", "it is so.\nKind regards,\n\n[NAME]"),
        ("yesterday Peter Wójcik came", "yesterday [NAME] came"),
        ("Patient: Kasimir Sorgsam", "Patient: [NAME]"),
        ("Patient: SORGSAM, Kasimir; Name: Sorgsam^Kasimir", "Patient: [NAME]; Name: [NAME]"),
        ("DEAR MR SORGSAM, ask dr. Kummer", "DEAR MR [NAME], ask dr. [NAME]"),
        ("On 3 Feb, Kasimir Sorgsam <k@x.example> wrote:", "On 3 Feb, [NAME] <[EMAIL]> wrote:"),
        ("pay 4111.1111.1111.1111, 3782 822463 10005", "pay [CARD], [CARD]"),
        ("to DE89-3704-0044-0532-0130-00 please", "to [IBAN] please"),
        ("an DE 89 3704 0044 0532 0130 00, Vers.-Nr. A123456789", "an [IBAN], Vers.-Nr. [ID]"),
        ("Viele Grüße\ni.A. Kasimir Sorgsam", "Viele Grüße\ni.A. [NAME]"),
        ("customer services 08714712388 today", "customer services [PHONE] today"),
        ("(089) 12 34 56 7, call me on 555 1234567", "[PHONE], call me on [PHONE]"),
        ("kasimir at quell dot example", "[EMAIL]"),
        ("skype: kasimir_s, facebook.com and www.facebook.com/k.sorgsam", _USERS),
    ],
)
def test_values_become_tokens(text: str, expected: str) -> None:
    assert redact(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "on 01.02.2020 at 10:11:12, version 1.2, 100 %",
        "https://example.org/ is open",
        "4111 1111 1111 1112 is no card, GB83WEST12345698765432 no IBAN",
        "666-45-6789 was never given out; 2000-01-02 is a day",
        "Free entry in 2 a wkly comp to win FA Cup final tkts 21st May 2005",
        "In January Mark said: call me, Dear Customer, To all",
        "Hi I'm fine, hey U've got it; DEAR ALL, HI CAN YOU GO; Mon Sep 23 wrote: nobody",
        "meet at noon, 5 at most; the order of 1234 words; version 2.10.3-4",
        "",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert redact(text).text == text


def test_a_name_that_was_found_once_goes_wherever_it_stands() -> None:
    done = redact("Dear Xiulan,\nwe met XIULAN, and xiulan at home.\n", ["Zweifelstein, Hilde"])
    assert done.text == "Dear [NAME],\nwe met [NAME], and [NAME] at home.\n"
    assert redact("hilde wrote", ["Zweifelstein, Hilde"]).text == "[NAME] wrote"


def test_equal_values_have_one_pseudonym_and_another_under_another_key() -> None:
    one, other = (Redactor(Pseudonyms(PrivacyKey(bytes([n]) * 32))) for n in (1, 2))
    first, second = one("a@b.example and A@B.example").text.split(" and ")
    assert first == second
    assert first.startswith("[EMAIL-")
    assert other("a@b.example").text not in (first, "[EMAIL]")
    assert one(first).text == first


def test_what_is_left_is_found_by_the_check() -> None:
    done = redact("Dear Xiulan, a@b.example")
    assert not holds_values(done.text, [done])
    assert holds_values("xiulan was here", [done])
    assert holds_values("c@d.example", [])


def test_checksums_are_those_of_the_standards() -> None:
    assert luhn("79927398713")
    assert not luhn("79927398710")
    assert iban("GB82WEST12345698765432")
    assert not iban("GB82WEST12345698765433")
    assert not iban("DE8937040044053201300")


@pytest.mark.parametrize("recogniser", RECOGNISERS, ids=lambda one: one.word)
def test_expressions_are_of_re2(recogniser: object) -> None:
    pattern = recogniser.pattern.pattern  # type: ignore[attr-defined]
    assert pc.match_substring_regex(pa.array(["x"]), pattern).to_pylist() is not None


@pytest.mark.parametrize("unit", ["a", "1", "1 ", "A ", "Aa ", "a@", "1-", "(", "Dear A. ", "::"])
def test_hostile_texts_take_linear_time(unit: str) -> None:
    begun = time.process_time()
    redact(unit * (100_000 // len(unit)))
    assert time.process_time() - begun < 20
