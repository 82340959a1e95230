"""Where the playground's sign-ins come back to: the state is anybody's to write."""

import pytest
from tests.console.running import ORIGIN, Console
from tests.console.statements import counted

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("state", ["", "start", "start.x", "web-app.x", "\x00.x", "x" * 4000, "nobody.x", "."])
async def test_no_answer_counts_that_nobody_waits_for(console: Console, state: str) -> None:
    await console.sign_in()
    with counted() as statements:
        answer = await console.browser.get(
            "/console/playground-callback", params={"state": state, "code": "c", "iss": ORIGIN}
        )
    assert answer.status_code == 400
    assert "No sign-in waits for this answer" in answer.text
    # What names no part is not even looked for: PostgreSQL would refuse a zero byte.
    asked = any("playground_runs" in statement for statement in statements)
    assert asked == (state.partition(".")[0] in {"start", "web-app"})
