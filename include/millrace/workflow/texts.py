"""What a spec says of cleaning, transforming and augmenting texts and e-mails."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from millrace.workflow.base import Fraction, Value
from millrace.workflow.contents import Cleaning, CustomFunction

Characters = Annotated[int, Field(ge=1, le=100_000_000)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
"""An ISO 639 code, such as ``en``."""

Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")]
"""The name of an e-mail's header, such as ``from``; small and capital letters are equal."""

Token = Literal["url", "email", "phone", "amount", "number"]


class Length(Value):
    """Limits of a text's length, in characters; null sets none.

    Attributes:
        shortest: refused below it. longest: refused above it.
    """

    shortest: Characters | None = None
    longest: Characters | None = 1_000_000


class TextCleaning(Cleaning):
    """The data contract of texts. Whatever breaks it goes to quarantine with a reason code.

    Of an e-mail the text is its subject, an empty line and its body; attachments are counted, not
    read. Headers are left out by default: dates, lists and addresses give the class away.

    Attributes:
        headers: of e-mails, what else becomes text, a line each after the subject.
        repair: ``encoding`` repairs UTF-8 that was once read as another encoding (``â€™``) before
            anything else is asked; ``keep`` takes texts as they are.
        length: limits of the length, without white space around the text.
        not_text: ``refuse`` refuses texts of control characters, and those that are mostly
            encoded bytes (base64, hexadecimal).
        languages: refused where a text is surely of another language than these; none asks nothing.
    """

    reasons: ClassVar[tuple[str, ...]] = (
        *("undecodable", "empty", "not_text", "too_short", "too_long", "wrong_language"),
    )
    headers: tuple[Header, ...] = Field((), strict=False)
    repair: Literal["encoding", "keep"] = "encoding"
    length: Length = Length()
    not_text: Literal["refuse", "keep"] = "refuse"
    languages: tuple[Language, ...] = Field((), strict=False)


class TextTransform(Value):
    """The canonical text, in one line. Every step is repeated when serving.

    Attributes:
        unicode: ``NFKC`` gives each character its compatibility form (full-width letters, ligatures
            and the like become plain) and drops invisible ones; ``keep`` takes them as they are.
        case: ``lower`` makes letters small.
        entities: HTML's ``&amp;``, ``&lt;``, ``&gt;``, ``&quot;``, ``&apos;`` and ``&nbsp;`` become
            the characters that they stand for.
        tokens: what is replaced by one word, in capitals: web addresses (``URL``), ``EMAIL``
            addresses, ``PHONE`` numbers, ``AMOUNT``s of money and other ``NUMBER``s. This also
            keeps them out of the model.
        punctuation: ``keep``, and each mark is a word to the model; ``drop`` removes it.
        stop_words: language whose stop words are removed; null keeps them.
        stem: language whose words are cut to their stems; null does not. A model with stems takes
            raw texts only through Millrace.
        custom: the user's own function over each canonical batch, ``package.module:function``.
    """

    unicode: Literal["NFKC", "keep"] = "NFKC"
    case: Literal["lower", "keep"] = "lower"
    entities: bool = True
    tokens: tuple[Token, ...] = Field(("url", "email", "phone", "amount", "number"), strict=False)
    punctuation: Literal["keep", "drop"] = "keep"
    stop_words: Language | None = None
    stem: Language | None = None
    custom: CustomFunction | None = None


class TextAugmentation(Value):
    """Random changes to training texts; each is the share of words or characters; off at 0.

    Attributes:
        punctuation: words that get a random punctuation mark before or after them.
        dropout: words that are left out; at least one stays.
        swap: words that change places with the next.
        noise: characters that are left out, doubled, replaced or changed with the next.
        markup: words before which HTML or a web address is put.
    """

    punctuation: Fraction = 0.0
    dropout: Fraction = 0.0
    swap: Fraction = 0.0
    noise: Fraction = 0.0
    markup: Fraction = 0.0
