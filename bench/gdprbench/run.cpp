#include "bench/gdprbench/run.h"

#include <fmt/format.h>

#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <queue>
#include <thread>
#include <utility>

namespace eunomia::gdprbench {

namespace {

using clock_type = std::chrono::steady_clock;
// Wrong answers that are told one by one.
constexpr std::uint64_t max_told = 5;

double seconds_between(clock_type::time_point begin, clock_type::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

// The operations that may be asked now, the earliest first; and those that wait for others.
class schedule {
 public:
  explicit schedule(const plan& of) : followers_(of.operations.size()), missing_(of.operations.size()) {
    for (std::uint32_t i = 0; i < of.operations.size(); ++i) {
      missing_[i] = static_cast<std::uint32_t>(of.operations[i].after.size());
      for (const std::uint32_t earlier : of.operations[i].after) {
        followers_[earlier].push_back(i);
      }
      if (missing_[i] == 0) {
        ready_.push(i);
      }
    }
    left_ = of.operations.size();
  }

  // Nothing when none is left; waits while those that are left wait for others.
  std::optional<std::uint32_t> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return left_ == 0 || !ready_.empty(); });
    if (left_ == 0) {
      return std::nullopt;
    }
    const std::uint32_t first = ready_.top();
    ready_.pop();
    if (--left_ == 0) {
      changed_.notify_all();
    }
    return first;
  }

  void answered(std::uint32_t operation) {
    const std::lock_guard lock(mutex_);
    for (const std::uint32_t follower : followers_[operation]) {
      if (--missing_[follower] == 0) {
        ready_.push(follower);
        changed_.notify_one();
      }
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::vector<std::uint32_t>> followers_;
  std::vector<std::uint32_t> missing_;  // answers that an operation waits for
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> ready_;
  std::size_t left_ = 0;
};

// Of all threads of the process.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

class running {
 public:
  running(store_under_test& store, const plan& of, std::uint64_t loaded)
      : store_(store), plan_(of), loaded_(loaded), schedule_(of), latencies_(of.operations.size()) {}

  void with(unsigned clients) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < clients; ++i) {
      threads.emplace_back([this] { be_client(); });
    }
    for (std::thread& one : threads) {
      one.join();
    }
    if (failure_) {
      std::rethrow_exception(failure_);
    }
  }

  std::uint64_t correct() const { return correct_; }
  std::vector<double> latencies() { return std::move(latencies_); }

 private:
  void be_client() {
    while (const auto number = schedule_.take()) {
      try {
        if (!failed_) {
          ask(plan_.operations[*number], *number);
        }
      } catch (...) {
        const std::lock_guard lock(failing_);
        failure_ = std::current_exception();
        failed_ = true;
      }
      schedule_.answered(*number);
    }
  }

  void ask(const planned_operation& one, std::size_t number) {
    const std::uint64_t entries_before = loaded_ + answers_;
    const clock_type::time_point begin = clock_type::now();
    const answer got = store_.perform(one.operation);
    latencies_[number] = seconds_between(begin, clock_type::now()) * 1e3;
    ++answers_;
    if (is_right(one, got, entries_before)) {
      ++correct_;
    } else if (told_++ < max_told) {
      fmt::print(stderr, "operation {} (action {} by {}): expected {} records, digest {:x}; got {}, {:x}\n", number,
                 static_cast<int>(one.operation.what), name_of(one.operation.where.by), one.expected.count,
                 one.expected.digest, got.count, got.digest);
    }
  }

  // Of the log: as many entries as were asked for, or all, and everything that was answered before is among them.
  static bool is_right(const planned_operation& one, const answer& got, std::uint64_t entries_before) {
    if (one.operation.what != action::read_log) {
      return got == one.expected;
    }
    return got.count <= one.operation.log_entries &&
           got.count >= std::min<std::uint64_t>(one.operation.log_entries, entries_before) &&
           got.digest >= entries_before;
  }

  store_under_test& store_;
  const plan& plan_;
  const std::uint64_t loaded_;
  schedule schedule_;
  std::vector<double> latencies_;
  std::atomic<std::uint64_t> answers_ = 0;
  std::atomic<std::uint64_t> correct_ = 0;
  std::atomic<std::uint64_t> told_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex failing_;
  std::exception_ptr failure_;
};

}  // namespace

double run_result::latency_ms(double quantile) const {
  if (latencies_ms.empty()) {
    return 0;
  }
  const auto at = static_cast<std::size_t>(quantile * static_cast<double>(latencies_ms.size()));
  return latencies_ms[std::min(at, latencies_ms.size() - 1)];
}

double run_result::correctness_percent() const {
  return operations == 0 ? 0 : 100.0 * static_cast<double>(correct) / static_cast<double>(operations);
}

run_result run_workload(store_under_test& store, const workload_parameters& of, unsigned clients) {
  store.load();
  const plan planned = plan_of(of, [&](std::string_view key) { return store.lookup_of(key); });
  running now(store, planned, of.records);
  run_result result;
  store.expect(clients);
  const double processor_before = processor_seconds();
  const clock_type::time_point begin = clock_type::now();
  now.with(clients);
  result.seconds = seconds_between(begin, clock_type::now());
  result.processor_seconds = processor_seconds() - processor_before;
  const clock_type::time_point end = clock_type::now();
  store.settle();
  result.settling_seconds = seconds_between(end, clock_type::now());
  result.operations = planned.operations.size();
  result.correct = now.correct();
  result.audit_is_complete = store.verified_audit_entries() == of.records + planned.operations.size();
  result.total_bytes = store.total_bytes();
  result.personal_bytes = planned.data_bytes;
  result.latencies_ms = now.latencies();
  std::ranges::sort(result.latencies_ms);
  return result;
}

}  // namespace eunomia::gdprbench
