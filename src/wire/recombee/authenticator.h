#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wire/access/access_key.h"
#include "wire/http/route.h"

namespace eunomia::wire::recombee {

// The lower-case hexadecimal HMAC-SHA1 that a token makes of a path with its query.
std::string signature_of(std::string_view token, std::string_view path_and_query);

// The label of the access keys whose secrets are tokens of a database: "recombee:shop".
std::string label_of_database(std::string_view database);

// Who calls, by Recombee's signatures: the first segment of the path is the database, and the last parameter of the
// query, hmac_sign, is HMAC-SHA1(token, everything before it). The request does not say whose token it is, so those of
// the access keys that carry the database's label are tried (docs/decisions/0032). The body is not signed.
class authenticator final : public http::authenticator {
 public:
  using clock = std::function<std::int64_t()>;  // UTC ms
  using key_lookup = std::function<std::vector<std::shared_ptr<const access::access_key>>(std::string_view label,
                                                                                          std::size_t at_most)>;
  static constexpr std::size_t max_tokens_of_a_database = 16;
  // How old a signature may be (Recombee: 30 seconds), and how far ahead the client's clock.
  static constexpr std::int64_t signature_lifetime_ms = 30'000;
  static constexpr std::int64_t most_ahead_ms = 30'000;

  authenticator(key_lookup keys, clock now) : keys_(std::move(keys)), now_(std::move(now)) {}

  outcome authenticate(const http::request& head) const override;
  std::string challenge() const override { return "HMAC"; }

 private:
  key_lookup keys_;
  clock now_;
};

}  // namespace eunomia::wire::recombee
