#include "recommend/context_counts.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

namespace eunomia::recommend {
namespace {

// Of ten events on phones and thirty on tablets: "a" has twenty of them, all on tablets, "b" the others, "c" none.
item_value_counts known() {
  item_value_counts counts;
  counts.items = {"a", "b", "gone", "c"};
  counts.by_item = {20, 20, 0, 0};
  counts.events = 40;
  counts.values["phone"] = {.events = 10, .by_item = {{1, 10}}};
  counts.values["tablet"] = {.events = 30, .by_item = {{0, 20}, {1, 10}}};
  return counts;
}

TEST(context_counts, are_read_once) {
  context_counts contexts;
  int reads = 0;
  const auto read = [&] {
    ++reads;
    return known();
  };
  const auto first = contexts.of("DEVICE", 1, read);
  EXPECT_EQ(contexts.of("DEVICE", 1, read), first);
  EXPECT_EQ(reads, 1);
  EXPECT_NE(contexts.of("PLACE", 1, read), first);
  EXPECT_EQ(reads, 2);
}

TEST(context_counts, are_read_again_when_somebody_was_forgotten) {
  context_counts contexts;
  int reads = 0;
  const auto read = [&] {
    // In the midst of the first one, which may have seen them already.
    if (++reads == 1) {
      contexts.forget();
    }
    return known();
  };
  const auto first = contexts.of("DEVICE", 1, read);
  EXPECT_EQ(reads, 2);
  contexts.forget();
  EXPECT_NE(contexts.of("DEVICE", 1, read), first);
  EXPECT_EQ(reads, 3);
}

TEST(context_counts, are_read_again_when_somebody_refuses) {
  context_counts contexts;
  int reads = 0;
  const auto read = [&] {
    ++reads;
    return known();
  };
  const auto first = contexts.of("DEVICE", 1, read);
  const auto without = contexts.of("DEVICE", 2, read);
  EXPECT_NE(without, first);
  EXPECT_EQ(contexts.of("DEVICE", 2, read), without);
  EXPECT_EQ(reads, 2);
}

TEST(context_counts, of_who_refuses_meanwhile_are_waited_for) {
  context_counts contexts;
  contexts.of("DEVICE", 1, known);
  std::promise<void> begun;
  std::promise<void> let_go;
  std::thread renews([&] {
    contexts.of("DEVICE", 2, [&] {
      begun.set_value();
      let_go.get_future().wait();
      return known();
    });
  });
  begun.get_future().wait();
  auto asks = std::async(std::launch::async, [&] {
    return contexts.of("DEVICE", 2, []() -> item_value_counts { throw std::runtime_error("read twice"); });
  });
  EXPECT_EQ(asks.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  let_go.set_value();
  EXPECT_EQ(asks.get()->events, 40U);
  renews.join();
}

TEST(context_counts, that_cannot_be_read_are_read_by_who_asks_next) {
  context_counts contexts;
  EXPECT_THROW(contexts.of("DEVICE", 1, []() -> item_value_counts { throw std::runtime_error("disk"); }),
               std::runtime_error);
  EXPECT_EQ(contexts.of("DEVICE", 1, known)->events, 40U);
}

TEST(context_lifts, say_how_much_more_often_than_others_an_item_is_had) {
  context_lifts lifts;
  const auto counts = std::make_shared<const item_value_counts>(known());
  const auto items = std::make_shared<const catalogue>(std::vector<std::string>{"a", "b", "c", "never-met"});
  const auto phone = lifts.of("DEVICE", "phone", counts, items);
  ASSERT_NE(phone, nullptr);
  // P(phone) = 1/4; with the prior of ten: (0 + 2.5) / 30 and (10 + 2.5) / 30, over 1/4.
  EXPECT_NEAR((*phone)[0], 1.0 / 3, 1e-6);
  EXPECT_NEAR((*phone)[1], 5.0 / 3, 1e-6);
  EXPECT_EQ((*phone)[2], 1.0F);
  EXPECT_EQ((*phone)[3], 1.0F);
  EXPECT_EQ(lifts.of("DEVICE", "phone", counts, items), phone) << "it is kept";
  EXPECT_EQ(lifts.of("DEVICE", "fridge", counts, items), nullptr);
  const auto fewer = std::make_shared<const catalogue>(std::vector<std::string>{"b"});
  EXPECT_EQ(lifts.of("DEVICE", "phone", counts, fewer)->size(), 1U) << "after a forgetting, say";
}

}  // namespace
}  // namespace eunomia::recommend
