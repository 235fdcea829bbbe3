#include "wire/http/failure_delay.h"

#include <gtest/gtest.h>

namespace eunomia::wire::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const failure_delay::time_point start{};

TEST(failure_delay, the_sixth_failure_waits_and_each_further_one_twice_as_long) {
  failure_delay slow;
  for (unsigned i = 0; i < failure_delay::free_failures; ++i) {
    EXPECT_EQ(slow.failed("10.0.0.1", start).delay.count(), 0);
  }
  for (const int expected : {250, 500, 1000, 2000, 4000, 8000, 8000, 8000}) {
    const auto verdict = slow.failed("10.0.0.1", start);
    EXPECT_EQ(verdict.delay, milliseconds(expected));
    ASSERT_TRUE(verdict.may_wait);
    slow.end_wait("10.0.0.1");
  }
  EXPECT_EQ(slow.failed("10.0.0.2", start).delay.count(), 0) << "another address is not slowed";
}

TEST(failure_delay, a_success_or_a_minute_forgets) {
  failure_delay slow;
  for (int i = 0; i < 5; ++i) {
    slow.failed("a", start);
    slow.failed("b", start);
  }
  slow.succeeded("a");
  EXPECT_EQ(slow.failed("a", start).delay.count(), 0);
  EXPECT_EQ(slow.failed("b", start + failure_delay::window + seconds(1)).delay.count(), 0);
}

TEST(failure_delay, few_wait_at_a_time) {
  failure_delay slow;
  for (unsigned i = 0; i < failure_delay::free_failures; ++i) {
    slow.failed("a", start);
  }
  for (unsigned i = 0; i < failure_delay::max_waiting_of_one; ++i) {
    EXPECT_TRUE(slow.failed("a", start).may_wait);
  }
  EXPECT_FALSE(slow.failed("a", start).may_wait);
  slow.end_wait("a");
  EXPECT_TRUE(slow.failed("a", start).may_wait);
}

TEST(failure_delay, a_network_of_ipv6_counts_as_one) {
  failure_delay slow;
  for (unsigned i = 0; i < failure_delay::free_failures; ++i) {
    slow.failed("2001:db8::" + std::to_string(i), start);
  }
  EXPECT_GT(slow.failed("2001:db8::ffff:1", start).delay.count(), 0);
  EXPECT_EQ(slow.failed("2001:db8:0:1::1", start).delay.count(), 0);
}

TEST(failure_delay, the_address_that_failed_longest_ago_makes_room) {
  failure_delay slow;
  for (std::size_t i = 0; i < failure_delay::max_addresses + 10; ++i) {
    for (unsigned k = 0; k < failure_delay::free_failures; ++k) {
      slow.failed("host" + std::to_string(i), start + milliseconds(i));
    }
  }
  EXPECT_EQ(slow.failed("host0", start + seconds(5)).delay.count(), 0);
  EXPECT_GT(slow.failed("host4000", start + seconds(5)).delay.count(), 0);
}

}  // namespace
}  // namespace eunomia::wire::http
