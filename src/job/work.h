#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "core/job.h"
#include "job/job_store.h"
#include "job/jobs.h"

namespace eunomia::job {

// A job at work: its progress, in memory. Any thread.
class work final : public core::job {
 public:
  // begun: as take() gave it.
  explicit work(record begun);

  const record& begun() const { return begun_; }

  void report(std::string_view stage, std::uint64_t done, std::uint64_t total) override;
  // Somebody, not stop(), wants it to end.
  void request_cancel();

  // Adds the progress to what the table says, unless that is already something later.
  void show_in(record& row) const;
  // With where it is now.
  ending ended_as(state is) const;

 private:
  void count_change();

  const record begun_;
  mutable std::mutex mutex_;
  std::string stage_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t changes_ = 0;
};

// Runs the handler to its end, whatever that is.
ending run(const handler& handle, work& job);

// UTF-8 without U+0000, as a table holds it.
bool storable(std::string_view text);

}  // namespace eunomia::job
