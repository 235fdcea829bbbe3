#include "wire/aws/sigv4_authenticator.h"

#include <gtest/gtest.h>

#include "core/hash.h"
#include "wire/aws/names.h"
#include "wire/aws/signer.h"
#include "wire/aws/testing.h"

namespace eunomia::wire::aws {
namespace {

using http::method;
using testing::one_key;
using testing::request_of;

const std::int64_t now = *parse_date("20261122T041000Z");
const credentials us{std::string(testing::key_id), std::string(testing::secret)};
constexpr std::string_view body = R"({"userId": "alice"})";

http::request signed_request(std::string_view service, std::string_view signed_body = body, std::int64_t at = now) {
  const destination to{"eu-central-1", std::string(service)};
  auto made = request_of(method::post, "/recommendations", {{"Host", "127.0.0.1"}});
  sign(made, {us, to, at}, core::to_hex(core::sha256(signed_body)));
  return made;
}

sigv4_authenticator json_services_of(std::string service = "personalize") {
  return {std::move(service), one_key(), json_error_of, [] { return now; }};
}

TEST(sigv4_authenticator, lets_in_who_signed_head_and_body) {
  const auto who_calls = json_services_of();
  const auto said = who_calls.authenticate(signed_request("personalize"));
  ASSERT_TRUE(said.who);
  EXPECT_EQ(said.who->id, testing::key_id);
  ASSERT_TRUE(said.guard);
  std::string seen;
  EXPECT_FALSE(said.guard->take(body.substr(0, 5), seen));
  EXPECT_FALSE(said.guard->take(body.substr(5), seen));
  EXPECT_FALSE(said.guard->finish());
  EXPECT_EQ(seen, body);
}

TEST(sigv4_authenticator, refuses_a_body_that_was_changed_on_the_way) {
  const auto who_calls = json_services_of();
  const auto said = who_calls.authenticate(signed_request("personalize"));
  ASSERT_TRUE(said.guard);
  std::string seen;
  EXPECT_FALSE(said.guard->take(R"({"userId": "mallory"})", seen));
  const auto against = said.guard->finish();
  ASSERT_TRUE(against);
  EXPECT_EQ(against->why.status, 403U);
  EXPECT_EQ(against->why.code, "InvalidSignatureException");
  EXPECT_TRUE(against->wrong_credential);
}

TEST(sigv4_authenticator, says_in_the_words_of_the_protocol_why_somebody_is_not_let_in) {
  const auto who_calls = json_services_of();
  const auto unsigned_one = who_calls.authenticate(request_of(method::post, "/", {{"Host", "h"}}));
  EXPECT_FALSE(unsigned_one.who);
  EXPECT_FALSE(unsigned_one.was_tried);
  EXPECT_EQ(unsigned_one.code, "MissingAuthenticationTokenException");
  EXPECT_EQ(unsigned_one.status, 403U);

  const auto of_nobody = sigv4_authenticator("personalize", one_key("EUNAOTHER"), json_error_of, [] {
                           return now;
                         }).authenticate(signed_request("personalize"));
  EXPECT_EQ(of_nobody.code, "UnrecognizedClientException");
  EXPECT_TRUE(of_nobody.was_tried);

  const sigv4_authenticator of_s3("s3", one_key(), s3_error_of, [] { return now; });
  const auto late = of_s3.authenticate([] {
    const destination to{"eu-central-1", "s3"};
    auto made = request_of(method::put, "/bucket/key", {{"Host", "127.0.0.1"}});
    sign(made, {us, to, now - 3'600'000}, payload_name::is_unsigned);
    return made;
  }());
  EXPECT_EQ(late.code, "RequestTimeTooSkewed");
  EXPECT_FALSE(late.was_tried) << "a clock that is wrong guesses no secret";
}

TEST(sigv4_authenticator, a_request_that_was_signed_for_another_service_is_refused) {
  const auto said = json_services_of().authenticate(signed_request("sagemaker"));
  EXPECT_FALSE(said.who);
  EXPECT_EQ(said.reason, "Credential should be scoped to correct service: 'personalize'.");
}

TEST(sigv4_authenticator, an_unsigned_payload_of_s3_has_nothing_to_check) {
  const sigv4_authenticator of_s3("s3", one_key(), s3_error_of, [] { return now; });
  const destination to{"eu-central-1", "s3"};
  auto made = request_of(method::put, "/bucket/key", {{"Host", "127.0.0.1"}});
  sign(made, {us, to, now}, payload_name::is_unsigned);
  const auto said = of_s3.authenticate(made);
  EXPECT_TRUE(said.who);
  EXPECT_FALSE(said.guard);
}

}  // namespace
}  // namespace eunomia::wire::aws
