"""What the inspector's module makes of a text: run in a real Chromium, which alone knows how browsers read it."""

import json
import re
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Page, Route, sync_playwright
from tests.console.inspector import GOOD, HEADER, NOW, segment, token
from tests.e2e.chromium import FLAGS, chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Inspect = Callable[[str], dict[str, Any]]
ORIGIN = "http://inspector.test"
SCRIPT = """
async ([text, now]) => {
  const { decode } = await import("/inspect-decode.js");
  const { findings } = await import("/inspect-findings.js");
  const found = decode(text);
  return {
    kind: found.kind,
    problems: found.problems,
    findings: findings(found, now),
    members: Object.fromEntries(
      found.parts.map((part) => [part.name, part.members.map((m) => [m.name, m.raw, m.from, m.to])]),
    ),
  };
}
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page that can import the modules; they come from the package, by no server."""
    static = resources.files("watchword").joinpath("static")

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(f"{ORIGIN}/")
        if name:
            route.fulfill(content_type="text/javascript", body=static.joinpath(name).read_text())
        else:
            route.fulfill(content_type="text/html", body="<!doctype html>")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page()
        page.route("**/*", answer)
        page.goto(f"{ORIGIN}/")
        yield page
        browser.close()


@pytest.fixture(scope="module")
def inspect(page: Page) -> Inspect:
    """Decode a text and name its mistakes, at `NOW`."""
    return lambda text: dict(page.evaluate(SCRIPT, [text, NOW]))


def named(found: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in found["findings"]]


def test_a_good_token_has_no_problem_and_no_mistake(inspect: Inspect) -> None:
    found = inspect(token())
    assert (found["kind"], found["problems"], found["findings"]) == ("signed", [], [])
    assert [name for name, *_ in found["members"]["payload"]] == list(GOOD)


# Every name in IANA's registry of claims: https://www.iana.org/assignments/jwt/
REGISTERED = """
iss sub aud exp nbf iat jti name given_name family_name middle_name nickname preferred_username profile picture website
email email_verified gender birthdate zoneinfo locale phone_number phone_number_verified address updated_at azp nonce
auth_time at_hash c_hash acr amr sub_jwk cnf sip_from_tag sip_date sip_callid sip_cseq_num sip_via_branch orig dest mky
events toe txn rph sid vot vtm attest origid act scope client_id may_act jcard at_use_nbr div opt vc vp sph ace_profile
cnonce exi roles groups entitlements token_introspection eat_nonce ueid sueids oemid hwmodel hwversion oemboot dbgstat
location eat_profile submods uptime bootcount bootseed dloas swname swversion manifests measurements measres intuse
cdniv cdnicrit cdniip cdniuc cdniets cdnistt cdnistd sig_val_claims authorization_details verified_claims place_of_birth
nationalities birth_family_name birth_given_name birth_middle_name salutation title msisdn also_known_as htm htu ath atc
sub_id rcd rcdi crn msgi _claim_names _claim_sources rdap_allowed_purposes rdap_dnt_allowed status _sd ... _sd_alg
sd_hash geohash consumerPlmnId consumerSnpnId producerPlmnId producerSnpnId producerSnssaiList producerNsiList
producerNfSetId producerNfServiceSetId sourceNfInstanceId analyticsIdList resOwnerId
"""
LINKS = (
    r"https://(www\.rfc-editor\.org/rfc/rfc\d{4}(#section-\d[\d.]*)?|openid\.net/specs/\S+|www\.w3\.org/TR/\S+"
    r"|datatracker\.ietf\.org/doc/draft-\S+|www\.iana\.org/assignments/(jwt|jose)/)"
)
# And of header parameters: https://www.iana.org/assignments/jose/
PARAMETERS = """
alg jku jwk kid x5u x5c x5t x5t#S256 typ cty crit enc zip epk apu apv iv tag p2s p2c iss sub aud b64 ppt url nonce svt
"""


@pytest.mark.parametrize(("part", "names"), [("payload", REGISTERED.split()), ("header", PARAMETERS.split())])
def test_every_registered_name_is_explained(page: Page, part: str, names: list[str]) -> None:
    explained = page.evaluate(
        """async ([part, names]) => {
          const { explain } = await import("/inspect-claims.js");
          return names.map((name) => explain(part, name));
        }""",
        [part, names],
    )
    for name, meaning in zip(names, explained, strict=True):
        assert meaning is not None, name
        assert meaning["sentence"].endswith("."), name
        assert re.fullmatch(LINKS, meaning["url"]), name
        assert "undefined" not in meaning["label"], name


def test_unregistered_names_are_not_made_up(page: Page) -> None:
    script = "async () => (await import('/inspect-claims.js')).explain('payload', 'constructor')"
    assert page.evaluate(script) is None


def test_each_member_knows_which_characters_carry_it(inspect: Inspect) -> None:
    text = json.dumps(GOOD)
    for name, raw, start, end in inspect(token())["members"]["payload"]:
        assert json.loads(raw) == GOOD[name]
        begin = text.index(f'"{name}"')
        assert start == begin * 4 // 3
        assert end == -(-(text.index(raw, begin + len(name) + 2) + len(raw)) * 4 // 3)


@pytest.mark.parametrize(
    ("pasted", "sentence", "position"),
    [
        ("hello", "There is no full stop in these 5 characters", 1),
        ("  eyJh.eyJi", "There is one full stop, at character 7", 7),
        ("a.b.c.d", "There are 3 full stops", 6),
        ("{}", "This is JSON, not a token", 1),
        ('{"payload":"e30","signatures":[]}', "JSON serialization", 1),
        ("-----BEGIN PUBLIC KEY-----", "in PEM", 1),
        (f".{segment({})}.", "The header is empty: nothing stands at character 1", 1),
        (f"{segment(HEADER)}..", "The payload is empty", len(segment(HEADER)) + 2),
        ("eyJh*A.e30.", "“*” (U+002A) at character 5", 5),
        ("eyJh\u200bA.e30.", "U+200B", 5),
        ("eyJhA.e30.", "The header has 5 characters", 5),
    ],
)  # fmt: skip
def test_malformed_input_is_told_with_its_place(inspect: Inspect, pasted: str, sentence: str, position: int) -> None:
    (problem, *_) = inspect(pasted)["problems"]
    assert sentence in problem["sentence"]
    assert problem["position"] == position


@pytest.mark.parametrize(
    ("text", "sentence", "position"),
    [
        ("[1]", "an object in braces is expected", 1),
        ("{a:1}", "a name in quotation marks is expected, and there is “a” (U+0061), at character 2", 2),
        ('{"a" 1}', "a colon is expected after the name", 7),
        ('{"a":1,}', "a name in quotation marks is expected", 10),
        ('{"a":01}', "a comma or a closing brace is expected", 9),
        ('{"a":"b', "a closing quotation mark is expected, and there is the end", 10),
        (r'{"a":"\x"}', "begins no escape", 10),
        ('{"a":1} x', "nothing more is expected", 11),
        ('{"a":' + "[" * 80 + "]" * 80 + "}", "more than 64 levels deep", 93),
        ("\ufeff{}", "byte order mark", 1),
        (b"{\xff}", "the byte FF (number 2 of 3)", 2),
        ("{\nx}", "at line 2, character 1", 3),
    ],
)
def test_a_header_that_is_not_json_is_told_with_its_place(
    inspect: Inspect, text: str | bytes, sentence: str, position: int
) -> None:
    (problem,) = inspect(f"{segment(text)}.e30.")["problems"]
    assert sentence in problem["sentence"]
    assert problem["position"] == position


def test_nothing_is_nothing(inspect: Inspect) -> None:
    assert inspect(" \n ")["kind"] == "empty"


@pytest.mark.parametrize("cut", range(0, 260, 7))
def test_no_cut_of_a_token_throws(inspect: Inspect, cut: int) -> None:
    found = inspect(token()[:cut])
    assert cut == 0 or found["problems"] or found["findings"]


def without(*names: str, **changed: Any) -> dict[str, Any]:
    return {name: value for name, value in {**GOOD, **changed}.items() if name not in names}


def header(**changed: Any) -> dict[str, Any]:
    return {name: value for name, value in {**HEADER, **changed}.items() if value is not None}


JWE = ".".join([segment({"alg": "RSA1_5", "enc": "A256GCM"}), *map(segment, ("key", "iv", "text", "tag"))])


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        (token(claims=without("exp")), "no-expiry"),
        (token(header(alg="none"), signature=b""), "none"),
        (token(header(alg="NoNe"), signature=b""), "none"),
        (token(header(alg=None)), "alg-missing"),
        (token(header(alg="es256")), "alg-case"),
        (token(header(alg="ROT13")), "alg-unknown"),
        (token(header(alg="HS256"), signature=bytes(32)), "hs-issuer"),
        (token(header(alg="HS256", x5t="AAAA"), signature=bytes(32)), "hs-public"),
        (token(header(jwk={"kty": "EC"})), "own-key"),
        (token(header(x5c=["MIIB"])), "own-key"),
        (token(header(jku="https://evil.example/keys")), "own-key-address"),
        (token(header(x5u="https://evil.example/cert")), "own-key-address"),
        (token(header(kid="../../dev/null")), "kid-path"),
        (token(header(kid="' OR 1=1 --")), "kid-sql"),
        (token(header(kid="$(id)")), "kid-shell"),
        (token(header(kid=None)), "kid-missing"),
        (token(header(typ=None)), "typ-missing"),
        (token(header(typ="JWT")), "typ-wrong"),
        (token(header(), without("client_id", nonce="n")), "typ-wrong"),
        (token(header(typ="AT+JWT")), "typ-case"),
        (token(header(typ="jwt"), without("client_id")), "typ-case"),
        (token(header(crit=["x"])), "crit"),
        (token(header(crit=[])), "crit-broken"),
        (token(header(b64=False)), "b64"),
        (token(header(zip="DEF")), "zip"),
        (token(claims=without(exp=NOW - 120)), "exp-before-iat"),
        (token(claims=without(exp=NOW - 1)), "expired"),
        (token(claims=without(exp=NOW + 3 * 86_400)), "long-life"),
        (token(claims=without(exp=NOW * 1000)), "milliseconds"),
        (token(claims=without(exp=str(NOW))), "time-type"),
        (token(claims=without(nbf=NOW + 900)), "nbf-after-exp"),
        (token(claims=without(nbf=NOW + 60)), "not-yet"),
        (token(claims=without(iat=NOW + 60)), "iat-ahead"),
        (token(claims=without("aud")), "no-audience"),
        (token(claims=without(aud=[])), "audience-broken"),
        (token(claims=without(aud="*")), "audience-all"),
        (token(claims=without("iss")), "no-issuer"),
        (token(claims=without(iss="http://auth.example.com")), "issuer-http"),
        (token(claims=without("sub")), "no-subject"),
        (token(claims=without(sub=7)), "subject-type"),
        (token(claims=without(password="x")), "secret"),
        (token(claims=without(apiKey="x")), "secret"),
        (token(claims=without(account={"card-number": "x"})), "secret"),
        (token(claims=without(note="4111 1111 1111 1111")), "secret"),
        (token(claims=without(list=["-----BEGIN RSA PRIVATE KEY-----"])), "secret"),
        (token(claims=without(inner="eyJhbGciOiJub25lIn0.e30.")), "secret"),
        (token(header(jwk={"kty": "EC", "d": "AAAA"})), "secret"),
        (token(claims='{"sub":"a","sub":"b"}'), "repeated"),
        (token(claims='{"a":{"b":1,"b":2}}'), "repeated"),
        (token(signature=b""), "unsigned"),
        (token(signature=b"\x30" + bytes(69)), "der"),
        (token(signature=bytes(63)), "signature-length"),
        (token(header(alg="RS256"), signature=bytes(128)), "rsa-short"),
        (token(claims=without(x="x" * 6000)), "large"),
        (token() + "==", "padding"),
        (token(signature=b"\xff" * 64).replace("_", "/"), "classic"),
        (token()[:-1] + "x", "stray-bits"),
        ("Bearer " + token(), "prefix"),
        (f'"{token()}"', "quotes"),
        (token()[:40] + "\n  " + token()[40:], "blanks"),
        (JWE, "rsa1-5"),
        (JWE, "encrypted"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(inspect: Inspect, pasted: str, expected: str) -> None:
    found = inspect(pasted)
    assert expected in named(found)
    assert found["problems"] == []
    for finding in found["findings"]:
        assert finding["sentence"].endswith((".", "…"))
        assert finding["place"]["url"].startswith("https://")


@pytest.mark.parametrize(
    "claims",
    [
        without(password_changed_at=None),
        without(order="4111 1111 1111 1112"),
        without(email="a@example.com"),
        without(amr=["pwd"]),
    ],
)
def test_what_only_sounds_like_a_secret_is_let_be(inspect: Inspect, claims: dict[str, Any]) -> None:
    assert "secret" not in named(inspect(token(claims=claims)))


def test_secrets_are_not_repeated(inspect: Inspect) -> None:
    found = inspect(token(claims=without(password="hunter2-hunter2")))
    assert "hunter2" not in json.dumps(found["findings"])


def test_an_encrypted_token_shows_its_header(inspect: Inspect) -> None:
    found = inspect(JWE)
    assert found["kind"] == "encrypted"
    assert [name for name, *_ in found["members"]["header"]] == ["alg", "enc"]


def test_numbers_keep_every_digit_and_hostile_names_are_names(inspect: Inspect) -> None:
    found = inspect(token(claims='{"n":12345678901234567890,"__proto__":{"x":1},"constructor":2}'))
    values = {name: raw for name, raw, *_ in found["members"]["payload"]}
    assert values == {"n": "12345678901234567890", "__proto__": '{"x":1}', "constructor": "2"}
