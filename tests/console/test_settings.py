"""The page of settings: what holds and why, and never a secret."""

from pathlib import Path

import pytest
from tests.console.running import Console

from watchword.config import load
from watchword.console.settings import tell_settings
from watchword.wiring import _setting

pytestmark = pytest.mark.anyio

SECRET = "correct horse"


async def test_every_setting_says_where_it_comes_from(console: Console, tmp_path: Path) -> None:
    file, secret = tmp_path / "watchword.toml", tmp_path / "password"
    file.write_text('[server]\nissuer = "https://auth.example.com"\n[admin]\nemail = "ada@example.com"\n')
    secret.write_text(SECRET)
    environment = {
        "WATCHWORD_DATABASE_URL": f"postgresql://watchword:{SECRET}@db/watchword",
        "WATCHWORD_SERVER_PORT": "8443",
        "WATCHWORD_ADMIN_PASSWORD_FILE": str(secret),
    }
    loaded = load(file, environment)
    tell_settings(console.application, map(_setting, loaded.explained))
    await console.sign_in()
    page = (await console.browser.get("/console/settings")).text
    assert SECRET not in page
    for one in loaded.explained:
        assert f'<span class="machine">{one.option.key}</span>' in page
    rows = {row.partition("</span>")[0]: row for row in page.split('<th scope="row"><span class="machine">')[1:]}
    for key, said in {
        "server.issuer": ("https://auth.example.com", "File", "watchword.toml", "must be given"),
        "server.port": ("8443", "Environment", "WATCHWORD_SERVER_PORT", "8400"),
        "admin.password": ("(secret)", "File of its own", "WATCHWORD_ADMIN_PASSWORD_FILE"),
        "database.url": ("(secret)", "Environment", "must be given"),
        "server.listen": ("127.0.0.1", "Default"),
    }.items():
        assert all(text in rows[key] for text in said), key
    assert "5 settings are not the default" in page
