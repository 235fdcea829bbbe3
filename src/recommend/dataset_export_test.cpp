#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "core/error.h"
#include "core/temporary_directory.h"
#include "core/time.h"
#include "recommend/dataset.h"
#include "recommend/import.h"
#include "store/table/record_reader.h"

namespace eunomia::recommend {
namespace {

using core::errc;
using records = std::vector<std::vector<std::string>>;

const core::purpose recommendation("recommendation");

class dataset_export_test : public ::testing::TestWithParam<const char*> {
 protected:
  dataset_export_test() {
    sql_ = store::sql::database::open((folder_.path() / "eunomia.db").string());
    sql_->migrate(subject::directory_migrations());
    blobs_ = store::open_disk_blob_store(folder_.path() / "blobs");
    purposes_ = std::make_unique<subject::purposes>(*sql_);
    keys_ = subject::open_vault(*sql_, folder_.path() / "keys");
    tables_ = store::table::open_table_store(*sql_, *blobs_, folder_.path() / "blobs", *purposes_, *keys_);
    people_ = subject::open_directory(*sql_, keys_);
    datasets_ = std::make_unique<datasets>(*sql_, *tables_, *people_, *purposes_);
  }

  dataset make(const std::string& name) { return datasets_->create({name, {}, {}, {}, {recommendation}}); }
  import_report import(dataset& into, data_kind kind, const std::filesystem::path& file,
                       std::vector<metadata_column> declare = {}) {
    import_options how;
    how.declare = std::move(declare);
    how.allow_future = true;
    return import_files(into, kind, {&file, 1}, how, pool_, job_);
  }
  std::filesystem::path write(const std::string& content) {
    const auto path = folder_.path() / "in.csv";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  std::filesystem::path target(const std::string& name = "out") const { return folder_.path() / (name + GetParam()); }

  static records read(const std::filesystem::path& file) {
    const auto reader =
        store::table::is_parquet(file) ? store::table::open_parquet(file) : store::table::open_csv(file);
    records all = {reader->header()};
    for (store::table::record_block block; reader->next(block);) {
      for (std::size_t i = 0; i < block.size(); ++i) {
        all.emplace_back(block.record(i).begin(), block.record(i).end());
      }
    }
    return all;
  }
  static records sorted(records all) {
    std::sort(all.begin() + 1, all.end());
    return all;
  }
  template <class Body>
  static std::string refused(errc code, Body body) {
    try {
      body();
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), code) << problem.what();
      return problem.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  core::temporary_directory folder_;
  core::thread_pool pool_{2};
  core::job job_;
  std::unique_ptr<store::sql::database> sql_;
  std::unique_ptr<store::blob_store> blobs_;
  std::unique_ptr<subject::purposes> purposes_;
  std::shared_ptr<subject::vault> keys_;
  std::unique_ptr<store::table::table_store> tables_;
  std::unique_ptr<subject::durable_directory> people_;
  std::unique_ptr<datasets> datasets_;
};

TEST_P(dataset_export_test, interactions_survive_an_export_and_an_import) {
  dataset from = make("from");
  const std::vector<metadata_column> more = {metadata_column::parse("NOTE"), metadata_column::parse("PLACE:integer"),
                                             metadata_column::parse("WEIGHT:number")};
  import(from, data_kind::interactions,
         write("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION,NOTE,PLACE,WEIGHT\n"
               "\"a \"\"quoted\"\", b\",\"x,y\",1291191960,click,,\"x,y|z\",\"two\nlines\",7,2.5\n"
               "🦉,\"\"\"\",1291191961.5,buy,0.1,,,,\n"
               "\" spaced \",;,10000000000.001,,3,,\" \",-9223372036854775808,1e300\n"
               "🦉,x|y,0.02,,-1.5e-7,,,,\n"
               "'; DROP,01,0,,16777216,,,,\n"),
         more);
  EXPECT_EQ(from.export_to(data_kind::interactions, target(), recommendation, "a carrier", job_), 5U);
  const records rows = read(target());
  EXPECT_EQ(rows[0], (std::vector<std::string>{"USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE",
                                               "IMPRESSION", "NOTE", "PLACE", "WEIGHT"}));
  std::map<std::string, std::vector<std::string>> by_item;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    by_item[rows[i][1]] = rows[i];
  }
  EXPECT_EQ(by_item["x,y"][0], "a \"quoted\", b");
  EXPECT_EQ(by_item["x,y"][6], "two\nlines");
  EXPECT_EQ(by_item["\""][2], "1291191961.5");
  EXPECT_EQ(by_item["\""][4], "0.1");
  EXPECT_EQ(by_item["x|y"][2], "0.02");
  EXPECT_EQ(by_item["x|y"][6], "");

  dataset into = make("into");
  import(into, data_kind::interactions, target(), more);
  into.export_to(data_kind::interactions, target("again"), recommendation, "a carrier", job_);
  EXPECT_EQ(sorted(read(target("again"))), sorted(rows));
  for (const char* who : {"a \"quoted\", b", "🦉", " spaced ", "'; DROP"}) {
    const auto subject = people_->find("user", who);
    ASSERT_TRUE(subject) << who;
    const auto before = from.history_of(*subject, recommendation);
    const auto after = into.history_of(*subject, recommendation);
    ASSERT_EQ(before.size(), after.size()) << who;
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(before[i].item_id, after[i].item_id);
      EXPECT_EQ(before[i].time, after[i].time);
      EXPECT_EQ(before[i].event_type, after[i].event_type);
      EXPECT_TRUE(before[i].event_value == after[i].event_value || before[i].event_value != before[i].event_value);
    }
  }
}

TEST_P(dataset_export_test, whole_timestamps_are_whole_numbers) {
  dataset from = make("from");
  import(from, data_kind::interactions, write("USER_ID,ITEM_ID,TIMESTAMP\na,i,1291191960\nb,j,20000000000\n"));
  from.export_to(data_kind::interactions, target(), recommendation, "a carrier", job_);
  const records rows = sorted(read(target()));
  EXPECT_EQ(rows[1][2], "1291191960");
  EXPECT_EQ(rows[2][2], "20000000000");
}

TEST_P(dataset_export_test, items_and_users_have_one_row_each_the_newest) {
  dataset from = make("from");
  import(from, data_kind::items, write("ITEM_ID,TITLE,PRICE\nx,one,1\ny,other,\nx,\"two, \"\"2\"\"\",2.5\n"),
         {metadata_column::parse("TITLE"), metadata_column::parse("PRICE:number")});
  import(from, data_kind::users, write("USER_ID,COUNTRY\nann,Iceland\nbob,Norway\nann,Malta\nann,Åland\n"),
         {metadata_column::parse("COUNTRY:category")});
  import(from, data_kind::users, write("USER_ID,COUNTRY\nbob,\n"));
  EXPECT_EQ(from.export_to(data_kind::items, target(), recommendation, "a carrier", job_), 2U);
  EXPECT_EQ(sorted(read(target())),
            (records{{"ITEM_ID", "TITLE", "PRICE"}, {"x", "two, \"2\"", "2.5"}, {"y", "other", ""}}));
  EXPECT_EQ(from.export_to(data_kind::users, target(), recommendation, "a carrier", job_), 2U);
  EXPECT_EQ(sorted(read(target())), (records{{"USER_ID", "COUNTRY"}, {"ann", "Åland"}, {"bob", ""}}));
}

TEST_P(dataset_export_test, the_same_dataset_gives_the_same_bytes) {
  dataset from = make("from");
  std::string rows = "USER_ID,ITEM_ID,TIMESTAMP\n";
  for (int i = 0; i < 9000; ++i) {
    rows += fmt::format("u{},i{},{}\n", i * 7919 % 501, i % 37, i);
  }
  import(from, data_kind::interactions, write(rows));
  const auto bytes = [&](const std::string& name) {
    EXPECT_EQ(from.export_to(data_kind::interactions, target(name), recommendation, "a carrier", job_), 9000U);
    std::ostringstream content;
    content << std::ifstream(target(name), std::ios::binary).rdbuf();
    return content.str();
  };
  EXPECT_TRUE(bytes("one") == bytes("two"));
}

TEST_P(dataset_export_test, a_dataset_without_rows_gives_the_columns) {
  dataset from = make("from");
  EXPECT_EQ(from.export_to(data_kind::interactions, target(), recommendation, "a carrier", job_), 0U);
  EXPECT_EQ(read(target()).at(0).size(), 6U);
  EXPECT_EQ(from.export_to(data_kind::users, target(), recommendation, "a carrier", job_), 0U);
  EXPECT_EQ(read(target()), (records{{"USER_ID"}}));
}

TEST_P(dataset_export_test, needs_a_purpose_and_is_for_the_owner_of_the_file) {
  dataset from = make("from");
  import(from, data_kind::interactions, write("USER_ID,ITEM_ID,TIMESTAMP\na,i,1\n"));
  for (const data_kind kind : {data_kind::interactions, data_kind::users}) {
    refused(errc::permission_denied,
            [&] { from.export_to(kind, target(), core::purpose("advertising"), "a carrier", job_); });
  }
  EXPECT_FALSE(std::filesystem::exists(target()));
  EXPECT_TRUE(from.disclosures().empty()) << "nobody was handed anything";
  from.export_to(data_kind::interactions, target(), recommendation, "a carrier", job_);
  struct stat about {};
  ASSERT_EQ(stat(target().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST_P(dataset_export_test, who_is_handed_rows_about_people_is_on_record) {
  dataset from = make("from");
  import(from, data_kind::interactions, write("USER_ID,ITEM_ID,TIMESTAMP\na,i,1\n"));
  const std::int64_t begin = core::now_ms();
  for (const char* recipient : {"a printer", "a carrier", "a printer"}) {
    from.export_to(data_kind::interactions, target(), recommendation, recipient, job_);
  }
  from.export_to(data_kind::items, target("items"), recommendation, "anybody", job_);
  for (const std::string& bad : {std::string(), std::string("a\nb"), std::string("\xff"), std::string("a\x7f"),
                                 std::string("a\u0085"), std::string(257, 'x')}) {
    refused(errc::invalid_argument,
            [&] { from.export_to(data_kind::users, target("users"), recommendation, bad, job_); });
  }
  const auto told = from.disclosures();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].recipient, "a carrier");
  EXPECT_EQ(told[0].times, 1U);
  EXPECT_EQ(told[1].recipient, "a printer");
  EXPECT_EQ(told[1].times, 2U);
  EXPECT_EQ(told[1].purpose, "recommendation");
  EXPECT_EQ(told[1].kind, data_kind::interactions);
  EXPECT_GE(told[1].last_at, begin);
  from.drop();
  EXPECT_TRUE(make("from").disclosures().empty());
}

TEST_P(dataset_export_test, leaves_out_somebody_whom_the_directory_has_forgotten) {
  dataset from = make("from");
  import(from, data_kind::interactions, write("USER_ID,ITEM_ID,TIMESTAMP\na,i,1\nb,j,2\na,j,3\n"));
  const core::subject_handle gone = *people_->find("user", "a");
  sql_->write([&](store::sql::transaction& in) { people_->erase(in, gone); });
  EXPECT_EQ(from.export_to(data_kind::interactions, target(), recommendation, "a carrier", job_), 1U);
  EXPECT_EQ(read(target()).at(1), (std::vector<std::string>{"b", "j", "2", "", "", ""}));
}

TEST_P(dataset_export_test, another_name_than_it_can_write_is_refused) {
  dataset from = make("from");
  const std::string message = refused(errc::invalid_argument, [&] {
    from.export_to(data_kind::interactions, target().string() + ".json", recommendation, "a carrier", job_);
  });
  EXPECT_NE(message.find(".csv, .csv.gz or .parquet"), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(formats, dataset_export_test, testing::Values(".csv", ".csv.gz", ".parquet"),
                         [](const auto& tested) {
                           return std::string(tested.param) == ".csv"      ? "csv"
                                  : std::string(tested.param) == ".csv.gz" ? "csv_gzip"
                                                                           : "parquet";
                         });

}  // namespace
}  // namespace eunomia::recommend
