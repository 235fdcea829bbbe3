#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/digest.h"
#include "wire/access/access_key.h"
#include "wire/aws/claim.h"
#include "wire/aws/refusal.h"
#include "wire/aws/signature.h"
#include "wire/http/message.h"

// Who calls, by AWS Signature Version 4. An http::authenticator sees the head of a request alone, so a signature is
// verified in two steps: admit() by the head, check_body() when the body is there. What the head cannot prove is named
// by admitted::remains, and nothing may be done for the request before that is checked.
namespace eunomia::wire::aws {

inline constexpr std::int64_t max_skew_s = 15 * 60;

// Null for a key that there is not, or that has expired or is revoked.
using key_lookup = std::function<std::shared_ptr<const access::access_key>(std::string_view id)>;

// A request whose head is right.
struct admitted {
  enum class still_to_check {
    nothing,         // the body is not signed
    body_digest,     // the signature is verified; check_body compares the body with what was signed
    body_signature,  // the signature is of the body too: it is not verified before check_body
    chunks           // the signature is verified; those of the chunks are aws_chunked_decoder's
  };
  http::identity who;
  claim says;
  still_to_check remains = still_to_check::nothing;
  signing_context signer;  // of the key, the date and the scope: chunks are signed with it too
  std::string canonical;   // head of the canonical request
};

// now: UTC ms. Never throws for what a client sent.
or_refusal<admitted> admit(const http::request& head, const key_lookup& keys, std::int64_t now);

// body: SHA-256 of all of it, as it was received. Nothing when the request is whole and who() signed it. For
// still_to_check::chunks there is nothing left to say here.
std::optional<refusal> check_body(const admitted& request, const core::digest256& body);

// Whether the same bytes may be sent again: what only reads, and presigned URLs, which are made to be used until they
// expire. Everything else goes through a replay_window.
bool may_come_again(http::method verb, const claim& says) noexcept;

}  // namespace eunomia::wire::aws
