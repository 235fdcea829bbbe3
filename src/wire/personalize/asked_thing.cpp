#include "wire/personalize/asked_thing.h"

#include <fmt/format.h>

#include "core/error.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/solutions.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;

constexpr std::string_view ab_test_kind = "ab-test/";

// The name in arn:aws:personalize:<region>:<account>:ab-test/<name>; nothing for another ARN.
std::optional<std::string_view> ab_test_in(std::string_view arn) {
  const std::size_t kind = arn.rfind(':') + 1;  // 0 where there is none
  const std::string_view rest = arn.substr(kind);
  if (!arn.starts_with("arn:") || !rest.starts_with(ab_test_kind)) {
    return std::nullopt;
  }
  return rest.substr(ab_test_kind.size());
}

asked_thing campaign_named(const house& in, std::string_view arn) {
  auto asked = in.known.find(resource_kind::campaign, arn);
  auto solution = in.known.find(resource_kind::solution, asked->parent);
  const recipe* const of = recipe_of(*solution);
  recommend::asked_model model(recommender_of(*solution), asked->name);
  return {std::move(asked), std::move(solution), of, std::move(model)};
}

asked_thing arm_of_test(const house& in, std::string_view name, const json_value& input) {
  auto test = in.ab_tests.find(name);
  const auto user = text_of(input, "userId");
  if (!user) {
    throw core::error(errc::invalid_argument,
                      fmt::format("A/B test \"{}\" decides by the user who answers: userId is missing", name));
  }
  const std::size_t number = recommend::ab_tests::arm_for(*test, *user);
  const recommend::ab_arm& arm = test->what.arms[number];
  if (arm.deployment.empty()) {
    throw core::error(errc::invalid_argument,
                      fmt::format("arm \"{}\" of A/B test \"{}\" is no campaign: its deployment would have to be one's "
                                  "name",
                                  arm.name, name));
  }
  asked_thing of = campaign_named(in, in.arns.arn_of(resource_kind::campaign, arm.deployment));
  if (of.model.recommender != arm.recommender) {
    throw core::error(errc::invalid_argument,
                      fmt::format("arm \"{}\" of A/B test \"{}\": campaign {} is of recommender \"{}\", not of \"{}\"",
                                  arm.name, name, of.asked->arn, of.model.recommender, arm.recommender));
  }
  of.test = std::move(test);
  of.arm = number;
  return of;
}

}  // namespace

const json_value* asked_thing::config() const {
  return member_of(asked->shown, asked->kind == resource_kind::campaign ? "campaignConfig" : "recommenderConfig");
}

asked_thing thing_named(const house& in, const json_value& input) {
  const auto campaign = text_of(input, "campaignArn");
  const auto recommender = text_of(input, "recommenderArn");
  if (campaign.has_value() == recommender.has_value()) {
    throw core::error(errc::invalid_argument, "give campaignArn or recommenderArn, one of them");
  }
  if (campaign) {
    const auto test = ab_test_in(*campaign);
    return test ? arm_of_test(in, *test, input) : campaign_named(in, *campaign);
  }
  auto asked = in.known.find(resource_kind::recommender, *recommender);
  if (!asked->is_active()) {
    throw core::error(errc::not_found, fmt::format("Recommender {} is {}", asked->arn, asked->status));
  }
  const recipe* const of = recipe_of(*asked);
  recommend::asked_model model(recommender_of(*asked));
  return {asked, asked, of, std::move(model)};
}

void count_answer(const house& in, const asked_thing& of, const json_value& input, const recommend::answer& given) {
  if (of.test != nullptr) {
    in.ab_tests.expose_asked(*of.test, of.arm, given, in.people.find(in.user_space, required_text(input, "userId")));
  }
}

}  // namespace eunomia::wire::personalize
