#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/temporary_directory.h"
#include "migrate/blueprint.h"
#include "migrate/json_members.h"
#include "migrate/pseudonyms.h"
#include "migrate/rows.h"

namespace eunomia::migrate {
namespace {

thing thing_of(kind is, const std::string& arn, const std::string& described) {
  thing one;
  one.is = is;
  one.arn = arn;
  one.described = core::parse_json(described);
  one.name = text_of(one.described, "name");
  one.group = is == kind::schema || is == kind::dataset_group ? "" : "shop";
  return one;
}

inventory side(const std::string& account, const std::string& solution, const std::string& schema) {
  inventory all;
  const std::string arn = "arn:aws:personalize:eu-west-1:" + account + ":";
  all.add(thing_of(kind::schema, arn + "schema/s", core::write_json(with(object_of("name", "s"), "schema", schema))));
  all.add(thing_of(kind::solution, arn + "solution/x", solution));
  all.add(thing_of(kind::campaign, arn + "campaign/c",
                   R"({"name": "c", "minProvisionedTPS": 1, "solutionVersionArn": ")" + arn + R"(solution/x/1f"})"));
  return all;
}

TEST(blueprint, the_same_things_of_two_accounts_are_equal) {
  const inventory there =
      side("111111111111", R"({"name": "x", "performHPO": false, "solutionArn": "a", "status": "ACTIVE",
    "solutionConfig": {"b": {"n": 1.0}, "a": [1, 2], "empty": {}}})",
           R"({"type": "record",  "fields": []})");
  const inventory here = side("000000000000", R"({"name": "x", "solutionConfig": {"a": [1, 2], "b": {"n": 1}}})",
                              R"({"fields": [], "type": "record"})");
  for (const thing& one : there.things()) {
    const thing* const ours = here.find(one.identity());
    ASSERT_NE(ours, nullptr) << one.identity();
    EXPECT_TRUE(differences(one, there, *ours, here).empty()) << core::write_json(comparable(one, there));
  }
}

TEST(blueprint, what_differs_is_named) {
  const inventory there = side("1", R"({"name": "x", "performAutoTraining": true, "eventType": "buy"})", "{}");
  const inventory here = side("2", R"({"name": "x", "solutionConfig": {"a": 1}, "eventType": "buy"})", R"({"a": 1})");
  const auto differing = [&](const std::string& identity) {
    return differences(*there.find(identity), there, *here.find(identity), here);
  };
  EXPECT_EQ(differing("solution:x"), (std::vector<std::string>{"performAutoTraining", "solutionConfig"}));
  EXPECT_EQ(differing("schema:s"), std::vector<std::string>{"schema"});
  EXPECT_TRUE(differing("campaign:c").empty());
}

TEST(blueprint, a_solution_from_before_automatic_training_does_not_get_it) {
  const auto input =
      creation_of(thing_of(kind::solution, "a", R"({"name": "x", "datasetGroupArn": "g", "status": "ACTIVE"})"),
                  [](const std::string& arn) { return "here/" + arn; });
  EXPECT_EQ(core::write_json(input), R"({"name":"x","performAutoTraining":false,"datasetGroupArn":"here/g"})");
}

TEST(inventory, names_are_unique_and_versions_name_their_solution) {
  inventory all;
  all.add(thing_of(kind::filter, "a", R"({"name": "f"})"));
  EXPECT_THROW(all.add(thing_of(kind::filter, "b", R"({"name": "f"})")), core::error);
  EXPECT_EQ(solution_arn_of("arn:aws:personalize:r:1:solution/x/$LATEST"), "arn:aws:personalize:r:1:solution/x");
}

TEST(pseudonyms, are_hmac_sha256_of_the_salt) {
  // python3 -c 'import hmac,hashlib; print(hmac.new(b"0123456789abcdef", b"u1", hashlib.sha256).hexdigest())'
  EXPECT_EQ(pseudonyms("0123456789abcdef").of("u1"),
            "5162bddb18bda0082a7b39c472f7d118234c897c39ed61e775751c91fafdc56f");
  EXPECT_NE(pseudonyms("0123456789abcdef").mark(), pseudonyms("0123456789abcdeg").mark());
  EXPECT_THROW(pseudonyms("short"), core::error);
  EXPECT_NE(pseudonyms::new_salt(), pseudonyms::new_salt());
}

class rows_test : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& text) {
    const auto path = folder_.path() / ("in-" + std::to_string(++files_) + ".csv");
    core::write_file(path, text);
    return path;
  }
  core::temporary_directory folder_;
  core::job job_;
  int files_ = 0;
};

TEST_F(rows_test, counts_and_replaces_people_and_leaves_the_rest) {
  const pseudonyms by("0123456789abcdef");
  const auto counted =
      copy_rows({file("user_id,ITEM_ID,NOTE\nu1,i1,\"a,b\"\nu2,i1,\n"), file("ITEM_ID,USER_ID\ni2,u1\n")},
                "INTERACTIONS", &by, folder_.path(), job_);
  EXPECT_EQ(counted.rows, 3U);
  EXPECT_EQ(counted.people, (std::unordered_set<std::string>{"u1", "u2"}));
  EXPECT_EQ(core::read_file(folder_.path() / "part-0.csv"),
            "user_id,ITEM_ID,NOTE\n" + by.of("u1") + ",i1,\"a,b\"\n" + by.of("u2") + ",i1,\n");
  EXPECT_EQ(core::read_file(folder_.path() / "part-1.csv"), "ITEM_ID,USER_ID\ni2," + by.of("u1") + "\n");
}

TEST_F(rows_test, items_count_once_and_nobody_is_looked_for_in_them) {
  const pseudonyms by("0123456789abcdef");
  const auto counted = copy_rows({file("ITEM_ID,PRICE\ni1,1\ni2,2\ni1,3\n")}, "ITEMS", &by, folder_.path(), job_);
  EXPECT_EQ(counted.rows, 3U);
  EXPECT_EQ(counted.distinct, 2U);
  EXPECT_TRUE(counted.people.empty());
}

TEST_F(rows_test, what_is_wrong_is_named_without_values) {
  const auto message = [&](const std::string& text, std::string_view type) {
    try {
      copy_rows({file(text)}, type, nullptr, folder_.path(), job_);
    } catch (const core::error& problem) {
      return std::string(problem.what());
    }
    return std::string();
  };
  EXPECT_NE(message("USER_ID,ITEM_ID\nsecret-person\n", "INTERACTIONS").find(":2: too few fields"), std::string::npos);
  EXPECT_EQ(message("USER_ID,ITEM_ID\nsecret-person\n", "INTERACTIONS").find("secret"), std::string::npos);
  EXPECT_NE(message("ITEM_ID\ni1\n", "USERS").find("no column USER_ID"), std::string::npos);
}

}  // namespace
}  // namespace eunomia::migrate
