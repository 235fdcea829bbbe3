#include "wire/api/table.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace eunomia::wire::api {
namespace {

struct greeting {
  std::string name;
  std::uint32_t times = 1;
};
BOOST_DESCRIBE_STRUCT(greeting, (), (name, times))

struct greeted {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(greeted, (), (text))

struct filters {
  std::uint32_t count = 3;
  std::string kind;
  bool all = false;
  std::vector<std::string> names;
};
BOOST_DESCRIBE_STRUCT(filters, (), (count, kind, all, names))

route_table small_table() {
  route_table table;
  const auto who = http::access::roles(http::role::engineer);
  table.body<greeting, greeted>({http::method::post, "/api/v1/greetings/{place}", who, "words", "Greet", 201},
                                [](const greeting& wanted, const http::request& in) {
                                  return greeted{wanted.name + " of " + in.path_parameter("place")};
                                });
  table.query<nothing, nothing>({http::method::delete_, "/api/v1/greetings/{place}", who, "words", "Forget"},
                                [](const nothing&, const http::request&) { return nothing{}; });
  return table;
}

http::request with_body(std::string body, std::string type = "application/json; charset=utf-8") {
  http::request in;
  in.id = "r1";
  in.body = std::move(body);
  in.headers = {{"content-type", std::move(type)}};
  in.path_parameters = {{"place", "Paris"}};
  return in;
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::invalid_argument);
    return problem.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(table, reads_a_body_and_writes_the_answer) {
  const auto table = small_table();
  auto in = with_body(R"({"name": "Ada"})");
  const auto out = table.routes()[0].run(in);
  EXPECT_EQ(out.status, 201U);
  EXPECT_EQ(out.body, R"({"text":"Ada of Paris"})");
}

TEST(table, names_what_is_wrong_with_a_body) {
  const auto table = small_table();
  const auto told = [&](std::string body) {
    auto in = with_body(std::move(body));
    return message_of([&] { table.routes()[0].run(in); });
  };
  EXPECT_NE(told(R"({"name": 3})").find("$.name"), std::string::npos);
  EXPECT_NE(told(R"({"nam": "Ada"})").find("nam"), std::string::npos);
  EXPECT_FALSE(told("{").empty());
}

TEST(table, bounds_what_a_body_becomes_in_memory) {
  const auto table = small_table();
  const auto told = [&](std::string_view one, std::size_t times) {
    std::string body = R"({"name": [)";
    for (std::size_t i = 0; i < times; ++i) {
      body += (i == 0 ? "" : ",") + std::string(one);
    }
    auto in = with_body(body + "]}");
    return message_of([&] { table.routes()[0].run(in); });
  };
  EXPECT_NE(told("{}", 500'000).find("max_values"), std::string::npos);
  EXPECT_EQ(told("{}", 499'000).find("max_values"), std::string::npos);
  EXPECT_NE(message_of([] { core::read_json<std::vector<int>>("[1,2,3]", {.max_elements = 2}); }).find("max_elements"),
            std::string::npos);
}

TEST(table, takes_json_only) {
  const auto table = small_table();
  auto in = with_body(R"({"name": "Ada"})", "text/plain");
  EXPECT_EQ(table.routes()[0].run(in).status, 415U);
}

TEST(table, answers_204_where_there_is_nothing_to_say) {
  const auto table = small_table();
  http::request in;
  const auto out = table.routes()[1].run(in);
  EXPECT_EQ(out.status, 204U);
  EXPECT_TRUE(out.body.empty());
}

TEST(table, reads_parameters_by_the_types_of_their_members) {
  http::request in;
  in.query = {{"count", "7"}, {"kind", "12"}, {"all", "true"}, {"names", R"(["a","b"])"}};
  const auto read = route_table::read_query<filters>(in);
  EXPECT_EQ(read.count, 7U);
  EXPECT_EQ(read.kind, "12") << "text, though it looks like a number";
  EXPECT_TRUE(read.all);
  EXPECT_EQ(read.names, (std::vector<std::string>{"a", "b"}));
}

TEST(table, names_a_parameter_that_is_wrong) {
  const auto told = [](std::vector<http::parameter> query) {
    http::request in;
    in.query = std::move(query);
    return message_of([&] { route_table::read_query<filters>(in); });
  };
  EXPECT_NE(told({{"count", "many"}}).find("count"), std::string::npos);
  EXPECT_NE(told({{"colour", "red"}}).find("colour"), std::string::npos);
  EXPECT_NE(told({{"count", "1"}, {"count", "2"}}).find("twice"), std::string::npos);
}

TEST(table, documents_each_operation_with_its_roles_parameters_and_schemas) {
  const auto document = core::parse_json(small_table().openapi("1.2.3"));
  const auto& path = *document.find("paths")->find("/api/v1/greetings/{place}");
  const auto& post = *path.find("post");
  EXPECT_EQ(post.find("operationId")->text(), "greetings_place_post");
  EXPECT_EQ(post.find("description")->text(), "Roles: administrator, engineer.");
  EXPECT_EQ(post.find("parameters")->elements().at(0).find("name")->text(), "place");
  EXPECT_NE(post.find("responses")->find("201"), nullptr);
  EXPECT_NE(path.find("delete")->find("responses")->find("204"), nullptr);
  EXPECT_NE(document.find("components")->find("schemas")->find("greeting"), nullptr);
  EXPECT_NE(document.find("components")->find("schemas")->find("greeted_answer"), nullptr);
}

}  // namespace
}  // namespace eunomia::wire::api
