// An import reads its files once. One SQL transaction then makes all of it the dataset's: handles, items, columns, the
// manifest's parts and the digests of the files (incoming_rows.h).
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
#include "recommend/incoming_rows.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;
namespace sql = store::sql;
namespace table = store::table;

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
    rows_ = std::make_unique<incoming_rows>(into_, kind_, planned_, oldest_of(files), pool_);
    import_reader reader(kind_, planned_, options_, report_);
    const std::uint64_t total = bytes_of(files);
    std::uint64_t before = 0;
    for (const auto& file : files) {
      const core::digest128 digest =
          reader.read(file, before, total, job_, [&](const import_rows& rows) { withheld_ += rows_->take(rows); });
      before += bytes_of(file);
      remember(file, core::to_hex(digest));
    }
    report_.rows -= withheld_;
    if (report_.rows == 0) {
      report_.warnings.emplace_back("the import holds no rows");
    }
    if (withheld_ > 0) {
      report_.warnings.push_back(
          fmt::format("{} rows were left out: of people who asked to be erased after the file was written", withheld_));
    }
    rows_->finish();
    // Those that these replace leave the table in the same transaction.
    if (options_.replace) {
      rows_->replace_all();
    } else {
      rows_->replace_older(pool_, job_);
    }
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
    for (std::size_t i = into_.description_.columns_of(kind_).size(); i < planned_.size(); ++i) {
      report_.declared.push_back(planned_[i].name);
    }
  }

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

  void publish() {
    rows_->publish([&](sql::transaction& in) {
      for (const std::string& digest : digests_) {
        if (!options_.again && was_imported(in, digest)) {
          throw error(errc::already_exists, "the same file was imported meanwhile; nothing was imported");
        }
        in.execute(
            "INSERT INTO dataset_import (dataset_id, kind, digest, row_count, imported_at)"
            " VALUES (:id, :kind, :digest, :rows, :now)",
            {{"id", into_.id_},
             {"kind", name_of(kind_)},
             {"digest", digest},
             {"rows", report_.rows},
             {"now", rows_->now()}});
      }
    });
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
    report_.new_users = rows_->people() != nullptr ? rows_->people()->added() : 0;
    report_.new_items = rows_->items() != nullptr ? rows_->items()->added() : 0;
  }

  dataset& into_;
  const data_kind kind_;
  const import_options& options_;
  core::thread_pool& pool_;
  core::job& job_;
  datasets& house_;
  import_report report_;
  std::vector<metadata_column> planned_;
  std::unique_ptr<incoming_rows> rows_;
  std::uint64_t withheld_ = 0;        // rows of people who are being erased
  std::vector<std::string> digests_;  // of the files
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
