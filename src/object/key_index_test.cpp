#include "object/key_index.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace eunomia::object {
namespace {

constexpr const char* md5 = "d41d8cd98f00b204e9800998ecf8427e";

void fill(key_index& index, const std::vector<std::string>& keys) {
  std::int64_t id = 0;
  for (const std::string& key : keys) {
    index.put(1, {key, ++id, 10, 20, md5});
  }
}

// Everything, a page after the other.
std::vector<std::string> walked(const key_index& index, list_question asked) {
  std::vector<std::string> seen;
  while (true) {
    const listing page = index.list(1, asked);
    std::vector<std::string> names = page.common_prefixes;
    for (const listed_object& each : page.objects) {
      names.push_back(each.key);
    }
    std::ranges::sort(names);
    EXPECT_LE(names.size(), asked.limit);
    seen.insert(seen.end(), names.begin(), names.end());
    if (page.last.empty()) {
      return seen;
    }
    asked.after = page.last;
  }
}

TEST(listings, are_in_byte_order) {
  key_index index;
  fill(index, {"b", "a", "\xC3\xA4", "Z", "a/b", "a b"});
  EXPECT_EQ(walked(index, {"", "", "", 2}), (std::vector<std::string>{"Z", "a", "a b", "a/b", "b", "\xC3\xA4"}));
}

TEST(listings, fold_what_has_the_delimiter_behind_the_prefix) {
  key_index index;
  fill(index, {"photos/", "photos/2025/a", "photos/2025/b", "photos/2026/a", "photos/c", "readme", "photos//x"});
  for (const std::size_t limit : {1, 2, 3, 100}) {
    EXPECT_EQ(walked(index, {"photos/", "/", "", limit}),
              (std::vector<std::string>{"photos/", "photos//", "photos/2025/", "photos/2026/", "photos/c"}));
    EXPECT_EQ(walked(index, {"", "/", "", limit}), (std::vector<std::string>{"photos/", "readme"}));
  }
  EXPECT_EQ(walked(index, {"none/", "/", "", 5}), std::vector<std::string>());
}

TEST(listings, begin_behind_what_they_are_asked_for) {
  key_index index;
  fill(index, {"a", "b", "c"});
  EXPECT_EQ(walked(index, {"", "", "a", 5}), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(walked(index, {"", "", "aa", 5}), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(walked(index, {"b", "", "a", 5}), (std::vector<std::string>{"b"}));
}

TEST(listings, know_what_was_replaced_and_removed) {
  key_index index;
  fill(index, {"a", "b"});
  index.put(1, {"a", 9, 11, 21, std::string(md5) + "-3"});
  index.remove(1, "b", 77);
  EXPECT_EQ(index.size(), 2U);
  EXPECT_EQ(index.list(1, {}).objects[0].etag, std::string(md5) + "-3");
  index.remove(1, "b", 2);
  EXPECT_EQ(walked(index, {}), std::vector<std::string>{"a"});
  EXPECT_FALSE(index.is_empty(1));
  EXPECT_TRUE(index.is_empty(2));
}

}  // namespace
}  // namespace eunomia::object
