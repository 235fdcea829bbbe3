#pragma once

#include <string>
#include <string_view>

// Why a signed request is not let in, as a value: AWS's JSON services and S3 have other words for the same.
namespace eunomia::wire::aws {

enum class refusal_kind {
  missing_authentication_token,  // it is not signed
  incomplete_signature,          // what says who signed it cannot be read, or lacks a part
  unknown_access_key,            // or one that has expired or is revoked
  signature_does_not_match,
  signature_expired,      // signed too long ago
  not_yet_current,        // signed too far in the future
  presigned_expired,      // X-Amz-Expires is over
  headers_not_signed,     // x-amz-* headers that whoever carried the request might have added
  digest_does_not_match,  // the body is not what x-amz-content-sha256 says
  invalid_digest,         // x-amz-content-sha256 is nothing that is known
  already_used,           // see replay_window
  incomplete_body,        // aws-chunked: it ends too early, or is not as long as x-amz-decoded-content-length says
  malformed_body,         // aws-chunked: no framing
  malformed_trailer       // aws-chunked: other trailers than x-amz-trailer names
};

struct refusal {
  refusal_kind kind;
  std::string message;  // in AWS's words where it has some; names no secret
};

struct error_name {
  unsigned status = 400;
  std::string_view code;  // "InvalidSignatureException", as clients look for it
};
// Of the services that speak JSON, and of S3.
error_name json_error_of(refusal_kind kind) noexcept;
error_name s3_error_of(refusal_kind kind) noexcept;

}  // namespace eunomia::wire::aws
