#include "recommend/live_history.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <random>
#include <thread>

#include "recommend/dataset_state.h"
#include "recommend/import.h"
#include "recommend/test_shop.h"

namespace eunomia::recommend {
namespace {

using core::errc;

class live_history_test : public testing::shop_on_both_engines {
 protected:
  std::vector<std::int64_t> times(live_history& live, core::subject_handle who) {
    std::vector<std::int64_t> found;
    for (const past_event& e : live.history_of(who, why_)->events) {
      found.push_back(e.time);
    }
    return found;
  }
  import_report import(data_kind kind, const std::string& content) {
    const auto file = folder_.path() / "in.csv";
    std::ofstream(file) << content;
    import_options how;
    how.undeclared = undeclared_columns::declare;
    how.again = true;
    dataset into = *shop_;
    const auto report = import_files(into, kind, std::span(&file, 1), how, pool_, job_);
    shop_ = std::make_unique<dataset>(into);
    return report;
  }
};
EUNOMIA_ON_BOTH_ENGINES(live_history_test);

TEST_P(live_history_test, an_event_is_there_once_however_it_came) {
  live_history live(*shop_);
  record({view("ann", "tea", 1)});
  const auto ann = handle("ann");
  EXPECT_EQ(times(live, ann), (std::vector<std::int64_t>{1}));
  live.record(std::vector<event>{view("ann", "tea", 3), view("bob", "tea", 9)});
  record({view("ann", "cup", 2)});
  EXPECT_EQ(times(live, ann), (std::vector<std::int64_t>{1, 2, 3}));
  settle();
  EXPECT_EQ(times(live, ann), (std::vector<std::int64_t>{1, 2, 3}));
  live.forget(std::span(&ann, 1));
  EXPECT_EQ(times(live, ann), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(live.statistics().misses, 2U);
  EXPECT_EQ(live.statistics().hits, 2U);
}

TEST_P(live_history_test, what_a_reader_holds_does_not_change) {
  live_history live(*shop_);
  record({view("ann", "tea", 1)});
  const auto held = live.history_of(handle("ann"), why_);
  record({view("ann", "tea", 2)});
  EXPECT_EQ(held->events.size(), 1U);
  EXPECT_EQ(live.history_of(handle("ann"), why_)->events.size(), 2U);
}

TEST_P(live_history_test, a_purpose_that_is_not_listed_is_refused_on_hits_too) {
  live_history live(*shop_);
  record({view("ann", "tea", 1)});
  live.history_of(handle("ann"), why_);
  EXPECT_EQ(store::sql::code_thrown_by([&] { live.history_of(handle("ann"), core::purpose("advertising")); }),
            errc::permission_denied);
}

TEST_P(live_history_test, an_erasure_leaves_nothing) {
  live_history live(*shop_);
  record({view("ann", "tea", 1), view("bob", "tea", 2)});
  const auto ann = handle("ann");
  times(live, ann);
  forget({ann});
  EXPECT_TRUE(times(live, ann).empty());
  EXPECT_EQ(times(live, handle("bob")), (std::vector<std::int64_t>{2}));
}

TEST_P(live_history_test, an_import_of_events_is_seen) {
  live_history live(*shop_);
  record({view("ann", "tea", 1'000)});
  times(live, handle("ann"));
  import(data_kind::interactions, "USER_ID,ITEM_ID,TIMESTAMP\nann,cup,2\n");
  EXPECT_EQ(times(live, handle("ann")), (std::vector<std::int64_t>{1'000, 2'000}));
}

TEST_P(live_history_test, metadata_of_people_is_kept_until_it_is_imported_again) {
  import(data_kind::users, "USER_ID,COUNTRY\nann,FR\n");
  live_history live(*shop_);
  const auto before = live.history_of(handle("ann"), why_);
  EXPECT_EQ(*before->features, shop_->features_of(handle("ann"), why_));
  EXPECT_FALSE(before->features->empty());
  import(data_kind::users, "USER_ID,COUNTRY\nann,DE\n");
  const auto after = live.history_of(handle("ann"), why_);
  EXPECT_NE(*after->features, *before->features);
  EXPECT_EQ(*after->features, shop_->features_of(handle("ann"), why_));
  EXPECT_EQ(live.history_of(handle("ann"), why_)->features, after->features);
}

TEST_P(live_history_test, memory_has_a_limit) {
  live_history live(*shop_, 64 * 1024);
  std::vector<event> batch;
  for (int i = 0; i < 2'000; ++i) {
    batch.push_back(view(fmt::format("u{}", i), "tea", i));
  }
  record(batch);
  const std::size_t last = 300;  // reading each from disk takes its time
  for (std::size_t i = 0; i < last; ++i) {
    EXPECT_EQ(times(live, core::subject_handle(i + 1)).size(), 1U);
  }
  const auto now = live.statistics();
  EXPECT_LE(now.bytes, 64U * 1024);
  EXPECT_GT(now.evictions, 0U);
  EXPECT_GT(now.people, 0U);
  EXPECT_EQ(now.people + now.evictions, last);
}

TEST_P(live_history_test, the_newest_of_very_many_events_are_kept) {
  live_history live(*shop_);
  std::vector<event> batch(max_events_per_batch, view("ann", "tea", 5));
  record(batch);
  record({view("ann", "cup", 7), view("ann", "cup", 4)});
  for (int loaded = 0; loaded < 2; ++loaded) {
    const auto known = live.history_of(handle("ann"), why_);
    ASSERT_EQ(known->events.size(), max_history_events);
    EXPECT_EQ(known->events.back().time, 7);
    EXPECT_EQ(known->events.front().time, 5);
    record({view("ann", "cup", 6), view("ann", "cup", 3)});
  }
}

// Visitors, readers, a settling thread and somebody who forgets, at once: a history holds every event that was
// acknowledged before it was asked for and none twice, and in the end everything is where it was put.
TEST_P(live_history_test, a_warm_start_answers_the_first_questions_from_memory) {
  import(data_kind::users, "USER_ID,COUNTRY\nann,NL\n");
  record({view("ann", "tea", 2), view("ann", "cup", 1), view("bob", "tea", 9)});
  settle();
  record({view("ann", "pot", 3)});
  live_history live(*shop_);
  live.warm_up(why_, pool_, job_);
  EXPECT_EQ(live.statistics().people, 2U);
  EXPECT_EQ(times(live, handle("ann")), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(times(live, handle("bob")), (std::vector<std::int64_t>{9}));
  EXPECT_FALSE(live.history_of(handle("ann"), why_)->features->empty());
  EXPECT_EQ(*live.history_of(handle("ann"), why_)->features, shop_->features_of(handle("ann"), why_));
  EXPECT_EQ(live.statistics().misses, 0U);

  // What is there stays, and what comes later is seen.
  record({view("bob", "cup", 10)});
  live.warm_up(why_, pool_, job_);
  EXPECT_EQ(times(live, handle("bob")), (std::vector<std::int64_t>{9, 10}));
  const auto ann = handle("ann");
  forget({ann});
  live.warm_up(why_, pool_, job_);
  EXPECT_TRUE(live.history_of(ann, why_)->events.empty());
  EXPECT_THROW(live.warm_up(core::purpose("advertising"), pool_, job_), core::error);
}

TEST_P(live_history_test, a_warm_start_takes_those_of_late_when_there_is_not_room_for_all) {
  std::vector<event> events;
  for (int p = 0; p < 1000; ++p) {
    events.push_back(view(fmt::format("p{}", p), "tea", 1000 + p));
  }
  record(events);
  settle();
  live_history live(*shop_, 64 * 1024);
  live.warm_up(why_, pool_, job_);
  const auto warm = live.statistics();
  EXPECT_GT(warm.people, 64U);
  EXPECT_LT(warm.people, 500U);
  EXPECT_LE(warm.bytes, 64U * 1024);
  for (int p = 990; p < 1000; ++p) {
    live.history_of(handle(fmt::format("p{}", p)), why_);
  }
  EXPECT_EQ(live.statistics().misses, 0U);
}

TEST_P(live_history_test, holds_what_was_acknowledged_while_everything_happens_at_once) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  constexpr int people = 12;
  constexpr int rounds = 40;
  constexpr int visitors = 3;
  live_history live(*shop_, 24 * 1024);  // so that some are dropped and read again
  std::vector<std::atomic<int>> acknowledged(people);
  std::vector<event> first;
  for (int p = 0; p < people; ++p) {
    first.push_back(view(fmt::format("p{}", p), "tea", 1));
    acknowledged[static_cast<std::size_t>(p)] = 1;
  }
  record(first);
  std::vector<core::subject_handle> handles;
  for (int p = 0; p < people; ++p) {
    handles.push_back(handle(fmt::format("p{}", p)));
  }
  std::atomic<int> at_work = visitors;
  std::vector<std::thread> threads;
  for (int v = 0; v < visitors; ++v) {
    threads.emplace_back([&, v] {
      std::mt19937 random(seed + static_cast<unsigned>(v));
      for (int round = 0; round < rounds; ++round) {
        std::vector<event> batch;
        std::vector<std::size_t> whose;
        for (unsigned i = 0; i < 1 + random() % 4; ++i) {
          const auto p = random() % people;
          whose.push_back(p);
          batch.push_back(view(fmt::format("p{}", p), fmt::format("item{}", random() % 50),
                               static_cast<std::int64_t>(1 + random() % 1000), fmt::format("{}-{}-{}", v, round, i)));
        }
        batch.push_back(batch.front());
        EXPECT_EQ(live.record(batch), (record_report{whose.size(), 1}));
        for (const std::size_t p : whose) {
          ++acknowledged[p];
        }
        EXPECT_EQ(shop_->record(batch), (record_report{0, batch.size()}));
        batch.assign(1, view(fmt::format("passer-by {} {}", v, round), "tea"));
        live.record(batch);
      }
      --at_work;
    });
  }
  for (int r = 0; r < 2; ++r) {
    threads.emplace_back([&, r] {
      std::mt19937 random(seed + 100 + static_cast<unsigned>(r));
      while (at_work > 0) {
        const auto p = random() % people;
        const int before = acknowledged[p];
        EXPECT_GE(live.history_of(handles[p], why_)->events.size(), static_cast<std::size_t>(before));
      }
    });
  }
  threads.emplace_back([&] {
    while (at_work > 0) {
      settle();
    }
  });
  threads.emplace_back([&] {
    std::mt19937 random(seed + 200);
    while (at_work > 0) {
      const auto somebody =
          people_->find("user", fmt::format("passer-by {} {}", random() % visitors, random() % rounds));
      if (somebody) {
        forget({*somebody});
        EXPECT_TRUE(live.history_of(*somebody, why_)->events.empty());
      }
      const auto dropped = handles[random() % people];
      live.forget(std::span(&dropped, 1));
    }
  });
  threads.emplace_back([&] {
    while (at_work > 0) {
      live.warm_up(why_, pool_, job_);
    }
  });
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::size_t total = 0;
  for (std::size_t p = 0; p < people; ++p) {
    const auto expected = static_cast<std::size_t>(acknowledged[p].load());
    EXPECT_EQ(live.history_of(handles[p], why_)->events.size(), expected);
    EXPECT_EQ(shop_->history_of(handles[p], why_).size(), expected);
    total += expected;
  }
  std::map<core::subject_handle, std::size_t> rows;
  const interactions all = load();
  for (const core::subject_handle who : all.subject) {
    ++rows[who];
  }
  for (std::size_t p = 0; p < people; ++p) {
    EXPECT_EQ(rows[handles[p]], static_cast<std::size_t>(acknowledged[p].load()));
    rows.erase(handles[p]);
  }
  // Of those who passed by, those are left whom the directory knows.
  EXPECT_EQ(rows.size(), people_->count("user") - people);
  for (const auto& [who, events] : rows) {
    EXPECT_EQ(events, 1U);
    EXPECT_TRUE(people_->identifier_of("user", who));
  }
}

}  // namespace
}  // namespace eunomia::recommend
