#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/subject_handle.h"
#include "wire/recombee/parameters.h"

namespace eunomia::wire::recombee {

// What was recommended of late, so that a client may ask for what comes next (recommId): which request it was, and what
// it got. It knows people by their handles, so that nothing comes next for who was erased. In memory only, for
// given_lifetime_ms; the least lately given leave where there are max_lists. Any thread.
class given_lists {
 public:
  static constexpr std::size_t max_lists = 20'000;
  static constexpr std::size_t max_shown = 10'000;                // ids of one list, all its continuations together
  static constexpr std::int64_t given_lifetime_ms = 30 * 60'000;  // as at Recombee

  struct list {
    std::string database;
    std::string kind;                                         // of the request: "items-to-user"
    std::string item;                                         // that it was about; empty: none
    std::optional<core::subject_handle> user = std::nullopt;  // whom it was for
    parameters asked{core::json_value::of_object()};          // without the user
    std::vector<std::string> shown;
    std::int64_t calls = 0;  // for what comes next
    std::int64_t at = 0;     // UTC ms
  };

  // A new id, as Recombee's look.
  static std::string new_id();
  void keep(const std::string& id, list given);
  // Nothing where there is none of the database, or it is too long ago.
  std::optional<list> find(std::string_view database, const std::string& id, std::int64_t now);

 private:
  std::mutex mutex_;                               // of what follows
  std::list<std::pair<std::string, list>> lists_;  // the last kept first
  std::unordered_map<std::string, std::list<std::pair<std::string, list>>::iterator> places_;
};

}  // namespace eunomia::wire::recombee
