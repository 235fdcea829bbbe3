#include "wire/aws/refusal.h"

namespace eunomia::wire::aws {

// An already used signature is answered with what every SDK waits and signs anew for: a client that tries again within
// the second of its first try signs the same bytes, and must get through at the next.
error_name json_error_of(refusal_kind kind) noexcept {
  switch (kind) {
    case refusal_kind::missing_authentication_token: return {403, "MissingAuthenticationTokenException"};
    case refusal_kind::incomplete_signature: return {400, "IncompleteSignatureException"};
    case refusal_kind::unknown_access_key: return {400, "UnrecognizedClientException"};
    case refusal_kind::headers_not_signed: return {400, "AccessDeniedException"};
    case refusal_kind::already_used: return {400, "ThrottlingException"};
    case refusal_kind::incomplete_body:
    case refusal_kind::malformed_body:
    case refusal_kind::malformed_trailer: return {400, "SerializationException"};
    case refusal_kind::signature_does_not_match:
    case refusal_kind::signature_expired:
    case refusal_kind::not_yet_current:
    case refusal_kind::presigned_expired:
    case refusal_kind::digest_does_not_match:
    case refusal_kind::invalid_digest: break;
  }
  return {403, "InvalidSignatureException"};
}

error_name s3_error_of(refusal_kind kind) noexcept {
  switch (kind) {
    case refusal_kind::incomplete_signature: return {400, "AuthorizationHeaderMalformed"};
    case refusal_kind::unknown_access_key: return {403, "InvalidAccessKeyId"};
    case refusal_kind::signature_does_not_match: return {403, "SignatureDoesNotMatch"};
    case refusal_kind::signature_expired:
    case refusal_kind::not_yet_current: return {403, "RequestTimeTooSkewed"};
    case refusal_kind::digest_does_not_match: return {400, "XAmzContentSHA256Mismatch"};
    case refusal_kind::invalid_digest: return {400, "InvalidArgument"};
    case refusal_kind::already_used: return {503, "SlowDown"};
    case refusal_kind::incomplete_body: return {400, "IncompleteBody"};
    case refusal_kind::malformed_body: return {400, "InvalidRequest"};
    case refusal_kind::malformed_trailer: return {400, "MalformedTrailerError"};
    case refusal_kind::missing_authentication_token:
    case refusal_kind::presigned_expired:
    case refusal_kind::headers_not_signed: break;
  }
  return {403, "AccessDenied"};
}

}  // namespace eunomia::wire::aws
