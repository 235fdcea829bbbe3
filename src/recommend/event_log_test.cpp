#include "recommend/event_log.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <thread>

#include "core/time.h"
#include "recommend/import.h"
#include "recommend/test_shop.h"
#include "store/sql/lossy_database.h"

namespace eunomia::recommend {
namespace {

using core::errc;
using items = std::vector<std::string>;

class event_log_test : public testing::shop_on_both_engines {};
EUNOMIA_ON_BOTH_ENGINES(event_log_test);

// A shop whose database loses the answer to a commit.
class lost_answer_in_shop : public testing::shop_on_both_engines {
 protected:
  void SetUp() override {
    shop_on_both_engines::SetUp();
    if (!IsSkipped()) {
      lossy_ = std::make_unique<store::sql::lossy_database>(db());
      shop_.reset();
      datasets_ = std::make_unique<datasets>(*lossy_, *tables_, *people_, *purposes_);
      shop_ = std::make_unique<dataset>(datasets_->open("shop"));
      settle();  // clears up, so that the first write of the next settlement is the one that names its parts
    }
  }
  std::size_t parts() { return tables_->parts("dataset/1/interactions").size(); }
  std::size_t files() { return blobs_->list("tables/").size(); }

  std::unique_ptr<store::sql::lossy_database> lossy_;
};
EUNOMIA_ON_BOTH_ENGINES(lost_answer_in_shop);

TEST_P(event_log_test, an_event_is_in_the_history_at_once_and_after_settling) {
  event bought = view("ann", "tea", 2'000);
  bought.event_type = "buy";
  bought.event_value = 2.5;
  EXPECT_EQ(record({bought, view("ann", "cup", 1'000), view("bob", "tea")}), (record_report{3, 0}));
  for (int settled = 0; settled < 2; ++settled) {
    const auto ann = history("ann");
    ASSERT_EQ(ann.size(), 2U);
    EXPECT_EQ(ann[0].item_id, "cup");
    EXPECT_EQ(ann[0].event_type, "view");
    EXPECT_TRUE(std::isnan(ann[0].event_value));
    EXPECT_EQ(ann[1].item_id, "tea");
    EXPECT_EQ(ann[1].time, 2'000);
    EXPECT_EQ(ann[1].event_type, "buy");
    EXPECT_EQ(ann[1].event_value, 2.5F);
    EXPECT_EQ(items_of("bob"), items{"tea"});
    EXPECT_EQ(shop_->statistics().interactions, 3U);
    EXPECT_EQ(shop_->statistics().items, 2U);
    EXPECT_EQ(shop_->waiting().events, settled == 0 ? 3U : 0U);
    if (settled == 0) {
      EXPECT_EQ(settle(), 3U);
    }
  }
  EXPECT_EQ(count("dataset_event"), 0);
}

TEST_P(event_log_test, a_restart_finds_what_waits_and_goes_on) {
  record({view("ann", "tea", 1'000, "e1")});
  settle();
  record({view("ann", "cup", 2'000, "e2")});
  reopen();
  EXPECT_EQ(shop_->waiting().events, 1U);
  EXPECT_EQ(items_of("ann"), (items{"tea", "cup"}));
  EXPECT_EQ(record({view("ann", "tea", 1'000, "e1"), view("ann", "cup", 2'000, "e2"), view("ann", "pot", 3'000, "e3")}),
            (record_report{1, 2}));
  EXPECT_EQ(settle(), 2U);
  EXPECT_EQ(items_of("ann"), (items{"tea", "cup", "pot"}));
}

TEST_P(event_log_test, an_event_without_a_time_happens_now) {
  event now = view("ann", "tea");
  now.timestamp.reset();
  const std::int64_t before = core::now_ms();
  record({now});
  EXPECT_GE(history("ann").at(0).time, before);
  EXPECT_LE(history("ann").at(0).time, core::now_ms());
}

TEST_P(event_log_test, an_event_id_is_recorded_once_before_and_after_settling) {
  EXPECT_EQ(record({view("ann", "tea", 1, "e"), view("ann", "tea", 1, "e"), view("ann", "tea", 1)}),
            (record_report{2, 1}));
  EXPECT_EQ(record({view("ann", "tea", 1, "e")}), (record_report{0, 1}));
  settle();
  EXPECT_EQ(count("dataset_event_key"), 1);
  EXPECT_EQ(record({view("ann", "tea", 1, "e"), view("bob", "tea", 1, "f")}), (record_report{1, 1}));
  EXPECT_EQ(shop_->statistics().interactions, 3U);
}

TEST_P(event_log_test, duplicates_enrol_nobody) {
  record({view("ann", "tea", 1, "e")});
  EXPECT_EQ(record({view("eve", "cup", 1, "e")}), (record_report{0, 1}));
  EXPECT_EQ(people_->count("user"), 1U);
  EXPECT_EQ(shop_->statistics().items, 1U);
}

TEST_P(event_log_test, event_ids_are_forgotten_after_their_time) {
  record({view("ann", "tea", 1, "old"), view("ann", "tea", 1, "new")});
  settle();
  db().write([](store::sql::transaction& in) {
    in.execute("UPDATE dataset_event_key SET recorded_at = :then WHERE key_high = :high",
               {{"then", core::now_ms() - event_id_memory_ms - 1}, {"high", key_of("old").high}});
  });
  record({view("ann", "cup", 1)});
  settle();
  EXPECT_EQ(record({view("ann", "tea", 1, "old"), view("ann", "tea", 1, "new")}), (record_report{1, 1}));
}

TEST_P(event_log_test, training_and_export_have_what_waits) {
  event seen = view("ann", "tea", 5'000);
  seen.impression = {"cup", "pot"};
  seen.properties = {{"price", "12.5"}, {"PLACE", "Köln \"Süd\", 1"}};
  record({seen, view("bob", "cup", 6'000)});
  EXPECT_EQ(load().size(), 2U);
  record({view("cas", "pot", 7'000)});
  const auto file = folder_.path() / "out.csv";
  EXPECT_EQ(shop_->export_to(data_kind::interactions, file, why_, "a carrier", job_), 3U);
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_NE(text.find("ann,tea,5,view,,cup|pot,12.5,\"Köln \"\"Süd\"\", 1\""), std::string::npos) << text;
  EXPECT_NE(text.find("cas,pot,7,view"), std::string::npos) << text;
}

TEST_P(event_log_test, a_bad_event_names_its_place_and_leaves_nothing) {
  const auto expect = [&](std::string_view said, auto spoil) {
    event bad = view("ann", "tea");
    spoil(bad);
    EXPECT_EQ(refused(errc::invalid_argument, {view("new", "new"), bad}), said);
    EXPECT_EQ(people_->count("user"), 0U);
  };
  expect("events[1].item_id: is empty", [](event& e) { e.item_id = ""; });
  expect("events[1].user_id: is empty", [](event& e) { e.user_id = ""; });
  expect("events[1].user_id: holds a control character", [](event& e) { e.user_id = "a\n"; });
  expect("events[1].item_id: is not UTF-8", [](event& e) { e.item_id = "\xff"; });
  expect("events[1].event_type: has 257 bytes, more than max_event_type_bytes = 256",
         [](event& e) { e.event_type.assign(257, 'x'); });
  expect("events[1].event_id: has 257 bytes, more than max_event_id_bytes = 256",
         [](event& e) { e.event_id.assign(257, 'x'); });
  expect("events[1].event_value: is no finite number", [](event& e) { e.event_value = 1e300; });
  expect("events[1].timestamp: -1 is no time in milliseconds since 1970", [](event& e) { e.timestamp = -1; });
  expect("events[1].impression[1]: holds '|', which separates the items of an impression", [](event& e) {
    e.impression = {"a", "b|c"};
  });
  expect("events[1].properties: interactions of dataset \"shop\" have no column \"COLOUR\"; declared are: PRICE, PLACE",
         [](event& e) {
           e.properties = {{"COLOUR", "red"}};
         });
  expect("events[1].properties.PRICE: is no finite number", [](event& e) { e.properties = {{"price", "much"}}; });
}

TEST_P(event_log_test, a_time_more_than_a_day_ahead_is_refused) {
  const std::int64_t tomorrow = core::now_ms() + core::milliseconds_per_day;
  EXPECT_NE(refused(errc::invalid_argument, {view("ann", "tea", tomorrow + 60'000)}).find("more than a day"),
            std::string::npos);
  EXPECT_EQ(record({view("ann", "tea", tomorrow - 60'000)}).recorded, 1U);
}

TEST_P(event_log_test, a_batch_has_a_limit) {
  const std::vector<event> large(max_events_per_batch + 1, view("ann", "tea"));
  EXPECT_NE(refused(errc::invalid_argument, large).find("max_events_per_batch = 10000"), std::string::npos);
  EXPECT_EQ(shop_->record(std::span(large).first(max_events_per_batch)).recorded, max_events_per_batch);
}

TEST_P(event_log_test, an_erasure_takes_what_waits_what_rests_and_the_event_ids) {
  record({view("ann", "tea", 1, "a1"), view("bob", "tea", 1, "b1")});
  settle();
  record({view("ann", "cup", 2, "a2"), view("bob", "cup", 2, "b2")});
  const auto ann = handle("ann");
  const auto bob = handle("bob");
  EXPECT_EQ(shop_->erase_subjects(std::span(&ann, 1), pool_, job_).all(), 2U);
  EXPECT_TRUE(shop_->history_of(ann, why_).empty());
  EXPECT_EQ(shop_->history_of(bob, why_).size(), 2U);
  EXPECT_EQ(count("dataset_event"), 1);
  EXPECT_EQ(count("dataset_event_key"), 1);
  EXPECT_EQ(shop_->statistics().interactions, 2U);
  EXPECT_EQ(record({view("bob", "tea", 1, "b1"), view("bob", "tea", 1, "b2"), view("cas", "tea", 1, "a1")}),
            (record_report{1, 2}));
}

TEST_P(event_log_test, a_person_is_refused_while_being_forgotten_and_somebody_new_after) {
  record({view("ann", "tea")});
  const auto before = handle("ann");
  {
    const forgetting held = shop_->begin_forgetting(std::span(&before, 1));
    EXPECT_NE(refused(errc::unavailable, {view("bob", "tea"), view("ann", "cup")}).find("being forgotten"),
              std::string::npos);
    EXPECT_EQ(record({view("bob", "tea")}).recorded, 1U);
  }
  forget({before});
  record({view("ann", "pot")});
  EXPECT_NE(handle("ann"), before);
  EXPECT_EQ(items_of("ann"), items{"pot"});
  EXPECT_TRUE(shop_->history_of(before, why_).empty());
}

TEST_P(event_log_test, dropping_a_dataset_takes_its_events) {
  record({view("ann", "tea", 1, "a")});
  settle();
  record({view("ann", "tea", 1, "b")});
  shop_->drop();
  for (const char* const table : {"dataset_event", "dataset_event_key", "dataset_settled", "dataset_item"}) {
    EXPECT_EQ(count(table), 0) << table;
  }
  EXPECT_EQ(store::sql::code_thrown_by([&] { record({view("ann", "tea", 1, "c")}); }), errc::not_found);
  EXPECT_EQ(count("dataset_event"), 0);
}

TEST_P(event_log_test, dropping_a_dataset_unlinks_its_parts_while_a_blob_is_being_written) {
  record({view("ann", "tea")});
  settle();
  EXPECT_FALSE(blobs_->list("tables/").empty());
  const auto under_way = blobs_->create("models/m/1");
  shop_->drop();
  EXPECT_TRUE(blobs_->list("tables/").empty());
}

TEST_P(event_log_test, an_import_and_events_at_once_agree_on_items) {
  const auto file = folder_.path() / "in.csv";
  {
    std::ofstream out(file);
    out << "USER_ID,ITEM_ID,TIMESTAMP\n";
    for (int i = 0; i < 20'000; ++i) {
      out << "u" << i % 100 << ",item" << i % 3'000 << "," << 1'000 + i << "\n";
    }
  }
  std::thread visitors([&] {
    for (int i = 0; i < 60; ++i) {
      record({view(fmt::format("v{}", i), fmt::format("item{}", i * 50)), view("v", fmt::format("fresh{}", i))});
    }
  });
  dataset into = *shop_;
  import_files(into, data_kind::interactions, std::span(&file, 1), {}, pool_, job_);
  visitors.join();
  EXPECT_EQ(shop_->statistics().items, 3'060U);
  const interactions all = load();
  EXPECT_EQ(all.size(), 20'120U);
  EXPECT_EQ(all.items->size(), 3'060U);
  EXPECT_EQ(items_of("v7"), items{"item350"});
  EXPECT_EQ(items_of("u7").at(0), "item7");
}

TEST_P(event_log_test, a_settlement_that_is_stopped_leaves_every_event_once) {
  record({view("ann", "tea", 1, "a"), view("ann", "cup", 2)});
  core::job stopped;
  stopped.cancel();
  const std::vector<event> many(5'000, view("bob", "pot"));
  record(many);
  EXPECT_THROW(shop_->settle(pool_, stopped), core::error);
  EXPECT_EQ(items_of("ann"), (items{"tea", "cup"}));
  reopen();
  EXPECT_EQ(items_of("ann"), (items{"tea", "cup"}));
  EXPECT_EQ(settle(), 5'002U);
  EXPECT_EQ(items_of("ann"), (items{"tea", "cup"}));
}

TEST_P(event_log_test, a_kill_between_the_commit_and_the_deletion_shows_no_event_twice) {
  record({view("ann", "tea", 1, "a"), view("ann", "cup", 2, "b")});
  settle();
  // What a kill leaves there: rows up to the mark that were not deleted, their keys not moved.
  db().write([](store::sql::transaction& in) {
    in.execute(
        "INSERT INTO dataset_event (id, dataset_id, subject, item, time, event_type, impression, properties,"
        " key_high, key_low, recorded_at) SELECT event_id, dataset_id, 1, 0, 1, 'view', '', '', :high, :low, :now"
        " FROM dataset_settled",
        {{"high", key_of("b").high}, {"low", key_of("b").low}, {"now", core::now_ms()}});
    in.execute("DELETE FROM dataset_event_key WHERE key_high = :high", {{"high", key_of("b").high}});
  });
  reopen();
  EXPECT_EQ(items_of("ann"), (items{"tea", "cup"}));
  EXPECT_EQ(shop_->statistics().interactions, 2U);
  EXPECT_EQ(record({view("ann", "tea", 1, "a"), view("ann", "cup", 2, "b")}), (record_report{0, 2}));
  record({view("ann", "pot", 3)});
  EXPECT_EQ(settle(), 1U);
  EXPECT_EQ(items_of("ann"), (items{"tea", "cup", "pot"}));
  EXPECT_EQ(record({view("ann", "cup", 2, "b")}), (record_report{0, 1}));
  EXPECT_EQ(count("dataset_event"), 0);
}

TEST_P(event_log_test, many_small_settlements_are_joined) {
  for (int i = 0; i < 40; ++i) {
    record({view("ann", fmt::format("item{}", i), 1'000 + i)});
    settle();
  }
  EXPECT_LE(tables_->parts("dataset/1/interactions").size(), 33U);
  EXPECT_EQ(history("ann").size(), 40U);
}

TEST_P(lost_answer_in_shop, a_settlement_that_was_committed_goes_on) {
  record({view("ann", "tea", 1, "a"), view("bob", "cup", 2)});
  lossy_->lose_answer();
  EXPECT_EQ(settle(), 2U);
  EXPECT_EQ(count("dataset_event"), 0);
  EXPECT_EQ(items_of("ann"), items{"tea"});
  EXPECT_EQ(shop_->statistics().interactions, 2U);
  EXPECT_EQ(files(), parts());
}

TEST_P(lost_answer_in_shop, a_settlement_keeps_its_parts_while_nobody_can_be_asked) {
  record({view("ann", "tea", 1, "a"), view("bob", "cup", 2)});
  lossy_->stay_away(true);
  lossy_->lose_answer();
  EXPECT_EQ(store::sql::code_thrown_by([&] { settle(); }), errc::unavailable);
  lossy_->stay_away(false);
  EXPECT_EQ(items_of("ann"), items{"tea"});
  EXPECT_EQ(load().size(), 2U);
  EXPECT_EQ(record({view("ann", "tea", 1, "a"), view("ann", "pot", 3)}), (record_report{1, 1}));
  EXPECT_EQ(settle(), 1U);
  EXPECT_EQ(items_of("ann"), (items{"tea", "pot"}));
  EXPECT_EQ(files(), parts());
}

TEST_P(lost_answer_in_shop, a_settlement_that_was_not_committed_is_done_again) {
  record({view("ann", "tea", 1, "a"), view("bob", "cup", 2)});
  lossy_->lose_commit();
  EXPECT_EQ(store::sql::code_thrown_by([&] { settle(); }), errc::unavailable);
  EXPECT_EQ(settle(), 2U);
  EXPECT_EQ(load().size(), 2U);
  reopen();  // sweeps
  EXPECT_EQ(load().size(), 2U);
  EXPECT_EQ(files(), parts());
}

TEST_P(lost_answer_in_shop, an_import_that_was_committed_is_not_said_to_have_failed) {
  const auto file = folder_.path() / "in.csv";
  std::ofstream(file) << "USER_ID,ITEM_ID,TIMESTAMP\nann,tea,1000\nbob,cup,2000\n";
  lossy_->lose_answer();
  dataset into = *shop_;
  EXPECT_EQ(import_files(into, data_kind::interactions, std::span(&file, 1), {}, pool_, job_).rows, 2U);
  EXPECT_EQ(load().size(), 2U);
  EXPECT_EQ(files(), parts());
}

TEST_P(lost_answer_in_shop, an_import_keeps_its_parts_while_nobody_can_be_asked) {
  const auto file = folder_.path() / "in.csv";
  std::ofstream(file) << "USER_ID,ITEM_ID,TIMESTAMP\nann,tea,1000\nbob,cup,2000\n";
  lossy_->stay_away(true);
  lossy_->lose_answer();
  dataset into = *shop_;
  EXPECT_EQ(store::sql::code_thrown_by(
                [&] { import_files(into, data_kind::interactions, std::span(&file, 1), {}, pool_, job_); }),
            errc::unavailable);
  lossy_->stay_away(false);
  reopen();
  EXPECT_EQ(load().size(), 2U);
  EXPECT_EQ(files(), parts());
}

TEST_P(lost_answer_in_shop, a_drop_that_was_committed_unlinks_the_parts) {
  record({view("ann", "tea")});
  settle();
  lossy_->lose_answer();
  shop_->drop();
  EXPECT_EQ(files(), 0U);
}

TEST_P(lost_answer_in_shop, an_event_id_that_others_wait_for_is_stored_once) {
  record({view("ann", "tea", 1, "before")});  // the log is loaded
  record_report waited;
  std::thread other;
  lossy_->lose_answer([&] {
    // The event is stored and its id still claimed: the same event again waits for the claim. Should it come only
    // after the claim, it finds the event as any later one does.
    other = std::thread([&] { waited = record({view("ann", "cup", 2, "e")}); });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  });
  EXPECT_EQ(store::sql::code_thrown_by([&] { record({view("ann", "cup", 2, "e")}); }), errc::unavailable);
  other.join();
  EXPECT_EQ(waited, (record_report{0, 1}));
  EXPECT_EQ(items_of("ann"), (items{"tea", "cup"}));
}

}  // namespace
}  // namespace eunomia::recommend
