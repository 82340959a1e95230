"""AWS KMS, through botocore: credentials, region and endpoint come from where AWS's own tools take them.

https://docs.aws.amazon.com/kms/latest/developerguide/kms-cryptography.html#enveloping
https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
"""

from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from watchword.store.errors import MasterKeyError
from watchword.store.key_providers.provider import DataKey

CONNECT_TIMEOUT = 3  # seconds
READ_TIMEOUT = 5  # seconds
ATTEMPTS = 3  # with a growing pause between them; only for what may pass: timeouts, throttling, 5xx

_REFUSALS = {
    "AccessDeniedException": "AWS KMS does not let this role use the key (kms:GenerateDataKey, kms:Decrypt)",
    "NotFoundException": "AWS KMS knows no key of the name in keys.aws_kms_key_id",
    "DisabledException": "the key in AWS KMS is disabled",
    "KMSInvalidStateException": "the key in AWS KMS cannot be used in its state; is it to be deleted?",
    "InvalidCiphertextException": "the wrapped master key is damaged, or was wrapped for another installation",
    "IncorrectKeyException": "the master key was wrapped under another key than keys.aws_kms_key_id",
}


class AWSKeyProvider:
    """One symmetric key in AWS KMS.

    Args:
        key_reference: its key id, ARN or alias.
        region: where it is; None for the region that AWS's own configuration names.
    """

    name = "aws"

    def __init__(self, *, key_reference: str, region: str | None) -> None:
        self.key_reference = key_reference
        self._region = region
        self._client: Any = None

    def generate(self, context: Mapping[str, str]) -> DataKey:
        answer = self._ask(
            "generate_data_key", KeyId=self.key_reference, KeySpec="AES_256", EncryptionContext=dict(context)
        )
        return DataKey(answer["Plaintext"], answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        # With the key named, a blob that somebody wrapped under a key of theirs is refused.
        answer = self._ask("decrypt", KeyId=self.key_reference, CiphertextBlob=wrapped, EncryptionContext=dict(context))
        return bytes(answer["Plaintext"])

    def _ask(self, operation: str, **arguments: Any) -> Any:
        try:
            if self._client is None:
                self._client = self._connect()
            return getattr(self._client, operation)(**arguments)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            raise MasterKeyError(_REFUSALS.get(code, "AWS KMS refuses to open the master key"), detail=code) from error
        except BotoCoreError as error:
            kind = type(error).__name__
            if kind in {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"}:
                raise MasterKeyError("there are no AWS credentials to ask AWS KMS with", detail=kind) from error
            if kind == "NoRegionError":
                raise MasterKeyError("no AWS region: set keys.aws_region or AWS_REGION", detail=kind) from error
            raise MasterKeyError("AWS KMS does not answer", detail=kind) from error

    def _connect(self) -> Any:
        retries = {"total_max_attempts": ATTEMPTS, "mode": "standard"}
        config = Config(connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT, retries=retries)
        return botocore.session.Session().create_client("kms", region_name=self._region, config=config)


def open_provider(*, key_reference: str, region: str | None) -> AWSKeyProvider:
    """A provider; nothing is asked of AWS yet."""
    return AWSKeyProvider(key_reference=key_reference, region=region)
