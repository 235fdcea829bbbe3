#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include "store/sql/database.h"

// What tests of every room that stores something in SQL stand on: an empty database of their own on either engine.
namespace eunomia::store::sql {

// SQLite in a temporary folder; PostgreSQL in a schema of the server at EUNOMIA_TEST_POSTGRESQL. Gone with the object.
class test_database {
 public:
  explicit test_database(engine speaks, const options& with = {}) : with_(with), tag_(random_tag()) {
    if (speaks == engine::sqlite) {
      folder_ = std::filesystem::temp_directory_path() / ("eunomia-sql-" + tag_);
      std::filesystem::create_directory(folder_);
      url_ = folder_ / "test.db";
    } else {
      server_ = std::getenv("EUNOMIA_TEST_POSTGRESQL");
      database::open(server_)->write([&](transaction& in) { in.execute("CREATE SCHEMA test_" + tag_); });
      url_ = server_ + (server_.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3Dtest_" + tag_;
    }
    database_ = reopened();
  }
  ~test_database() {
    database_.reset();
    if (!folder_.empty()) {
      std::error_code ignored;
      std::filesystem::remove_all(folder_, ignored);
    } else {
      database::open(server_)->write([&](transaction& in) { in.execute("DROP SCHEMA test_" + tag_ + " CASCADE"); });
    }
  }
  test_database(const test_database&) = delete;
  test_database& operator=(const test_database&) = delete;

  database& operator*() const { return *database_; }
  database* operator->() const { return database_.get(); }
  // Another database object on the same data, as another process would have.
  std::unique_ptr<database> reopened() const { return database::open(url_, with_); }
  const std::filesystem::path& folder() const { return folder_; }
  const std::string& url() const { return url_; }

 private:
  static std::string random_tag() {
    std::random_device random;
    return std::to_string(random()) + "_" + std::to_string(random());
  }

  options with_;
  std::string tag_;
  std::filesystem::path folder_;
  std::string server_;
  std::string url_;
  std::unique_ptr<database> database_;
};

// A test that runs on both engines: TEST_P(suite, ...) with db() for the database.
class on_both_engines : public testing::TestWithParam<engine> {
 protected:
  void SetUp() override {
    if (GetParam() == engine::postgresql && std::getenv("EUNOMIA_TEST_POSTGRESQL") == nullptr) {
      GTEST_SKIP() << "NOT TESTED on PostgreSQL: set EUNOMIA_TEST_POSTGRESQL to the URL of a server that may be "
                      "written to";
    }
    database_ = std::make_unique<test_database>(GetParam(), with());
  }
  virtual options with() const { return {}; }

  database& db() { return **database_; }
  test_database& own() { return *database_; }

 private:
  std::unique_ptr<test_database> database_;
};

#define EUNOMIA_ON_BOTH_ENGINES(suite)                                                                          \
  INSTANTIATE_TEST_SUITE_P(                                                                                     \
      , suite, ::testing::Values(eunomia::store::sql::engine::sqlite, eunomia::store::sql::engine::postgresql), \
      [](const auto& engine_of) {                                                                               \
        return engine_of.param == eunomia::store::sql::engine::sqlite ? "sqlite" : "postgresql";                \
      })

// The code of the error that the action throws; fails the test when it throws none.
template <class Action>
core::errc code_thrown_by(Action action) {
  try {
    action();
  } catch (const core::error& problem) {
    return problem.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return core::errc::internal;
}

// Its message.
template <class Action>
std::string message_thrown_by(Action action) {
  try {
    action();
  } catch (const core::error& problem) {
    return problem.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace eunomia::store::sql
