"""The ways in which a token is spoiled (THREATS J01-J70): each knows what it spoils, none knows what is right."""

import base64
import json
from collections.abc import Callable
from random import Random

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from tests.interop.differential.draft import NOW, Draft, Layout, b64, drop, honest, put

Mutation = Callable[[Draft, Random], None]

ALG_VALUES = (
    *(
        f'"{name}"'
        for name in ("none", "None", "NONE", "nOnE", "", "HS256", "RS256", "ES256", "PS256", "EdDSA", "Ed25519")
    ),
    *('"HS512"', '"ES384"', '"ML-DSA-44"', '"ES256K"', "null", "0", "true", "[]", '["ES256"]', '{"ES256":1}'),
)
TYP_VALUES = (
    *('"at+jwt"', '"AT+JWT"', '"At+Jwt"', '"application/at+jwt"', '"APPLICATION/AT+JWT"', '"Application/at+JWT"'),
    *('"JWT"', '"jwt"', '"dpop+jwt"', '"logout+jwt"', '"application/JWT"', '"at+jwt "', '" at+jwt"', '"at+jwt;v=1"'),
    *(
        '"application/application/at+jwt"',
        '"/at+jwt"',
        '"text/at+jwt"',
        '"at\\u002bjwt"',
        '"at+jwt\\u0000"',
        '"at+ȷwt"',
    ),
    *('"AT+JWT\\u017f"', '"applıcation/at+jwt"', '"ａｔ+jwt"', "null", "1", "true", '["at+jwt"]', '""'),
)
KID_VALUES = ('"other"', '""', "null", "1", '["a"]', '"../../dev/null"', '"\' OR 1=1"', f'"{"k" * 200}"', '"a\\u0000b"')
HEADER_EXTRAS = (
    ("crit", ("[]", '["exp"]', '["b64"]', '["alg"]', '"b64"', "null", '["x"]', '["crit"]', "{}")),
    ("b64", ("true", "false", "null", '"false"', "0")),
    ("zip", ('"DEF"', '""', "null", '"GZIP"')),
    ("jku", ('"https://evil.example/jwks"', "null", "1")),
    ("x5u", ('"https://evil.example/cert"', "null")),
    ("x5c", ('["MIIB"]', "[]", '"MIIB"', "null")),
    ("x5t", ('"AAAA"', "1")),
    ("cty", ('"JWT"', '"json"', "null")),
    ("enc", ('"A128GCM"', "null")),
    ("epk", ("{}", "null")),
    ("p2c", ("1000000000", "-1")),
    ("nonce", ('"n"',)),
    ("url", ('"https://a.example"',)),
    ("exp", (str(NOW - 100), str(NOW + 100))),
    ("__proto__", ("{}", "null", '{"alg":"none"}')),
    ("constructor", ("{}", '"x"')),
)
TIMES = (
    *(str(NOW + step) for step in (-300, -60, -11, -10, -9, -1, 0, 1, 9, 10, 11, 60, 301)),
    # Not half a second from now: PyJWT rounds that down, and so it has expired there.
    *(f"{NOW + step}.5" for step in (-11, -1, 9, 10)),
    *("0", "-1", "-0", "1", "1.79e9", "1.8E9", "1e10", "1e400", "-1e400", "253402300799", "253402300800", "1e16"),
    *("9007199254740993", "99999999999999999999", "100000000000000000000", "null", "true", "false", "{}", "[]", '""'),
    *(
        f'"{NOW + 60}"',
        f"[{NOW + 60}]",
        "NaN",
        "Infinity",
        "-Infinity",
        '"never"',
        f"{NOW + 60}e0",
        f"{NOW + 60}.0",
        "01",
    ),
)
VALUES = (
    *('"x"', '""', "0", "-0", "-0.0", "1.5", "1e3", "null", "true", "[]", "{}", "[1,2]", '{"a":1}', '{"a":{"a":[{}]}}'),
    *('"\\ud800"', '"\\udc00x"', '"\\u0000"', '"é"', '"👋"', '"\\ud83d\\udc4b"', "1e400", "-1e400", "1e-400", "NaN"),
    *("12345678901234567890", "123456789012345678901", "1" * 400, "0x10", "+1", ".5", "1.", "01", "'x'", "undefined"),
    *(
        "[" * 40 + "]" * 40,
        '{"a":' * 20 + "1" + "}" * 20,
        '{"a":1,"a":2}',
        '{"a":1,"\\u0061":2}',
        "tru",
        '"\t"',
        '"\\x"',
    ),
)
WHITESPACE = (" ", "\n", "\t", "\r\n", "  ", "\x0b", "\u00a0", "\ufeff", "\0", "/**/", "\u2028")
NO_OBJECTS = (
    b"",
    b"[]",
    b"null",
    b'"x"',
    b"1",
    b"{",
    b"{}}",
    b"\xff\xfe",
    b'{"a":"\xff"}',
    b'{"a":"\xc0\x80"}',
    b"{}{}",
)


def spoil_alg(draft: Draft, rng: Random) -> None:
    own = draft.alg
    choices = (f'"{own.lower()}"', f'"{own} "', f'"{own}\\u0000"', f'"\\u{ord(own[0]):04x}{own[1:]}"', *ALG_VALUES)
    put(draft.header, "alg", rng.choice(choices), rng)


def spoil_typ(draft: Draft, rng: Random) -> None:
    put(draft.header, "typ", rng.choice(TYP_VALUES), rng)


def spoil_kid(draft: Draft, rng: Random) -> None:
    put(draft.header, "kid", rng.choice((*KID_VALUES, json.dumps(draft.issuer.stranger.kid))), rng)


def lose_a_header(draft: Draft, rng: Random) -> None:
    drop(draft.header, rng.choice(("alg", "typ", "kid", "kid")))


def add_a_header(draft: Draft, rng: Random) -> None:
    name, values = rng.choice(HEADER_EXTRAS)
    put(draft.header, name, rng.choice(values), rng)


def add_an_unknown_header(draft: Draft, rng: Random) -> None:
    put(draft.header, rng.choice(("x", "", "ALG", "Alg", "é", "a" * 300)), rng.choice(VALUES), rng)


def add_a_key(draft: Draft, rng: Random) -> None:
    """J50: a key in the header, and perhaps a signature by it."""
    stranger = draft.issuer.stranger
    key = rng.choice((stranger, draft.issuer.key))
    members = key.to_dict(private=key.is_symmetric)
    if rng.random() < 0.5:
        del members["kid"]
    put(draft.header, "jwk", json.dumps(members), rng)
    if rng.random() < 0.5:
        draft.signer = stranger


def repeat_a_member(draft: Draft, rng: Random) -> None:
    """J38."""
    members = rng.choice((draft.header, draft.claims))
    name, value = rng.choice(members)
    other = rng.choice((value, '"x"', "0", '"none"', f'"{draft.alg}"'))
    members.insert(rng.randrange(len(members) + 1), (rng.choice((name, escaped(name, rng))), other))


def escape_a_character(draft: Draft, rng: Random) -> None:
    members = rng.choice((draft.header, draft.claims))
    place = rng.randrange(len(members))
    name, value = members[place]
    if rng.random() < 0.5 or not value.startswith('"'):
        name = escaped(name, rng)
    else:
        value = escaped(value, rng)
    members[place] = (name, value)


def escaped(text: str, rng: Random) -> str:
    if len(text) < 3 or "\\" in text:
        return text
    place = rng.randrange(1, len(text) - 1)
    form = rng.choice(("\\u{:04x}", "\\u{:04X}"))
    return text[:place] + form.format(ord(text[place])) + text[place + 1 :] if ord(text[place]) < 0x10000 else text


def shuffle(draft: Draft, rng: Random) -> None:
    rng.shuffle(rng.choice((draft.header, draft.claims)))


def spoil_expiry(draft: Draft, rng: Random) -> None:
    if rng.random() < 0.05:
        drop(draft.claims, "exp")
    else:
        put(draft.claims, "exp", rng.choice(TIMES), rng)


def spoil_not_before(draft: Draft, rng: Random) -> None:
    put(draft.claims, "nbf", rng.choice(TIMES), rng)
    draft.tolerance = 10


def spoil_a_claim(draft: Draft, rng: Random) -> None:
    name = rng.choice(("iss", "sub", "aud", "jti", "scope", "x", "", "cnf", "__proto__", "Exp", "EXP"))
    put(draft.claims, name, rng.choice(VALUES), rng)


def spoil_the_layout(draft: Draft, rng: Random) -> None:
    layout = rng.choice((draft.header_layout, draft.claims_layout))
    space = rng.choice(WHITESPACE)
    where = rng.choice(("before", "after", "comma", "colon"))
    if where in ("before", "after"):
        setattr(layout, where, rng.choice((space, space, "x", ",", "{}")))
    else:
        mark = "," if where == "comma" else ":"
        setattr(layout, where, rng.choice((mark + space, space + mark, mark + space, mark + mark, ";")))


def spoil_the_encoding(draft: Draft, rng: Random) -> None:
    layout = rng.choice((draft.header_layout, draft.claims_layout))
    layout.encoding = rng.choice(("utf-16", "utf-16-le", "utf-32-be", "utf-8-sig"))


def replace_the_object(draft: Draft, rng: Random) -> None:
    layout = Layout(instead=rng.choice(NO_OBJECTS))
    if rng.random() < 0.5:
        draft.header_layout = layout
    else:
        draft.claims_layout = layout


def sign_with_another_key(draft: Draft, rng: Random) -> None:
    draft.signer = rng.choice((draft.issuer.stranger, draft.issuer.other_kind))


def spoil_the_signature(draft: Draft, rng: Random) -> None:
    place = rng.random()
    half = {"ES256": 32, "ES384": 48, "ES512": 66}.get(draft.alg)
    changes: list[Callable[[bytes], bytes]] = [
        lambda signature: b"",
        lambda signature: bytes(len(signature)),
        lambda signature: signature[:-1],
        lambda signature: signature + b"\0",
        lambda signature: b"\0" + signature,
        lambda signature: signature * 2,
        lambda signature: flipped(signature, place),
        lambda signature: signature[::-1],
    ]
    if half is not None:
        changes += [lambda signature: elliptic(signature, half, place)] * 8
    draft.on_signature.append(rng.choice(changes))


def flipped(data: bytes, place: float) -> bytes:
    if not data:
        return b"\1"
    where, bit = divmod(int(place * len(data) * 8), 8)
    return data[:where] + bytes((data[where] ^ (1 << bit),)) + data[where + 1 :]


ORDERS = {
    32: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    48: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    66: (1 << 521) - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
}


def elliptic(signature: bytes, half: int, place: float) -> bytes:
    """J24-J27: numbers out of range, the other encoding, the mirrored signature (which holds)."""
    if len(signature) != 2 * half:
        return signature  # a key of another kind made it
    order = ORDERS[half]
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    pairs = [(r, order - s), (r, order - s), (s, r), (0, s), (r, 0), (0, 0), (order, s), (r, order), (r, s + order)]
    at = int(place * (len(pairs) + 4))
    if at == len(pairs):
        return r.to_bytes(half + 1, "big") + s.to_bytes(half + 1, "big")
    if at > len(pairs):
        return encode_dss_signature(r, s)
    first, second = pairs[at]
    top = (1 << (8 * half)) - 1
    return (first & top).to_bytes(half, "big") + (second & top).to_bytes(half, "big")


def spoil_the_text(draft: Draft, rng: Random) -> None:
    draft.on_text.append(rng.choice(TEXT_EDITS)(rng.random()))


def edit_segment(place: float, change: Callable[[str, int], str]) -> Callable[[str], str]:
    def edit(text: str) -> str:
        segments = text.split(".")
        which, within = divmod(place * len(segments), 1)
        segment = segments[int(which)]
        segments[int(which)] = change(segment, int(within * (len(segment) + 1)))
        return ".".join(segments)

    return edit


def spare_bits(segment: str, at: int) -> str:
    """J33: another last character for the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    if not segment or len(segment) % 4 not in (2, 3) or segment[-1] not in alphabet:
        return segment + "A"
    return segment[:-1] + alphabet[alphabet.index(segment[-1]) ^ (1 + at % 3)]


def inserted(what: str) -> Callable[[float], Callable[[str], str]]:
    return lambda place: edit_segment(place, lambda segment, at: segment[:at] + what + segment[at:])


def changed(change: Callable[[str, int], str]) -> Callable[[float], Callable[[str], str]]:
    return lambda place: edit_segment(place, change)


def whole(change: Callable[[str], str]) -> Callable[[float], Callable[[str], str]]:
    return lambda place: change


TEXT_EDITS: tuple[Callable[[float], Callable[[str], str]], ...] = (
    changed(lambda segment, at: segment + "=" * (-len(segment) % 4)),
    changed(lambda segment, at: segment + "="),
    changed(spare_bits),
    changed(spare_bits),
    changed(lambda segment, at: segment.replace("-", "+").replace("_", "/")),
    changed(lambda segment, at: segment[:at]),
    changed(lambda segment, at: segment[:at] + segment[at + 1 :]),
    changed(lambda segment, at: segment.swapcase()),
    changed(lambda segment, at: ""),
    changed(lambda segment, at: base64.b64encode(segment.encode()).decode()),
    *(inserted(what) for what in ("A", "\n", " ", "\r", "=", ".", "?", "%3D", "\0", "é", "\u0391", "\ud800", "+", "/")),
    whole(lambda text: text + "."),
    whole(lambda text: "." + text),
    whole(lambda text: text + ".AAAA.AAAA"),
    whole(lambda text: text + "\n"),
    whole(lambda text: "Bearer " + text),
    whole(lambda text: text.rpartition(".")[0] + "."),
    whole(lambda text: text.rpartition(".")[0]),
    whole(lambda text: ".".join(reversed(text.split(".")))),
    whole(lambda text: json.dumps(dict(zip(("protected", "payload", "signature"), text.split("."), strict=False)))),
)


def keep_the_signature(draft: Draft, rng: Random) -> None:
    """The signature of the honest token, under whatever else was changed."""
    untouched = honest(draft.alg, draft.issuer)
    signing_input = ".".join(b64(Layout().bytes_of(part)) for part in (untouched.header, untouched.claims))
    draft.signature = draft.issuer.key.sign(signing_input.encode())


# A mutation that is here more than once comes more often.
MUTATIONS: tuple[Mutation, ...] = (
    *(spoil_alg, spoil_typ, spoil_typ, spoil_kid, lose_a_header, add_a_header, add_a_header, add_an_unknown_header),
    *(add_a_key, repeat_a_member, escape_a_character, escape_a_character, shuffle, spoil_expiry, spoil_expiry),
    *(spoil_not_before, spoil_not_before, spoil_a_claim, spoil_a_claim, spoil_the_layout, spoil_the_layout),
    *(spoil_the_encoding, replace_the_object, sign_with_another_key, *[spoil_the_signature] * 4),
    *(spoil_the_text, spoil_the_text, keep_the_signature),
)
