#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/aws/canonical_request.h"
#include "wire/aws/signature.h"
#include "wire/http/message.h"

// The other side of sigv4.h: signs as AWS's SDKs do, for services of ours and theirs.
namespace eunomia::wire::aws {

struct credentials {
  std::string access_key_id;
  std::string secret;
  std::string security_token = {};  // of credentials that AWS lends for hours; empty: none
};

struct destination {
  std::string region;   // "eu-central-1"
  std::string service;  // "s3", "personalize": the signing name
};

// What a signature is made of: who, where to, and when (UTC ms).
struct signing {
  const credentials& with;
  const destination& to;
  std::int64_t now = 0;
};

// Adds X-Amz-Date, X-Amz-Security-Token where there is one, for S3 X-Amz-Content-Sha256, and Authorization. Signs all
// other headers but those that a proxy changes. verb, target and headers, Host among them, must be final. payload_hash:
// SHA-256 of the body in hexadecimal, or a payload_name. Returns the signature, which the first chunk of an aws-chunked
// body is signed with.
std::string sign(http::request& request, const signing& how, std::string_view payload_hash);

// The target of a presigned URL that is good for so many seconds: request.target with who signed it, over all of the
// request's headers. payload_hash: UNSIGNED-PAYLOAD for S3.
std::string presigned_target(const http::request& request, const signing& how, std::int64_t lifetime_s,
                             std::string_view payload_hash);

// The context that chunks are signed in.
signing_context context_of(const signing& how);

}  // namespace eunomia::wire::aws
