// In SQL: the dataset, its declared metadata columns, its items and the files it was made from. The rows are in three
// tables of the table store, "dataset/<id>/<kind>"; who may read them for what is on the lists of these tables.
#include "recommend/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "core/error.h"
#include "core/time.h"
#include "recommend/dataset_state.h"
#include "recommend/dataset_tables.h"
#include "recommend/event_rows.h"
#include "recommend/import_reader.h"
#include "subject/retention/rules.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;
namespace sql = store::sql;
namespace table = store::table;

constexpr std::string_view version_1 = R"(
CREATE TABLE dataset (
  id {id},
  name {text} NOT NULL UNIQUE,
  created_at BIGINT NOT NULL
);
CREATE TABLE dataset_column (
  dataset_id BIGINT NOT NULL,
  kind {text} NOT NULL,
  position BIGINT NOT NULL,
  name {text} NOT NULL,
  type {text} NOT NULL,
  PRIMARY KEY (dataset_id, kind, position)
);
CREATE TABLE dataset_item (
  dataset_id BIGINT NOT NULL,
  handle BIGINT NOT NULL,
  item_id {text} NOT NULL,
  PRIMARY KEY (dataset_id, handle)
);
CREATE TABLE dataset_import (
  id {id},
  dataset_id BIGINT NOT NULL,
  kind {text} NOT NULL,
  digest {text} NOT NULL,
  row_count BIGINT NOT NULL,
  imported_at BIGINT NOT NULL
)
)";

// What the data of a dataset may be used for beside what it was collected for, and by which decision.
constexpr std::string_view version_3 = R"(
CREATE TABLE dataset_purpose (
  dataset_id BIGINT NOT NULL,
  purpose {text} NOT NULL,
  decision_id BIGINT NOT NULL,
  added_at BIGINT NOT NULL,
  PRIMARY KEY (dataset_id, purpose)
)
)";

// How often rows that were past their time left a dataset, and what was older than when the last time.
constexpr std::string_view version_4 = R"(
CREATE TABLE dataset_expiry (
  dataset_id BIGINT NOT NULL PRIMARY KEY,
  times BIGINT NOT NULL,
  rows_before BIGINT NOT NULL,
  last_at BIGINT NOT NULL
)
)";

// Who was handed rows about people.
constexpr std::string_view version_5 = R"(
CREATE TABLE dataset_disclosure (
  id {id},
  dataset_id BIGINT NOT NULL,
  kind {text} NOT NULL,
  recipient {text} NOT NULL,
  purpose {text} NOT NULL,
  disclosed_at BIGINT NOT NULL
)
)";

constexpr std::array all_kinds = {data_kind::interactions, data_kind::items, data_kind::users};
constexpr std::array all_types = {metadata_type::integer, metadata_type::number, metadata_type::text,
                                  metadata_type::category};
constexpr std::size_t max_dataset_name_bytes = 63;

metadata_type metadata_type_named(std::string_view name) {
  for (const metadata_type type : all_types) {
    if (name == name_of(type)) {
      return type;
    }
  }
  throw error(errc::invalid_argument,
              fmt::format("\"{}\" is no type of a column: integer, number, text or category", name));
}

std::vector<metadata_column>& columns_in(dataset_description& description, data_kind kind) {
  return kind == data_kind::interactions ? description.interactions
         : kind == data_kind::items      ? description.items
                                         : description.users;
}

// Names in upper case; what is wrong with them.
void tidy(std::vector<metadata_column>& columns, data_kind kind) {
  std::set<std::string> seen;
  for (metadata_column& c : columns) {
    c.name = upper(c.name);
    const auto fixed = fixed_columns(kind);
    const bool taken = c.name == "USER_ID" || std::any_of(fixed.begin(), fixed.end(),
                                                          [&](const table::column& f) { return f.name == c.name; });
    if (taken || !seen.insert(c.name).second) {
      throw error(errc::invalid_argument, fmt::format("column {} of {} occurs twice", c.name, name_of(kind)));
    }
  }
}

void check_dataset_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (name.empty() || name.size() > max_dataset_name_bytes || !std::all_of(name.begin(), name.end(), allowed)) {
    throw error(errc::invalid_argument,
                fmt::format("dataset {}: a name is 1 to 63 of a-z, A-Z, 0-9, '-' and '_'", table::shown(name)));
  }
}

}  // namespace

std::string_view name_of(data_kind kind) noexcept {
  switch (kind) {
    case data_kind::interactions: return "interactions";
    case data_kind::items: return "items";
    case data_kind::users: return "users";
  }
  return "none";
}

data_kind data_kind_named(std::string_view name) {
  for (const data_kind kind : all_kinds) {
    if (name == name_of(kind)) {
      return kind;
    }
  }
  throw error(errc::invalid_argument,
              fmt::format("\"{}\" is no table of a dataset: interactions, items or users", name));
}

std::string_view name_of(metadata_type type) noexcept {
  switch (type) {
    case metadata_type::integer: return "integer";
    case metadata_type::number: return "number";
    case metadata_type::text: return "text";
    case metadata_type::category: return "category";
  }
  return "none";
}

metadata_column metadata_column::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  metadata_column made;
  made.name = upper(text.substr(0, colon));
  if (colon != std::string_view::npos) {
    made.type = metadata_type_named(text.substr(colon + 1));
  }
  if (made.name.empty()) {
    throw error(errc::invalid_argument, fmt::format("\"{}\": a column is declared as NAME or NAME:type", text));
  }
  return made;
}

const std::vector<metadata_column>& dataset_description::columns_of(data_kind kind) const {
  return kind == data_kind::interactions ? interactions : kind == data_kind::items ? items : users;
}

std::size_t item_metadata::column_named(std::string_view name) const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == upper(name)) {
      return i;
    }
    names.push_back(columns[i].name);
  }
  throw error(errc::not_found, fmt::format("items have no column \"{}\"; they have {}", name,
                                           names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

std::vector<table::column> fixed_columns(data_kind kind) {
  switch (kind) {
    case data_kind::interactions:
      return {{"ITEM_ID", table::column_type::int64},
              {"TIMESTAMP", table::column_type::int64},
              {"EVENT_TYPE", table::column_type::text},
              {"EVENT_VALUE", table::column_type::float64},
              {"IMPRESSION", table::column_type::text}};
    case data_kind::items: return {{"ITEM_ID", table::column_type::int64}, {"IMPORTED_AT", table::column_type::int64}};
    case data_kind::users: return {{"IMPORTED_AT", table::column_type::int64}};
  }
  return {};
}

table::column_type stored_type(metadata_type type) {
  switch (type) {
    case metadata_type::integer: return table::column_type::int64;
    case metadata_type::number: return table::column_type::float64;
    default: return table::column_type::text;
  }
}

table::column stored_column(data_kind kind, const metadata_column& declared) {
  return {declared.name, stored_type(declared.type), kind == data_kind::users};
}

void declare_column(sql::transaction& in, table::table_store& tables, std::int64_t dataset, data_kind kind,
                    std::size_t position, const metadata_column& column) {
  in.execute(
      "INSERT INTO dataset_column (dataset_id, kind, position, name, type)"
      " VALUES (:dataset_id, :kind, :position, :name, :type)",
      {{"dataset_id", dataset},
       {"kind", name_of(kind)},
       {"position", position},
       {"name", column.name},
       {"type", name_of(column.type)}});
  tables.add_column(in, table_name_of(dataset, kind), stored_column(kind, column));
}

void settle_event_types(const std::map<std::string, std::uint16_t, std::less<>>& numbers, interactions& events) {
  if (numbers.empty() || (numbers.size() == 1 && numbers.begin()->first.empty())) {
    events.event_type.clear();
    return;
  }
  std::vector<std::uint16_t> position(numbers.size());
  for (const auto& [name, number] : numbers) {
    position[number] = static_cast<std::uint16_t>(events.event_types.size());
    events.event_types.push_back(name);
  }
  for (std::uint16_t& type : events.event_type) {
    type = position[type];
  }
}

std::string table_name_of(std::int64_t dataset, data_kind kind) {
  return fmt::format("dataset/{}/{}", dataset, name_of(kind));
}

datasets::datasets(sql::database& sql, table::table_store& tables, subject::durable_directory& people,
                   const subject::purposes& purposes)
    : sql_(sql), tables_(tables), people_(people), purposes_(purposes) {
  const std::array<sql::migration, 5> steps = {{{"recommend-datasets", 1, version_1},
                                                {"recommend-datasets", 2, event_tables},
                                                {"recommend-datasets", 3, version_3},
                                                {"recommend-datasets", 4, version_4},
                                                {"recommend-datasets", 5, version_5}}};
  sql_.migrate(steps);
  last_event_ = sql_.read([](sql::connection& in) {
    return std::max(in.query_one("SELECT COALESCE(MAX(id), 0) FROM dataset_event")[0].int64(0),
                    in.query_one("SELECT COALESCE(MAX(event_id), 0) FROM dataset_settled")[0].int64(0));
  });
  seal_profiles();
}

std::shared_ptr<dataset_state> datasets::state_of(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  auto& found = states_[id];
  if (found == nullptr) {
    found = std::make_shared<dataset_state>(event_log::house{sql_, tables_, people_, purposes_, last_event_}, id);
  }
  return found;
}

void datasets::forget_state_of(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  states_.erase(id);
}

forgetting::forgetting(std::shared_ptr<dataset_state> in, std::span<const core::subject_handle> people)
    : state_(std::move(in)), people_(people.begin(), people.end()) {
  state_->log.close_to(people_);
}

forgetting::~forgetting() {
  if (state_ != nullptr) {
    state_->log.open_to(people_);
  }
}

dataset::dataset(datasets& owner, std::int64_t id, dataset_description description)
    : owner_(&owner), id_(id), description_(std::move(description)), state_(owner.state_of(id)) {}

dataset datasets::create(const dataset_description& wanted) {
  dataset_description description = wanted;
  check_dataset_name(description.name);
  check_purposes(description);
  for (const data_kind kind : all_kinds) {
    tidy(columns_in(description, kind), kind);
  }
  const std::int64_t id = sql_.write([&](sql::transaction& in) {
    if (!in.query_one("SELECT id FROM dataset WHERE name = :name", {{"name", description.name}}).empty()) {
      throw error(errc::already_exists, "dataset \"" + description.name + "\" exists already");
    }
    in.execute("INSERT INTO dataset (name, created_at) VALUES (:name, :now)",
               {{"name", description.name}, {"now", core::now_ms()}});
    const std::int64_t made =
        in.query_one("SELECT id FROM dataset WHERE name = :name", {{"name", description.name}})[0].int64(0);
    for (const data_kind kind : all_kinds) {
      table::table_description rows;
      rows.name = table_name_of(made, kind);
      rows.about_people = kind != data_kind::items;
      rows.columns = fixed_columns(kind);
      rows.purposes = description.purposes;
      rows.buckets = rows.about_people ? table::default_buckets : 1;
      tables_.create(in, rows);
      const auto& columns = description.columns_of(kind);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        declare_column(in, tables_, made, kind, i, columns[i]);
      }
    }
    return made;
  });
  return dataset(*this, id, std::move(description));
}

dataset datasets::open(std::string_view name) {
  dataset_description description;
  description.name = name;
  const std::int64_t id = sql_.read([&](sql::connection& in) {
    const auto found = in.query_one("SELECT id FROM dataset WHERE name = :name", {{"name", name}});
    if (found.empty()) {
      std::vector<std::string> names;
      in.each("SELECT name FROM dataset ORDER BY name", {}, [&](const sql::row& r) { names.emplace_back(r.text(0)); });
      throw error(errc::not_found, fmt::format("there is no dataset {}; {}", table::shown(name),
                                               names.empty() ? "there is none yet: import something first"
                                                             : fmt::format("there are {}", fmt::join(names, ", "))));
    }
    for (const data_kind kind : all_kinds) {
      in.each("SELECT name, type FROM dataset_column WHERE dataset_id = :id AND kind = :kind ORDER BY position",
              {{"id", found[0].int64(0)}, {"kind", name_of(kind)}}, [&](const sql::row& r) {
                columns_in(description, kind).push_back({std::string(r.text(0)), metadata_type_named(r.text(1))});
              });
    }
    return found[0].int64(0);
  });
  description.purposes = tables_.describe(table_name_of(id, data_kind::interactions)).purposes;
  return dataset(*this, id, std::move(description));
}

std::vector<dataset_description> datasets::list() const {
  std::vector<std::string> names;
  sql_.read([&](sql::connection& in) {
    in.each("SELECT name FROM dataset ORDER BY name", {}, [&](const sql::row& r) { names.emplace_back(r.text(0)); });
  });
  std::vector<dataset_description> all;
  all.reserve(names.size());
  for (const std::string& name : names) {
    all.push_back(const_cast<datasets*>(this)->open(name).description());
  }
  return all;
}

std::vector<dataset_table> datasets::tables() const {
  std::vector<std::pair<std::int64_t, std::string>> found;
  sql_.read([&](sql::connection& in) {
    in.each("SELECT id, name FROM dataset ORDER BY name", {},
            [&](const sql::row& r) { found.emplace_back(r.int64(0), r.text(1)); });
  });
  const subject::retention_rules rules(purposes_.list(), {}, 0);
  std::vector<dataset_table> all;
  for (const auto& [id, name] : found) {
    dataset_description description;
    try {
      description = const_cast<datasets*>(this)->open(name).description();
    } catch (const core::error& problem) {
      if (problem.code() != errc::not_found) {
        throw;
      }
      continue;  // dropped since
    }
    for (const data_kind kind : all_kinds) {
      all.push_back({table_name_of(id, kind), name, kind, description.columns_of(kind), description.purposes,
                     rules.days_kept(description.purposes)});
    }
  }
  return all;
}

std::vector<std::string> datasets::item_ids_among(std::span<const std::string> texts) const {
  constexpr std::size_t asked_at_once = 500;
  std::set<std::string> found;
  sql_.read([&](sql::connection& in) {
    for (std::size_t first = 0; first < texts.size(); first += asked_at_once) {
      const auto some = texts.subspan(first, std::min(asked_at_once, texts.size() - first));
      const std::vector<std::string_view> ids(some.begin(), some.end());
      in.each("SELECT item_id FROM dataset_item WHERE item_id IN {texts:ids}", {{"ids", sql::text_list(ids)}},
              [&](const sql::row& r) { found.emplace(r.text(0)); });
    }
  });
  return {found.begin(), found.end()};
}

std::string dataset::table_name(data_kind kind) const {
  return table_name_of(id_, kind);
}

dataset_statistics dataset::statistics() const {
  dataset_statistics now;
  const auto read_tables = [&] {
    for (const data_kind kind : all_kinds) {
      for (const table::part& p : owner_->tables_.parts(table_name(kind))) {
        now.bytes += p.blob.size;
        now.interactions += kind == data_kind::interactions ? p.rows : 0;
        now.users += kind == data_kind::users ? p.rows : 0;
      }
    }
  };
  now.interactions += state_->log.read_all(read_tables).events;
  now.items = owner_->sql_.read([&](sql::connection& in) {
    return in.query_one("SELECT count(*) FROM dataset_item WHERE dataset_id = :id", {{"id", id_}})[0].uint64(0);
  });
  return now;
}

void dataset::declare(data_kind kind, const metadata_column& column) {
  dataset_description changed = description_;
  auto& columns = columns_in(changed, kind);
  for (const metadata_column& c : columns) {
    if (c.name == upper(column.name)) {
      throw error(errc::already_exists,
                  fmt::format("dataset \"{}\": {} have a column {} already", changed.name, name_of(kind), c.name));
    }
  }
  columns.push_back(column);
  tidy(columns, kind);
  owner_->sql_.write([&](sql::transaction& in) {
    declare_column(in, owner_->tables_, id_, kind, columns.size() - 1, columns.back());
  });
  description_ = std::move(changed);
}

rows_of_people dataset::erase_subjects(std::span<const core::subject_handle> gone, core::thread_pool& pool,
                                       core::job& job) {
  rows_of_people taken;
  taken.waiting = state_->log.erase(gone, [&] {
    taken.interactions = owner_->tables_.erase(table_name(data_kind::interactions), gone, pool, job);
    taken.profiles = owner_->tables_.erase(table_name(data_kind::users), gone, pool, job);
  });
  state_->tell([&](dataset_listener& to) { to.forgotten(gone); });
  return taken;
}

rows_of_people dataset::count_rows(std::span<const core::subject_handle> people, core::thread_pool& pool,
                                   core::job& job) const {
  rows_of_people found;
  const auto rows = [&](data_kind kind) {
    return owner_->tables_
        .scan(table_name(kind), core::purpose::rights_of_the_data_subject(), {}, {.subjects = people}, pool, job,
              [](const table::chunk&) {})
        .shown;
  };
  found.interactions = rows(data_kind::interactions);
  found.profiles = rows(data_kind::users);
  owner_->sql_.read([&](sql::connection& in) { count_event_rows(in, id_, people, found.waiting, found.event_ids); });
  return found;
}

record_report dataset::record(std::span<const event> batch, const also_stored& also) const {
  return state_->log.record(batch, description_, also);
}

waiting_events dataset::waiting() const {
  return state_->log.waiting();
}

bool dataset::settle_due() const {
  const waiting_events now = waiting();
  return now.events >= settle_events || (now.events > 0 && core::now_ms() - now.oldest >= settle_age_ms) ||
         join_put_due();
}

std::uint64_t dataset::settle(core::thread_pool& pool, core::job& job) const {
  const std::uint64_t moved = state_->log.settle(pool, job);
  join_put(pool, job);
  return moved;
}

forgetting dataset::begin_forgetting(std::span<const core::subject_handle> people) const {
  return {state_, people};
}

void dataset::clear(data_kind kind, core::thread_pool& pool, core::job& job) const {
  if (kind == data_kind::interactions) {
    settle(pool, job);
  }
  const auto gone = owner_->tables_.stage_clear(table_name(kind));
  table::staged_change* const staged[] = {gone.get()};
  table::write_naming(owner_->sql_, staged, [&](sql::transaction& in) {
    gone->commit(in);
    in.execute("DELETE FROM dataset_import WHERE dataset_id = :id AND kind = :kind",
               {{"id", id_}, {"kind", name_of(kind)}});
  });
  gone->committed();
  state_->tell([&](dataset_listener& to) {
    if (kind == data_kind::interactions) {
      to.interactions_changed();
    } else if (kind == data_kind::users) {
      to.people_changed();
    }
  });
}

void dataset::drop() {
  state_->log.stop();
  std::vector<std::unique_ptr<table::removal>> tables;
  std::vector<table::staged_change*> staged;
  try {
    for (const data_kind kind : all_kinds) {
      tables.push_back(owner_->tables_.stage_drop(table_name(kind)));
      staged.push_back(tables.back().get());
    }
    table::write_naming(owner_->sql_, staged, [&](sql::transaction& in) {
      for (const auto& gone : tables) {
        gone->commit(in);
      }
      for (const char* statement :
           {"DELETE FROM dataset_import WHERE dataset_id = :id", "DELETE FROM dataset_item WHERE dataset_id = :id",
            "DELETE FROM dataset_purpose WHERE dataset_id = :id", "DELETE FROM dataset_column WHERE dataset_id = :id",
            "DELETE FROM dataset_expiry WHERE dataset_id = :id",
            "DELETE FROM dataset_disclosure WHERE dataset_id = :id", "DELETE FROM dataset WHERE id = :id"}) {
        in.execute(statement, {{"id", id_}});
      }
      state_->log.drop(in);
    });
  } catch (...) {
    state_->log.resume();
    throw;
  }
  state_->tell([](dataset_listener& to) { to.interactions_changed(); });
  owner_->forget_state_of(id_);
  for (const auto& gone : tables) {
    gone->committed();
  }
}

}  // namespace eunomia::recommend
