#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// On what terms a credential is given: tokens and access keys have the same.
namespace eunomia::wire::access {

inline constexpr std::size_t max_label_bytes = 128;
inline constexpr std::uint32_t max_lifetime_days = 3650;
// Credentials that expired or were revoked are listed, and tokens say why they are refused, so long.
inline constexpr std::uint32_t keep_ended_days = 90;

// label: 1 to max_label_bytes of UTF-8 without control characters. what: "a token". Throw errc::invalid_argument.
void check_label(std::string_view what, std::string_view label);
void check_lifetime(std::string_view what, std::uint32_t lifetime_days);

// How long a credential is good. UTC ms.
struct validity {
  std::int64_t created_at = 0;
  std::int64_t expires_at = 0;  // 0: never
  std::int64_t revoked_at = 0;  // 0: not

  bool is_good(std::int64_t now) const { return revoked_at == 0 && (expires_at == 0 || now < expires_at); }
  // So long that it need not be listed any more.
  bool is_long_over(std::int64_t now) const;
};

}  // namespace eunomia::wire::access
