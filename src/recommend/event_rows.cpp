#include "recommend/event_rows.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "recommend/metadata_values.h"

namespace eunomia::recommend {

namespace {

namespace sql = store::sql;
namespace table = store::table;

constexpr std::size_t values_at_a_time = 4096;

// Calls body with runs of the values.
template <class T, class Body>
void in_runs(std::span<const T> values, Body body) {
  for (std::size_t first = 0; first < values.size(); first += values_at_a_time) {
    body(values.subspan(first, std::min(values_at_a_time, values.size() - first)));
  }
}

std::vector<std::int64_t> numbers_of(std::span<const core::subject_handle> people) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(people.size());
  for (const core::subject_handle who : people) {
    numbers.push_back(static_cast<std::int64_t>(who.value()));
  }
  return numbers;
}

// An event without a key has 0 and 0 in its place: no digest that anybody could find.
std::optional<event_key> key_in(const sql::row& r, std::size_t column) {
  const event_key key{r.int64(column), r.int64(column + 1)};
  return key == event_key{} ? std::nullopt : std::optional(key);
}

constexpr std::string_view select_events =
    "SELECT id, subject, item, time, event_type, event_value, impression, properties, key_high, key_low, recorded_at"
    " FROM dataset_event WHERE ";

event_row event_row_of(const sql::row& r) {
  const auto value = r.optional_real(5);
  return {.id = r.int64(0),
          .who = core::subject_handle(r.uint64(1)),
          .item = r.int64(2),
          .time = r.int64(3),
          .type = r.text(4),
          .value = value ? static_cast<float>(*value) : std::numeric_limits<float>::quiet_NaN(),
          .impression = r.text(6),
          .properties = r.text(7),
          .key = key_in(r, 8),
          .recorded_at = r.int64(10)};
}

}  // namespace

const std::string_view event_tables = R"(
CREATE TABLE dataset_event (
  id {id},
  dataset_id BIGINT NOT NULL,
  subject BIGINT NOT NULL,
  item BIGINT NOT NULL,
  time BIGINT NOT NULL,
  event_type {text} NOT NULL,
  event_value DOUBLE PRECISION,
  impression {text} NOT NULL,
  properties {text} NOT NULL,
  key_high BIGINT NOT NULL,
  key_low BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL
);
CREATE TABLE dataset_event_key (
  dataset_id BIGINT NOT NULL,
  key_high BIGINT NOT NULL,
  key_low BIGINT NOT NULL,
  subject BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  PRIMARY KEY (dataset_id, key_high, key_low)
);
CREATE INDEX dataset_event_key_of ON dataset_event_key (subject);
CREATE INDEX dataset_event_key_age ON dataset_event_key (dataset_id, recorded_at);
CREATE TABLE dataset_settled (
  dataset_id BIGINT PRIMARY KEY,
  event_id BIGINT NOT NULL
)
)";

void event_row_writer::add(std::int64_t id, core::subject_handle who, std::int64_t item, const checked_event& one) {
  columns& to = one.value ? with_value_ : without_value_;
  const event_key key = one.key.value_or(event_key{});
  to.id.push_back(id);
  to.dataset.push_back(dataset_);
  to.subject.push_back(static_cast<std::int64_t>(who.value()));
  to.item.push_back(item);
  to.time.push_back(one.time);
  to.type.push_back(one.type);
  if (one.value) {
    to.value.push_back(static_cast<double>(*one.value));
  }
  to.impression.push_back(one.impression);
  to.properties.push_back(one.properties);
  to.key_high.push_back(key.high);
  to.key_low.push_back(key.low);
  to.recorded_at.push_back(now_);
}

void event_row_writer::write(sql::transaction& in) const {
  for (const columns* from : {&with_value_, &without_value_}) {
    std::vector<sql::column> values = {{"id", std::span(from->id)},
                                       {"dataset_id", std::span(from->dataset)},
                                       {"subject", std::span(from->subject)},
                                       {"item", std::span(from->item)},
                                       {"time", std::span(from->time)},
                                       {"event_type", std::span(from->type)},
                                       {"impression", std::span(from->impression)},
                                       {"properties", std::span(from->properties)},
                                       {"key_high", std::span(from->key_high)},
                                       {"key_low", std::span(from->key_low)},
                                       {"recorded_at", std::span(from->recorded_at)}};
    if (!from->value.empty()) {
      values.push_back({"event_value", std::span(from->value)});
    }
    in.insert_many("dataset_event", values);
  }
}

void read_event_rows(sql::connection& in, std::int64_t dataset, std::int64_t first, std::int64_t last,
                     const std::function<void(const event_row&)>& visit) {
  in.each(std::string(select_events) + "dataset_id = :dataset AND id >= :first AND id <= :last ORDER BY id",
          {{"dataset", dataset}, {"first", first}, {"last", last}}, [&](const sql::row& r) { visit(event_row_of(r)); });
}

void read_event_rows(sql::connection& in, std::int64_t dataset, std::span<const std::int64_t> ids,
                     const std::function<void(const event_row&)>& visit) {
  in.each(std::string(select_events) + "dataset_id = :dataset AND id IN {int64s:ids} ORDER BY id",
          {{"dataset", dataset}, {"ids", sql::int64_list(ids)}}, [&](const sql::row& r) { visit(event_row_of(r)); });
}

void add_event_row(const event_row& row, std::span<const table::column> columns, table::column_batch& batch) {
  constexpr std::size_t fixed = 5;
  const auto add_text = [](table::column_values& into, std::string_view text) {
    text.empty() ? into.add_null() : into.add(text);
  };
  batch.subjects.push_back(static_cast<std::int64_t>(row.who.value()));
  batch.columns[0].add(row.item);
  batch.columns[1].add(row.time);
  add_text(batch.columns[2], row.type);
  std::isnan(row.value) ? batch.columns[3].add_null() : batch.columns[3].add(static_cast<double>(row.value));
  add_text(batch.columns[4], row.impression);
  const auto properties = properties_of(row.properties);
  for (std::size_t c = fixed; c < columns.size(); ++c) {
    const auto found = properties.find(columns[c].name);
    add_metadata_value(batch.columns[c], found == properties.end() ? nullptr : &found->second);
  }
}

void erase_events(sql::transaction& in, std::int64_t dataset, std::span<const std::int64_t> ids,
                  std::span<const core::subject_handle> gone) {
  in_runs(ids, [&](sql::int64_list some) {
    in.execute("DELETE FROM dataset_event WHERE id IN {int64s:ids}", {{"ids", some}});
  });
  const std::vector<std::int64_t> subjects = numbers_of(gone);
  in_runs(std::span<const std::int64_t>(subjects), [&](sql::int64_list some) {
    in.execute("DELETE FROM dataset_event_key WHERE dataset_id = :dataset AND subject IN {int64s:subjects}",
               {{"dataset", dataset}, {"subjects", some}});
  });
}

void count_event_rows(sql::connection& in, std::int64_t dataset, std::span<const core::subject_handle> people,
                      std::uint64_t& events, std::uint64_t& keys) {
  const std::vector<std::int64_t> subjects = numbers_of(people);
  in_runs(std::span<const std::int64_t>(subjects), [&](sql::int64_list some) {
    const auto count_in = [&](std::string_view table) {
      return in
          .query_one(fmt::format("SELECT count(*) FROM {} WHERE dataset_id = :dataset AND subject IN "
                                 "{{int64s:subjects}}",
                                 table),
                     {{"dataset", dataset}, {"subjects", some}})[0]
          .uint64(0);
    };
    events += count_in("dataset_event");
    keys += count_in("dataset_event_key");
  });
}

void read_event_keys(sql::connection& in, std::int64_t dataset, std::int64_t last,
                     const std::function<void(const kept_key&)>& visit) {
  in.each(
      "SELECT key_high, key_low, subject, recorded_at FROM dataset_event"
      " WHERE dataset_id = :dataset AND id <= :last AND key_high <> 0",
      {{"dataset", dataset}, {"last", last}}, [&](const sql::row& r) {
        visit({{r.int64(0), r.int64(1)}, core::subject_handle(r.uint64(2)), r.int64(3)});
      });
}

void find_kept_keys(sql::connection& in, std::int64_t dataset, std::span<const event_key> keys,
                    std::unordered_set<event_key>& found) {
  const std::unordered_set<event_key> wanted(keys.begin(), keys.end());
  in_runs(keys, [&](std::span<const event_key> some) {
    std::vector<std::int64_t> highs;
    for (const event_key& key : some) {
      highs.push_back(key.high);
    }
    in.each(
        "SELECT key_high, key_low FROM dataset_event_key WHERE dataset_id = :dataset AND key_high IN {int64s:highs}",
        {{"dataset", dataset}, {"highs", sql::int64_list(highs)}}, [&](const sql::row& r) {
          const event_key key{r.int64(0), r.int64(1)};
          if (wanted.contains(key)) {
            found.insert(key);
          }
        });
  });
}

std::vector<kept_key> kept_keys_of(sql::connection& in, std::int64_t dataset, core::subject_handle who) {
  std::vector<kept_key> keys;
  in.each(
      "SELECT key_high, key_low, recorded_at FROM dataset_event_key WHERE dataset_id = :dataset AND subject = :who"
      " ORDER BY recorded_at, key_high, key_low",
      {{"dataset", dataset}, {"who", who}}, [&](const sql::row& r) {
        keys.push_back({{r.int64(0), r.int64(1)}, who, r.int64(2)});
      });
  return keys;
}

void keep_event_keys(sql::transaction& in, std::int64_t dataset, std::span<const kept_key> keys) {
  const std::vector<std::int64_t> datasets(keys.size(), dataset);
  std::vector<std::int64_t> high;
  std::vector<std::int64_t> low;
  std::vector<std::int64_t> subject;
  std::vector<std::int64_t> recorded_at;
  for (const kept_key& key : keys) {
    high.push_back(key.key.high);
    low.push_back(key.key.low);
    subject.push_back(static_cast<std::int64_t>(key.who.value()));
    recorded_at.push_back(key.recorded_at);
  }
  in.insert_many("dataset_event_key",
                 {{"dataset_id", std::span(datasets)},
                  {"key_high", std::span<const std::int64_t>(high)},
                  {"key_low", std::span<const std::int64_t>(low)},
                  {"subject", std::span<const std::int64_t>(subject)},
                  {"recorded_at", std::span<const std::int64_t>(recorded_at)}},
                 sql::on_conflict::keep_existing);
}

std::uint64_t forget_event_keys(sql::transaction& in, std::int64_t dataset, std::int64_t before, std::size_t at_most) {
  std::vector<event_key> old;
  in.each(
      "SELECT key_high, key_low FROM dataset_event_key WHERE dataset_id = :dataset AND recorded_at < :before"
      " ORDER BY recorded_at LIMIT :at_most",
      {{"dataset", dataset}, {"before", before}, {"at_most", at_most}}, [&](const sql::row& r) {
        old.push_back({r.int64(0), r.int64(1)});
      });
  for (const event_key& key : old) {
    in.execute("DELETE FROM dataset_event_key WHERE dataset_id = :dataset AND key_high = :high AND key_low = :low",
               {{"dataset", dataset}, {"high", key.high}, {"low", key.low}});
  }
  return old.size();
}

}  // namespace eunomia::recommend
