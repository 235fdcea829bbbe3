#include "store/table/table_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "core/error.h"
#include "store/table/admitted_rows.h"
#include "store/table/appender.h"
#include "store/table/manifest.h"
#include "store/table/part_files.h"
#include "store/table/removal.h"
#include "store/table/sealed_rows.h"

namespace eunomia::store::table {

namespace {

using core::errc;
using core::error;
using manifest::table_entry;

// How often erase() and compact() start again when another writer rewrote the same parts.
constexpr int max_attempts = 8;

// A scan holds a gate of its table shared; who unlinks parts takes it alone, so that no scan loses a file it has yet to
// open. A scan that begins after the parts left the manifest does not need them and must not wait for older scans:
// who unlinks leaves it a new gate, and waits at the old one.
using scan_gate = std::shared_mutex;

// The gates, by the table's number; those of dropped tables stay.
class scan_gates {
 public:
  struct pass {
    std::shared_ptr<scan_gate> gate;
    std::shared_lock<scan_gate> lock;
  };

  // What a scan takes before it reads the manifest; without waiting.
  pass enter(std::int64_t table) {
    for (;;) {
      auto gate = now_of(table);
      std::shared_lock lock(*gate, std::try_to_lock);
      // Whoever comes late to a gate that was replaced tries the new one: nobody looks at the old one again.
      if (lock && gate == now_of(table)) {
        return {std::move(gate), std::move(lock)};
      }
    }
  }

  // Calls unlink when no scan that began before this call is under way.
  template <class Unlink>
  void after_scans(std::int64_t table, Unlink unlink) {
    // One at a time: the gate that this leaves behind has none of the scans at the gates before it.
    const std::lock_guard turn(turn_of(table));
    const auto old = replace(table);
    const std::lock_guard alone(*old);
    unlink();
  }

 private:
  struct place {
    std::shared_ptr<scan_gate> now = std::make_shared<scan_gate>();
    std::mutex turn;
  };

  std::shared_ptr<scan_gate> now_of(std::int64_t table) {
    const std::lock_guard lock(mutex_);
    return places_[table].now;
  }
  std::mutex& turn_of(std::int64_t table) {
    const std::lock_guard lock(mutex_);
    return places_[table].turn;
  }
  std::shared_ptr<scan_gate> replace(std::int64_t table) {
    const std::lock_guard lock(mutex_);
    return std::exchange(places_[table].now, std::make_shared<scan_gate>());
  }

  std::mutex mutex_;
  std::map<std::int64_t, place> places_;  // its nodes stay where they are
};

struct reading {
  table_entry entry;
  std::vector<part> parts;
};

class parquet_table_store final : public table_store {
 public:
  parquet_table_store(sql::database& sql, blob_store& blobs, const std::filesystem::path& blob_folder,
                      const core::access_policy& policy, const core::data_key_source& keys,
                      const store_options& options)
      : sql_(sql),
        policy_(policy),
        keys_(keys),
        engine_({options.memory_limit, {blob_folder}, {}}),
        files_(blobs, engine_),
        staged_bytes_(options.staged_bytes) {
    quoted_path(blob_folder);  // refused here rather than with the first part
    sql_.migrate(manifest::migrations());
    sweep();
  }

  void create(sql::transaction& in, const table_description& description) override {
    manifest::check(description);
    manifest::create(in, description);
  }
  void add_column(sql::transaction& in, std::string_view table, const column& added) override {
    manifest::add_column(in, table, added);
  }
  void add_purpose(sql::transaction& in, std::string_view table, const core::purpose& added) override {
    manifest::add_purpose(in, table, added);
  }
  std::unique_ptr<removal> stage_drop(std::string_view table) override {
    return make_drop(std::string(table), [this](std::int64_t id, std::span<const part> old) { unlink(id, old); });
  }
  std::unique_ptr<removal> stage_clear(std::string_view table) override {
    return make_clearing(std::string(table), [this](std::int64_t id, std::span<const part> old) { unlink(id, old); });
  }

  table_description describe(std::string_view table) override { return find(table).description; }
  std::vector<part> parts(std::string_view table) override { return read(table).parts; }
  std::vector<std::string> tables() override {
    return sql_.read([](sql::connection& in) { return manifest::names(in); });
  }

  std::unique_ptr<appender> append(std::string_view table, core::thread_pool& pool, std::span<const column> added,
                                   const core::data_key_source* keys) override {
    table_entry entry = find(table);
    entry.description.columns.insert(entry.description.columns.end(), added.begin(), added.end());
    manifest::check(entry.description);
    return make_appender(files_, std::move(entry), keys == nullptr ? keys_ : *keys, staged_bytes_, pool);
  }
  bool seal(std::string_view table, std::span<const std::string_view> columns, core::thread_pool& pool,
            core::job& job) override;

  scan_report scan(std::string_view table, const core::purpose& why, std::span<const std::string_view> columns,
                   const scan_options& options, core::thread_pool& pool, core::job& job,
                   const std::function<void(const chunk&)>& visit) override;

  std::uint64_t erase(std::string_view table, std::span<const core::subject_handle> subjects, core::thread_pool& pool,
                      core::job& job) override {
    std::uint64_t rows = 0;
    while (!repeated([&] {
      const auto staged = stage_erase(table, subjects, pool, job);
      const bool answered = swap_in(*staged);
      rows += staged->rows();
      return answered;
    })) {
    }
    return rows;
  }

  std::unique_ptr<removal> stage_erase(std::string_view table, std::span<const core::subject_handle> subjects,
                                       core::thread_pool& pool, core::job& job) override;
  std::unique_ptr<removal> stage_remove(std::string_view table, std::string_view column,
                                        std::span<const std::int64_t> values, core::thread_pool& pool,
                                        core::job& job) override;
  std::unique_ptr<removal> stage_erase_some(std::string_view table, const rows_of_person& gone, core::thread_pool& pool,
                                            core::job& job) override;
  std::unique_ptr<removal> stage_expire(std::string_view table, const rows_below& old,
                                        std::span<const core::subject_handle> spared, core::thread_pool& pool,
                                        core::job& job) override;
  std::vector<core::subject_handle> people_of(std::string_view table, const std::optional<rows_below>& all_of,
                                              core::thread_pool& pool, core::job& job) override;
  std::size_t compact(std::string_view table, std::size_t max_parts, core::thread_pool& pool, core::job& job,
                      std::optional<std::string_view> last_of) override;
  void verify(std::string_view table, core::thread_pool& pool, core::job& job) override;

 private:
  void sweep();

  table_entry find(std::string_view table) {
    return sql_.read([&](sql::connection& in) { return manifest::find(in, table); });
  }
  reading read(std::string_view table) {
    return sql_.read([&](sql::connection& in) {
      reading now{manifest::find(in, table), {}};
      now.parts = manifest::parts_of(in, now.entry.id);
      return now;
    });
  }

  // The manifest as it stands, and a lock that keeps its parts from being unlinked.
  struct pinned {
    scan_gates::pass pass;
    reading now;
  };
  pinned pin(std::string_view table) {
    auto pass = gates_.enter(find(table).id);
    return {std::move(pass), read(table)};
  }

  // Who may be read; of a table that is not about people, everybody's rows are nobody's.
  std::shared_ptr<const core::admission> admit(const table_description& table, const core::purpose& why,
                                               const scan_options& options) const {
    if (!table.about_people) {
      return core::admission::everybody();
    }
    const auto& listed = table.purposes;
    const bool right_of_somebody = why == core::purpose::rights_of_the_data_subject();
    if (right_of_somebody && options.subjects.empty()) {
      throw error(errc::permission_denied, "table \"" + table.name + "\" is read for the purpose \"" + why.name() +
                                               "\" only for named people; name them");
    }
    if (!right_of_somebody && std::find(listed.begin(), listed.end(), why) == listed.end()) {
      std::string allowed;
      for (const core::purpose& one : listed) {
        allowed.append(allowed.empty() ? "" : ", ").append(one.name());
      }
      throw error(errc::permission_denied, "table \"" + table.name + "\" may not be read for the purpose \"" +
                                               why.name() + "\", only for: " + (allowed.empty() ? "nothing" : allowed));
    }
    return policy_.admission_for(why);
  }

  std::unique_ptr<removal> stage(table_entry entry, std::span<const rewrite_order> orders, core::thread_pool& pool,
                                 core::job& job) {
    const std::int64_t id = entry.id;
    return stage_rewrites(files_, std::move(entry), orders, pool, job,
                          [this, id](std::span<const part> old) { unlink(id, old); });
  }

  void unlink(std::int64_t table, std::span<const part> old) {
    gates_.after_scans(table, [&] {
      for (const part& p : old) {
        files_.blobs().remove(p.blob.key);
      }
    });
  }

  // False when the answer to the commit was lost: it was made, or somebody else took the same parts out.
  bool swap_in(removal& staged) {
    staged_change* const one = &staged;
    const bool answered = write_naming(sql_, {&one, 1}, [&](sql::transaction& in) { staged.commit(in); });
    staged.committed();
    return answered;
  }

  template <class Body>
  std::invoke_result_t<Body&> repeated(Body body) {
    for (int attempt = 1;; ++attempt) {
      try {
        return body();
      } catch (const error& problem) {
        if (problem.code() != errc::unavailable || attempt == max_attempts) {
          throw;
        }
      }
    }
  }

  sql::database& sql_;
  const core::access_policy& policy_;
  const core::data_key_source& keys_;
  duckdb_engine engine_;
  part_files files_;
  scan_gates gates_;
  const std::size_t staged_bytes_;
};

std::vector<std::size_t> positions_of(const table_description& table, std::span<const std::string_view> names) {
  std::vector<std::size_t> positions;
  for (const std::string_view name : names) {
    const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                    [&](const column& c) { return manifest::lower(c.name) == manifest::lower(name); });
    if (found == table.columns.end()) {
      throw error(errc::invalid_argument, "table \"" + table.name + "\" has no column \"" + std::string(name) + "\"");
    }
    positions.push_back(static_cast<std::size_t>(found - table.columns.begin()));
  }
  if (positions.empty() && !table.about_people) {
    throw error(errc::invalid_argument, "table \"" + table.name + "\": no column was asked for");
  }
  return positions;
}

void check_count(std::size_t count) {
  if (count > max_named_rows) {
    throw error(errc::resource_exhausted,
                fmt::format("{} subjects or values in one call; max_named_rows = {}", count, max_named_rows));
  }
}

std::vector<std::vector<std::int64_t>> by_bucket(std::span<const core::subject_handle> subjects,
                                                 std::uint32_t buckets) {
  check_count(subjects.size());
  std::vector<std::vector<std::int64_t>> split(buckets);
  for (const core::subject_handle subject : subjects) {
    split[core::partition_of(subject, buckets)].push_back(static_cast<std::int64_t>(subject.value()));
  }
  return split;
}

// How what was asked for rests.
part_files::selection resting(const table_description& of, std::span<const std::size_t> asked) {
  part_files::selection what{of, {}, false};
  for (const std::size_t position : asked) {
    if (of.columns[position].sealed) {
      what.sealed = true;
    } else {
      what.columns.push_back(position);
    }
  }
  return what;
}

std::vector<core::subject_handle> admitted_of(std::span<const core::subject_handle> named, const core::admission& who) {
  std::vector<core::subject_handle> admitted(named.begin(), named.end());
  std::erase_if(admitted, [&](core::subject_handle one) { return !who.admits(one); });
  return admitted;
}

scan_report parquet_table_store::scan(std::string_view table, const core::purpose& why,
                                      std::span<const std::string_view> columns, const scan_options& options,
                                      core::thread_pool& pool, core::job& job,
                                      const std::function<void(const chunk&)>& visit) {
  const pinned view = pin(table);
  const table_description& description = view.now.entry.description;
  const auto who = admit(description, why, options);
  if (!description.about_people && !options.subjects.empty()) {
    throw error(errc::invalid_argument, "table \"" + description.name + "\" is not about people");
  }
  const std::vector<std::size_t> asked = positions_of(description, columns);
  const part_files::selection what = resting(description, asked);
  check_count(options.subjects.size());
  const auto named = by_bucket(admitted_of(options.subjects, *who), description.buckets);
  const bool everybody = options.subjects.empty();
  const bool selective = everybody && !who->admits_everybody();

  std::vector<std::uint64_t> first_row;
  std::vector<part> chosen;
  std::uint64_t before = 0;
  for (const part& p : view.now.parts) {
    const bool in_buckets = options.buckets.empty() || std::find(options.buckets.begin(), options.buckets.end(),
                                                                 p.bucket) != options.buckets.end();
    if (in_buckets && (everybody || !named[p.bucket].empty())) {
      chosen.push_back(p);
      first_row.push_back(before);
    }
    before += p.rows;
  }
  std::atomic<std::uint64_t> shown = 0;
  std::atomic<std::uint64_t> withheld = 0;
  const auto show = [&](std::size_t i) {
    const part& p = chosen[i];
    row_filter filter;
    if (!everybody) {
      filter = row_filter::among(subject_column, named[p.bucket]);
    }
    admitted_rows admitted;
    row_opener opener(description, asked, keys_, p.blob.key);
    std::uint64_t seen = 0;
    std::uint64_t left_out = 0;
    files_.read(p, what, filter,
                [&](std::size_t rows, std::span<const std::int64_t> subjects, std::vector<column_view> views) {
                  job.check();
                  chunk some{p.bucket, everybody ? first_row[i] + seen : 0, rows, subjects, std::move(views), {}};
                  seen += rows;
                  if (what.sealed) {
                    left_out += opener.open(*who, some);
                  } else if (selective) {
                    left_out += admitted.take_out(*who, nullptr, some);
                  }
                  if (some.rows > 0) {
                    visit(some);
                  }
                });
    if (everybody && seen != p.rows) {
      throw error(errc::corrupt, fmt::format("part {} has {} rows and not {}", p.blob.key, seen, p.rows));
    }
    shown += seen - left_out;
    withheld += left_out;
  };
  if (everybody) {
    pool.for_each(chosen.size(), [&](std::size_t i, unsigned) { show(i); });
  } else {
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      show(i);
    }
  }
  return {shown, withheld};
}

// One for each bucket with parts, of the rows that leaving_of names; none where it names none.
template <class LeavingOf>
std::vector<rewrite_order> orders_of(std::span<const part> by_bucket, LeavingOf leaving_of) {
  std::vector<rewrite_order> orders;
  for (const part& p : by_bucket) {
    if (orders.empty() || orders.back().old.front().bucket != p.bucket) {
      auto leaving = leaving_of(p.bucket);
      if (!leaving) {
        continue;
      }
      orders.push_back({{}, std::move(leaving), {}});
    }
    orders.back().old.push_back(p);
  }
  return orders;
}

// Columns of people's rows that numbers are compared with.
void check_numbers_of_people(const table_description& of, std::span<const std::string_view> columns) {
  for (const std::size_t position : positions_of(of, columns)) {
    const column& c = of.columns[position];
    if (!of.about_people || c.type != column_type::int64 || c.sealed) {
      throw error(errc::invalid_argument,
                  fmt::format("table \"{}\": {} is no int64 column of a table about people that rests in the clear",
                              of.name, c.name));
    }
  }
}

void check_keys_of_people(const table_description& of, const rows_of_person& some) {
  for (const row_key& key : some.keys) {
    for (const auto& [name, value] : key) {
      const std::string_view named = name;
      const column& c = of.columns[positions_of(of, {&named, 1}).front()];
      const bool fits =
          std::holds_alternative<std::monostate>(value) ||
          c.type == (std::holds_alternative<std::int64_t>(value) ? column_type::int64 : column_type::text);
      if (!of.about_people || c.sealed || !fits) {
        throw error(
            errc::invalid_argument,
            fmt::format("table \"{}\": rows of a person are told apart by columns of int64 or text that rest in "
                        "the clear, each by values of its type; {} is another",
                        of.name, c.name));
      }
    }
  }
}

// The name of a column by whose values rows are told apart: those of one value lie in one bucket.
std::string key_column(const table_description& of, std::string_view name) {
  if (of.about_people) {
    if (name == subject_column) {
      return std::string(subject_column);
    }
  } else if (const column& found = of.columns[positions_of(of, {&name, 1}).front()]; found.type == column_type::int64) {
    return found.name;
  }
  throw error(errc::invalid_argument,
              fmt::format("table \"{}\": {} tells no rows apart; an int64 column does, or {} where it is about people",
                          of.name, name, subject_column));
}

std::unique_ptr<removal> parquet_table_store::stage_erase(std::string_view table,
                                                          std::span<const core::subject_handle> subjects,
                                                          core::thread_pool& pool, core::job& job) {
  const pinned view = pin(table);
  const table_description& description = view.now.entry.description;
  if (!description.about_people) {
    throw error(errc::invalid_argument, "table \"" + description.name + "\" is not about people");
  }
  const auto gone = by_bucket(subjects, description.buckets);
  return stage(view.now.entry,
               orders_of(view.now.parts,
                         [&](std::uint32_t bucket) {
                           return gone[bucket].empty() ? std::nullopt
                                                       : std::optional(row_filter::among(subject_column, gone[bucket]));
                         }),
               pool, job);
}

std::unique_ptr<removal> parquet_table_store::stage_erase_some(std::string_view table, const rows_of_person& gone,
                                                               core::thread_pool& pool, core::job& job) {
  check_count(gone.keys.size());
  const pinned view = pin(table);
  const table_description& description = view.now.entry.description;
  check_keys_of_people(description, gone);
  const std::uint32_t bucket = core::partition_of(gone.who, description.buckets);
  const row_filter rows = row_filter::of_person(gone);
  return stage(
      view.now.entry,
      orders_of(view.now.parts, [&](std::uint32_t one) { return one == bucket ? std::optional(rows) : std::nullopt; }),
      pool, job);
}

std::unique_ptr<removal> parquet_table_store::stage_expire(std::string_view table, const rows_below& old,
                                                           std::span<const core::subject_handle> spared,
                                                           core::thread_pool& pool, core::job& job) {
  const pinned view = pin(table);
  const table_description& description = view.now.entry.description;
  check_numbers_of_people(description, {&old.column, 1});
  const auto stay = by_bucket(spared, description.buckets);
  return stage(view.now.entry,
               orders_of(view.now.parts,
                         [&](std::uint32_t bucket) {
                           return std::optional(row_filter::below(old.column, old.bound, stay[bucket]));
                         }),
               pool, job);
}

std::vector<core::subject_handle> parquet_table_store::people_of(std::string_view table,
                                                                 const std::optional<rows_below>& all_of,
                                                                 core::thread_pool& pool, core::job& job) {
  const pinned view = pin(table);
  const table_description& description = view.now.entry.description;
  if (all_of) {
    check_numbers_of_people(description, {&all_of->column, 1});
  }
  const std::vector<rewrite_order> buckets =
      orders_of(view.now.parts, [](std::uint32_t) { return std::optional(row_filter()); });
  std::vector<std::vector<core::subject_handle>> found(buckets.size());
  pool.for_each(buckets.size(), [&](std::size_t i, unsigned) {
    job.check();
    found[i] = files_.people_of(buckets[i].old, all_of);
  });
  std::vector<core::subject_handle> people;
  for (const auto& some : found) {
    people.insert(people.end(), some.begin(), some.end());
  }
  std::sort(people.begin(), people.end());
  return people;
}

bool parquet_table_store::seal(std::string_view table, std::span<const std::string_view> columns,
                               core::thread_pool& pool, core::job& job) {
  return repeated([&] {
    pinned view = pin(table);
    const manifest::table_entry& entry = view.now.entry;
    table_description sealed = entry.description;
    for (const std::size_t position : positions_of(sealed, columns)) {
      sealed.columns[position].sealed = true;
    }
    if (sealed.columns == entry.description.columns) {
      return false;
    }
    if (has_sealed(entry.description.columns)) {
      throw error(errc::failed_precondition,
                  "table \"" + sealed.name + "\": some columns rest sealed already; others cannot be added to them");
    }
    manifest::check(sealed);
    const std::int64_t id = entry.id;
    const auto staged =
        stage_sealing(files_, entry, std::move(sealed), keys_,
                      orders_of(view.now.parts, [](std::uint32_t) { return std::optional(row_filter()); }), pool, job,
                      [this, id](std::span<const part> old) { unlink(id, old); });
    view.pass.lock.unlock();  // or committed() would wait for ourselves
    swap_in(*staged);
    return true;
  });
}

std::unique_ptr<removal> parquet_table_store::stage_remove(std::string_view table, std::string_view column,
                                                           std::span<const std::int64_t> values,
                                                           core::thread_pool& pool, core::job& job) {
  check_count(values.size());
  const pinned view = pin(table);
  const table_description& description = view.now.entry.description;
  const std::size_t position = positions_of(description, {&column, 1}).front();
  if (description.about_people || description.columns[position].type != column_type::int64) {
    throw error(errc::invalid_argument, "table \"" + description.name +
                                            "\": rows are removed by an int64 column of a " +
                                            "table that is not about people; people are erased");
  }
  std::vector<rewrite_order> orders;
  if (!view.now.parts.empty() && !values.empty()) {
    orders.push_back({view.now.parts, row_filter::among(description.columns[position].name, values), {}});
  }
  return stage(view.now.entry, orders, pool, job);
}

std::size_t parquet_table_store::compact(std::string_view table, std::size_t max_parts, core::thread_pool& pool,
                                         core::job& job, std::optional<std::string_view> last_of) {
  return repeated([&]() -> std::size_t {
    pinned view = pin(table);
    std::string key;
    if (last_of) {
      key = key_column(view.now.entry.description, *last_of);
    }
    std::map<std::uint32_t, std::vector<part>> buckets;
    for (const part& p : view.now.parts) {
      buckets[p.bucket].push_back(p);
    }
    std::vector<rewrite_order> orders;
    for (auto& [bucket, parts] : buckets) {
      if (parts.size() > std::max<std::size_t>(max_parts, 1)) {
        orders.push_back({std::move(parts), {}, key});
      }
    }
    const auto staged = stage(view.now.entry, orders, pool, job);
    view.pass.lock.unlock();  // or committed() would wait for ourselves
    swap_in(*staged);
    return orders.size();
  });
}

void parquet_table_store::verify(std::string_view table, core::thread_pool& pool, core::job& job) {
  const pinned view = pin(table);
  const auto& parts = view.now.parts;
  pool.for_each(parts.size(), [&](std::size_t i, unsigned) {
    job.check();
    files_.blobs().verify(parts[i].blob);
    if (const std::uint64_t rows = files_.count(view.now.entry.description, parts[i], {}); rows != parts[i].rows) {
      throw error(errc::corrupt, fmt::format("part {} has {} rows and not {}", parts[i].blob.key, rows, parts[i].rows));
    }
  });
}

// While the store is being opened nothing is on its way into a table: what no manifest names, nobody will name.
void parquet_table_store::sweep() {
  const auto named = sql_.read([](sql::connection& in) { return manifest::keys(in); });
  try {
    files_.blobs().sweep(part_prefix, [&](std::string_view key) { return named.contains(key); });
  } catch (const error& problem) {
    if (problem.code() != errc::unavailable && problem.code() != errc::failed_precondition) {
      throw;
    }
  }
}

}  // namespace

std::unique_ptr<table_store> open_table_store(sql::database& sql, blob_store& blobs,
                                              const std::filesystem::path& blob_folder,
                                              const core::access_policy& policy, const core::data_key_source& keys,
                                              const store_options& options) {
  return std::make_unique<parquet_table_store>(sql, blobs, blob_folder, policy, keys, options);
}

}  // namespace eunomia::store::table
