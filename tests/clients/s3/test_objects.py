import datetime
import hashlib
import io
import os
import urllib.error
import urllib.request

import pytest
from s3_clients import client_of, code_of


def test_an_object_is_read_as_it_was_put(s3, box):
    body = os.urandom(300_000)
    put = s3.put_object(Bucket=box, Key="a/b.bin", Body=body, ContentType="application/x-test", CacheControl="no-cache",
                        Metadata={"owner": "team", "run": "17"})
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert put["ChecksumCRC32"]
    got = s3.get_object(Bucket=box, Key="a/b.bin")
    assert got["Body"].read() == body
    assert got["ContentType"] == "application/x-test" and got["CacheControl"] == "no-cache"
    assert got["Metadata"] == {"owner": "team", "run": "17"}
    head = s3.head_object(Bucket=box, Key="a/b.bin", ChecksumMode="ENABLED")
    assert head["ContentLength"] == len(body) and head["ETag"] == put["ETag"]
    assert head["ChecksumCRC32"] == put["ChecksumCRC32"]
    assert abs((datetime.datetime.now(datetime.timezone.utc) - head["LastModified"]).total_seconds()) < 600
    s3.put_object(Bucket=box, Key="a/b.bin", Body=b"")
    assert s3.get_object(Bucket=box, Key="a/b.bin")["Body"].read() == b""
    s3.delete_object(Bucket=box, Key="a/b.bin")
    s3.delete_object(Bucket=box, Key="a/b.bin")
    assert code_of(s3.get_object, Bucket=box, Key="a/b.bin") == "NoSuchKey"
    assert code_of(s3.head_object, Bucket=box, Key="a/b.bin") == "404"


def test_a_range_is_read_alone(s3, box):
    body = os.urandom(200_000)
    s3.put_object(Bucket=box, Key="k", Body=body)
    for asked, expected in [("bytes=0-0", body[:1]), ("bytes=65535-65536", body[65535:65537]),
                            ("bytes=199990-", body[199990:]), ("bytes=-7", body[-7:]),
                            ("bytes=100-999999999", body[100:])]:
        got = s3.get_object(Bucket=box, Key="k", Range=asked)
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert got["Body"].read() == expected, asked
        assert got["ContentRange"].endswith("/200000")
    assert code_of(s3.get_object, Bucket=box, Key="k", Range="bytes=200000-") == "InvalidRange"


@pytest.mark.parametrize("key", ["with space", "a+b", "100%", "a%2Fb", "ünïcödé/日本", "//twice", "/front", "end/", "a//b",
                                 "./a", "../up", "a/./b/../c", "..", "q?x=1&y=2", "h#ash", "a=b;c,d:e@f!$'()*~", "<&\">",
                                 "tab\tand\nline", "x" * 1024, "deep/" * 200])
def test_a_key_is_any_text(s3, box, key):
    body = key.encode()
    s3.put_object(Bucket=box, Key=key, Body=body)
    assert s3.get_object(Bucket=box, Key=key)["Body"].read() == body
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=box)["Contents"]] == [key]
    assert [each["Key"] for each in s3.list_objects(Bucket=box)["Contents"]] == [key]
    s3.copy_object(Bucket=box, Key="copy", CopySource={"Bucket": box, "Key": key})
    assert s3.get_object(Bucket=box, Key="copy")["Body"].read() == body
    gone = s3.delete_objects(Bucket=box, Delete={"Objects": [{"Key": key}, {"Key": "copy"}, {"Key": "never"}]}) \
        if "\t" not in key else s3.delete_object(Bucket=box, Key=key)
    assert "Errors" not in gone
    assert "\t" in key or s3.list_objects_v2(Bucket=box)["KeyCount"] == 0


def test_listings_come_in_pages(s3, box):
    names = sorted([f"run-{i:03}/metrics" for i in range(30)] + [f"top-{i:03}" for i in range(30)])
    for name in names:
        s3.put_object(Bucket=box, Key=name, Body=name.encode())
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=box, PaginationConfig={"PageSize": 7})
    assert [each["Key"] for page in pages for each in page["Contents"]] == names
    old = s3.get_paginator("list_objects").paginate(Bucket=box, PaginationConfig={"PageSize": 7})
    assert [each["Key"] for page in old for each in page["Contents"]] == names
    folded = list(s3.get_paginator("list_objects_v2").paginate(Bucket=box, Delimiter="/", PaginationConfig={"PageSize": 7}))
    assert [each["Prefix"] for page in folded for each in page.get("CommonPrefixes", [])] == [f"run-{i:03}/" for i in range(30)]
    assert [each["Key"] for page in folded for each in page.get("Contents", [])] == [f"top-{i:03}" for i in range(30)]
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=box, Prefix="top-", StartAfter="top-027")["Contents"]] == \
        ["top-028", "top-029"]
    first = s3.list_objects_v2(Bucket=box, MaxKeys=1)
    assert first["IsTruncated"] and first["Contents"][0]["Size"] == len("run-000/metrics")


def test_many_are_deleted_at_once(s3, box):
    for i in range(20):
        s3.put_object(Bucket=box, Key=f"k{i}", Body=b"x")
    said = s3.delete_objects(Bucket=box, Delete={"Objects": [{"Key": f"k{i}"} for i in range(15)]})
    assert len(said["Deleted"]) == 15
    quiet = s3.delete_objects(Bucket=box, Delete={"Objects": [{"Key": f"k{i}"} for i in range(15, 20)], "Quiet": True})
    assert "Deleted" not in quiet
    assert s3.list_objects_v2(Bucket=box)["KeyCount"] == 0


def test_what_is_there_decides(s3, box):
    etag = s3.put_object(Bucket=box, Key="k", Body=b"one", IfNoneMatch="*")["ETag"]
    assert code_of(s3.put_object, Bucket=box, Key="k", Body=b"two", IfNoneMatch="*") == "PreconditionFailed"
    assert code_of(s3.put_object, Bucket=box, Key="k", Body=b"two", IfMatch='"0"') == "PreconditionFailed"
    assert code_of(s3.get_object, Bucket=box, Key="k", IfMatch='"0"') == "PreconditionFailed"
    assert code_of(s3.get_object, Bucket=box, Key="k", IfNoneMatch=etag) == "304"
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    assert code_of(s3.get_object, Bucket=box, Key="k", IfModifiedSince=later) == "304"
    assert s3.get_object(Bucket=box, Key="k", IfUnmodifiedSince=later)["Body"].read() == b"one"
    s3.put_object(Bucket=box, Key="k", Body=b"two", IfMatch=etag)
    assert s3.get_object(Bucket=box, Key="k")["Body"].read() == b"two"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_are_compared_and_kept(s3, box, algorithm):
    put = s3.put_object(Bucket=box, Key="k", Body=b"hello", ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket=box, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"hello"
    assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    assert code_of(s3.put_object, Bucket=box, Key="k", Body=b"other", **{f"Checksum{algorithm}": put[f"Checksum{algorithm}"]}) \
        == "BadDigest"
    assert code_of(s3.put_object, Bucket=box, Key="k", Body=b"other", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==") == "BadDigest"
    assert code_of(s3.put_object, Bucket=box, Key="k", Body=b"other", ContentMD5="none") == "InvalidDigest"
    assert s3.get_object(Bucket=box, Key="k")["Body"].read() == b"hello"


def test_objects_are_copied(s3, box):
    s3.create_bucket(Bucket="other")
    s3.put_object(Bucket=box, Key="from me", Body=b"content", ContentType="text/csv", Metadata={"a": "1"})
    s3.copy_object(Bucket="other", Key="to", CopySource={"Bucket": box, "Key": "from me"})
    assert s3.head_object(Bucket="other", Key="to")["Metadata"] == {"a": "1"}
    s3.copy_object(Bucket="other", Key="to", CopySource=f"{box}/from me", MetadataDirective="REPLACE",
                   Metadata={"b": "2"}, ContentType="text/plain")
    head = s3.head_object(Bucket="other", Key="to")
    assert head["Metadata"] == {"b": "2"} and head["ContentType"] == "text/plain"
    assert code_of(s3.copy_object, Bucket=box, Key="x", CopySource=f"{box}/none") == "NoSuchKey"
    assert code_of(s3.copy_object, Bucket=box, Key="from me", CopySource=f"{box}/from me") == "InvalidRequest"


def test_large_files_come_in_parts(s3, box, tmp_path):
    from boto3.s3.transfer import TransferConfig
    body = os.urandom(20_000_000)
    (tmp_path / "file").write_bytes(body)
    parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    s3.upload_file(str(tmp_path / "file"), box, "big", ExtraArgs={"Metadata": {"m": "1"}}, Config=parts)
    head = s3.head_object(Bucket=box, Key="big")
    assert head["ETag"].endswith('-4"') and head["ContentLength"] == len(body) and head["Metadata"] == {"m": "1"}
    s3.download_file(box, "big", str(tmp_path / "back"), Config=parts)
    assert (tmp_path / "back").read_bytes() == body
    whole = s3.get_object(Bucket=box, Key="big")
    assert whole["Body"].read() == body
    s3.copy({"Bucket": box, "Key": "big"}, box, "copied", Config=parts)
    assert s3.get_object(Bucket=box, Key="copied")["Body"].read() == body
    second = s3.get_object(Bucket=box, Key="big", PartNumber=2)
    assert second["PartsCount"] == 4 and second["Body"].read() == body[5 << 20:10 << 20]
    said = s3.get_object_attributes(Bucket=box, Key="big", ObjectAttributes=["ETag", "ObjectSize", "ObjectParts"])
    assert said["ObjectSize"] == len(body) and said["ObjectParts"]["TotalPartsCount"] == 4


def test_uploads_in_parts_are_listed_and_aborted(s3, box):
    upload = s3.create_multipart_upload(Bucket=box, Key="k")["UploadId"]
    named = {"Bucket": box, "Key": "k", "UploadId": upload}
    etag = s3.upload_part(**named, PartNumber=1, Body=b"one")["ETag"]
    s3.upload_part(**named, PartNumber=2, Body=b"two")
    assert [each["PartNumber"] for each in s3.list_parts(**named)["Parts"]] == [1, 2]
    assert s3.list_parts(**named, MaxParts=1)["NextPartNumberMarker"] == 1
    assert s3.list_multipart_uploads(Bucket=box)["Uploads"][0]["UploadId"] == upload
    part = {"PartNumber": 1, "ETag": etag}
    assert code_of(s3.complete_multipart_upload, **named, MultipartUpload={"Parts": [{"PartNumber": 3, "ETag": etag}]}) \
        == "InvalidPart"
    assert code_of(s3.complete_multipart_upload, **named, MultipartUpload={"Parts": [part, part]}) == "InvalidPartOrder"
    assert code_of(s3.delete_bucket, Bucket=box) == "BucketNotEmpty"
    s3.abort_multipart_upload(**named)
    assert code_of(s3.list_parts, **named) == "NoSuchUpload"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=box)


def test_urls_are_signed_for_others(running, make_key, s3, box):
    # botocore signs URLs by version 2 unless it is told otherwise.
    old = s3.generate_presigned_url("get_object", Params={"Bucket": box, "Key": "k"}, ExpiresIn=60)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(old)
    assert refused.value.code == 403 and b"<Code>AccessDenied</Code>" in refused.value.read()

    s3 = client_of(running, make_key(), signature_version="s3v4")
    put = s3.generate_presigned_url("put_object", Params={"Bucket": box, "Key": "by url"}, ExpiresIn=60)
    with urllib.request.urlopen(urllib.request.Request(put, data=b"from urllib", method="PUT")) as said:
        assert said.status == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": box, "Key": "by url",
                                                          "ResponseContentType": "text/x-asked"}, ExpiresIn=60)
    for _ in range(2):
        with urllib.request.urlopen(get) as said:
            assert said.read() == b"from urllib" and said.headers["Content-Type"] == "text/x-asked"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(get.replace("by%20url", "other"))
    assert refused.value.code == 403 and b"<Code>SignatureDoesNotMatch</Code>" in refused.value.read()


def test_headers_of_the_answer_that_no_header_may_be_are_refused(s3, box):
    s3.put_object(Bucket=box, Key="k", Body=b"x")
    for asked in ({"ResponseContentType": "text/plain\r\nX-Evil: 1"}, {"ResponseContentDisposition": "x\r\n\r\nbody"},
                  {"ResponseCacheControl": "\x01"}):
        assert code_of(s3.get_object, Bucket=box, Key="k", **asked) == "InvalidArgument", asked
    named = s3.get_object(Bucket=box, Key="k", ResponseContentDisposition='attachment; filename="a\tb"')
    assert named["ContentDisposition"] == 'attachment; filename="a\tb"'


def test_streams_are_put(s3, box):
    s3.upload_fileobj(io.BytesIO(b"streamed"), box, "k")
    into = io.BytesIO()
    s3.download_fileobj(box, "k", into)
    assert into.getvalue() == b"streamed"


def test_buckets_are_made_and_removed(s3):
    s3.create_bucket(Bucket="one", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert code_of(s3.create_bucket, Bucket="one") == "BucketAlreadyOwnedByYou"
    assert code_of(s3.create_bucket, Bucket="api") == "InvalidBucketName"
    assert code_of(s3.create_bucket, Bucket="Upper", ) == "InvalidBucketName"
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["one"]
    s3.head_bucket(Bucket="one")
    assert s3.get_bucket_location(Bucket="one")["LocationConstraint"] is None
    assert "Status" not in s3.get_bucket_versioning(Bucket="one")
    assert code_of(s3.head_bucket, Bucket="two") == "404"
    assert code_of(s3.list_objects_v2, Bucket="two") == "NoSuchBucket"
    assert code_of(s3.put_object, Bucket="two", Key="k", Body=b"") == "NoSuchBucket"
    assert code_of(s3.get_bucket_policy, Bucket="one") == "NoSuchBucketPolicy"
    assert code_of(s3.put_bucket_versioning, Bucket="one", VersioningConfiguration={"Status": "Enabled"}) == "NotImplemented"
    s3.put_object(Bucket="one", Key="k", Body=b"x")
    assert code_of(s3.delete_bucket, Bucket="one") == "BucketNotEmpty"
    s3.delete_object(Bucket="one", Key="k")
    s3.delete_bucket(Bucket="one")
    assert s3.list_buckets()["Buckets"] == []


def test_what_cannot_be_done_is_said(s3, box):
    assert code_of(s3.put_object, Bucket=box, Key="k", Body=b"x", ServerSideEncryption="aws:kms") == "NotImplemented"
    assert code_of(s3.put_object, Bucket=box, Key="k", Body=b"x", Metadata={"m": "x" * 3000}) == "MetadataTooLarge"
    assert code_of(s3.get_object, Bucket=box, Key="k", VersionId="17") == "NotImplemented"
    assert code_of(s3.put_object, Bucket=box, Key="k" * 1025, Body=b"x") == "KeyTooLongError"
