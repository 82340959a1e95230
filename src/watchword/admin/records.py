"""The records that operators' actions take and answer with: values alone, no way to the store."""

from watchword.store.repositories.apis import Api, Scope
from watchword.store.repositories.audit import Actor, AuditEntry
from watchword.store.repositories.clients import Client
from watchword.store.repositories.consents import Consent
from watchword.store.repositories.grants import Grant
from watchword.store.repositories.sessions import Session
from watchword.store.repositories.signing_keys import SigningKey
from watchword.store.repositories.users import User

__all__ = ["Actor", "Api", "AuditEntry", "Client", "Consent", "Grant", "Scope", "Session", "SigningKey", "User"]
