#pragma once

#include <atomic>
#include <functional>
#include <utility>

#include "core/error.h"
#include "store/sql/database.h"

namespace eunomia::store::sql {

// For tests: a database that can lose the answer to a commit, as a broken connection to a server does. Only *_test.cpp
// includes it.
class lossy_database final : public database {
 public:
  explicit lossy_database(database& in) : in_(in) {}

  // The next write commits, calls then, and fails with errc::unavailable.
  void lose_answer(std::function<void()> then = [] {}) { then_ = std::move(then); }
  // The next write is rolled back after its body ran, and fails with errc::unavailable.
  void lose_commit() { lose_commit_ = true; }
  // From the next loss on every read and write fails too, so that nobody can ask what became of the change; or no more.
  void stay_away(bool away) {
    stays_away_ = away;
    away_ = false;
  }

  engine speaks() const override { return in_.speaks(); }
  const std::string& name() const override { return in_.name(); }
  void checkpoint_truncate() override { in_.checkpoint_truncate(); }
  void vacuum() override { in_.vacuum(); }

 protected:
  void run_read(const std::function<void(connection&)>& body) override {
    if (away_) {
      lost();
    }
    in_.read(body);
  }
  void run_write(const std::function<void(transaction&)>& body) override {
    if (away_) {
      lost();
    }
    if (lose_commit_.exchange(false)) {
      in_.write([&](transaction& change) {
        body(change);
        lost();
      });
    }
    in_.write(body);
    if (const auto then = std::exchange(then_, nullptr)) {
      then();
      lost();
    }
  }
  void schema_changed() override { in_.migrate({}); }

 private:
  [[noreturn]] void lost() {
    away_ = stays_away_.load();
    throw core::error(core::errc::unavailable,
                      "the connection was lost; the change may or may not have been committed");
  }

  database& in_;
  std::function<void()> then_;
  std::atomic<bool> lose_commit_ = false;
  std::atomic<bool> stays_away_ = false;
  std::atomic<bool> away_ = false;
};

}  // namespace eunomia::store::sql
