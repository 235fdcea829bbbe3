#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "wire/aws/refusal.h"
#include "wire/aws/sigv4.h"
#include "wire/http/route.h"

namespace eunomia::wire::aws {

// Who calls one service of AWS's, by Signature Version 4: the head is verified at once, and a signature or a digest of
// the body when it has come, before a handler runs; aws-chunked bodies reach handlers without their framing. Whether a
// signature was used before, the protocol asks (replay_window), because it knows what changes something.
class sigv4_authenticator final : public http::authenticator {
 public:
  using clock = std::function<std::int64_t()>;  // UTC ms
  // json_error_of or s3_error_of.
  using error_names = error_name (*)(refusal_kind) noexcept;

  // service: the signing name that requests must be scoped to, "personalize"; the region may be any.
  sigv4_authenticator(std::string service, key_lookup keys, error_names names, clock now);

  outcome authenticate(const http::request& head) const override;
  std::string challenge() const override { return "AWS4-HMAC-SHA256"; }

 private:
  std::string service_;
  key_lookup keys_;
  error_names names_;
  clock now_;
};

}  // namespace eunomia::wire::aws
