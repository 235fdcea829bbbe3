#include "wire/aws/aws_chunked.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "wire/aws/names.h"
#include "wire/aws/signer.h"
#include "wire/aws/testing.h"

namespace eunomia::wire::aws {
namespace {

using testing::request_of;

// docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html: 66,560 times "a", in
// chunks of 65,536 and 1,024.
class chunks_of_s3 : public ::testing::Test {
 protected:
  const credentials example_{std::string(testing::key_id), std::string(testing::secret)};
  const std::int64_t now_ = *parse_date("20130524T000000Z");

  http::request head_of(std::string_view payload_hash, std::vector<http::header> more) {
    http::request in = request_of(http::method::put, "/examplebucket/chunkObject.txt",
                                  {{"Host", "s3.amazonaws.com"},
                                   {"Content-Encoding", "aws-chunked"},
                                   {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                   {"x-amz-decoded-content-length", "66560"}});
    in.headers.insert(in.headers.end(), more.begin(), more.end());
    seed_ = sign(in, {example_, {"us-east-1", "s3"}, now_}, payload_hash);
    return in;
  }
  or_refusal<aws_chunked_decoder> decoder_of(const http::request& head) {
    return aws_chunked_decoder::of(head, std::get<admitted>(admit(head, testing::one_key(), now_)));
  }
  aws_chunked_decoder decoder(std::string_view payload_hash, std::vector<http::header> more) {
    return std::get<aws_chunked_decoder>(decoder_of(head_of(payload_hash, std::move(more))));
  }
  aws_chunked_decoder plain_decoder() { return decoder(payload_name::signed_chunks, {{"Content-Length", "66824"}}); }
  aws_chunked_decoder trailing_decoder() {
    return decoder(payload_name::signed_chunks_and_trailer, {{"x-amz-trailer", "x-amz-checksum-crc32c"}});
  }
  aws_chunked_decoder unsigned_decoder() {
    return decoder(payload_name::unsigned_chunks_and_trailer, {{"x-amz-trailer", "x-amz-checksum-crc32c"}});
  }

  // All at once, or in pieces of so many bytes.
  std::optional<refusal> decode(aws_chunked_decoder& with, std::string_view bytes, std::size_t piece = SIZE_MAX) {
    decoded_.clear();
    for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
      if (auto why = with.take(bytes.substr(at, piece), decoded_)) {
        return why;
      }
    }
    return with.finish();
  }
  void expect_refused(aws_chunked_decoder with, std::string_view bytes, refusal_kind kind, std::string_view named) {
    const auto why = decode(with, bytes);
    ASSERT_TRUE(why);
    EXPECT_EQ(why->kind, kind) << why->message;
    EXPECT_EQ(why->message.find(named), 0U) << why->message;
  }

  const std::string data_ = std::string(66'560, 'a');
  const std::string body_ = fmt::format(
      "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n{}\r\n"
      "400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n{}\r\n"
      "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n",
      std::string(65'536, 'a'), std::string(1'024, 'a'));
  const std::string trailing_body_ = fmt::format(
      "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n{}\r\n"
      "400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n{}\r\n"
      "0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
      "x-amz-checksum-crc32c:sOO8/Q==\r\n"
      "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
      std::string(65'536, 'a'), std::string(1'024, 'a'));
  const std::string unsigned_body_ =
      fmt::format("10000\r\n{}\r\n400\r\n{}\r\n0\r\nx-amz-checksum-crc32c:sOO8/Q==\r\n\r\n", std::string(65'536, 'a'),
                  std::string(1'024, 'a'));
  std::string seed_;
  std::string decoded_;
};

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST_F(chunks_of_s3, are_taken_however_they_arrive) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, SIZE_MAX}) {
    auto plain = plain_decoder();
    EXPECT_EQ(seed_, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
    EXPECT_FALSE(decode(plain, body_, piece));
    EXPECT_TRUE(decoded_ == data_);
    EXPECT_TRUE(plain.trailers().empty());

    auto trailing = trailing_decoder();
    EXPECT_EQ(seed_, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
    EXPECT_FALSE(decode(trailing, trailing_body_, piece));
    EXPECT_TRUE(decoded_ == data_);
    ASSERT_EQ(trailing.trailers().size(), 1U);
    EXPECT_EQ(trailing.trailers()[0].name, "x-amz-checksum-crc32c");
    EXPECT_EQ(trailing.trailers()[0].value, "sOO8/Q==");

    auto bare = unsigned_decoder();
    EXPECT_FALSE(decode(bare, unsigned_body_, piece));
    EXPECT_TRUE(decoded_ == data_);
    EXPECT_EQ(bare.trailers().size(), 1U);
  }
}

TEST_F(chunks_of_s3, name_the_one_that_was_altered) {
  const auto kind = refusal_kind::signature_does_not_match;
  expect_refused(plain_decoder(), replaced(body_, "aaaa", "aaba"), kind, "Chunk 1:");
  expect_refused(plain_decoder(), replaced(body_, "a\r\n0;", "b\r\n0;"), kind, "Chunk 2:");
  expect_refused(plain_decoder(), replaced(body_, "=ad80", "=bd80"), kind, "Chunk 1:");
  expect_refused(plain_decoder(), replaced(body_, "=b6c6", "=c6c6"), kind, "Chunk 3:");
  expect_refused(trailing_decoder(), replaced(trailing_body_, "sOO8", "sOO9"), kind, "The trailers after chunk 3:");
  expect_refused(trailing_decoder(), replaced(trailing_body_, ":d81f", ":e81f"), kind, "The trailers after chunk 3:");
  // Chunks of another request, and of the other form.
  expect_refused(trailing_decoder(), body_, kind, "Chunk 1:");
}

TEST_F(chunks_of_s3, must_be_as_long_as_the_head_says) {
  const auto kind = refusal_kind::incomplete_body;
  for (const std::string& body : {body_.substr(0, body_.size() - 1), body_.substr(0, 66'000), body_.substr(0, 10)}) {
    auto with = plain_decoder();
    const auto why = decode(with, body);
    ASSERT_TRUE(why);
    EXPECT_EQ(why->kind, kind);
  }
  expect_refused(unsigned_decoder(), "10401\r\n", kind, "Chunk 1: it has 66561 bytes, and x-amz-decoded");
  expect_refused(unsigned_decoder(), "0\r\n", kind, "Chunk 1: the body ends 66560 bytes before");
  expect_refused(unsigned_decoder(), "ffffffffffffffff\r\n", kind, "Chunk 1:");
}

TEST_F(chunks_of_s3, must_be_framed) {
  const auto kind = refusal_kind::malformed_body;
  for (const std::string_view line :
       {"\r\n", "-1\r\n", "1g\r\n", "10000000000000000\r\n", "1\n", " 1\r\n", ";a=b\r\n"}) {
    expect_refused(unsigned_decoder(), line, kind, "Chunk 1:");
  }
  expect_refused(unsigned_decoder(), "1\r\naa\r\n", kind, "Chunk 1: more data than its size");
  expect_refused(unsigned_decoder(), std::string(300, '0'), kind, "Chunk 1: its line is longer than 256 bytes");
  expect_refused(plain_decoder(), "10000\r\n", kind, "Chunk 1: its line has no chunk-signature");
  expect_refused(plain_decoder(), body_ + "x", kind, "Chunk 3: bytes follow the end");
}

TEST_F(chunks_of_s3, have_the_trailers_that_the_head_names) {
  const auto kind = refusal_kind::malformed_trailer;
  const std::string_view named = "The trailers after chunk 3:";
  expect_refused(unsigned_decoder(), replaced(unsigned_body_, "crc32c", "sha256"), kind, named);
  expect_refused(unsigned_decoder(), replaced(unsigned_body_, "x-amz-checksum-crc32c:sOO8/Q==\r\n", ""), kind, named);
  expect_refused(unsigned_decoder(), replaced(unsigned_body_, "\r\n\r\n", "\r\nx-other:1\r\n\r\n"), kind, named);
  expect_refused(unsigned_decoder(), replaced(unsigned_body_, ":sOO8", ""), kind, named);
  expect_refused(unsigned_decoder(), replaced(unsigned_body_, "sOO8", std::string(5000, 'x')), kind, named);
}

TEST_F(chunks_of_s3, may_end_trailers_as_they_are_signed) {
  auto with = trailing_decoder();
  EXPECT_FALSE(decode(with, replaced(trailing_body_, "Q==\r\n", "Q==\n\r\n")));
}

TEST_F(chunks_of_s3, need_the_length_in_the_head) {
  for (const std::string_view value : {"", "-1", "1.5", "99999999999999999999"}) {
    http::request head = head_of(payload_name::signed_chunks, {});
    const auto let_in = std::get<admitted>(admit(head, testing::one_key(), now_));
    for (http::header& each : head.headers) {
      each.value = each.name == header_name::decoded_content_length ? std::string(value) : each.value;
    }
    const auto made = aws_chunked_decoder::of(head, let_in);
    ASSERT_TRUE(std::holds_alternative<refusal>(made));
    EXPECT_EQ(std::get<refusal>(made).kind, refusal_kind::malformed_body);
  }
}

}  // namespace
}  // namespace eunomia::wire::aws
