#include "wire/s3/reading.h"

#include <gtest/gtest.h>

#include "wire/s3/failure.h"

namespace eunomia::wire::s3 {
namespace {

http::request request_with(std::vector<http::header> headers) {
  http::request made;
  made.headers = std::move(headers);
  return made;
}

template <class Read>
error_answer refused_with(Read read) {
  try {
    read();
  } catch (const failed& problem) {
    return problem.answer();
  }
  return {0, "none", ""};
}

TEST(ranges, are_those_of_http) {
  const auto shown = [](std::string_view header, std::uint64_t size) {
    const auto range = range_of(header, size);
    return range ? std::to_string(range->offset) + "+" + std::to_string(range->length) : "all";
  };
  EXPECT_EQ(shown("bytes=0-0", 10), "0+1");
  EXPECT_EQ(shown("bytes=5-", 10), "5+5");
  EXPECT_EQ(shown("bytes=5-100", 10), "5+5");
  EXPECT_EQ(shown("bytes=-3", 10), "7+3");
  EXPECT_EQ(shown("bytes=-30", 10), "0+10");
  for (const char* const none : {"lines=1-2", "bytes=", "bytes=-", "bytes=5-4", "bytes=1-2,4-5", "bytes=x-1", "0-1"}) {
    EXPECT_EQ(shown(none, 10), "all") << none;
  }
  for (const auto& [header, size] :
       {std::pair<const char*, std::uint64_t>{"bytes=10-", 10}, {"bytes=-0", 10}, {"bytes=0-", 0}, {"bytes=-1", 0}}) {
    const error_answer why = refused_with([&] { range_of(header, size); });
    EXPECT_EQ(why.code, "InvalidRange") << header;
    EXPECT_EQ(why.status, 416U);
  }
}

TEST(headers, are_kept_with_an_object_as_they_came) {
  const auto kept = headers_of(request_with({{"content-type", "text/csv"},
                                             {"Content-Encoding", "aws-chunked, gzip"},
                                             {"cache-control", "no-cache"},
                                             {"X-Amz-Meta-Owner", "team"},
                                             {"x-amz-meta-owner", "and another"},
                                             {"X-Other", "not kept"}}));
  EXPECT_EQ(kept.content_type, "text/csv");
  EXPECT_EQ(kept.others.at("Content-Encoding"), "gzip");
  EXPECT_EQ(kept.others.at("Cache-Control"), "no-cache");
  EXPECT_EQ(kept.metadata.at("owner"), "team,and another");
  EXPECT_EQ(kept.metadata.size(), 1U);
  EXPECT_EQ(headers_of(request_with({{"Content-Encoding", "aws-chunked"}})).others.size(), 0U);
  EXPECT_EQ(refused_with([] { headers_of(request_with({{"x-amz-meta-a", "\xFF"}})); }).code, "InvalidArgument");
}

TEST(checksums_of_requests, stand_in_headers_or_behind_the_body) {
  EXPECT_EQ(expected_of(request_with({{"x-amz-checksum-sha256", "AA=="}})).computed,
            object::checksum_algorithm::sha256);
  http::request behind = request_with({{"x-amz-sdk-checksum-algorithm", "CRC32"}});
  behind.trailers = {{"x-amz-checksum-crc32", "BB=="}};
  EXPECT_EQ(expected_of(behind).value, "BB==");
  EXPECT_EQ(expected_of(request_with({{"x-amz-sdk-checksum-algorithm", "crc32c"}})).computed,
            object::checksum_algorithm::crc32c);
  EXPECT_FALSE(expected_of(request_with({})).computed);
  EXPECT_EQ(refused_with([] {
              expected_of(request_with({{"x-amz-checksum-sha256", "AA=="}, {"x-amz-checksum-crc32", "AA=="}}));
            }).code,
            "InvalidRequest");
  EXPECT_EQ(refused_with([] { expected_of(request_with({{"Content-MD5", "AA=="}})); }).code, "InvalidDigest");
}

TEST(conditions_of_requests, are_read_with_their_prefix) {
  const auto asked = conditions_of(request_with({{"If-None-Match", "\"a\", W/\"b\", *"},
                                                 {"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"},
                                                 {"If-Unmodified-Since", "yesterday"}}));
  EXPECT_EQ(asked.if_none_match, (std::vector<std::string>{"a", "b", "*"}));
  EXPECT_EQ(asked.if_modified_since, 784'111'777'000);
  EXPECT_FALSE(asked.if_unmodified_since);
  EXPECT_EQ(conditions_of(request_with({{"x-amz-copy-source-if-match", "c"}}), "x-amz-copy-source-").if_match,
            std::vector<std::string>{"c"});
}

TEST(sources_of_copies, are_a_bucket_and_a_key) {
  const auto plain = copy_source_of("/box/a%20b/c%2Bd");
  EXPECT_EQ(plain.bucket, "box");
  EXPECT_EQ(plain.key, "a b/c+d");
  EXPECT_EQ(copy_source_of("box/k?versionId=null").key, "k");
  EXPECT_EQ(refused_with([] { copy_source_of("box/k?versionId=7"); }).code, "NotImplemented");
  EXPECT_EQ(refused_with([] { copy_source_of("box"); }).code, "InvalidArgument");
}

TEST(wishes, that_cannot_be_met_are_refused) {
  for (const auto& wish : std::vector<http::header>{{"x-amz-server-side-encryption", "aws:kms"},
                                                    {"x-amz-acl", "public-read"},
                                                    {"x-amz-tagging", "a=b"},
                                                    {"x-amz-storage-class", "GLACIER"},
                                                    {"x-amz-object-lock-mode", "GOVERNANCE"}}) {
    EXPECT_EQ(refused_with([&] { refuse_unknown(request_with({wish})); }).code, "NotImplemented") << wish.name;
  }
  EXPECT_EQ(refused_with([] {
              refuse_unknown(request_with({{"x-amz-server-side-encryption", "AES256"}, {"x-amz-acl", "private"}}));
            }).code,
            "none");
}

}  // namespace
}  // namespace eunomia::wire::s3
