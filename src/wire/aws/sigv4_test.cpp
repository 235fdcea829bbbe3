#include "wire/aws/sigv4.h"

#include <gtest/gtest.h>

#include <random>

#include "core/hash.h"
#include "wire/aws/names.h"
#include "wire/aws/signer.h"
#include "wire/aws/testing.h"

namespace eunomia::wire::aws {
namespace {

using http::method;
using testing::one_key;
using testing::refused;
using testing::request_of;

constexpr std::int64_t minute = 60'000;
const std::int64_t now = *parse_date("20261122T041000Z");
const credentials us{std::string(testing::key_id), std::string(testing::secret)};
const destination runtime{"eu-central-1", "personalize"};
const destination s3{"eu-central-1", "s3"};

std::string digest_of(std::string_view body) {
  return core::to_hex(core::sha256(body));
}

http::request signed_post(std::int64_t at = now) {
  auto made = request_of(method::post, "/recommendations", {{"Host", "127.0.0.1"}, {"X-Amz-Target", "A.B"}}, "{}");
  sign(made, {us, runtime, at}, digest_of(made.body));
  return made;
}

http::request signed_put(std::int64_t at = now, std::string_view payload_hash = {}) {
  auto made = request_of(method::put, "/bucket/key?partNumber=2", {{"Host", "127.0.0.1"}}, "content");
  sign(made, {us, s3, at}, payload_hash.empty() ? digest_of(made.body) : payload_hash);
  return made;
}

http::request presigned_get(std::int64_t lifetime_s = 60) {
  auto made = request_of(method::get, "/bucket/key?versionId=3", {{"Host", "127.0.0.1"}});
  made.target = presigned_target(made, {us, s3, now}, lifetime_s, payload_name::is_unsigned);
  testing::read_query(made);
  return made;
}

std::string& value_of(http::request& in, std::string_view name) {
  for (http::header& each : in.headers) {
    if (each.name == name) {
      return each.value;
    }
  }
  throw std::out_of_range(std::string(name));
}

void replace(std::string& in, std::string_view what, std::string_view with) {
  const std::size_t at = in.find(what);
  ASSERT_NE(at, std::string::npos) << what;
  in.replace(at, what.size(), with);
}

// What became of it in both steps.
std::optional<refusal> outcome_of(const http::request& in, std::int64_t at = now) {
  const auto head = admit(in, one_key(), at);
  if (const refusal* why = refused(head)) {
    return *why;
  }
  return check_body(std::get<admitted>(head), core::sha256(in.body));
}

void expect_refused(const http::request& in, refusal_kind kind, std::int64_t at = now) {
  const auto why = outcome_of(in, at);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->kind, kind) << why->message;
  EXPECT_EQ(why->message.find(testing::secret), std::string::npos);
}

TEST(sigv4, a_signed_request_says_who_calls) {
  const auto head = admit(signed_post(), one_key(), now);
  ASSERT_FALSE(refused(head));
  EXPECT_EQ(std::get<admitted>(head).who.id, testing::key_id);
  EXPECT_EQ(std::get<admitted>(head).who.as, http::role::engineer);
  EXPECT_FALSE(outcome_of(signed_post()));
  EXPECT_FALSE(outcome_of(signed_put()));
  EXPECT_FALSE(outcome_of(presigned_get()));
}

TEST(sigv4, the_head_tells_what_is_still_to_check) {
  using check = admitted::still_to_check;
  const auto remaining = [](const http::request& in) { return std::get<admitted>(admit(in, one_key(), now)).remains; };
  EXPECT_EQ(remaining(signed_post()), check::body_signature);
  EXPECT_EQ(remaining(signed_put()), check::body_digest);
  EXPECT_EQ(remaining(signed_put(now, payload_name::is_unsigned)), check::nothing);
  EXPECT_EQ(remaining(signed_put(now, payload_name::signed_chunks)), check::chunks);
  EXPECT_EQ(remaining(signed_put(now, payload_name::signed_chunks_and_trailer)), check::chunks);
  EXPECT_EQ(remaining(signed_put(now, payload_name::unsigned_chunks_and_trailer)), check::chunks);
  EXPECT_EQ(remaining(presigned_get()), check::nothing);
}

TEST(sigv4, any_part_that_was_altered_is_noticed) {
  for (const auto make : {+[] { return signed_post(); }, +[] { return signed_put(); }}) {
    const auto altered = [&](auto change) {
      http::request in = make();
      change(in);
      testing::read_query(in);
      expect_refused(in, refusal_kind::signature_does_not_match);
    };
    altered([](http::request& in) { in.verb = method::delete_; });
    altered([](http::request& in) { in.target.insert(1, "x"); });
    altered([](http::request& in) { in.target += in.target.find('?') == std::string::npos ? "?a=b" : "&a=b"; });
    altered([](http::request& in) { value_of(in, "Host") = "127.0.0.2"; });
    altered([](http::request& in) { value_of(in, "X-Amz-Date").replace(9, 6, "041001"); });
    altered([](http::request& in) { in.headers.insert(in.headers.begin(), {"Host", "elsewhere"}); });
    altered([](http::request& in) { replace(value_of(in, "Authorization"), "eu-central-1", "eu-central-2"); });
    altered([](http::request& in) {
      std::string& text = value_of(in, "Authorization");
      text.back() = text.back() == '0' ? '1' : '0';
    });
  }
}

TEST(sigv4, a_body_that_was_altered_is_noticed_when_it_is_there) {
  http::request post = signed_post();
  post.body = "{ }";
  EXPECT_FALSE(refused(admit(post, one_key(), now)));
  expect_refused(post, refusal_kind::signature_does_not_match);
  http::request put = signed_put();
  put.body = "Content";
  EXPECT_FALSE(refused(admit(put, one_key(), now)));
  expect_refused(put, refusal_kind::digest_does_not_match);
}

TEST(sigv4, a_digest_that_was_altered_is_noticed_by_the_head) {
  http::request put = signed_put();
  put.body = "Content";
  value_of(put, "X-Amz-Content-Sha256") = digest_of(put.body);
  const auto head = admit(put, one_key(), now);
  ASSERT_TRUE(refused(head));
  EXPECT_EQ(refused(head)->kind, refusal_kind::signature_does_not_match);
}

TEST(sigv4, a_request_is_good_for_fifteen_minutes_before_and_after) {
  EXPECT_FALSE(outcome_of(signed_post(), now + 15 * minute));
  EXPECT_FALSE(outcome_of(signed_post(), now - 15 * minute));
  expect_refused(signed_post(), refusal_kind::signature_expired, now + 15 * minute + 1);
  expect_refused(signed_post(), refusal_kind::not_yet_current, now - 15 * minute - 1);
  EXPECT_EQ(outcome_of(signed_post(), now + 16 * minute)->message,
            "Signature expired: 20261122T041000Z is now earlier than 20261122T041100Z (20261122T042600Z - 15 min.)");
  EXPECT_EQ(outcome_of(signed_post(), now - 16 * minute)->message,
            "Signature not yet current: 20261122T041000Z is still later than 20261122T040900Z (20261122T035400Z + 15 "
            "min.)");
}

TEST(sigv4, a_presigned_url_is_good_until_it_expires) {
  EXPECT_FALSE(outcome_of(presigned_get(3600), now + 60 * minute - 1));
  expect_refused(presigned_get(3600), refusal_kind::presigned_expired, now + 60 * minute);
  expect_refused(presigned_get(3600), refusal_kind::not_yet_current, now - 16 * minute);
  EXPECT_FALSE(outcome_of(presigned_get(claim::max_lifetime_s)));
  EXPECT_FALSE(outcome_of(presigned_get(1)));
  expect_refused(presigned_get(claim::max_lifetime_s + 1), refusal_kind::incomplete_signature);
  expect_refused(presigned_get(0), refusal_kind::incomplete_signature);
  expect_refused(presigned_get(-1), refusal_kind::incomplete_signature);
}

TEST(sigv4, a_presigned_url_that_was_altered_is_refused) {
  const auto altered = [](std::string_view what, std::string_view with) {
    http::request in = presigned_get();
    replace(in.target, what, with);
    testing::read_query(in);
    expect_refused(in, refusal_kind::signature_does_not_match);
  };
  altered("versionId=3", "versionId=4");
  altered("versionId=3", "versionId=3&acl");
  altered("/key", "/kez");
  altered("X-Amz-Expires=60", "X-Amz-Expires=61");
  altered("T041000Z", "T041001Z");
}

TEST(sigv4, an_unknown_key_is_refused_as_such) {
  http::request in = signed_post();
  replace(value_of(in, "Authorization"), testing::key_id, "AKIAIOSFODNN7EXAMPLF");
  expect_refused(in, refusal_kind::unknown_access_key);
}

TEST(sigv4, who_does_not_sign_is_told_so) {
  const http::request in = request_of(method::get, "/", {{"Host", "127.0.0.1"}});
  EXPECT_FALSE(is_signed(in));
  expect_refused(in, refusal_kind::missing_authentication_token);
  const http::request bearer = request_of(method::get, "/", {{"Authorization", "Bearer eun_1_x"}});
  EXPECT_FALSE(is_signed(bearer));
  expect_refused(bearer, refusal_kind::missing_authentication_token);
  EXPECT_TRUE(is_signed(signed_post()));
  EXPECT_TRUE(is_signed(presigned_get()));
}

TEST(sigv4, what_cannot_be_read_names_the_part) {
  const auto said = [](std::string_view what, std::string_view with) {
    http::request in = signed_post();
    replace(value_of(in, "Authorization"), what, with);
    const auto why = outcome_of(in);
    EXPECT_TRUE(why);
    EXPECT_EQ(why->kind, refusal_kind::incomplete_signature);
    return why->message;
  };
  EXPECT_EQ(said("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256").find("The authorization mechanism"), 0U);
  EXPECT_EQ(said("SignedHeaders=", "Signature=").find("The Authorization header has"), 0U);
  EXPECT_EQ(said("Credential=", "Credentials=").find("The Authorization header has"), 0U);
  EXPECT_EQ(said(", Signature=", ", Signature=g").find("The signature has 64"), 0U);
  EXPECT_EQ(said("/aws4_request", "/aws3_request").find("Credential must have exactly 5"), 0U);
  EXPECT_EQ(said("/aws4_request", "/a/aws4_request").find("Credential must have exactly 5"), 0U);
  EXPECT_EQ(said("/eu-central-1", "/").find("Credential must have exactly 5"), 0U);
  EXPECT_EQ(said("/20261122/", "/20261121/").find("Date in Credential scope does not match"), 0U);
  EXPECT_EQ(said("SignedHeaders=host;", "SignedHeaders=").find("'Host' or ':authority'"), 0U);
  EXPECT_EQ(said("host;x-amz-date", "x-amz-date;host").find("SignedHeaders names each header once"), 0U);
  EXPECT_EQ(said("host;", "host;host;").find("SignedHeaders names each header once"), 0U);
  EXPECT_EQ(said("host;", "Host;").find("SignedHeaders names each header once"), 0U);
}

TEST(sigv4, a_date_must_be_one) {
  for (const std::string_view date :
       {"2026-11-22T04:10:00Z", "20261122T041000", "20261131T041000Z", "", "20261122T046000Z", "20261122T041000Z "}) {
    http::request in = signed_post();
    value_of(in, "X-Amz-Date") = date;
    expect_refused(in, refusal_kind::incomplete_signature);
  }
  http::request in = signed_post();
  in.headers.push_back({"x-amz-date", "20261122T041000Z"});
  expect_refused(in, refusal_kind::incomplete_signature);
}

TEST(sigv4, header_and_query_at_once_are_refused) {
  http::request in = presigned_get();
  in.headers.push_back({"Authorization", "Bearer eun_1_x"});
  expect_refused(in, refusal_kind::incomplete_signature);
  http::request twice = signed_post();
  twice.headers.push_back({"Authorization", value_of(twice, "Authorization")});
  expect_refused(twice, refusal_kind::incomplete_signature);
  http::request again = presigned_get();
  again.target += "&X-Amz-Expires=604800";
  testing::read_query(again);
  expect_refused(again, refusal_kind::incomplete_signature);
}

TEST(sigv4, a_header_of_aws_that_nobody_signed_is_refused) {
  for (http::request in : {signed_post(), signed_put(), presigned_get()}) {
    in.headers.push_back({"x-amz-acl", "public-read"});
    expect_refused(in, refusal_kind::headers_not_signed);
  }
  http::request other = signed_post();
  other.headers.push_back({"X-Forwarded-For", "192.0.2.1"});
  EXPECT_FALSE(outcome_of(other));
}

TEST(sigv4, only_s3_leaves_payloads_unsigned) {
  auto in = request_of(method::post, "/events",
                       {{"Host", "127.0.0.1"}, {"x-amz-content-sha256", std::string(payload_name::is_unsigned)}}, "{}");
  sign(in, {us, runtime, now}, payload_name::is_unsigned);
  expect_refused(in, refusal_kind::invalid_digest);
  http::request nonsense = signed_put(now, "nonsense");
  expect_refused(nonsense, refusal_kind::invalid_digest);
  http::request missing = signed_put();
  std::erase_if(missing.headers, [](const auto& each) { return each.name == "X-Amz-Content-Sha256"; });
  expect_refused(missing, refusal_kind::invalid_digest);
}

TEST(sigv4, what_only_reads_and_presigned_urls_may_come_again) {
  const claim by_header = std::get<claim>(read_claim(signed_put()));
  const claim by_query = std::get<claim>(read_claim(presigned_get()));
  EXPECT_TRUE(may_come_again(method::get, by_header));
  EXPECT_TRUE(may_come_again(method::head, by_header));
  EXPECT_FALSE(may_come_again(method::put, by_header));
  EXPECT_FALSE(may_come_again(method::post, by_header));
  EXPECT_TRUE(may_come_again(method::put, by_query));
}

// Strangers' bytes in every place that has any.
class any_request {
 public:
  explicit any_request(unsigned seed) : random_(seed) {}

  http::request next() {
    http::request made;
    made.verb = std::array{method::get, method::put, method::post, method::delete_}[below(4)];
    for (std::size_t i = 0, segments = 1 + below(4); i < segments; ++i) {
      made.target += "/" + percent_encoded(text(6));
    }
    for (std::size_t i = 0, parameters = below(4); i < parameters; ++i) {
      made.target += (i == 0 ? "?" : "&") + percent_encoded("p" + text(4)) + "=" + percent_encoded(text(6));
    }
    made.headers = {{"Host", "127.0.0.1"}};
    for (std::size_t i = 0, headers = below(4); i < headers; ++i) {
      made.headers.push_back({(below(2) == 0 ? "X-Amz-Meta-" : "Other-") + std::string(1 + below(2), 'a'), text(8)});
    }
    made.body = text(40);
    testing::read_query(made);
    return made;
  }
  std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); }

 private:
  std::string text(std::size_t longest) {
    constexpr std::string_view alphabet = "aZ09-._~ /%+&=;:*'()!@$,\"\xC3\xA9";
    std::string made;
    for (std::size_t i = 0, size = below(longest + 1); i < size; ++i) {
      made += alphabet[below(alphabet.size())];
    }
    return made;
  }
  std::mt19937 random_;
};

TEST(sigv4, what_is_signed_is_verified) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  any_request source(seed);
  for (int round = 0; round < 500; ++round) {
    const http::request plain = source.next();
    const destination& to = source.below(2) == 0 ? runtime : s3;
    http::request by_header = plain;
    sign(by_header, {us, to, now}, digest_of(plain.body));
    EXPECT_FALSE(outcome_of(by_header)) << by_header.target;
    http::request by_query = plain;
    by_query.target = presigned_target(plain, {us, to, now}, 60,
                                       to.service == "s3" ? payload_name::is_unsigned : digest_of(plain.body));
    testing::read_query(by_query);
    EXPECT_FALSE(outcome_of(by_query)) << by_query.target;
    by_header.target.insert(1, "x");
    EXPECT_TRUE(outcome_of(by_header)) << by_header.target;
  }
}

TEST(refusals, have_the_names_that_clients_look_for) {
  EXPECT_EQ(json_error_of(refusal_kind::unknown_access_key).code, "UnrecognizedClientException");
  EXPECT_EQ(s3_error_of(refusal_kind::unknown_access_key).code, "InvalidAccessKeyId");
  EXPECT_EQ(json_error_of(refusal_kind::signature_expired).code, "InvalidSignatureException");
  EXPECT_EQ(s3_error_of(refusal_kind::signature_expired).code, "RequestTimeTooSkewed");
  EXPECT_EQ(s3_error_of(refusal_kind::presigned_expired).code, "AccessDenied");
  EXPECT_EQ(json_error_of(refusal_kind::missing_authentication_token).code, "MissingAuthenticationTokenException");
  EXPECT_EQ(json_error_of(refusal_kind::already_used).code, "ThrottlingException");
  EXPECT_EQ(s3_error_of(refusal_kind::already_used).status, 503U);
}

}  // namespace
}  // namespace eunomia::wire::aws
