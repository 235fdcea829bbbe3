#pragma once

#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.h"

namespace eunomia::recommend {

// One of the things that are compared: a recommender, or one of its deployments.
struct ab_arm {
  std::string name;
  std::string recommender;
  std::string deployment = {};  // empty: the version that serves
  double share = 1;             // of the people, relative to the other arms'
};
BOOST_DESCRIBE_STRUCT(ab_arm, (), (name, recommender, deployment, share))

// What is measured of each person, from the moment in which they came under the test.
enum class ab_measure {
  conversion,  // 1 for who did it at least once, else 0
  count,       // how often
  sum          // of a column over what they did
};
BOOST_DESCRIBE_ENUM(ab_measure, conversion, count, sum)

struct ab_metric {
  std::string name;
  std::string event_type = {};  // empty: events of any type
  ab_measure measure = ab_measure::conversion;
  std::string column = {};  // of sum: EVENT_VALUE, or a number of the items' metadata
};
BOOST_DESCRIBE_STRUCT(ab_metric, (), (name, event_type, measure, column))

struct ab_definition {
  std::vector<ab_arm> arms;        // the first is what the others are compared with
  std::vector<ab_metric> metrics;  // the first is what the test is for
};
BOOST_DESCRIBE_STRUCT(ab_definition, (), (arms, metrics))

inline constexpr std::size_t max_ab_tests = 1'000;
inline constexpr std::size_t max_ab_arms = 10;
inline constexpr std::size_t max_ab_metrics = 20;
inline constexpr std::string_view event_value_column = "EVENT_VALUE";

struct ab_test {
  std::int64_t id = 0;
  std::string name;
  std::string dataset;  // that all of its recommenders learn from
  ab_definition what;
  core::digest128 salt = {};    // the key that people are drawn with
  std::int64_t started_at = 0;  // UTC ms
  std::int64_t stopped_at = 0;  // UTC ms; 0: it runs
  std::size_t winner = 0;       // the arm that everybody has once it was stopped
};

// Which arm somebody has, by their identifier alone: the same at every question, for as long as the test is there.
// People are spread by SipHash of the identifier under the test's salt, so that two tests draw independently.
std::size_t arm_of(const ab_test& in, std::string_view user);

// Throws errc::invalid_argument, naming the place: names that are missing or there twice, shares that are not above 0,
// metrics that lack what they measure, and the limits.
void check(const ab_definition& wanted);

}  // namespace eunomia::recommend
