#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/subject_handle.h"
#include "recommend/preferences.h"
#include "recommend/session_knn.h"

namespace eunomia::recommend {

// Training sessions and, for each item, those that have it. Sessions are numbered by age, the newest 0, so that posting
// lists ascend from new to old and comparing numbers compares recency. Immutable.
class session_index {
 public:
  session_index(const preferences& rows, const session_knn_parameters& parameters);

  // The index that the rows without these subjects give; gone ascending.
  session_index without(std::span<const core::subject_handle> gone) const;

  std::uint32_t sessions() const { return static_cast<std::uint32_t>(subject_.size()); }
  std::uint32_t items() const { return static_cast<std::uint32_t>(posting_begin_.size() - 1); }
  // Ascending.
  std::span<const item_position> items_of(std::uint32_t session) const {
    return {item_.data() + item_begin_[session], item_.data() + item_begin_[session + 1]};
  }
  // Ascending: the newest first.
  std::span<const std::uint32_t> sessions_with(item_position item) const {
    return {posting_.data() + posting_begin_[item], posting_.data() + posting_begin_[item + 1]};
  }

 private:
  session_index() = default;
  void make_postings(std::uint32_t items);

  std::vector<core::subject_handle> subject_;  // of each session
  std::vector<std::uint64_t> item_begin_ = {0};
  std::vector<item_position> item_;
  std::vector<std::uint64_t> posting_begin_;
  std::vector<std::uint32_t> posting_;
};

}  // namespace eunomia::recommend
