#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "recommend/dataset.h"
#include "recommend/event.h"
#include "store/sql/database.h"
#include "wire/personalize/arn.h"
#include "wire/personalize/resources.h"

namespace eunomia::wire::personalize {

// What metric attributions count: for each metric, the source that led to the events and a quarter of an hour, how many
// there were or the sum of a column. An event counts in the transaction that stores it, so once. Any thread.
class metric_counts {
 public:
  static constexpr std::int64_t window_ms = 15 * 60'000;
  static constexpr std::size_t max_sources = 100;  // of one attribution; what others lead to has no source, as below
  static constexpr std::string_view no_source = "SOURCE_NAME_UNDEFINED";
  static constexpr std::int64_t kept_ms = 455LL * 86'400'000;  // 15 months, as CloudWatch keeps them

  struct metric {
    std::string name;
    std::string event_type;
    std::string expression;  // as it was asked for
    bool of_items = false;   // SUM(Items.COLUMN)
    std::string column;      // empty: SAMPLECOUNT()
  };
  // Of one dataset group.
  struct attribution {
    std::string arn;
    std::string dataset;
    std::vector<metric> metrics;
  };
  // What one event of a batch adds to one metric.
  struct share {
    std::size_t event = 0;  // of the batch
    std::string metric;
    std::string source;
    std::int64_t window = 0;  // its beginning, UTC ms
    double value = 0;
  };
  // What was counted in a window.
  struct count {
    std::string metric;
    std::string source;
    std::int64_t window = 0;
    double value = 0;
  };

  // Brings the schema up to date. All outlive it.
  metric_counts(store::sql::database& in, const resources& made, recommend::datasets& data);

  // Reads SAMPLECOUNT(), SUM(Items.COLUMN) or SUM(Interactions.COLUMN). Throws errc::invalid_argument.
  static metric parse(std::string_view name, std::string_view event_type, std::string_view expression);

  // What the group has its events counted for; null: nothing.
  std::shared_ptr<const attribution> of_group(const resource& group);
  // An attribution was made, changed or removed.
  void changed();
  static void remove(store::sql::transaction& in, std::string_view arn);

  // sources: as source_of, one for each event.
  std::vector<share> shares_of(const attribution& of, std::span<const recommend::event> batch,
                               std::span<const std::string> sources);
  // Of the events that were stored, ascending, within their transaction.
  static void add(store::sql::transaction& in, const attribution& of, std::span<const share> shares,
                  std::span<const std::size_t> stored);
  void added(const attribution& of, std::span<const share> shares);

  // In the order of windows, metrics and sources.
  std::vector<count> counts(std::string_view arn, std::int64_t from, std::int64_t to) const;
  // Attributions and days (their beginning, UTC ms) with counts that came since the last call; at the first one, those
  // of yesterday and today.
  std::set<std::pair<std::string, std::int64_t>> take_changed_days(std::int64_t now);
  void expire(std::int64_t now);

 private:
  // Numbers of a column of items, by their id.
  struct item_values {
    std::int64_t read_at = 0;  // UTC ms
    std::map<std::string, double, std::less<>> of_item;
  };
  double value_of_item(const std::string& dataset, const std::string& column, const std::string& item);
  // The source, or none where there are too many.
  std::string admitted(const attribution& of, const std::string& source);

  store::sql::database& sql_;
  const resources& made_;
  recommend::datasets& data_;
  std::mutex mutex_;  // of what follows
  std::map<std::string, std::shared_ptr<const attribution>, std::less<>> groups_;
  std::map<std::string, std::set<std::string>, std::less<>> sources_;  // by attribution
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const item_values>> items_;
  std::set<std::pair<std::string, std::int64_t>> changed_days_;
  bool looked_ = false;
};

// An id for an answer that says who answered, so that an event which names it can be attributed: "RID-", 16 digits of a
// digest of the ARN, 16 random ones.
std::string new_recommendation_id(std::string_view arn);

// Where an event comes from: what it says itself, else the ARN of what answered with the recommendationId, else empty.
class event_sources {
 public:
  explicit event_sources(const resources& made) : made_(made) {}
  std::string source_of(const std::optional<std::string>& said, const std::optional<std::string>& recommendation);

 private:
  const resources& made_;
  std::optional<std::map<std::string, std::string>> arns_;  // by the digest's digits, once they are asked for
};

}  // namespace eunomia::wire::personalize
