#include "recommend/family.h"

#include <gtest/gtest.h>

#include <set>

#include "core/error.h"
#include "recommend/testing.h"

namespace eunomia::recommend {
namespace {

using testing::every_family;
using testing::message_of;

class every_family_test : public every_family {};

TEST(families, have_distinct_names_by_which_they_are_found) {
  std::set<std::string_view> names;
  for (const family* f : families()) {
    EXPECT_TRUE(names.insert(f->name()).second) << f->name();
    EXPECT_EQ(&family_named(f->name()), f);
    EXPECT_FALSE(f->source().empty());
  }
}

TEST(families, an_unknown_name_is_refused_with_those_there_are) {
  EXPECT_NE(message_of(core::errc::not_found, [] { (void)family_named("itemknn"); }).find("popularity, trending"),
            std::string::npos);
}

TEST_P(every_family_test, completes_its_parameters_once_and_for_all) {
  const std::string complete = GetParam()->complete("{}");
  EXPECT_NE(complete.find("\"weighting\":{\"event_weights\":{}"), std::string::npos) << complete;
  EXPECT_EQ(GetParam()->complete(complete), complete);
}

TEST_P(every_family_test, refuses_unknown_members_and_bad_values_by_name) {
  const auto refusal = [](std::string_view json) {
    return message_of(core::errc::invalid_argument, [&] { (void)GetParam()->complete(json); });
  };
  const std::string name(GetParam()->name());
  for (const auto& [json, part] :
       std::vector<std::pair<std::string, std::string>>{{R"({"neigbours":5})", "neigbours"},
                                                        {R"({"weighting":{"half_life":5}})", "half_life"},
                                                        {R"({"weighting":{"half_life_days":"x"}})", "half_life_days"},
                                                        {R"({"weighting":{"half_life_days":-1}})", "half_life_days"},
                                                        {R"({"weighting":{"event_weights":{"view":-1}}})", "\"view\""},
                                                        {R"({"weighting":)", "parameters"},
                                                        {"", "parameters"},
                                                        {"[]", "parameters"}}) {
    const std::string message = refusal(json);
    EXPECT_EQ(message.find(name + ":"), 0U) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

INSTANTIATE_TEST_SUITE_P(of, every_family_test, ::testing::ValuesIn(families().begin(), families().end()),
                         testing::name_of_family);

}  // namespace
}  // namespace eunomia::recommend
