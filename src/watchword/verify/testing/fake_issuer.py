"""The issuer of a test."""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from watchword.jose.jwk_set import KeySet
from watchword.verify.errors import VerifierSettingsError
from watchword.verify.testing.answers import FAULTS, Answers, Fault
from watchword.verify.testing.django_project import wake_django
from watchword.verify.testing.part import Part, preferred
from watchword.verify.testing.replaced_methods import ReplacedMethod
from watchword.verify.testing.signed_in import shown_everywhere
from watchword.verify.testing.steered_time import SteeredTime
from watchword.verify.testing.switchboard import connect, disconnect
from watchword.verify.testing.token_maker import DEFAULT_SUBJECT, TokenMaker
from watchword.verify.testing.trusting import agreed, forget_everything, origin_text, refresh_journals, who_trusts
from watchword.verify.verification import Verification

DEFAULT_ISSUER = "https://issuer.test"
DEFAULT_AUDIENCE = "https://api.test"
_active: "list[FakeIssuer]" = []
_told: set[str] = set()
_log = logging.getLogger("watchword.verify.testing")


class FakeIssuer(TokenMaker):
    """Signs tokens with real keys, and answers for itself inside this process while it is active.

    Without arguments it stands in for the issuer that the verifiers of this process trust: their issuer, audience and
    profile are taken over when the first token is made. It is active inside ``with``, or between `start` and `stop`.

    Args:
        issuer: what ``iss`` says, if the verifiers trust several issuers or do not exist yet.
        audience: for which API tokens are made unless they say otherwise.
        profile: in which issuer's shape.
        names: further origins under which it answers, such as ``http://issuer:8400`` of a container network; those at
            which verifiers look are known by themselves.
        alg: with which algorithm it signs; one that the verifiers take, unless given.
    """

    def __init__(
        self,
        issuer: str | None = None,
        *,
        audience: str | None = None,
        profile: str | None = None,
        names: Iterable[str] = (),
        alg: str | None = None,
    ) -> None:
        self._said_issuer = issuer
        self._said_audience = audience
        self._said_profile = profile
        self._said_alg = alg
        self._names = tuple(names)
        self._time = SteeredTime()
        self._lock = threading.RLock()
        self._part: Part | None = None
        self._is_active = False
        self._answers = Answers(self._known, self._time.now)

    def start(self) -> Self:
        """Begin to answer.

        Raises:
            VerifierSettingsError: another one stands for the same issuer already.
            ValueError: one of ``names`` is no origin, or something else answers for it.
        """
        if not self._is_active:
            self._refuse_double(self._said_issuer)
            self._is_active = True
            _active.append(self)
            _new_verifiers.add(self)
            forget_everything()
            try:
                self._answer_everywhere()
            except ValueError:
                self.stop()
                raise
        return self

    def stop(self) -> None:
        """Stop answering; the clock is given back, and the verifiers forget what they learnt."""
        if self._is_active:
            self._is_active = False
            _new_verifiers.remove(self)
            _active.remove(self)
            self._time.release()
            disconnect(self._answers)
            forget_everything()
            if self._part is not None:
                self._part.give_back()
                self._part = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def issuer(self) -> str:
        """What ``iss`` says; ``https://issuer.test`` if nothing said so and no verifier trusts anybody yet."""
        return self._known(DEFAULT_ISSUER).issuer

    @property
    def audience(self) -> str:
        """For which API tokens are made unless they say otherwise; ``https://api.test`` if there is none yet."""
        return self._known_audience() or DEFAULT_AUDIENCE

    @property
    def profile(self) -> str:
        """In which issuer's shape its tokens are."""
        return self._known(DEFAULT_ISSUER).profile

    @property
    def keys(self) -> KeySet:
        """The public keys, for a verifier that is given them: ``Guard(..., keys=issuer.keys)``."""
        return KeySet(self._known(DEFAULT_ISSUER).published)

    @property
    def requests(self) -> list[str]:
        """The addresses that were asked for, in order."""
        return list(self._answers.requests)

    @contextmanager
    def signed_in(self, subject: str = DEFAULT_SUBJECT, **token: Any) -> Iterator[str]:
        """A block in which every request that shows no token shows one of ``subject``, in the whole process.

        The token is a real one and is verified as any other: it can lack a scope, expire and be revoked. Blocks can be
        nested; the one entered last holds.

        Args:
            subject: who is signed in.
            token: as for `token`.

        Returns:
            The token, as the value of ``with``.

        Raises:
            TypeError: the token is to be bound to a key.
        """
        if "dpop_key" in token:
            raise TypeError("a bound token needs a proof with each request: send the headers of dpop_headers()")
        with shown_everywhere(self.token(subject, **token)) as shown:
            yield shown

    def freeze(self, at: float | None = None) -> None:
        """Let the time stand, at ``at`` (UTC epoch seconds) or where it is, for every verifier of this process."""
        self._must_be_active()
        self._time.freeze(at)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass at once; from then on the time stands."""
        self._must_be_active()
        self._time.advance(seconds)

    def rotate(self, *, keep_old: bool = True) -> None:
        """Sign with a new key from now on. Verifiers learn of it at once.

        Args:
            keep_old: whether the old keys are still published; without them older tokens are refused.
        """
        self._known(DEFAULT_ISSUER).rotate(keep_old=keep_old)
        forget_everything()

    def revoke(
        self,
        token: str | None = None,
        *,
        subject: str | None = None,
        client: str | None = None,
        grant: str | None = None,
        session: str | None = None,
        key: str | None = None,
        everything: bool = False,
    ) -> None:
        """Withdraw a token, or all tokens so far of a subject, a client, a grant, a session, a key, or of everybody.

        Verifiers learn of it at once. Tokens made afterwards are good.

        Raises:
            VerifierSettingsError: nothing is named, or issuers of this profile cannot withdraw it.
        """
        named: Mapping[str, str | None] = {
            "token": token,
            "subject": subject,
            "client": client,
            "grant": grant,
            "session": session,
            "key": key,
            "all": "" if everything else None,
        }
        wanted = {kind: value for kind, value in named.items() if value is not None}
        if not wanted:
            raise VerifierSettingsError("say what to revoke: a token, subject=, client=, … or everything=True")
        part = self._ready()
        part.withdraw(wanted, now=self._time.now())
        refresh_journals(part.issuer)

    def break_down(self, fault: Fault = "unreachable", *, forget: bool = False) -> None:
        """Answer wrongly from now on, until `mend`.

        Args:
            fault: ``unreachable``, ``error`` (status 500), ``empty`` (no keys), ``nonsense`` (no JSON), ``foreign``
                (keys of somebody else).
            forget: let the verifiers forget the keys they have, as after a restart.

        Raises:
            VerifierSettingsError: there is no such fault.
        """
        if fault not in FAULTS:
            raise VerifierSettingsError("fault is one of " + ", ".join(FAULTS))
        self._answers.fault = fault
        if forget:
            forget_everything()

    def mend(self) -> None:
        """Answer rightly again; verifiers need not wait until they would ask."""
        self._answers.fault = None
        forget_everything()

    def reset(self) -> None:
        """Be as after `start`, for the next test that shares this one: new keys, nothing withdrawn, the real time."""
        with self._lock:
            if self._part is not None:
                self._part.give_back()
                self._part = Part(self._part.issuer, self._part.profile, self._part.alg)
        self._answers.requests.clear()
        self._time.release()
        self.mend()

    def _must_be_active(self) -> None:
        if not self._is_active:
            raise VerifierSettingsError("the FakeIssuer is not active: use it in `with`, or start() it first")

    def _ready(self) -> Part:
        part = self._known()
        self._answer_everywhere()
        return part

    def _api(self) -> str:
        found = self._known_audience()
        if found is None:
            raise VerifierSettingsError(
                "no verifier of this process trusts this issuer yet: make the application before the token, or say"
                " audience= (to FakeIssuer, or as watchword_audience in pytest's configuration)"
            )
        return found

    def _known_audience(self) -> str | None:
        if self._said_audience is not None:
            return self._said_audience
        return agreed("audience", self._known(DEFAULT_ISSUER).issuer, lambda one: one.audience, online=False)

    def _known(self, default: str | None = None) -> Part:
        """For whom it stands: settled when first asked for, since applications may be made after `start`."""
        if self._part is None:
            wake_django()  # outside the lock: it makes a verifier, of which `_answer_everywhere` is told
        with self._lock:
            if self._part is None:
                issuer = self._said_issuer or agreed("issuer", None, lambda one: one.issuer, online=True) or default
                if issuer is None:
                    raise VerifierSettingsError(
                        "no verifier of this process looks for an issuer yet: make the application before the token,"
                        " or say issuer= and audience= (to FakeIssuer, or as watchword_issuer and watchword_audience"
                        " in pytest's configuration); a verifier that is given keys can be given issuer.keys"
                    )
                if self._is_active:
                    self._refuse_double(issuer)
                self._part = self._cast(issuer)
                if self._is_active:
                    self._answer_everywhere()
            return self._part

    def _cast(self, issuer: str) -> Part:
        profile = self._said_profile or agreed("profile", issuer, lambda one: one.profile, online=True) or "rfc9068"
        allowed = [one.algorithms for one in who_trusts(issuer)]
        common = [alg for alg in (allowed[0] if allowed else ()) if all(alg in others for others in allowed)]
        return Part(issuer, profile, self._said_alg or preferred(common))

    def _refuse_double(self, issuer: str | None) -> None:
        for other in _active:
            if other is not self and issuer is not None and issuer == other._name:  # noqa: SLF001  its own kind
                raise VerifierSettingsError(
                    f"a FakeIssuer for {issuer} is active already: use that one, or stop it first"
                )

    @property
    def _name(self) -> str | None:
        return self._said_issuer if self._part is None else self._part.issuer

    def _answer_everywhere(self) -> None:
        """Under its own name, and wherever a verifier looks for it; verifiers may have been made since the start."""
        with self._lock:
            if not self._is_active:
                return
            trusting = who_trusts(self._name)
            self._answers.jwks_paths = frozenset(path for one in trusting for path in one.jwks_paths)
            wanted = {*self._names, *(origin for one in trusting for origin in one.origins)}
            if self._name is not None:
                wanted.add(origin_text(self._name))
                _tell(self._name)
            for origin in sorted(wanted):
                connect(origin, self._answers)

    def __repr__(self) -> str:
        return f"<FakeIssuer {self._name or 'of whoever is trusted'}>"


def active_issuer() -> FakeIssuer:
    """The issuer that was started last.

    Raises:
        VerifierSettingsError: none is active.
    """
    if not _active:
        raise VerifierSettingsError("no FakeIssuer is active: ask for the fixture `issuer`, or use `with FakeIssuer()`")
    return _active[-1]


def _tell(issuer: str) -> None:
    """Once for each name: whoever finds this in the log of a real service has a test in it."""
    if issuer not in _told:
        _told.add(issuer)
        _log.warning("a FakeIssuer answers for %s in this process: its tokens are taken here", issuer)


def _made(make: Any, verification: Verification, *args: Any, **kwargs: Any) -> None:
    make(verification, *args, **kwargs)
    for active in _new_verifiers.listed:
        active._answer_everywhere()  # noqa: SLF001  of one file


_new_verifiers = ReplacedMethod(Verification, "__init__", _made)
