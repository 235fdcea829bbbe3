#include "store/table/removal.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <utility>

#include "store/table/column_batch.h"

namespace eunomia::store::table {

namespace {

struct swap {
  std::vector<part> old;
  part replacement;
};

class staged_removal : public removal {
 public:
  staged_removal(part_files& files, manifest::table_entry entry, std::function<void(std::span<const part>)> unlink)
      : files_(files), entry_(std::move(entry)), unlink_(std::move(unlink)) {}

  ~staged_removal() override {
    if (!keep_) {
      for (const swap& s : swaps_) {
        files_.discard(s.replacement);
      }
    }
  }

  // One order, on a worker.
  void run(const rewrite_order& order) {
    if (!order.leaving) {
      add({order.old, order.last_of.empty()
                          ? files_.rewrite(entry_.id, entry_.description, order.old, {})
                          : files_.join_last(entry_.id, entry_.description, order.old, order.last_of)},
          0);
      return;
    }
    const row_filter others = order.leaving->others();
    for (const part& p : order.old) {
      const std::uint64_t leaving = files_.count(entry_.description, p, *order.leaving);
      if (leaving > 0) {
        add({{p}, files_.rewrite(entry_.id, entry_.description, {&p, 1}, others)}, leaving);
      }
    }
  }

  std::uint64_t rows() const override { return rows_; }

  void commit(sql::transaction& in) override {
    for (const swap& s : swaps_) {
      manifest::replace_parts(in, entry_.id, s.old, s.replacement);
    }
  }

  void committed() override {
    keep_ = true;
    std::vector<part> old;
    for (const swap& s : swaps_) {
      old.insert(old.end(), s.old.begin(), s.old.end());
    }
    if (!old.empty()) {
      unlink_(old);
    }
  }

  void in_doubt() noexcept override { keep_ = true; }

  bool was_committed(sql::connection& in) override {
    for (const swap& s : swaps_) {
      if (s.replacement.rows > 0) {
        return manifest::is_named(in, s.replacement.blob.key);
      }
    }
    // Nothing was put anywhere. If somebody else has taken out the old parts, to unlink them again does no harm.
    return std::none_of(swaps_.begin(), swaps_.end(),
                        [&](const swap& s) { return manifest::is_named(in, s.old.front().blob.key); });
  }

 protected:
  void add(swap made, std::uint64_t leaving) {
    const std::lock_guard lock(mutex_);
    swaps_.push_back(std::move(made));
    rows_ += leaving;
  }

  part_files& files_;
  const manifest::table_entry entry_;

 private:
  const std::function<void(std::span<const part>)> unlink_;
  std::mutex mutex_;
  std::vector<swap> swaps_;
  std::uint64_t rows_ = 0;
  bool keep_ = false;  // what was written
};

class staged_sealing final : public staged_removal {
 public:
  staged_sealing(part_files& files, manifest::table_entry entry, table_description sealed,
                 std::function<void(std::span<const part>)> unlink)
      : staged_removal(files, std::move(entry), std::move(unlink)), sealed_(std::move(sealed)) {}

  // One order, on a worker.
  void seal(const rewrite_order& order, const core::data_key_source& keys) {
    add({order.old, files_.seal(entry_.id, entry_.description, sealed_, order.old, keys)}, 0);
  }

  void commit(sql::transaction& in) override {
    manifest::check_sealed(in, entry_.id, entry_.description.columns);
    staged_removal::commit(in);
    manifest::set_sealed(in, entry_.id, newly_sealed());
  }

  bool was_committed(sql::connection& in) override {
    return manifest::has(in, entry_.id) && has_sealed(manifest::find(in, sealed_.name).description.columns);
  }

 private:
  std::vector<column> newly_sealed() const {
    std::vector<column> columns;
    std::ranges::copy_if(sealed_.columns, std::back_inserter(columns), &column::sealed);
    return columns;
  }

  const table_description sealed_;
};

// All parts of a table, and the table with them where that is wanted.
class table_clearing final : public removal {
 public:
  table_clearing(std::string table, bool with_table, std::function<void(std::int64_t, std::span<const part>)> unlink)
      : table_(std::move(table)), with_table_(with_table), unlink_(std::move(unlink)) {}

  std::uint64_t rows() const override {
    return std::transform_reduce(parts_.begin(), parts_.end(), std::uint64_t{0}, std::plus<>(),
                                 [](const part& p) { return p.rows; });
  }

  void commit(sql::transaction& in) override {
    id_ = manifest::find(in, table_).id;
    parts_ = manifest::parts_of(in, id_);
    if (with_table_) {
      manifest::drop(in, table_);
    } else if (!parts_.empty()) {
      manifest::replace_parts(in, id_, parts_, {});
    }
  }

  void committed() override {
    if (!parts_.empty()) {
      unlink_(id_, parts_);
    }
  }

  void in_doubt() noexcept override {}
  bool was_committed(sql::connection& in) override {
    if (with_table_) {
      return id_ != 0 && !manifest::has(in, id_);
    }
    return !parts_.empty() && !manifest::is_named(in, parts_.front().blob.key);
  }

 private:
  const std::string table_;
  const bool with_table_;
  const std::function<void(std::int64_t, std::span<const part>)> unlink_;
  std::int64_t id_ = 0;
  std::vector<part> parts_;
};

}  // namespace

std::unique_ptr<removal> make_drop(std::string table, std::function<void(std::int64_t, std::span<const part>)> unlink) {
  return std::make_unique<table_clearing>(std::move(table), true, std::move(unlink));
}

std::unique_ptr<removal> make_clearing(std::string table,
                                       std::function<void(std::int64_t, std::span<const part>)> unlink) {
  return std::make_unique<table_clearing>(std::move(table), false, std::move(unlink));
}

std::unique_ptr<removal> stage_sealing(part_files& files, manifest::table_entry entry, table_description sealed,
                                       const core::data_key_source& keys, std::span<const rewrite_order> orders,
                                       core::thread_pool& pool, core::job& job,
                                       std::function<void(std::span<const part>)> unlink) {
  auto staged = std::make_unique<staged_sealing>(files, std::move(entry), std::move(sealed), std::move(unlink));
  pool.for_each(orders.size(), [&](std::size_t i, unsigned) {
    job.check();
    staged->seal(orders[i], keys);
  });
  return staged;
}

std::unique_ptr<removal> stage_rewrites(part_files& files, manifest::table_entry entry,
                                        std::span<const rewrite_order> orders, core::thread_pool& pool, core::job& job,
                                        std::function<void(std::span<const part>)> unlink) {
  auto staged = std::make_unique<staged_removal>(files, std::move(entry), std::move(unlink));
  pool.for_each(orders.size(), [&](std::size_t i, unsigned) {
    job.check();
    staged->run(orders[i]);
  });
  return staged;
}

}  // namespace eunomia::store::table
