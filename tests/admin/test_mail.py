"""Mail: written with what it tells of, kept where somebody can read it, and gone after thirty days."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from watchword.admin.desk import AdminDesk
from watchword.admin.errors import TakenError, UnknownError
from watchword.admin.mail import KEPT, find_mail, list_mail
from watchword.admin.users import UserRequest, add_user, disable_user, set_password
from watchword.clock import SettableClock
from watchword.issuer.context import Issuer
from watchword.issuer.housekeeping import tidy
from watchword.issuer.revocation.feed import Feed
from watchword.issuer.revocation.streams import Streams
from watchword.store.tables import outbox

pytestmark = pytest.mark.anyio

PASSWORD = "grey heron on the weir"
AMY = UserRequest(email="amy@example.com", name="Amy", password=PASSWORD)


async def test_each_mail_says_what_happened_and_no_secret(desk: AdminDesk, clock: SettableClock) -> None:
    amy = await add_user(desk, AMY, invite=True)
    clock.advance(1)
    await set_password(desk, amy.id, f"{PASSWORD} again")
    clock.advance(1)
    await disable_user(desk, amy.id)
    written = await list_mail(desk)
    assert [mail.purpose for mail in written] == ["account_disabled", "password_changed", "invitation"]
    assert {(mail.recipient, mail.user_id) for mail in written} == {("amy@example.com", amy.id)}
    assert all(PASSWORD not in mail.subject + mail.body + repr(mail) for mail in written)
    assert f"{desk.settings.issuer}/login" in written[-1].body
    assert await find_mail(desk, written[0].id) == written[0]


async def test_nobody_is_written_to_unasked_or_for_nothing(desk: AdminDesk) -> None:
    await add_user(desk, AMY)
    with pytest.raises(TakenError):
        await add_user(desk, AMY, invite=True)
    assert await list_mail(desk) == []


async def test_in_production_nothing_is_kept(desk: AdminDesk) -> None:
    """Nobody would ever read it: what is not sent must not pile up."""
    production = replace(desk, settings=replace(desk.settings, local=False))
    await add_user(production, AMY, invite=True)
    assert await list_mail(desk) == []


async def test_mail_ends_after_thirty_days(desk: AdminDesk, clock: SettableClock) -> None:
    await add_user(desk, AMY, invite=True)
    (mail,) = await list_mail(desk)
    feed = Feed(store=desk.store, keys=desk.keys, settings=desk.settings, clock=clock)
    issuer = Issuer(
        settings=desk.settings,
        store=desk.store,
        clock=clock,
        keys=desk.keys,
        feed=feed,
        streams=Streams(feed=feed, store=desk.store, settings=desk.settings),
        secrets={},
        passwords=desk.passwords,
    )
    clock.advance(KEPT - 1)
    await tidy(issuer)
    assert await list_mail(desk) == [mail]
    clock.advance(1)
    with pytest.raises(UnknownError):
        await find_mail(desk, mail.id)
    assert await list_mail(desk) == []
    await tidy(issuer)
    counted = select(func.count()).select_from(outbox)
    assert await desk.store.read(lambda connection: connection.execute(counted).scalar_one()) == 0
