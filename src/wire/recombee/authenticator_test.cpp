#include "wire/recombee/authenticator.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/hash.h"
#include "wire/http/target.h"

namespace eunomia::wire::recombee {
namespace {

constexpr std::int64_t now_s = 1'700'000'000;

// Two tokens of "shop", one of "other".
std::vector<std::shared_ptr<const access::access_key>> keys(std::string_view label, std::size_t at_most) {
  EXPECT_EQ(at_most, authenticator::max_tokens_of_a_database);
  const auto key = [](std::string id, http::role as, std::string secret) {
    return std::make_shared<const access::access_key>(
        access::access_key{http::identity{std::move(id), as}, std::move(secret)});
  };
  if (label == "recombee:shop") {
    return {key("EUNA1", http::role::engineer, "first"), key("EUNA2", http::role::service, "second")};
  }
  return label == "recombee:other" ? std::vector{key("EUNA3", http::role::engineer, "third")}
                                   : std::vector<std::shared_ptr<const access::access_key>>();
}

std::string signed_target(std::string_view token, std::string path, std::int64_t moment = now_s) {
  path += fmt::format("{}hmac_timestamp={}", path.find('?') == std::string::npos ? '?' : '&', moment);
  return fmt::format("{}&hmac_sign={}", path, signature_of(token, path));
}

http::authenticator::outcome outcome_of(const std::string& target) {
  http::request head;
  head.target = target;
  EXPECT_FALSE(http::read_target(target, head)) << target;
  return authenticator(keys, [] { return now_s * 1000; }).authenticate(head);
}

// The id of who called; empty: nobody.
std::string caller(const std::string& target) {
  const auto said = outcome_of(target);
  return said.who ? said.who->id : "";
}

TEST(recombee_authenticator, signs_as_hmac_sha1_does) {
  // RFC 2202, test case 2.
  EXPECT_EQ(signature_of("Jefe", "what do ya want for nothing?"), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST(recombee_authenticator, finds_who_signed_among_the_tokens_of_the_database) {
  EXPECT_EQ(caller(signed_target("first", "/shop/items/list/")), "EUNA1");
  EXPECT_EQ(caller(signed_target("second", "/shop/items/list/?count=5")), "EUNA2");
  EXPECT_EQ(caller(signed_target("third", "/other/")), "EUNA3");
  EXPECT_EQ(caller(signed_target("third", "/shop/items/list/")), "") << "a token of another database";
  EXPECT_EQ(caller(signed_target("first", "/nobody/items/list/")), "");
}

TEST(recombee_authenticator, lets_a_signature_live_for_half_a_minute) {
  EXPECT_EQ(caller(signed_target("first", "/shop/", now_s - 30)), "EUNA1");
  EXPECT_EQ(caller(signed_target("first", "/shop/", now_s + 30)), "EUNA1");
  for (const std::int64_t moment : {now_s - 32, now_s + 31, std::int64_t{-1}, std::int64_t{0}, INT64_MAX}) {
    const auto said = outcome_of(signed_target("first", "/shop/", moment));
    EXPECT_FALSE(said.who) << moment;
    EXPECT_FALSE(said.was_tried) << "a wrong clock is no guess";
  }
}

TEST(recombee_authenticator, refuses_what_was_not_signed) {
  const std::string good = signed_target("first", "/shop/items/list/?count=5");
  for (const std::string& wrong :
       {good + "0", good.substr(0, good.size() - 1), good + "&count=6", std::string("/shop/?hmac_timestamp=1700000000"),
        std::string("/shop/?hmac_sign="), std::string("/shop/"), "/shop/items/list/?count=6" + good.substr(25),
        std::string("/?hmac_timestamp=1700000000&hmac_sign=") + std::string(40, 'a')}) {
    EXPECT_EQ(caller(wrong), "") << wrong;
  }
  std::string upper = good;
  upper.back() = upper.back() == 'a' ? 'b' : 'a';
  const auto said = outcome_of(upper);
  EXPECT_FALSE(said.who);
  EXPECT_TRUE(said.was_tried) << "such failures are slowed down";
}

}  // namespace
}  // namespace eunomia::wire::recombee
