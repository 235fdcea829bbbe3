#include "recommend/model_registry.h"

#include "core/temporary_directory.h"
#include "recommend/popularity.h"
#include "recommend/testing.h"
#include "store/sql/lossy_database.h"
#include "store/sql/test_database.h"

namespace eunomia::recommend {
namespace {

using core::errc;
using store::sql::code_thrown_by;

// A registry whose database loses the answer to a commit.
class model_registry_test : public store::sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      db().migrate(model_registry_migrations());
      lossy_ = std::make_unique<store::sql::lossy_database>(db());
      models_ = std::make_unique<model_registry>(*lossy_, *blobs_);
    }
  }

  std::unique_ptr<model> trained() {
    const auto events = testing::events_of({{1, 0}, {2, 0}, {2, 1}}, testing::numbered_items(2));
    return popularity_family().train({events, {}}, "{}", shop_.context());
  }
  model_record add() { return models_->add("main", "shop", *trained(), "", {3, 0}, 1, {}); }
  std::vector<std::string> files() {
    std::vector<std::string> keys;
    for (const auto& entry : blobs_->list("models/")) {
      keys.push_back(entry.key);
    }
    return keys;
  }
  // Every file that a row names can be loaded; the number of files that no row names.
  std::size_t left_over() {
    const auto all = models_->all();
    for (const model_record& record : all) {
      blobs_->verify(record.file);
    }
    return files().size() - all.size();
  }

  using file_keys = std::vector<std::string>;
  testing::workshop shop_;
  core::temporary_directory folder_;
  std::unique_ptr<store::blob_store> blobs_ = store::open_disk_blob_store(folder_.path() / "blobs");
  std::unique_ptr<store::sql::lossy_database> lossy_;
  std::unique_ptr<model_registry> models_;
};
EUNOMIA_ON_BOTH_ENGINES(model_registry_test);

TEST_P(model_registry_test, a_version_that_was_committed_without_an_answer_takes_the_place_of_the_one_before) {
  for (const std::int64_t version : {1, 2}) {
    lossy_->lose_answer();
    const model_record made = add();
    EXPECT_EQ(made.version, version);
    EXPECT_EQ(models_->find("main").file, made.file);
    EXPECT_EQ(files(), file_keys{made.file.key});
  }
}

TEST_P(model_registry_test, a_replacement_that_was_committed_without_an_answer_leaves_no_old_file) {
  const model_record before = add();
  lossy_->lose_answer();
  const model_record after = models_->replace(before, *trained());
  EXPECT_NE(after.file, before.file);
  EXPECT_EQ(models_->find("main").file, after.file);
  EXPECT_EQ(files(), file_keys{after.file.key});
}

TEST_P(model_registry_test, a_replacement_that_was_not_committed_leaves_the_old_file) {
  const model_record before = add();
  lossy_->lose_commit();
  EXPECT_EQ(code_thrown_by([&] { models_->replace(before, *trained()); }), errc::unavailable);
  EXPECT_EQ(files(), file_keys{before.file.key});
  EXPECT_EQ(left_over(), 0U);
}

TEST_P(model_registry_test, both_files_stay_while_nobody_can_be_asked_and_the_next_opening_sweeps) {
  const model_record before = add();
  for (int committed = 0; committed < 2; ++committed) {
    const model_record now = models_->find("main");
    lossy_->stay_away(true);
    committed == 1 ? lossy_->lose_answer() : lossy_->lose_commit();
    EXPECT_EQ(code_thrown_by([&] { models_->replace(now, *trained()); }), errc::unavailable);
    lossy_->stay_away(false);
    EXPECT_EQ(models_->find("main").file == now.file, committed == 0);
    EXPECT_EQ(left_over(), 1U);
    models_ = std::make_unique<model_registry>(*lossy_, *blobs_);
    EXPECT_EQ(left_over(), 0U);
  }
}

TEST_P(model_registry_test, a_change_that_was_refused_leaves_no_new_file) {
  const model_record before = add();
  const model_record after = models_->replace(before, *trained());
  EXPECT_EQ(code_thrown_by([&] { models_->replace(before, *trained()); }), errc::failed_precondition);
  EXPECT_EQ(files(), file_keys{after.file.key});
}

}  // namespace
}  // namespace eunomia::recommend
