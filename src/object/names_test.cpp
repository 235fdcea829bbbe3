#include "object/names.h"

#include <gtest/gtest.h>

#include <string>

#include "object/refusal.h"

namespace eunomia::object {
namespace {

template <class Action>
std::optional<refused> why_refused(Action action) {
  try {
    action();
    return std::nullopt;
  } catch (const refusal& problem) {
    return problem.why();
  }
}

TEST(names, of_buckets_are_those_of_s3) {
  for (const std::string& right : {std::string("abc"), std::string("models"), std::string("my.bucket-2026"),
                                   std::string("0ab"), std::string(63, 'a')}) {
    EXPECT_FALSE(why_refused([&] { check_bucket_name(right); })) << right;
  }
  for (const std::string& wrong : {std::string("ab"), std::string(64, 'a'), std::string("Models"), std::string("-ab"),
                                   std::string("ab-"), std::string("a..b"), std::string("192.168.5.4"),
                                   std::string("a_b"), std::string("a b"), std::string(), std::string(".ab")}) {
    EXPECT_EQ(why_refused([&] { check_bucket_name(wrong); }), refused::invalid_bucket_name) << wrong;
  }
}

TEST(names, of_objects_are_utf8_of_at_most_1024_bytes) {
  for (const std::string& right : {std::string("a"), std::string("/"), std::string("//a/../b/."), std::string("ä ü+%"),
                                   std::string(max_key_bytes, 'k')}) {
    EXPECT_FALSE(why_refused([&] { check_key(right); })) << right;
  }
  EXPECT_EQ(why_refused([] { check_key(std::string(max_key_bytes + 1, 'k')); }), refused::key_too_long);
  EXPECT_EQ(why_refused([] { check_key(""); }), refused::invalid_key);
  EXPECT_EQ(why_refused([] { check_key("\xFF"); }), refused::invalid_key);
  EXPECT_EQ(why_refused([] { check_key(std::string_view("a\0b", 3)); }), refused::invalid_key);
}

}  // namespace
}  // namespace eunomia::object
