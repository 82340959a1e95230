"""Whatever a signed token holds, a profile reads it or refuses it; nothing else happens (THREATS J56, J65)."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.verify.profiles.issuer_tokens import ACCESS_TOKENS, ID_TOKENS, Sample

from watchword.jose.errors import JOSEError
from watchword.jose.header import Header, normal_type
from watchword.jose.jwt import SignedClaims
from watchword.verify.profiles import PROFILES, Profile

CLAIMS = sorted({name for sample in ACCESS_TOKENS for name in sample.claims})
WORDS = sorted({value for sample in ACCESS_TOKENS for value in sample.claims.values() if isinstance(value, str)})
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["", *WORDS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*CLAIMS, "roles"]), inner, max_size=3),
    max_leaves=8,
)


def signed(header: dict[str, Any], claims: dict[str, Any]) -> SignedClaims:
    kind = normal_type(header["typ"]) if "typ" in header else None
    return SignedClaims(Header("RS256", "kid", kind, header), claims)


@given(
    st.sampled_from(PROFILES),
    st.sampled_from(ACCESS_TOKENS + ID_TOKENS),
    st.dictionaries(st.sampled_from(CLAIMS), ANYTHING, max_size=4),
    st.sets(st.sampled_from(CLAIMS), max_size=2),
)
def test_a_token_is_read_or_refused(profile: Profile, sample: Sample, changed: dict[str, Any], gone: set[str]) -> None:
    claims = {name: value for name, value in {**sample.claims, **changed}.items() if name not in gone}
    try:
        reading = profile.read(signed(sample.header, claims), tuple(sample.audience))
    except JOSEError:
        return
    assert isinstance(reading.client_id, str)
    assert reading.client_id
    assert type(reading.is_client) is bool
    for names in (reading.scopes, reading.roles):
        assert type(names) is frozenset
        assert all(isinstance(name, str) and name for name in names)
