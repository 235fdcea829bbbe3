#include "wire/personalize/metric_counts.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/hash.h"
#include "core/seal.h"
#include "core/time.h"
#include "wire/personalize/dataset_groups.h"
#include "wire/personalize/json_members.h"

namespace eunomia::wire::personalize {

namespace sql = store::sql;
using core::errc;
using core::error;

namespace {

constexpr sql::migration migrations[] = {{"aws-personalize-metrics", 1, R"(
  CREATE TABLE aws_personalize_metric (
    attribution {text} NOT NULL,     -- ARN
    window_start BIGINT NOT NULL,    -- UTC ms
    metric {text} NOT NULL,
    source {text} NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (attribution, window_start, metric, source)
  )
)"}};

constexpr std::int64_t day_ms = 86'400'000;
// What an item is worth is as old as this at the most; of one that is not known, it is looked for again after that.
constexpr std::int64_t values_for_ms = 60'000;
constexpr std::int64_t unknown_for_ms = 2'000;
constexpr std::string_view recommendation_prefix = "RID-";
constexpr std::size_t digest_digits = 16;

std::string digits_of(std::string_view arn) {
  return core::to_hex(core::xxh3(arn)).substr(0, digest_digits);
}

double number_in(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::isfinite(value) ? value : 0;
}

}  // namespace

metric_counts::metric_counts(sql::database& in, const resources& made, recommend::datasets& data)
    : sql_(in), made_(made), data_(data) {
  sql_.migrate(migrations);
}

metric_counts::metric metric_counts::parse(std::string_view name, std::string_view event_type,
                                           std::string_view expression) {
  static const RE2 known(R"((?i)SAMPLECOUNT\(\)|SUM\((Items|Interactions)\.([A-Z0-9_]+)\))");
  metric read{.name = std::string(name),
              .event_type = std::string(event_type),
              .expression = std::string(expression),
              .of_items = false,
              .column = {}};
  std::string table;
  if (!RE2::FullMatch(expression, known, &table, &read.column)) {
    throw error(errc::invalid_argument, fmt::format("metrics: \"{}\" is neither SAMPLECOUNT() nor SUM(Items.COLUMN) "
                                                    "nor SUM(Interactions.COLUMN)",
                                                    expression));
  }
  read.of_items = table.size() == std::string_view("Items").size();
  return read;
}

std::shared_ptr<const metric_counts::attribution> metric_counts::of_group(const resource& group) {
  const std::lock_guard lock(mutex_);
  if (const auto found = groups_.find(group.arn); found != groups_.end()) {
    return found->second;
  }
  const auto there = made_.list(resource_kind::metric_attribution, group.arn, 1, "").items;
  std::shared_ptr<const attribution> known;
  if (!there.empty()) {
    attribution one{.arn = there.front().arn, .dataset = dataset_of(group), .metrics = {}};
    for (const core::json_value& each : member_of(there.front().ours, "metrics")->elements()) {
      one.metrics.push_back(parse(required_text(each, "metricName"), required_text(each, "eventType"),
                                  required_text(each, "expression")));
    }
    known = std::make_shared<const attribution>(std::move(one));
  }
  groups_.emplace(group.arn, known);
  return known;
}

void metric_counts::changed() {
  const std::lock_guard lock(mutex_);
  groups_.clear();
  sources_.clear();
}

void metric_counts::remove(sql::transaction& in, std::string_view arn) {
  in.execute("DELETE FROM aws_personalize_metric WHERE attribution = :arn", {{"arn", arn}});
}

double metric_counts::value_of_item(const std::string& dataset, const std::string& column, const std::string& item) {
  const std::int64_t now = core::now_ms();
  std::shared_ptr<const item_values> known;
  {
    const std::lock_guard lock(mutex_);
    known = items_[{dataset, column}];
  }
  const auto found_in = [&](const item_values& values) {
    const auto found = values.of_item.find(item);
    return found == values.of_item.end() ? std::nullopt : std::optional(found->second);
  };
  if (known != nullptr && now - known->read_at < values_for_ms) {
    if (const auto value = found_in(*known); value || now - known->read_at < unknown_for_ms) {
      return value.value_or(0);
    }
  }
  // All items that have a row, as those behind a catalogue without any.
  core::thread_pool pool(1);
  core::job quiet;
  const recommend::item_metadata all =
      data_.open(dataset).load_item_metadata(recommend::catalogue(), pool, quiet, SIZE_MAX);
  auto read = std::make_shared<item_values>();
  read->read_at = now;
  const auto named = std::ranges::find(all.columns, column, &recommend::metadata_column::name);
  if (named != all.columns.end()) {  // else the Items dataset is not there any more
    const auto& values = all.values[static_cast<std::size_t>(named - all.columns.begin())];
    for (std::size_t i = 0; i < all.further.size(); ++i) {
      if (values[i]) {
        read->of_item.emplace(all.further[i], number_in(*values[i]));
      }
    }
  }
  const double value = found_in(*read).value_or(0);
  const std::lock_guard lock(mutex_);
  items_[{dataset, column}] = std::move(read);
  return value;
}

std::string metric_counts::admitted(const attribution& of, const std::string& source) {
  const std::lock_guard lock(mutex_);
  auto known = sources_.find(of.arn);
  if (known == sources_.end()) {
    known = sources_.emplace(of.arn, std::set<std::string>()).first;
    sql_.read([&](sql::connection& in) {
      in.each("SELECT DISTINCT source FROM aws_personalize_metric WHERE attribution = :arn", {{"arn", of.arn}},
              [&](const sql::row& r) { known->second.emplace(r.text(0)); });
    });
  }
  if (source.empty() || (known->second.size() >= max_sources && !known->second.contains(source))) {
    return std::string(no_source);
  }
  known->second.insert(source);
  return source;
}

std::vector<metric_counts::share> metric_counts::shares_of(const attribution& of,
                                                           std::span<const recommend::event> batch,
                                                           std::span<const std::string> sources) {
  std::vector<share> shares;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const recommend::event& event = batch[i];
    for (const metric& each : of.metrics) {
      if (each.event_type != event.event_type) {
        continue;
      }
      double value = 1;
      if (each.of_items) {
        value = value_of_item(of.dataset, each.column, event.item_id);
      } else if (each.column == "EVENT_VALUE") {
        value = event.event_value.value_or(0);
      } else if (!each.column.empty()) {
        const auto given = event.properties.find(each.column);
        value = given == event.properties.end() ? 0 : number_in(given->second);
      }
      const std::int64_t at = event.timestamp.value_or(core::now_ms());
      shares.push_back({i, each.name, admitted(of, sources[i]), at - at % window_ms, value});
    }
  }
  return shares;
}

void metric_counts::add(sql::transaction& in, const attribution& of, std::span<const share> shares,
                        std::span<const std::size_t> stored) {
  for (const share& one : shares) {
    if (std::ranges::find(stored, one.event) == stored.end()) {
      continue;
    }
    in.execute(
        "INSERT INTO aws_personalize_metric (attribution, window_start, metric, source, value) VALUES (:arn, :at, "
        ":metric, :source, :value) ON CONFLICT (attribution, window_start, metric, source) DO UPDATE SET value = "
        "aws_personalize_metric.value + excluded.value",
        {{"arn", of.arn}, {"at", one.window}, {"metric", one.metric}, {"source", one.source}, {"value", one.value}});
  }
}

void metric_counts::added(const attribution& of, std::span<const share> shares) {
  const std::lock_guard lock(mutex_);
  for (const share& one : shares) {
    changed_days_.emplace(of.arn, one.window - one.window % day_ms);
  }
}

std::vector<metric_counts::count> metric_counts::counts(std::string_view arn, std::int64_t from,
                                                        std::int64_t to) const {
  std::vector<count> all;
  sql_.read([&](sql::connection& in) {
    in.each(
        "SELECT metric, source, window_start, value FROM aws_personalize_metric WHERE attribution = :arn AND "
        "window_start >= :begin AND window_start < :end ORDER BY window_start, metric, source",
        {{"arn", arn}, {"begin", from}, {"end", to}}, [&](const sql::row& r) {
          all.push_back({std::string(r.text(0)), std::string(r.text(1)), r.int64(2), r.real(3)});
        });
  });
  return all;
}

std::set<std::pair<std::string, std::int64_t>> metric_counts::take_changed_days(std::int64_t now) {
  const std::lock_guard lock(mutex_);
  if (!looked_) {
    sql_.read([&](sql::connection& in) {
      in.each("SELECT DISTINCT attribution, window_start FROM aws_personalize_metric WHERE window_start >= :begin",
              {{"begin", now - now % day_ms - day_ms}}, [&](const sql::row& r) {
                changed_days_.emplace(std::string(r.text(0)), r.int64(1) - r.int64(1) % day_ms);
              });
    });
    looked_ = true;
  }
  return std::exchange(changed_days_, {});
}

void metric_counts::expire(std::int64_t now) {
  sql_.write([&](sql::transaction& in) {
    in.execute("DELETE FROM aws_personalize_metric WHERE window_start < :before", {{"before", now - kept_ms}});
  });
}

std::string new_recommendation_id(std::string_view arn) {
  return fmt::format("{}{}{:016x}", recommendation_prefix, digits_of(arn), core::random_number());
}

std::string event_sources::source_of(const std::optional<std::string>& said,
                                     const std::optional<std::string>& recommendation) {
  if (said) {
    return *said;
  }
  if (!recommendation || !recommendation->starts_with(recommendation_prefix) ||
      recommendation->size() < recommendation_prefix.size() + digest_digits) {
    return {};
  }
  if (!arns_) {
    arns_.emplace();
    for (const resource_kind kind : {resource_kind::campaign, resource_kind::recommender}) {
      for (std::string token;;) {
        resource_page page = made_.list(kind, std::nullopt, max_page, token);
        for (const resource& one : page.items) {
          arns_->emplace(digits_of(one.arn), one.arn);
        }
        if (page.next_token.empty()) {
          break;
        }
        token = page.next_token;
      }
    }
  }
  const auto found = arns_->find(recommendation->substr(recommendation_prefix.size(), digest_digits));
  return found == arns_->end() ? std::string() : found->second;
}

}  // namespace eunomia::wire::personalize
