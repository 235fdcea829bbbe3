#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "bench/gdprbench/record_changes.h"

namespace eunomia::gdprbench {

// Entries of an audit log that follow each other, oldest of them first.
class audit_page {
 public:
  audit_page() = default;
  // The blocks but for the first entries of the first of them.
  audit_page(std::vector<audit_block> blocks, std::size_t left_out);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Of one that is not empty.
  const subject::recorded_audit_entry& front() const { return blocks_.front()->at(left_out_); }
  const subject::recorded_audit_entry& back() const { return blocks_.back()->back(); }

  template <class Visit>
  void each(Visit visit) const {
    std::size_t first = left_out_;
    for (const audit_block& block : blocks_) {
      for (std::size_t i = std::exchange(first, 0); i < block->size(); ++i) {
        visit((*block)[i]);
      }
    }
  }

 private:
  std::vector<audit_block> blocks_;
  std::size_t left_out_ = 0;
  std::size_t size_ = 0;
};

// The newest entries of an audit log, as they were recorded: who asks for them reads no table. Any thread.
class audit_tail {
 public:
  static constexpr std::size_t max_entries = 1000;

  // Forgets what it had.
  void begin(audit_block newest);
  // The block that was recorded behind all others.
  void add(audit_block recorded);
  // The newest, all where there are fewer. errc::invalid_argument for 0 or more than max_entries.
  audit_page newest(std::size_t count) const;

 private:
  mutable std::mutex mutex_;
  std::deque<audit_block> blocks_;  // none is empty
  std::size_t entries_ = 0;
};

}  // namespace eunomia::gdprbench
