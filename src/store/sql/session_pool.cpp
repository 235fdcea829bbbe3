#include "store/sql/session_pool.h"

#include <fmt/format.h>

#include <algorithm>

namespace eunomia::store::sql {

session_pool::session_pool(std::string database, std::size_t limit, std::chrono::milliseconds patience, opener open)
    : database_(std::move(database)),
      limit_(std::max<std::size_t>(1, limit)),
      patience_(patience),
      open_(std::move(open)) {}

session_pool::lease::~lease() {
  if (session_) {
    pool_->give_back(std::move(session_));
  }
}

session_pool::lease session_pool::begin(session::mode for_what) {
  // Every idle session may turn out dead, after a restart of the server; the one opened after them is new.
  for (std::size_t dead = 0;; ++dead) {
    lease taken(*this, take());
    try {
      taken->begin(for_what);
      return taken;
    } catch (const connection_lost&) {
      if (dead >= limit_) {
        throw;
      }
    }
  }
}

void session_pool::forget_statements() {
  const std::lock_guard lock(mutex_);
  for (const auto& idle : idle_) {
    idle->forget_statements();
  }
}

std::unique_ptr<session> session_pool::take() {
  {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, patience_, [&] { return taken_ < limit_; })) {
      throw core::error(core::errc::unavailable,
                        fmt::format("database \"{}\": all of options::connections = {} are in use", database_, limit_));
    }
    ++taken_;
    if (!idle_.empty()) {
      std::unique_ptr<session> found = std::move(idle_.back());
      idle_.pop_back();
      return found;
    }
  }
  try {
    return open_();
  } catch (...) {
    give_back(nullptr);
    throw;
  }
}

void session_pool::give_back(std::unique_ptr<session> used) noexcept {
  if (used && !used->healthy()) {
    used.reset();
  }
  {
    const std::lock_guard lock(mutex_);
    --taken_;
    if (used) {
      idle_.push_back(std::move(used));
    }
  }
  freed_.notify_one();
}

}  // namespace eunomia::store::sql
