#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "wire/aws/refusal.h"
#include "wire/aws/signature.h"
#include "wire/http/message.h"

namespace eunomia::wire::aws {

template <class T>
using or_refusal = std::variant<T, refusal>;

// Where a request says who signed it.
enum class placement {
  header,  // Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…
  query    // a presigned URL: X-Amz-Algorithm=…&X-Amz-Credential=…
};

// What the last line of a canonical request stands for.
enum class payload {
  digest,         // SHA-256 of the body, known from x-amz-content-sha256
  body,           // SHA-256 of the body, known when the body is there
  not_signed,     // nothing: UNSIGNED-PAYLOAD, S3 only
  signed_chunks,  // aws-chunked bodies, S3 only: see aws_chunked.h
  signed_chunks_and_trailer,
  unsigned_chunks_and_trailer
};

// What a request says of its signature; nothing of it is verified.
struct claim {
  static constexpr std::size_t max_signed_headers = 128;
  static constexpr std::int64_t max_lifetime_s = 7 * 24 * 60 * 60;

  placement where = placement::header;
  std::string access_key_id;
  credential_scope scope;
  std::string date;                         // "20150830T123600Z"
  std::int64_t signed_at = 0;               // UTC ms
  std::int64_t lifetime_s = 0;              // of a presigned URL: 1 to max_lifetime_s
  std::vector<std::string> signed_headers;  // lower case, ascending; "host" is among them
  std::string signature;                    // 64 lower-case hexadecimal digits
  payload signs = payload::body;
  std::string payload_hash;  // the last line, empty for payload::body
};

// Whether a request is signed in any version: whether a protocol of AWS's may be meant.
bool is_signed(const http::request& head);

// Refused: missing_authentication_token, incomplete_signature, headers_not_signed, invalid_digest.
or_refusal<claim> read_claim(const http::request& head);

}  // namespace eunomia::wire::aws
