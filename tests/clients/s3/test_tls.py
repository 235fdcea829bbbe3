"""Over TLS clients leave the payload unsigned and send the checksum behind it."""

import subprocess

from s3_clients import client_of


def test_checksums_come_behind_the_body_over_tls(served, make_key_of, tmp_path):
    key_file, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key_file, "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    served.start()
    key = make_key_of(served)
    served.stop()
    served.start("--tls-certificate", certificate, "--tls-key", key_file)
    s3 = client_of(served, key, verify=str(certificate))
    s3.create_bucket(Bucket="box")
    body = b"0123456789" * 30_000
    for algorithm in ("CRC32", "SHA256"):
        put = s3.put_object(Bucket="box", Key="k", Body=body, ChecksumAlgorithm=algorithm, ContentEncoding="x-test")
        got = s3.get_object(Bucket="box", Key="k", ChecksumMode="ENABLED")
        assert got["Body"].read() == body and got["ContentEncoding"] == "x-test"
        assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
