"""One token request, whole: where it goes, who asks, the proof it carries, the answer. Blocks; a thread of its own
runs it (`token_source`).
"""

from collections.abc import Sequence

from watchword.client.authentication import ClientAuthentication
from watchword.client.dpop import USE_NONCE, Proofs
from watchword.client.errors import TokenEndpointBusyError, TokenRequestError
from watchword.client.origins import Origin, read_origin
from watchword.client.patience import BUSY, asked_patience
from watchword.client.renewal import HOLD_OFF
from watchword.client.token_address import IssuerAddress, TokenAddress
from watchword.client.token_endpoint import FormPost, TokenAnswer, read_token_answer
from watchword.client.transport import post_for_answer
from watchword.clock import Clock
from watchword.fetch import Answer

_ADDRESS_SECONDS = 3600.0  # for which the issuer's metadata is believed


class TokenRequests:
    """Asks one issuer for tokens in the name of one client.

    Args:
        issuer: who is asked.
        authentication: who asks.
        proofs: for tokens that are bound to a key; None for bearer tokens.
        clock: for proofs and assertions.
    """

    def __init__(
        self, issuer: IssuerAddress, authentication: ClientAuthentication, proofs: Proofs | None, clock: Clock
    ) -> None:
        self._issuer = issuer
        self._authentication = authentication
        self._proofs = proofs
        self._clock = clock
        self._found: tuple[TokenAddress, float] | None = None
        self.token_type = "Bearer" if proofs is None else "DPoP"

    def ask(self, fields: Sequence[tuple[str, str]]) -> TokenAnswer:
        """What the token endpoint gives for ``fields``.

        Raises:
            DiscoveryError: it is not known where the token endpoint is.
            TokenEndpointBusyError: it asks to be left alone.
            TokenRequestError: it refused, could not be reached, or gave a token that was not asked for.
        """
        address = self._address()
        origin = read_origin(address.name) or Origin("", "", 0)
        answer = self._post(address, origin, fields)
        if self._proofs is not None and self._proofs.remember(origin, answer.headers) and _wants_nonce(answer):
            answer = self._post(address, origin, fields)
            self._proofs.remember(origin, answer.headers)
        if answer.body is None or ("error" not in answer.body and answer.status != 200):
            self._found = None  # whoever answered is no token endpoint: it may have moved
        try:
            return read_token_answer(answer.status, answer.body, token_type=self.token_type)
        except TokenRequestError as refusal:
            if answer.status not in BUSY:
                raise
            patience = max(asked_patience(answer.headers, now=self._clock.now()), HOLD_OFF)
            busy = TokenEndpointBusyError.lasting(patience, error=refusal.error, status=answer.status)
            raise busy from refusal

    def _post(self, address: TokenAddress, origin: Origin, fields: Sequence[tuple[str, str]]) -> Answer:
        headers = {} if self._proofs is None else {"dpop": self._proofs.proof("POST", address.name, origin)}
        form = FormPost(address.address, tuple(fields), headers, self._issuer.danger_allow_http, address.policy)
        form = self._authentication.apply(form, issuer=self._issuer.issuer, now=self._clock.now())
        try:
            return post_for_answer(form)
        except TokenRequestError:
            self._found = None
            raise

    def _address(self) -> TokenAddress:
        now = self._clock.monotonic()
        if self._found is None or now >= self._found[1]:
            self._found = self._issuer.find(), now + _ADDRESS_SECONDS
        return self._found[0]


def _wants_nonce(answer: Answer) -> bool:
    return answer.status in {400, 401} and answer.body is not None and answer.body.get("error") == USE_NONCE
