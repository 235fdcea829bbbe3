#include "core/time.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "core/error.h"

namespace eunomia::core {
namespace {

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const error& failure) {
    EXPECT_EQ(failure.code(), errc::invalid_argument);
    return failure.what();
  }
  return "accepted";
}

TEST(time, the_clock_is_after_2024_and_before_5138) {
  EXPECT_GT(now_ms(), 1'704'067'200'000);
  EXPECT_LT(now_ms(), 100'000'000'000'000);
}

TEST(time, times_are_written_as_iso8601_in_utc) {
  EXPECT_EQ(format_iso8601(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_iso8601(1'709'210'096'007), "2024-02-29T12:34:56.007Z");
  EXPECT_EQ(format_iso8601(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_iso8601(253'402'300'799'999), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(format_iso8601(-62'167'219'200'000), "0000-01-01T00:00:00.000Z");
  EXPECT_NE(refusal([] { format_iso8601(253'402'300'800'000); }), "accepted");
  EXPECT_NE(refusal([] { format_iso8601(std::numeric_limits<std::int64_t>::min()); }), "accepted");
}

TEST(time, every_written_time_reads_back) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<std::int64_t> any(-62'167'219'200'000, 253'402'300'799'999);
  for (int i = 0; i < 2000; ++i) {
    const auto ms = any(random);
    ASSERT_EQ(parse_iso8601(format_iso8601(ms)), ms);
  }
}

TEST(time, iso8601_is_read_in_its_usual_forms) {
  const std::int64_t half_past_nine = 1'772'357'400'000;
  EXPECT_EQ(parse_iso8601("2026-03-01T09:30:00Z"), half_past_nine);
  EXPECT_EQ(parse_iso8601("2026-03-01t09:30:00z"), half_past_nine);
  EXPECT_EQ(parse_iso8601("2026-03-01 09:30"), half_past_nine);
  EXPECT_EQ(parse_iso8601("2026-03-01T10:30:00+01:00"), half_past_nine);
  EXPECT_EQ(parse_iso8601("2026-03-01T04:00:00-0530"), half_past_nine);
  EXPECT_EQ(parse_iso8601("2026-03-01T11:30+02"), half_past_nine);
  EXPECT_EQ(parse_iso8601("2026-03-01T09:30:00.1259999Z"), half_past_nine + 125);
  EXPECT_EQ(parse_iso8601("2026-03-01T09:30:00,5"), half_past_nine + 500);
  EXPECT_EQ(parse_iso8601("1970-01-02"), 86'400'000);
}

TEST(time, what_is_not_iso8601_is_refused) {
  for (const char* text : {"",
                           "2026",
                           "2026-3-1",
                           "2026-02-29",
                           "2026-13-01",
                           "2026-00-01",
                           "2026-01-32",
                           "2026-01-01T",
                           "2026-01-01T24:00",
                           "2026-01-01T23:60",
                           "2026-01-01T23:59:60",
                           "2026-01-01T23:59:",
                           "2026-01-01T23:59:59.",
                           "2026-01-01T23:59:59+",
                           "2026-01-01T23:59:59+1",
                           "2026-01-01T23:59:59+24:00",
                           "2026-01-01T23:59:59+01:",
                           "2026-01-01T23:59Zx",
                           " 2026-01-01",
                           "2026-01-01 ",
                           "01.03.2026",
                           "20260301",
                           "-2026-01-01"}) {
    EXPECT_NE(refusal([&] { parse_iso8601(text); }).find("is not ISO 8601"), std::string::npos) << text;
  }
}

TEST(time, timestamps_are_seconds_or_milliseconds_by_their_magnitude) {
  EXPECT_EQ(parse_timestamp("0"), 0);
  EXPECT_EQ(parse_timestamp("1700000000"), 1'700'000'000'000);
  EXPECT_EQ(parse_timestamp("1700000000123"), 1'700'000'000'123);
  EXPECT_EQ(parse_timestamp("99999999999"), 99'999'999'999'000);
  EXPECT_EQ(parse_timestamp("100000000000"), 100'000'000'000);
  EXPECT_EQ(parse_timestamp("99999999999999"), 99'999'999'999'999);
  EXPECT_EQ(parse_timestamp("2026-03-01T09:30:00Z"), 1'772'357'400'000);
  EXPECT_EQ(timestamp_from_number(std::int64_t{1'700'000'000}), 1'700'000'000'000);
}

TEST(time, fractions_of_a_second_count_to_the_millisecond) {
  EXPECT_EQ(parse_timestamp("1700000000.5"), 1'700'000'000'500);
  EXPECT_EQ(parse_timestamp("1700000000.289"), 1'700'000'000'289);
  EXPECT_EQ(parse_timestamp("1700000000.2899999"), 1'700'000'000'289);
  EXPECT_EQ(parse_timestamp("1700000000123.9"), 1'700'000'000'123);
  EXPECT_EQ(parse_timestamp("1.7000000000000000000000000000000000000000000000"), 1700);
  EXPECT_EQ(timestamp_from_number(1700000000.289), 1'700'000'000'289);
  EXPECT_EQ(timestamp_from_number(1.7e12), 1'700'000'000'000);
}

TEST(time, timestamps_that_nobody_means_are_refused) {
  EXPECT_NE(refusal([] { parse_timestamp("-1"); }).find("before 1970"), std::string::npos);
  EXPECT_NE(refusal([] { parse_timestamp("-1.5"); }).find("\"-1.5\""), std::string::npos);
  EXPECT_NE(refusal([] { parse_timestamp("1969-12-31T23:59:59Z"); }).find("before 1970"), std::string::npos);
  EXPECT_NE(refusal([] { parse_timestamp("100000000000000"); }).find("microseconds"), std::string::npos);
  EXPECT_NE(refusal([] { parse_timestamp("1700000000000000000"); }).find("nanoseconds"), std::string::npos);
  EXPECT_NE(refusal([] { parse_timestamp("17000000000000000000000"); }).find("nanoseconds"), std::string::npos);
  EXPECT_NE(refusal([] { parse_timestamp("9999-01-01"); }).find("5138"), std::string::npos);
  for (const char* text :
       {"", " ", "now", "1e9", "+5", "1,5", "0x10", "1700000000 ", "1.", "1.5.5", ".5", "nan", "inf", "17000000-0"}) {
    EXPECT_NE(refusal([&] { parse_timestamp(text); }), "accepted") << text;
  }
  EXPECT_NE(refusal([] { timestamp_from_number(std::nan("")); }), "accepted");
  EXPECT_NE(refusal([] { timestamp_from_number(INFINITY); }), "accepted");
  EXPECT_NE(refusal([] { timestamp_from_number(-0.5); }), "accepted");
  EXPECT_NE(refusal([] { timestamp_from_number(std::numeric_limits<std::int64_t>::max()); }), "accepted");
}

TEST(time, a_hostile_value_is_shown_short_and_clean) {
  const auto message = refusal([] { parse_timestamp("x\n\x1b[31m" + std::string(100000, 'y')); });
  EXPECT_LT(message.size(), 200U);
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace eunomia::core
