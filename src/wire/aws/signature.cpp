#include "wire/aws/signature.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/hash.h"
#include "core/time.h"
#include "wire/aws/names.h"

namespace eunomia::wire::aws {

namespace {

constexpr std::string_view terminator = "aws4_request";
constexpr std::size_t digest_digits = 64;

core::digest256 hmac(const core::digest256& key, std::string_view text) {
  return core::hmac_sha256(core::bytes_view(key.bytes), core::as_bytes(text));
}

}  // namespace

std::string credential_scope::text() const {
  return fmt::format("{}/{}/{}/{}", date, region, service, terminator);
}

core::digest256 derived_key(std::string_view secret, const credential_scope& scope) {
  const core::digest256 of_day = core::hmac_sha256("AWS4" + std::string(secret), scope.date);
  return hmac(hmac(hmac(of_day, scope.region), scope.service), terminator);
}

std::string signing_context::sign(std::string_view algorithm_name, std::string_view what) const {
  return core::to_hex(hmac(key, fmt::format("{}\n{}\n{}\n{}", algorithm_name, date, scope, what)));
}

std::string signing_context::sign_request(std::string_view canonical_head, std::string_view payload_hash) const {
  core::sha256_hasher request;
  request.update(canonical_head);
  request.update(payload_hash);
  return sign(algorithm, core::to_hex(request.finish()));
}

std::string format_date(std::int64_t ms) {
  std::string text = core::format_iso8601(ms);  // 2015-08-30T12:36:00.000Z
  text.erase(19, 4);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  constexpr std::string_view form = "00000000T000000Z";
  const bool fits = std::equal(text.begin(), text.end(), form.begin(), form.end(),
                               [](char c, char wanted) { return wanted == '0' ? c >= '0' && c <= '9' : c == wanted; });
  if (!fits) {
    return std::nullopt;
  }
  try {
    return core::parse_iso8601(fmt::format("{}-{}-{}T{}:{}:{}Z", text.substr(0, 4), text.substr(4, 2),
                                           text.substr(6, 2), text.substr(9, 2), text.substr(11, 2),
                                           text.substr(13, 2)));
  } catch (const core::error&) {  // the 31st of February
    return std::nullopt;
  }
}

bool is_same_signature(std::string_view a, std::string_view b) noexcept {
  return core::equal_in_constant_time(core::as_bytes(a), core::as_bytes(b));
}

bool is_digest_text(std::string_view text) noexcept {
  return text.size() == digest_digits &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace eunomia::wire::aws
