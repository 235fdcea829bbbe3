#include "core/json_schema.h"

#include <gtest/gtest.h>

namespace eunomia::core {
namespace {

enum class colour { red, green };
BOOST_DESCRIBE_ENUM(colour, red, green)

struct inner {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(inner, (), (id))

struct outer {
  std::string name;
  std::uint32_t count = 25;
  std::optional<double> score;
  std::vector<inner> parts;
  std::map<std::string, bool> flags;
  colour shade = colour::red;
};
BOOST_DESCRIBE_STRUCT(outer, (), (name, count, score, parts, flags, shade))
json_notes notes_of(const outer*) {
  return {{"name", {.text = "What it is called", .longest = 9, .shortest = 1}},
          {"count", {.least = 1, .most = 100, .example = "7"}}};
}

struct chain {
  std::unique_ptr<chain> next;
};
BOOST_DESCRIBE_STRUCT(chain, (), (next))

template <class T>
std::string schema_of(json_direction way, const std::string& name) {
  json_schemas schemas;
  json_writer reference;
  schemas.write<T>(reference, way);
  EXPECT_EQ(reference.text(), R"({"$ref":"#/components/schemas/)" + name + "\"}");
  return schemas.structs().at(name);
}

TEST(json_schema, a_request_may_leave_out_what_has_a_default_and_nothing_else_may_be_in_it) {
  const json_value schema = parse_json(schema_of<outer>(json_direction::request, "outer"));
  EXPECT_EQ(*schema.find("required"), parse_json(R"(["name"])"));
  EXPECT_EQ(*schema.find("additionalProperties"), parse_json("false"));
  const json_value& members = *schema.find("properties");
  EXPECT_EQ(*members.find("name"),
            parse_json(R"({"type":"string","minLength":1,"maxLength":9,"description":"What it is called"})"));
  EXPECT_EQ(*members.find("count"), parse_json(R"({"type":"integer","minimum":1,"maximum":100,"examples":[7]})"));
  EXPECT_EQ(*members.find("score"), parse_json(R"({"type":"number"})"));
  EXPECT_EQ(*members.find("flags"), parse_json(R"({"type":"object","additionalProperties":{"type":"boolean"}})"));
  EXPECT_EQ(*members.find("shade"), parse_json(R"({"type":"string","enum":["red","green"]})"));
  EXPECT_EQ(*members.find("parts"), parse_json(R"({"type":"array","items":{"$ref":"#/components/schemas/inner"}})"));
}

TEST(json_schema, an_answer_has_every_member_that_is_not_optional) {
  const json_value schema = parse_json(schema_of<outer>(json_direction::answer, "outer_answer"));
  EXPECT_EQ(*schema.find("required"), parse_json(R"(["name","count","parts","flags","shade"])"));
}

TEST(json_schema, a_struct_may_hold_itself) {
  const json_value schema = parse_json(schema_of<chain>(json_direction::answer, "chain_answer"));
  EXPECT_EQ(*schema.find("properties")->find("next"), parse_json(R"({"$ref":"#/components/schemas/chain_answer"})"));
}

}  // namespace
}  // namespace eunomia::core
