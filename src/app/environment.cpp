#include "app/environment.h"

#include <cstdio>

#include "core/error.h"
#include "core/memory.h"
#include "core/progress.h"

namespace eunomia::app {

namespace {

// What is left to others, and to what no estimate covers.
constexpr double usable_share = 0.8;

class command_job {
 public:
  explicit command_job(core::progress_style style) : job_(style), hook_(job_) {}
  core::job& job() { return job_; }

 private:
  core::terminal_job job_;
  core::cancel_on_signal hook_;
};

}  // namespace

core::thread_pool& environment::pool() {
  if (!pool_) {
    pool_ = std::make_unique<core::thread_pool>(threads);
  }
  return *pool_;
}

core::job& environment::job() {
  if (!job_) {
    const auto owner =
        std::make_shared<command_job>(quiet ? core::progress_style::silent : core::progress_style::automatic);
    job_ = std::shared_ptr<core::job>(owner, &owner->job());
  }
  return *job_;
}

std::uint64_t environment::training_memory() {
  if (memory_limit == 0) {
    memory_limit =
        static_cast<std::uint64_t>(usable_share * static_cast<double>(core::read_memory_status().available_bytes));
  }
  return memory_limit;
}

recommend::training_context environment::context() {
  return {pool(), job(), training_memory()};
}

void environment::print(const std::string& text) const {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
                       (text.ends_with('\n') || std::fputc('\n', stdout) != EOF) && std::fflush(stdout) == 0;
  if (!written) {
    throw core::error(core::errc::unavailable, "cannot write to standard output");
  }
}

}  // namespace eunomia::app
