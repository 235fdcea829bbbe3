// A/B tests: recommenders compared with the people of a shop.
#include "core/time.h"
#include "recommend/ab_report.h"
#include "wire/api/answers.h"
#include "wire/api/api.h"
#include "wire/api/people.h"
#include "wire/api/values.h"

namespace eunomia::recommend {

// What the documentation says of the domain's own structs.
static core::json_notes notes_of(const ab_arm*) {
  return {{"name", {.text = "1 to 63 of a-z, A-Z, 0-9, '_' and '-'", .longest = 63, .shortest = 1}},
          {"recommender", {.text = "That answers; all of a test learn from one dataset", .shortest = 1}},
          {"deployment", {.text = "A version that answers beside the one that serves", .longest = 63}},
          {"share", {.text = "Of the people, relative to the other arms'", .least = 0}}};
}
static core::json_notes notes_of(const ab_metric*) {
  return {{"name", {.text = "1 to 63 of a-z, A-Z, 0-9, '_' and '-'", .longest = 63, .shortest = 1}},
          {"event_type", {.text = "Of the events that count; empty: of any"}},
          {"measure",
           {.text = "Of a person: conversion (1 or 0), count (how often) or sum (of a column over what they did)"}},
          {"column", {.text = "Of sum: EVENT_VALUE, or a number of the items' metadata"}}};
}

}  // namespace eunomia::recommend

namespace eunomia::wire::api {

namespace {

using http::method;
using http::role;

constexpr std::string_view name_text = "1 to 63 of a-z, A-Z, 0-9, '_' and '-'";

struct new_ab_test {
  std::string name;
  std::vector<recommend::ab_arm> arms;
  std::vector<recommend::ab_metric> metrics;
};
BOOST_DESCRIBE_STRUCT(new_ab_test, (), (name, arms, metrics))
core::json_notes notes_of(const new_ab_test*) {
  return {
      {"name", {.text = name_text, .longest = recommend::max_deployment_name_length, .shortest = 1}},
      {"arms",
       {.text = "The first is what the others are compared with", .longest = recommend::max_ab_arms, .shortest = 2}},
      {"metrics", {.text = "The first is what the test is for", .longest = recommend::max_ab_metrics, .shortest = 1}}};
}

struct ab_test_view {
  std::string name;
  std::string dataset;
  std::vector<recommend::ab_arm> arms;
  std::vector<recommend::ab_metric> metrics;
  std::string started_at;
  std::optional<std::string> stopped_at;
  std::optional<std::string> winner;
};
BOOST_DESCRIBE_STRUCT(ab_test_view, (), (name, dataset, arms, metrics, started_at, stopped_at, winner))

struct ab_test_list {
  std::vector<ab_test_view> ab_tests;
};
BOOST_DESCRIBE_STRUCT(ab_test_list, (), (ab_tests))

struct comparison_view {
  double difference = 0;
  std::optional<double> lift;
  std::optional<std::vector<double>> interval;
  std::optional<double> p_value;
  std::optional<std::vector<double>> anytime_interval;
  std::optional<double> anytime_p_value;
  bool significant = false;
};
BOOST_DESCRIBE_STRUCT(comparison_view, (),
                      (difference, lift, interval, p_value, anytime_interval, anytime_p_value, significant))

struct arm_outcome_view {
  std::string arm;
  std::uint64_t people = 0;
  double total = 0;
  double mean = 0;
  double variance = 0;
  std::optional<comparison_view> against_first;
};
BOOST_DESCRIBE_STRUCT(arm_outcome_view, (), (arm, people, total, mean, variance, against_first))

struct metric_outcome_view {
  std::string metric;
  std::vector<arm_outcome_view> arms;
};
BOOST_DESCRIBE_STRUCT(metric_outcome_view, (), (metric, arms))

struct ab_report_view {
  ab_test_view test;
  double alpha = 0;
  std::optional<double> ratio_mismatch_p_value;
  std::vector<metric_outcome_view> metrics;
};
BOOST_DESCRIBE_STRUCT(ab_report_view, (), (test, alpha, ratio_mismatch_p_value, metrics))

struct ab_winner {
  std::string winner;
};
BOOST_DESCRIBE_STRUCT(ab_winner, (), (winner))
core::json_notes notes_of(const ab_winner*) {
  return {{"winner", {.text = "The arm that everybody has from now on", .shortest = 1}}};
}

struct ab_question {
  std::string user;
};
BOOST_DESCRIBE_STRUCT(ab_question, (), (user))
core::json_notes notes_of(const ab_question*) {
  return {{"user", {.text = "A USER_ID", .shortest = 1}}};
}

struct ab_assignment_view {
  std::string arm;
  std::string recommender;
  std::string deployment;
  bool counted = false;
};
BOOST_DESCRIBE_STRUCT(ab_assignment_view, (), (arm, recommender, deployment, counted))

struct ab_answer_view {
  std::string arm;
  answer_view answer;
};
BOOST_DESCRIBE_STRUCT(ab_answer_view, (), (arm, answer))

ab_test_view view_of(const recommend::ab_test& one) {
  ab_test_view view{one.name,
                    one.dataset,
                    one.what.arms,
                    one.what.metrics,
                    core::format_iso8601(one.started_at),
                    moment(one.stopped_at),
                    std::nullopt};
  if (one.stopped_at != 0) {
    view.winner = one.what.arms[one.winner].name;
  }
  return view;
}

std::optional<std::vector<double>> view_of(const std::optional<recommend::interval>& one) {
  return one ? std::optional(std::vector{one->low, one->high}) : std::nullopt;
}

ab_report_view view_of(const recommend::ab_test& test, const recommend::ab_report& report) {
  ab_report_view view{view_of(test), report.alpha, report.ratio_mismatch_p, {}};
  for (std::size_t m = 0; m < report.outcomes.size(); ++m) {
    metric_outcome_view& metric = view.metrics.emplace_back(metric_outcome_view{test.what.metrics[m].name, {}});
    for (std::size_t arm = 0; arm < report.outcomes[m].size(); ++arm) {
      const recommend::ab_outcome& one = report.outcomes[m][arm];
      arm_outcome_view shown{test.what.arms[arm].name, one.sample.people,   one.total,
                             one.sample.mean,          one.sample.variance, std::nullopt};
      if (one.against) {
        shown.against_first = comparison_view{one.against->difference,
                                              one.against->lift,
                                              view_of(one.against->fixed),
                                              one.against->p,
                                              view_of(one.against->anytime),
                                              one.against->anytime_p,
                                              one.significant};
      }
      metric.arms.push_back(std::move(shown));
    }
  }
  return view;
}

}  // namespace

void add_ab_tests(route_table& table, const services& to) {
  const auto builder = http::access::roles(role::engineer);
  const auto asker = http::access::roles(role::service, role::engineer);
  const std::string one_of = "/api/v1/ab-tests/{test}";
  table.body<new_ab_test, ab_test_view>(
      {method::post, "/api/v1/ab-tests", builder, "A/B tests",
       "Begin to compare recommenders with the people of a shop", 201},
      [to](const new_ab_test& wanted, const http::request&) {
        return view_of(*to.ab_tests.create(wanted.name, {wanted.arms, wanted.metrics}));
      });
  table.query<nothing, ab_test_list>({method::get, "/api/v1/ab-tests", builder, "A/B tests", "All of them, by name"},
                                     [to](const nothing&, const http::request&) {
                                       ab_test_list list;
                                       for (const auto& one : to.ab_tests.list()) {
                                         list.ab_tests.push_back(view_of(*one));
                                       }
                                       return list;
                                     });
  table.query<nothing, ab_report_view>(
      {method::get, one_of, builder, "A/B tests",
       "What it came to up to now, with the significance of each difference"},
      [to](const nothing&, const http::request& in) {
        const auto test = to.ab_tests.find(in.path_parameter("test"));
        core::job job;
        // Of its own, so that nobody who is being forgotten waits for a report.
        core::thread_pool pool(1);
        const recommend::dataset rows = to.datasets.open(test->dataset);
        return view_of(*test, recommend::report_of(*test, to.ab_tests, rows, to.purpose, pool, job));
      });
  table.body<ab_winner, ab_test_view>(
      {method::post, one_of + "/stop", builder, "A/B tests", "End it: everybody has the winning arm from now on"},
      [to](const ab_winner& wanted, const http::request& in) {
        return view_of(*to.ab_tests.stop(in.path_parameter("test"), wanted.winner));
      });
  table.query<nothing, nothing>({method::delete_, one_of, builder, "A/B tests", "Remove it, with who took part", 204},
                                [to](const nothing&, const http::request& in) {
                                  to.ab_tests.remove(in.path_parameter("test"));
                                  return nothing();
                                });
  table.body<ab_question, ab_assignment_view>(
      {method::post, one_of + "/assignment", asker, "A/B tests",
       "Which arm somebody has; they are counted from now on, where they are known"},
      [to](const ab_question& asked, const http::request& in) {
        const auto test = to.ab_tests.find(in.path_parameter("test"));
        const std::size_t arm = recommend::ab_tests::arm_for(*test, asked.user);
        const auto& chosen = test->what.arms[arm];
        const auto who = to.people.find(to.user_space, asked.user);
        const bool counted = who && to.datasets.open(test->dataset).admission_for(to.purpose)->admits(*who);
        if (counted) {
          to.ab_tests.expose(*test, arm, *who);
        }
        return ab_assignment_view{chosen.name, chosen.recommender, chosen.deployment, counted};
      });
  table.body<recommendation_body, ab_answer_view>(
      {method::post, one_of + "/recommendations", asker, "A/B tests",
       "The best items for somebody, by the arm they have"},
      [to](const recommendation_body& body, const http::request& in) {
        if (!body.user || !body.deployment.empty() || body.keep_decision) {
          throw core::error(core::errc::invalid_argument,
                            "give a user, and neither deployment nor keep_decision: the test decides who answers");
        }
        const auto test = to.ab_tests.find(in.path_parameter("test"));
        const std::size_t arm = recommend::ab_tests::arm_for(*test, *body.user);
        const auto& chosen = test->what.arms[arm];
        auto answer = to.answering.recommend({chosen.recommender, chosen.deployment}, question_of(body));
        to.ab_tests.expose_asked(*test, arm, answer, to.people.find(to.user_space, *body.user));
        return ab_answer_view{chosen.name, view_of(std::move(answer))};
      });
}

}  // namespace eunomia::wire::api
