#pragma once

#include <span>
#include <string>
#include <string_view>

#include "wire/http/message.h"

// The one form of a request that both sides sign: AWS Signature Version 4, "Create a canonical request"
// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
namespace eunomia::wire::aws {

// S3 signs the path of an object, where "a//b" and "a/../b" are names of their own. All other services sign it without
// empty, "." and ".." segments, and with what was sent percent-encoded once more.
struct path_rules {
  bool normalised = true;
  bool encoded_again = true;
};
path_rules path_rules_of(std::string_view service) noexcept;

// Percent-encodes all but A-Z a-z 0-9 - . _ ~ (RFC 3986, section 2.3).
std::string percent_encoded(std::string_view text);

// Of a target as it was sent.
std::string canonical_path(std::string_view target, path_rules rules);
// Decoded and encoded anew, ordered, without X-Amz-Signature. A '+' is a space, as handlers see it: what is signed is
// what is done.
std::string canonical_query(std::string_view target);

// Everything up to the last line, which is the hash of the payload and may become known later. names: of the signed
// headers, lower case, ascending.
std::string canonical_head(const http::request& in, std::span<const std::string> names, path_rules rules);

}  // namespace eunomia::wire::aws
