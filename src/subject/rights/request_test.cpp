#include "subject/rights/request.h"

#include <gtest/gtest.h>

#include "core/time.h"

namespace eunomia::subject {
namespace {

std::string a_month_after(const char* time) {
  return core::format_iso8601(one_month_after(core::parse_iso8601(time)));
}

TEST(deadline, is_the_same_day_of_the_next_month) {
  EXPECT_EQ(a_month_after("2026-05-03T09:30:00.125Z"), "2026-06-03T09:30:00.125Z");
  EXPECT_EQ(a_month_after("2026-12-31T23:59:59.999Z"), "2027-01-31T23:59:59.999Z");
}

TEST(deadline, is_the_last_day_of_a_month_that_has_no_such_day) {
  EXPECT_EQ(a_month_after("2026-01-31T00:00:00Z"), "2026-02-28T00:00:00.000Z");
  EXPECT_EQ(a_month_after("2028-01-30T12:00:00Z"), "2028-02-29T12:00:00.000Z");
  EXPECT_EQ(a_month_after("2026-03-31T12:00:00Z"), "2026-04-30T12:00:00.000Z");
}

}  // namespace
}  // namespace eunomia::subject
