#include "wire/recombee/batch.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/json.h"

namespace eunomia::wire::recombee {
namespace {

using http::method;

TEST(recombee_operations, are_found_by_method_and_path) {
  const operation_table all;
  const auto view = all.find(method::post, "/detailviews/");
  ASSERT_NE(view.what, nullptr);
  EXPECT_TRUE(view.what->gathers);
  const auto item = all.find(method::get, "/items/a%2Fb");
  ASSERT_NE(item.what, nullptr);
  EXPECT_EQ(item.path.at("itemId"), "a/b");
  EXPECT_EQ(all.find(method::get, "/items/list/").what->path, "/items/list/");
  EXPECT_EQ(all.find(method::get, "/items/properties/list/").what->path, "/items/properties/list/")
      << "a literal goes before a name";
  EXPECT_EQ(all.find(method::get, "/items/list/detailviews/").path.at("itemId"), "list");
  EXPECT_EQ(all.find(method::delete_, "/").what->path, "/");
  for (const std::string_view none :
       {"", "/items", "/items/", "/items/a/b", "/nothing/", "/items/%zz", "//", "/batch/"}) {
    EXPECT_EQ(all.find(method::get, none).what, nullptr) << none;
  }
}

TEST(recombee_operations, that_change_what_there_is_are_not_a_frontends) {
  const operation_table all;
  for (const auto& [verb, path] : {std::pair(method::delete_, "/"), std::pair(method::put, "/items/properties/a"),
                                   std::pair(method::delete_, "/users/a"), std::pair(method::delete_, "/items/a"),
                                   std::pair(method::put, "/users/a/merge/b")}) {
    ASSERT_NE(all.find(verb, path).what, nullptr) << path;
    EXPECT_FALSE(all.find(verb, path).what->who.allows(http::role::service)) << path;
    EXPECT_FALSE(all.find(verb, path).what->who.allows(http::role::annotator)) << path;
  }
}

parameters of(std::string_view json) {
  return parameters(core::parse_json(json));
}

std::string fault_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::invalid_argument);
    return problem.what();
  }
  return "";
}

TEST(recombee_parameters, come_with_their_types_or_as_text) {
  const parameters given =
      of(R"({"n": 5, "t": "5", "yes": true, "no": "False", "list": ["a", "b"], "text": "a,b", "null": null})");
  EXPECT_EQ(given.number("n", 0, 9), 5);
  EXPECT_EQ(given.count("t", 9), 5U);
  EXPECT_EQ(given.flag("yes"), true);
  EXPECT_EQ(given.flag("no"), false);
  EXPECT_EQ(given.list("list"), given.list("text"));
  EXPECT_EQ(given.find("null"), nullptr);
  EXPECT_FALSE(given.text("none"));
  EXPECT_EQ(of(R"({"at": "2015-06-25T11:08:44+00:00"})").moment("at"), of(R"({"at": 1435230524})").moment("at"));
  EXPECT_EQ(of(R"({"at": "1435230524.25"})").moment("at"), 1435230524250);
}

TEST(recombee_parameters, say_which_is_wrong) {
  const parameters given = of(R"({"n": "x", "f": "perhaps", "list": [1], "big": 1e300, "half": 1.5, "o": {}})");
  EXPECT_EQ(fault_of([&] { given.number("n", 0, 9); }), "n: is a number from 0 to 9");
  EXPECT_EQ(fault_of([&] { given.number("big", 0, 9); }), "big: is a number from 0 to 9");
  EXPECT_EQ(fault_of([&] { given.count("half", 9); }), "half: is a whole number");
  EXPECT_EQ(fault_of([&] { given.flag("f"); }), "f: is true or false");
  EXPECT_EQ(fault_of([&] { given.flag("o"); }), "o: is true or false");
  EXPECT_EQ(fault_of([&] { given.list("list"); }), "list: is a list of strings");
  EXPECT_EQ(fault_of([&] { given.text("o"); }), "o: is no string");
  EXPECT_EQ(fault_of([&] { given.required_text("none"); }), "none: is missing");
  EXPECT_NE(fault_of([&] { given.moment("n"); }), "");
  EXPECT_NE(fault_of([&] { of("[1]"); }), "");
  EXPECT_NE(fault_of([] { check_id("itemId", "a b"); }), "");
  EXPECT_EQ(fault_of([] { check_id("itemId", "A-z_0:@."); }), "");
}

}  // namespace
}  // namespace eunomia::wire::recombee
