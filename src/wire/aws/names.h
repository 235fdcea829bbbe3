#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "wire/http/text.h"

// What Signature Version 4 calls things on the wire.
namespace eunomia::wire::aws {

inline constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view s3_service = "s3";
inline constexpr std::string_view sha256_of_nothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

namespace header_name {
inline constexpr std::string_view prefix = "x-amz-";
inline constexpr std::string_view date = "x-amz-date";
inline constexpr std::string_view content_sha256 = "x-amz-content-sha256";
inline constexpr std::string_view security_token = "x-amz-security-token";
inline constexpr std::string_view decoded_content_length = "x-amz-decoded-content-length";
inline constexpr std::string_view trailer = "x-amz-trailer";
}  // namespace header_name

namespace query_name {
inline constexpr std::string_view algorithm = "X-Amz-Algorithm";
inline constexpr std::string_view credential = "X-Amz-Credential";
inline constexpr std::string_view date = "X-Amz-Date";
inline constexpr std::string_view expires = "X-Amz-Expires";
inline constexpr std::string_view signed_headers = "X-Amz-SignedHeaders";
inline constexpr std::string_view security_token = "X-Amz-Security-Token";
inline constexpr std::string_view signature = "X-Amz-Signature";
}  // namespace query_name

namespace payload_name {
inline constexpr std::string_view is_unsigned = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view signed_chunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
inline constexpr std::string_view signed_chunks_and_trailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
inline constexpr std::string_view unsigned_chunks_and_trailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
}  // namespace payload_name

// Headers are signed under names in lower case.
inline std::string lower_case(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), http::lower);
  return lower;
}

// "host;x-amz-date"
inline std::string joined_names(std::span<const std::string> names) {
  std::string joined;
  for (const std::string& name : names) {
    joined.append(joined.empty() ? "" : ";").append(name);
  }
  return joined;
}

}  // namespace eunomia::wire::aws
