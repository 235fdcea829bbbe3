#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/digest.h"

// From a secret to a signature: AWS Signature Version 4, "Create a string to sign" and "Calculate the signature".
namespace eunomia::wire::aws {

// For what a signature is good: "20150830/us-east-1/s3/aws4_request".
struct credential_scope {
  std::string date;  // "20150830"
  std::string region;
  std::string service;

  std::string text() const;
};

// Signs in one scope, for a day at most: HMACs of the secret, the date, the region, the service and "aws4_request".
core::digest256 derived_key(std::string_view secret, const credential_scope& scope);

// What is being signed is said once, and then each piece of it.
struct signing_context {
  core::digest256 key;
  std::string date;   // "20150830T123600Z"
  std::string scope;  // credential_scope::text()

  // 64 lower-case hexadecimal digits. algorithm_name: "AWS4-HMAC-SHA256", or of chunks "…-PAYLOAD" and "…-TRAILER";
  // what: the lines after the scope.
  std::string sign(std::string_view algorithm_name, std::string_view what) const;
  // Of a canonical request: its head and the line of the payload's hash.
  std::string sign_request(std::string_view canonical_head, std::string_view payload_hash) const;
};

// UTC ms as "20150830T123600Z", and back; nothing for another text.
std::string format_date(std::int64_t ms);
std::optional<std::int64_t> parse_date(std::string_view text);

// In constant time.
bool is_same_signature(std::string_view a, std::string_view b) noexcept;
// 64 digits, lower case.
bool is_digest_text(std::string_view text) noexcept;

}  // namespace eunomia::wire::aws
