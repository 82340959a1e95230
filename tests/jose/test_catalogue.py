"""The catalogue of attacks is kept whole: each row, and each published number, is named by a test.

The lists are the rows J01 to J93 of the threat catalogue that concern keys, signatures, tokens and claims. A row may
be tested wherever the code that answers to it is; what matters is that taking the test away is noticed.
"""

import re
from pathlib import Path

import pytest

FOLDERS = [Path(__file__).parent, Path(__file__).parent.parent / "verify"]
ROWS = [f"J{number:02}" for number in range(1, 71) if number != 49]  # the catalogue has no J49
_PUBLISHED = """
    cve_2015_9235 cve_2018_1000531 cve_2020_28042 pysec_2020_69 cve_2026_28802 cve_2026_23993 dsa_3293
    cve_2016_10555 cve_2016_5431 cve_2017_11424 cve_2022_29217 cve_2024_33663 cve_2024_37568 cve_2023_48223
    cve_2026_34950 ghsa_ww5h_9m49_7xx4 cve_2026_48526 fast_jwt_636 cve_2026_22817 cve_2026_11800 cve_2026_48523
    cve_2026_28498 cve_2026_27962 cve_2022_23540 ghsa_8wpc_h4q6_8fxv cve_2018_0114 fast_jwt_2026_04_29 joserfc_1_6_8
    pyjwt_2_13 cve_2025_45768 cve_2025_45769 cve_2025_45765 cve_2017_15361 cve_2022_23539 cve_2022_23541
    cve_2026_26007 ghsa_869p_cjfg_cm3x cve_2022_21449 cve_2019_14853 cve_2019_14859 cve_2024_42459 cve_2024_42460
    cve_2024_42461 cve_2020_13757 cve_2022_24771 cve_2016_7036 cve_2016_5429 cve_2024_23342 cve_2025_30204
    cve_2025_27144 cve_2022_39227 cve_2022_3102 cve_2025_53864 cve_2025_65015 cve_2025_61920 cve_2025_59420
    cve_2026_32597 cve_2026_35042 cve_2026_48525 cve_2024_21664 joserfc_1_7_4 joserfc_1_3_1 authlib_0c3ae25f
    cve_2026_29000 cve_2023_51774 cve_2026_35041 cve_2024_28180 cve_2024_28176 cve_2024_29371 cve_2024_28122
    cve_2024_21319 cve_2025_62706 cve_2024_28102 cve_2026_39373 cve_2022_36083 cve_2023_51775 cve_2023_49290
    cve_2023_52428 cve_2023_50966 cve_2023_6681 cve_2026_27932 cve_2017_16007 cve_2016_9121 cve_2017_12973
    cve_2021_29443 cve_2021_29444 cve_2021_29445 cve_2021_29446 cve_2025_54887 cve_2018_1000539 cve_2026_28490
    pysec_2016_4 cve_2026_34986 cve_2025_30144 cve_2026_25537 cve_2020_26160 cve_2024_53861 ghsa_75c5_xw7c_p5pm
    cve_2026_35039 fast_jwt_c0fb5b8 panva_282f9aaa pyjwt_2_10 joserfc_1_7_3
"""
NUMBERS = _PUBLISHED.split()


def read_tests() -> str:
    """Every test that is here or beside the verifier, but for this file."""
    files = [file for folder in FOLDERS for file in folder.rglob("test_*.py") if file != Path(__file__)]
    return "\n".join(file.read_text() for file in files)


TEXTS = read_tests()
# A test names a row in its own name (`test_j24_...`, `test_j28_j37_...`) or as a parameter ("J33").
NAMED = {
    row.upper()
    for name in re.findall(r"def test(?:_[a-z0-9]+)*", TEXTS)
    for row in re.findall(r"_(j[0-9]{2})(?=_|$)", name)
} | set(re.findall(r"\"(J[0-9]{2})\"", TEXTS))


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_named_by_a_test(row: str) -> None:
    assert row in NAMED


@pytest.mark.parametrize("number", NUMBERS)
def test_every_published_number_is_borne_by_a_test(number: str) -> None:
    assert re.search(rf"(?<![a-z0-9]){number}(?![0-9])", TEXTS)


def test_the_lists_hold_what_they_should() -> None:
    assert len(ROWS) == len(set(ROWS)) == 69
    assert len(NUMBERS) == len(set(NUMBERS)) == 103
