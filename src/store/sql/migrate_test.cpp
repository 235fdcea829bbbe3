#include <gtest/gtest.h>

#include <thread>

#include "store/sql/test_database.h"

namespace eunomia::store::sql {
namespace {

class migrations : public on_both_engines {};
EUNOMIA_ON_BOTH_ENGINES(migrations);

constexpr migration first = {"shop", 1, "CREATE TABLE a (id {id}); -- it's; one\nCREATE INDEX a_id ON a (id);"};
constexpr migration second = {"shop", 2, "ALTER TABLE a ADD COLUMN note {text}; INSERT INTO a (note) VALUES ('x;y')"};
constexpr migration broken = {"shop", 2, "INSERT INTO a DEFAULT VALUES; CREATE TABLE a (id BIGINT)"};
constexpr migration other_room = {"people", 1, "CREATE TABLE b (id BIGINT)"};

TEST_P(migrations, are_applied_once_in_order_and_recorded) {
  const migration steps[] = {second, other_room, first};
  db().migrate(steps);
  db().migrate(steps);
  const rows applied = db().read([](connection& in) {
    return in.query("SELECT room, version, applied_at FROM schema_migration ORDER BY room, version");
  });
  ASSERT_EQ(applied.size(), 3U);
  EXPECT_EQ(applied[0].text(0), "people");
  EXPECT_EQ(applied[2].int64(1), 2);
  EXPECT_GT(applied[2].int64(2), 1'600'000'000'000);
  EXPECT_EQ(db().read([](connection& in) { return in.query_one("SELECT note FROM a"); })[0].text(0), "x;y");
}

TEST_P(migrations, continue_from_an_older_version) {
  db().migrate(std::span(&first, 1));
  const migration steps[] = {first, second};
  db().migrate(steps);
  EXPECT_EQ(db().read([](connection& in) { return in.query("SELECT note FROM a"); }).size(), 1U);
}

TEST_P(migrations, an_altered_old_step_is_refused) {
  db().migrate(std::span(&first, 1));
  const migration altered[] = {{"shop", 1, "CREATE TABLE a (id {id}, more BIGINT)"}, second};
  EXPECT_EQ(code_thrown_by([&] { db().migrate(altered); }), core::errc::failed_precondition);
  EXPECT_ANY_THROW(db().read([](connection& in) { in.query("SELECT note FROM a"); }));
}

TEST_P(migrations, a_gap_is_refused) {
  EXPECT_EQ(code_thrown_by([&] { db().migrate(std::span(&second, 1)); }), core::errc::failed_precondition);
}

TEST_P(migrations, a_newer_database_is_refused) {
  const migration steps[] = {first, second};
  db().migrate(steps);
  const std::string message = message_thrown_by([&] { db().migrate(std::span(&first, 1)); });
  EXPECT_NE(message.find("newer"), std::string::npos) << message;
}

TEST_P(migrations, a_step_that_fails_leaves_the_step_before) {
  const migration steps[] = {first, broken};
  EXPECT_ANY_THROW(db().migrate(steps));
  EXPECT_TRUE(db().read([](connection& in) { return in.query("SELECT id FROM a"); }).empty());
  EXPECT_EQ(db().read([](connection& in) { return in.query("SELECT version FROM schema_migration"); }).size(), 1U);
}

TEST_P(migrations, two_processes_at_once_apply_each_step_once) {
  const migration steps[] = {first, second};
  const auto other = own().reopened();
  std::thread thread([&] { other->migrate(steps); });
  db().migrate(steps);
  thread.join();
  EXPECT_EQ(db().read([](connection& in) { return in.query("SELECT note FROM a"); }).size(), 1U);
}

}  // namespace
}  // namespace eunomia::store::sql
