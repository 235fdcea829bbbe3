#include "wire/aws/service_model.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

namespace eunomia::wire::aws {
namespace {

std::optional<input_fault> checked(const service_model& of, std::string_view operation_name, std::string_view input) {
  const operation* const asked = of.find(operation_name);
  if (asked == nullptr) {
    ADD_FAILURE() << "no operation " << operation_name;
    return std::nullopt;
  }
  return check_input(of, *asked, core::parse_json(input));
}

std::string fault(const service_model& of, std::string_view operation_name, std::string_view input) {
  const auto found = checked(of, operation_name, input);
  return found ? found->type + ": " + found->message : "none";
}

constexpr std::string_view group =
    R"("datasetGroupArn": "arn:aws:personalize:eu-central-1:000000000000:dataset-group/shop")";

TEST(service_models, have_all_operations) {
  EXPECT_EQ(personalize().operations.size(), 71U);
  EXPECT_EQ(personalize_runtime().operations.size(), 3U);
  EXPECT_EQ(personalize_events().operations.size(), 5U);
  EXPECT_EQ(personalize().target_prefix, "AmazonPersonalize");
  EXPECT_EQ(personalize_runtime().find("GetPersonalizedRanking")->path, "/personalize-ranking");
  EXPECT_EQ(personalize().find("CreateMagic"), nullptr);
}

TEST(service_models, of_an_empty_input_every_required_member_is_missed_and_nothing_else) {
  for (const service_model* const of : {&personalize(), &personalize_runtime(), &personalize_events()}) {
    for (const operation& one : of->operations) {
      std::set<std::string> missed;
      for (const member& m : of->shapes[one.input].members) {
        if (m.required) {
          missed.insert(
              fmt::format("Value null at '{}' failed to satisfy constraint: Member must not be null", m.name));
        }
      }
      const auto found = check_input(*of, one, core::parse_json("{}"));
      ASSERT_EQ(found.has_value(), !missed.empty()) << one.name;
      if (found) {
        EXPECT_EQ(found->type, "ValidationException");
        EXPECT_EQ(found->message.substr(0, found->message.find(' ')), std::to_string(missed.size())) << one.name;
        for (const std::string& each : missed) {
          EXPECT_NE(found->message.find(each), std::string::npos) << one.name << ": " << found->message;
        }
      }
    }
  }
}

TEST(service_models, good_inputs_pass) {
  EXPECT_EQ(fault(personalize(), "CreateSolution",
                  fmt::format(R"({{"name": "sims-1", {}, "performAutoML": false,
      "recipeArn": "arn:aws:personalize:::recipe/aws-sims", "solutionConfig": {{"algorithmHyperParameters": {{"a": "1"}},
      "eventsConfig": {{"eventParametersList": [{{"eventType": "view", "weight": 0.5}}]}}}}}})",
                              group)),
            "none");
  EXPECT_EQ(fault(personalize_events(), "PutEvents", R"({"trackingId": "t", "sessionId": "s", "eventList": [
      {"eventType": "view", "sentAt": 1.5e9, "itemId": "a", "properties": "{}", "eventValue": 2}]})"),
            "none");
  EXPECT_EQ(
      fault(personalize_runtime(), "GetRecommendations", R"({"userId": "\u00fc", "filterValues": {"GENRE": "a"}})"),
      "none");
}

TEST(service_models, members_that_it_does_not_know_and_nulls_are_passed_over) {
  EXPECT_EQ(fault(personalize_runtime(), "GetRecommendations", R"({"userId": null, "newest": {"a": [1]}})"), "none");
}

TEST(service_models, a_text_that_does_not_fit_is_told_with_its_place) {
  EXPECT_EQ(
      fault(personalize(), "CreateDatasetGroup", R"({"name": "-shop"})"),
      "ValidationException: 1 validation error detected: Value '-shop' at 'name' failed to satisfy constraint: Member "
      "must satisfy regular expression pattern: ^[a-zA-Z0-9][a-zA-Z0-9\\-_]*");
  EXPECT_EQ(fault(personalize(), "CreateDatasetGroup", fmt::format(R"({{"name": "{}"}})", std::string(64, 'a'))),
            "ValidationException: 1 validation error detected: Value '" + std::string(64, 'a') +
                "' at 'name' failed to satisfy constraint: Member must have length less than or equal to 63");
  EXPECT_EQ(fault(personalize(), "CreateDatasetGroup", R"({"name": "shop", "domain": "BOOKS"})"),
            "ValidationException: 1 validation error detected: Value 'BOOKS' at 'domain' failed to satisfy constraint: "
            "Member must satisfy enum value set: [ECOMMERCE, VIDEO_ON_DEMAND]");
  EXPECT_EQ(
      fault(personalize_runtime(), "GetRecommendations", R"({"campaignArn": "shop"})"),
      "ValidationException: 1 validation error detected: Value 'shop' at 'campaignArn' failed to satisfy constraint: "
      "Member must satisfy regular expression pattern: arn:([a-z\\d-]+):personalize:.*:.*:.+");
}

TEST(service_models, numbers_lists_and_maps_have_their_limits) {
  EXPECT_EQ(
      fault(personalize(), "ListCampaigns", R"({"maxResults": 101})"),
      "ValidationException: 1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: "
      "Member must have value less than or equal to 100");
  std::string events;
  for (int i = 0; i < 11; ++i) {
    events += std::string(i > 0 ? ", " : "") + R"({"eventType": "view", "sentAt": 1})";
  }
  EXPECT_EQ(fault(personalize_events(), "PutEvents",
                  R"({"trackingId": "t", "sessionId": "s", "eventList": [)" + events + "]}"),
            "ValidationException: 1 validation error detected: Value at 'eventList' failed to satisfy constraint: "
            "Member must "
            "have length less than or equal to 10");
  EXPECT_EQ(fault(personalize_runtime(), "GetRecommendations", R"({"context": {"a b": "c"}})"),
            "ValidationException: 1 validation error detected: Value at 'context' failed to satisfy constraint: Map "
            "keys must "
            "satisfy constraint: [Member must satisfy regular expression pattern: [A-Za-z\\d_]+]");
}

TEST(service_models, what_lies_deep_is_named_by_its_path) {
  EXPECT_EQ(
      fault(personalize_events(), "PutEvents", R"({"trackingId": "t", "sessionId": "s", "eventList": [
      {"eventType": "view", "sentAt": 1}, {"eventType": "view"}]})"),
      "ValidationException: 1 validation error detected: Value null at 'eventList.2.member.sentAt' failed to satisfy "
      "constraint: Member must not be null");
}

TEST(service_models, a_value_that_is_sensitive_is_in_no_message) {
  const std::string told =
      fault(personalize(), "CreateFilter", fmt::format(R"({{"name": "f", {}, "filterExpression": ""}})", group));
  EXPECT_EQ(
      told,
      "ValidationException: 1 validation error detected: Value at 'filterExpression' failed to satisfy constraint: "
      "Member must have length greater than or equal to 1");
  const std::string secret(1001, 's');
  EXPECT_EQ(
      fault(personalize_runtime(), "GetRecommendations", R"({"context": {"DEVICE": ")" + secret + R"("}})").find("sss"),
      std::string::npos);
}

TEST(service_models, another_type_does_not_serialize) {
  EXPECT_EQ(fault(personalize(), "ListCampaigns", R"({"maxResults": "10"})"),
            "SerializationException: STRING_VALUE can not be converted to an Integer at 'maxResults'");
  EXPECT_EQ(fault(personalize(), "ListCampaigns", R"({"maxResults": 1.5})"),
            "SerializationException: 1.5 can not be converted to an Integer at 'maxResults'");
  EXPECT_EQ(fault(personalize(), "ListCampaigns", "[]"),
            "SerializationException: START_ARRAY can not be converted to a Structure");
  EXPECT_EQ(fault(personalize_runtime(), "GetPersonalizedRanking", R"({"inputList": "a"})"),
            "SerializationException: STRING_VALUE can not be converted to a List at 'inputList'");
}

TEST(service_models, of_many_faults_the_first_are_told_and_all_counted) {
  std::string tags;
  for (int i = 0; i < 30; ++i) {
    tags += std::string(i > 0 ? ", " : "") + R"({"tagKey": "!", "tagValue": "v"})";
  }
  const std::string told = fault(personalize(), "CreateDatasetGroup", R"({"name": "shop", "tags": [)" + tags + "]}");
  EXPECT_NE(told.find("30 validation errors detected: "), std::string::npos) << told;
  EXPECT_NE(told.find("'tags.20.member.tagKey'"), std::string::npos);
  EXPECT_EQ(told.find("'tags.21.member.tagKey'"), std::string::npos);
}

}  // namespace
}  // namespace eunomia::wire::aws
