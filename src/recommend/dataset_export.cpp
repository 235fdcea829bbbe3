// An export is scanned on one thread, so that its rows come bucket by bucket and the file is the same on every call.
// All rows of a person lie in one bucket, so what is remembered of people is forgotten with it.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "core/error.h"
#include "core/time.h"
#include "recommend/dataset.h"
#include "recommend/dataset_state.h"
#include "recommend/dataset_tables.h"
#include "recommend/event_value.h"
#include "recommend/item_dictionary.h"
#include "store/table/record_writer.h"
#include "subject/audit/plain_text.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;
namespace sql = store::sql;
namespace table = store::table;

// How a TIMESTAMP is written: CSV has the digits as they are, Parquet a number.
enum class time_format { text, whole_seconds, seconds };

void add_time(table::column_values& into, std::int64_t ms, time_format format) {
  const std::int64_t seconds = ms / core::milliseconds_per_second;
  const std::int64_t fraction = ms % core::milliseconds_per_second;
  switch (format) {
    case time_format::text: {
      std::string digits = fmt::format("{}", seconds);
      if (fraction != 0) {
        digits += fmt::format(".{:03}", fraction);
        digits.erase(digits.find_last_not_of('0') + 1);
      }
      into.add(std::string_view(digits));
      break;
    }
    case time_format::whole_seconds: into.add(seconds); break;
    // At most 14 digits: the double is written as these and no others.
    case time_format::seconds: into.add(static_cast<double>(ms) / 1000.0); break;
  }
}

bool same(const std::vector<table::part>& a, const std::vector<table::part>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const table::part& x, const table::part& y) { return x.id == y.id && x.blob == y.blob; });
}

// The identifiers of the people of the bucket at hand.
class bucket_people {
 public:
  explicit bucket_people(const subject::directory& people) : people_(people) {}

  // Learns whom the rows are about.
  void meet(const table::chunk& rows) {
    if (rows.bucket != bucket_) {
      known_.clear();
      bucket_ = rows.bucket;
    }
    std::vector<core::subject_handle> unknown;
    for (const std::int64_t who : rows.subjects) {
      if (known_.try_emplace(who).second) {
        unknown.emplace_back(static_cast<std::uint64_t>(who));
      }
    }
    auto identifiers = people_.identifiers_of(user_space, unknown);
    for (std::size_t i = 0; i < unknown.size(); ++i) {
      known_[static_cast<std::int64_t>(unknown[i].value())] = std::move(identifiers[i]);
    }
  }
  // Nothing for somebody who was forgotten meanwhile.
  const std::optional<std::string>& identifier_of(std::int64_t who) const { return known_.at(who); }

 private:
  const subject::directory& people_;
  std::optional<std::uint32_t> bucket_;
  std::unordered_map<std::int64_t, std::optional<std::string>> known_;
};

}  // namespace

// One export of one table. Used once.
class dataset_export {
 public:
  dataset_export(const dataset& from, data_kind kind, const core::purpose& why, core::job& job)
      : from_(from), house_(*from.owner_), kind_(kind), why_(why), job_(job), name_(from.table_name(kind)) {
    if (kind != data_kind::items) {
      admitted_ = from.admission_for(why);
    }
  }

  std::uint64_t write(const std::filesystem::path& file) {
    const bool parquet = table::record_format_of(file) == table::record_format::parquet;
    const std::vector<table::part> parts = house_.tables_.parts(name_);
    for (const table::part& p : parts) {
      total_ += p.rows;
    }
    times_ = parquet ? time_format_of_all() : time_format::text;
    if (kind_ != data_kind::interactions) {
      find_superseded();
    }
    if (kind_ != data_kind::users) {
      load_items();
    }
    const std::vector<table::column> columns = written_columns();
    const auto out = table::open_record_writer(file, columns);
    write_rows(columns, *out);
    if (looked_before_ && !same(house_.tables_.parts(name_), parts)) {
      throw error(errc::unavailable,
                  fmt::format("dataset \"{}\" was changed while it was exported; try again", from_.description_.name));
    }
    out->finish();
    return written_;
  }

 private:
  // The columns that the scan shows, in the order in which they are written after USER_ID.
  std::vector<std::string_view> read_columns() const {
    std::vector<std::string_view> names;
    if (kind_ == data_kind::interactions) {
      names = {"ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE", "IMPRESSION"};
    } else if (kind_ == data_kind::items) {
      names = {"ITEM_ID"};
    }
    for (const metadata_column& c : from_.description_.columns_of(kind_)) {
      names.push_back(c.name);
    }
    return names;
  }

  std::vector<table::column> written_columns() const {
    std::vector<table::column> columns;
    if (kind_ != data_kind::items) {
      columns.push_back({"USER_ID", table::column_type::text});
    }
    if (kind_ != data_kind::users) {
      columns.push_back({"ITEM_ID", table::column_type::text});
    }
    if (kind_ == data_kind::interactions) {
      columns.push_back({"TIMESTAMP", times_ == time_format::text            ? table::column_type::text
                                      : times_ == time_format::whole_seconds ? table::column_type::int64
                                                                             : table::column_type::float64});
      columns.push_back({"EVENT_TYPE", table::column_type::text});
      columns.push_back({"EVENT_VALUE", table::column_type::float64});
      columns.push_back({"IMPRESSION", table::column_type::text});
    }
    for (const metadata_column& c : from_.description_.columns_of(kind_)) {
      columns.push_back({c.name, stored_type(c.type)});
    }
    return columns;
  }

  // In order: bucket by bucket, part after part.
  void scan(std::span<const std::string_view> columns, const std::function<void(const table::chunk&)>& visit) {
    core::thread_pool single(1);
    house_.tables_.scan(name_, why_, columns, {}, single, job_, visit);
  }

  // A look at the table before the rows are written; they must be the same then.
  time_format time_format_of_all() {
    if (kind_ != data_kind::interactions) {
      return time_format::whole_seconds;
    }
    looked_before_ = true;
    bool whole = true;
    constexpr std::string_view column = "TIMESTAMP";
    scan({&column, 1}, [&](const table::chunk& rows) {
      const auto times = rows.columns[0].int64();
      whole = whole && std::all_of(times.begin(), times.end(),
                                   [](std::int64_t ms) { return ms % core::milliseconds_per_second == 0; });
    });
    return whole ? time_format::whole_seconds : time_format::seconds;
  }

  // The rows of items or people that have a newer one, by number: an import replaces older rows, but not those of its
  // own files.
  void find_superseded() {
    looked_before_ = true;
    std::unordered_map<std::int64_t, std::uint64_t> newest;  // in the bucket at hand
    std::optional<std::uint32_t> bucket;
    const std::vector<std::string_view> columns =
        kind_ == data_kind::items ? std::vector<std::string_view>{"ITEM_ID"} : std::vector<std::string_view>{};
    scan(columns, [&](const table::chunk& rows) {
      if (rows.bucket != bucket) {
        newest.clear();
        bucket = rows.bucket;
      }
      const auto keys = kind_ == data_kind::items ? rows.columns[0].int64() : rows.subjects;
      for (std::size_t i = 0; i < rows.rows; ++i) {
        const auto [found, fresh] = newest.try_emplace(keys[i], rows.number(i));
        if (!fresh) {
          superseded_.push_back(found->second);
          found->second = rows.number(i);
        }
      }
    });
    std::sort(superseded_.begin(), superseded_.end());
  }

  void write_rows(const std::vector<table::column>& columns, table::record_writer& out) {
    bucket_people people(house_.people_);
    table::column_batch batch(columns);
    std::uint64_t done = 0;
    scan(read_columns(), [&](const table::chunk& rows) {
      if (kind_ != data_kind::items) {
        people.meet(rows);
      }
      for (std::size_t i = 0; i < rows.rows; ++i) {
        if (!std::binary_search(superseded_.begin(), superseded_.end(), rows.number(i))) {
          add_row(rows, i, people, batch);
        }
      }
      written_ += batch.rows();
      out.write(batch);
      job_.report("export", done += rows.rows, total_);
    });
  }

  void add_row(const table::chunk& rows, std::size_t row, const bucket_people& people, table::column_batch& batch) {
    std::size_t to = 0;
    std::size_t from = 0;
    if (kind_ != data_kind::items) {
      const std::int64_t who = rows.subjects[row];
      const auto& identifier = people.identifier_of(who);
      if (!identifier || !admitted_->admits(core::subject_handle(static_cast<std::uint64_t>(who)))) {
        return;
      }
      batch.columns[to++].add(std::string_view(*identifier));
    }
    if (kind_ != data_kind::users) {
      batch.columns[to++].add(std::string_view(item_id(rows.columns[from++].int64()[row])));
    }
    if (kind_ == data_kind::interactions) {
      const std::int64_t time = rows.columns[from++].int64()[row];
      if (times_ == time_format::whole_seconds && time % core::milliseconds_per_second != 0) {
        throw error(errc::unavailable, fmt::format("dataset \"{}\" was changed while it was exported; try again",
                                                   from_.description_.name));
      }
      add_time(batch.columns[to++], time, times_);
      batch.columns[to++].add_from(rows.columns[from++], row);
      const table::column_view& values = rows.columns[from++];
      values.is_null(row) ? batch.columns[to++].add_null()
                          : batch.columns[to++].add(shortest(static_cast<float>(values.float64()[row])));
    }
    for (; from < rows.columns.size(); ++from) {
      batch.columns[to++].add_from(rows.columns[from], row);
    }
  }

  void load_items() {
    items_ = house_.sql_.read([&](sql::connection& in) { return shared_items::load(in, from_.id_); });
  }

  const std::string& item_id(std::int64_t handle) {
    const auto known = [&] { return handle >= 0 && static_cast<std::uint64_t>(handle) < items_.size(); };
    if (!known()) {
      load_items();  // an import may have added it since
    }
    if (!known()) {
      throw error(errc::corrupt, fmt::format("dataset \"{}\" has an item that its dictionary does not know; restore it "
                                             "from a copy",
                                             from_.description_.name));
    }
    return items_[static_cast<std::size_t>(handle)];
  }

  const dataset& from_;
  datasets& house_;
  const data_kind kind_;
  const core::purpose& why_;
  core::job& job_;
  const std::string name_;
  // When it began: each look at the table asks anew, and must not find somebody whom the one before did not.
  std::shared_ptr<const core::admission> admitted_;
  std::vector<std::string> items_;         // by handle
  std::vector<std::uint64_t> superseded_;  // ascending
  time_format times_ = time_format::text;
  bool looked_before_ = false;
  std::uint64_t total_ = 0;
  std::uint64_t written_ = 0;
};

std::uint64_t dataset::export_to(data_kind kind, const std::filesystem::path& file, const core::purpose& why,
                                 std::string_view recipient, core::job& job) const {
  if (kind != data_kind::items) {
    admission_for(why);  // what is refused is handed to nobody
    record_disclosure(kind, recipient, why);
  }
  if (kind == data_kind::interactions) {
    core::thread_pool single(1);
    settle(single, job);
  }
  std::uint64_t rows = 0;
  state_->log.while_nothing_settles([&] { rows = dataset_export(*this, kind, why, job).write(file); });
  return rows;
}

// Before a file is there: one that is on record and was not handed over after all does no harm, the other way round it
// would.
void dataset::record_disclosure(data_kind kind, std::string_view recipient, const core::purpose& why) const {
  // As certificates want it, in whose remarks it stands: one that they refused would keep erasures waiting for ever.
  if (recipient.empty() || recipient.size() > max_recipient_bytes || !subject::is_plain_text(recipient)) {
    throw error(errc::invalid_argument,
                fmt::format("recipient: who is handed the data, 1 to max_recipient_bytes = {} bytes of UTF-8 without "
                            "control characters, got {} bytes",
                            max_recipient_bytes, recipient.size()));
  }
  owner_->sql_.write([&](sql::transaction& in) {
    in.execute(
        "INSERT INTO dataset_disclosure (dataset_id, kind, recipient, purpose, disclosed_at) VALUES (:id, :kind, "
        ":recipient, :purpose, :now)",
        {{"id", id_},
         {"kind", name_of(kind)},
         {"recipient", recipient},
         {"purpose", why.name()},
         {"now", core::now_ms()}});
  });
}

std::vector<disclosure> dataset::disclosures() const {
  return owner_->sql_.read([&](sql::connection& in) {
    std::vector<disclosure> all;
    in.each(
        "SELECT kind, recipient, purpose, count(*), max(disclosed_at) FROM dataset_disclosure WHERE dataset_id = :id "
        "GROUP BY kind, recipient, purpose ORDER BY kind, recipient, purpose",
        {{"id", id_}}, [&](const sql::row& r) {
          all.push_back(
              {data_kind_named(r.text(0)), std::string(r.text(1)), std::string(r.text(2)), r.uint64(3), r.int64(4)});
        });
    return all;
  });
}

}  // namespace eunomia::recommend
