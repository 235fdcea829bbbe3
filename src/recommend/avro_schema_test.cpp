#include "recommend/avro_schema.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "core/error.h"

namespace eunomia::recommend {
namespace {

std::string schema_of(std::string_view name, std::string_view fields) {
  return fmt::format(R"({{"type": "record", "name": "{}", "namespace": "com.amazonaws.personalize.schema", "fields": )"
                     R"([{}], "version": "1.0"}})",
                     name, fields);
}

constexpr std::string_view interaction_fields =
    R"({"name": "USER_ID", "type": "string"}, {"name": "ITEM_ID", "type": "string"},
       {"name": "EVENT_TYPE", "type": "string"}, {"name": "EVENT_VALUE", "type": ["float", "null"]},
       {"name": "LOCATION", "type": "string", "categorical": true},
       {"name": "DEVICE", "type": ["string", "null"], "categorical": true}, {"name": "TIMESTAMP", "type": "long"},
       {"name": "IMPRESSION", "type": "string"}, {"name": "RECOMMENDATION_ID", "type": ["null", "string"]})";
constexpr std::string_view item_fields =
    R"({"name": "ITEM_ID", "type": "string"}, {"name": "GENRES", "type": ["null", "string"], "categorical": true},
       {"name": "CREATION_TIMESTAMP", "type": "long"}, {"name": "DESCRIPTION", "type": ["null", "string"],
        "textual": true}, {"name": "PRICE", "type": "double"}, {"name": "NUMBER_OF_DOWNLOADS", "type": ["int", "null"]},
       {"name": "ADULT", "type": ["null", "boolean"]})";

template <class Action>
std::string refused(Action action) {
  try {
    action();
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::invalid_argument);
    return problem.what();
  }
  return "was accepted";
}

std::string fault_of(std::string_view name, std::string_view fields) {
  return refused([&] { avro_schema::parse(schema_of(name, fields)); });
}

std::string declarations(const avro_schema& schema) {
  std::string text;
  for (const metadata_column& column : schema.columns()) {
    text += fmt::format("{}:{} ", column.name, name_of(column.type));
  }
  return text;
}

TEST(avro_schema, says_which_columns_a_dataset_declares) {
  EXPECT_EQ(declarations(avro_schema::parse(schema_of("Interactions", interaction_fields))),
            "LOCATION:category DEVICE:category RECOMMENDATION_ID:text ");
  EXPECT_EQ(declarations(avro_schema::parse(schema_of("Items", item_fields))),
            "GENRES:category CREATION_TIMESTAMP:integer DESCRIPTION:text PRICE:number NUMBER_OF_DOWNLOADS:integer "
            "ADULT:text ");
  EXPECT_EQ(declarations(avro_schema::parse(
                schema_of("Users", R"({"name": "USER_ID", "type": "string"}, {"name": "age", "type": "int"})"))),
            "AGE:integer ");
  EXPECT_EQ(declarations(avro_schema::parse(
                schema_of("Actions",
                          R"({"name": "ACTION_ID", "type": "string"}, {"name": "VALUE", "type": ["null", "long"]},
                   {"name": "LEVEL", "type": "string", "categorical": true})"))),
            "VALUE:integer LEVEL:category ");
  EXPECT_EQ(declarations(avro_schema::parse(
                schema_of("ActionInteractions",
                          R"({"name": "USER_ID", "type": "string"}, {"name": "ACTION_ID", "type": "string"},
                   {"name": "EVENT_TYPE", "type": "string"}, {"name": "TIMESTAMP", "type": "long"})"))),
            "");
}

TEST(avro_schema, is_refused_with_the_place_of_what_is_wrong) {
  EXPECT_EQ(fault_of("Products", ""),
            "schema: $.name: expected Interactions, Items, Users, Actions or ActionInteractions, got \"Products\"");
  EXPECT_EQ(fault_of("Items", R"({"name": "ITEM_ID", "type": "string"})"),
            "schema: $.fields: Items need at least one metadata field");
  EXPECT_EQ(fault_of("Users", R"({"name": "AGE", "type": "int"})"),
            "schema: $.fields: Users need the field USER_ID of type string");
  EXPECT_EQ(fault_of("Users", R"({"name": "USER_ID", "type": "long"})"),
            "schema: $.fields[0]: USER_ID is a string, not a long");
  EXPECT_EQ(fault_of("Users", R"({"name": "USER_ID", "type": ["null", "string"]})"),
            "schema: $.fields[0]: USER_ID may not be null");
  EXPECT_EQ(fault_of("Interactions", R"({"name": "EVENT_TYPE", "type": "string", "categorical": true})"),
            "schema: $.fields[0]: EVENT_TYPE is reserved, and neither categorical nor textual");
  EXPECT_EQ(fault_of("Users", R"({"name": "BIO", "type": "string", "textual": true})"),
            "schema: $.fields[0]: textual is for words of items that are not categorical");
  EXPECT_EQ(fault_of("Items", R"({"name": "PRICE", "type": "float", "categorical": true})"),
            "schema: $.fields[0]: only a string is categorical or textual");
  EXPECT_EQ(fault_of("Items", R"({"name": "PRICE", "type": ["float", "int"]})"),
            "schema: $.fields[0].type: a union holds null and one type");
  EXPECT_EQ(fault_of("Items", R"({"name": "PRI CE", "type": "float"})"),
            "schema: $.fields[0].name: expected letters, digits and '_', got \"PRI CE\"");
  EXPECT_EQ(fault_of("Items", R"({"name": "PRICE"})"), "schema: $.fields[0]: has no member \"type\"");
  EXPECT_NE(
      fault_of("Items", R"({"name": "TAGS", "type": {"type": "array", "items": "string"}})").find("$.fields[0].type"),
      std::string::npos);
  EXPECT_EQ(fault_of("Items", R"({"name": "ITEM_ID", "type": "string"}, {"name": "GENRES_1", "type": "string"},
                                 {"name": "GENRES1", "type": "string"})"),
            "schema: $.fields[2]: GENRES1 is there already, when case and '_' are left out");
  EXPECT_NE(refused([] { avro_schema::parse(std::string(max_schema_bytes + 1, ' ')); }), "was accepted");
}

TEST(avro_schema, a_file_must_have_its_columns) {
  const auto schema = avro_schema::parse(
      schema_of("Users", R"({"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": ["null", "int"]},
                            {"name": "SEX", "type": "string", "categorical": true})"));
  const std::vector<std::string> header = {"user_id", "OTHER"};
  EXPECT_EQ(refused([&] { schema.check_header(header); }), "Input CSV is missing the following columns: [AGE, SEX]");
  const std::vector<std::string> whole = {"SEX", "AGE", "USER_ID", "OTHER"};
  schema.check_header(whole);
}

TEST(avro_schema, reads_properties_by_their_names_in_camel_case) {
  const auto schema = avro_schema::parse(schema_of("Items", item_fields));
  using values = std::map<std::string, std::string>;
  EXPECT_EQ(
      schema.read_properties(R"({"genres": "drama|war", "creationTimestamp": 1586731606, "price": 12.5,
                                       "numberOfDownloads": null, "adult": true})",
                             "items[0].properties"),
      (values{{"GENRES", "drama|war"}, {"CREATION_TIMESTAMP", "1586731606"}, {"PRICE", "12.5"}, {"ADULT", "true"}}));
}

TEST(avro_schema, says_which_property_is_wrong_and_never_its_value) {
  const auto items = avro_schema::parse(schema_of("Items", item_fields));
  const auto fault = [&](std::string_view json) {
    return refused([&] { items.read_properties(json, "items[0].properties"); });
  };
  EXPECT_EQ(fault(R"({"price": "cheap", "creationTimestamp": 1})"), "items[0].properties.price: is no double");
  EXPECT_EQ(fault(R"({"price": 1, "creationTimestamp": 1.5})"), "items[0].properties.creationTimestamp: is no long");
  EXPECT_EQ(fault(R"({"price": 1, "creationTimestamp": 1, "numberOfDownloads": 3000000000})"),
            "items[0].properties.numberOfDownloads: is no int");
  EXPECT_EQ(fault(R"({"price": null, "creationTimestamp": 1})"), "items[0].properties.price: may not be null");
  EXPECT_EQ(fault(R"({"price": 1})"),
            "items[0].properties.creationTimestamp: is missing, and the schema does not let it be null");
  EXPECT_EQ(fault(R"({"colour": "red"})"), "items[0].properties: the schema of Items has no metadata field \"colour\"");
  EXPECT_EQ(fault(R"({"price": 1, "PRICE": 2})"), "items[0].properties.price: is given twice");
  EXPECT_EQ(fault("[]"), "items[0].properties: expected a JSON object");
  EXPECT_EQ(fault("{").substr(0, 21), "items[0].properties: ");
}

TEST(avro_schema, an_event_may_leave_out_its_metadata) {
  const auto schema = avro_schema::parse(schema_of("Interactions", interaction_fields));
  EXPECT_TRUE(schema.read_properties("{}", "events[0].properties").empty());
}

TEST(avro_schema, names_turn_into_camel_case) {
  EXPECT_EQ(camel_case("NUMBER_OF_DOWNLOADS"), "numberOfDownloads");
  EXPECT_EQ(camel_case("CATEGORY_L1"), "categoryL1");
  EXPECT_EQ(camel_case("_AGE_"), "age");
}

}  // namespace
}  // namespace eunomia::recommend
