#include "recommend/import.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "core/error.h"
#include "core/temporary_directory.h"
#include "core/time.h"
#include "recommend/feature_builder.h"
#include "recommend/online_retail.h"
#include "store/table/record_reader.h"

namespace eunomia::recommend {
namespace {

using core::errc;

const core::purpose recommendation("recommendation");

class import_test : public ::testing::Test {
 protected:
  import_test() {
    sql_ = store::sql::database::open((folder_.path() / "eunomia.db").string());
    sql_->migrate(subject::directory_migrations());
    blobs_ = store::open_disk_blob_store(folder_.path() / "blobs");
    purposes_ = std::make_unique<subject::purposes>(*sql_);
    keys_ = subject::open_vault(*sql_, folder_.path() / "keys");
    tables_ = store::table::open_table_store(*sql_, *blobs_, folder_.path() / "blobs", *purposes_, *keys_);
    people_ = subject::open_directory(*sql_, keys_);
    datasets_ = std::make_unique<datasets>(*sql_, *tables_, *people_, *purposes_);
  }

  dataset shop() {
    dataset_description description;
    description.name = "shop";
    return datasets_->create(description);
  }
  std::filesystem::path write(const std::string& content, const std::string& name = "t.csv") {
    const auto path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  import_report import(dataset& into, data_kind kind, const std::string& content, const import_options& how = {}) {
    const auto path = write(content);
    return import_files(into, kind, {&path, 1}, how, pool_, job_);
  }
  import_report events(dataset& into, const std::string& rows, const import_options& how = {}) {
    return import(into, data_kind::interactions, "USER_ID,ITEM_ID,TIMESTAMP\n" + rows, how);
  }
  interactions load(const dataset& from) { return from.load_interactions(recommendation, pool_, job_); }

  template <class Body>
  std::string refused(errc code, Body body) {
    try {
      body();
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), code) << problem.what();
      kept_ = problem.kept_message();
      return problem.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }
  // Nothing of an import is there: no row, item, user or file.
  void expect_nothing(const dataset& in) {
    EXPECT_EQ(in.statistics().interactions, 0U);
    EXPECT_EQ(in.statistics().items, 0U);
    EXPECT_EQ(people_->count("user"), 0U);
    EXPECT_TRUE(blobs_->list("").empty());
  }
  void expect_bad_row(const std::string& header, const std::string& row, std::initializer_list<const char*> named,
                      const import_options& how = {}) {
    dataset into = datasets_->create({"bad" + std::to_string(++bad_), {}, {}, {}, {recommendation}});
    const std::string message = refused(errc::invalid_argument, [&] {
      import(into, data_kind::interactions, header + "\nu1,i1,1000000000\n" + row + "\nu3,i3,1000000000\n", how);
    });
    for (const char* part : named) {
      EXPECT_NE(message.find(part), std::string::npos) << message << " lacks " << part;
      const std::string_view what(part);
      EXPECT_EQ(kept_.find(part) == std::string::npos, what.find('"') != what.npos || what.find("bytes)") != what.npos)
          << "logs and tables keep: " << kept_;
    }
    expect_nothing(into);
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
  int bad_ = 0;
  std::string kept_;  // of what was refused last
};

TEST_F(import_test, interactions_come_back_as_they_were) {
  dataset into = shop();
  const auto report = import(into, data_kind::interactions,
                             "user_id,Item_Id,TIMESTAMP,EVENT_TYPE,EVENT_VALUE\n"
                             "ann,b,1291191960,click,\nbob,a,1291191961.5,buy,2.5\nann,b,2010-12-01T08:26:02Z,,3\n");
  EXPECT_EQ(report.rows, 3U);
  EXPECT_EQ(report.new_users, 2U);
  EXPECT_EQ(report.new_items, 2U);
  EXPECT_EQ(report.first_time, 1'291'191'960'000);
  const interactions all = load(into);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all.items->ids()[0], "a");
  EXPECT_EQ(all.event_types, (std::vector<std::string>{"", "buy", "click"}));
  std::multiset<std::string> seen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    seen.insert(*people_->identifier_of("user", all.subject[i]) + " " + all.items->id(all.item[i]) + " " +
                std::to_string(all.time[i]) + " " + all.event_types[all.event_type[i]] + " " +
                (std::isnan(all.event_value[i]) ? "-" : std::to_string(all.event_value[i])));
  }
  EXPECT_EQ(seen, (std::multiset<std::string>{"ann b 1291191960000 click -", "bob a 1291191961500 buy 2.500000",
                                              "ann b 1291191962000  3.000000"}));
}

TEST_F(import_test, loading_needs_a_purpose_of_the_dataset) {
  dataset into = shop();
  events(into, "u,i,1\n");
  refused(errc::permission_denied, [&] { into.load_interactions(core::purpose("advertising"), pool_, job_); });
  refused(errc::permission_denied, [&] { into.history_of(*people_->find("user", "u"), core::purpose("advertising")); });
}

TEST_F(import_test, a_bad_row_names_file_line_column_and_value_and_leaves_nothing) {
  const std::string header = "USER_ID,ITEM_ID,TIMESTAMP";
  expect_bad_row(header, "u2,i2,yesterday", {"t.csv:3", "TIMESTAMP", "\"yesterday\"", "nothing was imported"});
  expect_bad_row(header, "u2,,1000000000", {"t.csv:3", "ITEM_ID", "\"\"", "empty"});
  expect_bad_row(header, ",i2,1000000000", {"t.csv:3", "USER_ID", "empty"});
  expect_bad_row(header, "u2,i2", {"t.csv:3", "TIMESTAMP", "too few"});
  expect_bad_row(header, "u2,i2,1,9", {"t.csv:3", "too many"});
  expect_bad_row(header,
                 "u2,\"a\x01"
                 "b\",1",
                 {"t.csv:3", "ITEM_ID", "control"});
  expect_bad_row(header, "u\xff,i2,1", {"t.csv:3", "USER_ID", "UTF-8"});
  expect_bad_row(header, "u2,i2,1000000000000000", {"t.csv:3", "TIMESTAMP"});
  expect_bad_row(header, "\"u2,i2,1", {"t.csv:3", "never closed"});
  expect_bad_row(header, std::string(16'385, 'x') + ",i2,1", {"t.csv:3", "USER_ID", "16384", "(16385 bytes)"});
  const auto tomorrow = std::to_string((core::now_ms() + 2 * core::milliseconds_per_day) / 1000);
  expect_bad_row(header, "u2,i2," + tomorrow, {"t.csv:3", "TIMESTAMP", "future"});
}

TEST_F(import_test, a_bad_event_value_or_number_is_a_bad_row) {
  dataset into = shop();
  refused(errc::invalid_argument,
          [&] { import(into, data_kind::interactions, "USER_ID,ITEM_ID,TIMESTAMP,EVENT_VALUE\nu,i,1,nan\n"); });
  const std::string message = refused(errc::invalid_argument, [&] {
    import(into, data_kind::items, "ITEM_ID,PRICE\na,1\nb,cheap\n", {.declare = {
             metadata_column::parse("price:number")
           }});
  });
  EXPECT_NE(message.find("t.csv:3: column PRICE: \"cheap\""), std::string::npos) << message;
  expect_nothing(into);
  EXPECT_TRUE(into.description().items.empty());
}

TEST_F(import_test, skipping_invalid_rows_keeps_the_good_ones_and_says_why) {
  dataset into = shop();
  const auto rejects = folder_.path() / "rejects.csv";
  const auto report = events(into, "a,i,1\nb,i,x\nc,i\nd,\"i,\"\"2\"\"\",2\ne,i,y\n", {.rejects = rejects});
  EXPECT_EQ(report.rows, 2U);
  EXPECT_EQ(report.rejected, 3U);
  EXPECT_EQ(report.rejected_by_reason.size(), 2U);
  EXPECT_EQ(load(into).size(), 2U);
  EXPECT_EQ(people_->count("user"), 2U);
  const auto reader = store::table::open_csv(rejects);
  store::table::record_block block;
  ASSERT_TRUE(reader->next(block));
  ASSERT_EQ(block.size(), 3U);
  EXPECT_EQ(block.record(0)[1], "3");
  EXPECT_EQ(block.record(0)[2], "TIMESTAMP");
  EXPECT_EQ(block.record(0)[4], "b,i,x");
  EXPECT_EQ(block.record(2)[4], "e,i,y");
}

TEST_F(import_test, times_in_seconds_milliseconds_and_the_future) {
  dataset into = shop();
  const auto future = core::now_ms() + 10 * core::milliseconds_per_day;
  events(into, "a,i,1291191960\na,i,1291191960000\nb,i," + std::to_string(future) + "\n", {.allow_future = true});
  const auto history = into.history_of(*people_->find("user", "a"), recommendation);
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].time, history[1].time);
  EXPECT_EQ(into.history_of(*people_->find("user", "b"), recommendation).at(0).time, future);
}

TEST_F(import_test, hostile_identifiers_come_back_byte_for_byte) {
  dataset into = shop();
  const std::vector<std::string> ids = {"a\"\"b", "x,y", "😀", std::string(10'000, 'z'), " spaced ", "É", "'; DROP"};
  std::string rows;
  for (const std::string& id : ids) {
    std::string quoted;
    for (const char c : id) {
      quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    rows += "\"" + quoted + "\",\"" + quoted + "\",1\n";
  }
  events(into, rows);
  for (const std::string& id : ids) {
    const auto who = people_->find("user", id);
    ASSERT_TRUE(who) << id.substr(0, 20);
    EXPECT_EQ(into.history_of(*who, recommendation).at(0).item_id, id);
  }
}

TEST_F(import_test, the_header_is_checked) {
  dataset into = shop();
  std::string message = refused(errc::invalid_argument, [&] {
    import(into, data_kind::interactions, "SessionId,ItemId,Time\n1,2,3\n", {.undeclared = undeclared_columns::ignore});
  });
  EXPECT_NE(message.find("USER_ID is missing"), std::string::npos) << message;
  EXPECT_NE(message.find("SessionId, ItemId, Time"), std::string::npos) << message;
  message = refused(errc::invalid_argument,
                    [&] { import(into, data_kind::interactions, "USER_ID,ITEM_ID,TIMESTAMP,user_id\n1,2,3,4\n"); });
  EXPECT_NE(message.find("twice"), std::string::npos) << message;
  refused(errc::invalid_argument, [&] { import(into, data_kind::interactions, ""); });
}

TEST_F(import_test, a_header_alone_imports_nothing_and_warns) {
  dataset into = shop();
  const auto report = events(into, "");
  EXPECT_EQ(report.rows, 0U);
  EXPECT_FALSE(report.warnings.empty());
  EXPECT_EQ(load(into).size(), 0U);
}

TEST_F(import_test, columns_of_other_names_are_mapped) {
  dataset into = shop();
  import_options how;
  how.columns = {{"USER_ID", "SessionId"}, {"ITEM_ID", "itemid"}, {"TIMESTAMP", "Time"}};
  import(into, data_kind::interactions, "SessionId\tItemId\tTime\n10036\t14957\t1592337718.0\n", how);
  EXPECT_EQ(into.history_of(*people_->find("user", "10036"), recommendation).at(0).item_id, "14957");
}

TEST_F(import_test, undeclared_columns_are_refused_ignored_or_declared_as_asked) {
  dataset into = shop();
  const std::string content = "ITEM_ID,TITLE,PRICE\nx,Red lamp,2.5\n";
  const std::string message = refused(errc::invalid_argument, [&] { import(into, data_kind::items, content); });
  EXPECT_NE(message.find("TITLE, PRICE"), std::string::npos) << message;
  const auto report =
      import(into, data_kind::items, content,
             {.declare = {metadata_column::parse("price:number")}, .undeclared = undeclared_columns::declare});
  EXPECT_EQ(report.declared, (std::vector<std::string>{"PRICE", "TITLE"}));
  const auto known = into.load_item_metadata(*load(into).items, pool_, job_);
  EXPECT_EQ(known.values[known.column_named("title")][0], "Red lamp");
  EXPECT_EQ(known.values[known.column_named("PRICE")][0], "2.5");
  EXPECT_EQ(datasets_->open("shop").description().items.size(), 2U);
  const auto ignoring =
      import(into, data_kind::items, "ITEM_ID,COLOUR\nx,red\n", {.undeclared = undeclared_columns::ignore});
  EXPECT_EQ(ignoring.ignored, (std::vector<std::string>{"COLOUR"}));
}

TEST_F(import_test, the_newest_row_of_an_item_or_user_wins_within_and_between_imports) {
  dataset into = shop();
  const import_options how{.undeclared = undeclared_columns::declare};
  import(into, data_kind::items, "ITEM_ID,TITLE\nx,one\ny,other\nx,two\n", how);
  import(into, data_kind::users, "USER_ID,COUNTRY\nann,Iceland\nbob,Norway\n", how);
  auto items = load(into).items;
  ASSERT_EQ(items->size(), 2U);
  EXPECT_EQ(into.load_item_metadata(*items, pool_, job_).values[0][0], "two");
  import(into, data_kind::items, "ITEM_ID,TITLE\nx,three\n", how);
  import(into, data_kind::users, "USER_ID,COUNTRY\nann,Malta\n", how);
  const auto known = into.load_item_metadata(*items, pool_, job_);
  EXPECT_EQ(known.values[0][0], "three");
  EXPECT_EQ(known.values[0][1], "other");
  EXPECT_EQ(into.features_of(*people_->find("user", "ann"), recommendation),
            (std::vector<std::string>{"COUNTRY=Malta", "COUNTRY~malta"}));
  EXPECT_EQ(into.statistics().users, 2U);
}

TEST_F(import_test, that_replaces_takes_the_place_of_what_there_was) {
  dataset into = shop();
  import(into, data_kind::interactions, "USER_ID,ITEM_ID,TIMESTAMP\nann,a,1000000000\nbob,b,1000000000\n");
  import_options how;
  how.replace = true;
  import(into, data_kind::interactions, "USER_ID,ITEM_ID,TIMESTAMP\nann,c,1000000001\n", how);
  EXPECT_EQ(into.statistics().interactions, 1U);
  const auto events = into.load_interactions(recommendation, pool_, job_);
  EXPECT_EQ(events.items->id(events.item.at(0)), "c");
  refused(errc::invalid_argument,
          [&] { import(into, data_kind::interactions, "USER_ID,ITEM_ID,TIMESTAMP\nann,d,never\n", how); });
  EXPECT_EQ(into.statistics().interactions, 1U) << "an import that fails replaces nothing";
}

TEST_F(import_test, a_table_that_is_cleared_can_be_filled_again) {
  dataset into = shop();
  const std::string rows = "USER_ID,ITEM_ID,TIMESTAMP\nann,a,1000000000\nbob,b,1000000000\n";
  import(into, data_kind::interactions, rows);
  into.clear(data_kind::interactions, pool_, job_);
  EXPECT_EQ(into.statistics().interactions, 0U);
  import(into, data_kind::interactions, rows);
  EXPECT_EQ(into.statistics().interactions, 2U);
}

TEST_F(import_test, repeated_rows_stay_and_a_repeated_file_is_refused_unless_asked_for) {
  dataset into = shop();
  events(into, "a,i,1\na,i,1\n");
  EXPECT_EQ(load(into).size(), 2U);
  refused(errc::already_exists, [&] { events(into, "a,i,1\na,i,1\n"); });
  EXPECT_EQ(load(into).size(), 2U);
  events(into, "a,i,1\na,i,1\n", {.again = true});
  EXPECT_EQ(load(into).size(), 4U);
}

TEST_F(import_test, several_files_come_in_together_or_not_at_all) {
  dataset into = shop();
  const std::vector<std::filesystem::path> files = {write("USER_ID,ITEM_ID,TIMESTAMP\na,i,1\n", "1.csv"),
                                                    write("TIMESTAMP,ITEM_ID,USER_ID\nx,i,b\n", "2.csv")};
  refused(errc::invalid_argument, [&] { import_files(into, data_kind::interactions, files, {}, pool_, job_); });
  expect_nothing(into);
  write("TIMESTAMP,ITEM_ID,USER_ID\n2,i,b\n", "2.csv");
  EXPECT_EQ(import_files(into, data_kind::interactions, files, {}, pool_, job_).rows, 2U);
}

TEST_F(import_test, a_cancelled_import_leaves_nothing) {
  dataset into = shop();
  job_.cancel();
  refused(errc::cancelled, [&] { events(into, "a,i,1\n"); });
  core::job fresh;
  expect_nothing(into);
}

TEST_F(import_test, erasing_a_subject_leaves_the_others) {
  dataset into = shop();
  events(into, "a,i,1\nb,j,2\na,j,3\n");
  const core::subject_handle ann = *people_->find("user", "a");
  EXPECT_EQ(into.erase_subjects({&ann, 1}, pool_, job_).all(), 2U);
  const interactions left = load(into);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left.items->size(), 1U);
  EXPECT_EQ(left.items->id(0), "j");
}

TEST_F(import_test, loads_the_same_order_on_every_call_and_number_of_threads) {
  dataset into = shop();
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::string rows;
  for (int i = 0; i < 20'000; ++i) {
    rows += std::to_string(random() % 500) + "," + std::to_string(random() % 100) + "," +
            std::to_string(random() % 1'000'000) + "\n";
  }
  events(into, rows);
  const interactions one = load(into);
  core::thread_pool single(1);
  const interactions two = into.load_interactions(recommendation, single, job_);
  EXPECT_EQ(one.subject, two.subject);
  EXPECT_EQ(one.item, two.item);
  EXPECT_EQ(one.time, two.time);
}

TEST_F(import_test, reads_interactions_into_memory_with_the_same_checks) {
  const auto people = subject::make_memory_directory();
  const auto good = write("USER_ID,ITEM_ID,TIMESTAMP,INVOICE\nb,y,2,7\na,x,1,7\n");
  import_report report;
  const interactions all = read_interactions({&good, 1}, *people, {}, job_, &report);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all.items->id(all.item[0]), "y");
  EXPECT_EQ(all.time[1], 1000);
  EXPECT_TRUE(all.event_type.empty());
  EXPECT_TRUE(all.event_value.empty());
  EXPECT_EQ(report.rows, 2U);
  const auto bad = write("USER_ID,ITEM_ID,TIMESTAMP\nb,y,zwei\n");
  refused(errc::invalid_argument, [&] { read_interactions({&bad, 1}, *people, {}, job_); });
}

TEST_F(import_test, a_dataset_is_found_by_name_declared_once_and_dropped) {
  dataset into = shop();
  refused(errc::already_exists, [&] { shop(); });
  refused(errc::invalid_argument, [&] { datasets_->create({"no spaces", {}, {}, {}, {recommendation}}); });
  into.declare(data_kind::users, metadata_column::parse("AGE:integer"));
  refused(errc::already_exists, [&] { into.declare(data_kind::users, metadata_column::parse("age")); });
  events(into, "a,i,1\n");
  EXPECT_EQ(datasets_->list().size(), 1U);
  into.drop();
  const std::string message = refused(errc::not_found, [&] { datasets_->open("shop"); });
  EXPECT_NE(message.find("none yet"), std::string::npos);
  EXPECT_TRUE(blobs_->list("").empty());
}

TEST(features, of_a_value_depend_on_that_value_alone) {
  std::vector<std::string> names;
  features_of_value({"PRICE", metadata_type::number}, "2.95", names);
  features_of_value({"GENRES", metadata_type::category}, "Drama|War", names);
  features_of_value({"TITLE", metadata_type::text}, "RED Lämp, 12", names);
  features_of_value({"TITLE", metadata_type::text}, "", names);
  EXPECT_EQ(names, (std::vector<std::string>{"PRICE in [2.83, 4)", "GENRES=Drama", "GENRES=War", "TITLE=RED Lämp, 12",
                                             "TITLE~red", "TITLE~lämp", "TITLE~12"}));
}

TEST(features, of_some_columns_are_those_alone) {
  feature_matrix_builder builder;
  for (int row = 0; row < 3; ++row) {
    builder.add_row({"GENRE=war", "GENRES=war", "TITLE~war", "PRICE in [2, 2.83)"});
  }
  const feature_matrix all = builder.finish();
  const std::string wanted[] = {"PRICE", "GENRE"};
  const feature_matrix some = of_columns(all, wanted);
  EXPECT_EQ(some.names, (std::vector<std::string>{"GENRE=war", "PRICE in [2, 2.83)"}));
  ASSERT_EQ(some.rows(), 3U);
  ASSERT_EQ(some.row(1).size(), 2U);
  EXPECT_EQ(some.row(1)[0].feature, 0U);
  EXPECT_EQ(some.row(1)[1].feature, 1U);
}

TEST(features, that_too_few_rows_have_are_left_out) {
  feature_matrix_builder builder;
  for (int i = 0; i < 3; ++i) {
    builder.add_row({"b", "a", "b"});
  }
  builder.add_row({"rare", "a"});
  const feature_matrix made = builder.finish();
  EXPECT_EQ(made.names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(made.rows(), 4U);
  EXPECT_EQ(made.row(0).size(), 2U);
  EXPECT_EQ(made.row(3).size(), 1U);
}

TEST_F(import_test, the_online_retail_data_comes_in_whole) {
  const auto split = testing::online_retail::folder();
  if (split.empty()) {
    GTEST_SKIP() << "the Online Retail data are absent (set EUNOMIA_SHARED): the import of real data is NOT tested";
  }
  const auto folder = split.parent_path();
  dataset into = shop();
  const import_options how{.undeclared = undeclared_columns::declare};
  const auto import_one = [&](data_kind kind, const char* name) {
    const auto file = folder / name;
    return import_files(into, kind, {&file, 1}, how, pool_, job_).rows;
  };
  EXPECT_EQ(import_one(data_kind::interactions, "interactions.csv.gz"), 397'924U);
  EXPECT_EQ(import_one(data_kind::items, "items.csv.gz"), 3'665U);
  EXPECT_EQ(import_one(data_kind::users, "users.csv.gz"), 4'339U);
  const interactions all = load(into);
  EXPECT_EQ(all.size(), 397'924U);
  EXPECT_EQ(all.items->size(), 3'665U);
  const side_features features = into.load_features(*all.items, recommendation, pool_, job_);
  EXPECT_EQ(features.items.rows(), 3'665U);
  EXPECT_EQ(features.user_subjects.size(), 4'339U);
  EXPECT_GT(features.items.names.size(), 500U);
}

}  // namespace
}  // namespace eunomia::recommend
