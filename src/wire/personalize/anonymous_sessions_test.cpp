#include "wire/personalize/anonymous_sessions.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/temporary_directory.h"
#include "core/time.h"
#include "store/sql/test_database.h"

namespace eunomia::wire::personalize {
namespace {

class personalize_sessions : public store::sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      keys_ = subject::open_vault(db(), folder_.path());
      all_ = std::make_unique<anonymous_sessions>(db(), *keys_);
    }
  }
  anonymous_sessions& all() { return *all_; }
  void reopen(std::size_t notes) { all_ = std::make_unique<anonymous_sessions>(db(), *keys_, notes); }
  static recommend::event event(const std::string& item, const std::string& id = {}) {
    recommend::event one;
    one.item_id = item;
    one.event_type = "view";
    one.event_id = id;
    one.timestamp = 1'760'000'000'000;
    one.properties = {{"DEVICE", "phone"}};
    return one;
  }
  static std::vector<std::string> items_of(const anonymous_sessions::kept& of) {
    std::vector<std::string> items;
    for (const auto& one : of.events) {
      items.push_back(one.item_id);
    }
    return items;
  }

 private:
  core::temporary_directory folder_;
  std::unique_ptr<subject::vault> keys_;
  std::unique_ptr<anonymous_sessions> all_;
};
EUNOMIA_ON_BOTH_ENGINES(personalize_sessions);

TEST_P(personalize_sessions, in_which_something_waits_are_known_by_their_name) {
  const std::vector<recommend::event> one(1, event("i1"));
  all().keep("shop", "ann", one, std::vector<std::string>(1));
  all().keep("other", "ann", one, std::vector<std::string>(1));
  all().keep("other", "bob", one, std::vector<std::string>(1));
  std::vector<std::string_view> asked(3'000, "carl");
  asked.insert(asked.begin() + 1, "bob");
  asked.insert(asked.end(), {"ann", "ann"});
  EXPECT_EQ(all().waiting_among(asked), (std::vector<std::string_view>{"ann", "bob"}));
  EXPECT_TRUE(all().waiting_among(std::vector<std::string_view>{"carl"}).empty());
}

TEST_P(personalize_sessions, of_a_name_are_forgotten_in_every_group) {
  const recommend::event one[] = {event("a")};
  all().keep("shop", "ann", one, std::vector<std::string>(1));
  all().keep("other", "ann", one, std::vector<std::string>(1));
  all().keep("shop", "bob", one, std::vector<std::string>(1));
  const std::string names[] = {"ann", "carol"};
  EXPECT_EQ(all().forget_sessions(names), 2U);
  EXPECT_TRUE(all().of("shop", "ann").events.empty());
  EXPECT_TRUE(all().of("other", "ann").events.empty());
  EXPECT_EQ(all().of("shop", "bob").events.size(), 1U);
  EXPECT_EQ(all().forget_sessions(names), 0U);
}

TEST_P(personalize_sessions, keep_what_was_done_in_them_until_it_is_forgotten) {
  const recommend::event two[] = {event("a"), event("b", "e-1")};
  all().keep("shop", "s1", two, std::vector<std::string>{"campaign", ""});
  const recommend::event again[] = {event("b", "e-1"), event("c")};
  all().keep("shop", "s1", again, std::vector<std::string>(2));
  const auto kept = all().of("shop", "s1");
  EXPECT_EQ(items_of(kept), (std::vector<std::string>{"a", "b", "c"})) << "one event id, one event";
  EXPECT_EQ(kept.events[0].user_id, "s1");
  EXPECT_EQ(kept.sources, (std::vector<std::string>{"campaign", "", ""}));
  EXPECT_EQ(kept.events[0].timestamp, 1'760'000'000'000);
  EXPECT_FALSE(kept.events[0].event_id.empty());
  EXPECT_EQ(kept.events[1].properties.at("DEVICE"), "phone");
  EXPECT_TRUE(all().of("shop", "s2").events.empty());
  EXPECT_TRUE(all().of("other", "s1").events.empty());
  all().forget(kept.ids);
  EXPECT_TRUE(all().of("shop", "s1").events.empty());
}

TEST_P(personalize_sessions, are_known_after_a_restart_however_many_came_and_went) {
  const recommend::event one[] = {event("a")};
  all().keep("shop", "first", one, std::vector<std::string>(1));
  reopen(2);
  EXPECT_EQ(all().of("shop", "first").events.size(), 1U);
  for (int i = 0; i < 20; ++i) {
    const std::string session = "s" + std::to_string(i);
    EXPECT_TRUE(all().of("shop", session).events.empty());
    all().keep("shop", session, one, std::vector<std::string>(1));
    EXPECT_EQ(all().of("shop", session).events.size(), 1U);
    if (i % 5 != 0) {
      all().forget(all().of("shop", session).ids);
    }
  }
  for (const char* const session : {"first", "s0", "s5", "s10", "s15"}) {
    EXPECT_EQ(all().of("shop", session).events.size(), 1U) << session;
  }
  EXPECT_TRUE(all().of("shop", "s1").events.empty());
}

TEST_P(personalize_sessions, of_many_threads_lose_nothing) {
  reopen(1);
  std::vector<std::thread> visitors;
  for (int visitor = 0; visitor < 4; ++visitor) {
    visitors.emplace_back([&, visitor] {
      const recommend::event one[] = {event("a")};
      for (int i = 0; i < 25; ++i) {
        const std::string session = std::to_string(visitor) + "-" + std::to_string(i);
        all().keep("shop", session, one, std::vector<std::string>(1));
        const auto kept = all().of("shop", session);
        EXPECT_EQ(kept.events.size(), 1U);
        all().forget(kept.ids);
      }
    });
  }
  for (std::thread& visitor : visitors) {
    visitor.join();
  }
}

TEST_P(personalize_sessions, that_are_idle_are_told) {
  const recommend::event one[] = {event("a")};
  all().keep("shop", "s1", one, std::vector<std::string>(1));
  EXPECT_TRUE(all().idle_since(core::now_ms() - 60'000).empty());
  const auto over = all().idle_since(core::now_ms() + 1);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].group, "shop");
  EXPECT_EQ(items_of(over[0].what), std::vector<std::string>{"a"});
}

TEST_P(personalize_sessions, hold_so_many_events_and_then_the_newest) {
  std::vector<recommend::event> many;
  for (std::size_t i = 0; i <= anonymous_sessions::max_events; ++i) {
    many.push_back(event(std::to_string(i)));
  }
  all().keep("shop", "s1", many, std::vector<std::string>(many.size()));
  const auto kept = all().of("shop", "s1");
  EXPECT_EQ(kept.events.size(), anonymous_sessions::max_events);
  EXPECT_EQ(kept.events.front().item_id, "1");
}

}  // namespace
}  // namespace eunomia::wire::personalize
