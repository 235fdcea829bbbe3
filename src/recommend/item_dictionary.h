#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/sql/database.h"

namespace eunomia::recommend {

// The item identifiers of a dataset and their handles, 0, 1, 2, ..., as an import meets them. What it adds is in
// memory until record(). For one thread.
class item_dictionary {
 public:
  item_dictionary(store::sql::database& sql, std::int64_t dataset);

  std::int64_t resolve(std::string_view id);
  std::uint64_t added() const { return ids_.size() - stored_; }
  // Writes what was added, within the caller's transaction; may be called again when that is repeated.
  // errc::failed_precondition when another import added items meanwhile.
  void record(store::sql::transaction& in) const;

  // All identifiers, by handle.
  static std::vector<std::string> load(store::sql::connection& in, std::int64_t dataset);

 private:
  const std::int64_t dataset_;
  std::deque<std::string> ids_;  // by handle; stays where it is
  std::size_t stored_ = 0;
  std::unordered_map<std::string_view, std::int64_t> handles_;
};

}  // namespace eunomia::recommend
