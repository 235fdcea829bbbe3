#include "wire/access/token_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/hash.h"
#include "core/seal.h"

namespace eunomia::wire::access {

namespace {

constexpr std::string_view token_prefix = "eun_";
constexpr std::string_view id_prefix = "tok-";

// A positive number without sign or leading zeros.
std::optional<std::int64_t> parse_number(std::string_view digits) {
  std::int64_t number = 0;
  const char* const begin = digits.data();
  const char* const end = begin + digits.size();
  const auto [stopped, problem] = std::from_chars(begin, end, number);
  if (problem != std::errc() || stopped != end || number <= 0 || digits.front() == '0') {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::optional<token_parts> parse_token(std::string_view text) {
  if (!text.starts_with(token_prefix)) {
    return std::nullopt;
  }
  text.remove_prefix(token_prefix.size());
  const std::size_t end_of_number = text.find('_');
  if (end_of_number == std::string_view::npos || text.size() - end_of_number - 1 != secret_characters) {
    return std::nullopt;
  }
  const std::optional<std::int64_t> number = parse_number(text.substr(0, end_of_number));
  return number ? std::optional(token_parts{*number, text.substr(end_of_number + 1)}) : std::nullopt;
}

std::string token_text(std::int64_t number, std::string_view secret) {
  return fmt::format("{}{}_{}", token_prefix, number, secret);
}

std::string id_text(std::int64_t number) {
  return fmt::format("{}{}", id_prefix, number);
}

std::optional<std::int64_t> parse_id(std::string_view text) {
  return text.starts_with(id_prefix) ? parse_number(text.substr(id_prefix.size())) : std::nullopt;
}

std::string random_secret() {
  std::array<std::byte, 32> bytes;
  core::random_bytes(bytes);
  std::string text = core::to_base64(core::bytes_view(bytes));
  core::wipe(bytes);
  text.resize(secret_characters);  // without the padding
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

core::digest256 digest_of(std::string_view secret) {
  return core::blake2b(secret);
}

std::optional<std::string_view> bearer_credential(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer";
  const std::size_t end = authorization.find(' ');
  const std::string_view named = authorization.substr(0, end);
  const bool same = std::equal(named.begin(), named.end(), scheme.begin(), scheme.end(),
                               [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
  if (!same || end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t first = authorization.find_first_not_of(' ', end);
  if (first == std::string_view::npos) {
    return std::string_view();
  }
  return authorization.substr(first, authorization.find_last_not_of(" \t") - first + 1);
}

}  // namespace eunomia::wire::access
