// What is known of people rests sealed with their keys, whichever way it came, and is shown as it was given.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "core/file.h"
#include "recommend/dataset_tables.h"
#include "recommend/import.h"
#include "recommend/test_shop.h"
#include "store/table/record_reader.h"

namespace eunomia::recommend {
namespace {

namespace table = store::table;
using testing::shop_on_both_engines;

constexpr std::string_view city = "Ouagadougou of the mark";

// Does something whenever an import says how far it is.
class watched_job final : public core::job {
 public:
  explicit watched_job(std::function<void(int times)> meanwhile) : meanwhile_(std::move(meanwhile)) {}
  void report(std::string_view, std::uint64_t, std::uint64_t) override { meanwhile_(times_++); }
  int times() const { return times_; }

 private:
  const std::function<void(int times)> meanwhile_;
  int times_ = 0;
};

class dataset_sealing_test : public shop_on_both_engines {
 protected:
  import_report import_users(const std::string& rows) {
    const auto path = folder_.path() / "users.csv";
    std::ofstream(path, std::ios::binary) << "USER_ID,CITY,AGE,SCORE\n" << rows;
    import_options how;
    how.declare = {
        {"CITY", metadata_type::category}, {"AGE", metadata_type::integer}, {"SCORE", metadata_type::number}};
    auto report = import_files(*shop_, data_kind::users, {&path, 1}, how, pool_, job_);
    std::filesystem::remove(path);
    return report;
  }
  std::vector<std::string> features(const std::string& user) { return shop_->features_of(handle(user), why_); }
  // What the export hands over, a line for each person, in order of their identifiers.
  std::vector<std::string> exported() {
    const auto path = folder_.path() / "out.csv";
    shop_->export_to(data_kind::users, path, why_, "test", job_);
    std::ifstream in(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
      lines.push_back(line);
    }
    std::filesystem::remove(path);
    std::ranges::sort(lines);
    return lines;
  }
  // Of a Parquet file of the table of profiles, as any reader of the format has it.
  std::vector<std::string> readable_columns() {
    std::vector<std::string> columns;
    for (const table::part& p : tables_->parts(profiles())) {
      const auto header = table::open_parquet(blobs_->local_path(p.blob))->header();
      columns.insert(columns.end(), header.begin(), header.end());
    }
    std::ranges::sort(columns);
    columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
    return columns;
  }
  bool rests_in_a_file(std::string_view text) {
    const auto is_in = [&](const auto& entry) {
      return entry.is_regular_file() && core::read_file(entry.path()).find(text) != std::string::npos;
    };
    const std::filesystem::recursive_directory_iterator files(folder_.path());
    return std::any_of(begin(files), end(files), is_in);
  }
  std::string profiles() { return table_name_of(1, data_kind::users); }
};

EUNOMIA_ON_BOTH_ENGINES(dataset_sealing_test);

TEST_P(dataset_sealing_test, what_an_import_brings_of_new_and_of_known_people_rests_sealed) {
  record({view("ann", "lamp")});
  import_users("ann,Ouagadougou of the mark,41,2.5\nbob,Berlin,,\n");
  EXPECT_EQ(readable_columns(), (std::vector<std::string>{"IMPORTED_AT", "sealed_values", "subject"}));
  EXPECT_FALSE(rests_in_a_file(city));
  const std::vector<std::string> both = {"USER_ID,CITY,AGE,SCORE", "ann,Ouagadougou of the mark,41,2.5",
                                         "bob,Berlin,,"};
  EXPECT_EQ(exported(), both);
  EXPECT_EQ(features("ann").front(), "CITY=Ouagadougou of the mark");
  reopen();
  EXPECT_EQ(exported(), both);
  import_users("bob,Kyiv,7,\n");
  EXPECT_EQ(features("bob").front(), "CITY=Kyiv");
  EXPECT_EQ(exported().size(), 3U);
}

TEST_P(dataset_sealing_test, an_import_of_people_who_come_meanwhile_is_sealed_with_the_keys_that_they_get) {
  std::string rows;
  for (int i = 0; i < 5000; ++i) {
    rows += "user-" + std::to_string(i) + ",Berlin," + std::to_string(i) + ",\n";
  }
  const auto path = folder_.path() / "users.csv";
  std::ofstream(path, std::ios::binary) << "USER_ID,CITY,AGE,SCORE\n" << rows;
  import_options how;
  how.declare = {{"CITY", metadata_type::category}, {"AGE", metadata_type::integer}, {"SCORE", metadata_type::number}};
  // While the rows are on their way, some of these people do something, which makes them durable first.
  watched_job job([&](int times) {
    if (times < 3) {
      record({view("user-" + std::to_string(times), "lamp")});
    }
  });
  import_files(*shop_, data_kind::users, {&path, 1}, how, pool_, job);
  EXPECT_GT(job.times(), 0);
  EXPECT_EQ(exported().size(), 5001U);
  EXPECT_EQ(items_of("user-0").size(), 1U);
}

TEST_P(dataset_sealing_test, nothing_is_shown_of_who_has_no_key_any_more_and_it_is_erased_all_the_same) {
  import_users("ann,Berlin,1,\nbob,Kyiv,2,\n");
  const core::subject_handle ann = handle("ann");
  db().write([&](store::sql::transaction& in) { keys_->destroy_keys(in, {&ann, 1}); });
  EXPECT_TRUE(shop_->features_of(ann, why_).empty());
  const auto known = shop_->load_features(catalogue({"lamp"}), why_, pool_, job_);
  EXPECT_EQ(known.user_subjects, std::vector{handle("bob")});
  EXPECT_EQ(shop_->count_rows({&ann, 1}, pool_, job_).profiles, 1U);
  EXPECT_EQ(shop_->erase_subjects({&ann, 1}, pool_, job_).profiles, 1U);
}

TEST_P(dataset_sealing_test, a_profile_that_was_put_right_rests_sealed) {
  import_users("ann,Berlin,1,2.5\n");
  shop_->rectify(handle("ann"), {{{"CITY", std::string(city)}, {"AGE", ""}}, {}}, pool_, job_);
  EXPECT_FALSE(rests_in_a_file(city));
  EXPECT_EQ(exported().back(), "ann,Ouagadougou of the mark,,2.5");
}

TEST_P(dataset_sealing_test, profiles_of_a_directory_from_before_are_sealed_when_it_is_opened) {
  const core::subject_handle ann = people_->resolve("user", "ann");
  // As the versions before wrote it.
  const std::vector<table::column> columns = {{"CITY", table::column_type::text, false},
                                              {"AGE", table::column_type::int64, false}};
  db().write([&](store::sql::transaction& in) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      in.execute(
          "INSERT INTO dataset_column (dataset_id, kind, position, name, type) VALUES (1, 'users', :at, :name, "
          ":type)",
          {{"at", i}, {"name", columns[i].name}, {"type", i == 0 ? "category" : "integer"}});
      tables_->add_column(in, profiles(), columns[i]);
    }
  });
  const auto out = tables_->append(profiles(), pool_);
  table::column_batch batch(tables_->describe(profiles()).columns);
  batch.subjects.push_back(static_cast<std::int64_t>(ann.value()));
  batch.columns[0].add(std::int64_t(1'700'000'000'000));
  batch.columns[1].add(city);
  batch.columns[2].add(std::int64_t(41));
  out->append(batch);
  out->finish();
  db().write([&](store::sql::transaction& in) { out->commit(in); });
  out->committed();
  EXPECT_EQ(readable_columns(), (std::vector<std::string>{"AGE", "CITY", "IMPORTED_AT", "subject"}));

  reopen();
  EXPECT_EQ(readable_columns(), (std::vector<std::string>{"IMPORTED_AT", "sealed_values", "subject"}));
  EXPECT_FALSE(rests_in_a_file(city));
  EXPECT_EQ(exported().back(), "ann,Ouagadougou of the mark,41");
  import_users("bob,Kyiv,2,3.5\n");
  EXPECT_EQ(exported().back(), "bob,Kyiv,2,3.5");
  EXPECT_EQ(tables_->describe(profiles()).columns.back().sealed, true);
}

}  // namespace
}  // namespace eunomia::recommend
