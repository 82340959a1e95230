"""Attacks to try: one file each, in the order in which the page lists them."""

from watchword.console.playground.attacks.algorithm_none import AlgorithmNone
from watchword.console.playground.attacks.another_audience import AnotherAudience
from watchword.console.playground.attacks.attack import Attack
from watchword.console.playground.attacks.beyond_the_scopes import BeyondTheScopes
from watchword.console.playground.attacks.change_a_claim import ChangeAClaim
from watchword.console.playground.attacks.code_replay import CodeReplay
from watchword.console.playground.attacks.compromise_the_key import CompromiseTheKey
from watchword.console.playground.attacks.hs256_public_key import Hs256PublicKey
from watchword.console.playground.attacks.id_token_as_access_token import IdTokenAsAccessToken
from watchword.console.playground.attacks.key_in_the_header import KeyInTheHeader
from watchword.console.playground.attacks.own_key_our_kid import OwnKeyOurKid
from watchword.console.playground.attacks.refresh_token_replay import RefreshTokenReplay
from watchword.console.playground.attacks.replay_after_expiry import ReplayAfterExpiry
from watchword.console.playground.attacks.revoked_token import RevokedToken
from watchword.console.playground.attacks.rotate_the_key import RotateTheKey
from watchword.console.playground.attacks.sign_out_everywhere import SignOutEverywhere
from watchword.console.playground.attacks.token_in_the_query import TokenInTheQuery

ATTACKS: tuple[Attack, ...] = (
    ChangeAClaim(),
    AlgorithmNone(),
    Hs256PublicKey(),
    ReplayAfterExpiry(),
    AnotherAudience(),
    IdTokenAsAccessToken(),
    RefreshTokenReplay(),
    CodeReplay(),
    RevokedToken(),
    SignOutEverywhere(),
    RotateTheKey(),
    CompromiseTheKey(),
    OwnKeyOurKid(),
    KeyInTheHeader(),
    TokenInTheQuery(),
    BeyondTheScopes(),
)
