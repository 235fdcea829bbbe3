#include "bench/gdprbench/audit_tail.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace eunomia::gdprbench {

audit_page::audit_page(std::vector<audit_block> blocks, std::size_t left_out)
    : blocks_(std::move(blocks)), left_out_(left_out) {
  for (const audit_block& one : blocks_) {
    size_ += one->size();
  }
  size_ -= left_out_;
}

void audit_tail::begin(audit_block newest) {
  {
    const std::lock_guard lock(mutex_);
    blocks_.clear();
    entries_ = 0;
  }
  add(std::move(newest));
}

void audit_tail::add(audit_block recorded) {
  if (recorded->empty()) {
    return;
  }
  const std::lock_guard lock(mutex_);
  entries_ += recorded->size();
  blocks_.push_back(std::move(recorded));
  while (entries_ - blocks_.front()->size() >= max_entries) {
    entries_ -= blocks_.front()->size();
    blocks_.pop_front();
  }
}

audit_page audit_tail::newest(std::size_t count) const {
  if (count == 0 || count > max_entries) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("1 to {} (max_entries) of the newest audit entries can be read at once, asked for {}",
                                  max_entries, count));
  }
  std::vector<audit_block> blocks;
  std::size_t found = 0;
  {
    const std::lock_guard lock(mutex_);
    for (auto block = blocks_.rbegin(); block != blocks_.rend() && found < count; ++block) {
      found += (*block)->size();
      blocks.push_back(*block);
    }
  }
  std::ranges::reverse(blocks);
  return {std::move(blocks), found - std::min(found, count)};
}

}  // namespace eunomia::gdprbench
