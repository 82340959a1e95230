"""An issuer inside your tests: real keys, real signatures, your own guard, no network and no mocks.

Your application stays as it is. While the issuer is active it answers for every address at which a verifier of this
process looks for keys, and the tokens it signs pass or fail as the real issuer's would.

    def test_orders(client, auth_headers):                     # fixtures of the pytest plugin that comes with this
        answer = client.get("/orders", headers=auth_headers("alice", scopes=["orders:read"]))
        assert answer.status_code == 200

    def test_orders_of_nobody(client, issuer):
        token = issuer.token("alice", scopes=["orders:read"])
        issuer.revoke(token)
        assert client.get("/orders", headers={"Authorization": f"Bearer {token}"}).status_code == 401

    def test_the_page(client):
        with signed_in("alice", scopes=["orders:read"]):       # every request that shows no token shows this one
            assert client.get("/orders").status_code == 200
"""

from watchword.verify.testing.fake_issuer import FakeIssuer
from watchword.verify.testing.signed_in import signed_in

__all__ = ["FakeIssuer", "signed_in"]
