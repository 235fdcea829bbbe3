#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string_view>
#include <unordered_set>

namespace eunomia::wire::personalize {

// Of which sessions something may wait in a table, so that it is looked into for no other: hashes of all of which
// something does, and of some of which nothing does any more. Any thread; nobody else may write the table.
class session_notes {
 public:
  // Tells all sessions of which something waits.
  using reader = std::function<void(const std::function<void(std::string_view session)>& found)>;

  // read: called with the first question, and again once more than twice as many sessions as then, and fewest, came.
  session_notes(std::size_t fewest, reader read) : fewest_(fewest), read_(std::move(read)) {}

  bool may_have(std::string_view session);
  // Before something is kept of a session, and while it is written: it is noted, and the table is not read meanwhile.
  [[nodiscard]] std::shared_lock<std::shared_mutex> begin_keeping(std::string_view session);
  // Writing failed, and what was written may be there all the same, or come to be seen: it stays noted.
  void is_unsure(std::string_view session);

 private:
  bool is_due() const;
  void read();

  const std::size_t fewest_;
  const reader read_;
  std::shared_mutex keeping_;
  mutable std::mutex mutex_;  // of what follows
  bool was_read_ = false;
  std::size_t most_ = 0;
  std::unordered_set<std::size_t> noted_;
  std::unordered_set<std::size_t> unsure_;
};

}  // namespace eunomia::wire::personalize
