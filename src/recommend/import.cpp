// An import reads its files once. Users get their handles from an enrolment and items from the dictionary, both of
// which keep what is new in memory; rows go to an appender, which keeps or stages them. One SQL transaction then makes
// all of it the dataset's: handles, items, columns, the manifest's parts and the digests of the files. Until it commits
// nothing of the import can be seen, and what a kill leaves is swept.
#include "recommend/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <unordered_map>

#include "core/error.h"
#include "core/file_time.h"
#include "core/hash.h"
#include "core/time.h"
#include "recommend/dataset_state.h"
#include "recommend/dataset_tables.h"
#include "recommend/import_reader.h"
#include "recommend/item_dictionary.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;
namespace sql = store::sql;
namespace table = store::table;

constexpr std::string_view user_space = "user";

std::uint64_t bytes_of(const std::filesystem::path& file) {
  std::error_code ignored;
  const auto size = std::filesystem::file_size(file, ignored);
  return ignored ? 0 : size;
}

std::uint64_t bytes_of(std::span<const std::filesystem::path> files) {
  std::uint64_t sum = 0;
  for (const auto& file : files) {
    sum += bytes_of(file);
  }
  return sum;
}

void check_options(const import_options& options, std::span<const std::filesystem::path> files) {
  if (files.empty()) {
    throw error(errc::invalid_argument, "no file to import");
  }
  if (options.rejects) {
    for (const auto& file : files) {
      if (std::filesystem::absolute(file) == std::filesystem::absolute(*options.rejects)) {
        throw error(errc::invalid_argument, file.string() + " is read and cannot take the rejects too");
      }
    }
  }
}

// When the oldest of them was written, UTC ms.
std::int64_t oldest_of(std::span<const std::filesystem::path> files) {
  std::int64_t oldest = std::numeric_limits<std::int64_t>::max();
  for (const auto& file : files) {
    oldest = std::min(oldest, core::last_written_ms(file).value_or(oldest));
  }
  return oldest;
}

class stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void add_text(table::column_values& column, const std::vector<std::string_view>& values, std::size_t rows) {
  for (std::size_t i = 0; i < rows; ++i) {
    values.empty() || values[i].empty() ? column.add_null() : column.add(values[i]);
  }
}

void add_metadata(table::column_values& column, metadata_type type, const std::vector<std::string_view>& values,
                  std::size_t rows) {
  for (std::size_t i = 0; i < rows; ++i) {
    if (values.empty() || values[i].empty()) {
      column.add_null();
    } else if (type == metadata_type::integer) {
      column.add(*integer_of(values[i]));
    } else if (type == metadata_type::number) {
      column.add(*number_of(values[i]));
    } else {
      column.add(values[i]);
    }
  }
}

}  // namespace

// One import into one table of a dataset. Not thread-safe; used once.
class dataset_import {
 public:
  dataset_import(dataset& into, data_kind kind, const import_options& options, core::thread_pool& pool, core::job& job)
      : into_(into), kind_(kind), options_(options), pool_(pool), job_(job), house_(*into.owner_) {}

  import_report run(std::span<const std::filesystem::path> files) {
    const stopwatch watch;
    check_options(options_, files);
    plan_columns(files);
    open(files);
    import_reader reader(kind_, planned_, options_, report_);
    const std::uint64_t total = bytes_of(files);
    std::uint64_t before = 0;
    for (const auto& file : files) {
      const core::digest128 digest =
          reader.read(file, before, total, job_, [&](const import_rows& rows) { take(rows); });
      before += bytes_of(file);
      remember(file, core::to_hex(digest));
    }
    report_.rows -= withheld_;
    if (report_.rows == 0) {
      report_.warnings.push_back("the import holds no rows");
    }
    if (withheld_ > 0) {
      report_.warnings.push_back(
          fmt::format("{} rows were left out: of people who asked to be erased after the file was written", withheld_));
    }
    rows_->finish();
    replace_older();
    job_.check();
    reader.finish();
    publish();
    report_.seconds = watch.seconds();
    return std::move(report_);
  }

 private:
  // Which metadata columns there will be: those declared, those that the options declare, and what the files add.
  void plan_columns(std::span<const std::filesystem::path> files) {
    planned_ = into_.description_.columns_of(kind_);
    const auto is_planned = [&](std::string_view name) {
      return std::any_of(planned_.begin(), planned_.end(), [&](const metadata_column& c) { return c.name == name; });
    };
    for (const metadata_column& c : options_.declare) {
      if (!is_planned(upper(c.name))) {
        planned_.push_back({upper(c.name), c.type});
      }
    }
    std::vector<std::string> unknown;
    for (const auto& file : files) {
      for (const std::string& name : import_reader::undeclared_in(file, kind_, planned_, options_)) {
        if (std::find(unknown.begin(), unknown.end(), name) == unknown.end()) {
          unknown.push_back(name);
        }
      }
    }
    if (!unknown.empty() && options_.undeclared == undeclared_columns::refuse) {
      throw error(errc::invalid_argument,
                  fmt::format("{} of dataset \"{}\": column{} {} not declared: {}. Declare what is needed, --declare "
                              "NAME:type (integer, number, text or category), or choose --undeclared declare or ignore",
                              name_of(kind_), into_.description_.name, unknown.size() == 1 ? "" : "s",
                              unknown.size() == 1 ? "is" : "are", fmt::join(unknown, ", ")));
    }
    for (const std::string& name : unknown) {
      if (options_.undeclared == undeclared_columns::declare) {
        planned_.push_back({name, metadata_type::text});
      } else {
        report_.ignored.push_back(name);
      }
    }
    first_new_ = into_.description_.columns_of(kind_).size();
    for (std::size_t i = first_new_; i < planned_.size(); ++i) {
      added_.push_back(stored_column(kind_, planned_[i]));
      report_.declared.push_back(planned_[i].name);
    }
  }

  void open(std::span<const std::filesystem::path> files) {
    columns_ = fixed_columns(kind_);
    for (const metadata_column& c : planned_) {
      columns_.push_back(stored_column(kind_, c));
    }
    batch_ = std::make_unique<table::column_batch>(columns_);
    if (kind_ != data_kind::items) {
      people_ = house_.people_.enrol(user_space);
      people_->came_at(oldest_of(files));
    }
    // Sealed with keys that nobody else has before the import is published.
    rows_ = house_.tables_.append(into_.table_name(kind_), pool_, added_, people_.get());
    if (kind_ != data_kind::users) {
      items_ = std::make_unique<item_dictionary>(into_.state_->items);
    }
  }

  void take(const import_rows& rows) {
    if (people_ != nullptr) {
      handles_.resize(rows.size());
      people_->resolve(rows.user, handles_);
      if (std::ranges::count(handles_, core::subject_handle()) > 0) {
        const import_rows others = rows.where([&](std::size_t i) { return handles_[i] != core::subject_handle(); });
        withheld_ += rows.size() - others.size();
        std::erase(handles_, core::subject_handle());
        append(others);
        return;
      }
    }
    append(rows);
  }

  // Of the people in handles_.
  void append(const import_rows& rows) {
    const std::size_t count = rows.size();
    if (count == 0) {
      return;
    }
    batch_->clear();
    if (people_ != nullptr) {
      for (const core::subject_handle who : handles_) {
        batch_->subjects.push_back(static_cast<std::int64_t>(who.value()));
      }
    }
    std::size_t c = 0;
    if (items_ != nullptr) {
      for (const std::string_view id : rows.item) {
        batch_->columns[c].add(items_->resolve(id));
      }
      ++c;
    }
    if (kind_ == data_kind::interactions) {
      for (const std::int64_t time : rows.time) {
        batch_->columns[c].add(time);
      }
      add_text(batch_->columns[c + 1], rows.event_type, count);
      add_values(batch_->columns[c + 2], rows.event_value, count);
      add_text(batch_->columns[c + 3], rows.impression, count);
      c += 4;
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        batch_->columns[c].add(now_);
      }
      const auto& keys = batch_->columns[0].int64();
      kind_ == data_kind::items ? note_keys(keys) : note_keys(batch_->subjects);
      ++c;
    }
    for (std::size_t m = 0; m < planned_.size(); ++m) {
      add_metadata(batch_->columns[c + m], planned_[m].type, rows.metadata[m], count);
    }
    rows_->append(*batch_);
  }

  static void add_values(table::column_values& column, const std::vector<float>& values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      values.empty() || std::isnan(values[i]) ? column.add_null() : column.add(static_cast<double>(values[i]));
    }
  }

  void note_keys(std::span<const std::int64_t> keys) { upserted_.insert(upserted_.end(), keys.begin(), keys.end()); }

  // A file whose bytes were imported before, in this call or an earlier one.
  void remember(const std::filesystem::path& file, const std::string& digest) {
    const bool twice = std::find(digests_.begin(), digests_.end(), digest) != digests_.end();
    const bool before = house_.sql_.read([&](sql::connection& in) { return was_imported(in, digest); });
    if (!options_.again && (twice || before)) {
      throw error(errc::already_exists,
                  fmt::format("{}: these very bytes were imported into {} of dataset \"{}\" already; nothing was "
                              "imported. Choose --again if its rows are to be there twice",
                              file.string(), name_of(kind_), into_.description_.name));
    }
    digests_.push_back(digest);
  }

  bool was_imported(sql::connection& in, const std::string& digest) const {
    return in.query_one(
                 "SELECT count(*) FROM dataset_import WHERE dataset_id = :id AND kind = :kind AND digest = "
                 ":digest",
                 {{"id", into_.id_}, {"kind", name_of(kind_)}, {"digest", digest}})[0]
               .int64(0) > 0;
  }

  // Rows of items and users that this import replaces leave the table in the same transaction.
  void replace_older() {
    if (options_.replace) {
      older_ = house_.tables_.stage_clear(into_.table_name(kind_));
      return;
    }
    std::sort(upserted_.begin(), upserted_.end());
    upserted_.erase(std::unique(upserted_.begin(), upserted_.end()), upserted_.end());
    // Beyond the limit the older rows stay where they are: the last row of an id counts.
    if (upserted_.empty() || upserted_.size() > table::max_named_rows) {
      return;
    }
    const std::string name = into_.table_name(kind_);
    if (kind_ == data_kind::items) {
      older_ = house_.tables_.stage_remove(name, "ITEM_ID", upserted_, pool_, job_);
    } else {
      std::vector<core::subject_handle> who;
      who.reserve(upserted_.size());
      for (const std::int64_t handle : upserted_) {
        who.emplace_back(static_cast<std::uint64_t>(handle));
      }
      older_ = house_.tables_.stage_erase(name, who, pool_, job_);
    }
  }

  void publish() {
    const std::array<table::staged_change*, 2> staged = {rows_.get(), older_.get()};
    table::write_naming(house_.sql_, staged, [&](sql::transaction& in) {
      for (std::size_t i = first_new_; i < planned_.size(); ++i) {
        declare_column(in, house_.tables_, into_.id_, kind_, i, planned_[i]);
      }
      if (people_ != nullptr) {
        people_->record(in);
      }
      if (items_ != nullptr) {
        items_->record(in);
      }
      if (older_ != nullptr) {
        older_->commit(in);
      }
      rows_->commit(in);
      for (const std::string& digest : digests_) {
        if (!options_.again && was_imported(in, digest)) {
          throw error(errc::already_exists, "the same file was imported meanwhile; nothing was imported");
        }
        in.execute(
            "INSERT INTO dataset_import (dataset_id, kind, digest, row_count, imported_at)"
            " VALUES (:id, :kind, :digest, :rows, :now)",
            {{"id", into_.id_}, {"kind", name_of(kind_)}, {"digest", digest}, {"rows", report_.rows}, {"now", now_}});
      }
    });
    rows_->committed();
    if (older_ != nullptr) {
      older_->committed();
    }
    if (items_ != nullptr) {
      items_->committed();
    }
    into_.state_->tell([&](dataset_listener& to) {
      if (kind_ == data_kind::interactions) {
        to.interactions_changed();
      } else if (kind_ == data_kind::users) {
        to.people_changed();
      }
    });
    auto& columns = kind_ == data_kind::interactions ? into_.description_.interactions
                    : kind_ == data_kind::items      ? into_.description_.items
                                                     : into_.description_.users;
    columns = planned_;
    report_.new_users = people_ != nullptr ? people_->added() : 0;
    report_.new_items = items_ != nullptr ? items_->added() : 0;
  }

  dataset& into_;
  const data_kind kind_;
  const import_options& options_;
  core::thread_pool& pool_;
  core::job& job_;
  datasets& house_;
  const std::int64_t now_ = core::now_ms();
  import_report report_;
  std::vector<metadata_column> planned_;
  std::size_t first_new_ = 0;
  std::vector<table::column> added_;
  std::vector<table::column> columns_;
  std::unique_ptr<table::column_batch> batch_;
  std::unique_ptr<subject::enrolment> people_;
  std::unique_ptr<table::appender> rows_;
  std::unique_ptr<table::removal> older_;
  std::unique_ptr<item_dictionary> items_;
  std::vector<core::subject_handle> handles_;
  std::uint64_t withheld_ = 0;          // rows of people who are being erased
  std::vector<std::int64_t> upserted_;  // handles of the items or users that got a row
  std::vector<std::string> digests_;
};

import_report import_files(dataset& into, data_kind kind, std::span<const std::filesystem::path> files,
                           const import_options& options, core::thread_pool& pool, core::job& job) {
  return dataset_import(into, kind, options, pool, job).run(files);
}

interactions read_interactions(std::span<const std::filesystem::path> files, subject::directory& people,
                               const import_options& options, core::job& job, import_report* report) {
  const stopwatch watch;
  check_options(options, files);
  import_report own;
  import_reader reader(data_kind::interactions, {}, options, own);
  interactions events;
  std::deque<std::string> ids;
  std::unordered_map<std::string_view, std::uint32_t> handles;
  std::map<std::string, std::uint16_t, std::less<>> types;
  bool any_value = false;
  const std::uint64_t total = bytes_of(files);
  std::uint64_t before = 0;
  for (const auto& file : files) {
    reader.read(file, before, total, job, [&](const import_rows& rows) {
      const auto who = people.resolve(user_space, rows.user);
      events.subject.insert(events.subject.end(), who.begin(), who.end());
      events.time.insert(events.time.end(), rows.time.begin(), rows.time.end());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        auto found = handles.find(rows.item[i]);
        if (found == handles.end()) {
          ids.emplace_back(rows.item[i]);
          found = handles.emplace(ids.back(), static_cast<std::uint32_t>(ids.size() - 1)).first;
        }
        events.item.push_back(found->second);
        const std::string_view type = rows.event_type.empty() ? std::string_view() : rows.event_type[i];
        auto known = types.find(type);
        if (known == types.end()) {
          if (types.size() > std::numeric_limits<std::uint16_t>::max()) {
            throw error(errc::resource_exhausted, "at most 65536 event types");
          }
          known = types.emplace(std::string(type), static_cast<std::uint16_t>(types.size())).first;
        }
        events.event_type.push_back(known->second);
        const float value = rows.event_value.empty() ? std::numeric_limits<float>::quiet_NaN() : rows.event_value[i];
        any_value = any_value || !std::isnan(value);
        events.event_value.push_back(value);
      }
    });
    before += bytes_of(file);
  }
  reader.finish();
  events.items = std::make_shared<catalogue>(std::vector<std::string>(ids.begin(), ids.end()));
  std::vector<item_position> position;
  position.reserve(ids.size());
  for (const std::string& id : ids) {
    position.push_back(*events.items->find(id));
  }
  for (item_position& item : events.item) {
    item = position[item];
  }
  settle_event_types(types, events);
  if (!any_value) {
    events.event_value.clear();
  }
  own.new_items = ids.size();
  own.seconds = watch.seconds();
  if (report != nullptr) {
    *report = std::move(own);
  }
  return events;
}

}  // namespace eunomia::recommend
