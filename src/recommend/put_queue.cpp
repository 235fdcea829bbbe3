#include "recommend/put_queue.h"

#include <algorithm>

#include "core/time.h"

namespace eunomia::recommend {

namespace {

bool same_columns(const put_order& a, const put_order& b) {
  return std::ranges::equal(*a.columns, *b.columns, [](const metadata_column& one, const metadata_column& other) {
    return one.name == other.name && one.type == other.type;
  });
}

}  // namespace

void put_queue::put(put_order& mine, const store& together) {
  std::unique_lock lock(mutex_);
  waiting_.push_back(&mine);
  while (!mine.done) {
    if (busy_) {
      done_.wait(lock);
      continue;
    }
    // Whoever comes first stores what waits, whosever it is.
    busy_ = true;
    const auto group = next_group();
    lock.unlock();
    run(group, together);
    lock.lock();
    bool stored = false;
    for (put_order* const one : group) {
      one->done = true;
      stored = stored || one->problem == nullptr;
    }
    if (stored && unjoined_.commits++ == 0) {
      unjoined_.since = core::now_ms();
    }
    busy_ = false;
    done_.notify_all();
  }
  if (mine.problem) {
    std::rethrow_exception(mine.problem);
  }
}

std::vector<put_order*> put_queue::next_group() {
  std::vector<put_order*> group;
  std::size_t rows = 0;
  for (put_order* const one : waiting_) {
    rows += one->rows.size();
    if (!group.empty() && (rows > most_rows_together || !same_columns(*one, *group.front()))) {
      break;
    }
    group.push_back(one);
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(group.size()));
  return group;
}

void put_queue::run(std::span<put_order* const> group, const store& together) {
  try {
    together(group);
  } catch (...) {
    if (group.size() == 1) {
      group.front()->problem = std::current_exception();
      return;
    }
    for (put_order* const one : group) {
      run({&one, 1}, together);
    }
  }
}

put_queue::unjoined put_queue::waiting() const {
  const std::lock_guard lock(mutex_);
  return unjoined_;
}

void put_queue::joined() {
  const std::lock_guard lock(mutex_);
  unjoined_ = {};
}

}  // namespace eunomia::recommend
