"""When the user must be asked, and what counts as having been asked."""

from watchword.issuer.checks.draft import Draft
from watchword.issuer.checks.prompt import CONSENT
from watchword.oauth.scope import OFFLINE_ACCESS
from watchword.store.repositories.consents import Consent


def is_required(draft: Draft, given: Consent | None) -> bool:
    """Whether the consent page must be shown.

    Clients that the operator made skip it, but for ``offline_access``, which outlives the session and needs the user's
    word. Clients made by anybody else are asked for until the user has allowed exactly this before; public ones among
    them always, because nothing shows that it is the same client as last time (O16,
    https://www.rfc-editor.org/rfc/rfc8252#section-8.6).

    Args:
        draft: the checked request.
        given: what the user has allowed this client before.
    """
    if CONSENT in draft.prompt:
        return True
    covered = given is not None and given.covers(draft.scopes, draft.resources)
    if draft.client.origin == "operator":
        return OFFLINE_ACCESS in draft.scopes and not covered
    return draft.client.is_public or not covered
