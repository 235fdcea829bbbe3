#include "core/published.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace eunomia::core {
namespace {

TEST(published, a_reader_keeps_what_it_got) {
  published<int> value(std::make_shared<const int>(1));
  const auto before = value.current();
  value.publish(std::make_shared<const int>(2));
  EXPECT_EQ(*before, 1);
  EXPECT_EQ(*value.current(), 2);
  EXPECT_EQ(published<int>().current(), nullptr);
}

TEST(published, readers_see_whole_values_in_the_order_of_publication) {
  struct pair {
    int first;
    int second;
  };
  published<pair> value(std::make_shared<const pair>(pair{0, 0}));
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&] {
      int last = 0;
      while (!stop) {
        const auto seen = value.current();
        EXPECT_EQ(seen->first, seen->second);
        EXPECT_GE(seen->first, last);
        last = seen->first;
      }
    });
  }
  for (int i = 1; i <= 2000; ++i) {
    value.publish(std::make_shared<const pair>(pair{i, i}));
  }
  stop = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  EXPECT_EQ(value.current()->first, 2000);
}

// The destructor of the old value may itself look at what is published.
TEST(published, the_old_value_is_destroyed_outside_the_lock) {
  struct looks_back {
    const published<looks_back>* owner;
    bool* looked;
    ~looks_back() {
      if (owner != nullptr) {
        *looked = owner->current() != nullptr;
      }
    }
  };
  bool looked = false;
  published<looks_back> value;
  value.publish(std::shared_ptr<const looks_back>(new looks_back{&value, &looked}));
  value.publish(std::shared_ptr<const looks_back>(new looks_back{nullptr, nullptr}));
  EXPECT_TRUE(looked);
}

}  // namespace
}  // namespace eunomia::core
