#include "wire/recombee/authenticator.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <charconv>
#include <optional>

#include "core/hash.h"
#include "wire/http/target.h"

namespace eunomia::wire::recombee {

namespace {

constexpr std::string_view sign_parameter = "hmac_sign=";
constexpr std::size_t signature_characters = 40;

http::authenticator::outcome refused(std::string reason, bool was_tried) {
  http::authenticator::outcome said;
  said.reason = std::move(reason);
  said.was_tried = was_tried;
  return said;
}

// What was signed, and the signature.
struct signed_target {
  std::string_view text;
  std::string_view signature;
};

std::optional<signed_target> split(std::string_view target) {
  const std::size_t at = target.rfind(sign_parameter);
  if (at == std::string_view::npos || at == 0 || (target[at - 1] != '&' && target[at - 1] != '?')) {
    return std::nullopt;
  }
  return signed_target{target.substr(0, at - 1), target.substr(at + sign_parameter.size())};
}

}  // namespace

std::string signature_of(std::string_view token, std::string_view path_and_query) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
  unsigned length = 0;
  HMAC(EVP_sha1(), token.data(), static_cast<int>(token.size()),
       reinterpret_cast<const unsigned char*>(path_and_query.data()), path_and_query.size(), made.data(), &length);
  return core::to_hex(std::as_bytes(std::span(made.data(), length)));
}

std::string label_of_database(std::string_view database) {
  return fmt::format("recombee:{}", database);
}

http::authenticator::outcome authenticator::authenticate(const http::request& head) const {
  const auto said = split(head.target);
  if (!said || said->signature.size() != signature_characters) {
    return refused("the request is not signed: its query ends in hmac_timestamp and hmac_sign", false);
  }
  const auto stamp = head.query_parameter("hmac_timestamp").value_or("");
  std::int64_t seconds = 0;
  const auto [end, fault] = std::from_chars(stamp.data(), stamp.data() + stamp.size(), seconds);
  constexpr std::int64_t last_second = 253'402'300'799;
  if (stamp.empty() || fault != std::errc() || end != stamp.data() + stamp.size() || seconds < 0 ||
      seconds > last_second) {
    return refused("hmac_timestamp is no number of seconds since 1970", false);
  }
  const std::int64_t now = now_();
  // A timestamp is cut to its second.
  if (seconds * 1000 + 999 < now - signature_lifetime_ms || seconds * 1000 > now + most_ahead_ms) {
    return refused(fmt::format("hmac_timestamp {} is not within {} s of the server's clock, {}", seconds,
                               signature_lifetime_ms / 1000, now / 1000),
                   false);
  }
  const std::string_view path = http::raw_path_of(head.target);
  const std::string_view database = path.substr(1, path.find('/', 1) - 1);
  bool matches = false;
  std::optional<http::identity> who;
  // All are compared, so that the time says nothing of which one it was.
  for (const auto& key : keys_(label_of_database(database), max_tokens_of_a_database)) {
    const std::string expected = signature_of(key->secret, said->text);
    if (core::equal_in_constant_time(core::as_bytes(expected), core::as_bytes(said->signature)) && !matches) {
      matches = true;
      who = key->who;
    }
  }
  if (!matches) {
    return refused(
        fmt::format("hmac_sign does not match: no token of this database made it. A token is the secret of an "
                    "access key with the label {}",
                    label_of_database("<database>")),
        true);
  }
  outcome good;
  good.who = std::move(who);
  return good;
}

}  // namespace eunomia::wire::recombee
