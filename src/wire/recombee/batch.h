#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "wire/recombee/call.h"

namespace eunomia::wire::recombee {

// Every operation there is.
class operation_table {
 public:
  operation_table();

  const std::vector<operation>& all() const { return all_; }
  struct match {
    const operation* what = nullptr;
    std::map<std::string, std::string> path;  // what stands for its {names}
  };
  // By a path without database and query, as it was sent; null where there is none.
  match find(http::method verb, std::string_view path) const;

 private:
  std::vector<operation> all_;
};

inline constexpr std::size_t max_batch_requests = 10'000;
// Writes of requests that follow each other are stored together, so many at a time.
inline constexpr std::size_t most_pending = 1'000;

// Body members, and the parameters of a query as text, but for the signature's.
parameters parameters_of(core::json_value body, const std::vector<http::parameter>& query);
// What an exception is to a client; a defect of ours is logged.
reply refusal_of(const std::exception& problem);

// Runs the requests of a batch one after another, as each would be run by itself, with the rights of who sent it.
// Answers
// [{"code", "json"}], one for each. distinct: recommendations of one user have no item twice.
core::json_value run_batch(const house& in, const operation_table& all, const std::string& database,
                           const core::json_value& requests, const http::identity& who, bool distinct);

}  // namespace eunomia::wire::recombee
