// DuckDB's COPY pulls its rows and our callers push theirs, so COPY runs on a thread of its own and takes one batch
// after another from a slot. It writes into the descriptor of an atomic_file, by its name in /proc, in a DuckDB that
// may touch that one file: there is no second copy of the rows, and the file has the rights and the fate of every
// other.
#include "store/table/parquet_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "store/table/batch_source.h"
#include "store/table/duckdb_engine.h"

namespace eunomia::store::table {

namespace {

using core::errc;
using core::error;

constexpr std::uint64_t writer_memory = std::uint64_t(1) << 30;  // bytes, DuckDB's
constexpr std::string_view copy_options =
    "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, USE_TMP_FILE false)";

// One batch at a time on its way from the thread that pushes to the one that pulls.
class batch_slot final : public row_source {
 public:
  explicit batch_slot(std::span<const column> columns)
      : columns_(columns.begin(), columns.end()), handed_over_(columns_), at_hand_(columns_) {}

  // The side that pushes. False: nobody pulls any more.
  bool push(column_batch& rows) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !full_ || deaf_; });
    if (deaf_) {
      return false;
    }
    std::swap(handed_over_, rows);
    full_ = true;
    changed_.notify_all();
    return true;
  }
  void end() { close(ended_); }
  void abandon() { close(abandoned_); }

  // The side that pulls.
  void stop_listening() { close(deaf_); }
  std::span<const column> columns() const override { return columns_; }
  std::optional<std::size_t> rows() const override { return std::nullopt; }
  std::size_t fill(std::size_t, std::size_t most, duckdb_data_chunk into) const override {
    if (taken_ == at_hand_.rows() && !take_next()) {
      return 0;
    }
    const std::size_t count = std::min(most, at_hand_.rows() - taken_);
    fill_chunk(at_hand_, taken_, count, into);
    taken_ += count;
    return count;
  }

 private:
  void close(bool& flag) {
    const std::lock_guard lock(mutex_);
    flag = true;
    changed_.notify_all();
  }

  bool take_next() const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return full_ || ended_ || abandoned_; });
    if (abandoned_) {
      throw error(errc::cancelled, "the file was given up");
    }
    if (!full_) {
      return false;
    }
    std::swap(at_hand_, handed_over_);
    taken_ = 0;
    full_ = false;
    changed_.notify_all();
    return true;
  }

  const std::vector<column> columns_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable column_batch handed_over_;
  mutable bool full_ = false;  // handed_over_ waits to be taken
  bool ended_ = false;
  bool abandoned_ = false;
  bool deaf_ = false;

  // Of the side that pulls alone.
  mutable column_batch at_hand_;
  mutable std::size_t taken_ = 0;
};

class parquet_writer final : public record_writer {
 public:
  parquet_writer(const std::filesystem::path& target, std::span<const column> columns)
      : target_(target),
        file_(target),
        path_(fmt::format("/proc/self/fd/{}", file_.descriptor())),
        engine_({writer_memory, {}, {path_}}),
        slot_(columns),
        copier_([this] { copy(); }) {}

  ~parquet_writer() override {
    if (copier_.joinable()) {
      slot_.abandon();
      copier_.join();
    }
  }

  void write(column_batch& rows) override {
    if (rows.rows() > 0 && !slot_.push(rows)) {
      copier_.join();
      fail();
    }
    rows.clear();
  }

  void finish() override {
    slot_.end();
    copier_.join();
    if (problem_) {
      fail();
    }
    file_.commit();
  }

 private:
  void copy() noexcept {
    try {
      const duckdb_engine::shown_source source(engine_, slot_);
      engine_.connect().execute(
          fmt::format("COPY (SELECT * FROM {}) TO {} {}", source.sql(), quoted_path(path_), copy_options));
    } catch (...) {
      problem_ = std::current_exception();
    }
    slot_.stop_listening();
  }

  [[noreturn]] void fail() const {
    if (!problem_) {
      throw error(errc::internal, fmt::format("cannot write {}: DuckDB stopped before the end", target_.string()));
    }
    try {
      std::rethrow_exception(problem_);
    } catch (const error& problem) {
      throw error(problem.code(), fmt::format("cannot write {}: {}", target_.string(), problem.what()));
    }
  }

  const std::filesystem::path target_;
  core::atomic_file file_;
  const std::filesystem::path path_;
  duckdb_engine engine_;
  batch_slot slot_;
  std::exception_ptr problem_;  // read after the thread was joined
  std::thread copier_;          // last: it uses all of the above
};

}  // namespace

std::unique_ptr<record_writer> open_parquet_writer(const std::filesystem::path& target,
                                                   std::span<const column> columns) {
  return std::make_unique<parquet_writer>(target, columns);
}

}  // namespace eunomia::store::table
