#include "job/jobs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/file.h"
#include "core/log.h"
#include "core/temporary_directory.h"
#include "core/time.h"
#include "store/sql/test_database.h"

namespace eunomia::job {
namespace {

using core::errc;
using store::sql::code_thrown_by;
using store::sql::connection;
using store::sql::message_thrown_by;
using store::sql::transaction;

// A door that handlers wait at, opened by the test; and the other way round.
class gate {
 public:
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    opened_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

void work_until_asked_to_stop(core::job& job) {
  for (;;) {
    job.check();
    std::this_thread::yield();
  }
}

class background_jobs : public store::sql::on_both_engines {
 protected:
  std::unique_ptr<jobs> opened(const options& with = {}) { return std::make_unique<jobs>(db(), with); }

  static handler echo() {
    return [](const record& what, core::job&) { return what.arguments; };
  }

  // Waits for the end; a job that never ends is ended by the time limit of the test program.
  static record ended(const jobs& of, std::int64_t id) {
    for (;;) {
      record now = of.find(id);
      if (now.ended_at != 0) {
        return now;
      }
      std::this_thread::yield();
    }
  }

  // What the table holds when the process is killed while it runs the job for the nth time.
  void kill_while_running(std::int64_t id, int attempts) {
    db().write([&](transaction& in) {
      in.execute(
          "UPDATE job SET state = 'running', started_at = 1, attempts = :n, changes = changes + 1 "
          "WHERE id = :id",
          {{"n", attempts}, {"id", id}});
    });
  }
  void end_days_ago(std::int64_t id, std::int64_t days) {
    db().write([&](transaction& in) {
      in.execute("UPDATE job SET ended_at = :at WHERE id = :id",
                 {{"at", core::now_ms() - days * core::milliseconds_per_day - 1}, {"id", id}});
    });
  }
};
EUNOMIA_ON_BOTH_ENGINES(background_jobs);

TEST_P(background_jobs, a_job_runs_and_keeps_its_result) {
  const auto all = opened();
  all->add_kind("train", "models", echo());
  all->start();
  const record queued = all->submit("train", "recommender shop", R"({"family":"ease"})");
  EXPECT_EQ(queued.is, state::queued);
  EXPECT_GT(queued.created_at, 0);
  EXPECT_EQ(queued.started_at, 0);
  const record done = ended(*all, queued.id);
  EXPECT_EQ(done.is, state::succeeded);
  EXPECT_EQ(done.kind, "train");
  EXPECT_EQ(done.about, "recommender shop");
  EXPECT_EQ(done.result, R"({"family":"ease"})");
  EXPECT_EQ(done.attempts, 1U);
  EXPECT_GE(done.started_at, done.created_at);
  EXPECT_GE(done.ended_at, done.started_at);
  EXPECT_GT(done.revision, queued.revision);
}

TEST_P(background_jobs, a_failure_keeps_its_code_its_message_without_values_and_where_it_was) {
  const auto all = opened();
  all->add_kind("import", "data", [](const record&, core::job& job) -> std::string {
    job.report("parse", 41, 100);
    throw core::error(errc::corrupt, "line 42: no such column: alice@example.com", "line 42: no such column");
  });
  all->start();
  const record failed = ended(*all, all->submit("import", "dataset shop", "{}").id);
  EXPECT_EQ(failed.is, state::failed);
  EXPECT_EQ(failed.error_code, "corrupt");
  EXPECT_EQ(failed.error_message, "line 42: no such column");
  EXPECT_EQ(failed.stage, "parse");
  EXPECT_EQ(failed.done, 41U);
  EXPECT_EQ(failed.total, 100U);
  EXPECT_EQ(failed.result, "");
}

TEST_P(background_jobs, an_unexpected_exception_fails_its_job_and_the_lane_goes_on) {
  const auto all = opened();
  all->add_kind("odd", "one", [](const record& what, core::job&) -> std::string {
    if (what.arguments == "standard") {
      throw std::out_of_range("no such key");
    }
    throw 7;  // NOLINT(hicpp-exception-baseclass)
  });
  all->add_kind("good", "one", echo());
  all->start();
  const record standard = ended(*all, all->submit("odd", "", "standard").id);
  EXPECT_EQ(standard.error_code, "internal");
  EXPECT_EQ(standard.error_message, "no such key");
  EXPECT_EQ(ended(*all, all->submit("odd", "", "").id).error_code, "internal");
  EXPECT_EQ(ended(*all, all->submit("good", "", "").id).is, state::succeeded);
}

TEST_P(background_jobs, a_message_that_no_table_can_hold_is_mended_and_cut) {
  const auto all = opened();
  all->add_kind("odd", "one", [](const record&, core::job& job) -> std::string {
    job.report(std::string("\0", 1) + std::string(max_name_bytes - 2, 's') + "\xc3\xa9", 1,
               UINT64_MAX);  // cut in the middle of a letter
    throw core::error(errc::invalid_argument, "a\xff" + std::string(2 * max_error_bytes, 'x'));
  });
  all->start();
  const record failed = ended(*all, all->submit("odd", "", "").id);
  EXPECT_EQ(failed.error_message, "a?" + std::string(max_error_bytes - 2, 'x'));
  EXPECT_EQ(failed.stage, "?" + std::string(max_name_bytes - 2, 's') + "?");
}

TEST_P(background_jobs, a_result_that_is_too_long_or_no_text_fails_the_job) {
  const auto all = opened();
  all->add_kind("talk", "one", [](const record& what, core::job&) {
    return what.arguments == "long" ? std::string(max_result_bytes + 1, 'x') : std::string("\xff");
  });
  all->start();
  const record too_long = ended(*all, all->submit("talk", "", "long").id);
  EXPECT_EQ(too_long.error_code, "resource_exhausted");
  EXPECT_NE(too_long.error_message.find("max_result_bytes"), std::string::npos);
  EXPECT_EQ(ended(*all, all->submit("talk", "", "").id).error_code, "internal");
}

TEST_P(background_jobs, progress_shows_while_it_runs_and_every_step_raises_the_revision) {
  const auto all = opened();
  gate reported, look_over;
  all->add_kind("train", "models", [&](const record&, core::job& job) {
    job.report("fit", 1, 10);
    reported.open();
    look_over.wait();
    return std::string("{}");
  });
  all->start();
  const record queued = all->submit("train", "", "");
  reported.wait();
  const record running = all->find(queued.id);
  EXPECT_EQ(running.is, state::running);
  EXPECT_EQ(running.stage, "fit");
  EXPECT_EQ(running.done, 1U);
  EXPECT_EQ(running.total, 10U);
  EXPECT_GT(running.revision, queued.revision);
  EXPECT_EQ(all->find(queued.id).revision, running.revision);
  EXPECT_EQ(all->list(1).jobs.at(0).revision, running.revision);
  look_over.open();
  EXPECT_GT(ended(*all, queued.id).revision, running.revision);
}

TEST_P(background_jobs, a_watcher_never_sees_a_revision_go_back) {
  const auto all = opened();
  constexpr std::uint64_t steps = 20'000;
  all->add_kind("train", "models", [](const record&, core::job& job) {
    std::vector<std::thread> helpers;
    for (int t = 0; t < 2; ++t) {
      helpers.emplace_back([&] {
        for (std::uint64_t i = 1; i <= steps; ++i) {
          job.report("fit", i, steps);
        }
      });
    }
    for (std::thread& each : helpers) {
      each.join();
    }
    return std::string();
  });
  all->start();
  for (int round = 0; round < 3; ++round) {
    record last = all->submit("train", "", "");
    while (last.ended_at == 0) {
      const record now = all->find(last.id);
      ASSERT_GE(now.revision, last.revision);
      if (now.revision == last.revision) {
        EXPECT_EQ(now.is, last.is);
        EXPECT_EQ(now.done, last.done);
      }
      last = now;
    }
    EXPECT_EQ(last.done, steps);
  }
}

TEST_P(background_jobs, a_queued_job_is_cancelled_at_once_and_never_runs) {
  const auto all = opened();
  std::atomic<int> runs = 0;
  all->add_kind("train", "models", [&](const record&, core::job&) {
    ++runs;
    return std::string();
  });
  const std::int64_t cancelled = all->submit("train", "", "").id;
  const record at_once = all->cancel(cancelled);
  EXPECT_EQ(at_once.is, state::cancelled);
  EXPECT_GT(at_once.ended_at, 0);
  all->start();
  ended(*all, all->submit("train", "", "").id);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(all->find(cancelled).is, state::cancelled);
}

TEST_P(background_jobs, a_running_job_is_cancelled_at_its_next_check) {
  const auto all = opened();
  gate began, go_on;
  all->add_kind("train", "models", [&](const record&, core::job& job) {
    began.open();
    go_on.wait();
    job.check();
    return std::string("never");
  });
  all->start();
  const std::int64_t id = all->submit("train", "", "").id;
  began.wait();
  const std::uint64_t before = all->find(id).revision;
  const record asked = all->cancel(id);
  EXPECT_EQ(asked.is, state::running);
  EXPECT_TRUE(asked.cancel_requested);
  EXPECT_GT(asked.revision, before);
  go_on.open();
  const record cancelled = ended(*all, id);
  EXPECT_EQ(cancelled.is, state::cancelled);
  EXPECT_EQ(cancelled.result, "");
  EXPECT_EQ(cancelled.error_code, "");
}

TEST_P(background_jobs, a_job_that_ends_before_it_notices_the_cancellation_has_succeeded) {
  const auto all = opened();
  gate began, go_on;
  all->add_kind("train", "models", [&](const record&, core::job&) {
    began.open();
    go_on.wait();
    return std::string("done");
  });
  all->start();
  const std::int64_t id = all->submit("train", "", "").id;
  began.wait();
  all->cancel(id);
  go_on.open();
  EXPECT_EQ(ended(*all, id).is, state::succeeded);
}

TEST_P(background_jobs, a_job_that_gives_up_unasked_has_failed) {
  const auto all = opened();
  all->add_kind("train", "models", [](const record&, core::job&) -> std::string {
    throw core::error(errc::cancelled, "a part was cancelled");
  });
  all->start();
  const record failed = ended(*all, all->submit("train", "", "").id);
  EXPECT_EQ(failed.is, state::failed);
  EXPECT_EQ(failed.error_code, "cancelled");
}

TEST_P(background_jobs, what_has_ended_or_never_was_cannot_be_cancelled) {
  const auto all = opened();
  all->add_kind("train", "models", echo());
  all->start();
  const std::int64_t id = all->submit("train", "", "").id;
  ended(*all, id);
  EXPECT_EQ(code_thrown_by([&] { all->cancel(id); }), errc::failed_precondition);
  EXPECT_EQ(code_thrown_by([&] { all->cancel(id + 1); }), errc::not_found);
  EXPECT_EQ(code_thrown_by([&] { all->find(id + 1); }), errc::not_found);
}

TEST_P(background_jobs, queued_jobs_go_on_after_a_restart) {
  std::int64_t id = 0;
  {
    const auto before = opened();
    before->add_kind("train", "models", echo());
    id = before->submit("train", "recommender shop", "{}").id;
  }
  const auto after = opened();
  after->add_kind("train", "models", echo());
  after->start();
  EXPECT_EQ(ended(*after, id).is, state::succeeded);
}

TEST_P(background_jobs, a_job_that_a_kill_interrupted_begins_again) {
  const auto all = opened();
  all->add_kind("train", "models", echo());
  const record queued = all->submit("train", "", "");
  kill_while_running(queued.id, 1);
  all->start();
  const record done = ended(*all, queued.id);
  EXPECT_EQ(done.is, state::succeeded);
  EXPECT_EQ(done.attempts, 2U);
  EXPECT_GT(done.revision, queued.revision);
}

TEST_P(background_jobs, a_job_that_the_process_never_survives_fails_in_the_end) {
  const auto all = opened({.max_attempts = 3});
  all->add_kind("train", "models", [](const record&, core::job&) -> std::string { std::abort(); });
  const std::int64_t id = all->submit("train", "", "").id;
  kill_while_running(id, 3);
  all->start();
  const record failed = all->find(id);
  EXPECT_EQ(failed.is, state::failed);
  EXPECT_EQ(failed.error_code, "resource_exhausted");
  EXPECT_EQ(failed.error_message.find("the process ended 3 times during this job (max_attempts = 3)"), 0U)
      << failed.error_message;
  EXPECT_GT(failed.ended_at, 0);
}

TEST_P(background_jobs, a_cancellation_outlives_a_kill) {
  const auto all = opened();
  all->add_kind("train", "models", [](const record&, core::job&) -> std::string { std::abort(); });
  const std::int64_t id = all->submit("train", "", "").id;
  kill_while_running(id, 1);
  db().write([&](transaction& in) { in.execute("UPDATE job SET cancel_requested = 1"); });
  all->start();
  EXPECT_EQ(all->find(id).is, state::cancelled);
}

TEST_P(background_jobs, what_the_table_calls_running_but_nobody_runs_is_cancelled_at_once) {
  const auto all = opened();
  all->add_kind("train", "models", echo());
  const std::int64_t id = all->submit("train", "", "").id;
  kill_while_running(id, 1);
  EXPECT_EQ(all->cancel(id).is, state::cancelled);
}

TEST_P(background_jobs, a_stop_puts_back_what_runs_and_counts_no_attempt) {
  std::int64_t first = 0;
  std::int64_t second = 0;
  std::uint64_t revision = 0;
  {
    const auto before = opened({.max_attempts = 1});
    gate began;
    before->add_kind("train", "models", [&](const record&, core::job& job) -> std::string {
      job.report("fit", 5, 10);
      began.open();
      work_until_asked_to_stop(job);
      return {};
    });
    before->start();
    first = before->submit("train", "", "first").id;
    second = before->submit("train", "", "second").id;
    began.wait();
    before->stop();
    const record put_back = before->find(first);
    EXPECT_EQ(put_back.is, state::queued);
    EXPECT_EQ(put_back.attempts, 0U);
    EXPECT_EQ(put_back.started_at, 0);
    EXPECT_EQ(put_back.stage, "");
    EXPECT_EQ(before->find(second).is, state::queued);
    revision = put_back.revision;
  }
  const auto after = opened({.max_attempts = 1});
  after->add_kind("train", "models", echo());
  after->start();
  const record done = ended(*after, first);
  EXPECT_EQ(done.is, state::succeeded);
  EXPECT_EQ(done.attempts, 1U);
  EXPECT_GT(done.revision, revision);
  EXPECT_EQ(ended(*after, second).is, state::succeeded);
}

TEST_P(background_jobs, the_same_object_starts_again_after_a_stop) {
  const auto all = opened();
  all->add_kind("train", "models", echo());
  all->start();
  EXPECT_EQ(code_thrown_by([&] { all->start(); }), errc::failed_precondition);
  all->stop();
  const std::int64_t id = all->submit("train", "", "").id;
  all->stop();
  EXPECT_EQ(all->find(id).is, state::queued);
  all->start();
  EXPECT_EQ(ended(*all, id).is, state::succeeded);
}

TEST_P(background_jobs, a_job_cancelled_by_somebody_stays_so_when_a_stop_comes_too) {
  const auto all = opened();
  gate began, go_on;
  all->add_kind("train", "models", [&](const record&, core::job& job) -> std::string {
    began.open();
    go_on.wait();
    work_until_asked_to_stop(job);
    return {};
  });
  all->start();
  const std::int64_t id = all->submit("train", "", "").id;
  began.wait();
  all->cancel(id);
  go_on.open();
  all->stop();
  EXPECT_EQ(all->find(id).is, state::cancelled);
}

TEST_P(background_jobs, a_job_of_a_transaction_that_failed_does_not_exist) {
  const auto all = opened();
  all->add_kind("train", "models", echo());
  all->start();
  EXPECT_EQ(code_thrown_by([&] {
              db().write([&](transaction& in) {
                all->submit(in, "train", "", "");
                throw core::error(errc::failed_precondition, "the rest of the change is impossible");
              });
            }),
            errc::failed_precondition);
  all->wake();
  EXPECT_TRUE(all->list(10).jobs.empty());
}

TEST_P(background_jobs, a_job_of_a_larger_change_begins_after_it) {
  const auto all = opened();
  all->add_kind("train", "models", echo());
  all->start();
  const std::int64_t id =
      db().write([&](transaction& in) { return all->submit(in, "train", "recommender shop", "{}"); });
  all->wake();
  EXPECT_EQ(ended(*all, id).is, state::succeeded);
}

TEST_P(background_jobs, lanes_find_jobs_that_nobody_woke_them_for) {
  const auto all = opened({.look_interval = std::chrono::milliseconds(1)});
  all->add_kind("train", "models", echo());
  all->start();
  const std::int64_t id = db().write([&](transaction& in) { return all->submit(in, "train", "", ""); });
  EXPECT_EQ(ended(*all, id).is, state::succeeded);
}

TEST_P(background_jobs, no_more_wait_than_max_queued) {
  const auto all = opened({.max_queued = 2});
  all->add_kind("train", "models", echo());
  all->submit("train", "", "");
  const std::int64_t second = all->submit("train", "", "").id;
  EXPECT_EQ(code_thrown_by([&] { all->submit("train", "", ""); }), errc::unavailable);
  EXPECT_NE(message_thrown_by([&] { all->submit("train", "", ""); }).find("max_queued = 2"), std::string::npos);
  all->cancel(second);
  EXPECT_EQ(all->submit("train", "", "").is, state::queued);
}

TEST_P(background_jobs, what_cannot_be_submitted_is_refused_by_name) {
  const auto all = opened();
  all->add_kind("train", "models", echo());
  const auto refused = [&](std::string_view kind, const std::string& about, const std::string& arguments) {
    EXPECT_EQ(code_thrown_by([&] { all->submit(kind, about, arguments); }), errc::invalid_argument);
    return message_thrown_by([&] { all->submit(kind, about, arguments); });
  };
  EXPECT_EQ(refused("trian", "", ""), "there is no kind of job \"trian\"; there are: train");
  EXPECT_NE(refused("train", std::string(max_about_bytes + 1, 'x'), "").find("max_about_bytes"), std::string::npos);
  EXPECT_NE(refused("train", "", std::string(max_arguments_bytes + 1, 'x')).find("max_arguments_bytes"),
            std::string::npos);
  refused("train", "\xff", "");
  refused("train", "", std::string(1, '\0'));
  EXPECT_TRUE(all->list(10).jobs.empty());
}

TEST_P(background_jobs, kinds_and_lanes_are_checked_when_they_are_added) {
  const auto all = opened();
  all->add_kind("train", "models", echo());
  EXPECT_EQ(code_thrown_by([&] { all->add_kind("train", "other", echo()); }), errc::already_exists);
  EXPECT_EQ(code_thrown_by([&] { all->add_kind("", "other", echo()); }), errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { all->add_kind("forget", "", echo()); }), errc::invalid_argument);
  for (std::size_t i = 1; i < max_lanes; ++i) {
    all->add_kind("kind " + std::to_string(i), "lane " + std::to_string(i), echo());
  }
  EXPECT_EQ(code_thrown_by([&] { all->add_kind("more", "one more", echo()); }), errc::resource_exhausted);
  all->start();
  EXPECT_EQ(code_thrown_by([&] { all->add_kind("late", "models", echo()); }), errc::failed_precondition);
}

TEST_P(background_jobs, options_of_zero_are_refused) {
  EXPECT_EQ(code_thrown_by([&] { opened({.max_queued = 0}); }), errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { opened({.max_attempts = 0}); }), errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { opened({.max_kept = 0}); }), errc::invalid_argument);
}

TEST_P(background_jobs, a_lane_runs_its_kinds_one_after_another_in_their_order) {
  const auto all = opened();
  std::mutex mutex;
  std::vector<std::string> order;
  std::atomic<int> at_once = 0;
  const handler note = [&](const record& what, core::job&) {
    EXPECT_EQ(++at_once, 1);
    {
      const std::lock_guard lock(mutex);
      order.push_back(what.arguments);
    }
    --at_once;
    return std::string();
  };
  all->add_kind("train", "models", note);
  all->add_kind("evaluate", "models", note);
  std::vector<std::string> expected;
  std::int64_t last = 0;
  for (int i = 0; i < 12; ++i) {
    expected.push_back(std::to_string(i));
    last = all->submit(i % 3 == 0 ? "evaluate" : "train", "", expected.back()).id;
  }
  all->start();
  ended(*all, last);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(order, expected);
}

TEST_P(background_jobs, lanes_run_side_by_side) {
  const auto all = opened();
  gate forgotten;
  all->add_kind("train", "models", [&](const record&, core::job&) {
    forgotten.wait();
    return std::string();
  });
  all->add_kind("forget", "rights", [&](const record&, core::job&) {
    forgotten.open();
    return std::string();
  });
  all->start();
  const std::int64_t training = all->submit("train", "", "").id;
  const std::int64_t forgetting = all->submit("forget", "", "").id;
  EXPECT_EQ(ended(*all, forgetting).is, state::succeeded);
  EXPECT_EQ(ended(*all, training).is, state::succeeded);
}

TEST_P(background_jobs, jobs_of_unknown_kinds_are_left_alone_and_the_log_says_so) {
  std::int64_t waiting = 0;
  std::int64_t running = 0;
  {
    const auto newer = opened();
    newer->add_kind("distil", "models", echo());
    waiting = newer->submit("distil", "", "").id;
    running = newer->submit("distil", "", "").id;
    kill_while_running(running, 7);
  }
  const core::temporary_directory folder;
  core::log::configure({.file = folder.path() / "log"});
  const auto all = opened();
  all->add_kind("train", "models", echo());
  all->start();
  core::log::configure({});
  ended(*all, all->submit("train", "", "").id);
  EXPECT_EQ(all->find(waiting).is, state::queued);
  EXPECT_EQ(all->find(running).is, state::running);
  EXPECT_EQ(all->find(running).attempts, 7U);
  const std::string log = core::read_file(folder.path() / "log");
  EXPECT_NE(log.find("level=warning"), std::string::npos);
  EXPECT_NE(log.find("kind=distil jobs=2"), std::string::npos) << log;
}

TEST_P(background_jobs, a_list_goes_page_by_page_from_the_newest) {
  const auto all = opened();
  all->add_kind("train", "models", echo());
  all->add_kind("forget", "rights", echo());
  std::vector<std::int64_t> newest_first;
  for (int i = 0; i < 7; ++i) {
    newest_first.insert(newest_first.begin(), all->submit(i % 2 == 0 ? "train" : "forget", "", "").id);
  }
  std::vector<std::int64_t> seen;
  std::vector<std::size_t> sizes;
  std::int64_t before = 0;
  do {
    const jobs::page page = all->list(3, before);
    sizes.push_back(page.jobs.size());
    for (const record& each : page.jobs) {
      seen.push_back(each.id);
    }
    before = page.next;
  } while (before != 0);
  EXPECT_EQ(seen, newest_first);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{3, 3, 1}));
  const jobs::page trainings = all->list(4, 0, "train");
  EXPECT_EQ(trainings.jobs.size(), 4U);
  EXPECT_EQ(trainings.next, 0);
  EXPECT_TRUE(
      std::all_of(trainings.jobs.begin(), trainings.jobs.end(), [](const record& r) { return r.kind == "train"; }));
  EXPECT_EQ(code_thrown_by([&] { all->list(0); }), errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { all->list(max_page + 1); }), errc::invalid_argument);
}

TEST_P(background_jobs, what_is_unfinished_is_found_by_its_kind) {
  const auto all = opened();
  all->add_kind("train", "models", echo());
  all->add_kind("forget", "rights", echo());
  const std::int64_t waiting = all->submit("train", "", "").id;
  const std::int64_t running = all->submit("train", "", "").id;
  const std::int64_t cancelled = all->submit("train", "", "").id;
  all->submit("forget", "", "");
  kill_while_running(running, 1);
  all->cancel(cancelled);
  std::vector<std::int64_t> found;
  for (const record& each : all->unfinished("train")) {
    found.push_back(each.id);
  }
  EXPECT_EQ(found, (std::vector<std::int64_t>{waiting, running}));
}

TEST_P(background_jobs, ended_jobs_are_removed_after_keep_days) {
  const auto all = opened({.keep_days = 30});
  all->add_kind("train", "models", echo());
  const std::int64_t old = all->submit("train", "", "").id;
  const std::int64_t young = all->submit("train", "", "").id;
  const std::int64_t waiting = all->submit("train", "", "").id;
  all->cancel(old);
  all->cancel(young);
  end_days_ago(old, 30);
  end_days_ago(young, 29);
  const auto later = opened({.keep_days = 30});
  later->start();
  EXPECT_EQ(code_thrown_by([&] { later->find(old); }), errc::not_found);
  EXPECT_EQ(later->find(young).is, state::cancelled);
  EXPECT_EQ(later->find(waiting).is, state::queued);
}

TEST_P(background_jobs, of_too_many_ended_jobs_those_that_ended_first_are_removed) {
  const auto all = opened({.max_kept = 3});
  all->add_kind("train", "models", echo());
  all->start();
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(all->submit("train", "", "").id);
    ended(*all, ids.back());
  }
  all->stop();
  std::vector<std::int64_t> left;
  for (const record& each : all->list(10).jobs) {
    left.push_back(each.id);
  }
  EXPECT_EQ(left, (std::vector<std::int64_t>{ids[4], ids[3], ids[2]}));
}

TEST_P(background_jobs, an_end_that_could_not_be_written_is_written_later) {
  const auto all = opened({.look_interval = std::chrono::milliseconds(1)});
  gate began, go_on;
  all->add_kind("train", "models", [&](const record&, core::job&) {
    began.open();
    go_on.wait();
    return std::string("kept");
  });
  all->start();
  const std::int64_t id = all->submit("train", "", "").id;
  began.wait();
  const core::temporary_directory folder;
  core::log::configure({.file = folder.path() / "log"});
  db().write([](transaction& in) { in.execute("ALTER TABLE job RENAME TO job_away"); });
  go_on.open();
  while (core::read_file(folder.path() / "log").find("cannot write how a job ended") == std::string::npos) {
    std::this_thread::yield();
  }
  db().write([](transaction& in) { in.execute("ALTER TABLE job_away RENAME TO job"); });
  core::log::configure({});
  EXPECT_EQ(ended(*all, id).result, "kept");
}

TEST_P(background_jobs, submissions_and_cancellations_from_many_threads_all_end) {
  const auto all = opened();
  std::mutex mutex;
  std::map<std::int64_t, int> runs;
  const handler note = [&](const record& what, core::job& job) {
    {
      const std::lock_guard lock(mutex);
      ++runs[what.id];
    }
    job.check();
    return std::string();
  };
  for (int l = 0; l < 3; ++l) {
    all->add_kind("kind " + std::to_string(l), "lane " + std::to_string(l), note);
  }
  all->start();
  constexpr int per_thread = 20;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < per_thread; ++i) {
        const std::int64_t id = all->submit("kind " + std::to_string((t + i) % 3), "", "").id;
        if (i % 3 == 0) {
          try {
            all->cancel(id);
          } catch (const core::error& problem) {
            EXPECT_EQ(problem.code(), errc::failed_precondition);
          }
        }
      }
    });
  }
  for (std::thread& each : threads) {
    each.join();
  }
  const std::vector<record> submitted = all->list(max_page).jobs;
  EXPECT_EQ(submitted.size(), 3U * per_thread);
  for (const record& each : submitted) {
    const record last = ended(*all, each.id);
    const std::lock_guard lock(mutex);
    EXPECT_LE(runs[each.id], 1);
    EXPECT_TRUE(last.is == state::cancelled || (last.is == state::succeeded && runs[each.id] == 1));
  }
}

}  // namespace
}  // namespace eunomia::job
