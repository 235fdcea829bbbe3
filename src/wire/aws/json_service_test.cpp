#include "wire/aws/json_service.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace eunomia::wire::aws {
namespace {

using http::role;

class nobody_else final : public http::authenticator {
 public:
  outcome authenticate(const http::request&) const override { return {.who = std::nullopt, .reason = "nobody"}; }
  std::string challenge() const override { return "AWS4-HMAC-SHA256"; }
};

struct named_input {
  std::string name;
  std::map<std::string, std::string> tags;
};
BOOST_DESCRIBE_STRUCT(named_input, (), (name))
struct arn_output {
  std::string datasetGroupArn;  // NOLINT(readability-identifier-naming): AWS's name
};
BOOST_DESCRIBE_STRUCT(arn_output, (), (datasetGroupArn))
struct person_input {
  std::optional<std::string> userId;  // NOLINT(readability-identifier-naming)
};
BOOST_DESCRIBE_STRUCT(person_input, (), (userId))
struct list_output {
  std::vector<std::string> itemList;  // NOLINT(readability-identifier-naming)
};
BOOST_DESCRIBE_STRUCT(list_output, (), (itemList))

class json_services : public testing::Test {
 protected:
  json_services() {
    by_target.add<named_input, arn_output>(
        "CreateDatasetGroup", http::access::roles(role::engineer), [](const named_input& in, const http::request&) {
          if (in.name == "there") {
            throw core::error(core::errc::already_exists, "dataset group \"there\" exists");
          }
          if (in.name == "busy") {
            throw exception("ResourceInUseException", "it is busy");
          }
          if (in.name == "broken") {
            throw core::error(core::errc::internal, "a secret of the house");
          }
          return arn_output{"arn:aws:personalize:::dataset-group/" + in.name};
        });
    by_target.add<named_input, arn_output>("ListCampaigns", http::access::roles(role::engineer),
                                           [](const named_input&, const http::request&) -> arn_output {
                                             throw core::error(core::errc::not_found, "the solution does not exist");
                                           });
    rest.add<person_input, list_output>("GetRecommendations", http::access::roles(role::service),
                                        [](const person_input& in, const http::request&) {
                                          return list_output{{"for " + in.userId.value_or("nobody")}};
                                        });
  }

  static http::request post(std::string path, std::string body, std::string target = {}) {
    http::request head;
    head.id = "request-1";
    head.verb = http::method::post;
    head.target = head.path = std::move(path);
    head.body = std::move(body);
    head.caller = http::identity{"key-1", role::engineer};
    if (!target.empty()) {
      head.headers.push_back({"X-Amz-Target", std::move(target)});
    }
    return head;
  }
  // As the port does it, but for who may call a route.
  static http::response ask(const json_service& of, http::request head) {
    const http::protocol* const all[] = {&of};
    const http::router::match found = http::router(all).find(head);
    if (found.found == nullptr) {
      return {.status = 404};
    }
    return found.found->run(head);
  }
  http::response create(std::string body, std::string target = "AmazonPersonalize.CreateDatasetGroup") {
    return ask(by_target, post("/", std::move(body), std::move(target)));
  }
  static std::string header_of(const http::response& answer, std::string_view name) {
    for (const http::header& one : answer.headers) {
      if (one.name == name) {
        return one.value;
      }
    }
    return {};
  }

  nobody_else keys;
  json_service by_target{personalize(), keys};
  json_service rest{personalize_runtime(), keys};
};

TEST_F(json_services, answer_in_the_type_of_their_protocol) {
  const http::response created = create(R"({"name": "shop"})");
  EXPECT_EQ(created.status, 200U);
  EXPECT_EQ(created.content_type, "application/x-amz-json-1.1");
  EXPECT_EQ(created.body, R"({"datasetGroupArn":"arn:aws:personalize:::dataset-group/shop"})");
  const http::response answered = ask(rest, post("/recommendations", R"({"userId": "ann"})"));
  EXPECT_EQ(answered.content_type, "application/json");
  EXPECT_EQ(answered.body, R"({"itemList":["for ann"]})");
}

TEST_F(json_services, claim_what_is_theirs) {
  EXPECT_TRUE(by_target.claims(post("/", "", "AmazonPersonalize.ListSchemas")));
  EXPECT_FALSE(by_target.claims(post("/", "", "AmazonPersonalizer.ListSchemas")));
  EXPECT_FALSE(by_target.claims(post("/", "")));
  EXPECT_TRUE(rest.claims(post("/personalize-ranking", "")));
  EXPECT_FALSE(rest.claims(post("/recommend", "")));
}

TEST_F(json_services, an_input_that_does_not_fit_reaches_no_handler) {
  const http::response refused = create(R"({"name": ""})");
  EXPECT_EQ(refused.status, 400U);
  EXPECT_EQ(header_of(refused, "x-amzn-ErrorType"), "ValidationException");
  EXPECT_EQ(header_of(refused, "x-amzn-RequestId"), "request-1");
  EXPECT_NE(refused.body.find(R"("__type":"ValidationException","message":"2 validation errors detected: Value '' at)"),
            std::string::npos)
      << refused.body;
  EXPECT_EQ(header_of(create("{"), "x-amzn-ErrorType"), "SerializationException");
  EXPECT_EQ(header_of(create("[]"), "x-amzn-ErrorType"), "SerializationException");
}

TEST_F(json_services, an_operation_that_is_not_there_is_unknown) {
  const http::response unknown = create("{}", "AmazonPersonalize.CreateMagic");
  EXPECT_EQ(unknown.status, 400U);
  EXPECT_EQ(unknown.body, R"({"__type":"UnknownOperationException","message":"there is no operation CreateMagic"})");
}

TEST_F(json_services, errors_become_the_exceptions_of_aws) {
  EXPECT_EQ(create(R"({"name": "there"})").body,
            R"({"__type":"ResourceAlreadyExistsException","message":"dataset group \"there\" exists"})");
  EXPECT_EQ(create(R"({"name": "busy"})").body, R"({"__type":"ResourceInUseException","message":"it is busy"})");
  EXPECT_THROW(create(R"({"name": "broken"})"), core::error) << "the port hides and logs it";
  const http::response hidden = by_target.answer_of(post("/", ""), {500, "internal", "see the log"});
  EXPECT_EQ(hidden.status, 500U);
  EXPECT_EQ(hidden.body, R"({"__type":"InternalServerError","message":"see the log"})");
}

TEST_F(json_services, an_exception_that_the_operation_has_not_is_told_as_bad_input) {
  ASSERT_FALSE(personalize().find("ListCampaigns")->may_answer("ResourceNotFoundException"));
  const http::response answer = create("{}", "AmazonPersonalize.ListCampaigns");
  EXPECT_EQ(answer.status, 400U);
  EXPECT_EQ(answer.body, R"({"__type":"InvalidInputException","message":"the solution does not exist"})");
}

TEST_F(json_services, an_operation_asks_for_its_own_role) {
  http::request head = post("/", R"({"name": "shop"})", "AmazonPersonalize.CreateDatasetGroup");
  head.caller = http::identity{"key-7", role::service};
  const http::response refused = ask(by_target, std::move(head));
  EXPECT_EQ(header_of(refused, "x-amzn-ErrorType"), "AccessDeniedException");
  EXPECT_NE(refused.body.find("key-7 is not authorized to perform: personalize:CreateDatasetGroup"), std::string::npos);
}

TEST_F(json_services, know_what_they_lack) {
  EXPECT_EQ(rest.missing(), (std::vector<std::string_view>{"GetActionRecommendations", "GetPersonalizedRanking"}));
  EXPECT_EQ(by_target.missing().size(), 69U);
  EXPECT_THROW((rest.add<person_input, list_output>("GetRecommendations", http::access::open(), {})), core::error);
  EXPECT_THROW((rest.add<person_input, list_output>("GetMagic", http::access::open(), {})), core::error);
}

}  // namespace
}  // namespace eunomia::wire::aws
