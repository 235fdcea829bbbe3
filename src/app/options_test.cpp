#include "app/options.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace eunomia::app {
namespace {

core::errc code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const core::error& e) {
    return e.code();
  }
  return core::errc::internal;
}

TEST(options, settings_become_an_object_of_json_values) {
  EXPECT_EQ(parameters_of({}), "{}");
  EXPECT_EQ(parameters_of({"lambda=300", "precision=float32", "fast=true"}),
            R"({"fast":true,"lambda":300,"precision":"float32"})");
}

TEST(options, a_dotted_name_reaches_into_an_object) {
  EXPECT_EQ(parameters_of({"weighting.half_life_days=90", "weighting.event_weights.view=0.5"}),
            R"({"weighting":{"event_weights":{"view":0.5},"half_life_days":90}})");
}

TEST(options, a_setting_without_a_name_or_given_twice_is_refused) {
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
           {"lambda"}, {"=3"}, {"lambda=1", "lambda=2"}, {"a.b=1", "a=2"}, {"a=2", "a.b=1"}}) {
    EXPECT_EQ(code_of([&] { parameters_of(bad); }), core::errc::invalid_argument) << bad.front();
  }
}

TEST(options, columns_map_ours_to_theirs) {
  EXPECT_EQ(columns_of({"USER_ID=customer id"}).at("USER_ID"), "customer id");
  EXPECT_EQ(code_of([] { columns_of({"USER_ID"}); }), core::errc::invalid_argument);
  EXPECT_EQ(code_of([] { columns_of({"USER_ID=a", "USER_ID=b"}); }), core::errc::invalid_argument);
}

}  // namespace
}  // namespace eunomia::app
