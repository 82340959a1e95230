"""Tokens that carry the key that signed them, as DPoP proofs do (RFC 9449 section 4.2; THREATS J50, J21)."""

import pytest

from watchword.jose import Key, jws, jwt
from watchword.jose.algorithms import ALGORITHMS
from watchword.jose.errors import InvalidKeyError, SignatureInvalidError

SECRETS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}


@pytest.mark.parametrize("alg", [row.name for row in ALGORITHMS if not row.is_symmetric])
def test_j50_a_proof_carries_its_public_key_and_no_name(alg: str) -> None:
    key = Key.generate(alg, kid="named")
    message = jws.split(jwt.encode({"htm": "GET"}, key, typ="dpop+jwt", embed_public_key=True))
    members = message.header.members
    assert (message.header.kid, message.header.kind, message.header.alg) == (None, "dpop+jwt", alg)
    assert not SECRETS & members["jwk"].keys()
    carried = Key.from_dict(members["jwk"])
    assert (carried.thumbprint(), carried.alg, carried.is_private) == (key.thumbprint(), alg, False)
    assert jws.verify_message(message, carried).payload == b'{"htm":"GET"}'


def test_j50_what_was_serialized_for_one_key_is_never_given_to_another() -> None:
    keys = [Key.generate("ES256", kid="same") for _ in range(3)]
    for _ in range(2):
        for key in keys:
            members = jws.split(jws.sign(b"", key, typ="dpop+jwt", embed_public_key=True)).header.members
            assert Key.from_dict(members["jwk"]).thumbprint() == key.thumbprint()
            plain = jws.split(jws.sign(b"", key, typ="dpop+jwt"))
            assert (plain.header.kid, "jwk" in plain.header.members) == ("same", False)


def test_j50_a_carried_key_is_looked_at_by_nobody_else() -> None:
    ours, theirs = Key.generate("ES256"), Key.generate("ES256")
    token = jwt.encode({}, theirs, embed_public_key=True)
    with pytest.raises(SignatureInvalidError):
        jwt.decode(token, ours)


def test_j21_a_shared_secret_is_never_embedded() -> None:
    with pytest.raises(InvalidKeyError):
        jws.sign(b"", Key.generate("HS256"), typ="dpop+jwt", embed_public_key=True)


def test_a_public_key_signs_no_proof() -> None:
    with pytest.raises(InvalidKeyError):
        jws.sign(b"", Key.generate("ES256").public(), typ="dpop+jwt", embed_public_key=True)


def test_j50_proofs_of_strangers_do_not_push_out_what_is_remembered_of_issuers() -> None:
    issuer = Key.generate("ES256", kid="issuer")
    token = jwt.encode({}, issuer)
    jwt.decode(token, issuer)
    for _ in range(300):
        stranger = Key.generate("Ed25519")
        proof = jws.split(jws.sign(b"{}", stranger, typ="dpop+jwt", embed_public_key=True))
        jws.verify_message(proof, Key.from_dict(proof.header.members["jwk"]))
    assert token.partition(".")[0].encode() in jws._remembered
    assert not any("jwk" in header.members for header in jws._remembered.values())
