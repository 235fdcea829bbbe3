"""Recombee's Python client, unmodified, over TLS, as it wants for batches."""

import subprocess

import pytest

from recombee_api_client.api_client import RecombeeClient

DATABASE = "shop"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Paths of a certificate for 127.0.0.1, and of its key."""
    folder = tmp_path_factory.mktemp("tls")
    key, chain = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", chain, "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return chain, key


class shop:
    """A server, and clients of its databases."""

    def __init__(self, served, certificate):
        self.served = served
        self.tls = ["--tls-certificate", certificate[0], "--tls-key", certificate[1]]
        self.plain = False

    def start(self, *arguments):
        """Over plain HTTP first, for what speaks Eunomia's own API; then over TLS."""
        self.served.start(*([] if self.plain else self.tls), "--erase-delay", 0, *arguments)
        return self

    def api(self, *arguments):
        """Starts anew without TLS, where `served` speaks Eunomia's own API."""
        if self.served.process is not None:
            self.served.stop()
        self.plain = True
        return self.start(*arguments).served

    def token(self, database=DATABASE, role="engineer"):
        made = self.served.post("/api/v1/access-keys", {"role": role, "label": f"recombee:{database}"}).expect(201).json
        return made["secret"]

    def client(self, token, database=DATABASE, protocol=None):
        return RecombeeClient(database, token, protocol=protocol or ("http" if self.plain else "https"),
                                       options={"base_uri": f"127.0.0.1:{self.served.port}"})


@pytest.fixture
def opened(served, certificate, monkeypatch):
    """A shop that was started without TLS, whose client may send what needs none."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    it = shop(served, certificate)
    it.api()
    return it


@pytest.fixture
def client(opened):
    """An engineer's, over TLS."""
    token = opened.token()
    opened.served.stop()
    opened.plain = False
    opened.start()
    made = opened.client(token)
    made.shop = opened
    return made
