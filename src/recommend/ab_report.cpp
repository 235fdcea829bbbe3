#include "recommend/ab_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <unordered_map>

#include "core/error.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;

// What one event adds to a metric, by its row.
using event_worth = std::function<double(std::size_t row)>;

event_worth value_of_event(const interactions& all) {
  return [&all](std::size_t row) {
    const double value = all.event_value.empty() ? 0 : static_cast<double>(all.event_value[row]);
    return std::isfinite(value) ? value : 0;
  };
}

event_worth column_of_items(const interactions& all, const item_metadata& items, const ab_metric& metric) {
  const std::size_t column = items.column_named(metric.column);
  if (const auto type = items.columns[column].type; type != metadata_type::number && type != metadata_type::integer) {
    throw error(errc::invalid_argument,
                fmt::format("metric \"{}\": column {} of items is no number", metric.name, items.columns[column].name));
  }
  std::vector<double> worth(all.items->size());
  for (std::size_t item = 0; item < worth.size(); ++item) {
    if (const auto& text = items.values[column][item]) {
      std::from_chars(text->data(), text->data() + text->size(), worth[item]);
    }
  }
  return [&all, worth = std::move(worth)](std::size_t row) { return worth[all.item[row]]; };
}

struct measured {
  const ab_metric& what;
  std::optional<std::uint16_t> type;  // of the events that count; nothing: of any
  bool possible = true;               // there are events of the type
  event_worth worth;                  // of sum
  std::vector<double> of_person;      // [people under the test]
};

// item_metadata is read once, when the first metric asks for it.
std::vector<measured> measures(const ab_test& test, const dataset& rows, const interactions& all, std::size_t people,
                               core::thread_pool& pool, core::job& job) {
  std::optional<item_metadata> items;
  std::vector<measured> list;
  for (const ab_metric& metric : test.what.metrics) {
    measured one{.what = metric, .type = {}, .possible = true, .worth = {}, .of_person = std::vector<double>(people)};
    if (!metric.event_type.empty()) {
      const auto found = std::ranges::find(all.event_types, metric.event_type);
      one.possible = found != all.event_types.end() && !all.event_type.empty();
      one.type = static_cast<std::uint16_t>(found - all.event_types.begin());
    }
    if (metric.measure == ab_measure::sum && metric.column == event_value_column) {
      one.worth = value_of_event(all);
    } else if (metric.measure == ab_measure::sum) {
      if (!items) {
        items = rows.load_item_metadata(*all.items, pool, job);
      }
      one.worth = column_of_items(all, *items, metric);
    }
    list.push_back(std::move(one));
  }
  return list;
}

void add(measured& to, const interactions& all, std::size_t row, std::size_t person) {
  if (!to.possible || (to.type && all.event_type[row] != *to.type)) {
    return;
  }
  double& held = to.of_person[person];
  switch (to.what.measure) {
    case ab_measure::conversion: held = 1; break;
    case ab_measure::count: held += 1; break;
    case ab_measure::sum: held += to.worth(row); break;
  }
}

std::vector<ab_outcome> outcomes_of(const measured& metric, const std::vector<ab_exposure>& people, std::size_t arms,
                                    double alpha) {
  std::vector<std::vector<double>> values(arms);
  for (std::size_t i = 0; i < people.size(); ++i) {
    values[people[i].arm].push_back(metric.of_person[i]);
  }
  std::vector<ab_outcome> list;
  for (std::size_t arm = 0; arm < arms; ++arm) {
    ab_outcome one;
    one.sample = sample_of(values[arm]);
    for (const double value : values[arm]) {
      one.total += value;
    }
    if (arm > 0) {
      one.against = compare(one.sample, list.front().sample, alpha);
      one.significant = one.against->anytime && (one.against->anytime->low > 0 || one.against->anytime->high < 0);
    }
    list.push_back(one);
  }
  return list;
}

}  // namespace

ab_report report_of(const ab_test& test, const ab_tests& kept, const dataset& rows, const core::purpose& why,
                    core::thread_pool& pool, core::job& job) {
  std::vector<ab_exposure> people = kept.exposures(test);
  const auto admitted = rows.admission_for(why);
  std::erase_if(people, [&](const ab_exposure& one) { return !admitted->admits(one.who); });
  // In an order that sums do not depend on where they rest.
  std::ranges::sort(people, {}, &ab_exposure::who);

  const interactions all = rows.load_interactions(why, pool, job);
  std::vector<measured> metrics = measures(test, rows, all, people.size(), pool, job);
  std::unordered_map<core::subject_handle, std::size_t> places;
  for (std::size_t i = 0; i < people.size(); ++i) {
    places.emplace(people[i].who, i);
  }
  for (std::size_t row = 0; row < all.size(); ++row) {
    const auto found = places.find(all.subject[row]);
    if (found == places.end() || all.time[row] < people[found->second].at ||
        (test.stopped_at != 0 && all.time[row] > test.stopped_at)) {
      continue;
    }
    for (measured& metric : metrics) {
      add(metric, all, row, found->second);
    }
  }

  const std::size_t arms = test.what.arms.size();
  ab_report report;
  report.alpha = ab_alpha / static_cast<double>(arms - 1);
  report.people.resize(arms);
  for (const ab_exposure& one : people) {
    ++report.people[one.arm];
  }
  for (const measured& metric : metrics) {
    report.outcomes.push_back(outcomes_of(metric, people, arms, report.alpha));
  }
  std::vector<double> shares;
  shares.reserve(test.what.arms.size());
  for (const ab_arm& arm : test.what.arms) {
    shares.push_back(arm.share);
  }
  report.ratio_mismatch_p = ratio_mismatch_p(report.people, shares);
  return report;
}

}  // namespace eunomia::recommend
