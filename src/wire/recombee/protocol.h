#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "wire/http/route.h"
#include "wire/recombee/batch.h"

namespace eunomia::wire::recombee {

// Recombee's API: /<database>/…, signed in the query. Requests are operations of one table, which a batch names too.
class protocol final : public http::protocol {
 public:
  static constexpr std::uint64_t max_body_bytes = std::uint64_t{1} << 20;
  static constexpr std::uint64_t max_batch_body_bytes = std::uint64_t{64} << 20;
  static constexpr std::size_t max_json_values = 100'000;  // of a body
  static constexpr std::size_t max_batch_json_values = 2'000'000;

  // Both must outlive it.
  protocol(const house& in, const http::authenticator& who_calls);

  std::string_view name() const override { return "recombee"; }
  // What is signed as Recombee's clients sign.
  bool claims(const http::request& head) const override;
  std::span<const http::route> routes() const override { return routes_; }
  const http::authenticator& credentials() const override { return who_calls_; }
  http::response answer_of(const http::request& head, const http::failure& why) const override;

 private:
  http::response answered(const operation& what, const http::request& request) const;
  http::response batch(const http::request& request) const;

  const house& in_;
  const http::authenticator& who_calls_;
  const operation_table operations_;
  std::vector<http::route> routes_;
};

}  // namespace eunomia::wire::recombee
