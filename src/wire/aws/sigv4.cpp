#include "wire/aws/sigv4.h"

#include <fmt/format.h>

#include <utility>

#include "core/hash.h"
#include "core/time.h"
#include "wire/aws/canonical_request.h"
#include "wire/aws/names.h"

namespace eunomia::wire::aws {

namespace {

constexpr std::int64_t max_skew_ms = max_skew_s * core::milliseconds_per_second;

refusal does_not_match() {
  return {refusal_kind::signature_does_not_match,
          "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
          "Key and signing method."};
}

// S3 has a sentence of its own, which says less.
refusal too_old(const claim& says, std::int64_t now) {
  return {refusal_kind::signature_expired,
          fmt::format("Signature expired: {} is now earlier than {} ({} - {} min.)", says.date,
                      format_date(now - max_skew_ms), format_date(now), max_skew_s / 60)};
}

refusal too_new(const claim& says, std::int64_t now) {
  return {refusal_kind::not_yet_current,
          fmt::format("Signature not yet current: {} is still later than {} ({} + {} min.)", says.date,
                      format_date(now + max_skew_ms), format_date(now), max_skew_s / 60)};
}

std::optional<refusal> check_time(const claim& says, std::int64_t now) {
  if (says.signed_at > now + max_skew_ms) {
    return too_new(says, now);
  }
  if (says.where == placement::header) {
    return says.signed_at < now - max_skew_ms ? std::optional(too_old(says, now)) : std::nullopt;
  }
  const std::int64_t over = says.signed_at + says.lifetime_s * core::milliseconds_per_second;
  return over <= now ? std::optional(refusal{refusal_kind::presigned_expired, "Request has expired"}) : std::nullopt;
}

admitted::still_to_check remaining(payload signs) {
  switch (signs) {
    case payload::digest: return admitted::still_to_check::body_digest;
    case payload::body: return admitted::still_to_check::body_signature;
    case payload::not_signed: return admitted::still_to_check::nothing;
    case payload::signed_chunks:
    case payload::signed_chunks_and_trailer:
    case payload::unsigned_chunks_and_trailer: break;
  }
  return admitted::still_to_check::chunks;
}

std::optional<refusal> check_signature(const admitted& of, std::string_view payload_hash) {
  return is_same_signature(of.signer.sign_request(of.canonical, payload_hash), of.says.signature)
             ? std::nullopt
             : std::optional(does_not_match());
}

}  // namespace

or_refusal<admitted> admit(const http::request& head, const key_lookup& keys, std::int64_t now) {
  or_refusal<claim> read = read_claim(head);
  if (refusal* const why = std::get_if<refusal>(&read)) {
    return std::move(*why);
  }
  claim& says = std::get<claim>(read);
  const std::shared_ptr<const access::access_key> key = keys(says.access_key_id);
  if (!key) {
    return refusal{refusal_kind::unknown_access_key,
                   "The AWS Access Key Id you provided does not exist in our records: it was never made here, has "
                   "expired or is revoked."};
  }
  if (auto why = check_time(says, now)) {
    return std::move(*why);
  }
  admitted let_in;
  let_in.who = key->who;
  let_in.signer = {derived_key(key->secret, says.scope), says.date, says.scope.text()};
  let_in.canonical = canonical_head(head, says.signed_headers, path_rules_of(says.scope.service));
  let_in.remains = remaining(says.signs);
  let_in.says = std::move(says);
  if (let_in.remains != admitted::still_to_check::body_signature) {
    if (auto why = check_signature(let_in, let_in.says.payload_hash)) {
      return std::move(*why);
    }
  }
  return let_in;
}

std::optional<refusal> check_body(const admitted& request, const core::digest256& body) {
  const std::string digest = core::to_hex(body);
  if (request.remains == admitted::still_to_check::body_signature) {
    return check_signature(request, digest);
  }
  if (request.remains == admitted::still_to_check::body_digest && digest != request.says.payload_hash) {
    return refusal{refusal_kind::digest_does_not_match,
                   "The provided 'x-amz-content-sha256' header does not match what was computed."};
  }
  return std::nullopt;
}

bool may_come_again(http::method verb, const claim& says) noexcept {
  return verb == http::method::get || verb == http::method::head || verb == http::method::options ||
         says.where == placement::query;
}

}  // namespace eunomia::wire::aws
