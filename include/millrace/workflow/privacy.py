"""`Privacy`: what a spec says of people who could be seen in its records."""

from __future__ import annotations

from typing import Literal

from millrace.workflow.base import Value


class Privacy(Value):
    """How records of people are de-identified, and what happens to the originals.

    Attributes:
        input: ``identified`` where sources hold names, numbers or pictures of people who can be
            told; ``open`` where they do not. Null is ``identified`` where a source is ``dicom``.
            Texts, e-mails and records of tables that are identified are recognised (below).
        profile: ``basic`` is, of DICOM, the Basic Application Level Confidentiality Profile of
            PS3.15 Annex E; of texts and tables, all of `millrace.privacy.recognisers`.
        retain_dates: ``shifted`` moves all dates of a patient by one number of days and keeps
            times; ``removed`` removes both.
        clean_descriptors: keep of descriptions the words that are known to be of anatomy and
            technique; false removes descriptions.
        retain_safe_private: keep private elements that are known to hold measures only.
        retain_patient_characteristics: keep sex, size, weight and age, which is 90 years above 89.
        burned_in: ``quarantine`` refuses images that may show text, without their pixels;
            ``keep`` takes them as they are.
        originals: ``discard`` keeps none; ``restricted`` keeps them under the restricted prefix
            (of DICOM only).
        recognised: what stands for a value that was recognised in a text: ``tokens``, such as
            ``[EMAIL]``; ``pseudonyms`` are keyed, one for a value in all of the workflow.
        columns: of tables, by name: ``drop``, ``pseudonymise`` (the whole value), ``recognise``
            (values in it), or ``keep`` as it is. Texts of columns that the model learns from are
            recognised by default; other columns are dropped.
    """

    input: Literal["identified", "open"] | None = None
    profile: Literal["basic"] = "basic"
    retain_dates: Literal["shifted", "removed"] = "shifted"
    clean_descriptors: bool = True
    retain_safe_private: bool = False
    retain_patient_characteristics: bool = False
    burned_in: Literal["quarantine", "keep"] = "quarantine"
    originals: Literal["discard", "restricted"] = "discard"
    recognised: Literal["tokens", "pseudonyms"] = "tokens"
    columns: dict[str, Literal["drop", "pseudonymise", "recognise", "keep"]] = {}
