// Signatures that others made: AWS's signing test suite, the examples of S3's documentation, and botocore's.

#include <gtest/gtest.h>

#include <boost/describe.hpp>

#include "core/file.h"
#include "core/json.h"
#include "core/time.h"
#include "wire/aws/canonical_request.h"
#include "wire/aws/names.h"
#include "wire/aws/signer.h"
#include "wire/aws/sigv4.h"
#include "wire/aws/testing.h"
#include "wire/http/text.h"

namespace eunomia::wire::aws {
namespace {

using http::method;
using testing::one_key;
using testing::refused;
using testing::request_of;

struct suite_case {
  std::string name;
  std::string timestamp;
  bool normalize = true;
  std::string security_token;
  std::int64_t expiration_in_seconds = 0;
  bool omit_session_token = false;  // added when the request is signed
  std::string request;
  std::string header_canonical_request;
  std::string header_signed_request;
  std::string query_canonical_request;
  std::string query_signed_request;
};
BOOST_DESCRIBE_STRUCT(suite_case, (),
                      (name, timestamp, normalize, security_token, expiration_in_seconds, omit_session_token, request,
                       header_canonical_request, header_signed_request, query_canonical_request, query_signed_request))

std::ostream& operator<<(std::ostream& out, const suite_case& one) {
  return out << one.name;
}

struct suite {
  std::vector<suite_case> cases;
};
BOOST_DESCRIBE_STRUCT(suite, (), (cases))

constexpr std::string_view suite_key = "AKIDEXAMPLE";
constexpr std::string_view suite_secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

// The form of the suite: headers without a space after the colon, folded values, and targets that no client of HTTP
// sends, with spaces and UTF-8.
http::request read_request(std::string_view text) {
  const auto next_line = [&text] {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
  };
  http::request made;
  const std::string_view first = next_line();
  const std::size_t space = first.find(' ');
  made.verb = *http::method_named(first.substr(0, space));
  made.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  for (std::string_view line = next_line(); !line.empty(); line = next_line()) {
    if (line.front() == ' ') {
      made.headers.back().value += line;
      continue;
    }
    const std::size_t colon = line.find(':');
    made.headers.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
  }
  made.body = text;
  testing::read_query(made);
  return made;
}

class signing_test_suite : public ::testing::TestWithParam<suite_case> {
 protected:
  std::int64_t now() const { return core::parse_iso8601(GetParam().timestamp); }
  // The rules of the two kinds of services are tested with those of their cases that they have.
  path_rules rules() const { return {GetParam().normalize, true}; }
  // Who carried it added a header that nobody signed.
  bool token_was_added() const { return GetParam().omit_session_token; }

  void expect_verified(const http::request& in, std::string_view canonical_request) {
    const claim says = std::get<claim>(read_claim(in));
    const std::string digest(canonical_request.substr(canonical_request.rfind('\n') + 1));
    EXPECT_EQ(canonical_head(in, says.signed_headers, rules()) + digest, canonical_request);
    const signing_context context{derived_key(suite_secret, says.scope), says.date, says.scope.text()};
    EXPECT_EQ(context.sign_request(canonical_head(in, says.signed_headers, rules()), digest), says.signature);
    if (GetParam().normalize) {
      const auto head = admit(in, one_key(suite_key, suite_secret), now());
      ASSERT_FALSE(refused(head)) << refused(head)->message;
      EXPECT_FALSE(check_body(std::get<admitted>(head), core::sha256(in.body)));
    }
  }
};

TEST_P(signing_test_suite, is_verified_in_the_header) {
  const http::request in = read_request(GetParam().header_signed_request);
  if (token_was_added()) {
    EXPECT_EQ(refused(admit(in, one_key(suite_key, suite_secret), now()))->kind, refusal_kind::headers_not_signed);
  } else {
    expect_verified(in, GetParam().header_canonical_request);
  }
}

TEST_P(signing_test_suite, is_verified_in_the_query) {
  const http::request in = read_request(GetParam().query_signed_request);
  if (token_was_added()) {
    const auto head = admit(in, one_key(suite_key, suite_secret), now());
    EXPECT_TRUE(check_body(std::get<admitted>(head), core::sha256(in.body)));
  } else {
    expect_verified(in, GetParam().query_canonical_request);
  }
}

TEST_P(signing_test_suite, is_signed_alike) {
  if (!GetParam().normalize) {
    return;
  }
  const suite_case& one = GetParam();
  const http::request wanted = read_request(one.header_signed_request);
  http::request in = read_request(one.request);
  in.target = wanted.target;  // which get-space decodes
  const std::string digest(one.header_canonical_request.substr(one.header_canonical_request.rfind('\n') + 1));
  const credentials with{std::string(suite_key), std::string(suite_secret),
                         token_was_added() ? std::string() : one.security_token};
  const destination to{"us-east-1", "service"};
  if (!token_was_added()) {
    EXPECT_EQ(presigned_target(in, {with, to, now()}, one.expiration_in_seconds, digest),
              read_request(one.query_signed_request).target);
  }
  if (const auto signed_digest = wanted.header_named(header_name::content_sha256)) {
    in.headers.push_back({std::string(header_name::content_sha256), std::string(*signed_digest)});
  }
  sign(in, {with, to, now()}, digest);
  EXPECT_EQ(in.header_named("Authorization"), wanted.header_named("Authorization"));
}

INSTANTIATE_TEST_SUITE_P(
    of_aws, signing_test_suite,
    ::testing::ValuesIn(
        core::read_json<suite>(core::read_file(testing::data_file("aws_signing_test_suite.json"))).cases),
    [](const auto& one) {
      std::string name = one.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

// docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html.
class examples_of_s3 : public ::testing::Test {
 protected:
  const credentials example_{std::string(testing::key_id), std::string(testing::secret)};
  const destination s3_{"us-east-1", "s3"};
  const std::int64_t now_ = *parse_date("20130524T000000Z");

  std::string signature_of(method verb, std::string target, std::vector<http::header> headers,
                           std::string_view payload_hash = sha256_of_nothing) {
    headers.push_back({"Host", "examplebucket.s3.amazonaws.com"});
    http::request in = request_of(verb, std::move(target), std::move(headers));
    const std::string signature = sign(in, {example_, s3_, now_}, payload_hash);
    EXPECT_FALSE(refused(admit(in, one_key(), now_)));
    return signature;
  }
};

TEST_F(examples_of_s3, get_object) {
  EXPECT_EQ(signature_of(method::get, "/test.txt", {{"Range", "bytes=0-9"}}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(examples_of_s3, put_object) {
  EXPECT_EQ(signature_of(method::put, "/test%24file.text",
                         {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                         core::to_hex(core::sha256("Welcome to Amazon S3."))),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(examples_of_s3, get_bucket_lifecycle_and_list_objects) {
  EXPECT_EQ(signature_of(method::get, "/?lifecycle", {}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(signature_of(method::get, "/?max-keys=2&prefix=J", {}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_F(examples_of_s3, presigned_url) {
  http::request in = request_of(method::get, "/test.txt", {{"Host", "examplebucket.s3.amazonaws.com"}});
  in.target = presigned_target(in, {example_, s3_, now_}, 86'400, payload_name::is_unsigned);
  testing::read_query(in);
  EXPECT_EQ(in.query_parameter(query_name::signature),
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
  EXPECT_FALSE(refused(admit(in, one_key(), now_ + 86'399'000)));
  EXPECT_TRUE(refused(admit(in, one_key(), now_ + 86'400'000)));
}

struct named_header {
  std::string name;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(named_header, (), (name, value))

struct botocore_case {
  std::string name;
  std::string service;
  std::string method;
  std::string host;
  std::string target;
  std::vector<named_header> headers;
  std::string body;
  std::string security_token;
  std::int64_t expires = 0;  // 0: in the header
  std::string signed_target;
  std::string authorization;
  std::string content_sha256;
};
BOOST_DESCRIBE_STRUCT(botocore_case, (),
                      (name, service, method, host, target, headers, body, security_token, expires, signed_target,
                       authorization, content_sha256))

struct botocore_file {
  std::string made_with;
  std::string made_at;
  std::string date;
  std::string region;
  std::string access_key_id;
  std::string secret;
  std::vector<botocore_case> cases;
};
BOOST_DESCRIBE_STRUCT(botocore_file, (), (made_with, made_at, date, region, access_key_id, secret, cases))

TEST(botocore, signs_the_same) {
  const auto all = core::read_json<botocore_file>(core::read_file(testing::data_file("botocore_signatures.json")));
  ASSERT_GE(all.cases.size(), 9U);
  for (const botocore_case& one : all.cases) {
    SCOPED_TRACE(one.name);
    const credentials with{all.access_key_id, all.secret, one.security_token};
    const destination to{all.region, one.service};
    const std::int64_t now = *parse_date(all.date);
    std::vector<http::header> headers = {{"Host", one.host}};
    for (const named_header& each : one.headers) {
      headers.push_back({each.name, each.value});
    }
    http::request in = request_of(*http::method_named(one.method), one.target, headers, one.body);
    if (one.expires != 0) {
      in.target = presigned_target(in, {with, to, now}, one.expires, payload_name::is_unsigned);
      testing::read_query(in);
      http::request theirs = request_of(in.verb, one.signed_target, headers, one.body);
      EXPECT_EQ(in.query_parameter(query_name::signature), theirs.query_parameter(query_name::signature));
      in = theirs;
    } else {
      const std::string digest = core::to_hex(core::sha256(one.body));
      sign(in, {with, to, now}, one.content_sha256.empty() ? digest : one.content_sha256);
      EXPECT_EQ(in.header_named("Authorization"), one.authorization);
    }
    const auto head = admit(in, one_key(all.access_key_id, all.secret), now);
    ASSERT_FALSE(refused(head)) << refused(head)->message;
    EXPECT_FALSE(check_body(std::get<admitted>(head), core::sha256(in.body)));
  }
}

}  // namespace
}  // namespace eunomia::wire::aws
