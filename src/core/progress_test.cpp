#include "core/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "core/file.h"
#include "core/temporary_directory.h"

namespace eunomia::core {
namespace {

TEST(progress, a_line_tells_share_rate_and_remaining_time) {
  EXPECT_EQ(progress_line({"import", 2'000'000, 8'000'000, 4}, 0), "import   25 %  500 k/s  0:12 left");
  EXPECT_EQ(progress_line({"import", 8, 8, 90}, 0), "import  100 %  0.09/s  in 1:30");
  EXPECT_EQ(progress_line({"import", 1, 10'000, 1}, 0), "import    0 %  1/s  2:46:39 left");
  EXPECT_EQ(progress_line({"import", 0, 100, 0}, 0), "import    0 %");
}

TEST(progress, without_a_total_a_line_tells_the_count) {
  EXPECT_EQ(progress_line({"read", 12'345, 0, 10}, 80), "read  12.3 k  1.23 k/s");
}

TEST(progress, the_bar_fills_what_the_line_leaves_and_the_line_fits) {
  EXPECT_EQ(progress_line({"fit", 5, 10, 5}, 46), "fit  [########........]   50 %  1/s  0:05 left");
  for (std::size_t width = 1; width < 150; ++width) {
    EXPECT_LE(progress_line({"a rather long stage", 3, 7, 1000}, width).size(), width);
  }
}

TEST(progress, more_done_than_there_is_counts_as_all) {
  EXPECT_EQ(progress_line({"fit", 12, 10, 1}, 0), "fit  100 %  12/s  in 0:01");
}

class terminal : public testing::Test {
 protected:
  std::string output() { return read_file(path_); }
  temporary_directory directory_;
  std::filesystem::path path_ = directory_.path() / "output";
  file_descriptor file_ = open_file(path_, O_RDWR | O_CREAT);
};

TEST_F(terminal, without_a_terminal_each_stage_gives_a_line_at_its_begin_and_end) {
  {
    terminal_job job(progress_style::automatic, file_.get());
    for (std::uint64_t i = 0; i <= 1000; ++i) {
      job.report("first", i, 1000);
    }
    job.report("second", 0, 0);
    job.report("second", 5, 0);
  }
  const auto text = output();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_EQ(text.substr(0, text.find('\n')), "first    0 %");
  EXPECT_NE(text.find("\nfirst  100 %"), std::string::npos);
  EXPECT_NE(text.find("\nsecond  0\n"), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST_F(terminal, a_bar_is_redrawn_in_place_and_ends_its_line) {
  {
    terminal_job job(progress_style::bar, file_.get());
    job.report("stage", 0, 10);
    job.report("stage", 10, 10);
    job.report("stage", 10, 10);
    job.report("other", 3, 10);
  }
  const auto text = output();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 3);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(text.back(), '\n');
}

TEST_F(terminal, a_silent_job_writes_nothing) {
  {
    terminal_job job(progress_style::silent, file_.get());
    job.report("stage", 10, 10);
  }
  EXPECT_EQ(output(), "");
}

TEST_F(terminal, reports_of_several_threads_give_whole_lines) {
  terminal_job job(progress_style::lines, file_.get());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i <= 1000; ++i) {
        job.report("stage", i, 1000);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const auto text = output();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
}

TEST_F(terminal, nobody_to_write_to_does_not_stop_the_work) {
  terminal_job job(progress_style::lines, -1);
  EXPECT_NO_THROW(job.report("stage", 1, 1));
}

// In a child, so that the handlers and the death are its own. Standard error goes to the file.
template <class Body>
int in_child(int standard_error, Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(standard_error, 2);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F(terminal, the_first_signal_cancels_the_job) {
  for (const int number : {SIGINT, SIGTERM}) {
    EXPECT_EQ(in_child(file_.get(),
                       [number] {
                         terminal_job job(progress_style::silent);
                         const cancel_on_signal hook(job);
                         ::raise(number);
                         try {
                           job.check();
                         } catch (const error& stopped) {
                           return stopped.code() == errc::cancelled ? 0 : 2;
                         }
                         return 1;
                       }),
              0);
  }
  EXPECT_NE(output().find("once more to stop at once"), std::string::npos);
}

TEST_F(terminal, the_second_signal_ends_the_process) {
  EXPECT_EQ(in_child(file_.get(),
                     [] {
                       terminal_job job(progress_style::silent);
                       const cancel_on_signal hook(job);
                       ::raise(SIGINT);
                       ::raise(SIGTERM);
                       return 1;
                     }),
            128 + SIGTERM);
}

TEST_F(terminal, afterwards_signals_do_what_they_did) {
  EXPECT_EQ(in_child(file_.get(),
                     [] {
                       ::signal(SIGINT, SIG_IGN);
                       terminal_job job(progress_style::silent);
                       { const cancel_on_signal hook(job); }
                       ::raise(SIGINT);
                       return job.cancelled() ? 1 : 0;
                     }),
            0);
}

TEST_F(terminal, only_one_job_is_cancelled_by_signals) {
  terminal_job job(progress_style::silent);
  const cancel_on_signal hook(job);
  EXPECT_THROW(cancel_on_signal second(job), error);
}

}  // namespace
}  // namespace eunomia::core
