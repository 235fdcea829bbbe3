#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "core/job.h"

namespace eunomia::core {

// What is shown of one stage of a job.
struct progress_state {
  std::string_view stage;
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // 0: unknown
  double seconds = 0;       // since the stage began
};

// "import  [#######.............]  37 %  1.21 M/s  0:12 left": one line of at most width columns, the bar growing into
// what is left of it and left out when there is little. width 0: no bar, any length. Without a total, the count.
std::string progress_line(const progress_state& state, std::size_t width);

enum class progress_style {
  automatic,  // bar on a terminal, lines elsewhere
  bar,        // one line, redrawn in place
  lines,      // a plain line when a stage begins and ends, and every lines_interval between
  silent
};

// A job that shows its progress, on standard error by default. report() may be called from any thread.
class terminal_job final : public job {
 public:
  static constexpr std::chrono::milliseconds bar_interval{100};
  static constexpr std::chrono::seconds lines_interval{10};

  explicit terminal_job(progress_style style = progress_style::automatic, int file_descriptor = 2);
  // Ends the line of a bar.
  ~terminal_job() override;
  terminal_job(const terminal_job&) = delete;
  terminal_job& operator=(const terminal_job&) = delete;

  void report(std::string_view stage, std::uint64_t done, std::uint64_t total) override;

 private:
  using clock = std::chrono::steady_clock;

  void show(const progress_state& state, bool last_of_stage);
  void end_bar();

  const int file_descriptor_;
  const progress_style style_;  // bar, lines or silent
  std::mutex mutex_;
  std::string stage_;
  progress_state shown_;  // its stage is stage_
  bool ended_ = false;    // the last line of the stage is out
  bool bar_open_ = false;
  clock::time_point began_;
  clock::time_point drawn_;
};

// While it lives, the first SIGINT (Ctrl-C) or SIGTERM cancels the job, which then stops at its next check(); a second
// ends the process at once, as the signal does by default. The job must outlive it; one at a time in a process, throws
// errc::failed_precondition for a second.
class cancel_on_signal {
 public:
  explicit cancel_on_signal(job& cancelled);
  ~cancel_on_signal();
  cancel_on_signal(const cancel_on_signal&) = delete;
  cancel_on_signal& operator=(const cancel_on_signal&) = delete;
};

}  // namespace eunomia::core
