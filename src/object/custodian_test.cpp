#include "object/custodian.h"

#include <gtest/gtest.h>

#include "core/temporary_directory.h"
#include "core/thread_pool.h"
#include "store/sql/test_database.h"
#include "subject/custody/testing.h"

namespace eunomia::object {
namespace {

namespace sql = store::sql;

const std::vector<subject::person_name> ann = {{"user", "ann@example.org", false}};

class custodian_of_objects : public sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      blobs_ = store::open_disk_blob_store(folder_.path());
      store_ = std::make_unique<object_store>(db(), *blobs_,
                                              object_keys{core::secret_key::random(), core::secret_key::random()});
      box_ = store_->create_bucket("box");
      custodian_ = make_custodian(*store_, [](core::subject_handle) { return ann; });
    }
  }
  void put(std::string key, std::string_view text, object_headers headers = {}) {
    put_question asked;
    asked.key = std::move(key);
    asked.headers = std::move(headers);
    memory_content from(text);
    store_->put(box_, asked, from);
  }
  std::string get(std::string_view key) {
    const auto from = store_->open(box_, key);
    std::string text(from->info().size, '\0');
    from->read(0, std::as_writable_bytes(std::span(text)));
    return text;
  }
  subject::searched_places search(const std::function<bool(std::string_view, std::size_t)>& excused =
                                      [](std::string_view, std::size_t) { return false; }) {
    return custodian_->search(subject::needles({"ann@example.org"}), excused, with_);
  }

  core::temporary_directory folder_;
  std::unique_ptr<store::blob_store> blobs_;
  std::unique_ptr<object_store> store_;
  bucket_record box_;
  std::unique_ptr<subject::custodian> custodian_;
  core::thread_pool pool_{1};
  core::job job_;
  const subject::custody_context with_{pool_, job_};
};
EUNOMIA_ON_BOTH_ENGINES(custodian_of_objects);

TEST_P(custodian_of_objects, takes_rows_out_and_says_how_many) {
  put("a.csv", "user,n\nann@example.org,1\nbob,2\n");
  put("b.csv", "user,n\nbob,2\n");
  put("broken.jsonl", "{\"user\": \n");
  const std::int64_t untouched = store_->head(box_, "b.csv").id;
  std::vector<subject::certificate_step> done;
  custodian_->erase_named(ann, with_, done);
  EXPECT_EQ(get("a.csv"), "user,n\nbob,2\n");
  EXPECT_EQ(store_->head(box_, "b.csv").id, untouched);
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].count, 1U);
  EXPECT_EQ(done[0].level, subject::erasure_level::physically_erased);
  done.clear();
  custodian_->erase_named(ann, with_, done);
  EXPECT_TRUE(done.empty());
}

TEST_P(custodian_of_objects, finds_names_in_bytes_names_and_metadata_and_hides_them) {
  put("n.txt", std::string(300'000, 'x') + "ann@example.org");
  put("of ann@example.org", "");
  put("m", "", {"", {}, {{"owner", "ann@example.org"}}});
  put("clean", "nothing");
  put("t.parquet", "PAR1....");
  const auto found = search();
  ASSERT_EQ(found.found.places.size(), 3U);
  EXPECT_EQ(found.found.places[0].file, "s3://box/m");
  EXPECT_EQ(found.found.places[1].file, "s3://box/n.txt");
  EXPECT_EQ(found.found.places[1].offset, 300'000U);
  EXPECT_EQ(found.found.places[2].file, "s3://box/of ***************");
  EXPECT_EQ(found.remarks.size(), 1U);
}

TEST_P(custodian_of_objects, notices_that_what_was_found_is_gone) {
  put("n.txt", "ann@example.org");
  put("dismissed.txt", "ann@example.org");
  EXPECT_FALSE(custodian_->found_is_gone());
  search([](std::string_view place, std::size_t) { return place == "s3://box/dismissed.txt"; });
  EXPECT_FALSE(custodian_->found_is_gone());
  store_->remove(box_, "dismissed.txt");
  EXPECT_FALSE(custodian_->found_is_gone());
  put("n.txt", "replaced");
  EXPECT_TRUE(custodian_->found_is_gone());
  EXPECT_TRUE(search().found.places.empty());
  EXPECT_FALSE(custodian_->found_is_gone());
}

TEST_P(custodian_of_objects, tells_people_of_their_rows_and_of_files_that_name_them) {
  put("a.csv", "user,n\nann@example.org,1\nbob,2\n");
  put("n.txt", "ann@example.org");
  put("clean", "nothing");
  subject::testing::recording_collector told;
  custodian_->collect(core::subject_handle(1), with_, told);
  EXPECT_EQ(told.part("rows").rows, (std::vector<std::vector<std::string>>{{"s3://box/a.csv", "ann@example.org,1"}}));
  EXPECT_EQ(told.part("files").rows, (std::vector<std::vector<std::string>>{{"s3://box/a.csv"}, {"s3://box/n.txt"}}));
}

}  // namespace
}  // namespace eunomia::object
