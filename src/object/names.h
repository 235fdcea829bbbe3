#pragma once

#include <cstddef>
#include <string_view>

namespace eunomia::object {

inline constexpr std::size_t min_bucket_name_bytes = 3;
inline constexpr std::size_t max_bucket_name_bytes = 63;
inline constexpr std::size_t max_key_bytes = 1024;

// S3's rules for general purpose buckets: 3 to 63 of a-z, 0-9, '.' and '-'; a letter or a digit at either end; no two
// dots beside each other; no IPv4 address. Throws refused::invalid_bucket_name.
void check_bucket_name(std::string_view name);

// 1 to max_key_bytes of UTF-8 without U+0000. Throws refused::key_too_long, refused::invalid_key.
void check_key(std::string_view key);

}  // namespace eunomia::object
