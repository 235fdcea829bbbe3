#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "core/time.h"
#include "recommend/dataset_state.h"
#include "recommend/import.h"
#include "recommend/live_history.h"
#include "recommend/test_shop.h"

namespace eunomia::recommend {
namespace {

using core::errc;

class dataset_put_on_both : public testing::shop_on_both_engines {
 protected:
  void SetUp() override {
    shop_on_both_engines::SetUp();
    if (IsSkipped()) {
      return;
    }
    shop_->declare(data_kind::items, {"PRICE", metadata_type::number});
    shop_->declare(data_kind::items, {"GENRE", metadata_type::category});
    shop_->declare(data_kind::users, {"CITY", metadata_type::text});
    shop_->declare(data_kind::users, {"AGE", metadata_type::integer});
  }

  put_report items(const std::vector<metadata_record>& rows) { return shop_->put(data_kind::items, rows); }
  put_report users(const std::vector<metadata_record>& rows) { return shop_->put(data_kind::users, rows); }
  // The values of an item by its columns; empty for one without.
  std::map<std::string, std::string> item(const std::string& id) {
    const catalogue of({id});
    const item_metadata known = shop_->load_item_metadata(of, pool_, job_);
    std::map<std::string, std::string> values;
    for (std::size_t c = 0; c < known.columns.size(); ++c) {
      if (known.values[c][0]) {
        values.emplace(known.columns[c].name, *known.values[c][0]);
      }
    }
    return values;
  }
  std::map<std::string, std::string> profile(const std::string& user) { return shop_->profile_of(handle(user), why_); }
  std::uint64_t rows_of(data_kind kind) {
    std::uint64_t rows = 0;
    for (const auto& table : datasets_->tables()) {
      if (table.kind == kind) {
        for (const auto& part : tables_->parts(table.name)) {
          rows += part.rows;
        }
      }
    }
    return rows;
  }
  std::string refused_put(data_kind kind, const std::vector<metadata_record>& rows,
                          errc code = errc::invalid_argument) {
    const auto before = rows_of(kind);
    try {
      shop_->put(kind, rows);
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), code) << problem.what();
      EXPECT_EQ(rows_of(kind), before);
      return problem.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
  }
  void import_rows_of(data_kind kind, std::string_view csv) {
    const auto file = folder_.path() / "rows.csv";
    std::ofstream(file) << csv;
    import_files(*shop_, kind, {&file, 1}, {.undeclared = undeclared_columns::declare}, pool_, job_);
  }

  using row = std::map<std::string, std::string>;
};

EUNOMIA_ON_BOTH_ENGINES(dataset_put_on_both);

TEST_P(dataset_put_on_both, a_row_takes_the_place_of_what_was_known) {
  EXPECT_EQ(items({{"lamp", {{"price", "12.5"}, {"GENRE", "home|light"}}}, {"chair", {}}}), (put_report{2, 0}));
  EXPECT_EQ(item("lamp"), (row{{"PRICE", "12.5"}, {"GENRE", "home|light"}}));
  items({{"lamp", {{"PRICE", "9"}}}});
  EXPECT_EQ(item("lamp"), (row{{"PRICE", "9"}})) << "the whole row";
  items({{"lamp", {{"PRICE", "1"}}}, {"lamp", {{"PRICE", "2"}}}});
  EXPECT_EQ(item("lamp"), (row{{"PRICE", "2"}})) << "of one id the last";
  EXPECT_EQ(shop_->statistics().items, 2U);
  users({{"anna", {{"CITY", "Graz"}, {"AGE", "41"}}}});
  users({{"anna", {{"AGE", "42"}, {"CITY", ""}}}});
  EXPECT_EQ(profile("anna"), (row{{"AGE", "42"}}));
}

TEST_P(dataset_put_on_both, puts_and_imports_replace_each_other) {
  import_rows_of(data_kind::items, "ITEM_ID,PRICE\nlamp,1\nchair,2\n");
  items({{"lamp", {{"PRICE", "3"}}}});
  EXPECT_EQ(item("lamp"), (row{{"PRICE", "3"}}));
  import_rows_of(data_kind::items, "ITEM_ID,PRICE\nlamp,4\n");
  EXPECT_EQ(item("lamp"), (row{{"PRICE", "4"}}));
  EXPECT_EQ(item("chair"), (row{{"PRICE", "2"}}));
}

TEST_P(dataset_put_on_both, rests_on_the_disk) {
  items({{"lamp", {{"PRICE", "3"}}}});
  users({{"anna", {{"CITY", "Graz"}}}});
  reopen();
  EXPECT_EQ(item("lamp"), (row{{"PRICE", "3"}}));
  EXPECT_EQ(profile("anna"), (row{{"CITY", "Graz"}}));
}

TEST_P(dataset_put_on_both, refuses_what_an_import_refuses) {
  EXPECT_EQ(refused_put(data_kind::items, {{"a", {}}, {"b", {{"price", "much"}}}}),
            "rows[1].PRICE: is no finite number");
  EXPECT_EQ(refused_put(data_kind::users, {{"a", {{"AGE", "4.5"}}}}), "rows[0].AGE: is no whole number");
  EXPECT_EQ(refused_put(data_kind::users, {{"", {}}}), "rows[0].id: is empty");
  EXPECT_EQ(refused_put(data_kind::users, {{"a\n", {}}}), "rows[0].id: holds a control character");
  EXPECT_EQ(refused_put(data_kind::users, {{"\xff", {}}}), "rows[0].id: is not UTF-8");
  EXPECT_NE(refused_put(data_kind::items, {{"a", {{"COLOUR", "red"}}}}).find("no column \"COLOUR\""),
            std::string::npos);
  EXPECT_NE(refused_put(data_kind::items, std::vector<metadata_record>(max_records_per_put + 1, {"a", {}}))
                .find("max_records_per_put = 1000"),
            std::string::npos);
  refused_put(data_kind::interactions, {{"a", {}}});
  EXPECT_EQ(users({}), put_report());
}

TEST_P(dataset_put_on_both, nothing_is_kept_of_who_is_not_admitted) {
  record({view("anna", "lamp"), view("bert", "lamp")});
  purposes_->choose(handle("anna"), why_, subject::choice::object);
  EXPECT_EQ(users({{"anna", {{"CITY", "Graz"}}}, {"bert", {{"CITY", "Linz"}}}}), (put_report{1, 1}));
  EXPECT_EQ(rows_of(data_kind::users), 1U);
  EXPECT_EQ(profile("bert"), (row{{"CITY", "Linz"}}));
  auto by_consent = purposes_->find("recommendation");
  by_consent.basis = subject::lawful_basis::consent;
  purposes_->redefine(by_consent);
  EXPECT_EQ(users({{"carl", {}}}), (put_report{0, 1}));
  EXPECT_FALSE(people_->find("user", "carl")) << "not even that they were here";
}

TEST_P(dataset_put_on_both, nobody_is_put_who_is_being_forgotten) {
  users({{"anna", {{"CITY", "Graz"}}}});
  const auto gone = handle("anna");
  {
    const forgetting held = shop_->begin_forgetting({&gone, 1});
    refused_put(data_kind::users, {{"bert", {}}, {"anna", {}}}, errc::unavailable);
    users({{"bert", {{"CITY", "Linz"}}}});
  }
  forget({gone});
  EXPECT_EQ(rows_of(data_kind::users), 1U);
  users({{"anna", {{"CITY", "Wien"}}}});
  EXPECT_NE(handle("anna"), gone) << "somebody new";
}

TEST_P(dataset_put_on_both, an_erasure_takes_every_row_of_somebody_also_those_that_were_replaced) {
  for (const char* city : {"Graz", "Linz", "Wien"}) {
    users({{"anna", {{"CITY", city}}}, {"bert", {{"CITY", city}}}});
  }
  const auto gone = handle("anna");
  EXPECT_EQ(shop_->count_rows({&gone, 1}, pool_, job_).profiles, 3U);
  forget({gone});
  EXPECT_EQ(shop_->count_rows({&gone, 1}, pool_, job_).profiles, 0U);
  EXPECT_EQ(rows_of(data_kind::users), 3U);
}

TEST_P(dataset_put_on_both, rests_sealed) {
  users({{"anna", {{"CITY", "a city that nobody else has"}}}});
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() / "blobs" / "tables")) {
    if (entry.is_regular_file()) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      EXPECT_EQ(text.find("nobody else"), std::string::npos);
      ++files;
    }
  }
  EXPECT_EQ(files, 1U);
}

TEST_P(dataset_put_on_both, what_was_replaced_leaves_when_parts_are_joined) {
  for (int i = 0; i < 5; ++i) {
    items({{"lamp", {{"PRICE", std::to_string(i)}}}, {fmt::format("item-{}", i), {{"PRICE", "7"}}}});
    users({{"anna", {{"AGE", std::to_string(i)}}}});
  }
  EXPECT_FALSE(shop_->settle_due());
  EXPECT_EQ(rows_of(data_kind::items), 10U);
  settle();
  EXPECT_EQ(rows_of(data_kind::items), 6U);
  EXPECT_EQ(rows_of(data_kind::users), 1U);
  EXPECT_EQ(item("lamp"), (row{{"PRICE", "4"}}));
  EXPECT_EQ(item("item-2"), (row{{"PRICE", "7"}}));
  EXPECT_EQ(profile("anna"), (row{{"AGE", "4"}}));
  for (std::uint64_t i = 0; i < join_after_puts; ++i) {
    EXPECT_FALSE(shop_->settle_due());
    items({{"lamp", {}}});
  }
  EXPECT_TRUE(shop_->settle_due());
  settle();
  EXPECT_FALSE(shop_->settle_due());
  EXPECT_EQ(rows_of(data_kind::items), 6U);
}

TEST_P(dataset_put_on_both, the_next_answer_knows_a_profile_that_was_put) {
  live_history histories(*shop_);
  users({{"anna", {{"CITY", "Graz"}}}});
  const auto features = [&] { return *histories.history_of(handle("anna"), why_)->features; };
  const auto before = features();
  EXPECT_FALSE(before.empty());
  EXPECT_EQ(features(), before);
  users({{"anna", {{"CITY", "Linz"}}}});
  EXPECT_NE(features(), before);
  users({{"anna", {{"CITY", "Graz"}}}});
  EXPECT_EQ(features(), before);
}

TEST_P(dataset_put_on_both, what_several_threads_put_is_all_there) {
  constexpr int threads = 8;
  constexpr int each = 10;
  {
    std::vector<std::jthread> writers;
    for (int t = 0; t < threads; ++t) {
      writers.emplace_back([&, t] {
        for (int i = 0; i < each; ++i) {
          items({{fmt::format("item-{}-{}", t, i), {{"PRICE", std::to_string(i)}}}});
          users({{fmt::format("user-{}", t), {{"AGE", std::to_string(i)}}}});
        }
      });
    }
  }
  EXPECT_EQ(rows_of(data_kind::items), threads * each);
  settle();
  EXPECT_EQ(rows_of(data_kind::users), threads);
  for (int t = 0; t < threads; ++t) {
    EXPECT_EQ(profile(fmt::format("user-{}", t)), (row{{"AGE", std::to_string(each - 1)}}));
  }
}

}  // namespace

TEST(put_queue, stores_what_waits_together_and_a_failure_is_of_who_caused_it) {
  const std::vector<metadata_column> columns;
  const std::vector<metadata_record> good(1);
  const std::vector<metadata_record> bad(2);
  put_queue queue;
  std::vector<std::size_t> groups;  // by one thread at a time
  std::atomic<int> waiting = 0;
  std::atomic<int> failed = 0;
  constexpr int others = 6;
  const put_queue::store store = [&](std::span<put_order* const> orders) {
    while (waiting < others) {
      std::this_thread::yield();  // until everybody came
    }
    groups.push_back(orders.size());
    for (const put_order* const one : orders) {
      if (one->rows.size() == bad.size()) {
        throw core::error(errc::unavailable, "bad");
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < others; ++i) {
      threads.emplace_back([&, i] {
        ++waiting;
        put_order mine{.rows = i == 3 ? bad : good, .columns = &columns, .report = {}};
        try {
          queue.put(mine, store);
        } catch (const core::error&) {
          ++failed;
        }
      });
    }
  }
  EXPECT_EQ(failed, 1);
  EXPECT_GE(queue.waiting().commits, 1U);
}

}  // namespace eunomia::recommend
