"""TLS by two flags, and a new certificate without a restart."""

import http.client
import shutil
import signal
import ssl
import subprocess
import time

import pytest


def make_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / f"{name}.key",
                    "-out", folder / f"{name}.crt"], check=True, capture_output=True)
    return folder / f"{name}.crt", folder / f"{name}.key"


def link(served, certificate):
    return http.client.HTTPSConnection("127.0.0.1", served.port, timeout=30,
                                       context=ssl.create_default_context(cafile=certificate))


def status(connection, served):
    connection.request("GET", "/api/v1", headers={"Authorization": f"Bearer {served.token}"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_a_certificate_is_replaced_while_clients_are_served(served, tmp_path):
    certificate, key = tmp_path / "served.crt", tmp_path / "served.key"
    first, second = make_certificate(tmp_path, "first"), make_certificate(tmp_path, "second")
    for made, used in zip(first, (certificate, key)):
        shutil.copy(made, used)
    served.start("--host", "0.0.0.0", "--tls-certificate", certificate, "--tls-key", key)
    assert served.url.startswith("https://")
    stands = link(served, first[0])
    assert status(stands, served) == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        status(link(served, second[0]), served)

    # Half of the pair is no pair: the server says so, and goes on with the old one.
    shutil.copy(second[0], certificate)
    served.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 30
    while "the certificate stays as it was" not in served.logged() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert status(link(served, first[0]), served) == 200

    shutil.copy(second[1], key)
    served.process.send_signal(signal.SIGHUP)
    while "certificate read again" not in served.logged() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert status(link(served, second[0]), served) == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        status(link(served, first[0]), served)
    assert status(stands, served) == 200, "who was connected goes on"

    to_server = ("--server", f"https://127.0.0.1:{served.port}", "--token-file", served.program.data_directory / "administrator.token")
    served.program.run("recommend", "list", *to_server, "--certificate-authority", second[0]).expect()
    refused = served.program.run("recommend", "list", *to_server, "--certificate-authority", first[0])
    assert refused.code != 0 and "certificate" in refused.stderr
    assert served.stop() == 0


def test_plain_http_towards_tls_is_no_answer_and_disturbs_nobody(served, tmp_path):
    certificate, key = make_certificate(tmp_path, "only")
    served.start("--tls-certificate", certificate, "--tls-key", key)
    with pytest.raises((http.client.HTTPException, OSError)):
        served.get("/health")
    assert status(link(served, certificate), served) == 200
