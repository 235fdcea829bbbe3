#include "store/table/appender.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "core/error.h"
#include "store/table/batch_source.h"
#include "store/table/sealed_rows.h"

namespace eunomia::store::table {

namespace {

using core::errc;
using core::error;

// The most memory that one batch may hold, so that what is waiting stays within twice staged_bytes.
constexpr std::size_t max_batch_bytes = std::size_t(1) << 30;

class parquet_appender final : public appender {
 public:
  parquet_appender(part_files& files, manifest::table_entry entry, const core::data_key_source& keys,
                   std::size_t staged_bytes, core::thread_pool& pool)
      : files_(files),
        entry_(std::move(entry)),
        keys_(keys),
        stored_(stored_columns(entry_.description)),
        staged_bytes_(staged_bytes),
        pool_(pool),
        waiting_(entry_.description.buckets, column_batch(entry_.description.columns)) {}

  ~parquet_appender() override {
    if (!keep_) {
      for (const part& p : parts_) {
        files_.discard(p);
      }
    }
  }

  void append(const column_batch& rows) override {
    check(rows);
    const std::size_t incoming = rows.bytes();
    if (waiting_bytes() + incoming > staged_bytes_) {
      flush();
    }
    const std::size_t count = rows.rows();
    bucket_.assign(count, 0);
    if (entry_.description.about_people) {
      for (std::size_t i = 0; i < count; ++i) {
        const core::subject_handle subject(static_cast<std::uint64_t>(rows.subjects[i]));
        bucket_[i] = core::partition_of(subject, entry_.description.buckets);
        waiting_[bucket_[i]].subjects.push_back(rows.subjects[i]);
      }
    }
    for (std::size_t c = 0; c < rows.columns.size(); ++c) {
      for (std::size_t i = 0; i < count; ++i) {
        waiting_[bucket_[i]].columns[c].add_from(rows.columns[c], i);
      }
    }
    rows_ += count;
  }

  void finish() override { flush(); }

  void commit(sql::transaction& in) override {
    manifest::check_sealed(in, entry_.id, entry_.description.columns);
    for (const part& p : parts_) {
      manifest::add_part(in, entry_.id, p);
    }
  }

  void committed() noexcept override { keep_ = true; }
  void in_doubt() noexcept override { keep_ = true; }
  bool was_committed(sql::connection& in) override {
    return !parts_.empty() && manifest::is_named(in, parts_.front().blob.key);
  }

  std::uint64_t rows() const override { return rows_; }

 private:
  void check(const column_batch& rows) const {
    const auto& columns = entry_.description.columns;
    bool fits = rows.columns.size() == columns.size() &&
                rows.subjects.size() == (entry_.description.about_people ? rows.rows() : 0);
    for (std::size_t c = 0; fits && c < columns.size(); ++c) {
      fits = rows.columns[c].type() == columns[c].type && rows.columns[c].size() == rows.rows();
    }
    if (!fits) {
      throw error(errc::invalid_argument, "table \"" + entry_.description.name +
                                              "\": the batch has other columns, or columns of unequal length");
    }
    if (rows.bytes() > max_batch_bytes) {
      throw error(errc::resource_exhausted,
                  fmt::format("a batch of {} bytes; max_batch_bytes = {}", rows.bytes(), max_batch_bytes));
    }
    for (const std::int64_t subject : rows.subjects) {
      if (subject <= 0) {
        throw error(errc::invalid_argument,
                    "table \"" + entry_.description.name + "\": a row about nobody (subject 0)");
      }
    }
  }

  std::size_t waiting_bytes() const {
    std::size_t sum = 0;
    for (const column_batch& batch : waiting_) {
      sum += batch.bytes();
    }
    return sum;
  }

  // What waits becomes parts; after an exception nothing waits any more, and the appender is to be destroyed.
  void flush() {
    std::mutex mutex;
    std::vector<part> made;
    const auto keep = [&] { parts_.insert(parts_.end(), made.begin(), made.end()); };
    try {
      pool_.for_each(waiting_.size(), [&](std::size_t bucket, unsigned) {
        if (waiting_[bucket].rows() == 0) {
          return;
        }
        const part p = write(static_cast<std::uint32_t>(bucket), waiting_[bucket]);
        waiting_[bucket] = column_batch(entry_.description.columns);
        const std::lock_guard lock(mutex);
        made.push_back(p);
      });
    } catch (...) {
      keep();
      throw;
    }
    std::sort(made.begin(), made.end(), [](const part& a, const part& b) { return a.bucket < b.bucket; });
    keep();
  }

  part write(std::uint32_t bucket, const column_batch& rows) {
    const table_description& of = entry_.description;
    if (!has_sealed(of.columns)) {
      return files_.write(entry_.id, bucket, of, batch_source(rows, stored_));
    }
    return files_.write(entry_.id, bucket, of, sealing_source(of, rows, keys_, sealing_source::without_key::refuse));
  }

  part_files& files_;
  const manifest::table_entry entry_;
  const core::data_key_source& keys_;
  const std::vector<column> stored_;
  const std::size_t staged_bytes_;
  core::thread_pool& pool_;
  std::vector<column_batch> waiting_;  // by bucket
  std::vector<std::uint32_t> bucket_;  // of each row of the batch at hand
  std::vector<part> parts_;
  std::uint64_t rows_ = 0;
  bool keep_ = false;  // what was written
};

}  // namespace

std::unique_ptr<appender> make_appender(part_files& files, manifest::table_entry entry,
                                        const core::data_key_source& keys, std::size_t staged_bytes,
                                        core::thread_pool& pool) {
  return std::make_unique<parquet_appender>(files, std::move(entry), keys, staged_bytes, pool);
}

}  // namespace eunomia::store::table
