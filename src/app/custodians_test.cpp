#include "app/custodians.h"

#include <gtest/gtest.h>

#include <set>

#include "app/data_directory.h"
#include "core/temporary_directory.h"
#include "job/jobs.h"
#include "store/sql/test_database.h"
#include "wire/access/tokens.h"
#include "wire/personalize/anonymous_sessions.h"
#include "wire/personalize/metric_counts.h"
#include "wire/personalize/resources.h"
#include "wire/recombee/definitions.h"

namespace eunomia::app {
namespace {

namespace sql = store::sql;
using subject::store_kind;

class house : public testing::TestWithParam<sql::engine> {
 protected:
  void SetUp() override {
    if (GetParam() == sql::engine::postgresql) {
      if (std::getenv("EUNOMIA_TEST_POSTGRESQL") == nullptr) {
        GTEST_SKIP() << "NOT TESTED on PostgreSQL: set EUNOMIA_TEST_POSTGRESQL";
      }
      database_ = std::make_unique<sql::test_database>(GetParam());
      shared_.database = database_->url();
    }
    shared_.data = folder_.path() / "data";
    data_ = std::make_unique<data_directory>(shared_);
    // What only the server opens.
    const job::jobs jobs(data_->database());
    const wire::access::tokens tokens(data_->database());
    const wire::personalize::resources made(data_->database());
    const wire::personalize::anonymous_sessions sessions(data_->database(), data_->keys());
    const wire::personalize::metric_counts metrics(data_->database(), made, data_->datasets());
    const wire::recombee::definitions defined(data_->database());
    const wire::access::access_keys keys = data_->access_keys();
    recommend::dataset_description shop;
    shop.name = "shop";
    shop.users = {recommend::metadata_column::parse("COUNTRY:category")};
    data_->datasets().create(shop);
  }

  std::set<std::string> held(store_kind kind) {
    std::set<std::string> places;
    for (const auto& one : data_->custodians().inventory()) {
      if (one.what.kind == kind) {
        places.insert(one.what.place);
      }
    }
    return places;
  }

  core::temporary_directory folder_;
  environment shared_;
  std::unique_ptr<sql::test_database> database_;
  std::unique_ptr<data_directory> data_;
};
EUNOMIA_ON_BOTH_ENGINES(house);

TEST_P(house, has_a_custodian_for_every_table_of_the_schema_and_none_for_others) {
  std::set<std::string> tables;
  data_->database().read([&](sql::connection& in) {
    const bool sqlite = in.speaks() == sql::engine::sqlite;
    in.each(sqlite ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                   : "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = "
                     "current_schema()",
            {}, [&](const sql::row& row) { tables.emplace(row.text(0)); });
  });
  EXPECT_GT(tables.size(), 10U);
  EXPECT_EQ(held(store_kind::sql_table), tables);
}

TEST_P(house, has_a_custodian_for_every_table_of_the_table_store) {
  EXPECT_EQ(held(store_kind::table),
            (std::set<std::string>{"dataset/1/interactions", "dataset/1/items", "dataset/1/users"}));
  data_->datasets().open("shop").drop();
  EXPECT_EQ(held(store_kind::table), std::set<std::string>());
}

TEST_P(house, says_what_personal_tables_may_be_read_for) {
  for (const auto& one : data_->custodians().inventory()) {
    if (one.what.kind == store_kind::table && one.what.about == subject::data_about::data_subjects) {
      EXPECT_EQ(one.what.purposes, std::vector<std::string>{"recommendation"}) << one.what.place;
    }
    if (one.what.place == "dataset/1/users") {
      EXPECT_NE(one.what.what.find("COUNTRY"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace eunomia::app
