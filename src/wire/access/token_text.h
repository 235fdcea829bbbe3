#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/digest.h"

// How tokens and their ids are written.
namespace eunomia::wire::access {

// 256 bits in base64url without padding (RFC 4648, section 5).
inline constexpr std::size_t secret_characters = 43;

struct token_parts {
  std::int64_t number = 0;  // of the id
  std::string_view secret;  // secret_characters of any kind
};

// "eun_7_..."; nothing when it is no token. The one way to write a number is the only one that is read.
std::optional<token_parts> parse_token(std::string_view text);
std::string token_text(std::int64_t number, std::string_view secret);

std::string id_text(std::int64_t number);  // "tok-7"
std::optional<std::int64_t> parse_id(std::string_view text);

std::string random_secret();
core::digest256 digest_of(std::string_view secret);

// What follows "Bearer" in the value of an Authorization header (RFC 9110, section 11.4: the scheme in any case, then
// spaces); nothing for another scheme.
std::optional<std::string_view> bearer_credential(std::string_view authorization);

}  // namespace eunomia::wire::access
