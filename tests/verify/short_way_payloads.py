"""Payloads that no honest issuer writes, made from ones that it does: for whoever compares two ways of reading them.

A payload is held as the bytes of its names and values, so that what no JSON writer would write can be written: names
twice or in other spellings, numbers in other spellings, blanks, broken text.
"""

import json
import random
from collections.abc import Callable
from typing import Any

from tests.verify.tokens import API, ISSUER, NOW

SECOND_API = "https://api.example.net"
NAMES = [b"iss", b"aud", b"sub", b"client_id", b"iat", b"exp", b"jti", b"scope", b"roles"]
_OTHER_NAMES = [b"nbf", b"cnf", b"acr", b"gid", b"ww_epoch", b"claim_0", b"claim_3", b"claim_10", b"__class__"]
_ODD_NAMES = [
    b"__struct_fields__",
    b"__struct_encode_fields__",
    b"type",
    b"",
    b"_held",
    b"https://example.com/x",
    "é".encode(),
    "\U0001f600".encode(),
    b'a\\"b',
    b"a\\\\b",
    b"\\u0000",
    b"\\n",
    b"\x7f",
    b"/",
    b"\\/",
    b"exp\\u0000",
    b" exp",
    b"EXP",
]
_NUMBERS = [b"0", b"-0", b"-0.0", b"1", b"-1", b"1e3", b"1E+2", b"1.0", b"0.1e1", b"1.10", b"01", b"+1", b"1.", b".5"]
_LARGE = [b"1e308", b"1e309", b"-1e400", b"4e-324", b"1e-400", b"9" * 17, b"9" * 19, b"9" * 20, b"1" + b"0" * 20]
_EDGES = [b"%d" % (sign * 2**bits + off) for bits in (31, 53, 63, 64) for off in (-1, 0, 1) for sign in (1, -1)]
_END_OF_TIME = [b"253402300799", b"253402300799.0", b"253402300800", b"9" * 400, b"1" * 4301, b"1e1000000000"]
_NO_JSON = [b"NaN", b"-Infinity", b"Infinity", b"nul", b"True", b"'a'", b"", b"undefined", b"0x10", b"1_0", b"1 2"]
_PLAIN = [b"null", b"true", b"false", b"{}", b"[]", b'[""]', b'""', b'"x"', b'["staff"]', b'["staff","staff"]', b"[1]"]
_TEXTS = [
    b'"%s"' % (b"x" * 128),
    b'"%s"' % (b"x" * 129),
    b'"%s"' % (b"x" * 255),
    b'"%s"' % (b"x" * 256),
    b'"%s"' % ("\U0001f600".encode() * 128),
    b'"%s"' % ("\U0001f600".encode() * 129),
    b'"%s"' % (b"\\ud83d\\ude00" * 64),
    b'"%s"' % ("é".encode() * 255),
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\xed\xa0\x80"',
    b'"\xff"',
    b'"\xc0\x80"',
    b'"\\u0000"',
    b'"\x00"',
    b'"\n"',
    b'"\\x"',
    b'"a  b "',
    b'"\\u0061 b"',
    b'"\\/"',
    b'"\x7f"',
    '"\u2028"'.encode(),
    b'"',
    b'":',
    b'"\\":\\","',
]
_NESTED = [
    b'{"a":1}',
    b'{"a":1,"a":2}',
    b'{"a":1,"\\u0061":2}',
    b'[{"a":1,"a":1}]',
    b'{"a":{"a":{"a":1}}}',
    b'{"a":{"a":{"a":{"a":1}}}}',
    b'{"a":[1.5,null,{"b":true}],"c":"x"}',
    b'{"a" :1}',
    b'{"a":1 ,"a":2}',
    b'{"a":01}',
    b"[1,]",
    b'{"a":1,}',
    b'{"sub":"eve"}',
    b'{"jkt":"%s"}' % (b"x" * 43),
    *[b"[" * depth + b"]" * depth for depth in (2, 3, 4, 5, 30, 31, 32, 33, 400)],
    *[b'{"a":' * depth + b"1" + b"}" * depth for depth in (2, 3, 4, 5, 31, 32)],
    b"[" * 1500,
]
_OURS = [b'"%s"' % text.encode() for text in (ISSUER, API, SECOND_API, ISSUER + "/", API.upper(), "client-1", "user-1")]
_LISTS = [b'["%s"]' % API.encode(), b'["%s","x"]' % API.encode(), b'["x"]', b'["a",null]', b'[["a"]]', b'["\\u0061"]']
_TIMES = [
    b"%d%s" % (NOW + off, rest)
    for off in (-300, -31, -30, -11, -10, -1, 0, 1, 9, 10, 11, 29, 30, 31, 300)
    for rest in (b"", b".0", b".5", b"e0", b".0000000000000001", b".9999999999999999")
]
VALUES = [
    *_NUMBERS,
    *_LARGE,
    *_EDGES,
    *_END_OF_TIME,
    *_NO_JSON,
    *_PLAIN,
    *_TEXTS,
    *_NESTED,
    *_OURS,
    *_LISTS,
    *_TIMES,
]
_FAIR = [*_PLAIN[:8], *_NESTED[:1], *_NESTED[6:7], b"1", b"1.5", b"-1", b'"x"', b"[1,[2]]", b'{"a":{"b":["c"]}}']
_BLANKS = [b" ", b"\n", b"\t", b"\r", b"  ", b"\x0b", b"\xc2\xa0", b"\x00", b"\xef\xbb\xbf", b"/**/"]

Members = list[tuple[bytes, bytes]]
Change = Callable[[Members], None]


class Payloads:
    """A stream of payloads, the same for the same seed.

    Args:
        seed: what the stream begins with.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._changes: list[Change] = [
            self._replace,
            self._replace,
            self._repeat,
            self._repeat_otherwise,
            self._rename,
            self._spell_name,
            self._spell_value,
            self._remove,
            self._add,
            self._add,
            self._wrap,
            self._swap,
        ]

    def base(self) -> Members:
        """The members of a token as an issuer writes it, in an order of its own, with claims of its own."""
        choice = self.random
        good: dict[bytes, Any] = {
            b"iss": ISSUER,
            b"aud": choice.choice([API, SECOND_API]),
            b"sub": choice.choice(["user-1", "client-1", "user-2"]),
            b"client_id": "client-1",
            b"iat": NOW - choice.choice([0, 1, 30, 300]),
            b"exp": NOW + choice.choice([1, 30, 300]),
            b"jti": f"token-{choice.random()}",
            b"scope": choice.choice(["orders:read", "orders:read orders:write", "", "a  b "]),
            b"roles": choice.choice([["staff"], [], ["staff", "admin"]]),
        }
        for name in (b"scope", b"roles"):
            if choice.random() < 0.3:
                del good[name]
        members = [(name, json.dumps(value, separators=(",", ":")).encode()) for name, value in good.items()]
        further = choice.sample(_OTHER_NAMES[2:] + _ODD_NAMES, choice.choice([0, 0, 1, 2, 5]))
        members += [(name, choice.choice(_FAIR)) for name in further]
        choice.shuffle(members)
        return members

    def spoilt(self, members: Members) -> bytes:
        """A payload from ``members`` with something wrong, or odd, or nothing at all."""
        choice = self.random
        members = list(members)
        for _ in range(choice.choice([0, 1, 1, 1, 1, 2, 3])):
            choice.choice(self._changes)(members)
        kind = choice.random()
        if kind < 0.8:
            return written(members)
        if kind < 0.9:
            return self._with_blanks(members)
        return self._torn(written(members))

    def _place(self, members: Members) -> int:
        return self.random.randrange(len(members)) if members else 0

    def _value(self) -> bytes:
        return self.random.choice(VALUES)

    def _name(self) -> bytes:
        return self.random.choice(self.random.choice([NAMES, NAMES, _OTHER_NAMES, _ODD_NAMES]))

    def _replace(self, members: Members) -> None:
        if members:
            place = self._place(members)
            members[place] = members[place][0], self._value()

    def _repeat(self, members: Members) -> None:
        if members:
            members.insert(self._place(members), members[self._place(members)])

    def _repeat_otherwise(self, members: Members) -> None:
        if members:
            name = members[self._place(members)][0]
            if self.random.random() < 0.5:
                name = self._spelt(name)
            members.insert(self.random.choice([0, len(members), self._place(members)]), (name, self._value()))

    def _rename(self, members: Members) -> None:
        if members:
            place = self._place(members)
            members[place] = self._name(), members[place][1]

    def _spell_name(self, members: Members) -> None:
        if members:
            place = self._place(members)
            members[place] = self._spelt(members[place][0]), members[place][1]

    def _spell_value(self, members: Members) -> None:
        if members:
            place = self._place(members)
            name, value = members[place]
            if value[:1] == b'"' == value[-1:] and len(value) > 2:
                value = b'"' + self._spelt(value[1:-1]) + b'"'
            elif value.isdigit():
                endings = [b".0", b"e0", b"E0", b"e+0", b".", b"e", b"0e-1", b".00000000000000000001"]
                value = self.random.choice([b"-", b"0", b"+", b""]) + value + self.random.choice([*endings, b""])
            members[place] = name, value

    def _remove(self, members: Members) -> None:
        if members:
            del members[self._place(members)]

    def _add(self, members: Members) -> None:
        members.insert(self._place(members), (self._name(), self._value()))

    def _wrap(self, members: Members) -> None:
        if members:
            place = self._place(members)
            name, value = members[place]
            around = self.random.choice([b"[%b]", b'{"a":%b}', b"[[%b]]", b'{"a":1,"b":%b}'])
            members[place] = name, around.replace(b"%b", value)

    def _swap(self, members: Members) -> None:
        if members:
            one, other = self._place(members), self._place(members)
            members[one], members[other] = members[other], members[one]

    def _spelt(self, text: bytes) -> bytes:
        """``text`` with one of its characters written as an escape."""
        if not text or b"\\" in text or not text.isascii():
            return text
        place = self.random.randrange(len(text))
        spelling = self.random.choice([b"\\u%04x", b"\\u%04X", b"\\U%04x", b"\\x%02x"])
        return text[:place] + spelling % text[place] + text[place + 1 :]

    def _with_blanks(self, members: Members) -> bytes:
        pieces = [b"{"]
        for place, (name, value) in enumerate(members):
            pieces += [b",", b'"' + name + b'"', b":", value] if place else [b'"' + name + b'"', b":", value]
        pieces.append(b"}")
        for _ in range(self.random.choice([1, 1, 2, 6])):
            pieces.insert(self.random.randrange(len(pieces) + 1), self.random.choice(_BLANKS))
        return b"".join(pieces)

    def _torn(self, text: bytes) -> bytes:
        choice = self.random
        place = choice.randrange(len(text) + 1)
        return choice.choice(
            [
                text[:place],
                text[:place] + bytes([choice.randrange(256)]) + text[place + 1 :],
                text[:place] + bytes([choice.randrange(256)]) + text[place:],
                text[:place] + text[place + 1 :],
                text + choice.choice([b"\x00", b"}", b",", text, b"\n", b" {}"]),
                choice.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"[", b"null", b""]) + text,
                choice.choice([b"null", b"[]", b"{}", b"", b'"x"', b"1", text.decode("latin-1").encode("utf-16")]),
            ]
        )


def written(members: Members) -> bytes:
    """The members as one JSON object, without blanks, as they are."""
    return b"{" + b",".join(b'"' + name + b'":' + value for name, value in members) + b"}"
