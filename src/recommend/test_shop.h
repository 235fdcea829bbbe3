#pragma once

// A dataset on either engine of SQL, for the tests of what is recorded into it. Only *_test.cpp includes it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/temporary_directory.h"
#include "recommend/dataset.h"
#include "store/blob/blob_store.h"
#include "store/sql/test_database.h"

namespace eunomia::recommend::testing {

class shop_on_both_engines : public store::sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      db().migrate(subject::directory_migrations());
      open();
      dataset_description description;
      description.name = "shop";
      description.interactions = {{"PRICE", metadata_type::number}, {"PLACE", metadata_type::text}};
      shop_ = std::make_unique<dataset>(datasets_->create(description));
    }
  }
  void TearDown() override {
    shop_.reset();
    datasets_.reset();
    people_.reset();
    tables_.reset();
    purposes_.reset();
  }

  // As another start of the process would.
  void reopen() {
    TearDown();
    open();
    shop_ = std::make_unique<dataset>(datasets_->open("shop"));
  }

  static event view(std::string user, std::string item, std::int64_t time = 1'000'000, std::string id = {}) {
    event made;
    made.user_id = std::move(user);
    made.item_id = std::move(item);
    made.event_type = "view";
    made.timestamp = time;
    made.event_id = std::move(id);
    return made;
  }
  record_report record(const std::vector<event>& batch) { return shop_->record(batch); }
  core::subject_handle handle(const std::string& user) { return people_->find("user", user).value(); }
  std::vector<history_event> history(const std::string& user) { return shop_->history_of(handle(user), why_); }
  std::vector<std::string> items_of(const std::string& user) {
    std::vector<std::string> items;
    for (const history_event& e : history(user)) {
      items.push_back(e.item_id);
    }
    return items;
  }
  std::uint64_t settle() { return shop_->settle(pool_, job_); }
  interactions load() { return shop_->load_interactions(why_, pool_, job_); }
  // As `forget` does it.
  void forget(const std::vector<core::subject_handle>& gone) {
    const forgetting held = shop_->begin_forgetting(gone);
    shop_->erase_subjects(gone, pool_, job_);
    db().write([&](store::sql::transaction& in) {
      for (const core::subject_handle who : gone) {
        people_->erase(in, who);
      }
    });
  }
  std::int64_t count(const std::string& table) {
    return db().read(
        [&](store::sql::connection& in) { return in.query_one("SELECT count(*) FROM " + table)[0].int64(0); });
  }
  // The message of an error that leaves nothing behind.
  std::string refused(core::errc code, const std::vector<event>& batch) {
    const auto before = shop_->statistics();
    try {
      record(batch);
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), code) << problem.what();
      EXPECT_EQ(shop_->statistics().interactions, before.interactions);
      EXPECT_EQ(shop_->statistics().items, before.items);
      return problem.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
  }

  const core::purpose why_{"recommendation"};
  core::temporary_directory folder_;
  core::thread_pool pool_{2};
  core::job job_;
  std::unique_ptr<store::blob_store> blobs_;
  std::unique_ptr<subject::purposes> purposes_;
  std::shared_ptr<subject::vault> keys_;
  std::unique_ptr<store::table::table_store> tables_;
  std::unique_ptr<subject::durable_directory> people_;
  std::unique_ptr<datasets> datasets_;
  std::unique_ptr<dataset> shop_;

 private:
  void open() {
    if (blobs_ == nullptr) {
      blobs_ = store::open_disk_blob_store(folder_.path() / "blobs");
    }
    purposes_ = std::make_unique<subject::purposes>(db());
    keys_ = subject::open_vault(db(), folder_.path() / "keys");
    tables_ = store::table::open_table_store(db(), *blobs_, folder_.path() / "blobs", *purposes_, *keys_);
    people_ = subject::open_directory(db(), keys_);
    datasets_ = std::make_unique<datasets>(db(), *tables_, *people_, *purposes_);
  }
};

}  // namespace eunomia::recommend::testing
